"""What a stack's YAML file asks for, checked as a whole before any resource is registered.

The entries' keys are the components' arguments in camelCase, as is usual in YAML; ``roles[0].trustedAccountId`` is
``ReadWriteBucketRoleArgs.trusted_account_id``.
"""

import inspect
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NotRequired, TypedDict, TypeVar, Union, cast, get_args, get_origin

import pulumi
from pulumi.runtime import config as runtime_config

from components import ReadWriteBucketRoleArgs
from components.bucket_access import bucket_names
from components.group_assume_policy import GrantOptions
from components.policies import Effect
from components.read_write_bucket_role import check_role_args, default_policy_name
from components.validation import (
    InvalidValue,
    check_account_id,
    check_bucket_name,
    check_group_name,
    check_policy_name,
    check_role_name,
    check_user_name,
    each,
)
from stack.references import RoleReference, parse_role_reference


class RoleEntry(ReadWriteBucketRoleArgs):
    """An entry of ``roles``: a role, and whether its bucket is to be made too."""

    create_bucket: NotRequired[bool]
    """``false`` where the buckets exist already and are looked after elsewhere. ``true`` by default."""


class GranteeEntry(TypedDict):
    """An entry of ``granteeRoles``: a role of this account, and the roles of other accounts that it is about."""

    name: str
    """The name of the group or role."""
    allow: NotRequired[list[str]]
    """Roles that may be assumed, each written ``stack/role``."""
    deny: NotRequired[list[str]]
    """Roles that may not be assumed, whatever else allows it, each written ``stack/role``."""
    allow_policy_prefix: NotRequired[str]
    """What the names of the allowing inline policies begin with; the roles' stack follows."""
    deny_policy_prefix: NotRequired[str]
    """What the names of the denying inline policies begin with; the roles' stack follows."""
    session_tags: NotRequired[bool]
    """Whether a session that is allowed may carry tags. ``false`` by default."""


class GroupEntry(GranteeEntry, GrantOptions):
    """An entry of ``groups``: a group of this account, and the roles of other accounts that it is about."""

    create_group: NotRequired[bool]
    """``false`` where the group exists already and is looked after elsewhere. ``true`` by default."""
    renamed_from: NotRequired[str]
    """The group's name before: the group is renamed in place, with its members and all that it has."""
    members: NotRequired[list[str]]
    """The names of the users who are to be the group's members, and nobody else. Left alone by default."""


class GrantArgs(GrantOptions):
    """The arguments of a :class:`GroupAssumePolicy` but for the grantee and the roles."""

    effect: Effect
    policy_name: str


Kind = Literal["group", "role"]
"""The kinds of grantees."""


@dataclass(frozen=True)
class Grant:
    """One inline policy of a grantee: what it says about the roles of one stack."""

    name: str
    """Its logical name."""
    renamed_from: str | None
    """Its logical name before its group was renamed."""
    effect: Effect
    policy_name: str
    roles: tuple[RoleReference, ...]
    options: GrantOptions

    @property
    def args(self) -> GrantArgs:
        """What the file decides of the component's arguments."""
        return {**self.options, "effect": self.effect, "policy_name": self.policy_name}


@dataclass(frozen=True)
class Grantee:
    """A group or role of this account, and what it is allowed and denied."""

    kind: Kind
    name: str
    grants: tuple[Grant, ...]
    create: bool = False
    """Whether it is to be made."""
    renamed_from: str | None = None
    """The name that a group had before."""
    members: tuple[str, ...] | None = None
    """A group's members, if this stack says who they are."""


@dataclass(frozen=True)
class Settings:
    """All that a stack is to contain."""

    buckets: tuple[str, ...]
    """The buckets to make."""
    roles: tuple[ReadWriteBucketRoleArgs, ...]
    roles_on_existing_buckets: tuple[str, ...]
    """The names of those whose buckets are looked after elsewhere."""
    grantees: tuple[Grantee, ...]
    """The groups first."""


_ONLY_ROLE = "UpdateApp"
"""The name of a stack's only role where the file lists none."""

