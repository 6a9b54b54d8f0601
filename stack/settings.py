"""What a stack's YAML file asks for, checked as a whole before any resource is registered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypedDict, cast

import pulumi
from pulumi.runtime import config as runtime_config

from components import ApplicationBucketArgs, ReadWriteBucketRoleArgs, rules
from components.bucket_access import bucket_names
from components.policies import Effect
from components.read_write_bucket_role import checked_role_args, default_policy_name
from components.validation import MISSING, UNKNOWN, InvalidValue, check_known
from stack.entries import (
    GranteeEntry,
    GroupEntry,
    RoleEntry,
    at,
    camel_case,
    config_key,
    config_value,
    configured_keys,
    read_entries,
)
from stack.here import own_accounts, own_partition, own_region
from stack.locations import keys_outside_of_config, located
from stack.references import Reference, RoleReference, parse_reference


class GrantOptions(TypedDict, total=False):
    """What may be said beside the roles of an allowance, in the component's words."""

    bind_session_name: bool
    source_identity: bool
    session_tags: bool


class GrantArgs(GrantOptions, total=True):
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
    roles: Mapping[Reference, str]
    """The roles, and where the file names each."""
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
class Bucket:
    """A bucket to make."""

    name: str
    kms_key_arn: str | None
    """The key with which its objects are encrypted, where all of its roles use that one."""

    @property
    def args(self) -> ApplicationBucketArgs:
        """The component's arguments."""
        args: ApplicationBucketArgs = {"name": self.name}
        if self.kms_key_arn:
            args["kms_key_arn"] = self.kms_key_arn
        return args


@dataclass(frozen=True)
class Settings:
    """All that a stack is to contain."""

    buckets: tuple[Bucket, ...]
    roles: tuple[ReadWriteBucketRoleArgs, ...]
    grantees: tuple[Grantee, ...]
    """The groups first."""
    roles_on_existing_buckets: tuple[str, ...] = ()
    """The names of those whose buckets are looked after elsewhere."""
    accounts: Mapping[str, str] = field(default_factory=dict)
    """The accounts that roles of other stacks have to belong to, by stack."""


_LISTS = ("roles", "groups", "granteeRoles")
_ONLY_ROLE = "UpdateApp"
"""The name of a stack's only role where the file lists none."""

_OF_THE_ONLY_ROLE: Mapping[str, tuple[str, rules.Rule]] = {
    "bucket": ("buckets", rules.bucket_name),
    "trusted_account_id": ("trusted_account_ids", rules.account_id),
}
"""What may be said of a stack's only role outside of ``roles``, where ``pulumi new`` and ``pulumi config set`` can put
it: what it stands in place of, and what is allowed."""


def load_settings() -> Settings:
    """Read and check the configuration of the stack that is running.

    Raises:
        InvalidValue: something is missing, unknown or not allowed; the message names the file, the line and the key.
    """
    with located():
        own_accounts()
        own_region()
        _check_keys()
        role_entries = _with_answers(read_entries("roles", RoleEntry))
        group_entries = read_entries("groups", GroupEntry)
        grantee_entries = read_entries("granteeRoles", GranteeEntry)
        if not role_entries and not group_entries and not grantee_entries:
            rule = f"stack {pulumi.get_stack()} needs one of {', '.join(_LISTS)}; to take all out: `pulumi destroy`"
            raise InvalidValue(config_key("roles"), MISSING, rule)
        grantees = (
            *(_group(path, entry) for path, entry in group_entries.items()),
            *(_grantee_role(path, entry) for path, entry in grantee_entries.items()),
        )
        settings = Settings(
            roles=tuple(_role(path, entry) for path, entry in role_entries.items()),
            buckets=_buckets_to_create(role_entries),
            grantees=grantees,
            roles_on_existing_buckets=tuple(
                entry["name"] for entry in role_entries.values() if not entry.get("create_bucket", True)
            ),
            accounts=_accounts(grantees),
        )
        _check_names(role_entries, {**group_entries, **grantee_entries})
        _check_renames(group_entries)
        return settings


