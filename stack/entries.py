"""The entries of a stack's file: their keys, and how they are read.

The keys are the components' arguments in camelCase, as is usual in YAML; ``roles[0].trustedAccountId`` is
``ReadWriteBucketRoleArgs.trusted_account_id``. `make docs` makes the tables in docs/configuration.md from the
docstrings of the entries.
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
    """An entry of ``roles``: a role, and whether to make its bucket."""

    create_bucket: NotRequired[bool]
    """``false``: the buckets exist already and somebody else looks after them, perhaps in another account. Default:
    true.
    """


class GranteeEntry(TypedDict):
    """An entry of ``granteeRoles``: an existing role of this account, and the roles that it may or may not assume."""

    name: str
    """The name of the group; under ``granteeRoles``, of the existing role."""
    allow: NotRequired[list[object]]
    """The roles that may be assumed: ``stack/role``, ``project/stack/role`` or ``organization/project/stack/role``, or
    an ARN for a role that no stack exports. With an end: ``{role: production/UpdateApp, until:
    "2027-01-31T18:00:00Z"}``; sessions that began before it run to their end, and ``pulumi preview`` warns once it is
    past. Give ``allow``, ``deny`` or both.
    """
    deny: NotRequired[list[object]]
    """The roles that may not be assumed, whatever else allows it. Same syntax, without an end."""
    allow_policy_prefix: NotRequired[str]
    """The beginning of the allowing inline policies' names. The roles' stack follows, or their account's id for an ARN.
    Default: ``allow-assume-S3-role-in-``.
    """
    deny_policy_prefix: NotRequired[str]
    """The beginning of the denying inline policies' names. Default: ``deny-assume-S3-role-in-``."""
    session_tags: NotRequired[bool]
    """A session may carry tags. The role decides which ones. Default: false."""


class GroupEntry(GranteeEntry):
    """An entry of ``groups``: a group of this account, and the roles that its members may or may not assume."""

    bind_session_name: NotRequired[bool]
    """A session has to be named after the user who begins it. Default: false."""
    source_identity: NotRequired[bool]
    """A session may carry a source identity: the user's name and no other. Default: false."""
    create_group: NotRequired[bool]
    """``false``: the group exists already and somebody else looks after it. Default: true."""
    renamed_from: NotRequired[str]
    """The group's old name. The group is renamed in place and keeps its members and policies. Afterwards the key may
    stay or go.
    """
    members: NotRequired[list[str]]
    """The user names of all members; ``[]`` means nobody. ``pulumi preview`` names other users in the group, and
    ``pulumi up --refresh`` removes them. Default: members are left alone.
    """


class PermissionSetEntry(TypedDict):
    """An entry of ``permissionSets``: a permission set, and the roles that its people may or may not assume."""

    name: str
    """The name of the permission set."""
    allow: NotRequired[list[object]]
    """The roles that may be assumed. Same syntax as for a group."""
    deny: NotRequired[list[object]]
    """The roles that may not be assumed, whatever else allows it. Same syntax as for a group."""
    session_tags: NotRequired[bool]
    """A session may carry tags. The role decides which ones. Default: false."""


class KnownPrincipalEntry(TypedDict):
    """An entry of ``knownPrincipals``: users or roles of this account whose access is intended."""

    principal: str
    """The ARN of a user or role of this account. ``*`` matches any characters of path and name, ``?`` one."""
    reason: str
    """Why the access is intended, for readers of the reports."""
    until: NotRequired[str]
    """The moment (UTC) from which the proof warns again. Default: never."""


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
