"""AWS's rules for plain values.

A rule takes a key and its value, and raises :class:`InvalidValue` if the value is not allowed. A rule ignores a Pulumi
``Output``: the components check the value once it is known.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal

from .validation import InvalidValue, is_pending

Rule = Callable[[str, object], None]


@dataclass(frozen=True)
class Text:
    """A rule for text."""

    pattern: str
    """A regular expression for the whole text; ``\\w`` matches ASCII characters only."""
    allowed: str
    """The allowed values, in words."""
    source: str
    """The page of AWS's documentation, or the reason."""

    def __call__(self, key: str, value: object) -> None:
        """Check a value."""
        if is_pending(value):
            return
        if not isinstance(value, str) or not re.fullmatch(self.pattern, value, re.ASCII):
            raise InvalidValue(key, value, self.allowed)


def _name(what: str, most: int, source: str = 'IAM User Guide, "IAM and AWS STS quotas"') -> Text:
    return Text(rf"[\w+=,.@-]{{1,{most}}}", f"{what} has 1 to {most} letters, digits or +=,.@-_", source)


_PARTITION = "arn:(aws[a-z-]*)"

account_id = Text(
    r"[0-9]{12}",
    'write the twelve digits of the account id in quotes, e.g. "111111111111"',
    'AWS Account Management, "View AWS account identifiers"',
)
role_name = _name("a role name", 64)
policy_name = _name("a policy name", 128)
group_name = _name("a group name", 128)
user_name = _name("a user name", 64)
permission_set_name = _name("a permission set's name", 32, 'IAM Identity Center API Reference, "CreatePermissionSet"')
role_arn = Text(
    rf"{_PARTITION}:iam::[0-9]{{12}}:role/([\w+=,.@/-]{{1,510}}/)?[\w+=,.@-]{{1,64}}",
    "write the role's ARN, e.g. arn:aws:iam::999999999999:role/UpdateApp",
    'IAM User Guide, "IAM identifiers"; no wildcard, so that nobody gains more than the roles that were named',
)
path = Text(
    r"(?=.{1,512}$)(/[\w+=,.@-]+)*/",
    "a path begins and ends with / and has at most 512 letters, digits or +=,.@-_/, e.g. /delegated/",
    'IAM API Reference, "CreatePolicy"',
)
policy_arn = Text(
    rf"{_PARTITION}:iam::([0-9]{{12}}|aws):policy/([\w+=,.@/-]{{1,510}}/)?[\w+=,.@-]{{1,128}}",
    "write a managed policy's ARN, e.g. arn:aws:iam::999999999999:policy/boundary",
    'IAM User Guide, "IAM identifiers"',
)
key_arn = Text(
    rf"{_PARTITION}:kms:[a-z]{{2,8}}(-[a-z]+)+-[0-9]:[0-9]{{12}}:key/[0-9A-Za-z-]{{1,256}}",
    "write a key's ARN, not an alias's, e.g. arn:aws:kms:us-east-1:999999999999:key/1234abcd-…",
    'AWS KMS Developer Guide, "Specifying KMS keys in IAM policy statements"',
)
description = Text(
    "[\t\n\r\x20-\x7e\xa1-\xff]{0,1000}",
    "a description has at most 1000 characters, all of Latin-1",
    'IAM API Reference, "CreateRole"',
)
external_id = Text(
    r"[\w+=,.@:/-]{2,1224}",
    "an external id has 2 to 1224 letters, digits or +=,.@:/-_",
    'AWS STS API Reference, "AssumeRole"',
)
organization_id = Text(
    "o-[a-z0-9]{10,32}",
    "an organization id looks like o-a1b2c3d4e5",
    'AWS Organizations API Reference, "Organization"',
)
prefix = Text(
    r"[^/*?$\s\x00-\x1f\x7f][^*?$\x00-\x1f\x7f]{0,1022}",
    "write the beginning of object keys, e.g. reports/, on one line, without a leading / and without *?$",
    "no wildcard and no policy variable, so that the access is as wide as it looks",
)

_BUCKET_NAME = Text(
    r"(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
    "a bucket name has 3 to 63 lower-case letters, digits, dots or hyphens, begins and ends with a letter or digit,"
    " has no two dots in a row and does not look like an IP address",
    'Amazon S3 User Guide, "General purpose bucket naming rules"',
)
_RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


def bucket_name(key: str, value: object) -> None:
    """Check the name of a general purpose bucket."""
    _BUCKET_NAME(key, value)
    if isinstance(value, str) and (value.startswith(_RESERVED_PREFIXES) or value.endswith(_RESERVED_SUFFIXES)):
        reserved = ", ".join([*(f"{p}…" for p in _RESERVED_PREFIXES), *(f"…{s}" for s in _RESERVED_SUFFIXES)])
        raise InvalidValue(key, value, f"reserved by S3: {reserved}")


