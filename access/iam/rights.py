"""Whether a principal may do something, as far as the policies tell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from ..arn import account_of, partition_of
from .documents import Statement
from .evaluation import Opinion, Request, applies, best, is_about, opinion, request, statements_about
from .patterns import Context
from .principals import Principal, label
from .verdicts import NO, YES, Verdict, all_of, any_of, negated, under

ASSUME = "sts:AssumeRole"

_Standing = Literal["itself", "everyone", "account", "session"]
"""As what a trust policy names a principal."""


@dataclass(frozen=True)
class Call:
    """Something that a principal may or may not do, and why."""

    action: str
    resource: str
    """An ARN."""
    verdict: Verdict
    because: str = ""
    """What allows it, in words."""


def may_do(
    principal: Principal,
    action: str,
    resource: str,
    now: datetime,
    target: Principal | None = None,
    more: Context = MappingProxyType({}),
) -> Call:
    """Whether a principal may do something to a user, group, role, policy or provider of its own account.

    Source: IAM User Guide, "Policy evaluation for requests within a single account". A permissions boundary has to
    allow it too ("Permissions boundaries for IAM entities").

    Args:
        principal: the caller.
        action: the call.
        resource: the ARN that it is about.
        now: the time, for conditions on it.
        target: the user or role with that ARN.
        more: further condition keys of the request, in lower case.
    """
    may = any(statements_about(policy, "Allow", action) for policy in principal.policies)
    if not may or account_of(resource) != principal.account_id:
        return Call(action, resource, NO)
    identity, boundary = _opinions(request(principal, action, resource, now, target, more))
    denied = any_of([identity.denied, boundary.denied])
    verdict = all_of([identity.allowed, boundary.allowed, negated(denied)])
    return Call(action, resource, verdict, f"{identity.allowed_by} allows it")


def may_assume(
    principal: Principal, role_arn: str, trust: Sequence[Statement], now: datetime, role: Principal | None = None
) -> Call:
    """Whether a principal may assume a role.

    Across accounts both sides have to allow it (IAM User Guide, "Cross-account policy evaluation logic"). Within one,
    both if the trust names the account; the trust alone, if it names the principal itself or everyone ("AWS JSON policy
    elements: Principal").

    Args:
        principal: who.
        role_arn: the role's ARN.
        trust: the role's trust policy.
        now: the time, for conditions on it.
        role: the role itself, if more is known of it: its tags.
    """
    asked = request(principal, ASSUME, role_arn, now, role)
    admissions = [it for it in _admissions(trust, asked) if it[2].answer]
    if not admissions:
        return Call(ASSUME, role_arn, NO)
    identity, boundary = _opinions(asked)
    denied = any_of([identity.denied, boundary.denied, *_denials(trust, asked)])
    within_account = account_of(role_arn) == principal.account_id

    def admitted() -> Iterator[tuple[Verdict, str]]:
        for statement, standing, verdict in admissions:
            needed, why = [verdict], f"{statement.name} of the trust policy admits {_in_words(standing, principal)}"
            if standing == "account" or not within_account:
                needed += [identity.allowed, boundary.allowed]
                why = f"{identity.allowed_by} allows it; {why}"
            elif not _is_out_of_bounds(standing, principal):
                needed.append(boundary.allowed)
            yield all_of(needed), why

    verdict, because = best(admitted())
    return Call(ASSUME, role_arn, all_of([verdict, negated(denied)]), because)


def _in_words(standing: _Standing, principal: Principal) -> str:
    who = label(principal.arn)
    words = {"account": f"account {principal.account_id}", "session": f"a session of {who}", "itself": who}
    return words.get(standing, standing)


def _is_out_of_bounds(standing: _Standing, principal: Principal) -> bool:
    """Whether a boundary that says nothing takes nothing away: of a user, or a session, that the trust names itself.

    Source: IAM User Guide, "Permissions boundaries for IAM entities".
    """
    return standing == "session" or (standing == "itself" and principal.is_user)


def _opinions(asked: Request) -> tuple[Opinion, Opinion]:
    """What the policies and the permissions boundary of a principal say."""
    principal = asked.principal
    boundary = opinion([principal.boundary], asked) if principal.boundary else Opinion(YES, NO)
    return opinion(principal.policies, asked), boundary


def _admissions(trust: Sequence[Statement], asked: Request) -> Iterator[tuple[Statement, _Standing, Verdict]]:
    for statement in trust:
        if statement.effect == "Deny" or not is_about(statement, ASSUME):
            continue
        standing = _standing(statement, asked.principal)
        if statement.all_principals_but:
            standing = "everyone" if standing is None else None
        if standing:
            yield statement, standing, all_of([applies(statement, asked), *_session(standing)])


def _denials(trust: Sequence[Statement], asked: Request) -> Iterator[Verdict]:
    for statement in trust:
        if statement.effect == "Allow" or not is_about(statement, ASSUME):
            continue
        standing = _standing(statement, asked.principal)
        # Naming the account spares nobody of it who is not named too (IAM User Guide, "... NotPrincipal").
        if statement.all_principals_but:
            standing = "everyone" if standing in (None, "account", "session") else None
        if standing:
            yield all_of([applies(statement, asked), *_session(standing)])


def _session(standing: _Standing) -> list[Verdict]:
    return [under("the name of the session")] if standing == "session" else []


def _standing(statement: Statement, principal: Principal) -> _Standing | None:
    """As what a statement's principals name a principal. Source: "AWS JSON policy elements: Principal"."""
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
