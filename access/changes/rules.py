"""Rules for assuming a role, built from the documents of both accounts.

Sources: IAM User Guide, "Cross-account policy evaluation logic", "Pass session tags in AWS STS" and "Monitor and
control actions taken with assumed roles".
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, lru_cache

from ..iam.checks import TAG_KEYS, ConditionCheck, is_account
from ..iam.documents import Condition, Statement
from ..iam.evaluation import covers_action
from ..iam.patterns import has_variables, match
from ..iam.search import EVERYTHING, All, Holds, Not, Policies, Rule, Some
from ..iam.verdicts import NO
from .rendered import Document

ASSUME, TAG_SESSION, SET_SOURCE_IDENTITY = "sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"
_STEPS = (ASSUME, TAG_SESSION, SET_SOURCE_IDENTITY)

_HAS_TAGS = Holds(ConditionCheck(Condition("Null", TAG_KEYS, ("false",)), variables=False))
_HAS_SOURCE_IDENTITY = Holds(ConditionCheck(Condition("Null", "sts:SourceIdentity", ("false",)), variables=False))

Parts = tuple[tuple[Statement, ...], ...]
"""The statements about one role for each of the three actions of assuming it."""


@cache
def statements_of(documents: tuple[Document, ...]) -> tuple[Statement, ...]:
    """Return the statements of some documents, each named with its document."""
    return tuple(
        replace(statement, name=f"{statement.name} of {document.name}")
        for document in documents
        for statement in document.statements()
    )


@lru_cache(maxsize=65536)
def about(documents: tuple[Document, ...], role_arn: str) -> Parts:
    """Return the statements of some documents about assuming a role."""
    return tuple(
        tuple(
            _on_one_role(replace(statement, actions=("*",), not_action=False))
            for statement in statements_of(documents)
            if covers_action(statement, action) and _may_be_about(statement, role_arn)
        )
        for action in _STEPS
    )


def _on_one_role(statement: Statement) -> Statement:
    if statement.has_variables and any(map(has_variables, statement.resources)):
        return statement
    return replace(statement, resources=("*",), not_resource=False)


def _may_be_about(statement: Statement, role_arn: str) -> bool:
    exact, patterns = _divided(statement)
    if role_arn in exact:
        is_named = True
    else:
        is_named = any(match(text, role_arn, {}, variables=statement.has_variables) != NO for text in patterns)
    if statement.has_variables and any(map(has_variables, patterns)):
        return True
    return is_named is not statement.not_resource


@lru_cache(maxsize=4096)
def _divided(statement: Statement) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the resources that are names, and those that are patterns."""
    patterns = tuple(text for text in statement.resources if re.search(r"[*?$]", text))
    return frozenset(statement.resources) - set(patterns), patterns


def may_assume(
    trust: Parts, identity: Parts | None, within_account: bool = False, boundary: Parts | None = None
) -> Rule:
    """Return the rule by which somebody may assume a role.

    Args:
        trust: the statements of the role's trust policy.
        identity: the statements of the principal's own policies; ``None`` if unknown policies allow everything.
        within_account: whether both are in one account; a trust that names the principal itself is then enough.
        boundary: the statements of the principal's permissions boundary, if it has one.
    """
    steps = []
    for place in range(len(_STEPS)):
        admits = Policies("", trust[place])
        own: Rule = EVERYTHING if identity is None else Policies("", identity[place])
        if boundary is not None:
            own = All((own, Policies("", boundary[place])))
        step: Rule = All((own, admits))
        if within_account and identity is not None:
            named = Policies("", naming_principals(trust)[place])
            step = Some((step, All((Not(Policies("", identity[place]).denials), named))))
        steps.append(step)
    assumes, tags, names_source = steps
    return All((assumes, Some((Not(_HAS_TAGS), tags)), Some((Not(_HAS_SOURCE_IDENTITY), names_source))))


def naming_principals(trust: Parts) -> Parts:
    """Return a trust policy's statements about principals themselves, without the accounts that it trusts."""
    return tuple(tuple(it for statement in part if (it := _without_accounts(statement))) for part in trust)


def _without_accounts(statement: Statement) -> Statement | None:
    named = tuple(text for text in statement.principals if not is_account(text))
    if statement.effect == "Deny" or len(named) == len(statement.principals):
        return statement
    return replace(statement, principals=named) if named and not statement.not_principal else None


@lru_cache(maxsize=65536)
def content(parts: tuple[tuple[Statement, ...], ...]) -> tuple[object, ...]:
    """Return the content of statements, so that equal statements compare equal."""
    return tuple(
        tuple(tuple(value for name, value in sorted(vars(statement).items())) for statement in part) for part in parts
    )


def is_like(patterns: Sequence[str]) -> Rule:
    """Return the rule that the principal's ARN matches one of these patterns."""
    return Holds(ConditionCheck(Condition("ArnLike", "aws:PrincipalArn", tuple(patterns)), variables=False))