def _check_keys() -> None:
    """Check that there are such keys, in the project's name and below ``config``: others would be passed over."""
    known = [*_LISTS, "accounts", *(camel_case(key) for key in _OF_THE_ONLY_ROLE)]
    for key in keys_outside_of_config():
        raise InvalidValue(key, UNKNOWN, "it stands outside of config; indent it below")
    own = [config_key(name) for name in known]
    for key in configured_keys():
        project, _, name = key.partition(":")
        if name in known and project != pulumi.get_project():
            raise InvalidValue(key, UNKNOWN, f"did you mean {config_key(name)}?")
        if project == pulumi.get_project():
            check_known([key], own)


def _accounts(grantees: Iterable[Grantee]) -> dict[str, str]:
    """Return the accounts to which stacks are pinned."""
    path = config_key("accounts")
    accounts = config_value(pulumi.get_project(), "accounts")
    if accounts is None:
        return {}
    if not isinstance(accounts, dict):
        raise InvalidValue(path, accounts, 'write a mapping, e.g. {production: "999999999999"}')
    roles = [role for grantee in grantees for grant in grantee.grants for role in grant.roles]
    names = list(dict.fromkeys(name for role in roles if isinstance(role, RoleReference) for name in role.stack_names))
    for stack, account in accounts.items():
        rules.account_id(f"{path}.{stack}", account)
        if stack not in names:
            rule = f"nothing here names a role of such a stack; there are: {', '.join(names) or 'none'}"
            raise InvalidValue(f"{path}.{stack}", account, rule)
    return accounts


def _with_answers(entries: dict[str, RoleEntry]) -> dict[str, RoleEntry]:
    """Return the entries of ``roles`` with what is said of the only one outside of them, which goes before."""
    for key, (in_place_of, rule) in _OF_THE_ONLY_ROLE.items():
        value = pulumi.Config().get(camel_case(key))
        if not value:
            continue
        where = config_key(camel_case(key))
        rule(where, value)
        if len(entries) > 1:
            raise InvalidValue(where, value, "it is for a stack of one role; write it into roles")
        for path, entry in (entries or {f"{config_key('roles')}[0]": RoleEntry(name=_ONLY_ROLE)}).items():
            kept = {name: said for name, said in entry.items() if name != in_place_of}
            entries = {path: cast(RoleEntry, {**kept, key: value})}
    return entries


def _buckets_to_create(entries: Mapping[str, RoleEntry]) -> tuple[Bucket, ...]:
    create: dict[str, bool] = {}
    keys: dict[str, list[list[str]]] = {}
    for path, entry in entries.items():
        wanted = entry.get("create_bucket", True)
        key_arns = [str(arn) for arn in entry.get("kms_key_arns", ())]
        for index, bucket in enumerate(bucket_names(entry)):
            if wanted:
                rules.new_bucket_name(f"{path}.buckets[{index}]" if "buckets" in entry else f"{path}.bucket", bucket)
            if create.setdefault(bucket, wanted) != wanted:
                raise InvalidValue(
                    f"{path}.createBucket", wanted, f"another role says otherwise of the same bucket, {bucket!r}"
                )
            keys.setdefault(bucket, []).append(key_arns)
        for index, arn in enumerate(key_arns):
            region = arn.split(":")[3]
            if wanted and region != (own_region() or region):
                rule = f"S3 uses keys of a bucket's own region only, and the bucket is made in {own_region()}"
                raise InvalidValue(f"{path}.kmsKeyArns[{index}]", arn, rule)
    return tuple(Bucket(bucket, _default_key(keys[bucket])) for bucket, wanted in create.items() if wanted)


def _default_key(keys_of_roles: Sequence[Sequence[str]]) -> str | None:
    """Return the key that each role of a bucket may use, if it is the only one.

    With several, each client says which one it means; and a role that may not use the default key could not write.
    """
    first = keys_of_roles[0]
    return first[0] if len(first) == 1 and all(keys == first for keys in keys_of_roles) else None


def _role(path: str, entry: RoleEntry) -> ReadWriteBucketRoleArgs:
    said = {key: value for key, value in entry.items() if key != "create_bucket"}
    with at(path):
        role = checked_role_args(said, own_partition())
        boundary = str(role.get("permissions_boundary", ""))
        if boundary and boundary.split(":")[4] not in ("aws", *own_accounts()):
            rule = f"the boundary has to be a policy of this account, {own_accounts()[0]}, or of AWS"
            raise InvalidValue("permissions_boundary", boundary, rule)
    if "external_id" in role and runtime_config.is_config_secret(config_key("roles")):
        role["external_id"] = pulumi.Output.secret(role["external_id"])
    return role


