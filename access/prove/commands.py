"""The commands ``access prove`` and ``access diff``."""

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from access.command_line import STANDARD_OUTPUT, Commands, write_report
from access.errors import AccessError
from access.participants import Participant, add_stacks, named_stacks
from access.terminal import Progress, in_colour

if TYPE_CHECKING:
    from access.prove.matrix import Proof

_PROVE = """\
Derives from the stacks' outputs who is to be able to do what, and settles it by doing: each principal tries to assume
each role and, in it, what the role grants and what is near to that. A cell is ALLOW, DENY (AccessDenied and nothing
else) or INCONCLUSIVE. Each account is reached by an AWS profile of its administrator, named as the stack unless
--profile says otherwise. Sessions are fresh, and every answer has to come twice in a row.

Without --create-probes AWS is only read, and those try whom --as names. With it, users, buckets, objects and a role are
made, all with access-probe- in their names, and removed again, also after Ctrl-C; what a killed proof leaves goes with
--clean.
"""

_PROVE_EPILOG = """\
exit codes: 0 every cell came out as expected; 1 one did not, or the proof could not be made; 2 the command was not
understood; 130 interrupted
"""


def add_commands(commands: Commands) -> None:
    """Declare the commands."""
    prove = commands.add_parser(
        "prove",
        help="settle by doing who can do what",
        description=_PROVE,
        epilog=_PROVE_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_stacks(prove)
    prove.add_argument(
        "--outsider", action="append", default=[], metavar="PROFILE", help="the administrator of another account"
    )
    prove.add_argument(
        "--as", action="append", default=[], dest="people", metavar="PROFILE", help="a user or role that tries too"
    )
    prove.add_argument("--create-probes", action="store_true", help="make users, buckets and objects, and remove them")
    prove.add_argument("--clean", action="store_true", help="remove what killed proofs left in these accounts, only")
    prove.add_argument(
        "--wait",
        type=_seconds,
        default=30.0,
        metavar="SECONDS",
        help="for how long answers may still change, once all is made (30); 0 asks twice at once",
    )
    prove.add_argument("--at-once", type=_count, default=8, metavar="N", help="how many things are tried at once (8)")
    for name, what in (
        ("json", "as JSON, for access diff and other programs"),
        ("junit", "as JUnit XML, for CI"),
        ("markdown", "as Markdown, for a pull request"),
        ("html", "as one HTML page, with a picture"),
    ):
        prove.add_argument(f"--{name}", type=Path, metavar="FILE", help=f"write the proof {what}; - is standard output")
    prove.set_defaults(run=_prove)

    diff = commands.add_parser(
        "diff",
        help="tell who gained and who lost what between two proofs",
        description="Compares two proofs, as `access prove --json` writes them, and prints Markdown.",
    )
    diff.add_argument("old", type=Path, metavar="OLD.json")
    diff.add_argument("new", type=Path, metavar="NEW.json")
    diff.set_defaults(run=_diff)


def _prove(options: argparse.Namespace) -> int:
    from access.accounts import Account
    from access.prove.proof import Settings, prove
    from access.prove.stage import remove_all_probes

    participants = _participants(options)
    progress = Progress()
    with _terminated_as_interrupted():
        if options.clean:
            removed = remove_all_probes(participants, options.at_once)
            print("\n".join(f"removed {what}" for what in removed) or "there was nothing to remove")
            return 0
        settings = Settings(options.create_probes, options.wait, options.at_once)
        people = [Account(profile) for profile in options.people]
        try:
            proof = prove(participants, settings, people, progress.show)
        finally:
            progress.end()
    _report(proof, options)
    return 0 if proof.holds else 1


def _participants(options: argparse.Namespace) -> list[Participant]:
    from access.accounts import Account

    return [*named_stacks(options), *(Participant(Account(profile)) for profile in options.outsider)]


def _report(proof: "Proof", options: argparse.Namespace) -> None:
    from access.prove.reports import html_report, json_report, junit_report, markdown_report, text_report

    reports = [
        (options.json, json_report.render),
        (options.junit, junit_report.render),
        (options.markdown, markdown_report.render),
        (options.html, html_report.render),
    ]
    for path, render in reports:
        if path:
            write_report(path, render(proof))
    if STANDARD_OUTPUT not in [path for path, _ in reports]:
        print(text_report.render(proof, colour=in_colour(sys.stdout)), end="")


def _diff(options: argparse.Namespace) -> int:
    from access.prove.comparison import compare

    print(compare(*(_read_proof(path) for path in (options.old, options.new))), end="")
    return 0


def _read_proof(path: Path) -> "Proof":
    from access.prove.reports import json_report

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AccessError(f"{path} can't be read: {error}") from None
    try:
        return json_report.parse(text)
    except AccessError as error:
        raise AccessError(f"{path}: {error}") from None


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Let a termination remove what was made, as Ctrl-C does."""

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds, 0 to 600")
    return seconds


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 1 to 64")
    return int(text)
