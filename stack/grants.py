"""Read the grants of a stack's file: groups, roles and permission sets, and the roles they may or may not assume."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypedDict, cast

from components import rules
from components.policies import Effect
from components.validation import MISSING, InvalidValue, check_known, check_type
from stack.entries import GranteeEntry, GroupEntry, PermissionSetEntry, at, camel_case, read_entries
from stack.references import Reference, parse_reference


class GrantOptions(TypedDict, total=False):
    """The options of an Allow, as component arguments."""

    bind_session_name: bool
    source_identity: bool
    session_tags: bool


class GrantArgs(GrantOptions, total=True):
    """The arguments of a :class:`GroupAssumePolicy`, except the grantee and the roles."""

    effect: Effect
    policy_name: str


Kind = Literal["group", "role", "permission_set"]
"""The kinds of grantees."""


@dataclass(frozen=True)
class Grant:
    """One policy of a grantee, about the roles of one stack or, for a permission set, of all stacks."""

    name: str
    """The logical name."""
    renamed_from: str | None
    """The logical name before its group was renamed."""
    effect: Effect
    policy_name: str
    roles: Mapping[Reference, str]
    """The roles, each with its key in the file."""
    options: GrantOptions = field(default_factory=GrantOptions)
    until: Mapping[Reference, str] = field(default_factory=dict)
    """The moments at which access ends; roles without an end are left out."""

    @property
    def args(self) -> GrantArgs:
        """The component arguments that the file decides."""
        return {**self.options, "effect": self.effect, "policy_name": self.policy_name}

    def has_ended(self, role: Reference, now: datetime) -> bool:
        """Return whether the access to a role has ended."""
        return role in self.until and datetime.fromisoformat(self.until[role]) <= now


@dataclass(frozen=True)
class Grantee:
    """A group, role or permission set of this account, with its grants."""

    kind: Kind
    name: str
    grants: tuple[Grant, ...]
    create: bool = False
    """``True`` for a group that this stack creates."""
    renamed_from: str | None = None
    """A group's old name."""
    members: tuple[str, ...] | None = None
    """A group's members, if this stack manages them."""

    @property
    def title(self) -> str:
        """The name that no other grantee has. A permission set may share the name of a group or role."""
        return f"permission set {self.name}" if self.kind == "permission_set" else self.name


def read_grantees() -> tuple[Grantee, ...]:
    """Return the grantees of the file, groups first.

    Raises:
        InvalidValue: something is missing, unknown or not allowed.
    """
    groups = read_entries("groups", GroupEntry)
    roles = read_entries("granteeRoles", GranteeEntry)
    sets = read_entries("permissionSets", PermissionSetEntry)
    grantees = (
        *(_group(path, entry) for path, entry in groups.items()),
        *(Grantee("role", entry["name"], _inline(path, entry)) for path, entry in roles.items()),
        *(Grantee("permission_set", entry["name"], _managed(path, entry)) for path, entry in sets.items()),
    )
    check_distinct("name", {f"{path}.name": entry["name"] for path, entry in {**groups, **roles}.items()})
    check_distinct("name", {f"{path}.name": entry["name"] for path, entry in sets.items()})
    _check_renames(groups)
    return grantees


def _group(path: str, entry: GroupEntry) -> Grantee:
    create, renamed_from = entry.get("create_group", True), entry.get("renamed_from")
    if renamed_from is not None and not create:
        raise InvalidValue(f"{path}.renamedFrom", renamed_from, "createGroup is false; rename it where it is created")
    members = tuple(entry["members"]) if "members" in entry else None
    return Grantee("group", entry["name"], _inline(path, entry), create, renamed_from, members)


@dataclass(frozen=True)
class _Roles:
    """The roles of an entry, each with its key in the file."""

    allowed: Mapping[Reference, str]
    denied: Mapping[Reference, str]
    until: Mapping[Reference, str]
    options: GrantOptions
    """The options of the Allow."""


def _roles(path: str, entry: GranteeEntry | GroupEntry | PermissionSetEntry) -> _Roles:
    allowed, until = _listed_roles(f"{path}.allow", entry.get("allow", []))
    denied, ends_of_denied = _listed_roles(f"{path}.deny", entry.get("deny", []))
    for reference, moment in ends_of_denied.items():
        raise InvalidValue(f"{denied[reference]}.until", moment, "a Deny has no end; write the role alone, as text")
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
            rule = f"it needs a role under {where}; name one there, or remove the key"
            raise InvalidValue(f"{path}.{camel_case(key)}", cast(Mapping[str, object], entry)[key], rule)
    return _Roles(allowed, denied, until, cast(GrantOptions, dict.fromkeys(names, True)))