def new_bucket_name(key: str, value: object) -> None:
    """Check the name of a new bucket.

    Names that end in ``-an`` belong to the account regional namespace, which a request has to ask for (Amazon S3 User
    Guide, "Namespaces for general purpose buckets").
    """
    bucket_name(key, value)
    if isinstance(value, str) and value.endswith("-an"):
        raise InvalidValue(key, value, "S3 reserves names that end in -an for the account regional namespace")


_PRINCIPAL = Text(
    rf"{_PARTITION}:iam::([0-9]{{12}}|[*]):(user|role)/[\w+=,.@/*?-]{{1,576}}",
    "write the ARN of a user or role, e.g. arn:aws:iam::111111111111:role/deploy-*; groups are not principals, and"
    " for a session, name its role",
    'IAM User Guide, "IAM JSON policy elements: Condition operators", ARN condition operators',
)
_SSO_ROLE = re.compile(r":role/(.*/)?AWSReservedSSO_([^/]*)")
_SSO_PATHS = ("aws-reserved/sso.amazonaws.com/", "aws-reserved/sso.amazonaws.com/eu-central-1/")


def principal_pattern(key: str, value: object) -> None:
    """Check an ARN of users or roles. In path and name, ``*`` matches any characters and ``?`` matches one."""
    _PRINCIPAL(key, value)
    sso_role = _SSO_ROLE.search(value) if isinstance(value, str) else None
    if sso_role and not _is_sso_path(sso_role[1] or ""):
        rule = (
            "it matches nobody, as roles of IAM Identity Center have a path; name their permission set instead, under"
        )
        raise InvalidValue(key, value, f"{rule} trusted_permission_sets or denied_permission_sets")


reason = Text(r"[^\x00-\x1f\x7f]{1,200}", "give the reason on one line, at most 200 characters", "reports repeat it")


def _is_sso_path(path: str) -> bool:
    """Return whether roles of IAM Identity Center may have this path, which may contain ``*`` and ``?``.

    The path ends with the region of the Identity Center, except for us-east-1 (IAM Identity Center User Guide,
    "Referencing permission sets in resource policies, Amazon EKS cluster config maps, and AWS KMS key policies").
    """
    in_a_region = re.fullmatch(r"aws-reserved/sso\.amazonaws\.com/[a-z0-9*?-]+/", path)
    return bool(in_a_region) or any(matches(path, real) for real in _SSO_PATHS)


def matches(pattern: str, text: str) -> bool:
    """Return whether text matches a pattern, in which ``*`` matches any characters and ``?`` matches one.

    Source: IAM User Guide, "IAM JSON policy elements: Condition operators", ARN and string condition operators.
    """
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text, re.DOTALL) is not None


_SSO_PREFIX, _SERVICE_PREFIX = "AWSReservedSSO_", "AWSServiceRoleFor"


def changeable_role_name(key: str, value: object) -> None:
    """Check the name of a role whose policies the account can change.

    AWS answers UnmodifiableEntity for roles of Identity Center and of services (rebuy-de/aws-nuke#441; IAM User Guide,
    "Service-linked roles").
    """
    role_name(key, value)
    if isinstance(value, str) and value.startswith(_SSO_PREFIX):
        rule = "only AWS can change the roles of IAM Identity Center; name their permission set instead, under"
        raise InvalidValue(key, value, f"{rule} permissionSets, or as permission_set of a GroupAssumePolicy")
    if isinstance(value, str) and value.startswith(_SERVICE_PREFIX):
        raise InvalidValue(key, value, "only AWS can change service-linked roles; name a role of your own")


_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")  # Python accepts many more forms


def moment(key: str, value: object) -> None:
    """Check a moment in UTC.

    Source: IAM User Guide, "IAM JSON policy elements: Condition operators", date operators.
    """
    try:
        parsed = datetime.fromisoformat(value) if isinstance(value, str) and _MOMENT.fullmatch(value) else None
    except ValueError:  # no such day or hour
        parsed = None
    if parsed is None:
        raise InvalidValue(key, value, "write a UTC time in quotes, e.g. '2027-01-31T00:00:00Z'")


def role_arns_by_moment(key: str, value: object) -> None:
    """Check lists of roles by the moment at which access ends."""
    for until, arns in value.items() if isinstance(value, Mapping) else ():
        moment(key, until)
        each(role_arn)(f"{key}.{until}", arns)


_RANGE = re.compile(r"[0-9A-Fa-f.:]+(/[0-9]{1,3})?")  # Python accepts masks and zones too


_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(*texts: str) -> list[_Network]:
    return [ipaddress.ip_network(text) for text in texts]


_PRIVATE = _networks(
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10")
)
"""Addresses that nobody has on the Internet. Sources: RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291."""
_NOT_CALLERS = [*_PRIVATE, *_networks("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3")]
"""Private addresses, and addresses that no host has. Source: RFC 6890."""
_ALL_ADDRESSES = _networks("0.0.0.0/0", "2000::/3")
"""Source for IPv6: RFC 4291, global unicast."""


