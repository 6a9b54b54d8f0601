"""The sandbox's own people: one for each group in the files, so that somebody is there to try the roles."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from access.accounts import Session
from access.project.files import Stack
from sandbox.errors import SandboxError
from sandbox.users import PATH, TAG, Accounts, User

_TUTORIAL = {"Developers": "David", "Testers": "Theresa"}
"""The members of the tutorial's groups. Source: IAM tutorial: Delegate access across AWS accounts using IAM roles."""
_MOST_NAME_CHARACTERS = 64  # of a user; a group's may have 128 (IAM User Guide, "IAM and AWS STS quotas")


@dataclass(frozen=True)
class Person:
    """A user that the sandbox provides for a group."""

    stack: str
    """The full name of the stack whose group it is."""
    account_id: str
    name: str
    groups: frozenset[str]
    """The groups that the sandbox puts the person into."""
    memberships: frozenset[str] = frozenset()
    """The groups whose ``members`` name the person: the program puts them there."""


def people_of(stacks: Iterable[Stack]) -> list[Person]:
    """Return the people of the stacks' groups; a group's ``members`` take the place of the sandbox's choice."""
    found: dict[tuple[str, str], Person] = {}
    for stack in stacks:
        for _, entry in stack.entries("groups"):
            group, members = entry.get("name"), entry.get("members")
            if not isinstance(group, str):
                continue
            listed = isinstance(members, list)
            names = members if isinstance(members, list) else [_person(group)]
            for name in names:
                if not isinstance(name, str):
                    continue
                known = found.get((stack.account_id, name))
                first = known.stack if known else stack.full_name
                groups, memberships = (known.groups, known.memberships) if known else (frozenset(), frozenset())
                found[stack.account_id, name] = Person(
                    first,
                    stack.account_id,
                    name,
                    groups if listed else groups | {group},
                    memberships | {group} if listed else memberships,
                )
    return list(found.values())


@dataclass(frozen=True)
class NamedGroup:
    """A group that a file names, or one that it renames."""

    account_id: str
    name: str
    members: Sequence[object] | None
    """``None``: the file leaves them to others, here to the sandbox."""


def named_groups(stacks: Iterable[Stack]) -> list[NamedGroup]:
    """Return the groups that the files name, with those that are to be renamed."""
    return [
        NamedGroup(stack.account_id, entry[key], entry.get("members"))
        for stack in stacks
        for _, entry in stack.entries("groups")
        for key in ("name", "renamedFrom")
        if isinstance(entry.get(key), str)
    ]


def leave_groups(accounts: Accounts, account_id: str, groups: Iterable[NamedGroup]) -> None:
    """Take the sandbox's own people out of groups that no file names: AWS deletes no group that somebody is in.

    The person that the sandbox provides for a group leaves it too once the file lists others.
    """
    named = {group.name: group.members for group in groups if group.account_id == account_id}
    iam = accounts.administrator(account_id).iam
    for name, user in _users(accounts.administrator(account_id)).items():
        for group in user["GroupList"] if _is_own(user) else ():
            members = named.get(group)
            replaced = isinstance(members, list) and name == _person(group) and name not in members
            if group not in named or replaced:
                iam.remove_user_from_group(UserName=name, GroupName=group)


def settle(accounts: Accounts, account_id: str, people: Iterable[Person]) -> list[Person]:
    """Make an account's people, put them into their groups as far as these exist, and remove those of the past.

    Returns:
        The people that are there and are the sandbox's own.

    Raises:
        SandboxError: somebody else's user has the name of one of them.
    """
    administrator = accounts.administrator(account_id)
    iam = administrator.iam
    users, existing = _users(administrator), _groups(administrator)
    there = []
    for person in people:
        user = users.get(person.name)
        if user and not _is_own(user):
            if person.groups:
                raise SandboxError(
                    f"account {account_id} has a user {person.name} that the sandbox did not make, so nobody can be in"
                    f" {', '.join(sorted(person.groups))}; delete that user, or name it under members of the group"
                )
            continue
        groups = tuple(sorted(person.groups & existing))
        if not user and not groups:
            continue  # the group is not deployed; whoever stands under members was made before
        joined = set(user["GroupList"]) if user else set()
        if not user or not user["AttachedManagedPolicies"] or not joined >= set(groups):
            accounts.make(User(person.name, account_id, groups, own=True))
        for group in joined - person.groups - person.memberships:
            iam.remove_user_from_group(UserName=person.name, GroupName=group)
        there.append(person)
    wanted = {person.name for person in people}
    for name, user in users.items():
        if _is_own(user) and name not in wanted:
            accounts.remove(User(name, account_id))
    return there


def _person(group: str) -> str:
    suffix = "-member"
    return _TUTORIAL.get(group, group[: _MOST_NAME_CHARACTERS - len(suffix)] + suffix)


def _is_own(user: Mapping[str, Any]) -> bool:
    return user["Path"] == PATH and TAG in user.get("Tags", [])


def _users(administrator: Session) -> dict[str, Mapping[str, Any]]:
    pages = administrator.iam.get_paginator("get_account_authorization_details").paginate(Filter=["User"])
    return {user["UserName"]: user for page in pages for user in page["UserDetailList"]}


def _groups(administrator: Session) -> set[str]:
    pages = administrator.iam.get_paginator("list_groups").paginate()
    return {group["GroupName"] for page in pages for group in page["Groups"]}
