"""The command ``access state-policy``."""

import argparse
from pathlib import Path

from ..command_line import Commands
from ..errors import AccessError

_DESCRIPTION = """\
Prints a policy with the least rights for a bucket that holds the state of a project's stacks and nothing else. Whoever
deploys a stack may read and write its state, and read the states of the stacks that its file refers to. Nobody may
write another stack's state. AWS is not called. docs/state.md says how to create the bucket.
"""


def add_commands(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "state-policy",
        help="print the policy of the bucket that holds the stacks' state",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("url", metavar="s3://BUCKET[/FOLDER]", help="the bucket and folder, as for `pulumi login`")
    command.add_argument(
        "--project",
        action="append",
        type=Path,
        metavar="DIR",
        help="the folder of a project with state in the bucket, repeatable; by default the current folder",
    )
    command.add_argument(
        "--principal",
        action="append",
        default=[],
        type=_stack_and_arn,
        metavar="STACK=ARN",
        help="a user or role that deploys the stack, repeatable; by default everyone the stack's account allows",
    )
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    import json

    from ..project.files import in_order, read_project
    from .location import read_location
    from .policy import keepers, state_policy

    place = read_location(options.url)
    projects = [read_project(folder) for folder in options.project or [Path()]]
    stacks = in_order(stack for project in projects for stack in project.stacks)
    partition = _partition({stack.region for stack in stacks})
    principals: dict[str, list[str]] = {}
    for stack, arn in options.principal:
        principals.setdefault(stack, []).append(arn)
    print(json.dumps(state_policy(place, keepers(stacks, principals, partition), partition), indent=2))
    return 0


def _partition(regions: set[str]) -> str:
    """Return the partition of all regions.

    Raises:
        AccessError: there are several partitions; a bucket can't be opened to another one.
    """
    import botocore.loaders

    partitions = botocore.loaders.Loader().load_data("partitions")["partitions"]
    used: list[str] = [partition["id"] for partition in partitions if regions & partition["regions"].keys()]
    if len(used) > 1:
        raise AccessError(
            f"the stacks are in the partitions {' and '.join(used)}, and no bucket can be opened to another partition;"
            " use one bucket for each"
        )
    return used[0]


def _stack_and_arn(text: str) -> tuple[str, str]:
    stack, equals, arn = text.partition("=")
    if not (stack and equals and arn):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not STACK=ARN, e.g. production=arn:aws:iam::999999999999:role/Deployer"
        )
    return stack, arn
