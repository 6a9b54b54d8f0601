"""Who takes part in a proof, and who of them is to be able to assume which role: derived from the stacks' outputs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from ..arn import permission_set_of
from ..stack_outputs import AssumableRoles, StackOutputs
from .matrix import Expected, Principal

MOST_GROUPS = 10
"""Of a user. Source: IAM User Guide, "IAM and AWS STS quotas"."""


@dataclass(frozen=True)
class Candidate:
    """A principal, and what the proof has to know of it beside what it reports."""

    principal: Principal
    may_assume_any: bool = False
    """Whether it has ``sts:AssumeRole`` on every role from elsewhere than its groups, as power users have."""
    role: str | None = None
    """The role of its account that it is, where it is not a user."""
    permission_set: str | None = None
    """The permission set whose role it is, where it comes in through IAM Identity Center."""
    id: str = ""
    """The same in every run, however its name is worded, e.g. ``development/Testers +power``."""


@dataclass(frozen=True)
class Role:
    """A role, as its stack's outputs tell of it."""

    arn: str
    options: Mapping[str, Any] = field(default_factory=dict)
    """What the stack's file says of it, in its words."""
    external_id: str | None = field(default=None, repr=False)
    bucket_may_be_elsewhere: bool = False
    """Whether its buckets are looked after elsewhere, and so may be another account's."""

    @property
    def circumstances(self) -> tuple[str, ...]:
        """Its options that ask for an address or an organization, which a proof may not have."""
        return tuple(name for name in ("organizationId", "sourceIpRanges") if self.options.get(name))

    @property
    def probed_prefixes(self) -> tuple[str, ...]:
        """The prefixes under which objects are tried; the empty one is the whole bucket."""
        return tuple(dict.fromkeys([*self.options.get("prefixes", ()), ""]))

    @property
    def name(self) -> str:
        """Its name, without the path."""
        return self.arn.rpartition("/")[2]

    @property
    def account_id(self) -> str:
        """The account that it belongs to."""
        return self.arn.split(":")[4]

    @property
    def buckets(self) -> tuple[str, ...]:
        """The names of its buckets."""
        one = self.options.get("bucket")
        return tuple(dict.fromkeys([*([one] if one else ()), *self.options.get("buckets", ())]))

    @property
    def trusted_accounts(self) -> tuple[str, ...]:
        """The accounts that it trusts."""
        one = self.options.get("trustedAccountId")
        return tuple(dict.fromkeys([*([one] if one else ()), *self.options.get("trustedAccountIds", ())]))


