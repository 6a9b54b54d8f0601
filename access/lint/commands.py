"""The command ``access lint``."""

import argparse

from access.command_line import Commands


def add_commands(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "lint",
        help="ask IAM Access Analyzer about a stack's deployed policies",
        description="Reads the policies of a stack's roles, groups and permission sets out of the account whose"
        " credentials are set, and asks IAM Access Analyzer (ValidatePolicy) about each. It leaves out bucket policies."
        " Errors and security warnings fail.",
    )
    command.add_argument("stack", help="the stack's name, e.g. production")
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    import boto3

    from access.aws_errors import one_line
    from access.aws_session import new_session
    from access.lint.deployed_policies import deployed_policies, findings
    from access.stack_outputs import read_stack_outputs

    session = boto3.Session(botocore_session=new_session())
    failed = False
    for policy in deployed_policies(session, read_stack_outputs(options.stack)):
        found = findings(session, policy)
        print(f"{policy.where}: {f'{len(found)} findings' if found else 'nothing found'}", flush=True)
        for finding in found:
            failed |= finding.fails
            print(f"  {finding.severity} {finding.code}: {one_line(finding.details)}", flush=True)
    return 1 if failed else 0