def _listed_roles(path: str, items: Sequence[object]) -> tuple[dict[Reference, str], dict[Reference, str]]:
    """Return the roles of a list, each with its key, and the moments at which access to some of them ends."""
    where: dict[Reference, str] = {}
    until: dict[Reference, str] = {}
    for index, item in enumerate(items):
        key = f"{path}[{index}]"
        role, moment = _dated(key, item) if isinstance(item, Mapping) else (item, None)
        check_type(key, role, str)
        reference = parse_reference(key, str(role))
        if reference in where and moment != until.get(reference):
            raise InvalidValue(key, str(reference), f"{where[reference]} names it too, with another end; remove one")
        where[reference] = key
        if moment is not None:
            until[reference] = moment
    return where, until


def _dated(key: str, item: Mapping[str, object]) -> tuple[object, str]:
    with at(key):
        check_known(item, ["role", "until"])
        for name in ("role", "until"):
            if item.get(name) is None:
                raise InvalidValue(name, MISSING, "write {role: stack/role, until: '2027-01-31T18:00:00Z'}")
        rules.moment("until", item["until"])
    return item["role"], str(item["until"])


def _inline(path: str, entry: GranteeEntry | GroupEntry) -> tuple[Grant, ...]:
    """Return the inline policies of a group or role: one grant for each effect and stack."""
    roles = _roles(path, entry)
    old = entry.get("renamed_from")
    sides: list[tuple[Effect, str, str, Mapping[Reference, str]]] = [
        ("Allow", "allowPolicyPrefix", entry.get("allow_policy_prefix", "allow-assume-S3-role-in-"), roles.allowed),
        ("Deny", "denyPolicyPrefix", entry.get("deny_policy_prefix", "deny-assume-S3-role-in-"), roles.denied),
    ]
    grants = tuple(
        _grant(roles, effect, prefix + place, own, entry["name"], str(old) if old else None)
        for effect, key, prefix, references in sides
        for place, own in _by_place(f"{path}.{key}", prefix, references).items()
    )
    check_distinct("name of an inline policy", {f"{path}: {grant.effect}": grant.policy_name for grant in grants})
    return grants


def _managed(path: str, entry: PermissionSetEntry) -> tuple[Grant, ...]:
    """Return the managed policies of a permission set: one grant for each effect, with the name that it references."""
    roles = _roles(path, entry)
    sides: list[tuple[Effect, str, Mapping[Reference, str]]] = [
        ("Allow", f"allow-assume-roles-{entry['name']}", roles.allowed),
        ("Deny", f"deny-assume-roles-{entry['name']}", roles.denied),
    ]
    return tuple(_grant(roles, effect, name, own) for effect, name, own in sides if own)


def _grant(
    roles: _Roles,
    effect: Effect,
    policy_name: str,
    own: Mapping[Reference, str],
    grantee: str | None = None,
    old_grantee: str | None = None,
) -> Grant:
    """Return a grant. An inline policy's name is not unique, so its logical name begins with the grantee."""
    return Grant(
        name=f"{grantee}-{policy_name}" if grantee else policy_name,
        renamed_from=f"{old_grantee}-{policy_name}" if old_grantee else None,
        effect=effect,
        policy_name=policy_name,
        roles=own,
        options=roles.options if effect == "Allow" else {},
        until={role: moment for role, moment in roles.until.items() if effect == "Allow" and role in own},
    )


def _by_place(key: str, prefix: str, references: Mapping[Reference, str]) -> dict[str, dict[Reference, str]]:
    """Return the roles by stack name, or by account for ARNs: the end of the inline policy's name."""
    by_place: dict[str, dict[Reference, str]] = {}
    for reference, where in references.items():
        by_place.setdefault(reference.place, {})[reference] = where
    for place in by_place:
        rules.policy_name(key, prefix + place)
    return by_place


def _check_renames(entries: Mapping[str, GroupEntry]) -> None:
    """Check that each old name belongs to one group, and to none that still exists."""
    names = {entry["name"].casefold(): path for path, entry in entries.items()}
    for path, entry in entries.items():
        old = entry.get("renamed_from")
        if old is not None and old.casefold() in names and old != entry["name"]:
            where = names[old.casefold()]
            raise InvalidValue(f"{path}.renamedFrom", old, f"{where} still has that name; rename one of the two first")
    renamed = {
        f"{path}.renamedFrom": entry["renamed_from"] for path, entry in entries.items() if "renamed_from" in entry
    }
    check_distinct("renamedFrom", renamed)


def check_distinct(what: str, values: Mapping[str, str]) -> None:
    """Check that names differ in more than case, as IAM demands ("IAM identifiers", IAM User Guide)."""
    seen: dict[str, str] = {}
    for key, value in values.items():
        first = seen.setdefault(value.casefold(), key)
        if first != key:
            raise InvalidValue(key, value, f"{first} is the same, apart from case; give each its own {what}")
