"""The command ``access bypass``."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..command_line import STANDARD_OUTPUT, Commands, write_report
from ..participants import add_stacks, named_stacks
from ..terminal import Progress

if TYPE_CHECKING:
    from .findings import Report

_BYPASS = """\
Reads the users, groups and roles of the stacks' accounts, with their policies. Changes nothing in AWS. Finds principals
that the outputs deny a role but that can still reach it, through other principals or rights in IAM, and principals that
may assume a role without the outputs allowing it. Principals that go the same way share a line. A way is certain, or
depends on conditions that only AWS can decide. The profile for each account must be able to read IAM, and has the
stack's name unless --stack-profile names another. For an account with roles only, reading these roles is enough: the
last lines then name what was not read.
"""

_EPILOG = """\
exit codes: 0 nothing was found; 1 something was found, or could not be read; 2 the command line is wrong;
130 interrupted
"""


def add_commands(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "bypass",
        help="find ways around a Deny, and principals with unintended access",
        description=_BYPASS,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_stacks(command)
    command.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="write the findings as JSON; - writes to standard output, in place of text",
    )
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from .reading import analyze

    progress = Progress()
    try:
        report = analyze(named_stacks(options), progress.show)
    finally:
        progress.end()
    _write(report, options.json)
    return 1 if report.findings else 0


def _write(report: "Report", path: Path | None) -> None:
    from . import json_report, text_report

    if path:
        write_report(path, json_report.render(report))
    if path != STANDARD_OUTPUT:
        print(text_report.render(report), end="")
