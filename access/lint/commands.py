"""The command ``access lint``."""

import argparse

from ..command_line import Commands
from ..participants import Participant, add_stacks, named_stacks

_LINT = """\
Reads the deployed policies of the stacks' roles, with their permissions boundaries and buckets, and of their groups and
permission sets. Checks each with IAM Access Analyzer (ValidatePolicy). Errors, security warnings and unreadable
policies fail. The profile for each account is an administrator's, and has the stack's name unless --stack-profile names
another.
"""


def add_commands(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "lint",
        help="check the deployed policies with IAM Access Analyzer",
        description=_LINT,
        epilog="exit codes: 0 no errors or security warnings; 1 some, or a policy could not be read; 2 the command line"
        " is wrong; 130 interrupted",
    )
    add_stacks(command)
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    return 1 if any([_lint(participant) for participant in named_stacks(options)]) else 0


def _lint(participant: Participant) -> bool:
    """Print the findings in an account; return whether any fails."""
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
        results = findings(account.administrator, policy) if policy.document else []
        result = f"{len(results)} findings" if results else "no findings"
        print(f"{policy.where}: {result if policy.document else 'not read'}", flush=True)
        for finding in results:
            failed |= finding.fails
            print(f"  {finding.severity} {finding.code}: {one_line(finding.details)}", flush=True)
    for line in state.unread:
        print(line)
    return failed
