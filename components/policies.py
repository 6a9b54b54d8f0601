"""Policy documents: pure functions that build their elements, and the one place that renders and measures them.

Each statement has one intent and a Sid that names it. The documents are those of the IAM User Guide, "IAM tutorial:
Delegate access across AWS accounts using IAM roles". Lists of actions and resources are sorted, so that a document's
text changes only when its meaning does.
"""

import json
import re
from collections.abc import Iterable
from typing import Literal, NotRequired, TypedDict, cast

from .validation import InvalidValue

Effect = Literal["Allow", "Deny"]
OneOrMore = str | list[str]
Principal = str | dict[str, OneOrMore]
Condition = dict[str, dict[str, OneOrMore]]
"""Values by operator and condition key."""


class Statement(TypedDict):
    """A statement of a policy document, with the elements that this project uses.

    Source: IAM User Guide, "IAM JSON policy elements reference".
    """

    Sid: str
    Effect: Effect
    Principal: NotRequired[Principal]
    Action: OneOrMore
    Resource: NotRequired[OneOrMore]
    Condition: NotRequired[Condition]


class PolicyDocument(TypedDict):
    """A policy document: an identity policy, a trust policy or a bucket policy."""

    Version: Literal["2012-10-17"]
    Statement: list[Statement]


def statement(
    sid: str,
    effect: Effect,
    actions: Iterable[str],
    resources: Iterable[str] = (),
    *,
    principal: Principal | None = None,
    condition: Condition | None = None,
) -> Statement:
    """Return a statement of the given elements.

    Args:
        sid: the statement's name: letters and digits.
        effect: ``Allow`` or ``Deny``.
        actions: at least one action.
        resources: the resources; none in a trust policy, which applies to its own role.
        principal: the principals; none in an identity policy.
        condition: the condition; without one the statement always applies.
    """
    principals: dict[str, Principal] = {"Principal": principal} if principal else {}
    objects: dict[str, OneOrMore] = {"Resource": one_or_more(resources)} if resources else {}
    conditions: dict[str, Condition] = {"Condition": condition} if condition else {}
    # The usual order of the elements: people read it, and text comparisons depend on it.
    elements = {"Sid": sid, "Effect": effect, **principals, "Action": one_or_more(actions), **objects, **conditions}
    return cast(Statement, elements)


def document(*statements: Statement) -> PolicyDocument:
    """Return the policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def render(policy: PolicyDocument) -> str:
    """Return the document as JSON without white space, as IAM counts its size."""
    return json.dumps(policy, separators=(",", ":"))


def one_or_more(values: Iterable[str]) -> OneOrMore:
    """Return a single value as it is, and several as a sorted list, each once."""
    distinct = sorted(set(values))
    return distinct[0] if len(distinct) == 1 else distinct


def check_size(title: str, policy: PolicyDocument, most: int) -> None:
    """Check that a document is not too long for IAM.

    Source: IAM User Guide, "IAM and AWS STS quotas".

    Raises:
        InvalidValue: the document is too long; the message names its longest statements.
    """
    size = characters(render(policy))
    if size > most:
        longest = sorted(policy["Statement"], key=lambda each: -len(json.dumps(each)))
        used = ", ".join(f"{each['Sid']} {characters(json.dumps(each))}" for each in longest[:3])
        raise InvalidValue(title, f"{size} characters", f"IAM allows {most}; the longest statements: {used}")


def characters(text: str) -> int:
    """Return the length of a document as IAM counts it: characters other than white space."""
    return len(re.sub(r"\s", "", text))
