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
Reads the users, groups and roles of the stacks' accounts, with their policies; AWS is only read. Finds principals that
the outputs deny a role and that get to it all the same, by way of other principals or of rights in IAM, and principals
that may assume a role though the outputs allow it nowhere. Those that go the same way are on one line. A way is
certain, or open under conditions that only AWS can decide. Each account is reached by an AWS profile that may read IAM,
named as the stack unless --stack-profile says otherwise. Where an account only has roles, the profile may be one that
reads no more of IAM than these roles: the last lines then name what was not seen.
"""

_EPILOG = """\
exit codes: 0 nothing was found; 1 something was, or it can't be told; 2 the command was not understood;
130 interrupted
"""


def add_commands(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "bypass",
        help="look for ways around a Deny, and for principals that nobody meant",
        description=_BYPASS,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_stacks(command)
    command.add_argument(
        "--json", type=Path, metavar="FILE", help="write what was found as JSON; - is standard output, in place of text"
    )
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from .reading import look

    progress = Progress()
    try:
        report = look(named_stacks(options), progress.show)
    finally:
        progress.end()
    _tell(report, options.json)
    return 1 if report.findings else 0


def _tell(report: "Report", path: Path | None) -> None:
    from . import json_report, text_report

    if path:
        write_report(path, json_report.render(report))
    if path != STANDARD_OUTPUT:
        print(text_report.render(report), end="")
