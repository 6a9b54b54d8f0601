"""The elements of policy documents, as pure functions from values to dictionaries, and the one place that renders them.

Each statement has one intent and a Sid that names it. The documents are those of the IAM User Guide, "IAM tutorial:
Delegate access across AWS accounts using IAM roles"; actions and resources that form a list are sorted, so that a
document's text changes only when its meaning does.
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
    """One statement of a policy document, with the elements that this project uses.

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
    """Return a statement with the elements that are given.

    Args:
        sid: its name: letters and digits.
        effect: whether it allows or denies.
        actions: at least one.
        resources: those that it is about; none in a trust policy, which is about its own role.
        principal: those that it is for; none in an identity policy.
        condition: when it holds; always, if there is none.
    """
    for_whom: dict[str, Principal] = {"Principal": principal} if principal else {}
    on_what: dict[str, OneOrMore] = {"Resource": one_or_more(resources)} if resources else {}
    when: dict[str, Condition] = {"Condition": condition} if condition else {}
    # The usual order of the elements, which people read and which text comparisons see.
    made = {"Sid": sid, "Effect": effect, **for_whom, "Action": one_or_more(actions), **on_what, **when}
    return cast(Statement, made)


def document(*statements: Statement) -> PolicyDocument:
    """Return the policy document that consists of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def render(policy: PolicyDocument) -> str:
    """Return the document as JSON without white space, as IAM counts its size."""
    return json.dumps(policy, separators=(",", ":"))


def one_or_more(values: Iterable[str]) -> OneOrMore:
    """Return one value as it is, several as a sorted list, each once."""
    distinct = sorted(set(values))
    return distinct[0] if len(distinct) == 1 else distinct


def check_size(what: str, policy: PolicyDocument, most: int) -> None:
    """Count as IAM does: characters other than white space.

    Source: IAM User Guide, "IAM and AWS STS quotas".

    Raises:
        InvalidValue: it is too long; the message names the statements that use up most.
    """
    size = characters(render(policy))
    if size > most:
        longest = sorted(policy["Statement"], key=lambda each: -len(json.dumps(each)))
        used = ", ".join(f"{each['Sid']} {characters(json.dumps(each))}" for each in longest[:3])
        raise InvalidValue(what, f"{size} characters", f"IAM takes {most}; the longest statements: {used}")


def characters(text: str) -> int:
    """Return the length of a document as IAM counts it: without white space."""
    return len(re.sub(r"\s", "", text))
