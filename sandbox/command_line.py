"""Parse the command line, and complete the commands that messages suggest."""

import argparse
import re
import shlex
from pathlib import Path

from sandbox.toolchain import PROVIDERS, STAND_IN

_COMMAND = re.compile(r"python -m sandbox ([a-z]+)\b")

EPILOG = """\
exit codes: 0 success, and all access checks passed; 1 failure, or an access check failed; 2 usage error;
130 interrupted (run it again to continue)
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    top = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="AWS accounts on this machine: an emulator with a project's stacks deployed in it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument(
        "--project",
        type=Path,
        metavar="DIR",
        help="the project's folder, which gets its own sandbox (default: this repository)",
    )
    where.add_argument(
        "--with",
        type=Path,
        action="append",
        default=[],
        dest="beside",
        metavar="DIR",
        help="a project whose outputs this one reads, in the same sandbox; repeatable",
    )
    provider = argparse.ArgumentParser(add_help=False)
    provider.add_argument(
        "--provider",
        choices=PROVIDERS,
        default=STAND_IN,
        help=f"the AWS provider (default: {STAND_IN}); the other is untested",
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND", dest="command")

    up = commands.add_parser("up", parents=[where, provider], help="deploy the stacks and prove who can do what")
    up.add_argument("stacks", nargs="*", metavar="STACK", help="deploy only these stacks (default: all)")
    up.add_argument(
        "--lenient",
        action="store_true",
        help="run the emulator without AWS's strictness until the next up without this option; keep what is deployed",
    )
    preview = commands.add_parser("preview", parents=[where, provider], help="show what up would change")
    preview.add_argument("stacks", nargs="*", metavar="STACK", help="preview only these stacks (default: all)")
    outputs = commands.add_parser("outputs", parents=[where], help="show what the stacks export")
    outputs.add_argument("--json", action="store_true", help='as JSON: {"production": {...}, ...}')
    env = commands.add_parser(
        "env", parents=[where, provider], help="print export lines that point aws, boto3 and pulumi at an account"
    )
    env.add_argument("stack", metavar="STACK", help="act as the administrator of this stack's account")
    commands.add_parser("status", parents=[where], help="show what is running and what is deployed")
    down = commands.add_parser("down", parents=[where], help="stop the emulator and keep what is deployed")
    down.add_argument("--wipe", action="store_true", help="also delete everything that is deployed")
    pulumi = commands.add_parser(
        "pulumi",
        parents=[where, provider],
        help="run the Pulumi CLI on a stack: pulumi STACK -- destroy",
        usage="python -m sandbox pulumi [--project DIR] STACK -- ARGUMENT...",
    )
    pulumi.add_argument("stack", metavar="STACK", help="the stack; its file may be missing")
    return top


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the parsed options. Arguments after ``--`` are for the Pulumi CLI."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    own, for_pulumi = arguments[:end], arguments[end + 1 :]
    own_parser = parser()
    options = own_parser.parse_args(own)
    if (options.command == "pulumi") != bool(for_pulumi):
        own_parser.error("write a Pulumi command after --, for example: pulumi production -- destroy")
    options.arguments = for_pulumi
    return options


def with_same_options(text: str, options: argparse.Namespace) -> str:
    """Return a text in which each sandbox command has the options that select the same sandbox."""
    folders = [] if options.project is None else ["--project", str(options.project)]
    for folder in options.beside:
        folders += ["--with", str(folder)]
    added = f" {shlex.join(folders)}" if folders else ""
    return _COMMAND.sub(lambda match: match[0] + added, text)