_OF_THE_ONLY_ROLE = {
    "bucket": ("buckets", check_bucket_name),
    "trusted_account_id": ("trusted_account_ids", check_account_id),
}
"""What may be said of a stack's only role outside of ``roles``, where ``pulumi new`` and ``pulumi config set`` can put
it: what it stands in place of, and what is allowed."""


def load_settings() -> Settings:
    """Read and check the configuration of the stack that is running.

    Raises:
        InvalidValue: something is missing, unknown or not allowed; the message names the key.
    """
    _check_allowed_account_ids()
    known = ("roles", "groups", "granteeRoles")
    answers = tuple(camel_case(key) for key in _OF_THE_ONLY_ROLE)
    _check_keys(pulumi.get_project(), _own_config_keys(), required=(), known=known + answers)
    role_entries = _with_answers(_read_entries("roles", RoleEntry))
    group_entries = _read_entries("groups", GroupEntry)
    grantee_entries = _read_entries("granteeRoles", GranteeEntry)
    if not role_entries and not group_entries and not grantee_entries:
        raise InvalidValue(
            _key("roles"), [], f"stack {pulumi.get_stack()} has none of {', '.join(known)}; give it some"
        )
    settings = Settings(
        roles=tuple(_role(path, entry) for path, entry in role_entries.items()),
        buckets=_buckets_to_create(role_entries),
        roles_on_existing_buckets=tuple(
            entry["name"] for entry in role_entries.values() if not entry.get("create_bucket", True)
        ),
        grantees=(
            *(_group(path, entry) for path, entry in group_entries.items()),
            *(_grantee_role(path, entry) for path, entry in grantee_entries.items()),
        ),
    )
    _check_distinct("name", {f"{path}.name": entry["name"] for path, entry in role_entries.items()})
    _check_distinct(
        "policyName",
        {
            f"{path}.policyName": entry.get("policy_name", default_policy_name(entry["name"]))
            for path, entry in role_entries.items()
        },
    )
    _check_distinct(
        "name", {f"{path}.name": entry["name"] for path, entry in {**group_entries, **grantee_entries}.items()}
    )
    _check_renames(group_entries)
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


def _with_answers(entries: dict[str, RoleEntry]) -> dict[str, RoleEntry]:
    """The entries of ``roles`` with what is said of the only one outside of them, which goes before."""
    for key, (in_place_of, check) in _OF_THE_ONLY_ROLE.items():
        value = pulumi.Config().get(camel_case(key))
        if not value:
            continue
        check(_key(camel_case(key)), value)
        if len(entries) > 1:
            raise InvalidValue(_key(camel_case(key)), value, "it is for a stack of one role; write it into roles")
        for path, entry in (entries or {f"{_key('roles')}[0]": RoleEntry(name=_ONLY_ROLE)}).items():
            kept = {name: said for name, said in entry.items() if name != in_place_of}
            entries = {path: cast(RoleEntry, {**kept, key: value})}
    return entries


def _buckets_to_create(entries: Mapping[str, RoleEntry]) -> tuple[str, ...]:
    create: dict[str, bool] = {}
    for path, entry in entries.items():
        wanted = entry.get("create_bucket", True)
        for bucket in bucket_names(entry):
            if create.setdefault(bucket, wanted) != wanted:
                raise InvalidValue(
                    f"{path}.createBucket", wanted, f"another role says otherwise of the same bucket, {bucket!r}"
                )
    return tuple(bucket for bucket, wanted in create.items() if wanted)


def _role(path: str, entry: RoleEntry) -> ReadWriteBucketRoleArgs:
    role = {key: value for key, value in entry.items() if key != "create_bucket"}
    try:
        check_role_args(role)
    except InvalidValue as error:
        argument, dot, tag = error.key.partition(".")
        key = f"{path}.{camel_case(argument)}{dot}{tag}"  # a tag's name stays as it is
        raise InvalidValue(key, error.value, camel_case(error.allowed)) from None
    if "external_id" in role and runtime_config.is_config_secret(_key("roles")):
        role["external_id"] = pulumi.Output.secret(role["external_id"])
    return cast(ReadWriteBucketRoleArgs, role)


