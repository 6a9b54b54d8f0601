"""The checks of a statement: each compares one or two attributes of a request with the statement's texts."""

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
"""The operators whose value may be one whole variable."""


def attribute_of(key: str) -> str:
    """Return the attribute that decides a condition key: the principal, or the key itself in lower case."""
    return PRINCIPAL if key.lower() in PRINCIPAL_KEYS else key.lower()


@dataclass(frozen=True)
class ActionCheck:
    """A check that the action is one of these."""

    actions: tuple[str, ...]
    inverted: bool

    attributes: ClassVar[tuple[str, ...]] = (ACTION,)
    is_undecidable: ClassVar[bool] = False

    @property
    def about(self) -> tuple[str, str]:
        """Return the checked key, and the element or operator that checks it."""
        return ACTION, "NotAction" if self.inverted else "Action"

    def verdict(self, context: Context) -> Verdict:
        """Return whether the check holds for a request."""
        found = any_of(match(each, _text(context, ACTION), {}, ignore_case=True) for each in self.actions)
        return negated(found) if self.inverted else found


@dataclass(frozen=True)
class ResourceCheck:
    """A check that the resource is one of these."""

    resources: tuple[str, ...]
    inverted: bool
    variables: bool

    attributes: ClassVar[tuple[str, ...]] = (RESOURCE,)

    @property
    def about(self) -> tuple[str, str]:
        """Return the checked key, and the element or operator that checks it."""
        return RESOURCE, "NotResource" if self.inverted else "Resource"

    @cached_property
    def is_undecidable(self) -> bool:
        """``True`` if the resources contain variables, so that the check can't be decided for every request."""
        return self.variables and any(has_variables(text) for text in self.resources)

    def verdict(self, context: Context) -> Verdict:
        """Return whether the check holds for a request."""
        resource = _text(context, RESOURCE)
        found = any_of(match(text, resource, context, variables=self.variables) for text in self.resources)
        return negated(found) if self.inverted else found


@dataclass(frozen=True)
class PrincipalCheck:
    """A check that the principal is one of these. Source: IAM User Guide, "AWS JSON policy elements: Principal"."""

    principals: tuple[str, ...]
    inverted: bool
    effect: Effect

    attributes: ClassVar[tuple[str, ...]] = (PRINCIPAL,)
    is_undecidable: ClassVar[bool] = False

    @property
    def about(self) -> tuple[str, str]:
        """Return the checked key, and the element or operator that checks it."""
        return PRINCIPAL, "NotPrincipal" if self.inverted else "Principal"

    def verdict(self, context: Context) -> Verdict:
        """Return whether the check holds for a request."""
        principal = _text(context, PRINCIPAL)
        named = any(is_principal(each, principal) for each in self.principals)
        # A Deny with NotPrincipal exempts exactly the principals named: naming an account's root exempts no other
        # principal of it, and naming a role none of its sessions (IAM User Guide, "... elements: NotPrincipal").
        exact = (principal in self.principals and ":role/" not in principal) or "*" in self.principals
        exempt = exact if self.effect == "Deny" else named
        return _verdict(not exempt if self.inverted else named)


