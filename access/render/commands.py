"""The command ``access render``."""

import argparse
import sys
from pathlib import Path

from access.command_line import Commands

_RENDER = """\
Runs the program of a project's stacks, in the order of their references, without an engine, state, credentials or
network, and prints the policy documents that it registers, and the outputs, as JSON. A stack that names a role of
another one gets it as that stack would export it, were both deployed. What can't be known stands in angle brackets:
another project's roles, external ids that AWS makes up, encrypted values.
"""


def add_commands(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "render",
        help="print the policy documents that a project's stacks would deploy",
        description=_RENDER,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("stacks", nargs="*", metavar="STACK", help="a stack's name; by default all that have a file")
    add_project(command)
    command.set_defaults(run=_run)


def add_project(command: argparse.ArgumentParser) -> None:
    """Declare the option that names a project's folder."""
    command.add_argument(
        "--project", type=Path, default=Path(), metavar="DIR", help="the project's folder; by default the current one"
    )


def _run(options: argparse.Namespace) -> int:
    from access.project.files import read_project
    from access.render.documents import render

    rendering = render(read_project(options.project), options.stacks)
    for warning in rendering.warnings:
        print(f"access: warning: {warning}", file=sys.stderr)
    print(rendering.json, end="")
    return 0