def roles_of(outputs: StackOutputs) -> list[Role]:
    """The roles that a stack gives to others."""
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
    """Return the principals of an account with groups, grantee roles or permission sets that are tried.

    Each group has a member with no rights but the group's, which shows what the group allows, and one that may assume
    any role, as power users may, which shows what the group forbids.
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
    if 1 < len(groups) <= MOST_GROUPS:
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
    """Return a power user of an account that takes no part."""
    name = f"power user of {account_id}, another account"
    return Candidate(Principal(name, account_id), may_assume_any=True, id=f"{account_id}/ +power")


def may_assume(
    candidate: Candidate, principal_arn: str, role: Role, outputs: StackOutputs | None, now: datetime
) -> tuple[Expected, str]:
    """Whether a candidate is to be able to assume a role, and why.

    Args:
        candidate: who tries, without MFA.
        principal_arn: its ARN; of a role's session, the role's.
        role: which role.
        outputs: what its account's stack tells; nothing for an account without one.
        now: the time of the attempt, in UTC.
    """
    denial = _denial_of_groups(candidate, role, outputs)
    if denial:
        return "DENY", denial
    said = _grants_of(candidate, outputs) if outputs else {}
    against = trust_refusal(candidate, principal_arn, role, now)
    if against:
        return "DENY", against
    options = {name: outputs.grant_options.get(name, {}) if outputs else {} for name in said}
    ends = {name: options[name].get("until", {}).get(role.arn) for name in said if role.arn in said[name]["allow"]}
    over = {name: end for name, end in ends.items() if end and datetime.fromisoformat(end) <= now}
    allowing = [name for name in ends if name not in over]
    lacking = {name: _lacking(role, options[name]) for name in allowing}
    for name in allowing:
        if candidate.may_assume_any or not lacking[name]:
            return "ALLOW", f"{name}: allow"
    if lacking:
        reasons = [f"{lack[0]}, and {name} has no {lack[1]}" for name, lack in lacking.items() if lack]
        return "DENY", "; ".join(reasons)
    if candidate.may_assume_any:
        return "ALLOW", f"a power user may assume any role, and this one trusts {candidate.principal.account_id}"
    return "DENY", "; ".join(f"{name}: until {end}" for name, end in over.items()) or "nothing allows it"


def is_denied_explicitly(candidate: Candidate, principal_arn: str, role: Role, outputs: StackOutputs | None) -> bool:
    """Return whether a statement with the effect Deny has to refuse a candidate, and not only the lack of an Allow."""
    in_trust = candidate.principal.account_id in role.trusted_accounts and _denial_of_trust(principal_arn, role)
    return bool(_denial_of_groups(candidate, role, outputs) or in_trust)


def _denial_of_groups(candidate: Candidate, role: Role, outputs: StackOutputs | None) -> str | None:
    said = _grants_of(candidate, outputs) if outputs else {}
    return next((f"{name}: deny" for name, grant in said.items() if role.arn in grant["deny"]), None)


def _denial_of_trust(principal_arn: str, role: Role) -> str | None:
    for pattern in role.options.get("deniedPrincipalArns", ()):
        if _matches(principal_arn, [pattern]):
            return f"deniedPrincipalArns: {pattern}"
    permission_set = permission_set_of(principal_arn)
    if permission_set in role.options.get("deniedPermissionSets", ()):
        return f"deniedPermissionSets: {permission_set}"
    return None


def allowed_in_vain(candidate: Candidate, role: Role, outputs: StackOutputs | None) -> str | None:
    """Return why what the candidate's account allows it is of no use: the role doesn't trust that account at all."""
    said = _grants_of(candidate, outputs) if outputs else {}
    account = candidate.principal.account_id
    for name, grant in said.items():
        if role.arn in grant["allow"] and account not in role.trusted_accounts:
            return f"{name} of {account} may assume {role.name}, which does not trust {account}"
    return None


def may_assume_neighbour(candidate: Candidate, role: Role) -> tuple[Expected, str]:
    """Whether a candidate is to be able to assume another role than that, which trusts the same accounts, and why."""
    if candidate.principal.account_id not in role.trusted_accounts:
        return "DENY", f"the role does not trust {candidate.principal.account_id}"
    if candidate.may_assume_any:
        return "ALLOW", f"a power user may assume any role, and this one trusts {candidate.principal.account_id}"
    return "DENY", "it is another role"


def _lacking(role: Role, options: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return what a role asks of a session and a grantee may not give it: the role's option and the grantee's."""
    for option, right in (("requireSourceIdentity", "sourceIdentity"), ("sessionTags", "sessionTags")):
        if role.options.get(option) and not options.get(right):
            return option, right
    return None


def _grants_of(candidate: Candidate, outputs: StackOutputs) -> AssumableRoles:
    """What its account says of a candidate, by the name of the group or role."""
    if candidate.permission_set:
        return outputs.of_permission_set(candidate.permission_set)
    if candidate.role:
        return {candidate.role: outputs.grantee_roles[candidate.role]}
    return {group: outputs.groups[group] for group in candidate.principal.groups}


def trust_refusal(candidate: Candidate, principal_arn: str, role: Role, now: datetime) -> str | None:
    """Return why the role's trust policy has to refuse a candidate without MFA; nothing if it has to admit it."""
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
    """As ``ArnLike`` does: part for part (IAM User Guide, "IAM JSON policy elements: Condition operators")."""
    parts = arn.split(":", 5)
    return any(
        all(
            fnmatchcase(part, glob.replace("[", "[[]")) for part, glob in zip(parts, pattern.split(":", 5), strict=True)
        )
        for pattern in patterns
    )
