"""Derive the principals of a proof, and the roles that each may assume, from the stacks' outputs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from ..arn import account_of, name_of, permission_set_of
from ..stack_outputs import AssumableRoles, StackOutputs
from .matrix import Expected, Principal

MAX_GROUPS = 10
"""The maximum number of groups of a user. Source: IAM User Guide, "IAM and AWS STS quotas"."""


@dataclass(frozen=True)
class Candidate:
    """A principal to test, with details that the proof does not report."""

    principal: Principal
    may_assume_any: bool = False
    """``True`` if it may call ``sts:AssumeRole`` on every role, apart from its groups, as a power user may."""
    role: str | None = None
    """The name of its role, if it is not a user."""
    permission_set: str | None = None
    """The permission set of its role, if it signs in through IAM Identity Center."""
    id: str = ""
    """An id that never changes, unlike the name, e.g. ``development/Testers +power``."""


@dataclass(frozen=True)
class Role:
    """A role in its stack's outputs."""

    arn: str
    options: Mapping[str, Any] = field(default_factory=dict)
    """The role's options in the stack's file."""
    external_id: str | None = field(default=None, repr=False)
    bucket_may_be_elsewhere: bool = False
    """``True`` if its buckets are managed elsewhere, perhaps in another account."""

    @property
    def circumstances(self) -> tuple[str, ...]:
        """Its options that require an address or an organization, which a proof may not have."""
        return tuple(name for name in ("organizationId", "sourceIpRanges") if self.options.get(name))

    @property
    def probed_prefixes(self) -> tuple[str, ...]:
        """The prefixes under which objects are tested; the empty one is the whole bucket."""
        return tuple(dict.fromkeys([*self.options.get("prefixes", ()), ""]))

    @property
    def name(self) -> str:
        """The name, without the path."""
        return name_of(self.arn)

    @property
    def account_id(self) -> str:
        """The id of its account."""
        return account_of(self.arn)

    @property
    def buckets(self) -> tuple[str, ...]:
        """The names of its buckets."""
        bucket = self.options.get("bucket")
        return tuple(dict.fromkeys([*([bucket] if bucket else ()), *self.options.get("buckets", ())]))

    @property
    def trusted_accounts(self) -> tuple[str, ...]:
        """The accounts that it trusts."""
        account = self.options.get("trustedAccountId")
        return tuple(dict.fromkeys([*([account] if account else ()), *self.options.get("trustedAccountIds", ())]))


def roles_of(outputs: StackOutputs) -> list[Role]:
    """Return the roles that a stack exports."""
    return [
        Role(
            arn,
            outputs.role_options.get(name, {}),
            outputs.external_ids.get(name),
            bucket_may_be_elsewhere=name in outputs.on_existing_buckets,
        )
        for name, arn in outputs.role_arns.items()
    ]


def candidates_of(account_id: str, outputs: StackOutputs) -> list[Candidate]:
    """Return the principals to test in an account with groups, grantee roles or permission sets.

    Each group has a member with no other rights, which shows what the group allows, and one that may assume any role,
    as a power user may, which shows what the group denies.
    """
    stack, groups = outputs.stack, tuple(outputs.groups)

    def user(name: str, *groups: str, power: bool = False) -> Candidate:
        identity = f"{stack}/{' '.join(groups)}{' +power' if power else ''}"
        return Candidate(Principal(name, account_id, groups), may_assume_any=power, id=identity)

    members = [
        user(f"member of {stack}/{group}{', power user' if power else ''}", group, power=power)
        for group in groups
        for power in (False, True)
    ]
    if 1 < len(groups) <= MAX_GROUPS:
        name = " and ".join([", ".join(groups[:-1]), groups[-1]])
        members.append(user(f"member of {stack}/{name}, power user", *groups, power=True))
    in_roles = [
        Candidate(Principal(f"role {stack}/{name}", account_id), role=name, id=f"{stack}/role/{name}")
        for name in outputs.grantee_roles
    ]
    in_roles += [
        Candidate(
            Principal(f"permission set {stack}/{name}", account_id),
            permission_set=name,
            id=f"{stack}/permission-set/{name}",
        )
        for name in outputs.permission_sets
    ]
    others = [user(f"user of {stack} in no group"), user(f"power user of {stack} in no group", power=True)]
    return [*members, *in_roles, *others]


def outsider_of(account_id: str) -> Candidate:
    """Return a power user of an account outside the stacks."""
    name = f"power user of {account_id}, another account"
    return Candidate(Principal(name, account_id), may_assume_any=True, id=f"{account_id}/ +power")


