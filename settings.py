"""What a stack's YAML file asks for, checked as a whole before any resource is registered.

The entries' keys are the components' arguments in camelCase, as is usual in YAML; ``roles[0].trustedAccountId`` is
``ReadWriteBucketRoleArgs.trusted_account_id``.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NotRequired, TypedDict, TypeVar, cast, get_origin, get_type_hints

import pulumi
from pulumi.runtime import config as runtime_config

from components import ReadWriteBucketRoleArgs
from components.policies import Effect
from components.read_write_bucket_role import DEFAULT_POLICY_NAME, check_role_args
from components.validation import InvalidValue, check_account_id, check_group_name, check_policy_name
from role_references import RoleReference, parse_role_reference


class RoleEntry(ReadWriteBucketRoleArgs):
    """An entry of ``roles``: a role, and whether its bucket is to be made too."""

    create_bucket: NotRequired[bool]
    """``false`` where the bucket exists already and is looked after elsewhere. ``true`` by default."""


class GroupEntry(TypedDict):
    """An entry of ``groups``: a group of this account, and the roles of other accounts it is about."""

    name: str
    """The group's name."""
    create_group: NotRequired[bool]
    """``false`` where the group exists already and is looked after elsewhere. ``true`` by default."""
    allow: NotRequired[list[str]]
    """Roles that members may assume, each written ``stack/role``."""
    deny: NotRequired[list[str]]
    """Roles that members may not assume, whatever else allows it, each written ``stack/role``."""
    allow_policy_prefix: NotRequired[str]
    """What the names of the allowing inline policies begin with; the roles' stack follows."""
    deny_policy_prefix: NotRequired[str]
    """What the names of the denying inline policies begin with; the roles' stack follows."""


@dataclass(frozen=True)
class Grant:
    """One inline policy of a group: what it says about the roles of one stack."""

    effect: Effect
    stack: str
    policy_name: str
    roles: tuple[RoleReference, ...]


@dataclass(frozen=True)
class Group:
    """A group, and what it is allowed and denied."""

    name: str
    create: bool
    grants: tuple[Grant, ...]


@dataclass(frozen=True)
class Settings:
    """All that a stack is to contain."""

    buckets: tuple[str, ...]
    """The buckets to make."""
    roles: tuple[ReadWriteBucketRoleArgs, ...]
    groups: tuple[Group, ...]


def load_settings() -> Settings:
    """Read and check the configuration of the stack that is running.

    Raises:
        InvalidValue: something is missing, unknown or not allowed; the message names the key.
    """
    _check_allowed_account_ids()
    _check_keys(pulumi.get_project(), _own_config_keys(), required=(), known=("roles", "groups"))
    role_entries = _read_entries("roles", RoleEntry)
    group_entries = _read_entries("groups", GroupEntry)
    if not role_entries and not group_entries:
        raise InvalidValue(_key("roles"), [], f"stack {pulumi.get_stack()} has no roles and no groups; give it some")
    settings = Settings(
        buckets=_buckets_to_create(role_entries),
        roles=tuple(_role(path, entry) for path, entry in role_entries.items()),
        groups=tuple(_group(path, entry) for path, entry in group_entries.items()),
    )
    _check_distinct("name", {f"{path}.name": entry["name"] for path, entry in role_entries.items()})
    _check_distinct(
        "policyName",
        {f"{path}.policyName": entry.get("policy_name", DEFAULT_POLICY_NAME) for path, entry in role_entries.items()},
    )
    _check_distinct("name", {f"{path}.name": entry["name"] for path, entry in group_entries.items()})
    return settings


def _check_allowed_account_ids() -> None:
    account_ids = pulumi.Config("aws").get_object("allowedAccountIds")
    if not isinstance(account_ids, list) or not account_ids:
        raise InvalidValue(
            "aws:allowedAccountIds",
            account_ids,
            'list the account that this stack may change, e.g. ["111111111111"];'
            " without it, the credentials of a wrong account would change that account",
        )
    for index, account_id in enumerate(account_ids):
        check_account_id(f"aws:allowedAccountIds[{index}]", account_id)


def _buckets_to_create(entries: Mapping[str, RoleEntry]) -> tuple[str, ...]:
    create: dict[str, bool] = {}
    for path, entry in entries.items():
        wanted = entry.get("create_bucket", True)
        if create.setdefault(entry["bucket"], wanted) != wanted:
            raise InvalidValue(
                f"{path}.createBucket", wanted, f"another role says otherwise of the same bucket, {entry['bucket']!r}"
            )
    return tuple(bucket for bucket, wanted in create.items() if wanted)


def _role(path: str, entry: RoleEntry) -> ReadWriteBucketRoleArgs:
    role = {key: value for key, value in entry.items() if key != "create_bucket"}
    try:
        check_role_args(role)
    except InvalidValue as error:
        raise InvalidValue(f"{path}.{_camel_case(error.key)}", error.value, error.allowed) from None
    return cast(ReadWriteBucketRoleArgs, role)


