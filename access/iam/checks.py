"""The checks of which a statement consists: each holds one or two things of a request against the statement's texts."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

from ..arn import account_of, name_of, partition_of, resource_of
from .conditions import TESTS, holds, parse_operator, split_arn
from .documents import Condition, Effect, Statement
from .patterns import Context, Value, has_variables, match, variables_without_value, whole_variable
from .verdicts import NO, Verdict, all_of, any_of, negated, under

ACTION, RESOURCE, PRINCIPAL = "action", "resource", "principal"

PRINCIPAL_KEYS = frozenset(
    {
        *("aws:principalarn", "aws:principalaccount", "aws:principaltype"),
        *("aws:username", "aws:principalisawsservice"),
    }
)
"""The condition keys, in lower case, that the principal decides."""

TAG, TAG_KEYS = "aws:requesttag/", "aws:tagkeys"

_COMPARABLE = ("stringequals", "stringlike")
"""The tests of which a value may be one whole variable."""


def thing_of(key: str) -> str:
    """Return what decides a condition key: the principal, or the key itself in lower case."""
    return PRINCIPAL if key.lower() in PRINCIPAL_KEYS else key.lower()


@dataclass(frozen=True)
class ActionCheck:
    """Whether the action is one of some."""

    actions: tuple[str, ...]
    but: bool

    things: ClassVar[tuple[str, ...]] = (ACTION,)
    is_open: ClassVar[bool] = False

    @property
    def about(self) -> tuple[str, str]:
        """What is checked, and by which element or operator."""
        return ACTION, "NotAction" if self.but else "Action"

    def verdict(self, context: Context) -> Verdict:
        """Return whether it holds in a request."""
        found = any_of(match(each, _text(context, ACTION), {}, ignore_case=True) for each in self.actions)
        return negated(found) if self.but else found


@dataclass(frozen=True)
class ResourceCheck:
    """Whether the resource is one of some."""

    resources: tuple[str, ...]
    but: bool
    variables: bool

    things: ClassVar[tuple[str, ...]] = (RESOURCE,)

    @property
    def about(self) -> tuple[str, str]:
        """What is checked, and by which element or operator."""
        return RESOURCE, "NotResource" if self.but else "Resource"

    @cached_property
    def is_open(self) -> bool:
        """Whether values of other keys are filled in, so that it can't be decided for every request."""
        return self.variables and any(has_variables(text) for text in self.resources)

    def verdict(self, context: Context) -> Verdict:
        """Return whether it holds in a request."""
        resource = _text(context, RESOURCE)
        found = any_of(match(text, resource, context, variables=self.variables) for text in self.resources)
        return negated(found) if self.but else found


@dataclass(frozen=True)
class PrincipalCheck:
    """Whether the principal is one of some. Source: IAM User Guide, "AWS JSON policy elements: Principal"."""

    principals: tuple[str, ...]
    but: bool
    effect: Effect

    things: ClassVar[tuple[str, ...]] = (PRINCIPAL,)
    is_open: ClassVar[bool] = False

    @property
    def about(self) -> tuple[str, str]:
        """What is checked, and by which element or operator."""
        return PRINCIPAL, "NotPrincipal" if self.but else "Principal"

    def verdict(self, context: Context) -> Verdict:
        """Return whether it holds in a request."""
        principal = _text(context, PRINCIPAL)
        named = any(is_principal(each, principal) for each in self.principals)
        # A Deny for all but an account's root spares nobody else of that account, and one for all but a role spares
        # none of its sessions, which have to be named too (IAM User Guide, "AWS JSON policy elements: NotPrincipal").
        itself = (principal in self.principals and ":role/" not in principal) or "*" in self.principals
        spared = itself if self.effect == "Deny" else named
        return _yes_or_no(not spared if self.but else named)


