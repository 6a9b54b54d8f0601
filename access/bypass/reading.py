"""The roles as deployed, and the accounts whose principals are looked at."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from ..arn import name_of
from ..errors import AccessError
from ..iam.account_reader import read_account
from ..participants import Participant, check_account
from .findings import Report, find
from .paths import TargetRole


def look(participants: Sequence[Participant], progress: Callable[[str], None] = lambda text: None) -> Report:
    """Read what is deployed, and look for ways to the roles. Nothing is changed.

    Of an account that has roles only, the trust policies are enough: the report then says what it doesn't see there.

    Args:
        participants: accounts with roles, and accounts whose groups or roles may or may not assume them.
        progress: called with what is going on.

    Raises:
        AccessError: a profile leads to another account than its stack's, there is nothing to look at, or what is needed
            can't be read.
        botocore.exceptions.ClientError: AWS doesn't say whose a profile is.
    """
    told = [(participant.account, participant.outputs) for participant in participants if participant.outputs]
    roles = {arn: account for account, outputs in told for arn in outputs.role_arns.values()}
    granting = {account.account_id for account, outputs in told if outputs.has_grants}
    if not roles:
        raise AccessError("none of the stacks exports a role: there is nothing to get to; name the stack that does")
    if not granting:
        raise AccessError(
            "none of the stacks has groups, granteeRoles or permissionSets: who is meant to assume the roles is not"
            " known; name the stacks of the accounts that they trust"
        )
    for arn, account in roles.items():
        check_account(account, arn)
    accounts = {account.account_id: account for account, _ in told}
    states = []
    for account_id, account in accounts.items():
        progress(f"reading the users, groups and roles of {account_id}")
        names = [name_of(arn) for arn, owner in roles.items() if owner.account_id == account_id]
        states.append(read_account(account.administrator, account_id, names))
    targets = [TargetRole(role.arn, role.trust) for state in states for role in state.roles.values()]
    unread = [line for state in states for line in state.unread]
    lacking = [state for state in states if not state.directory and state.account_id in granting]
    if lacking or len(targets) < len(roles):
        raise AccessError("; ".join(unread))
    progress("looking for ways")
    outputs = [(account.account_id, outputs) for account, outputs in told]
    callers = [account.arn for account in accounts.values()]
    directories = [state.directory for state in states if state.directory]
    found = find(directories, outputs, targets, datetime.now(UTC), callers)
    return replace(found, not_seen=(*found.not_seen, *unread))
