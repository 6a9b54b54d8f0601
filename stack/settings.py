"""A stack's settings, read from its YAML file and checked as a whole before any resource is registered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import pulumi
from pulumi.runtime import config as runtime_config

from components import ApplicationBucketArgs, ReadWriteBucketRoleArgs, rules
from components.bucket_access import bucket_names
from components.read_write_bucket_role import checked_role_args, default_policy_name
from components.validation import MISSING, UNKNOWN, InvalidValue, check_known
from stack.entries import (
    KnownPrincipalEntry,
    RoleEntry,
    at,
    camel_case,
    config_key,
    config_value,
    configured_keys,
    read_entries,
)
from stack.grants import Grantee, check_distinct, read_grantees
from stack.here import own_accounts, own_partition, own_region
from stack.locations import keys_outside_of_config, located
from stack.references import RoleReference


@dataclass(frozen=True)
class Bucket:
    """A bucket to create."""

    name: str
    kms_key_arn: str | None
    """The key that encrypts its objects, if all of its roles use the same one."""

    @property
    def args(self) -> ApplicationBucketArgs:
        """The component's arguments."""
        args: ApplicationBucketArgs = {"name": self.name}
        if self.kms_key_arn:
            args["kms_key_arn"] = self.kms_key_arn
        return args


@dataclass(frozen=True)
class Settings:
    """The content of a stack."""

    buckets: tuple[Bucket, ...]
    roles: tuple[ReadWriteBucketRoleArgs, ...]
    grantees: tuple[Grantee, ...]
    """The grantees, groups first."""
    roles_on_existing_buckets: tuple[str, ...] = ()
    """The names of roles whose buckets are managed elsewhere."""
    known_principals: tuple[KnownPrincipalEntry, ...] = ()
    """Principals whose access is intended, such as administrators."""
    accounts: Mapping[str, str] = field(default_factory=dict)
    """The accounts to which roles of other stacks have to belong, by stack."""


_LISTS = ("roles", "groups", "granteeRoles", "permissionSets")
_ONLY_ROLE = "UpdateApp"
"""The name of a stack's only role if the file lists none."""

_TEMPLATE_ANSWERS: Mapping[str, tuple[str, rules.Rule]] = {
    "bucket": ("buckets", rules.bucket_name),
    "trusted_account_id": ("trusted_account_ids", rules.account_id),
}
"""Keys about a stack's only role, outside of ``roles``, where ``pulumi new`` and ``pulumi config set`` can write them:
the argument that each replaces, and its rule."""


def load_settings() -> Settings:
    """Read and check the configuration of the stack that is running.

    Raises:
        InvalidValue: something is missing, unknown or not allowed; the message names the file, the line and the key.
    """
    with located():
        own_accounts()
        own_region()
        _check_keys()
        role_entries = _with_template_answers(read_entries("roles", RoleEntry))
        grantees = read_grantees()
        if not role_entries and not grantees:
            rule = f"stack {pulumi.get_stack()} needs one of {', '.join(_LISTS)}; to remove all: `pulumi destroy`"
            raise InvalidValue(config_key("roles"), MISSING, rule)
        settings = Settings(
            roles=tuple(_role(path, entry) for path, entry in role_entries.items()),
            buckets=_buckets_to_create(role_entries),
            grantees=grantees,
            roles_on_existing_buckets=tuple(
                entry["name"] for entry in role_entries.values() if not entry.get("create_bucket", True)
            ),
            known_principals=_known_principals(),
            accounts=_accounts(grantees),
        )
        _check_names(role_entries)
        return settings


def _check_keys() -> None:
    """Check that keys are known, have the project's name and are below ``config``: others would be ignored."""
    known = [*_LISTS, "knownPrincipals", "accounts", *(camel_case(key) for key in _TEMPLATE_ANSWERS)]
    for key in keys_outside_of_config():
        raise InvalidValue(key, UNKNOWN, "it is outside of config; indent it below")
    own = [config_key(name) for name in known]
    for key in configured_keys():
        project, _, name = key.partition(":")
        if name in known and project != pulumi.get_project():
            raise InvalidValue(key, UNKNOWN, f"did you mean {config_key(name)}?")
        if project == pulumi.get_project():
            check_known([key], own)


