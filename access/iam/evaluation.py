"""What policies say of a request. Source: IAM User Guide, "Policy evaluation logic"."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType

from .conditions import holds
from .documents import Effect, Statement
from .patterns import Context, match, variables_without_value
from .principals import Policy, Principal
from .request_keys import keys_of
from .verdicts import NO, YES, Verdict, all_of, any_of, negated, under


@dataclass(frozen=True)
class Request:
    """Something that a principal asks of AWS."""

    principal: Principal
    action: str
    resource: str
    """An ARN."""
    context: Context


@dataclass(frozen=True)
class Opinion:
    """What policies say of a request."""

    allowed: Verdict
    denied: Verdict
    allowed_by: str = ""
    """The statement that allows it, or would."""


def request(
    principal: Principal,
    action: str,
    resource: str,
    now: datetime,
    target: Principal | None = None,
    more: Context = MappingProxyType({}),
) -> Request:
    """A request, with what is known of it. See :func:`access.iam.request_keys.keys_of` for the arguments."""
    return Request(principal, action, resource, keys_of(principal, action, resource, now, target, more))


def opinion(policies: Iterable[Policy], request: Request) -> Opinion:
    """What identity policies say of a request."""
    policies = tuple(policies)
    allowed, allowed_by = best(
        (applies(statement, request), f"{statement.name} of {policy}")
        for policy in policies
        for statement in statements_about(policy, "Allow", request.action)
    )
    denied = any_of(
        applies(statement, request)
        for policy in policies
        for statement in statements_about(policy, "Deny", request.action)
    )
    return Opinion(allowed, denied, allowed_by)


def best(found: Iterable[tuple[Verdict, str]]) -> tuple[Verdict, str]:
    """Whether one of these holds, and the words for the first that most certainly does."""
    listed = list(found)
    _, words = max(listed, key=lambda it: it[0].answer, default=(NO, ""))
    return any_of(verdict for verdict, _ in listed), words


def applies(statement: Statement, request: Request) -> Verdict:
    """Whether a statement that is about the action is about this request, but for its principals.

    A variable that has no value may make a statement invalid (IAM User Guide, "IAM policy elements: Variables and
    tags"): the statement is then certain of nothing.
    """
    context, variables = request.context, statement.has_variables
    found = any_of(match(text, request.resource, context, variables=variables) for text in statement.resources)
    about = negated(found) if statement.all_resources_but else found
    if not about.answer:
        return NO
    held = [holds(condition, context, variables) for condition in statement.conditions]
    return all_of([about, *held, *_invalid(statement, context)])


def _invalid(statement: Statement, context: Context) -> Iterator[Verdict]:
    if statement.has_variables:
        values = [value for condition in statement.conditions for value in condition.values]
        for text in (*statement.resources, *values):
            if "${" in text and (missing := variables_without_value(text, context)):
                yield under(*missing)


@lru_cache(maxsize=65536)
def is_about(statement: Statement, action: str) -> bool:
    """Whether a statement is about an action."""
    named = any(match(pattern, action, {}, ignore_case=True) == YES for pattern in statement.actions)
    return named is not statement.all_actions_but


@lru_cache(maxsize=65536)
def statements_about(policy: Policy, effect: Effect, action: str) -> tuple[Statement, ...]:
    """The statements of a policy that allow, or deny, an action on something."""
    return tuple(it for it in policy.statements if it.effect == effect and is_about(it, action))
