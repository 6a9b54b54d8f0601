"""Read the accounts of the stacks, and find the paths to their roles."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from ..arn import name_of
from ..errors import AccessError
from ..iam.account_reader import read_account
from ..participants import Participant, check_account
from .findings import Report, find
from .paths import TargetRole


def analyze(participants: Sequence[Participant], progress: Callable[[str], None] = lambda text: None) -> Report:
    """Read the accounts, and find paths to the roles. Nothing is changed.

    For an account with roles only, the trust policies are enough: the report then lists what it could not read there.

    Args:
        participants: accounts with roles, and accounts whose groups or roles may or may not assume them.
        progress: called with the current step.

    Raises:
        AccessError: a profile belongs to another account than its stack's, no stack has roles or grants, or a needed
            part can't be read.
        botocore.exceptions.ClientError: AWS does not identify the caller of a profile.
    """
    stacks = [(participant.account, participant.outputs) for participant in participants if participant.outputs]
    roles = {arn: account for account, outputs in stacks for arn in outputs.role_arns.values()}
    granting = {account.account_id for account, outputs in stacks if outputs.has_grants}
    if not roles:
        raise AccessError("none of the stacks exports a role to analyze; name the stack that does")
    if not granting:
        raise AccessError(
            "none of the stacks has groups, granteeRoles or permissionSets, so the intended access is unknown; name the"
            " stacks of the accounts that the roles trust"
        )
    for arn, account in roles.items():
        check_account(account, arn)
    accounts = {account.account_id: account for account, _ in stacks}
    states = []
    for account_id, account in accounts.items():
        progress(f"reading the users, groups and roles of {account_id}")
        names = [name_of(arn) for arn, owner in roles.items() if owner.account_id == account_id]
        states.append(read_account(account.administrator, account_id, names))
    targets = [TargetRole(role.arn, role.trust) for state in states for role in state.roles.values()]
    unread = [line for state in states for line in state.unread]
    incomplete = [state for state in states if not state.directory and state.account_id in granting]
    if incomplete or len(targets) < len(roles):
        raise AccessError("; ".join(unread))
    progress("searching for paths")
    outputs = [(account.account_id, outputs) for account, outputs in stacks]
    callers = [account.arn for account in accounts.values()]
    directories = [state.directory for state in states if state.directory]
    report = find(directories, outputs, targets, datetime.now(UTC), callers)
    return replace(report, not_seen=(*report.not_seen, *unread))