def _known_principals() -> tuple[KnownPrincipalEntry, ...]:
    entries = read_entries("knownPrincipals", KnownPrincipalEntry)
    for path, entry in entries.items():
        if entry["principal"].split(":")[4] not in own_accounts():
            rule = f"name principals of this account, {own_accounts()[0]}; others belong in the files of their accounts"
            raise InvalidValue(f"{path}.principal", entry["principal"], rule)
        if not entry["principal"].partition("/")[2].strip("*?/"):
            rule = "it matches everybody; name the principals whose access is intended"
            raise InvalidValue(f"{path}.principal", entry["principal"], rule)
    check_distinct("principal", {f"{path}.principal": entry["principal"] for path, entry in entries.items()})
    return tuple(entries.values())


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
            rule = f"no grant here names a role of this stack; named stacks: {', '.join(names) or 'none'}"
            raise InvalidValue(f"{path}.{stack}", account, rule)
    return accounts


def _with_template_answers(entries: dict[str, RoleEntry]) -> dict[str, RoleEntry]:
    """Return the entries of ``roles``; keys outside of them about the only role take precedence."""
    for key, (replaced, rule) in _TEMPLATE_ANSWERS.items():
        value = pulumi.Config().get(camel_case(key))
        if not value:
            continue
        where = config_key(camel_case(key))
        rule(where, value)
        if len(entries) > 1:
            raise InvalidValue(where, value, "it works for a single role only; write it into roles")
        for path, entry in (entries or {f"{config_key('roles')}[0]": RoleEntry(name=_ONLY_ROLE)}).items():
            kept = {name: other for name, other in entry.items() if name != replaced}
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
                    f"{path}.createBucket", wanted, f"another role has the opposite for the same bucket, {bucket!r}"
                )
            keys.setdefault(bucket, []).append(key_arns)
        for index, arn in enumerate(key_arns):
            region = arn.split(":")[3]
            if wanted and region != (own_region() or region):
                rule = f"S3 uses keys of a bucket's own region only, and the bucket is created in {own_region()}"
                raise InvalidValue(f"{path}.kmsKeyArns[{index}]", arn, rule)
    return tuple(Bucket(bucket, _default_key(keys[bucket])) for bucket, wanted in create.items() if wanted)


def _default_key(keys_of_roles: Sequence[Sequence[str]]) -> str | None:
    """Return the key of a bucket's roles, if all have the same single key.

    With several keys, each client names one; and a role that may not use the default key could not write.
    """
    first = keys_of_roles[0]
    return first[0] if len(first) == 1 and all(keys == first for keys in keys_of_roles) else None


def _role(path: str, entry: RoleEntry) -> ReadWriteBucketRoleArgs:
    args = {key: value for key, value in entry.items() if key != "create_bucket"}
    with at(path):
        role = checked_role_args(args, own_partition())
        boundary = str(role.get("permissions_boundary", ""))
        if boundary and boundary.split(":")[4] not in ("aws", *own_accounts()):
            rule = f"the boundary has to be a policy of this account, {own_accounts()[0]}, or of AWS"
            raise InvalidValue("permissions_boundary", boundary, rule)
    if "external_id" in role and runtime_config.is_config_secret(config_key("roles")):
        role["external_id"] = pulumi.Output.secret(role["external_id"])
    return role


def _check_names(roles: Mapping[str, RoleEntry]) -> None:
    check_distinct("name", {f"{path}.name": entry["name"] for path, entry in roles.items()})
    check_distinct(
        "policyName",
        {
            f"{path}.policyName": entry.get("policy_name", default_policy_name(entry["name"]))
            for path, entry in roles.items()
        },
    )
