"""Find which grantees of the team's list a person is, and explain refusals by it."""

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
"""The stacks' answer for a person and a role; unknown if the person's groups are."""


@dataclass(frozen=True)
class Membership:
    """A caller, and the caller's groups."""

    caller: Caller
    groups: Sequence[str] | None
    """Names of groups; nothing if they can't be read."""

    def of_account(self, grantees: Iterable[Grantee]) -> list[Grantee]:
        """Return the grantees of the caller's account, and those of unknown accounts."""
        return [grantee for grantee in grantees if grantee.account in (None, self.caller.account_id)]

    def own(self, grantees: Iterable[Grantee]) -> list[Grantee]:
        """Return the grantees that the caller is."""
        return [grantee for grantee in self.of_account(grantees) if self._is(grantee)]

    def possible(self, grantees: Iterable[Grantee]) -> list[Grantee]:
        """Return the grantees that the caller is, or may be if the groups are unknown."""
        return self.of_account(grantees) if self.groups is None else self.own(grantees)

    def verdict(self, role_arn: str, published: Published) -> Verdict:
        """Return the stacks' answer for the caller and a role."""
        own = self.own(published.grantees)
        if any(role_arn in grantee.deny for grantee in own):
            return "deny"
        if any(role_arn in grantee.allow for grantee in own):
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


def find_membership(source: Source, caller: Caller) -> Membership:
    """Return a caller's groups. This requires ``iam:ListGroupsForUser``, which not everybody has."""
    if not resource_of(caller.arn).startswith("user/"):
        return Membership(caller, ())
    from ..aws_errors import AWS_ERRORS

    with suppress(*AWS_ERRORS):
        listed = source.client("iam").list_groups_for_user(UserName=caller.name)["Groups"]
        return Membership(caller, [group["GroupName"] for group in listed])
    return Membership(caller, None)


def reasons(role_arn: str, published: Published, membership: Membership) -> list[str]:
    """Return why a person may not assume a role, as far as the team's list says."""
    role = published.role(role_arn)
    if not role:
        return []
    name, account = name_of(role_arn), membership.caller.account_id
    if role.trusts and account not in role.trusts:
        return [f"{name} trusts {' and '.join(role.trusts)}, and your account is {account}"]
    grantees = membership.of_account(published.grantees)
    allowed = [grantee for grantee in grantees if role_arn in grantee.allow]
    denied = [grantee for grantee in grantees if role_arn in grantee.deny]
    verdict = membership.verdict(role_arn, published)
    if (not allowed and not denied) or verdict == "allow":
        return []
    lines = [f"{name} is allowed to {_listed(allowed)}"]
    if verdict == "unknown":
        if denied:
            lines[0] += f", and denied to {_listed(denied)}"
        return [*lines, "your groups can't be read"]
    return [_own(role_arn, membership, published), *lines]


def _own(role_arn: str, membership: Membership, published: Published) -> str:
    """Return the person's groups or role, with the effect on the role, e.g. ``your groups: Testers (deny)``."""
    own = membership.own(published.grantees)
    denying = {grantee.name for grantee in own if role_arn in grantee.deny}
    allowing = {grantee.name for grantee in own if role_arn in grantee.allow}
    if membership.caller.role:
        return f"you are in role {membership.caller.role}{' (deny)' if denying else ''}"
    marks = {
        name: "deny" if name in denying else "allow" if name in allowing else "" for name in membership.groups or ()
    }
    if not marks:
        return "you are in no group"
    return "your groups: " + ", ".join(f"{name} ({mark})" if mark else name for name, mark in marks.items())


def _listed(grantees: Sequence[Grantee]) -> str:
    names = [item.name if item.kind == "group" else f"{item.kind} {item.name}" for item in grantees]
    return ", ".join(names) or "nobody in your account"
