"""Which grantees of the published roles somebody is, and so which roles are theirs."""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from ..arn import name_of, resource_of
from .callers import Caller, Source
from .published import Grantee, Published

_OF_PERMISSION_SET = re.compile(r"AWSReservedSSO_(.+)_[^_]{16}")
"""Names of permission sets' roles. Source: IAM Identity Center User Guide, "Referencing permission sets in resource
policies"."""

Verdict = Literal["allow", "deny", "nothing", "unknown"]
"""What the stacks say of somebody and a role; unknown where it is not known which groups they are in."""


@dataclass(frozen=True)
class Standing:
    """Somebody, and what they are a member of."""

    caller: Caller
    groups: Sequence[str] | None
    """Their groups, by name; nothing where they can't be read."""

    def here(self, grantees: Iterable[Grantee]) -> list[Grantee]:
        """Return the grantees of their account, and those whose account is not known."""
        return [it for it in grantees if it.account in (None, self.caller.account_id)]

    def own(self, grantees: Iterable[Grantee]) -> list[Grantee]:
        """Return the grantees that they are."""
        return [it for it in self.here(grantees) if self._is(it)]

    def known(self, grantees: Iterable[Grantee]) -> list[Grantee]:
        """Return the grantees that they are, or may be where their groups can't be read."""
        return self.here(grantees) if self.groups is None else self.own(grantees)

    def verdict(self, role_arn: str, published: Published) -> Verdict:
        """Return what the stacks say of them and a role."""
        own = self.own(published.grantees)
        if any(role_arn in it.deny for it in own):
            return "deny"
        if any(role_arn in it.allow for it in own):
            return "allow"
        return "unknown" if self.groups is None else "nothing"

    def _is(self, grantee: Grantee) -> bool:
        role = self.caller.role
        if role is None:
            return grantee.kind == "group" and grantee.name in (self.groups or ())
        match = _OF_PERMISSION_SET.fullmatch(role)
        if match:
            return grantee.kind == "permission set" and grantee.name == match[1]
        return grantee.kind == "role" and name_of(grantee.name) == role


def find_standing(source: Source, caller: Caller) -> Standing:
    """Return what somebody is a member of; it takes the right to ``iam:ListGroupsForUser``, which not everybody has."""
    if not resource_of(caller.arn).startswith("user/"):
        return Standing(caller, ())
    from ..aws_errors import AWS_ERRORS

    with suppress(*AWS_ERRORS):
        listed = source.client("iam").list_groups_for_user(UserName=caller.name)["Groups"]
        return Standing(caller, [group["GroupName"] for group in listed])
    return Standing(caller, None)


def reasons(role_arn: str, published: Published, standing: Standing) -> list[str]:
    """Return why somebody may not assume a role, as far as the published roles tell it; nothing if they do not."""
    role = published.role(role_arn)
    if not role:
        return []
    name, account = name_of(role_arn), standing.caller.account_id
    if role.trusts and account not in role.trusts:
        return [f"{name} trusts {' and '.join(role.trusts)}, and you are of {account}"]
    there = standing.here(published.grantees)
    allowed = [it for it in there if role_arn in it.allow]
    denied = [it for it in there if role_arn in it.deny]
    verdict = standing.verdict(role_arn, published)
    if (not allowed and not denied) or verdict == "allow":
        return []
    found = [f"{name} is allowed to {_listed(allowed)}"]
    if verdict == "unknown":
        if denied:
            found[0] += f", and denied to {_listed(denied)}"
        return [*found, "your groups can't be read"]
    return [_own(role_arn, standing, published), *found]


def _own(role_arn: str, standing: Standing, published: Published) -> str:
    """Return what somebody is, with what is said of the role, e.g. ``your groups: Testers (deny)``."""
    own = standing.own(published.grantees)
    if standing.caller.role:
        said = " (deny)" if any(role_arn in it.deny for it in own) else ""
        return f"you are in role {standing.caller.role}{said}"
    denying = {it.name for it in own if role_arn in it.deny}
    allowing = {it.name for it in own if role_arn in it.allow}
    marks = {name: "deny" if name in denying else "allow" if name in allowing else "" for name in standing.groups or ()}
    if not marks:
        return "you are in no group"
    return "your groups: " + ", ".join(f"{name} ({mark})" if mark else name for name, mark in marks.items())


def _listed(grantees: Sequence[Grantee]) -> str:
    names = [it.name if it.kind == "group" else f"{it.kind} {it.name}" for it in grantees]
    return ", ".join(names) or "nobody of your account"
