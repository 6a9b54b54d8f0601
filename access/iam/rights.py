"""Decide from policies whether a principal may make a call or assume a role."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from ..arn import account_of, partition_of
from .documents import Statement
from .evaluation import (
    Evaluation,
    Request,
    applies,
    build_request,
    covers_action,
    evaluate,
    most_certain,
    statements_on,
)
from .patterns import Context
from .principals import Principal, label
from .verdicts import NO, YES, Verdict, all_of, any_of, negated, under

ASSUME = "sts:AssumeRole"

_NamedAs = Literal["itself", "everyone", "account", "session"]
"""The form in which a trust policy names a principal."""


@dataclass(frozen=True)
class Call:
    """A call, whether a principal may make it, and why."""

    action: str
    resource: str
    """An ARN."""
    verdict: Verdict
    because: str = ""
    """The reason, for people."""


def may_do(
    principal: Principal,
    action: str,
    resource: str,
    now: datetime,
    target: Principal | None = None,
    more: Context = MappingProxyType({}),
) -> Call:
    """Return whether a principal may call IAM on a resource of its own account.

    Source: IAM User Guide, "Policy evaluation for requests within a single account". A permissions boundary must allow
    the call too ("Permissions boundaries for IAM entities").

    Args:
        principal: the caller.
        action: the call.
        resource: the ARN it acts on.
        now: the current time, for conditions on dates.
        target: the user or role with that ARN.
        more: further condition keys of the request, in lower case.
    """
    is_covered = any(statements_on(policy, "Allow", action) for policy in principal.policies)
    if not is_covered or account_of(resource) != principal.account_id:
        return Call(action, resource, NO)
    identity, boundary = _evaluate_both(build_request(principal, action, resource, now, target, more))
    denied = any_of([identity.denied, boundary.denied])
    verdict = all_of([identity.allowed, boundary.allowed, negated(denied)])
    return Call(action, resource, verdict, f"{identity.allowed_by} allows it")


def may_assume(
    principal: Principal, role_arn: str, trust: Sequence[Statement], now: datetime, role: Principal | None = None
) -> Call:
    """Return whether a principal may assume a role.

    Across accounts, both sides must allow it (IAM User Guide, "Cross-account policy evaluation logic"). Within one
    account, both must if the trust policy names the account; if it names the principal or everyone, it suffices ("AWS
    JSON policy elements: Principal").

    Args:
        principal: the caller.
        role_arn: the role's ARN.
        trust: the role's trust policy.
        now: the current time, for conditions on dates.
        role: the role with its tags, if known.
    """
    request = build_request(principal, ASSUME, role_arn, now, role)
    admissions = [admission for admission in _admissions(trust, request) if admission[2].answer]
    if not admissions:
        return Call(ASSUME, role_arn, NO)
    identity, boundary = _evaluate_both(request)
    denied = any_of([identity.denied, boundary.denied, *_denials(trust, request)])
    within_account = account_of(role_arn) == principal.account_id

    def admitted() -> Iterator[tuple[Verdict, str]]:
        for statement, named_as, verdict in admissions:
            needed, why = [verdict], f"{statement.name} of the trust policy admits {_describe(named_as, principal)}"
            if named_as == "account" or not within_account:
                needed += [identity.allowed, boundary.allowed]
                why = f"{identity.allowed_by} allows it; {why}"
            elif not _is_out_of_bounds(named_as, principal):
                needed.append(boundary.allowed)
            yield all_of(needed), why

    verdict, because = most_certain(admitted())
    return Call(ASSUME, role_arn, all_of([verdict, negated(denied)]), because)


def _describe(named_as: _NamedAs, principal: Principal) -> str:
    name = label(principal.arn)
    words = {"account": f"account {principal.account_id}", "session": f"a session of {name}", "itself": name}
    return words.get(named_as, named_as)


def _is_out_of_bounds(named_as: _NamedAs, principal: Principal) -> bool:
    """Return whether a silent boundary does not limit the principal: a user or session that the trust policy names.

    Source: IAM User Guide, "Permissions boundaries for IAM entities".
    """
    return named_as == "session" or (named_as == "itself" and principal.is_user)


def _evaluate_both(request: Request) -> tuple[Evaluation, Evaluation]:
    """Return the evaluation of a principal's policies, and of its permissions boundary."""
    principal = request.principal
    boundary = evaluate([principal.boundary], request) if principal.boundary else Evaluation(YES, NO)
    return evaluate(principal.policies, request), boundary


def _admissions(trust: Sequence[Statement], request: Request) -> Iterator[tuple[Statement, _NamedAs, Verdict]]:
    for statement in trust:
        if statement.effect == "Deny" or not covers_action(statement, ASSUME):
            continue
        named_as = _named_as(statement, request.principal)
        if statement.not_principal:
            named_as = "everyone" if named_as is None else None
        if named_as:
            yield statement, named_as, all_of([applies(statement, request), *_session(named_as)])


def _denials(trust: Sequence[Statement], request: Request) -> Iterator[Verdict]:
    for statement in trust:
        if statement.effect == "Allow" or not covers_action(statement, ASSUME):
            continue
        named_as = _named_as(statement, request.principal)
        # Naming the account exempts only principals that are named too (IAM User Guide, "... NotPrincipal").
        if statement.not_principal:
            named_as = "everyone" if named_as in (None, "account", "session") else None
        if named_as:
            yield all_of([applies(statement, request), *_session(named_as)])


def _session(named_as: _NamedAs) -> list[Verdict]:
    return [under("the name of the session")] if named_as == "session" else []


def _named_as(statement: Statement, principal: Principal) -> _NamedAs | None:
    """Return the form in which a statement names a principal. Source: "AWS JSON policy elements: Principal"."""
    partition, account = partition_of(principal.arn), principal.account_id
    session = f"arn:{partition}:sts::{account}:assumed-role/{principal.name}/"
    if principal.arn in statement.principals:
        return "itself"
    if "*" in statement.principals:
        return "everyone"
    if account in statement.principals or f"arn:{partition}:iam::{account}:root" in statement.principals:
        return "account"
    if not principal.is_user and any(named.startswith(session) for named in statement.principals):
        return "session"
    return None
