"""What AWS allows in the plain values that people write, checked before AWS is asked.

Each ``check_…`` function returns nothing for a good value and raises :class:`InvalidValue` for a bad one. A value
that is still a Pulumi ``Output`` is left for AWS to judge: a plan cannot know it.
"""

import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Literal

import pulumi

from .policies import PolicyDocument, render


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
        super().__init__("\\n".join(f"{key}: {_shown(value)} is not allowed; {allowed}".splitlines()))
        self.key = key
        self.value = value
        self.allowed = allowed


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}… ({len(text)} characters)"


_MOST_SHOWN = 200

Check = Callable[[str, object], None]
"""Takes where a value stands and the value; returns for a good one and raises :class:`InvalidValue` for a bad one."""


def check_args(args: Mapping[str, object], checks: Mapping[str, Check]) -> None:
    """Check each argument that is given."""
    for key, check in checks.items():
        if args.get(key) is not None:
            check(key, args[key])


def check_keys(args: Mapping[str, object], required: Iterable[str], known: Iterable[str]) -> None:
    """Only arguments that there are, so that one that narrows is not lost by a slip, and all that have no default."""
    for key in args:
        if key not in known:
            raise InvalidValue(key, args[key], f"there is no such argument; there are {', '.join(known)}")
    for key in sorted(required):
        if args.get(key) is None:
            raise InvalidValue(key, None, "it is missing and has no default; add it")


def check_exactly_one(args: Mapping[str, object], one: str, other: str) -> None:
    """One of two arguments that stand for each other."""
    given = [key for key in (one, other) if args.get(key)]
    if not given:
        raise InvalidValue(one, args.get(one), f"it is missing; give {one} or {other}")
    if len(given) > 1:
        raise InvalidValue(one, args[one], f"{other} is given too; remove one of the two")


def each(check: Check, least: Literal[0, 1] = 1) -> Check:
    """A list of at least so many values, each of which passes the check."""

    def check_list(key: str, value: object) -> None:
        if isinstance(value, pulumi.Output):
            return
        if not isinstance(value, Sequence) or isinstance(value, str) or len(value) < least:
            rule = "write a list with at least one entry, or leave it out" if least else "write a list"
            raise InvalidValue(key, value, rule)
        for index, item in enumerate(value):
            check(f"{key}[{index}]", item)

    return check_list


def check_one_of(*allowed: str) -> Check:
    """One of a few words."""

    def check(key: str, value: object) -> None:
        if value not in allowed:
            raise InvalidValue(key, value, f"it is one of {', '.join(allowed)}")

    return check


def check_range(least: int, most: int) -> Check:
    """A whole number of seconds."""

    def check(key: str, value: object) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise InvalidValue(key, value, f"write whole seconds, {least} to {most}")

    return check


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


def check_user_name(key: str, value: object) -> None:
    """At most 64 of the characters that IAM takes in names.

    Source: IAM User Guide, "IAM and AWS STS quotas".
    """
    _check_name(key, value, "a user name", 64)


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


_PRINCIPAL_PATTERN = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}|[*]):(user|role)/[\w+=,.@/*?-]{1,576}", re.ASCII)


def check_principal_pattern(key: str, value: object) -> None:
    """The ARN of users or roles, in which ``*`` and ``?`` stand for any characters of the name.

    Source: IAM User Guide, "IAM JSON policy elements: Condition operators", ARN condition operators.
    """
    _check_text(
        key,
        value,
        _PRINCIPAL_PATTERN,
        "write the ARN of a user or role, e.g. arn:aws:iam::111111111111:role/deploy-*; a group is no principal, and of"
        " a session the role counts",
    )


def check_path(key: str, value: object) -> None:
    """A slash before and after each part, at most 512 characters. Source: IAM API Reference, "CreatePolicy"."""
    rule = "a path begins and ends with / and has at most 512 letters, digits or +=,.@-_/, e.g. /delegated/"
    _check_text(key, value, re.compile(r"(?=.{1,512}$)(/[\w+=,.@-]+)*/", re.ASCII), rule)


def check_policy_arn(key: str, value: object) -> None:
    """The ARN of a managed policy. Source: IAM User Guide, "IAM identifiers"."""
    pattern = re.compile(
        r"arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/([\w+=,.@/-]{1,510}/)?[\w+=,.@-]{1,128}", re.ASCII
    )
    _check_text(key, value, pattern, "write a managed policy's ARN, e.g. arn:aws:iam::999999999999:policy/boundary")


def check_key_arn(key: str, value: object) -> None:
    """The ARN of a KMS key: an alias does not work in an identity policy.

    Source: AWS KMS Developer Guide, "Specifying KMS keys in IAM policy statements".
    """
    pattern = re.compile(r"arn:aws[a-z-]*:kms:[a-z]{2,8}(-[a-z]+)+-[0-9]:[0-9]{12}:key/[0-9A-Za-z-]{1,256}", re.ASCII)
    rule = "write a key's ARN, not an alias's, e.g. arn:aws:kms:us-east-1:999999999999:key/1234abcd-…"
    _check_text(key, value, pattern, rule)


def check_description(key: str, value: object) -> None:
    """At most 1000 characters of Latin-1. Source: IAM API Reference, "CreateRole"."""
    pattern = re.compile("[\t\n\r\x20-\x7e\xa1-\xff]{0,1000}")
    _check_text(key, value, pattern, "a description has at most 1000 characters, all of Latin-1")


def check_external_id(key: str, value: object) -> None:
    """2 to 1224 characters. Source: AWS STS API Reference, "AssumeRole"."""
    rule = "an external id has 2 to 1224 letters, digits or +=,.@:/-_"
    _check_text(key, value, re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII), rule)