def _group(path: str, entry: GroupEntry) -> Group:
    check_group_name(f"{path}.name", entry["name"])
    allowed = _references(f"{path}.allow", entry.get("allow", []))
    denied = _references(f"{path}.deny", entry.get("deny", []))
    for reference, key in denied.items():
        if reference in allowed:
            raise InvalidValue(key, str(reference), f"{allowed[reference]} names the same role; remove one of the two")
    if not allowed and not denied:
        raise InvalidValue(f"{path}.allow", [], "name at least one role under allow or deny")
    allow_prefix = entry.get("allow_policy_prefix", "allow-assume-S3-role-in-")
    deny_prefix = entry.get("deny_policy_prefix", "deny-assume-S3-role-in-")
    grants = [
        *_grants(f"{path}.allowPolicyPrefix", "Allow", allow_prefix, allowed),
        *_grants(f"{path}.denyPolicyPrefix", "Deny", deny_prefix, denied),
    ]
    _check_distinct("name of an inline policy", {f"{path}: {grant.effect}": grant.policy_name for grant in grants})
    return Group(entry["name"], entry.get("create_group", True), tuple(grants))


def _references(path: str, texts: Iterable[str]) -> dict[RoleReference, str]:
    """The roles that are named, and where each stands."""
    keys = {f"{path}[{index}]": text for index, text in enumerate(texts)}
    return {parse_role_reference(key, text): key for key, text in keys.items()}


def _grants(key: str, effect: Effect, prefix: str, references: Iterable[RoleReference]) -> list[Grant]:
    """One grant a stack: its name stands at the end of the inline policy's."""
    by_stack: dict[str, list[RoleReference]] = {}
    for reference in references:
        by_stack.setdefault(reference.stack, []).append(reference)
    for stack in by_stack:
        check_policy_name(key, prefix + stack)
    return [Grant(effect, stack, prefix + stack, tuple(roles)) for stack, roles in by_stack.items()]


def _check_distinct(what: str, values: Mapping[str, str]) -> None:
    """IAM's names are unique without regard to case ("IAM identifiers", IAM User Guide)."""
    seen: dict[str, str] = {}
    for key, value in values.items():
        first = seen.setdefault(value.casefold(), key)
        if first != key:
            raise InvalidValue(key, value, f"{first} is the same but for case at most; give each its own {what}")


_Entry = TypeVar("_Entry", RoleEntry, GroupEntry)


def _read_entries(name: str, entry_type: type[_Entry]) -> dict[str, _Entry]:
    """The entries of a configured list, by where each stands, with the keys that their type declares."""
    values = pulumi.Config().get_object(name) or []
    path = _key(name)
    if not isinstance(values, list):
        raise InvalidValue(path, values, "write a list")
    entries = {f"{path}[{index}]": value for index, value in enumerate(values)}
    return {at: _read_entry(at, value, entry_type) for at, value in entries.items()}


def _read_entry(path: str, value: object, entry_type: type[_Entry]) -> _Entry:
    fields = {_camel_case(name): name for name in get_type_hints(entry_type)}
    types = get_type_hints(entry_type)
    if not isinstance(value, dict):
        raise InvalidValue(path, value, f"write a mapping with the keys {', '.join(fields)}")
    _check_keys(path, value, required=_required_fields(entry_type), known=fields)
    for key, item in value.items():
        _check_type(f"{path}.{key}", item, types[fields[key]])
    return cast(_Entry, {fields[key]: item for key, item in value.items()})


def _required_fields(entry_type: type) -> list[str]:
    declared = get_type_hints(entry_type, include_extras=True)
    return [_camel_case(name) for name, hint in declared.items() if get_origin(hint) is not NotRequired]


def _check_keys(path: str, keys: Collection[str], required: Collection[str], known: Collection[str]) -> None:
    separator = "." if path.endswith("]") else ":"
    for key in keys:
        if key not in known:
            raise InvalidValue(f"{path}{separator}{key}", key, f"the keys are {', '.join(known)}")
    for key in required:
        if key not in keys:
            raise InvalidValue(f"{path}{separator}{key}", None, "it is missing and has no default; add it")


def _check_type(key: str, value: object, declared: object) -> None:
    if declared is bool:
        if not isinstance(value, bool):
            raise InvalidValue(key, value, "write true or false")
    elif declared is str:
        if not isinstance(value, str):
            raise InvalidValue(key, value, "write text; a number needs quotes to be text")
    elif declared == list[str]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise InvalidValue(key, value, "write a list of texts")
    else:
        raise TypeError(f"{key}: no rule for values of type {declared}")


def _own_config_keys() -> list[str]:
    """The keys of this project that the stack's file has, without the project's name."""
    prefix = f"{pulumi.get_project()}:"
    configured = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    return [key.removeprefix(prefix) for key in configured if key.startswith(prefix)]


def _key(name: str) -> str:
    return f"{pulumi.get_project()}:{name}"


def _camel_case(name: str) -> str:
    return re.sub(r"_(.)", lambda match: match[1].upper(), name)
