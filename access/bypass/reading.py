"""The roles as deployed, and the accounts whose principals are looked at."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from access.accounts import Account
from access.arn import name_of
from access.bypass.findings import Report, find
from access.bypass.paths import TargetRole
from access.errors import AccessError
from access.iam.authorization_details import read_directory
from access.iam.documents import parse
from access.participants import Participant, check_account


def look(participants: Sequence[Participant], progress: Callable[[str], None] = lambda text: None) -> Report:
    """Read what is deployed, and tell who gets to which role. Nothing is changed.

    Args:
        participants: accounts with roles, and accounts whose groups or roles may or may not assume them.
        progress: is told what is going on.

    Raises:
        AccessError: a profile leads to another account than its stack's, or there is nothing to look at.
        botocore.exceptions.ClientError: what is needed can't be read.
    """
    told = [(participant.account, participant.outputs) for participant in participants if participant.outputs]
    roles = {arn: account for account, outputs in told for arn in outputs.role_arns.values()}
    granting = {account.account_id: account for account, outputs in told if outputs.has_grants}
    if not roles:
        raise AccessError("none of the stacks exports a role: there is nothing to get to; name the stack that does")
    if not granting:
        raise AccessError(
            "none of the stacks has groups, granteeRoles or permissionSets: who is meant to assume the roles is not"
            " known; name the stacks of the accounts that they trust"
        )
    for arn, account in roles.items():
        check_account(account, arn)
    progress("reading the roles' trust policies")
    targets = [_target(account, arn) for arn, account in roles.items()]
    directories = []
    for account_id, account in granting.items():
        progress(f"reading the users, groups and roles of {account_id}")
        directories.append(read_directory(account.administrator.iam, account_id))
    progress("looking for ways")
    outputs = [(account.account_id, outputs) for account, outputs in told]
    callers = [account.arn for account in granting.values()]
    return find(directories, outputs, targets, datetime.now(UTC), callers)


def _target(account: Account, arn: str) -> TargetRole:
    document: Any = account.administrator.iam.get_role(RoleName=name_of(arn))["Role"]["AssumeRolePolicyDocument"]
    return TargetRole(arn, parse(document))