def check_organization_id(key: str, value: object) -> None:
    """``o-`` and 10 to 32 characters. Source: AWS Organizations API Reference, "Organization"."""
    _check_text(key, value, re.compile(r"o-[a-z0-9]{10,32}"), "an organization's id is like o-a1b2c3d4e5")


def check_date(key: str, value: object) -> None:
    """A moment of UTC. Source: IAM User Guide, "IAM JSON policy elements: Condition operators", date operators."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and _MOMENT.fullmatch(value) else None
    except ValueError:  # no such day or hour
        moment = None
    if moment is None:
        raise InvalidValue(key, value, "write a moment of UTC in quotes, e.g. '2027-01-31T00:00:00Z'")


_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")  # Python takes many more forms


def check_cidr(key: str, value: object) -> None:
    """A range of IPv4 or IPv6 addresses whose address is the range's first."""
    try:
        network = ipaddress.ip_network(value) if isinstance(value, str) and _RANGE.fullmatch(value) else None
    except ValueError:
        network = None
    if network is None or network.prefixlen == 0:
        raise InvalidValue(key, value, "write a range like 203.0.113.0/24 or 2001:db8::/32; all addresses are no limit")


_RANGE = re.compile(r"[0-9A-Fa-f.:]+(/[0-9]{1,3})?")  # Python takes masks and zones too


def check_prefix(key: str, value: object) -> None:
    """What keys begin with: no wildcard and no policy variable, so that the access is as wide as it looks."""
    pattern = re.compile(r"[^/*?$\s\x00-\x1f\x7f][^*?$\x00-\x1f\x7f]{0,1022}")
    _check_text(
        key,
        value,
        pattern,
        "write what the keys begin with, e.g. reports/, in one line, without a first / and without *?$",
    )


def check_tags(key: str, value: object) -> None:
    """At most 50 tags. Source: IAM User Guide, "Tags for AWS Identity and Access Management resources"."""
    if not isinstance(value, Mapping) or len(value) > _MOST_TAGS:
        raise InvalidValue(key, value, f"write at most {_MOST_TAGS} tags, each as name: value")
    _check_distinct_names(key, value)
    for name, text in value.items():
        _check_tag(name, f"{key}.{name}", text)


def check_session_tags(key: str, value: object) -> None:
    """At most 50 tags, each with its values. Source: IAM User Guide, "Pass session tags in AWS STS"."""
    if not isinstance(value, Mapping) or not 1 <= len(value) <= _MOST_TAGS:
        raise InvalidValue(key, value, f"write 1 to {_MOST_TAGS} tags, each as name: [values that it may have]")
    _check_distinct_names(key, value)
    for name, texts in value.items():
        each(partial(_check_tag, name))(f"{key}.{name}", texts)


_MOST_TAGS = 50


def _check_distinct_names(key: str, tags: Mapping[object, object]) -> None:
    seen: dict[str, object] = {}
    for name in tags:
        first = seen.setdefault(str(name).casefold(), name)
        if first is not name:
            raise InvalidValue(key, name, f"{first!r} is the same but for case, which does not matter in a tag's name")


def _check_tag(name: object, key: str, value: object) -> None:
    characters = r"[\w .:/=+@-]"
    if not isinstance(name, str) or not re.fullmatch(rf"(?!(?i:aws:)){characters}{{1,128}}", name):
        rule = "a tag's name has 1 to 128 letters, digits, spaces or _.:/=+-@ and does not begin with aws:"
        raise InvalidValue(key, name, rule)
    rule = "a tag's value has at most 256 letters, digits, spaces or _.:/=+-@"
    _check_text(key, value, re.compile(rf"{characters}{{0,256}}"), rule)


def check_size(what: str, document: PolicyDocument, most: int) -> None:
    """Count as IAM does: characters other than white space.

    Source: IAM User Guide, "IAM and AWS STS quotas".

    Raises:
        InvalidValue: it is too long; the message tells which statements use up most.
    """
    size = characters(render(document))
    if size > most:
        longest = sorted(document["Statement"], key=lambda statement: -len(json.dumps(statement)))
        used = ", ".join(f"{s['Sid']} {characters(json.dumps(s))}" for s in longest[:3])
        raise InvalidValue(what, f"{size} characters", f"IAM takes {most}; the longest statements: {used}")


def characters(text: str) -> int:
    """The length of a document as IAM counts it: without white space."""
    return len(re.sub(r"\s", "", text))


def _check_name(key: str, value: object, what: str, most: int) -> None:
    pattern = re.compile(rf"[\w+=,.@-]{{1,{most}}}", re.ASCII)
    _check_text(key, value, pattern, f"{what} has 1 to {most} letters, digits or +=,.@-_")


def _check_text(key: str, value: object, pattern: re.Pattern[str], allowed: str) -> None:
    if isinstance(value, pulumi.Output):
        return
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise InvalidValue(key, value, allowed)