def _group(path: str, entry: GroupEntry) -> Grantee:
    create, renamed_from = entry.get("create_group", True), entry.get("renamed_from")
    if renamed_from is not None and not create:
        raise InvalidValue(f"{path}.renamedFrom", renamed_from, "createGroup is false: rename it where it is made")
    members = tuple(entry["members"]) if "members" in entry else None
    return Grantee("group", entry["name"], tuple(_grants(path, entry)), create, renamed_from, members)


def _grantee_role(path: str, entry: GranteeEntry) -> Grantee:
    return Grantee("role", entry["name"], tuple(_grants(path, entry)))


def _grants(path: str, entry: GranteeEntry | GroupEntry) -> list[Grant]:
    """Return one grant for each effect and stack. The options are about what is allowed."""
    allowed = _references(f"{path}.allow", entry.get("allow", []))
    denied = _references(f"{path}.deny", entry.get("deny", []))
    for reference, key in denied.items():
        if reference in allowed:
            raise InvalidValue(key, str(reference), f"{allowed[reference]} names the same role; remove one of the two")
    if not allowed and not denied:
        raise InvalidValue(f"{path}.allow", MISSING, "name at least one role under allow or deny")
    names = [name for name in GrantOptions.__annotations__ if entry.get(name)]
    for key, roles, where in (
        *((name, allowed, "allow") for name in (*names, "allow_policy_prefix")),
        ("deny_policy_prefix", denied, "deny"),
    ):
        if key in entry and not roles:
            rule = f"there is nothing under {where} that it could be about; remove it, or name a role there"
            raise InvalidValue(f"{path}.{camel_case(key)}", cast(Mapping[str, object], entry)[key], rule)
    options = cast(GrantOptions, dict.fromkeys(names, True))
    sides: list[tuple[Effect, str, str, Mapping[Reference, str], GrantOptions]] = [
        ("Allow", "allowPolicyPrefix", entry.get("allow_policy_prefix", "allow-assume-S3-role-in-"), allowed, options),
        ("Deny", "denyPolicyPrefix", entry.get("deny_policy_prefix", "deny-assume-S3-role-in-"), denied, {}),
    ]
    grants = [
        _grant(entry, effect, prefix + place, roles, said)
        for effect, key, prefix, references, said in sides
        for place, roles in _by_place(f"{path}.{key}", prefix, references).items()
    ]
    _check_distinct("name of an inline policy", {f"{path}: {grant.effect}": grant.policy_name for grant in grants})
    return grants


def _references(path: str, texts: Iterable[str]) -> dict[Reference, str]:
    """Return the roles that are named, and where each stands."""
    keys = {f"{path}[{index}]": text for index, text in enumerate(texts)}
    return {parse_reference(key, text): key for key, text in keys.items()}


def _grant(
    entry: GranteeEntry | GroupEntry,
    effect: Effect,
    policy_name: str,
    roles: Mapping[Reference, str],
    options: GrantOptions,
) -> Grant:
    old = entry.get("renamed_from")
    return Grant(
        name=f"{entry['name']}-{policy_name}",
        renamed_from=f"{old}-{policy_name}" if old else None,
        effect=effect,
        policy_name=policy_name,
        roles=roles,
        options=options,
    )


def _by_place(key: str, prefix: str, references: Mapping[Reference, str]) -> dict[str, dict[Reference, str]]:
    """Return the roles by the name of their stack, or by their account; it ends the inline policy's name."""
    by_place: dict[str, dict[Reference, str]] = {}
    for reference, where in references.items():
        by_place.setdefault(reference.place, {})[reference] = where
    for place in by_place:
        rules.policy_name(key, prefix + place)
    return by_place


def _check_names(roles: Mapping[str, RoleEntry], grantees: Mapping[str, GranteeEntry | GroupEntry]) -> None:
    _check_distinct("name", {f"{path}.name": entry["name"] for path, entry in roles.items()})
    _check_distinct(
        "policyName",
        {
            f"{path}.policyName": entry.get("policy_name", default_policy_name(entry["name"]))
            for path, entry in roles.items()
        },
    )
    _check_distinct("name", {f"{path}.name": entry["name"] for path, entry in grantees.items()})


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
