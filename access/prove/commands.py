"""The commands ``access prove`` and ``access diff``."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ..command_line import STANDARD_OUTPUT, Commands, check_writable, write_report
from ..errors import AccessError
from ..participants import Participant, add_stacks, named_stacks
from ..render.commands import add_project
from ..terminal import Progress, in_colour

if TYPE_CHECKING:
    from ..reading.values import Review
    from .matrix import Proof

_PROVE = """\
Compares what is deployed with what the stacks declare, for every request: roles, buckets and groups, and all other
principals in the accounts that can reach them. More access than declared is an EXCESS, less is a LACK; each names the
statement. The declared access is rendered in the project's folder, or read from --declared. Exceptions are listed in
the stacks' files, under knownPrincipals. The profile for each account is an administrator's, or has the rights of
--rights read. It has the stack's name unless --stack-profile names another.

With --as or --create-probes it also tests access with real AWS calls. The stacks' outputs say who may do what. Each
principal tries to assume each role and, in it, the actions that the role grants and closely related ones that must
fail. A cell is ALLOW, DENY (AccessDenied only) or INCONCLUSIVE. Every answer must come twice in a row, and a DENY
counts only after the same service has allowed the same principal something.

--as tests with existing users and roles. --create-probes creates users, roles, buckets and objects, and removes them
again, also after Ctrl-C, SIGTERM or SIGHUP. All have access-probe- and a random number in their names and the tag
(objects: metadata) access-probe. The users may only assume the tested roles, those of permission sets and the proof's
own roles, which have no rights (or all roles of these accounts, if a policy can't name them all), and read the location
of the proof's own bucket and their own user. After an hour they can begin no session; an earlier one lasts 15 minutes,
or an hour in the role of a permission set. --clean lists the leftovers of interrupted proofs; with --yes it removes
them. A resource with the name but without the tag is not the proof's: it is listed, and never removed.

A bucket with event notifications, replication, Object Lock or MFA delete is an error without --live-buckets.
"""

_DIFF = """\
Compares two proofs from `access prove --json`, and prints Markdown. The first line says who gained access, whether the
stacks declare it, and the number of gains and losses. New findings, each gain and loss, and unknown results follow.

exit codes: 0 nobody gained access; 1 access is wider: a principal gained access, declared or not, or a reading has a
new finding other than a LACK, or a file could not be read; 2 the command line is wrong
"""

_PROVE_EPILOG = """\
required rights: access prove --rights prints them as a policy document for the profiles. Guard them like an
administrator's: they can put any user into any group, and create a user with a wider boundary under the proof's name.

alarms: new users and access keys (CreateUser, CreateAccessKey), new roles and policies (CreateRole, CreatePolicy,
PutUserPolicy), and dozens of AccessDenied trigger security monitoring, e.g. CIS AWS Foundations "unauthorized API
calls" and "IAM policy changes", and GuardDuty's IAM findings. Inform your security team before you run it.

exit codes: 0 everything is as declared, and every cell is as expected; 1 something is not, or could not be read or
tested, or the proof failed; 2 the command line is wrong; 130 interrupted
"""


def add_commands(commands: Commands) -> None:
    """Declare the commands."""
    prove = commands.add_parser(
        "prove",
        help="verify that access is as declared, by review and with real AWS calls",
        description=_PROVE,
        epilog=_PROVE_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_stacks(prove)
    prove.add_argument(
        "--outsider", action="append", default=[], metavar="PROFILE", help="profile of another account's administrator"
    )
    prove.add_argument(
        "--as", action="append", default=[], dest="profiles", metavar="PROFILE", help="user or role to test with"
    )
    prove.add_argument(
        "--create-probes", action="store_true", help="create users, roles, buckets and objects, and remove them"
    )
    prove.add_argument("--clean", action="store_true", help="only list leftovers of interrupted proofs")
    prove.add_argument("--yes", action="store_true", help="with --clean: remove them")
    prove.add_argument(
        "--rights",
        action=_PrintRights,
        help="print the rights for a proof with probes and exit; --rights read: those for a review",
    )
    add_project(prove)
    prove.add_argument(
        "--declared", type=Path, metavar="FILE", help="output of access render, in place of running the program"
    )
    prove.add_argument(
        "--live-buckets",
        choices=("write", "skip"),
        help="for buckets with notifications, replication, locks or MFA delete: write, or skip their objects",
    )
    prove.add_argument(
        "--wait",
        type=_seconds,
        default=90.0,
        metavar="SECONDS",
        help="time for answers to become the expected ones (90); 0 calls twice without a pause",
    )
    prove.add_argument(
        "--at-once", dest="concurrency", type=_count, default=8, metavar="N", help="number of concurrent calls (8)"
    )
    for name, format_ in (
        ("json", "as JSON, for access diff and other programs"),
        ("junit", "as JUnit XML, for CI"),
        ("markdown", "as Markdown, for a pull request"),
        ("html", "as one HTML page, with a picture"),
    ):
        prove.add_argument(
            f"--{name}", type=Path, metavar="FILE", help=f"write the proof {format_}; - is standard output"
        )
    prove.set_defaults(run=_prove)

    diff = commands.add_parser(
        "diff",
        help="show who gained and lost access between two proofs",
        description=_DIFF,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    diff.add_argument("old", type=Path, metavar="OLD.json")
    diff.add_argument("new", type=Path, metavar="NEW.json")
    diff.set_defaults(run=_diff)


class _PrintRights(argparse.Action):
    """An option that prints the rights and exits."""

    def __init__(self, option_strings: Sequence[str], dest: str, **settings: Any) -> None:  # noqa: ANN401 (argparse's)
        super().__init__(option_strings, dest, nargs="?", default=argparse.SUPPRESS, choices=("read",), **settings)

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: object, option: str | None = None
    ) -> NoReturn:
        from .rights import rights, rights_to_read

        print(json.dumps(rights_to_read() if values == "read" else rights(), indent=2))
        parser.exit()


def _prove(options: argparse.Namespace) -> int:
    from ..accounts import Account
    from .proof import Settings, nothing_tried, prove

    if options.yes and not options.clean:
        raise AccessError("--yes needs --clean")
    for path, _ in _reports(options):
        check_writable(path)
    participants = _participants(options)
    progress = Progress()
    try:
        if options.clean:
            return _clean(participants, options, progress)
        profiles = [Account(profile) for profile in options.profiles]
        proof = nothing_tried(participants)
        review = _review(participants, options, progress)
        if options.create_probes or profiles:
            settings = Settings(options.create_probes, options.wait, options.concurrency, options.live_buckets)
            proof = prove(participants, settings, profiles, progress.show)
        proof = replace(proof, review=review)
    finally:
        progress.end()
    _report(proof, options)
    return 0 if proof.holds else 1


def _review(participants: Sequence[Participant], options: argparse.Namespace, progress: Progress) -> "Review":
    """Return the comparison of what is deployed with what the stacks declare."""
    from ..project.files import read_project
    from ..reading.declaration import declared_by
    from ..reading.review import read_and_review, readers
    from ..render.documents import render

    if options.declared:
        text, where = _text(options.declared), str(options.declared)
    else:
        project, names = read_project(options.project), [stack.rpartition("/")[2] for stack in options.stacks]
        progress.show("rendering the declared access")
        text, where = render(project, names).json, "the program"
    declared = declared_by(text, where, participants)
    progress.show("reading the deployed access")
    return read_and_review(declared, participants, readers(participants))


def _clean(participants: Sequence[Participant], options: argparse.Namespace, progress: Progress) -> int:
    """List the leftovers, and remove them with --yes."""
    from ..interruption import Interruption
    from .fixture import workers
    from .leftovers import find_leftovers
    from .removal import by_account, describe_left, remove

    found = find_leftovers(participants)
    for resource in found.foreign:
        print(f"kept: {resource} of {resource.account_id}, which has the name of a proof's but not its tag")
    for resource in found.resources:
        print(f"{resource} of {resource.account_id}")
    if not found.resources:
        print("no leftovers")
    elif not options.yes:
        print(f"{len(found.resources)} leftovers: {by_account(found.resources)}; to remove them, add --yes")
    else:
        with Interruption() as interruption, workers(options.concurrency) as pool:
            interruption.begin_removal()
            removal = remove(found.resources, pool, interruption, progress.show)
        print(f"removed {len(removal.removed)}{f': {by_account(removal.removed)}' if removal.removed else ''}")
        if removal.left:
            raise AccessError(describe_left(removal.left))
    if found.unchecked:
        raise AccessError(f"not checked: {'; '.join(found.unchecked)}")
    return 0


def _participants(options: argparse.Namespace) -> list[Participant]:
    from ..accounts import Account

    return [*named_stacks(options), *(Participant(Account(profile)) for profile in options.outsider)]


def _reports(options: argparse.Namespace) -> list[tuple[Path, Callable[["Proof"], str]]]:
    """Return the requested reports, each with its file."""
    from .reports import html_report, json_report, junit_report, markdown_report

    reports = [
        (options.json, json_report.render),
        (options.junit, junit_report.render),
        (options.markdown, markdown_report.render),
        (options.html, html_report.render),
    ]
    return [(path, render) for path, render in reports if path]


def _report(proof: "Proof", options: argparse.Namespace) -> None:
    from .reports import text_report

    reports = _reports(options)
    # The text comes first, so that a failure to write a file doesn't lose the result.
    if STANDARD_OUTPUT not in [path for path, _ in reports]:
        print(text_report.render(proof, colour=in_colour(sys.stdout)), end="", flush=True)
    for path, render in reports:
        write_report(path, render(proof))


def _diff(options: argparse.Namespace) -> int:
    from .comparison import compare

    comparison = compare(*(_read_proof(path) for path in (options.old, options.new)))
    print(comparison.markdown, end="")
    return int(comparison.is_wider)


def _read_proof(path: Path) -> "Proof":
    from .reports import json_report

    text = _text(path)
    try:
        return json_report.parse(text)
    except AccessError as error:
        raise AccessError(f"{path}: {error}") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AccessError(f"{path} can't be read: {getattr(error, 'strerror', error)}") from None


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