def _group(path: str, entry: GroupEntry) -> Grantee:
    check_group_name(f"{path}.name", entry["name"])
    create, renamed_from = entry.get("create_group", True), entry.get("renamed_from")
    if renamed_from is not None:
        check_group_name(f"{path}.renamedFrom", renamed_from)
        if not create:
            raise InvalidValue(f"{path}.renamedFrom", renamed_from, "createGroup is false: rename it where it is made")
    if "members" in entry:
        each(check_user_name, least=0)(f"{path}.members", entry["members"])
    members = tuple(entry["members"]) if "members" in entry else None
    return Grantee("group", entry["name"], tuple(_grants(path, entry)), create, renamed_from, members)


def _grantee_role(path: str, entry: GranteeEntry) -> Grantee:
    check_role_name(f"{path}.name", entry["name"])
    return Grantee("role", entry["name"], tuple(_grants(path, entry)))


def _grants(path: str, entry: GranteeEntry | GroupEntry) -> list[Grant]:
    """One grant for each effect and stack. The options are about what is allowed."""
    names = ("bind_session_name", "source_identity", "session_tags")
    allow_options = cast(GrantOptions, {name: True for name in names if entry.get(name)})
    allowed = _references(f"{path}.allow", entry.get("allow", []))
    denied = _references(f"{path}.deny", entry.get("deny", []))
    for reference, key in denied.items():
        if reference in allowed:
            raise InvalidValue(key, str(reference), f"{allowed[reference]} names the same role; remove one of the two")
    if not allowed and not denied:
        raise InvalidValue(f"{path}.allow", [], "name at least one role under allow or deny")
    sides: list[tuple[Effect, str, str, Iterable[RoleReference], GrantOptions]] = [
        (
            "Allow",
            "allowPolicyPrefix",
            entry.get("allow_policy_prefix", "allow-assume-S3-role-in-"),
            allowed,
            allow_options,
        ),
        ("Deny", "denyPolicyPrefix", entry.get("deny_policy_prefix", "deny-assume-S3-role-in-"), denied, {}),
    ]
    grants = [
        _grant(entry, effect, prefix + stack, roles, options)
        for effect, key, prefix, references, options in sides
        for stack, roles in _by_stack(f"{path}.{key}", prefix, references).items()
    ]
    _check_distinct("name of an inline policy", {f"{path}: {grant.effect}": grant.policy_name for grant in grants})
    return grants


def _references(path: str, texts: Iterable[str]) -> dict[RoleReference, str]:
    """The roles that are named, and where each stands."""
    keys = {f"{path}[{index}]": text for index, text in enumerate(texts)}
    return {parse_role_reference(key, text): key for key, text in keys.items()}


def _grant(
    entry: GranteeEntry | GroupEntry,
    effect: Effect,
    policy_name: str,
    roles: Sequence[RoleReference],
    options: GrantOptions,
) -> Grant:
    old = entry.get("renamed_from")
    return Grant(
        name=f"{entry['name']}-{policy_name}",
        renamed_from=f"{old}-{policy_name}" if old else None,
        effect=effect,
        policy_name=policy_name,
        roles=tuple(roles),
        options=options,
    )


def _by_stack(key: str, prefix: str, references: Iterable[RoleReference]) -> dict[str, list[RoleReference]]:
    """Return the roles by the name of their stack, which stands at the end of the inline policy's name."""
    by_stack: dict[str, list[RoleReference]] = {}
    for reference in references:
        by_stack.setdefault(reference.stack, []).append(reference)
    for stack in by_stack:
        check_policy_name(key, prefix + stack)
    return by_stack