def may_assume(
    candidate: Candidate, principal_arn: str, role: Role, outputs: StackOutputs | None, now: datetime
) -> tuple[Expected, str]:
    """Return whether a candidate should be able to assume a role, and why.

    Args:
        candidate: the principal, without MFA.
        principal_arn: its ARN, or its role's for a session.
        role: the role.
        outputs: the outputs of its account's stack, if any.
        now: the time of the call, in UTC.
    """
    denial = _denial_of_groups(candidate, role, outputs)
    if denial:
        return "DENY", denial
    grants = _grants_of(candidate, outputs) if outputs else {}
    refusal = trust_refusal(candidate, principal_arn, role, now)
    if refusal:
        return "DENY", refusal
    options = {name: outputs.grant_options.get(name, {}) if outputs else {} for name in grants}
    ends = {name: options[name].get("until", {}).get(role.arn) for name in grants if role.arn in grants[name]["allow"]}
    expired = {name: end for name, end in ends.items() if end and datetime.fromisoformat(end) <= now}
    allowing = [name for name in ends if name not in expired]
    missing = {name: _missing_right(role, options[name]) for name in allowing}
    for name in allowing:
        if candidate.may_assume_any or not missing[name]:
            return "ALLOW", f"{name}: allow"
    if missing:
        reasons = [f"{pair[0]}, and {name} has no {pair[1]}" for name, pair in missing.items() if pair]
        return "DENY", "; ".join(reasons)
    if candidate.may_assume_any:
        return "ALLOW", f"a power user may assume any role, and this one trusts {candidate.principal.account_id}"
    return "DENY", "; ".join(f"{name}: until {end}" for name, end in expired.items()) or "nothing allows it"


def is_denied_explicitly(candidate: Candidate, principal_arn: str, role: Role, outputs: StackOutputs | None) -> bool:
    """Return whether a Deny must refuse a candidate, rather than a missing Allow."""
    in_trust = candidate.principal.account_id in role.trusted_accounts and _denial_of_trust(principal_arn, role)
    return bool(_denial_of_groups(candidate, role, outputs) or in_trust)


def _denial_of_groups(candidate: Candidate, role: Role, outputs: StackOutputs | None) -> str | None:
    grants = _grants_of(candidate, outputs) if outputs else {}
    return next((f"{name}: deny" for name, grant in grants.items() if role.arn in grant["deny"]), None)


def _denial_of_trust(principal_arn: str, role: Role) -> str | None:
    for pattern in role.options.get("deniedPrincipalArns", ()):
        if _matches(principal_arn, [pattern]):
            return f"deniedPrincipalArns: {pattern}"
    permission_set = permission_set_of(principal_arn)
    if permission_set in role.options.get("deniedPermissionSets", ()):
        return f"deniedPermissionSets: {permission_set}"
    return None


def useless_grant(candidate: Candidate, role: Role, outputs: StackOutputs | None) -> str | None:
    """Return why a grant of the candidate's account has no effect: the role doesn't trust that account."""
    grants = _grants_of(candidate, outputs) if outputs else {}
    account = candidate.principal.account_id
    for name, grant in grants.items():
        if role.arn in grant["allow"] and account not in role.trusted_accounts:
            return f"{name} of {account} may assume {role.name}, which does not trust {account}"
    return None


def may_assume_neighbour(candidate: Candidate, role: Role) -> tuple[Expected, str]:
    """Return whether a candidate should be able to assume the neighbour of a role, and why."""
    if candidate.principal.account_id not in role.trusted_accounts:
        return "DENY", f"the role does not trust {candidate.principal.account_id}"
    if candidate.may_assume_any:
        return "ALLOW", f"a power user may assume any role, and this one trusts {candidate.principal.account_id}"
    return "DENY", "it is another role"


def _missing_right(role: Role, options: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the role's option that requires a right, and the grantee's option that does not give it."""
    for option, right in (("requireSourceIdentity", "sourceIdentity"), ("sessionTags", "sessionTags")):
        if role.options.get(option) and not options.get(right):
            return option, right
    return None


def _grants_of(candidate: Candidate, outputs: StackOutputs) -> AssumableRoles:
    """Return the grants of a candidate in its account, by the name of the group or role."""
    if candidate.permission_set:
        return outputs.of_permission_set(candidate.permission_set)
    if candidate.role:
        return {candidate.role: outputs.grantee_roles[candidate.role]}
    return {group: outputs.groups[group] for group in candidate.principal.groups}


def trust_refusal(candidate: Candidate, principal_arn: str, role: Role, now: datetime) -> str | None:
    """Return why the role's trust policy must refuse a candidate without MFA; ``None`` if it must admit it."""
    options = role.options
    if candidate.principal.account_id not in role.trusted_accounts:
        return f"the role does not trust {candidate.principal.account_id}"
    denial = _denial_of_trust(principal_arn, role)
    if denial:
        return denial
    trusted = {name: options[name] for name in ("trustedPrincipalArns", "trustedPermissionSets") if options.get(name)}
    if trusted and not (
        _matches(principal_arn, trusted.get("trustedPrincipalArns", ()))
        or permission_set_of(principal_arn) in trusted.get("trustedPermissionSets", ())
    ):
        return f"{' and '.join(trusted)}: others only"
    if options.get("requireMfa"):
        return "requireMfa, and this is without MFA"
    if options.get("requireSourceIdentity") and (candidate.role or candidate.permission_set):
        return "requireSourceIdentity, and a role has no user's name"
    expires = options.get("expiresAt")
    if expires and datetime.fromisoformat(expires) <= now:
        return f"expiresAt: {expires}"
    return None


def _matches(arn: str, patterns: Iterable[str]) -> bool:
    """Match an ARN part by part like ``ArnLike`` (IAM User Guide, "... elements: Condition operators")."""
    parts = arn.split(":", 5)
    return any(
        all(
            fnmatchcase(part, glob.replace("[", "[[]")) for part, glob in zip(parts, pattern.split(":", 5), strict=True)
        )
        for pattern in patterns
    )
