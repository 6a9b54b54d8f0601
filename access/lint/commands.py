"""The command ``access lint``."""

import argparse

from ..command_line import Commands
from ..participants import Participant, add_stacks, named_stacks

_LINT = """\
Reads the policies of the stacks' roles, with their permissions boundaries and buckets, and of their groups and
permission sets out of their accounts, and asks IAM Access Analyzer (ValidatePolicy) about each. Errors and security
warnings fail, and so does what may not be read. Each account is reached by an AWS profile of its administrator, named
as the stack unless --stack-profile says otherwise.
"""

_LINT = """\
Reads the policies of the stacks' roles, with their permissions boundaries and buckets, and of their groups and
permission sets out of their accounts, and asks IAM Access Analyzer (ValidatePolicy) about each. Errors and security
warnings fail, and so does what may not be read. Each account is reached by an AWS profile of its administrator, named
as the stack unless --stack-profile says otherwise.
"""


def add_commands(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "lint",
        help="ask IAM Access Analyzer about the policies that are deployed",
        description=_LINT,
    )
    add_stacks(command)
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    return 1 if any([_fails(participant) for participant in named_stacks(options)]) else 0


def _fails(participant: Participant) -> bool:
    """Print what is found in an account; return whether any of it is wrong."""
    from ..arn import name_of
    from ..aws_errors import one_line
    from ..errors import AccessError
    from ..iam.account_reader import read_account
    from .deployed_policies import buckets_of, deployed_policies, findings

    account, outputs = participant.account, participant.outputs
    if outputs is None:
        return False
    names = [name_of(arn) for arn in outputs.role_arns.values()]
    state = read_account(account.administrator, account.account_id, names, buckets_of(outputs))
    missing = [line for line in state.unread if line.startswith("role ")]
    if missing:
        raise AccessError(f"{missing[0]}; name the profile of an administrator of its account: --stack-profile")
    failed = bool(state.unread)
    for policy in deployed_policies(state, outputs):
        found = findings(account.administrator, policy) if policy.document else []
        said = f"{len(found)} findings" if found else "nothing found"
        print(f"{policy.where}: {said if policy.document else 'not read'}", flush=True)
        for finding in found:
            failed |= finding.fails
            print(f"  {finding.severity} {finding.code}: {one_line(finding.details)}", flush=True)
    for line in state.unread:
        print(line)
    return failed