def _check_renames(entries: Mapping[str, GroupEntry]) -> None:
    """Check that each old name stands for one group, and for none that is still there."""
    names = {entry["name"].casefold(): path for path, entry in entries.items()}
    for path, entry in entries.items():
        old = entry.get("renamed_from")
        if old is not None and old.casefold() in names and old != entry["name"]:
            where = names[old.casefold()]
            raise InvalidValue(f"{path}.renamedFrom", old, f"{where} still has that name; rename one of the two first")
    renamed = {
        f"{path}.renamedFrom": entry["renamed_from"] for path, entry in entries.items() if "renamed_from" in entry
    }
    _check_distinct("renamedFrom", renamed)


def _check_distinct(what: str, values: Mapping[str, str]) -> None:
    """IAM's names are unique without regard to case ("IAM identifiers", IAM User Guide)."""
    seen: dict[str, str] = {}
    for key, value in values.items():
        first = seen.setdefault(value.casefold(), key)
        if first != key:
            raise InvalidValue(key, value, f"{first} is the same but for case at most; give each its own {what}")


_Entry = TypeVar("_Entry", RoleEntry, GroupEntry, GranteeEntry)


def _read_entries(name: str, entry_type: type[_Entry]) -> dict[str, _Entry]:
    """The entries of a configured list, by where each stands, with the keys that their type declares."""
    values = pulumi.Config().get_object(name) or []
    path = _key(name)
    if not isinstance(values, list):
        raise InvalidValue(path, values, "write a list")
    entries = {f"{path}[{index}]": value for index, value in enumerate(values)}
    return {at: _read_entry(at, value, entry_type) for at, value in entries.items()}


def _read_entry(path: str, value: object, entry_type: type[_Entry]) -> _Entry:
    declared = inspect.get_annotations(entry_type)  # a TypedDict's hold those of its bases
    fields = {camel_case(name): name for name in declared}
    if not isinstance(value, dict):
        raise InvalidValue(path, value, f"write a mapping with the keys {', '.join(fields)}")
    required = [camel_case(name) for name, hint in declared.items() if get_origin(hint) is not NotRequired]
    _check_keys(path, value, required=required, known=fields)
    for key, item in value.items():
        _check_type(f"{path}.{key}", item, declared[fields[key]])
    return cast(_Entry, {fields[key]: item for key, item in value.items()})


def _check_keys(path: str, keys: Collection[str], required: Collection[str], known: Collection[str]) -> None:
    separator = "." if path.endswith("]") else ":"
    for key in keys:
        if key not in known:
            raise InvalidValue(f"{path}{separator}{key}", key, f"the keys are {', '.join(known)}")
    for key in required:
        if key not in keys:
            raise InvalidValue(f"{path}{separator}{key}", None, "it is missing and has no default; add it")


def _check_type(key: str, value: object, declared: object) -> None:
    """Check that YAML gave what the field declares. ``pulumi.Input[X]`` is an X here: YAML has no outputs."""
    while get_origin(declared) in (NotRequired, Union):
        declared = get_args(declared)[0]
    if declared is bool:
        if not isinstance(value, bool):
            raise InvalidValue(key, value, "write true or false")
    elif declared is int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise InvalidValue(key, value, "write a whole number")
    elif declared is str:
        if not isinstance(value, str):
            raise InvalidValue(key, value, "write text; a number needs quotes to be text")
    elif get_origin(declared) in (list, Sequence):
        if not isinstance(value, list):
            raise InvalidValue(key, value, "write a list")
        for index, item in enumerate(value):
            _check_type(f"{key}[{index}]", item, get_args(declared)[0])
    elif get_origin(declared) is Mapping:
        if not isinstance(value, dict):
            raise InvalidValue(key, value, "write a mapping, name: value")
        for name, item in value.items():
            _check_type(f"{key}.{name}", item, get_args(declared)[1])
    else:
        raise TypeError(f"{key}: no rule for values of type {declared}")


def _own_config_keys() -> list[str]:
    """The keys of this project that the stack's file has, without the project's name."""
    prefix = f"{pulumi.get_project()}:"
    configured = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    return [key.removeprefix(prefix) for key in configured if key.startswith(prefix)]


def _key(name: str) -> str:
    return f"{pulumi.get_project()}:{name}"


def camel_case(name: str) -> str:
    """An argument's name as it is written in YAML and in outputs."""
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)
