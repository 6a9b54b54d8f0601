"""The command line: its parser, and commands as they have to be typed."""

import argparse
import re
import shlex
from pathlib import Path

from sandbox.toolchain import PROVIDERS, STAND_IN

_COMMAND = re.compile(r"python -m sandbox ([a-z]+)\b")

EPILOG = """\
exit codes: 0 as asked, and everybody can do what the files say and nothing else; 1 something failed or is otherwise;
2 the command was not understood; 130 interrupted (run it again: it goes on where it was)
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    top = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="AWS accounts on this machine: an emulator, and the stacks of a project deployed in it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument(
        "--project", type=Path, metavar="DIR", help="the project's folder, with a sandbox of its own (this repository)"
    )
    where.add_argument(
        "--with",
        type=Path,
        action="append",
        default=[],
        dest="beside",
        metavar="DIR",
        help="a project that it reads, in the same sandbox; may be given several times",
    )
    provider = argparse.ArgumentParser(add_help=False)
    provider.add_argument(
        "--provider", choices=PROVIDERS, default=STAND_IN, help=f"the AWS provider ({STAND_IN}); the other is untried"
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND", dest="command")

    up = commands.add_parser("up", parents=[where, provider], help="deploy the stacks and prove who can do what")
    up.add_argument("stacks", nargs="*", metavar="STACK", help="only these; all by default")
    up.add_argument(
        "--lenient",
        action="store_true",
        help="leave out what makes the emulator as strict as AWS; what was deployed stays, and up without it is strict",
    )
    preview = commands.add_parser("preview", parents=[where, provider], help="show what up would change")
    preview.add_argument("stacks", nargs="*", metavar="STACK", help="only these; all by default")
    outputs = commands.add_parser("outputs", parents=[where], help="show what the stacks export")
    outputs.add_argument("--json", action="store_true", help='as JSON: {"production": {...}, ...}')
    env = commands.add_parser(
        "env", parents=[where, provider], help="print export lines with which aws, boto3 and pulumi work on an account"
    )
    env.add_argument("stack", metavar="STACK", help="the stack whose administrator to be")
    commands.add_parser("status", parents=[where], help="show what runs and what is deployed")
    down = commands.add_parser("down", parents=[where], help="stop the emulator; what was deployed stays")
    down.add_argument("--wipe", action="store_true", help="also forget all that was deployed")
    pulumi = commands.add_parser(
        "pulumi",
        parents=[where, provider],
        help="run the Pulumi CLI on a stack: pulumi STACK -- destroy",
        usage="python -m sandbox pulumi [--project DIR] STACK -- ARGUMENT...",
    )
    pulumi.add_argument("stack", metavar="STACK", help="the stack; its file may be gone")
    return top


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return what was typed. What stands after ``--`` is for the Pulumi CLI."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    own, others = arguments[:at], arguments[at + 1 :]
    known = parser()
    options = known.parse_args(own)
    if (options.command == "pulumi") != bool(others):
        known.error("a command of the CLI's stands after --, as in: pulumi production -- destroy")
    options.arguments = others
    return options


def as_typed(text: str, options: argparse.Namespace) -> str:
    """Return a text in which each command of the sandbox's has the options that lead to the same sandbox."""
    folders = [] if options.project is None else ["--project", str(options.project)]
    for folder in options.beside:
        folders += ["--with", str(folder)]
    added = f" {shlex.join(folders)}" if folders else ""
    return _COMMAND.sub(lambda match: match[0] + added, text)
