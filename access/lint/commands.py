"""The command ``access lint``."""

import argparse

from access.command_line import Commands


def add_commands(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "lint",
        help="ask IAM Access Analyzer about a stack's deployed policies",
        description="Reads the policies of a stack's roles, with their permissions boundaries and buckets, and of its"
        " groups and permission sets out of the account whose credentials are set, and asks IAM Access Analyzer"
        " (ValidatePolicy) about each. Errors and security warnings fail, and so does what may not be read.",
    )
    command.add_argument("stack", help="the stack's name, e.g. production")
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    import boto3

    from access.accounts import Session
    from access.arn import name_of
    from access.aws_errors import one_line
    from access.aws_session import new_session
    from access.errors import AccessError
    from access.iam.account_reader import read_account
    from access.lint.deployed_policies import buckets_of, deployed_policies, findings
    from access.stack_outputs import read_stack_outputs

    session, outputs = boto3.Session(botocore_session=new_session()), read_stack_outputs(options.stack)
    clients = Session(lambda service: session.client(service))
    account_id = clients.sts.get_caller_identity()["Account"]
    names = [name_of(arn) for arn in outputs.role_arns.values()]
    state = read_account(clients, account_id, names, buckets_of(outputs))
    missing = [line for line in state.unread if line.startswith("role ")]
    if missing:
        raise AccessError(f"{missing[0]}; set credentials of an administrator of the stack's account")
    failed = bool(state.unread)
    for policy in deployed_policies(state, outputs):
        found = findings(session, policy) if policy.document else []
        said = f"{len(found)} findings" if found else "nothing found"
        print(f"{policy.where}: {said if policy.document else 'not read'}", flush=True)
        for finding in found:
            failed |= finding.fails
            print(f"  {finding.severity} {finding.code}: {one_line(finding.details)}", flush=True)
    for line in state.unread:
        print(line)
    return 1 if failed else 0
