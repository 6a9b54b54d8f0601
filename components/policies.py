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


def trust_account(partition: str, account_id: str) -> PolicyDocument:
    """The trust policy: principals of that account may assume the role, if their own account lets them.

    Args:
        partition: ``aws``, ``aws-us-gov``, ``aws-cn``, …
        account_id: twelve digits.
    """
    return document(
        {
            "Sid": "TrustAccount",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{partition}:iam::{account_id}:root"},
            "Action": "sts:AssumeRole",
        }
    )


def read_write_bucket(partition: str, bucket: str) -> PolicyDocument:
    """The identity policy: list the buckets, list this one, read, write and delete its objects; nothing more."""
    arn = f"arn:{partition}:s3:::{bucket}"
    return document(
        {
            # Cannot be narrowed to one bucket; without it the console and a bare `aws s3 ls` show nothing.
            "Sid": "ListAllBuckets",
            "Effect": "Allow",
            "Action": "s3:ListAllMyBuckets",
            "Resource": "*",
        },
        {
            "Sid": "ListBucket",
            "Effect": "Allow",
            "Action": ["s3:GetBucketLocation", "s3:ListBucket"],
            "Resource": arn,
        },
        {
            "Sid": "ReadWriteObjects",
            "Effect": "Allow",
            "Action": ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            "Resource": f"{arn}/*",
        },
    )


def assume_roles(effect: Effect, role_arns: Iterable[str]) -> PolicyDocument:
    """The identity policy of a group: its members may, or may not, assume these roles."""
    return document(
        {
            "Sid": f"{effect}AssumeRole",
            "Effect": effect,
            "Action": "sts:AssumeRole",
            "Resource": _one_or_more(role_arns),
        }
    )


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


def _one_or_more(values: Iterable[str]) -> OneOrMore:
    distinct = sorted(set(values))
    return distinct[0] if len(distinct) == 1 else distinct
