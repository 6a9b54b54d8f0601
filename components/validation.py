"""What AWS allows in the plain values that people write, checked before AWS is asked.

Each ``check_…`` function returns nothing for a good value and raises :class:`InvalidValue` for a bad one. A value
that is still a Pulumi ``Output`` is left for AWS to judge: a plan cannot know it.
"""

import re
from collections.abc import Sequence

import pulumi


class InvalidValue(pulumi.RunError):
    """A value that AWS would refuse, told in one line: the key, the value, what is allowed.

    A ``pulumi.RunError`` stops the program with its message and without a traceback.
    """

    def __init__(self, key: str, value: object, allowed: str) -> None:
        """Remember the parts, so that a caller can name the key in its own words.

        Args:
            key: where the value stands, e.g. ``trusted_account_id``.
            value: the value itself.
            allowed: what is allowed, and what to do where that is not plain.
        """
        super().__init__(f"{key}: {value!r} is not allowed; {allowed}")
        self.key = key
        self.value = value
        self.allowed = allowed


def check_account_id(key: str, value: object) -> None:
    """Twelve digits, as text: YAML reads a bare number and drops its leading zeros.

    Source: AWS Account Management, "View AWS account identifiers".
    """
    rule = 'write the twelve digits of the account id in quotes, e.g. "111111111111"'
    _check_text(key, value, re.compile(r"[0-9]{12}"), rule)


def check_role_name(key: str, value: object) -> None:
    """At most 64 of the characters that IAM takes in names.

    Source: IAM User Guide, "IAM and AWS STS quotas".
    """
    _check_name(key, value, "a role name", 64)


def check_policy_name(key: str, value: object) -> None:
    """At most 128 of the characters that IAM takes in names.

    Source: IAM User Guide, "IAM and AWS STS quotas".
    """
    _check_name(key, value, "a policy name", 128)


def check_group_name(key: str, value: object) -> None:
    """At most 128 of the characters that IAM takes in names.

    Source: IAM User Guide, "IAM and AWS STS quotas".
    """
    _check_name(key, value, "a group name", 128)


# Prefixes and suffixes that S3 keeps for itself.
_RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_BUCKET_NAME = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_BUCKET_RULE = (
    "a bucket name has 3 to 63 lower-case letters, digits, dots or hyphens, begins and ends with a letter or digit,"
    " has no two dots in a row, does not look like an IP address"
)


def check_bucket_name(key: str, value: object) -> None:
    """The naming rules of general purpose buckets.

    Source: Amazon S3 User Guide, "General purpose bucket naming rules".
    """
    _check_text(key, value, _BUCKET_NAME, _BUCKET_RULE)
    if isinstance(value, str) and (value.startswith(_RESERVED_PREFIXES) or value.endswith(_RESERVED_SUFFIXES)):
        reserved = ", ".join([*(f"{p}…" for p in _RESERVED_PREFIXES), *(f"…{s}" for s in _RESERVED_SUFFIXES)])
        raise InvalidValue(key, value, f"S3 keeps these for itself: {reserved}")


def check_role_arn(key: str, value: object) -> None:
    """The ARN of one role: no wildcard, so that nobody gains more than the roles that were named.

    Source: IAM User Guide, "IAM identifiers".
    """
    _check_text(
        key,
        value,
        re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/([\w+=,.@/-]{1,510}/)?[\w+=,.@-]{1,64}", re.ASCII),
        "write the role's ARN, e.g. arn:aws:iam::999999999999:role/UpdateApp",
    )


def check_some(key: str, values: Sequence[object]) -> None:
    """At least one."""
    if not values:
        raise InvalidValue(key, values, "name at least one")


def check_one_of(key: str, value: object, allowed: tuple[str, ...]) -> None:
    """One of a few words."""
    if value not in allowed:
        raise InvalidValue(key, value, f"it is one of {', '.join(allowed)}")


def _check_name(key: str, value: object, what: str, most: int) -> None:
    pattern = re.compile(rf"[\w+=,.@-]{{1,{most}}}", re.ASCII)
    _check_text(key, value, pattern, f"{what} has 1 to {most} letters, digits or +=,.@-_")


def _check_text(key: str, value: object, pattern: re.Pattern[str], allowed: str) -> None:
    if isinstance(value, pulumi.Output):
        return
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise InvalidValue(key, value, allowed)
