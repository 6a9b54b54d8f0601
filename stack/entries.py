"""The entries of a stack's file: which keys there are, and how they are read.

The keys are the components' arguments in camelCase, as is usual in YAML; ``roles[0].trustedAccountId`` is
``ReadWriteBucketRoleArgs.trusted_account_id``.
"""

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NotRequired, TypedDict, TypeVar, cast

import pulumi
from pulumi.runtime import config as runtime_config

from components import ReadWriteBucketRoleArgs, rules
from components.rules import Rule, each
from components.validation import InvalidValue, check_known, checked


class RoleEntry(ReadWriteBucketRoleArgs):
    """An entry of ``roles``: a role, and whether its bucket is to be made too."""

    create_bucket: NotRequired[bool]
    """``false`` where the buckets exist already and are looked after elsewhere. ``true`` by default."""


class GranteeEntry(TypedDict):
    """An entry of ``granteeRoles``: a role of this account, and the roles of other accounts that it is about."""

    name: str
    """The name of the group or role."""
    allow: NotRequired[list[object]]
    """Roles that may be assumed, each ``stack/role`` or an ARN; or ``{role: …, until: …}``: until a moment."""
    deny: NotRequired[list[object]]
    """Roles that may not be assumed, whatever else allows it, each written ``stack/role`` or as an ARN."""
    allow_policy_prefix: NotRequired[str]
    """The beginning of the allowing inline policies' names; the roles' stack follows."""
    deny_policy_prefix: NotRequired[str]
    """The beginning of the denying inline policies' names; the roles' stack follows."""
    session_tags: NotRequired[bool]
    """Whether a session that is allowed may carry tags. ``false`` by default."""


class GroupEntry(GranteeEntry):
    """An entry of ``groups``: a group of this account, and the roles of other accounts that it is about."""

    bind_session_name: NotRequired[bool]
    """Whether a session has to be named after the IAM user who begins it. ``false`` by default."""
    source_identity: NotRequired[bool]
    """Whether a session may carry a source identity: the IAM user's name, no other. ``false`` by default."""
    create_group: NotRequired[bool]
    """``false`` where the group exists already and is looked after elsewhere. ``true`` by default."""
    renamed_from: NotRequired[str]
    """The group's name before: the group is renamed in place, with its members and all that it has."""
    members: NotRequired[list[str]]
    """The names of the users who are to be the group's members, and nobody else. Left alone by default."""


class PermissionSetEntry(TypedDict):
    """An entry of ``permissionSets``: a permission set of IAM Identity Center, and the roles that it is about."""

    name: str
    """The name of the permission set."""
    allow: NotRequired[list[object]]
    """Roles that may be assumed, written as those of a group."""
    deny: NotRequired[list[object]]
    """Roles that may not be assumed, whatever else allows it, written as those of a group."""
    session_tags: NotRequired[bool]
    """Whether a session that is allowed may carry tags. ``false`` by default."""


class KnownPrincipalEntry(TypedDict):
    """An entry of ``knownPrincipals``: users or roles of this account that may reach what the stacks give."""

    principal: str
    """The ARN; ``*`` stands for any characters of path and name, ``?`` for one."""
    reason: str
    """Why that is meant, for whoever reads the reports."""
    until: NotRequired[str]
    """The moment from which it is meant no longer. No end by default."""


Entry = TypeVar("Entry", RoleEntry, GroupEntry, GranteeEntry, PermissionSetEntry, KnownPrincipalEntry)

_RULES: Mapping[type, Mapping[str, Rule]] = {
    RoleEntry: {},  # the component checks these values
    GroupEntry: {
        "name": rules.group_name,
        "renamed_from": rules.group_name,
        "members": each(rules.user_name, least=0),
    },
    GranteeEntry: {"name": rules.changeable_role_name},
    PermissionSetEntry: {"name": rules.permission_set_name},
    KnownPrincipalEntry: {"principal": rules.principal_pattern, "reason": rules.reason, "until": rules.moment},
}


def camel_case(name: str) -> str:
    """Return an argument's name as YAML and outputs have it."""
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


_FIELDS: Mapping[type, Mapping[str, str]] = {
    entry_type: {camel_case(name): name for name in inspect.get_annotations(entry_type)} for entry_type in _RULES
}
"""The fields of each kind of entry, by their keys."""


def read_entries(name: str, entry_type: type[Entry]) -> dict[str, Entry]:
    """Return the entries of a configured list, by path.

    Raises:
        InvalidValue: the value is not a list, or a key or value of an entry is missing, unknown or not allowed.
    """
    path = config_key(name)
    values = config_value(pulumi.get_project(), name)
    if values is None:
        return {}
    if not isinstance(values, list):
        raise InvalidValue(path, values, "write a list")
    return {f"{path}[{index}]": _entry(f"{path}[{index}]", value, entry_type) for index, value in enumerate(values)}


def _entry(path: str, value: object, entry_type: type[Entry]) -> Entry:
    fields = _FIELDS[entry_type]
    if not isinstance(value, dict):
        raise InvalidValue(path, value, f"write a mapping with the keys {', '.join(fields)}")
    with at(path):
        check_known(value, fields)
        for key, item in value.items():
            if item is None:  # a forgotten value must not switch off a restriction
                raise InvalidValue(key, None, "write a value, or remove the key")
        args = {fields[key]: item for key, item in value.items()}
        return cast(Entry, checked(args, entry_type, _RULES[entry_type]))


@contextmanager
def at(path: str) -> Iterator[None]:
    """Report keys as the file has them: below a path, in camelCase."""
    try:
        yield
    except InvalidValue as error:
        argument, dot, rest = error.key.partition(".")  # a tag's name stays as it is
        raise InvalidValue(
            f"{path}.{camel_case(argument)}{dot}{rest}", error.value, camel_case(error.allowed)
        ) from None


def config_value(namespace: str, name: str) -> object:
    """Return a configured list, mapping or text; ``None`` if it is not set."""
    text = pulumi.Config(namespace).get(name)
    try:
        return None if text is None else json.loads(text)
    except ValueError:  # plain text
        return text


def configured_keys() -> list[str]:
    """Return all configured keys, including those of other projects and of providers."""
    return [*runtime_config.get_config_env(), *runtime_config.CONFIG.get()]


def config_key(name: str) -> str:
    """Return the full name of this project's key, as in a stack's file."""
    return f"{pulumi.get_project()}:{name}"
