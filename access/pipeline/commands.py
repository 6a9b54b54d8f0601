"""The commands ``access pipeline …`` for the workflows under ``.github/workflows``."""

import argparse
import os
from pathlib import Path

from ..command_line import Commands, check_writable, write_report
from ..errors import AccessError
from ..render.commands import add_project

_PIPELINE = """\
The steps of GitHub workflows that Pulumi does not have. Each command is a step of one workflow.
"""

_STACKS = """\
Prints outputs of a job: the names of all stacks with a file, each after the stacks that it refers to, and a matrix of
them with the SHA-256 of their policy documents. With --base, a stack that grants a role which the same change adds is
left out of the matrix, because Pulumi can't preview it before the role is deployed. It needs no credentials.
"""

_SIGN_IN = """\
Trades the job's OpenID Connect token for an hour's session in a role of each stack's account, and passes the files with
the profiles, which have the stacks' names, to the following steps. The account is the one under aws:allowedAccountIds,
and the role is the one that examples/pipeline-roles creates there.
"""

_DOCUMENTS = """\
Compares the policy documents that Pulumi is about to deploy with those that the program gives without credentials, and
these with the hash of the review. Values that were unknown in the review, i.e. generated external ids, other projects'
roles and encrypted values, may be any text without wildcards. Any other difference is refused, and so is a secret.
"""

_ISSUE = """\
Opens an issue if a check did not succeed, keeps it up to date, and closes it once all checks succeed.
"""


def add_commands(commands: Commands) -> None:
    """Declare the commands."""
    pipeline = commands.add_parser(
        "pipeline",
        help="run a workflow's step in a job of GitHub Actions",
        description=_PIPELINE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    steps = pipeline.add_subparsers(required=True, metavar="STEP")

    def step(name: str, text: str, description: str) -> argparse.ArgumentParser:
        return steps.add_parser(
            name, help=text, description=description, formatter_class=argparse.RawDescriptionHelpFormatter
        )

    stacks = step("stacks", "print the stacks in order, as outputs of the job", _STACKS)
    add_project(stacks)
    stacks.add_argument(
        "--base", metavar="REVISION", help="the deployed revision; stacks that have to wait are left out"
    )
    stacks.add_argument("--summary", type=Path, metavar="FILE", help="add the stacks to a file as Markdown")
    stacks.set_defaults(run=_stacks)

    sign_in = step("sign-in", "sign in to the stacks' accounts without a stored key", _SIGN_IN)
    sign_in.add_argument("purpose", choices=("read", "deploy"), help="the role")
    sign_in.add_argument("stacks", nargs="+", metavar="STACK", help="a stack's name")
    add_project(sign_in)
    sign_in.set_defaults(run=_sign_in)

    documents = step("documents", "refuse documents that are not the reviewed ones", _DOCUMENTS)
    documents.add_argument("stack", metavar="STACK", help="a stack's name")
    documents.add_argument("preview", type=Path, metavar="FILE", help="output of pulumi preview --json --show-sames")
    documents.add_argument("--reviewed", required=True, metavar="SHA256", help="the hash from `stacks`")
    add_project(documents)
    documents.set_defaults(run=_documents)

    issue = step("issue", "open, update or close the issue about drift", _ISSUE)
    issue.add_argument("results", nargs="+", type=_result, metavar="CHECK=RESULT", help="e.g. prove=success")
    issue.set_defaults(run=_issue)


def _stacks(options: argparse.Namespace) -> int:
    from ..project.files import read_project
    from .stacks import outputs, rows, summary

    if options.summary:
        check_writable(options.summary)
    stacks = rows(read_project(options.project), options.base)
    if options.summary:
        before = options.summary.read_text(encoding="utf-8") if options.summary.exists() else ""
        write_report(options.summary, before + summary(stacks))
    print(outputs(stacks), end="")
    return 0


def _sign_in(options: argparse.Namespace) -> int:
    from ..project.files import read_project
    from .sign_in import sign_in

    project = read_project(options.project)
    stacks = [project.stack(name) for name in options.stacks]
    for name, stack in zip(options.stacks, stacks, strict=True):
        if stack is None:
            known = ", ".join(stack.name for stack in project.stacks)
            raise AccessError(f"there is no stack {name!r}; there are: {known}")
    print(*sign_in([stack for stack in stacks if stack], options.purpose, os.environ), sep="\n")
    return 0


def _documents(options: argparse.Namespace) -> int:
    from ..project.files import read_project
    from ..render.running import run
    from .documents import check, digest, planned, reviewed

    ran = run(read_project(options.project), [options.stack])
    expected = reviewed(next(each for each in ran if each.stack.name == options.stack))
    if digest(expected) != options.reviewed:
        raise AccessError(
            f"{options.stack}: the program's documents here have the hash {digest(expected)}, the reviewed ones"
            f" {options.reviewed}; nothing was deployed"
        )
    check(expected, planned(options.preview, options.stack))
    print(f"{options.stack}: the documents to deploy are the reviewed ones, {options.reviewed}")
    return 0


def _issue(options: argparse.Namespace) -> int:
    from ..github import repository, run_address
    from .issue import report

    print(report(repository(os.environ, "issues: write"), run_address(os.environ), dict(options.results)))
    return 0


def _result(text: str) -> tuple[str, str]:
    name, equals, result = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not CHECK=RESULT, e.g. prove=success")
    return name, result