@dataclass(frozen=True)
class ConditionCheck:
    """A check that a condition holds."""

    condition: Condition
    variables: bool

    @property
    def about(self) -> tuple[str, str]:
        """Return the checked key, and the element or operator that checks it."""
        return self.condition.key, self.condition.operator

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """The attributes that decide the check: its key's, and those of variables in its values."""
        return tuple(dict.fromkeys([attribute_of(self.condition.key), *map(attribute_of, self.variable_keys)]))

    @cached_property
    def variable_keys(self) -> tuple[str, ...]:
        """The keys of variables that are a whole value."""
        keys = [whole_variable(value) for value in self.condition.values] if self.variables else []
        return tuple(dict.fromkeys(key for key in keys if key))

    @cached_property
    def is_undecidable(self) -> bool:
        """``True`` if the check can't be decided for every request: its operator or a variable is not supported."""
        parsed, values = parse_operator(self.condition.operator), self.condition.values
        if parsed.test != "null" and parsed.test not in TESTS:
            return True
        if parsed.test.startswith("arn") and any(len(split_arn(value)) != 6 for value in values):
            return True
        if not self.variables or not any(map(has_variables, values)):
            return False
        whole = all(whole_variable(value) or not has_variables(value) for value in values)
        return not whole or parsed.test not in _COMPARABLE or bool(parsed.quantifier) or len(self.attributes) != 2

    def verdict(self, context: Context) -> Verdict:
        """Return whether the check holds for a request.

        A variable without a value may make a statement invalid (IAM User Guide, "IAM policy elements: Variables and
        tags"): the verdict is then conditional.
        """
        found = holds(self.condition, context, self.variables)
        if not found.answer or not self.variables:
            return found
        missing = {key for value in self.condition.values for key in variables_without_value(value, context)}
        return all_of([found, under(*missing)]) if missing else found


@dataclass(frozen=True)
class TagCheck:
    """A check that a session tag is passed exactly where ``aws:TagKeys`` names it, as in every real request.

    Source: IAM User Guide, "Pass session tags in AWS STS".
    """

    tag: str

    is_undecidable: ClassVar[bool] = False

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """The key of the tag, and the key of all tags."""
        return f"{TAG}{self.tag}", TAG_KEYS

    @property
    def about(self) -> tuple[str, str]:
        """Return the checked key, and the element or operator that checks it."""
        return self.attributes[0], "aws:TagKeys"

    def verdict(self, context: Context) -> Verdict:
        """Return whether the check holds for a request."""
        (value,), (keys,) = (context[attribute] for attribute in self.attributes)
        return _verdict((value is not None) == self.is_among(keys))

    def is_among(self, keys: Value) -> bool:
        """Return whether the tag is among these keys."""
        return any(key.lower() == self.tag for key in ((keys,) if isinstance(keys, str) else keys or ()))


Check = ActionCheck | ResourceCheck | PrincipalCheck | ConditionCheck | TagCheck


def checks_of(statement: Statement) -> Iterator[Check]:
    """Yield the checks of a statement, which applies where all hold. Texts are sorted: their order is irrelevant."""
    if statement.not_action or "*" not in statement.actions:
        yield ActionCheck(_sorted(statement.actions), statement.not_action)
    if statement.not_resource or "*" not in statement.resources:
        yield ResourceCheck(_sorted(statement.resources), statement.not_resource, statement.has_variables)
    principals = (*statement.principals, *statement.other_principals)
    if statement.not_principal or (principals and "*" not in principals):
        yield PrincipalCheck(_sorted(principals), statement.not_principal, statement.effect)
    for condition in statement.conditions:
        yield ConditionCheck(replace(condition, values=_sorted(condition.values)), statement.has_variables)


def _sorted(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


def is_account(named: str) -> bool:
    """Return whether a statement names an account as its principal."""
    return (named.isdecimal() and len(named) == 12) or (named.count(":") == 5 and named.endswith(":root"))


def is_principal(named: str, principal: str) -> bool:
    """Return whether an entry of a statement's principals includes a principal.

    Args:
        named: the entry in the statement.
        principal: an ARN, or another principal that a statement may name, e.g. ``Service: ec2.amazonaws.com``.
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
    """Return the ARN, without a path, of the role of a session; ``None`` for any other principal."""
    kind, *names = resource_of(principal).split("/")
    if kind != "assumed-role" or len(names) != 2:
        return None
    return f"arn:{partition_of(principal)}:iam::{account_of(principal)}:role/{names[0]}"


def _text(context: Context, attribute: str) -> str:
    (value,) = context[attribute]
    if not isinstance(value, str):
        raise TypeError(f"{attribute} of a request: {value}")
    return value


def _verdict(answer: bool) -> Verdict:
    return negated(NO) if answer else NO
