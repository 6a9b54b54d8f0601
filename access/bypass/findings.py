"""Principals that get to a role although it is denied to them, or although nothing says that they should."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ..arn import account_of, permission_set_of, resource_of
from ..iam.documents import Statement
from ..iam.principals import Directory, Principal, label
from ..iam.verdicts import Answer, Verdict, all_of
from ..stack_outputs import StackOutputs
from .network import Network
from .paths import Step, TargetRole
from .search import MOST_CHANGES, Search

Kind = Literal["around a Deny", "not meant"]
Grant = Mapping[Literal["allow", "deny"], Sequence[str]]
"""The ARNs of the roles that somebody may and may not assume, as the outputs tell."""


@dataclass(frozen=True)
class Finding:
    """A principal, a role, and how the one gets to the other."""

    kind: Kind
    principal: str
    """Its ARN."""
    denied_by: tuple[str, ...]
    """The groups, or the principal itself as a role, by whose name the outputs deny the role."""
    role: str
    """The ARN."""
    steps: tuple[Step, ...]

    @property
    def verdict(self) -> Verdict:
        """Whether the way can be gone."""
        return all_of(call.verdict for step in self.steps for call in step.calls)

    @property
    def is_certain(self) -> bool:
        """Whether it hangs on nothing."""
        return self.verdict.answer is Answer.YES


@dataclass(frozen=True)
class Report:
    """What was looked at, what was found, and what was not seen."""

    roles: tuple[str, ...]
    """ARNs, sorted."""
    account_ids: tuple[str, ...]
    """The accounts whose principals were looked at, sorted."""
    findings: tuple[Finding, ...]
    """Sorted."""
    not_seen: tuple[str, ...]
    """In words, a line each."""
    administrators: tuple[str, ...] = ()
    """ARNs of the accounts' known administrators that may assume a role too, sorted."""


_NOT_SEEN = (
    "service control policies, resource control policies and session policies",
    "roles on the way that belong to other accounts than those looked at",
    "what runs with a role (iam:PassRole, lambda:UpdateFunctionCode and the like), and whatever holds credentials of"
    " somebody else",
    "changes of the tags that a condition asks for (iam:TagUser, iam:TagRole, sts:TagSession)",
    "policies of AWS that could be attached, but for AdministratorAccess, IAMFullAccess and PowerUserAccess",
    "new users and roles whose names or paths a policy prescribes; quotas, such as two access keys for each user",
    f"ways on which more than {MOST_CHANGES} policies or memberships are changed",
)


def find(
    directories: Sequence[Directory],
    outputs: Sequence[tuple[str, StackOutputs]],
    roles: Sequence[TargetRole],
    now: datetime,
    callers: Collection[str] = (),
) -> Report:
    """Look at every principal of some accounts, and at every role.

    An administrator whose profile leads to an account is known to whoever named the profile, and is no finding.

    Args:
        directories: the accounts.
        outputs: what their stacks tell, with the account's id.
        roles: the roles, of these or other accounts.
        now: the time, for conditions on it.
        callers: the ARNs of the users and role sessions whose profiles lead to the accounts.
    """
    network = Network(directories, now)
    search = Search(network)
    found = [
        finding
        for directory in directories
        for principal in directory.principals
        for grants in [_grants(outputs, principal)]
        for role in roles
        for finding in _findings(network, search, principal, role, grants)
    ]
    known = {
        principal.arn
        for directory in directories
        for principal in directory.principals
        if principal.is_administrator and any(_is(principal, caller) for caller in callers)
    }
    findings = [it for it in found if it.kind == "around a Deny" or it.principal not in known]
    cut_short = {f"some of the ways from {arn} to {role}: there are too many" for arn, role in search.cut_short}
    return Report(
        roles=tuple(sorted(role.arn for role in roles)),
        account_ids=tuple(sorted(directory.account_id for directory in directories)),
        findings=tuple(sorted(findings, key=_order)),
        not_seen=(
            *_NOT_SEEN,
            *sorted({*_unseen_accounts(directories, roles), *cut_short}),
            *_run_by_services(network, roles),
        ),
        administrators=tuple(sorted({it.principal for it in found} - {it.principal for it in findings})),
    )


def _is(principal: Principal, caller: str) -> bool:
    """Return ``True`` if the caller is the user, or a session of the role, whose ARN has no path."""
    kind, _, name = resource_of(caller).partition("/")
    if kind != "assumed-role":
        return principal.arn == caller
    return (principal.account_id, principal.is_user, principal.name) == (account_of(caller), False, name.split("/")[0])


def _grants(outputs: Sequence[tuple[str, StackOutputs]], principal: Principal) -> list[tuple[str, Grant]]:
    """Return the grants of a principal's groups, or of the role or permission set that it is, with their names."""
    found: list[tuple[str, Grant]] = []
    for account_id, stack in outputs:
        if account_id == principal.account_id:
            names = [group.name for group in principal.groups] if principal.is_user else [principal.name]
            said = stack.groups if principal.is_user else stack.grantee_roles
            found += [(name, said[name]) for name in names if name in said]
            found += stack.of_permission_set(permission_set_of(principal.arn)).items()
    return found


def _findings(
    network: Network, search: Search, principal: Principal, role: TargetRole, grants: Sequence[tuple[str, Grant]]
) -> Iterator[Finding]:
    denied_by = tuple(sorted({name for name, said in grants if role.arn in said["deny"]}))
    if denied_by:
        for path in search.paths(principal, role):
            yield Finding("around a Deny", principal.arn, denied_by, role.arn, path.steps)
    elif principal.arn != role.arn and not any(role.arn in said["allow"] for _, said in grants):
        call = network.assume(principal, role)
        if call.verdict.answer:
            yield Finding("not meant", principal.arn, (), role.arn, (Step(principal.arn, (call,), role.arn),))


def _order(finding: Finding) -> tuple[object, ...]:
    """Of a principal the certain first, the short before the long."""
    calls = [(call.resource, call.action, step.then) for step in finding.steps for call in step.calls]
    return finding.role, finding.kind, finding.principal, not finding.is_certain, len(calls), calls


def _unseen_accounts(directories: Sequence[Directory], roles: Sequence[TargetRole]) -> Iterator[str]:
    looked_at = {directory.account_id for directory in directories}
    for role in roles:
        for named in (it for statement in role.trust if statement.effect == "Allow" for it in _accounts(statement)):
            if named not in looked_at:
                whose = "every other account" if named == "*" else f"account {named}"
                yield f"principals of {whose}, which {role.arn} trusts too"


def _run_by_services(network: Network, roles: Sequence[TargetRole]) -> Iterator[str]:
    """Yield a line for each service that runs with a role that may assume one of those looked at.

    Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service".
    """
    found: dict[str, list[str]] = {}
    for principal in network.others:
        services = {
            named.removeprefix("Service: ")
            for statement in principal.trust
            if statement.effect == "Allow"
            for named in statement.other_principals
            if named.startswith("Service: ")
        }
        if services and any(network.assume(principal, role).verdict.answer for role in roles):
            for service in services:
                found.setdefault(service, []).append(f"{label(principal.arn)} of {principal.account_id}")
    for service, names in sorted(found.items()):
        yield f"what {service} runs, or is made to run by iam:PassRole, with {', '.join(names)}"


def _accounts(statement: Statement) -> set[str]:
    """The accounts of which a statement's principals are."""
    if statement.all_principals_but:
        return {"*"}
    return {account_of(named) if named.startswith("arn:") else named for named in statement.principals}
