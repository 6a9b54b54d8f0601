"""Evaluate policies for a request. Source: IAM User Guide, "Policy evaluation logic"."""

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
    """A principal's call to AWS."""

    principal: Principal
    action: str
    resource: str
    """An ARN."""
    context: Context


@dataclass(frozen=True)
class Evaluation:
    """The result of evaluating policies for a request."""

    allowed: Verdict
    denied: Verdict
    allowed_by: str = ""
    """The statement that allows the request, or may allow it."""


def build_request(
    principal: Principal,
    action: str,
    resource: str,
    now: datetime,
    target: Principal | None = None,
    more: Context = MappingProxyType({}),
) -> Request:
    """Return a request with its known keys. See :func:`access.iam.request_keys.keys_of` for the arguments."""
    return Request(principal, action, resource, keys_of(principal, action, resource, now, target, more))


def evaluate(policies: Iterable[Policy], request: Request) -> Evaluation:
    """Return whether identity policies allow and deny a request."""
    policies = tuple(policies)
    allowed, allowed_by = most_certain(
        (applies(statement, request), f"{statement.name} of {policy}")
        for policy in policies
        for statement in statements_on(policy, "Allow", request.action)
    )
    denied = any_of(
        applies(statement, request)
        for policy in policies
        for statement in statements_on(policy, "Deny", request.action)
    )
    return Evaluation(allowed, denied, allowed_by)


def most_certain(verdicts: Iterable[tuple[Verdict, str]]) -> tuple[Verdict, str]:
    """Return whether one of these holds, and the text of the most certain one."""
    listed = list(verdicts)
    _, text = max(listed, key=lambda each: each[0].answer, default=(NO, ""))
    return any_of(verdict for verdict, _ in listed), text


def applies(statement: Statement, request: Request) -> Verdict:
    """Return whether a statement's resources and conditions apply to a request. Action and principals are not read.

    A variable without a value may make a statement invalid (IAM User Guide, "IAM policy elements: Variables and
    tags"): the verdict is then conditional.
    """
    context, variables = request.context, statement.has_variables
    named = any_of(match(text, request.resource, context, variables=variables) for text in statement.resources)
    covered = negated(named) if statement.not_resource else named
    if not covered.answer:
        return NO
    conditions = [holds(condition, context, variables) for condition in statement.conditions]
    return all_of([covered, *conditions, *_invalid(statement, context)])


def _invalid(statement: Statement, context: Context) -> Iterator[Verdict]:
    if statement.has_variables:
        values = [value for condition in statement.conditions for value in condition.values]
        for text in (*statement.resources, *values):
            if "${" in text and (missing := variables_without_value(text, context)):
                yield under(*missing)


@lru_cache(maxsize=65536)
def covers_action(statement: Statement, action: str) -> bool:
    """Return whether a statement covers an action."""
    named = any(match(pattern, action, {}, ignore_case=True) == YES for pattern in statement.actions)
    return named is not statement.not_action


@lru_cache(maxsize=65536)
def statements_on(policy: Policy, effect: Effect, action: str) -> tuple[Statement, ...]:
    """Return the statements of a policy with an effect that cover an action."""
    return tuple(each for each in policy.statements if each.effect == effect and covers_action(each, action))
