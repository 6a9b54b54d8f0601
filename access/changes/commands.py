"""The command ``access changes``."""

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
"""The end of a rendered file's name. A revision is never taken for a file that somebody has added under its name."""

_CHANGES = """\
Compares what the program registers in two states of the repository, as `access render` writes it, and says who gains
and who loses what. The answer holds for every request, not for a sample. It needs no credentials and no network. The
first line is the verdict: no access changes, wider, narrower, or undecided where that can't be told.

A state is a git revision, or a file that ends in .json. The base's program renders the stack files of both revisions.
Where code changed, the changed program is run too: what either gives is said, and that the program itself changed.
"""

_EPILOG = """\
exit codes: 0 no access changes, or narrower; 1 wider, or the files can't be read; 2 the command was not understood;
3 undecided; 130 interrupted
"""


def add_commands(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "changes",
        help="who gains and who loses what between two states of the repository",
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
            help=f"write them as {form} too, into several files if need be; - is standard output, in place of text",
        )
    command.set_defaults(run=_run)
    comment = commands.add_parser(
        "comment",
        help="in a job of GitHub Actions: write what access changes says as a comment on the pull request",
        description="Writes a file of `access changes --markdown` as a comment on the pull request that the job is"
        " about, or brings the comment up to date. It takes GITHUB_TOKEN and what GitHub says of the job.",
    )
    comment.add_argument("file", type=Path, metavar="FILE", help="what access changes --markdown wrote")
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
        raise AccessError("compare two rendered files, or two revisions; one of each has no program in common")
    return compare(_read(options.base), _read(options.head)), ()


def exit_code(verdict: "Verdict") -> int:
    """Return the exit code of a verdict."""
    return {"none": 0, "narrower": 0, "wider": 1, "undecided": 3}[verdict]


def _read(path: str) -> "Rendered":
    from .rendered import read

    try:
        return read(Path(path).read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise AccessError(f"{path} can't be read: {reason}; give a file that `access render` wrote") from None
