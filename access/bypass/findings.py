"""Find principals that can reach a role that the stacks deny them, or do not grant them."""

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
from .search import MAX_CHANGES, Search

Kind = Literal["around a Deny", "not meant"]
Grant = Mapping[Literal["allow", "deny"], Sequence[str]]
"""The ARNs of the roles that the outputs allow and deny to a principal."""


@dataclass(frozen=True)
class Finding:
    """A path from a principal to a role."""

    kind: Kind
    principal: str
    """The principal's ARN."""
    denied_by: tuple[str, ...]
    """The names of the groups, roles or permission sets to which the outputs deny the role."""
    role: str
    """The role's ARN."""
    steps: tuple[Step, ...]

    @property
    def verdict(self) -> Verdict:
        """The verdict on all calls of the path together: yes, no, or under conditions."""
        return all_of(call.verdict for step in self.steps for call in step.calls)

    @property
    def is_certain(self) -> bool:
        """``True`` if the path is unconditional."""
        return self.verdict.answer is Answer.YES


@dataclass(frozen=True)
class Report:
    """The roles and accounts, the findings, and what was not checked."""

    roles: tuple[str, ...]
    """ARNs, sorted."""
    account_ids: tuple[str, ...]
    """The accounts whose principals were checked, sorted."""
    findings: tuple[Finding, ...]
    """Sorted."""
    not_seen: tuple[str, ...]
    """One line for each part that was not checked."""
    administrators: tuple[str, ...] = ()
    """ARNs of known administrators that may assume a role too, sorted."""


_NOT_SEEN = (
    "service control policies, resource control policies and session policies",
    "paths through roles of other accounts",
    "code that runs with a role (iam:PassRole, lambda:UpdateFunctionCode and the like), and stored credentials",
    "changes of tags that a condition reads (iam:TagUser, iam:TagRole, sts:TagSession)",
    "attaching AWS managed policies other than AdministratorAccess, IAMFullAccess and PowerUserAccess",
    "new users and roles whose names or paths a policy prescribes; quotas, such as two access keys for each user",
    f"paths with more than {MAX_CHANGES} changes of policies or memberships",
)


def find(
    directories: Sequence[Directory],
    outputs: Sequence[tuple[str, StackOutputs]],
    roles: Sequence[TargetRole],
    now: datetime,
    callers: Collection[str] = (),
) -> Report:
    """Find the paths from every principal of the accounts to every role.

    An administrator whose profile was used to read the account is known, and is not a finding.

    Args:
        directories: the accounts.
        outputs: the stacks' outputs, each with its account's id.
        roles: the roles, of these or other accounts.
        now: the current time, for conditions on dates.
        callers: the ARNs of the users and role sessions that read the accounts.
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
        if principal.is_administrator and any(_is_caller(principal, caller) for caller in callers)
    }
    findings = [finding for finding in found if finding.kind == "around a Deny" or finding.principal not in known]
    cut_short = {f"some paths from {arn} to {role}, as there are too many" for arn, role in search.cut_short}
    return Report(
        roles=tuple(sorted(role.arn for role in roles)),
        account_ids=tuple(sorted(directory.account_id for directory in directories)),
        findings=tuple(sorted(findings, key=_order)),
        not_seen=(
            *_NOT_SEEN,
            *sorted({*_unseen_accounts(directories, roles), *cut_short}),
            *_run_by_services(network, roles),
        ),
        administrators=tuple(sorted(set(map(_principal, found)) - set(map(_principal, findings)))),
    )


def _principal(finding: Finding) -> str:
    return finding.principal


def _is_caller(principal: Principal, caller: str) -> bool:
    """Return whether the caller is the user, or a session of the role. A session's ARN has no path."""
    kind, _, name = resource_of(caller).partition("/")
    if kind != "assumed-role":
        return principal.arn == caller
    return (principal.account_id, principal.is_user, principal.name) == (account_of(caller), False, name.split("/")[0])


def _grants(outputs: Sequence[tuple[str, StackOutputs]], principal: Principal) -> list[tuple[str, Grant]]:
    """Return the grants of a principal's groups, role or permission set, with their names."""
    found: list[tuple[str, Grant]] = []
    for account_id, stack in outputs:
        if account_id == principal.account_id:
            names = [group.name for group in principal.groups] if principal.is_user else [principal.name]
            grants = stack.groups if principal.is_user else stack.grantee_roles
            found += [(name, grants[name]) for name in names if name in grants]
            found += stack.of_permission_set(permission_set_of(principal.arn)).items()
    return found


def _findings(
    network: Network, search: Search, principal: Principal, role: TargetRole, grants: Sequence[tuple[str, Grant]]
) -> Iterator[Finding]:
    denied_by = tuple(sorted({name for name, grant in grants if role.arn in grant["deny"]}))
    if denied_by:
        for path in search.paths(principal, role):
            yield Finding("around a Deny", principal.arn, denied_by, role.arn, path.steps)
    elif principal.arn != role.arn and not any(role.arn in grant["allow"] for _, grant in grants):
        call = network.assume(principal, role)
        if call.verdict.answer:
            yield Finding("not meant", principal.arn, (), role.arn, (Step(principal.arn, (call,), role.arn),))


def _order(finding: Finding) -> tuple[object, ...]:
    """Return the sort key: for each principal, certain findings first, then short ones."""
    calls = [(call.resource, call.action, step.then) for step in finding.steps for call in step.calls]
    return finding.role, finding.kind, finding.principal, not finding.is_certain, len(calls), calls


def _unseen_accounts(directories: Sequence[Directory], roles: Sequence[TargetRole]) -> Iterator[str]:
    checked = {directory.account_id for directory in directories}
    for role in roles:
        allowing = [statement for statement in role.trust if statement.effect == "Allow"]
        for trusted in {account for statement in allowing for account in _accounts(statement)} - checked:
            accounts = "every other account" if trusted == "*" else f"account {trusted}"
            yield f"principals of {accounts}, which {role.arn} trusts too"


def _run_by_services(network: Network, roles: Sequence[TargetRole]) -> Iterator[str]:
    """Yield one line for each service that runs with a role that may assume one of the target roles.

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
        yield f"code that {service} runs, also after iam:PassRole, with {', '.join(names)}"


def _accounts(statement: Statement) -> set[str]:
    """Return the accounts of a statement's principals."""
    if statement.not_principal:
        return {"*"}
    return {account_of(named) if named.startswith("arn:") else named for named in statement.principals}
