"""The commands ``access changes`` and ``access comment``."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..command_line import STANDARD_OUTPUT, Commands, check_writable, write_report
from ..errors import AccessError
from ..render.commands import add_project

if TYPE_CHECKING:
    from .rendered import Rendered
    from .values import Changes, Verdict

_RENDERED = ".json"
"""The suffix of a rendered file, so that a file with a revision's name is never taken for the revision."""

_CHANGES = """\
Compares the policies that the program registers in two states of the repository, as `access render` writes them, and
says who gains and who loses which access. The answer holds for every request, not for a sample. It needs no credentials
and no network. The first line is the verdict: no access changes, wider, narrower or undecided.

A state is a git revision, or a file that ends in .json. The base's program renders the stack files of both revisions.
If code has changed, the changed program is run too; the answer then covers both results, and says so.
"""

_EPILOG = """\
exit codes: 0 no access changes, or narrower; 1 wider, or the files can't be read; 2 the command was not understood;
3 undecided; 130 interrupted
"""


def add_commands(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "changes",
        help="compare the access of two states of the repository: who gains what, and who loses what",
        description=_CHANGES,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("base", metavar="BASE", help="the state before: a revision, or a file of access render")
    command.add_argument("head", metavar="HEAD", nargs="?", help="the state after; by default the working tree")
    add_project(command)
    for form in ("markdown", "json"):
        command.add_argument(
            f"--{form}",
            type=Path,
            action="append",
            default=[],
            metavar="FILE",
            help=f"also write the changes as {form}, repeatable; - is standard output, in place of text",
        )
    command.set_defaults(run=_run)
    comment = commands.add_parser(
        "comment",
        help="write the changes as a comment on the pull request, in a job of GitHub Actions",
        description="Writes a file of `access changes --markdown` as a comment on the job's pull request, or updates"
        " that comment. It takes GITHUB_TOKEN and the job's other variables.",
    )
    comment.add_argument("file", type=Path, metavar="FILE", help="the file that access changes --markdown wrote")
    comment.set_defaults(run=_comment)


def _run(options: argparse.Namespace) -> int:
    from . import json_report, markdown_report, text_report

    reports = [(path, markdown_report.render) for path in options.markdown]
    reports += [(path, json_report.render) for path in options.json]
    for path, _ in reports:
        check_writable(path)
    changes, warnings = _changes(options)
    for warning in warnings:
        print(f"access: warning: {warning}", file=sys.stderr)
    for path, render in reports:
        write_report(path, render(changes))
    if STANDARD_OUTPUT not in (*options.markdown, *options.json):
        print(text_report.render(changes), end="")
    return exit_code(changes.verdict)


def _comment(options: argparse.Namespace) -> int:
    from .comment import pull_request, verdict

    request = pull_request(os.environ)
    request.write(verdict(options.file, request.run))
    return 0


def _changes(options: argparse.Namespace) -> "tuple[Changes, tuple[str, ...]]":
    from .comparison import compare
    from .revisions import compare_revisions

    files = [text.endswith(_RENDERED) for text in (options.base, options.head) if text]
    if not any(files):
        return compare_revisions(options.project, options.base, options.head)
    if files != [True, True]:
        raise AccessError("a rendered file and a revision can't be compared; give two files or two revisions")
    return compare(_read(options.base), _read(options.head)), ()


def exit_code(verdict: "Verdict") -> int:
    """Return the exit code of a verdict."""
    return {"none": 0, "narrower": 0, "wider": 1, "undecided": 3}[verdict]


def _read(path: str) -> "Rendered":
    from .rendered import read

    try:
        return read(Path(path).read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise AccessError(f"{path} can't be read: {reason}; give a file that `access render` wrote") from None
