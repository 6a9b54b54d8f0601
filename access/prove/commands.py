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
Reads what is deployed, and compares it with what the stacks declare, for every request: roles, buckets and groups, and
everybody else in the accounts as far as they get to these. More than declared is an EXCESS, less a LACK; each names the
statement. The stacks' files are rendered in the project's folder, or --declared says what they come to. Exceptions
stand in the stacks' files, under knownPrincipals. Each account is reached by an AWS profile of its administrator, or of
somebody with the rights of --rights read, named as the stack unless --stack-profile says otherwise.

With --as or --create-probes it also tries, with real AWS calls. The stacks' outputs say who may do what; each principal
then tries to assume each role and, in it, what the role grants and what is near to that. A cell is ALLOW, DENY
(AccessDenied and nothing else) or INCONCLUSIVE. Every answer has to come twice in a row, and a DENY counts only once
the same service has allowed the same principal something.

--as tries with users and roles that are there. With --create-probes the proof makes users, roles, buckets
and objects, and removes them again, also after Ctrl-C, SIGTERM or SIGHUP. All have access-probe- and a random number in
their names and a tag (objects: metadata) access-probe. Their own rights let the users assume the roles that are tried,
those of permission sets and powerless roles of the proof, or all roles of these accounts where a policy can't name
them all; and read where the proof's own bucket is, and their own user. After an hour they can begin no session; one
that was begun before lasts 15 minutes, or an hour in the role of a permission set. --clean lists leftovers of
interrupted proofs; with --yes it removes them. What has the name but not the tag is somebody's own: it is listed, and
never removed.

A bucket with event notifications, replication, Object Lock or MFA delete is not written to: say --live-buckets.
"""

_DIFF = """\
Compares two proofs, as `access prove --json` writes them, and prints Markdown. The first line says who gained, whether
the stacks declare that, and how much was gained and lost in all. Then come what readings found since then, each gain
and loss, and what is unknown.

exit codes: 0 nobody gained anything; 1 access is wider: somebody gained something, as declared or not, or a reading
found something new that is not known to be less, or a file could not be read; 2 the command was not understood
"""

_PROVE_EPILOG = """\
needed rights: access prove --rights prints them as a policy document for the profiles. Guard them like an
administrator's: they can put any user into any group, and make a user with a wider boundary under the proof's name.

alarms: new users and access keys (CreateUser, CreateAccessKey), new roles and policies (CreateRole, CreatePolicy,
PutUserPolicy), and dozens of AccessDenied are what security monitoring looks for, e.g. CIS AWS Foundations
"unauthorized API calls" and "IAM policy changes", and GuardDuty's IAM findings. Tell those who watch before you run it.

exit codes: 0 all is as declared, and every cell came out as expected; 1 something is not, could not be read or tried,
or the proof could not be made; 2 the command was not understood; 130 interrupted
"""


def add_commands(commands: Commands) -> None:
    """Declare the commands."""
    prove = commands.add_parser(
        "prove",
        help="verify that access is as declared, by reading and by trying",
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
    prove.add_argument(
        "--create-probes", action="store_true", help="make users, roles, buckets and objects, and remove them"
    )
    prove.add_argument("--clean", action="store_true", help="only list leftovers of interrupted proofs")
    prove.add_argument("--yes", action="store_true", help="with --clean: remove them")
    prove.add_argument(
        "--rights",
        action=_PrintRights,
        help="print the rights that a proof with probes needs, and exit; or: --rights read",
    )
    add_project(prove)
    prove.add_argument(
        "--declared", type=Path, metavar="FILE", help="what access render wrote, in place of running the program now"
    )
    prove.add_argument(
        "--live-buckets",
        choices=("write", "skip"),
        help="write into buckets with notifications, replication, locks or MFA delete too, or leave their objects out",
    )
    prove.add_argument(
        "--wait",
        type=_seconds,
        default=90.0,
        metavar="SECONDS",
        help="for how long answers may still change, once all is made (90); 0 asks twice at once",
    )
    prove.add_argument("--at-once", type=_count, default=8, metavar="N", help="number of concurrent calls (8)")
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
        help="say who gained and who lost what between two proofs",
        description=_DIFF,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    diff.add_argument("old", type=Path, metavar="OLD.json")
    diff.add_argument("new", type=Path, metavar="NEW.json")
    diff.set_defaults(run=_diff)


class _PrintRights(argparse.Action):
    """Prints the rights and exits, without a stack being named."""

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
        raise AccessError("--yes is for --clean")
    for path, _ in _reports(options):
        check_writable(path)
    participants = _participants(options)
    progress = Progress()
    try:
        if options.clean:
            return _clean(participants, options, progress)
        people = [Account(profile) for profile in options.people]
        proof = nothing_tried(participants)
        review = _review(participants, options, progress)
        if options.create_probes or people:
            settings = Settings(options.create_probes, options.wait, options.at_once, options.live_buckets)
            proof = prove(participants, settings, people, progress.show)
        proof = replace(proof, review=review)
    finally:
        progress.end()
    _report(proof, options)
    return 0 if proof.holds else 1


def _review(participants: Sequence[Participant], options: argparse.Namespace, progress: Progress) -> "Review":
    """Return what is deployed, compared with what the stacks declare."""
    from ..project.files import read_project
    from ..reading.declaration import declared_by
    from ..reading.review import read_and_review, readers
    from ..render.documents import render

    if options.declared:
        text, where = _text(options.declared), str(options.declared)
    else:
        project, names = read_project(options.project), [stack.rpartition("/")[2] for stack in options.stacks]
        progress.show("rendering what the stacks declare")
        text, where = render(project, names).json, "the program"
    declared = declared_by(text, where, participants)
    progress.show("reading what is deployed")
    return read_and_review(declared, participants, readers(participants))


def _clean(participants: Sequence[Participant], options: argparse.Namespace, progress: Progress) -> int:
    """List the leftovers; remove them if that was asked for."""
    from ..interruption import Interruption
    from .leftovers import find_leftovers
    from .removal import by_account, left_over, remove
    from .stage import workers

    found = find_leftovers(participants)
    for thing in found.not_ours:
        print(f"left alone: {thing} of {thing.account_id}, named like a proof's but without its tag")
    for thing in found.things:
        print(f"{thing} of {thing.account_id}")
    if not found.things:
        print("no leftovers")
    elif not options.yes:
        print(f"{len(found.things)} leftovers: {by_account(found.things)}; to remove them, add --yes")
    else:
        with Interruption() as interruption, workers(options.at_once) as pool:
            interruption.begin_removal()
            removal = remove(found.things, pool, interruption, progress.show)
        print(f"removed {len(removal.removed)}{f': {by_account(removal.removed)}' if removal.removed else ''}")
        if removal.left:
            raise AccessError(left_over(removal.left))
    if found.unseen:
        raise AccessError(f"not looked at: {'; '.join(found.unseen)}")
    return 0


def _participants(options: argparse.Namespace) -> list[Participant]:
    from ..accounts import Account

    return [*named_stacks(options), *(Participant(Account(profile)) for profile in options.outsider)]


def _reports(options: argparse.Namespace) -> list[tuple[Path, Callable[["Proof"], str]]]:
    """Return the reports that were asked for, each with the file that it goes to."""
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
    # First, so that a file that can't be written after all doesn't take the result with it.
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
