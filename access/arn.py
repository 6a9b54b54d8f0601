"""Functions for the parts of an ARN, ``arn:partition:service:region:account-id:resource``.

Source: IAM User Guide, "Identify AWS resources with Amazon Resource Names (ARNs)".
"""

import re

_PERMISSION_SET_ROLE = re.compile(
    r"arn:[^:]+:iam::[0-9]{12}:role/aws-reserved/sso\.amazonaws\.com/([^/]+/)?AWSReservedSSO_([^/]+)_[^/]{16}"
)


def partition_of(arn: str) -> str:
    """Return the partition, e.g. ``aws``."""
    return arn.split(":", 5)[1]


def account_of(arn: str) -> str:
    """Return the account id; empty for an ARN without one, e.g. a bucket's."""
    return arn.split(":", 5)[4]


def resource_of(arn: str) -> str:
    """Return everything after the account, e.g. ``role/delegated/UpdateApp``."""
    return arn.split(":", 5)[5]


def kind_of(arn: str) -> str:
    """Return the kind of resource, e.g. ``role`` of ``role/delegated/UpdateApp``."""
    return resource_of(arn).partition("/")[0]


def name_of(arn: str) -> str:
    """Return the name, without kind and path, e.g. ``UpdateApp`` of ``role/delegated/UpdateApp``."""
    return arn.rpartition("/")[2]


def permission_set_of(arn: str) -> str | None:
    """Return the IAM Identity Center permission set of a role; ``None`` for any other role.

    Source: IAM Identity Center User Guide, "Referencing permission sets in resource policies".
    """
    match = _PERMISSION_SET_ROLE.fullmatch(arn)
    return match[2] if match else None
