"""The command ``access render``."""

import argparse
import difflib
import shlex
import sys
from pathlib import Path

from ..command_line import STANDARD_OUTPUT, Commands, check_writable, write_report
from ..errors import AccessError
from ..escaping import visible

_RENDER = """\
Runs the program of a project's stacks, in the order of their references, without an engine, state, credentials or
network, and prints the policy documents that it registers, and the outputs, as JSON. A stack that names another stack's
role gets it as that stack would export it after a deployment. Unknown values are in angle brackets: another project's
roles, external ids that AWS generates, encrypted values.
"""


def add_commands(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "render",
        help="print the policy documents that a project's stacks would deploy",
        description=_RENDER,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("stacks", nargs="*", metavar="STACK", help="a stack's name; by default all stacks with a file")
    add_project(command)
    command.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write who may do what as Markdown instead; - is standard output"
    )
    command.add_argument(
        "--check", action="store_true", help="with --markdown: write nothing, and fail if the file is stale"
    )
    command.set_defaults(run=_run)


def add_project(command: argparse.ArgumentParser) -> None:
    """Declare the option that names a project's folder."""
    command.add_argument(
        "--project", type=Path, default=Path(), metavar="DIR", help="the project's folder; by default the current one"
    )


def _run(options: argparse.Namespace) -> int:
    from ..project.files import read_project
    from . import markdown
    from .documents import render

    if options.check and options.markdown in (None, STANDARD_OUTPUT):
        raise AccessError("--check compares a file; name it: --markdown FILE")
    if options.markdown and not options.check:
        check_writable(options.markdown)
    rendering = render(read_project(options.project), options.stacks)
    for warning in rendering.warnings:
        print(f"access: warning: {warning}", file=sys.stderr)
    if not options.markdown:
        print(rendering.json, end="")
    elif options.check:
        _check(options, markdown.render(rendering))
    else:
        write_report(options.markdown, markdown.render(rendering))
    return 0


def _check(options: argparse.Namespace, expected: str) -> None:
    """Print the difference between a file and its expected text.

    Raises:
        AccessError: the file differs.
    """
    path: Path = options.markdown
    try:
        actual = path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise AccessError(f"{path} can't be read: {getattr(error, 'strerror', error)}") from None
    if actual == expected:
        return
    for line in difflib.unified_diff(
        actual.splitlines(), expected.splitlines(), "actual", "expected", n=0, lineterm=""
    ):
        print(visible(line))
    project = "" if options.project == Path() else f" --project {shlex.quote(str(options.project))}"
    command = " ".join(["access render", *options.stacks, f"--markdown {shlex.quote(str(path))}"]) + project
    raise AccessError(f"{path} is stale; write it again and commit it: python -m {command}")
