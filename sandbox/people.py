"""The sandbox's own people: one user for each group in the files, to test the roles."""

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
    """The full name of the group's stack."""
    account_id: str
    name: str
    groups: frozenset[str]
    """The groups to which the sandbox adds the person."""
    memberships: frozenset[str] = frozenset()
    """The groups whose ``members`` name the person; the program adds the person to these."""


def people_of(stacks: Iterable[Stack]) -> list[Person]:
    """Return the people of the stacks' groups; a group's ``members`` replace the sandbox's choice."""
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
    """A group that a file has, or renames."""

    account_id: str
    name: str
    members: Sequence[object] | None
    """``None``: the file does not manage them; here the sandbox does."""


def named_groups(stacks: Iterable[Stack]) -> list[NamedGroup]:
    """Return the groups in the files, under their present and former names."""
    return [
        NamedGroup(stack.account_id, entry[key], entry.get("members"))
        for stack in stacks
        for _, entry in stack.entries("groups")
        for key in ("name", "renamedFrom")
        if isinstance(entry.get(key), str)
    ]


def leave_groups(accounts: Accounts, account_id: str, groups: Iterable[NamedGroup]) -> None:
    """Remove the sandbox's own people from groups that no file has: AWS does not delete a group with members.

    The person that the sandbox provides for a group leaves it too once the file lists other members.
    """
    named = {group.name: group.members for group in groups if group.account_id == account_id}
    iam = accounts.administrator(account_id).iam
    for name, user in _users(accounts.administrator(account_id)).items():
        for group in user["GroupList"] if _is_own(user) else ():
            members = named.get(group)
            replaced = isinstance(members, list) and name == _person(group) and name not in members
            if group not in named or replaced:
                iam.remove_user_from_group(UserName=name, GroupName=group)


def update_people(accounts: Accounts, account_id: str, people: Iterable[Person]) -> list[Person]:
    """Create an account's people, add them to their groups if these exist, and delete people that are not needed.

    Returns:
        The sandbox's own people in the account.

    Raises:
        SandboxError: the name of one of them is taken by a user that the sandbox did not create.
    """
    administrator = accounts.administrator(account_id)
    iam = administrator.iam
    users, existing = _users(administrator), _groups(administrator)
    own = []
    for person in people:
        user = users.get(person.name)
        if user and not _is_own(user):
            if person.groups:
                raise SandboxError(
                    f"account {account_id} has a user {person.name} that the sandbox did not create, so nobody can be"
                    f" in {', '.join(sorted(person.groups))}; delete that user, or add it to the group's members"
                )
            continue
        groups = tuple(sorted(person.groups & existing))
        if not user and not groups:
            continue  # the group is not deployed; users under members were created before
        joined = set(user["GroupList"]) if user else set()
        if not user or not user["AttachedManagedPolicies"] or not joined >= set(groups):
            accounts.make(User(person.name, account_id, groups, own=True))
        for group in joined - person.groups - person.memberships:
            iam.remove_user_from_group(UserName=person.name, GroupName=group)
        own.append(person)
    wanted = {person.name for person in people}
    for name, user in users.items():
        if _is_own(user) and name not in wanted:
            accounts.remove(User(name, account_id))
    return own


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
