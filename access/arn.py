"""The parts of an ARN, each by a function of its own: ``arn:partition:service:region:account-id:resource``.

Source: IAM User Guide, "Identify AWS resources with Amazon Resource Names (ARNs)".
"""


def partition_of(arn: str) -> str:
    """Return the partition, e.g. ``aws``."""
    return arn.split(":", 5)[1]


def account_of(arn: str) -> str:
    """Return the id of the account; empty where the ARN has none, as a bucket's."""
    return arn.split(":", 5)[4]


def resource_of(arn: str) -> str:
    """Return all that follows the account, e.g. ``role/delegated/UpdateApp``."""
    return arn.split(":", 5)[5]


def kind_of(arn: str) -> str:
    """Return the kind of resource, e.g. ``role`` of ``role/delegated/UpdateApp``."""
    return resource_of(arn).partition("/")[0]


def name_of(arn: str) -> str:
    """Return the name, without kind and path, e.g. ``UpdateApp`` of ``role/delegated/UpdateApp``."""
    return arn.rpartition("/")[2]