@dataclass(frozen=True)
class ConditionCheck:
    """Whether a condition holds."""

    condition: Condition
    variables: bool

    @property
    def about(self) -> tuple[str, str]:
        """What is checked, and by which element or operator."""
        return self.condition.key, self.condition.operator

    @cached_property
    def things(self) -> tuple[str, ...]:
        """What decides it: what its key is about, and the variable that one of its values is."""
        return tuple(dict.fromkeys([thing_of(self.condition.key), *map(thing_of, self.variable_keys)]))

    @cached_property
    def variable_keys(self) -> tuple[str, ...]:
        """The keys of the variables that are whole values."""
        found = [whole_variable(value) for value in self.condition.values] if self.variables else []
        return tuple(dict.fromkeys(key for key in found if key))

    @cached_property
    def is_open(self) -> bool:
        """Whether it can't be decided for every request: its operator or a variable is not understood."""
        how, values = parse_operator(self.condition.operator), self.condition.values
        if how.test != "null" and how.test not in TESTS:
            return True
        if how.test.startswith("arn") and any(len(split_arn(value)) != 6 for value in values):
            return True
        if not self.variables or not any(map(has_variables, values)):
            return False
        whole = all(whole_variable(value) or not has_variables(value) for value in values)
        return not whole or how.test not in _COMPARABLE or bool(how.over) or len(self.things) != 2

    def verdict(self, context: Context) -> Verdict:
        """Return whether it holds in a request.

        A variable without a value may make a statement invalid (IAM User Guide, "IAM policy elements: Variables and
        tags"): the statement is then certain of nothing.
        """
        found = holds(self.condition, context, self.variables)
        if not found.answer or not self.variables:
            return found
        missing = {key for value in self.condition.values for key in variables_without_value(value, context)}
        return all_of([found, under(*missing)]) if missing else found


@dataclass(frozen=True)
class TagCheck:
    """Whether a session tag is passed exactly where ``aws:TagKeys`` names it: so it is in every request.

    Source: IAM User Guide, "Pass session tags in AWS STS".
    """

    tag: str

    is_open: ClassVar[bool] = False

    @cached_property
    def things(self) -> tuple[str, ...]:
        """The tag's own key, and that of all tags."""
        return f"{TAG}{self.tag}", TAG_KEYS

    @property
    def about(self) -> tuple[str, str]:
        """What is checked, and by which element or operator."""
        return self.things[0], "aws:TagKeys"

    def verdict(self, context: Context) -> Verdict:
        """Return whether it holds in a request."""
        (value,), (keys,) = (context[thing] for thing in self.things)
        return _yes_or_no((value is not None) == self.is_among(keys))

    def is_among(self, keys: Value) -> bool:
        """Return whether the tag is one of these."""
        return any(key.lower() == self.tag for key in ((keys,) if isinstance(keys, str) else keys or ()))


Check = ActionCheck | ResourceCheck | PrincipalCheck | ConditionCheck | TagCheck


def checks_of(statement: Statement) -> Iterator[Check]:
    """Yield the checks of a statement: it applies where all hold. Texts are sorted: their order is nothing."""
    if statement.all_actions_but or "*" not in statement.actions:
        yield ActionCheck(_sorted(statement.actions), statement.all_actions_but)
    if statement.all_resources_but or "*" not in statement.resources:
        yield ResourceCheck(_sorted(statement.resources), statement.all_resources_but, statement.has_variables)
    principals = (*statement.principals, *statement.other_principals)
    if statement.all_principals_but or (principals and "*" not in principals):
        yield PrincipalCheck(_sorted(principals), statement.all_principals_but, statement.effect)
    for condition in statement.conditions:
        yield ConditionCheck(replace(condition, values=_sorted(condition.values)), statement.has_variables)


def _sorted(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


def is_account(named: str) -> bool:
    """Return whether a statement names an account as its principal."""
    return (named.isdecimal() and len(named) == 12) or (named.count(":") == 5 and named.endswith(":root"))


def is_principal(named: str, principal: str) -> bool:
    """Return whether what a statement names as its principal is, or has, a principal.

    Args:
        named: as in the statement.
        principal: an ARN, or what a statement may name besides.
    """
    if named in ("*", principal):
        return True
    if principal.count(":") < 5 or not principal.startswith("arn:"):
        return False
    account = account_of(principal)
    if is_account(named):
        return named == account or named == f"arn:{partition_of(principal)}:iam::{account}:root"
    return named == role_of_session(principal) or (
        resource_of(principal).startswith("assumed-role/")
        and named.startswith(f"arn:{partition_of(principal)}:iam::{account}:role/")
        and name_of(named) == resource_of(principal).split("/")[1]
    )


def role_of_session(principal: str) -> str | None:
    """Return the ARN of the role, without a path, whose session a principal is."""
    kind, *names = resource_of(principal).split("/")
    if kind != "assumed-role" or len(names) != 2:
        return None
    return f"arn:{partition_of(principal)}:iam::{account_of(principal)}:role/{names[0]}"


def _text(context: Context, thing: str) -> str:
    (value,) = context[thing]
    if not isinstance(value, str):
        raise TypeError(f"{thing} of a request: {value}")
    return value


def _yes_or_no(answer: bool) -> Verdict:
    return negated(NO) if answer else NO
