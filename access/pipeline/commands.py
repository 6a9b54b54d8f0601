"""The commands ``access pipeline …``, for the workflows under ``.github/workflows``."""

import argparse
import os
from pathlib import Path

from ..command_line import Commands, check_writable, write_report
from ..errors import AccessError
from ..render.commands import add_project

_PIPELINE = """\
What the workflows of a repository on GitHub need besides Pulumi. Each command is a step of one of them.
"""

_STACKS = """\
Prints the names of the stacks that have a file, each after those that it refers to, and a matrix of them with the
SHA-256 of their policy documents, as outputs of a job. A stack that grants a role which its own change adds is left out
of the matrix with --base: Pulumi can't preview it before the role is deployed. It needs no credentials.
"""

_SIGN_IN = """\
Trades the OpenID Connect token of the job for a session of an hour in a role of each stack's account, and names the
files with the profiles, called as the stacks are, to the following steps. The account is the one under
aws:allowedAccountIds, and the role the one that examples/pipeline-roles makes there.
"""

_DOCUMENTS = """\
Compares the policy documents that Pulumi is about to deploy with those that the program gives without credentials, and
these with the hash of the review. What was not known then stands for one text without wildcards: external ids that AWS
makes up, other projects' roles, encrypted values. Any other difference is refused, and so is what Pulumi keeps secret.
"""

_ISSUE = """\
Opens an issue if a check did not end with success, brings it up to date, and closes it once all did.
"""


def add_commands(commands: Commands) -> None:
    """Declare the commands."""
    pipeline = commands.add_parser(
        "pipeline",
        help="in a job of GitHub Actions: the steps of the workflows",
        description=_PIPELINE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    steps = pipeline.add_subparsers(required=True, metavar="STEP")

    def step(name: str, what: str, description: str) -> argparse.ArgumentParser:
        return steps.add_parser(
            name, help=what, description=description, formatter_class=argparse.RawDescriptionHelpFormatter
        )

    stacks = step("stacks", "the stacks in order, as outputs of the job", _STACKS)
    add_project(stacks)
    stacks.add_argument("--base", metavar="REVISION", help="the revision that is deployed: what has to wait for others")
    stacks.add_argument("--summary", type=Path, metavar="FILE", help="add them to a file as Markdown")
    stacks.set_defaults(run=_stacks)

    sign_in = step("sign-in", "into the stacks' accounts, without a stored key", _SIGN_IN)
    sign_in.add_argument("purpose", choices=("read", "deploy"), help="the role")
    sign_in.add_argument("stacks", nargs="+", metavar="STACK", help="a stack's name")
    add_project(sign_in)
    sign_in.set_defaults(run=_sign_in)

    documents = step("documents", "refuse documents that are not the reviewed ones", _DOCUMENTS)
    documents.add_argument("stack", metavar="STACK", help="a stack's name")
    documents.add_argument("preview", type=Path, metavar="FILE", help="of pulumi preview --json --show-sames")
    documents.add_argument("--reviewed", required=True, metavar="SHA256", help="the hash that `stacks` gave")
    add_project(documents)
    documents.set_defaults(run=_documents)

    issue = step("issue", "one issue about drift, closed when there is none", _ISSUE)
    issue.add_argument("results", nargs="+", type=_result, metavar="CHECK=RESULT", help="e.g. prove=success")
    issue.set_defaults(run=_issue)


def _stacks(options: argparse.Namespace) -> int:
    from ..project.files import read_project
    from .stacks import outputs, rows, summary

    if options.summary:
        check_writable(options.summary)
    found = rows(read_project(options.project), options.base)
    if options.summary:
        before = options.summary.read_text(encoding="utf-8") if options.summary.exists() else ""
        write_report(options.summary, before + summary(found))
    print(outputs(found), end="")
    return 0


def _sign_in(options: argparse.Namespace) -> int:
    from ..project.files import read_project
    from .sign_in import sign_in

    project = read_project(options.project)
    stacks = [project.stack(name) for name in options.stacks]
    for name, stack in zip(options.stacks, stacks, strict=True):
        if stack is None:
            raise AccessError(f"there is no stack {name!r}; there are: {', '.join(it.name for it in project.stacks)}")
    print(*sign_in([stack for stack in stacks if stack], options.purpose, os.environ), sep="\n")
    return 0


def _documents(options: argparse.Namespace) -> int:
    from ..project.files import read_project
    from ..render.running import run
    from .documents import check, digest, planned, reviewed

    ran = run(read_project(options.project), [options.stack])
    wanted = reviewed(next(each for each in ran if each.stack.name == options.stack))
    if digest(wanted) != options.reviewed:
        raise AccessError(
            f"{options.stack}: the program gives other documents here, {digest(wanted)}, than where they were reviewed,"
            f" {options.reviewed}; nothing was deployed"
        )
    check(wanted, planned(options.preview, options.stack))
    print(f"{options.stack}: what is about to be deployed is what was reviewed, {options.reviewed}")
    return 0


def _issue(options: argparse.Namespace) -> int:
    from ..github import repository, run_address
    from .issue import tell

    print(tell(repository(os.environ, "issues: write"), run_address(os.environ), dict(options.results)))
    return 0


def _result(text: str) -> tuple[str, str]:
    name, equals, result = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not CHECK=RESULT, e.g. prove=success")
    return name, result
