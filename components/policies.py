"""The policy documents, as pure functions from values to dictionaries, and the one place that renders them.

Each statement has one intent and a Sid that names it. The documents are those of the IAM User Guide, "IAM tutorial:
Delegate access across AWS accounts using IAM roles"; actions and resources that form a list are sorted, so that a
document's text changes only when its meaning does.
"""

import json
from collections.abc import Iterable
from typing import Literal, NotRequired, TypedDict

Effect = Literal["Allow", "Deny"]
OneOrMore = str | list[str]
Condition = dict[str, dict[str, OneOrMore]]
"""Values by operator and condition key."""


class Statement(TypedDict):
    """One statement of a policy document, with the elements that this project uses.

    Source: IAM User Guide, "IAM JSON policy elements reference".
    """

    Sid: str
    Effect: Effect
    Principal: NotRequired[str | dict[str, OneOrMore]]
    Action: OneOrMore
    Resource: NotRequired[OneOrMore]
    Condition: NotRequired[dict[str, dict[str, OneOrMore]]]


class PolicyDocument(TypedDict):
    """A policy document: an identity policy, a trust policy or a bucket policy."""

    Version: Literal["2012-10-17"]
    Statement: list[Statement]


def document(*statements: Statement) -> PolicyDocument:
    """The policy document that consists of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def render(policy: PolicyDocument) -> str:
    """The document as JSON without white space, as IAM counts its size."""
    return json.dumps(policy, separators=(",", ":"))


def deny_insecure_transport(partition: str, bucket: str) -> PolicyDocument:
    """The bucket policy: nobody reaches the bucket without TLS.

    Source: Amazon S3 User Guide, "Security best practices for Amazon S3".
    """
    arn = f"arn:{partition}:s3:::{bucket}"
    return document(
        {
            "Sid": "DenyInsecureTransport",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )


def one_or_more(values: Iterable[str]) -> OneOrMore:
    """One value as it is, several as a sorted list, each once."""
    distinct = sorted(set(values))
    return distinct[0] if len(distinct) == 1 else distinct