def public_ranges(key: str, value: object) -> None:
    """Check ranges: each begins with its first address, none is private, and together they do not cover everything.

    Source: IAM User Guide, "AWS global condition context keys", aws:SourceIp: "can only be used for public IP address
    ranges".
    """
    each(public_range)(key, value)
    ranges = _networks(*map(str, value)) if isinstance(value, Sequence) else []
    for whole in _ALL_ADDRESSES:
        covered = [network for network in (*ranges, *_NOT_CALLERS) if network.version == whole.version]
        if any(_is_within(whole, joined) for joined in ipaddress.collapse_addresses(covered)):  # type: ignore[type-var]
            raise InvalidValue(key, value, "together they are all public addresses, which would not restrict anything")


def public_range(key: str, value: object) -> None:
    """Check a range in CIDR notation, some of whose addresses have to be public."""
    try:
        network = ipaddress.ip_network(value) if isinstance(value, str) and _RANGE.fullmatch(value) else None
    except ValueError:
        network = None
    if network is None or network.prefixlen == 0:
        rule = "write a range like 203.0.113.0/24 or 2001:db8::/32; 0.0.0.0/0 would not restrict anything"
        raise InvalidValue(key, value, rule)
    if any(_is_within(network, private) for private in _PRIVATE):
        raise InvalidValue(key, value, "AWS sees public addresses only, so a private range lets nobody in")


def _is_within(inner: _Network, outer: _Network) -> bool:
    return inner.version == outer.version and int(outer[0]) <= int(inner[0]) and int(inner[-1]) <= int(outer[-1])


def tags(key: str, value: object) -> None:
    """Check at most 50 tags. Source: IAM User Guide, "Tags for AWS Identity and Access Management resources"."""
    if not isinstance(value, Mapping) or len(value) > _MOST_TAGS:
        raise InvalidValue(key, value, f"write at most {_MOST_TAGS} tags, each as name: value")
    _check_distinct_names(key, value)
    for name, text in value.items():
        _tag(name, f"{key}.{name}", text)


def session_tags(key: str, value: object) -> None:
    """Check at most 50 tags, each with its values. Source: IAM User Guide, "Pass session tags in AWS STS"."""
    if not isinstance(value, Mapping) or not 1 <= len(value) <= _MOST_TAGS:
        raise InvalidValue(key, value, f"write 1 to {_MOST_TAGS} tags, each as name: [values that it may have]")
    _check_distinct_names(key, value)
    for name, texts in value.items():
        each(partial(_tag, name))(f"{key}.{name}", texts)


_MOST_TAGS = 50
_TAG_CHARACTERS = r"[\w .:/=+@-]"


def _check_distinct_names(key: str, names: Mapping[object, object]) -> None:
    seen: dict[str, object] = {}
    for name in names:
        first = seen.setdefault(str(name).casefold(), name)
        if first is not name:
            raise InvalidValue(key, name, f"{first!r} differs only in case, which does not matter in a tag's name")


def _tag(name: object, key: str, value: object) -> None:
    if not isinstance(name, str) or not re.fullmatch(rf"(?!(?i:aws:)){_TAG_CHARACTERS}{{1,128}}", name):
        rule = "a tag's name has 1 to 128 letters, digits, spaces or _.:/=+-@ and does not begin with aws:"
        raise InvalidValue(key, name, rule)
    if is_pending(value):
        return
    if not isinstance(value, str) or not re.fullmatch(rf"{_TAG_CHARACTERS}{{0,256}}", value):
        raise InvalidValue(key, value, "a tag's value has at most 256 letters, digits, spaces or _.:/=+-@")


def check_partition(key: str, value: object, partition: str) -> None:
    """Check that an ARN, or each ARN of a list, is in a partition. An ARN of another partition matches nothing."""
    if isinstance(value, str):
        if value.split(":")[1] != partition:
            raise InvalidValue(key, value, f"it is in another partition; here ARNs begin with arn:{partition}:")
    elif isinstance(value, Sequence):
        for index, arn in enumerate(value):
            check_partition(f"{key}[{index}]", arn, partition)


def each(rule: Rule, least: Literal[0, 1] = 1) -> Rule:
    """Return a rule for a list of at least this many values that each keep the rule."""

    def check_list(key: str, value: object) -> None:
        if is_pending(value):
            return
        if not isinstance(value, Sequence) or isinstance(value, str) or len(value) < least:
            allowed = "write a list with at least one entry, or leave it out" if least else "write a list"
            raise InvalidValue(key, value, allowed)
        for index, item in enumerate(value):
            rule(f"{key}[{index}]", item)

    return check_list


def one_of(*allowed: str) -> Rule:
    """Return a rule for one of a few words."""

    def check(key: str, value: object) -> None:
        if value not in allowed:
            raise InvalidValue(key, value, f"write one of {', '.join(allowed)}")

    return check


def seconds(least: int, most: int) -> Rule:
    """Return a rule for a whole number of seconds."""

    def check(key: str, value: object) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise InvalidValue(key, value, f"write whole seconds, {least} to {most}")

    return check
