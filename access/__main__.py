"""``python -m access``: what people do once the stacks are up."""

import argparse
import sys
from collections.abc import Sequence

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from access import lint
from access.errors import AccessError
from access.stack_outputs import read_stack_outputs

_EPILOG = """\
exit codes: 0 as it should be; 1 something failed, or is not as it should be; 2 the command was not understood;
130 interrupted
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except AccessError as error:
        print(f"access: {error}", file=sys.stderr)
        return 1
    except (ClientError, BotoCoreError) as error:
        print(f"access: AWS: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("access: interrupted", file=sys.stderr)
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m access",
        description="What people do once the stacks are up.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    checked = commands.add_parser(
        "lint",
        help="ask IAM Access Analyzer about a stack's deployed policies",
        description="Reads the policies of a stack's roles and groups out of the account whose credentials are set,"
        " and asks IAM Access Analyzer (ValidatePolicy) about each. Errors and security warnings fail.",
    )
    checked.add_argument("stack", help="the stack's name, e.g. production")
    checked.set_defaults(run=_lint)
    return parser


def _lint(options: argparse.Namespace) -> int:
    session = boto3.Session()
    failed = False
    for policy in lint.deployed_policies(session, read_stack_outputs(options.stack)):
        found = lint.findings(session, policy)
        print(f"{policy.where}: {f'{len(found)} findings' if found else 'nothing found'}", flush=True)
        for finding in found:
            failed |= finding.fails
            print(f"  {finding.severity} {finding.code}: {finding.details}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
