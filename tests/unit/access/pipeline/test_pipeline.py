"""The steps of preview, prove, deploy and drift, each run as GitHub would, with fakes of Pulumi, AWS and GitHub."""

import base64
import copy
import json
import os
import re
import shlex
import stat
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from access.__main__ import parser
from access.errors import AccessError
from access.github import BOT
from access.pipeline import documents
from access.pipeline.issue import MARK
from access.project.files import read_project
from access.render.running import run
from tests.support.http_server import Request, Response, serving
from tests.support.repositories import git, make_repository
from tests.support.workflows import NAMES, Runner, read
from tests.unit.conftest import REPOSITORY

STEPS = [
    (name, job, step["name"], step["run"])
    for name in NAMES
    for job, content in read(name)["jobs"].items()
    for step in content["steps"]
    if "run" in step
]


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """Return a runner with main checked out and the packages of `make packages`."""
    folder = tmp_path / "work"
    make_repository(folder)
    (folder / ".gitignore").write_text("__pycache__/\naccess\nMakefile\n.venv\nrequirements*\ntemporary\nhost\n")
    for name in ("access", "Makefile", ".venv", *(path.name for path in REPOSITORY.glob("requirements*.txt"))):
        (folder / name).symlink_to(REPOSITORY / name)
    git(folder, "commit", "-q", "-a", "-m", "Ignore what is installed")
    found = Runner.at(folder)
    found.expressions = {"vars.PULUMI_BACKEND_URL": "s3://state"}
    return found


# Installation and commands.


@pytest.mark.parametrize("command", sorted({step[3] for step in STEPS if step[3].startswith("make ")}))
def test_make_installs_the_packages(runner: Runner, command: str) -> None:
    workflow, job, name, _ = next(step for step in STEPS if step[3] == command and step[0] != "access")
    runner.environment["MAKEFLAGS"] = "nB"  # print the commands only, as if nothing were installed
    output = runner.run(workflow, job, name)
    assert output.returncode == 0, output.stderr
    assert "-m sandbox.packages requirements" in output.stdout
    assert ("-m sandbox up" in output.stdout) == (workflow == "prove")


@pytest.mark.parametrize("command", sorted({step[3] for step in STEPS if " -m access " in step[3]}))
def test_each_command_exists(command: str) -> None:
    filled_in = command.replace("$STACKS", "production development").split(" >> ")[0]
    arguments = [word.replace('"', "") for word in shlex.split(filled_in)[3:]]
    assert callable(parser().parse_args(arguments).run)


# The stacks, and those that wait.


def merge(folder: Path, change: Any) -> None:  # noqa: ANN401 (a function)
    """Check out a change of the stack files, merged into main as GitHub does for its checks."""
    git(folder, "switch", "-q", "-c", "feature")
    for stack in ("production", "development"):
        file = folder / f"Pulumi.{stack}.yaml"
        file.write_text(change(stack, file.read_text()))
    git(folder, "commit", "-q", "-a", "-m", "Change")
    git(folder, "switch", "-q", "--detach", "main")
    git(folder, "merge", "-q", "--no-ff", "-m", "$(touch stolen)", "feature")


def role_and_grant(stack: str, text: str) -> str:
    """Return a production file with a new role, or a development file with its grant to Testers."""
    if stack == "production":
        return text + '    - name: Reader\n      bucket: productionlogs\n      trustedAccountId: "111111111111"\n'
    return text + "      allow: [production/Reader]\n"


def listed(runner: Runner, workflow: str) -> list[str]:
    done = runner.run(workflow, "stacks", "List the stacks")
    assert (done.returncode, done.stderr) == (0, "")
    return [row["stack"] for row in json.loads(runner.said("output")["matrix"])["include"]]


def test_a_grant_of_a_role_of_the_same_pull_request_waits_and_is_green(runner: Runner) -> None:
    merge(runner.folder, role_and_grant)
    runner.environment["GITHUB_SHA"] = git(runner.folder, "rev-parse", "HEAD")
    assert listed(runner, "preview") == ["production"]
    assert runner.said("output")["names"] == "production development"
    summary = (runner.folder / "temporary" / "summary.md").read_text()
    assert re.search(
        r"development \| 111111111111 \| `[0-9a-f]{64}` \| waits for production/Reader of the same", summary
    )
    assert not list(runner.folder.rglob("stolen"))


def test_once_it_is_merged_nothing_waits(runner: Runner) -> None:
    merge(runner.folder, role_and_grant)
    assert listed(runner, "deploy") == ["production", "development"]
    git(runner.folder, "commit", "-q", "--allow-empty", "-m", "Next")
    runner.environment["GITHUB_SHA"] = git(runner.folder, "rev-parse", "HEAD")
    assert listed(runner, "preview") == ["production", "development"]


def test_stacks_are_in_the_order_of_references_and_no_workflow_names_them(runner: Runner) -> None:
    file = runner.folder / "Pulumi.archive.yaml"  # its name comes first in the alphabet
    file.write_text(
        'config:\n  aws:region: us-east-1\n  aws:allowedAccountIds: ["333333333333"]\n'
        "  cross-account-access:groups:\n    - name: Archivists\n      allow: [production/UpdateApp]\n"
    )
    assert listed(runner, "drift") == ["production", "archive", "development"]
    for name in ("preview", "prove", "deploy", "drift"):
        assert "production" not in json.dumps(list(read(name)["jobs"].values()))


def test_the_hash_changes_with_the_documents_only(runner: Runner) -> None:
    def hashes() -> dict[str, str]:
        listed(runner, "deploy")
        rows = json.loads(runner.said("output")["matrix"])["include"]
        return {row["stack"]: row["documents"] for row in rows}

    before = hashes()
    file = runner.folder / "Pulumi.development.yaml"
    file.write_text("# A comment\n" + file.read_text())
    assert hashes() == before
    file.write_text(file.read_text().replace("      deny:", "      allow:"))
    after = hashes()
    assert (after["production"], after["development"] != before["development"]) == (before["production"], True)


def test_a_stale_access_md_is_not_deployed(runner: Runner) -> None:
    step = "Check that ACCESS.md, which people review, is not stale"
    assert runner.run("deploy", "stacks", step).returncode == 0
    merge(runner.folder, lambda _, text: text.replace("      deny:", "      allow:"))
    assert runner.run("deploy", "stacks", step).returncode == 1


# Signing in.


def token(sub: str) -> str:
    body = base64.urlsafe_b64encode(json.dumps({"sub": sub}).encode()).decode().rstrip("=")
    return f"head.{body}.signature"


@dataclass
class Accounts:
    """GitHub, which issues tokens, and STS, which accepts them."""

    token: str = field(default_factory=lambda: token("repo:acme/access:environment:preview"))
    refuses: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)

    def respond(self, request: Request) -> Response:
        """Answer."""
        if request.path.startswith("/token"):
            assert request.path == "/token?api-version=2.0&audience=sts.amazonaws.com"
            assert request.headers["Authorization"] == "Bearer of-the-job"
            return Response(json.dumps({"value": self.token}))
        assert "Authorization" not in request.headers  # only the token counts
        asked = dict(urllib.parse.parse_qsl(request.body))
        self.asked.append(asked)
        kind = {"Content-Type": "text/xml"}
        if self.refuses:
            code = "<Code>AccessDenied</Code><Message>Not authorized</Message>"
            return Response(f"<ErrorResponse><Error>{code}</Error></ErrorResponse>", 403, kind)
        account = asked["RoleArn"].split(":")[4]
        return Response(
            "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
            f"<AccessKeyId>ASIA{account}</AccessKeyId><SecretAccessKey>secret-of-{account}</SecretAccessKey>"
            "<SessionToken>session</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration>"
            "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
            headers=kind,
        )


@pytest.fixture
def aws(runner: Runner) -> Iterator[Accounts]:
    accounts = Accounts()
    with serving(accounts.respond) as address:
        runner.environment |= {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{address}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-the-job",
            "AWS_ENDPOINT_URL_STS": address,
        }
        yield accounts


@pytest.mark.parametrize(
    ("workflow", "job", "name", "stacks"),
    [
        ("preview", "preview", "Sign in, to read", "development"),
        ("deploy", "deploy", "Sign in, to deploy", "development"),
        ("deploy", "prove", "Sign in, to read", "production development"),
        ("drift", "refresh", "Sign in, to read", "development"),
        ("drift", "accounts", "Sign in, to read", "production development"),
    ],
)
def test_the_jobs_token_is_traded_for_a_session_in_each_account(
    runner: Runner, aws: Accounts, workflow: str, job: str, name: str, stacks: str
) -> None:
    runner.expressions |= {"matrix.stack": stacks, "needs.stacks.outputs.names": stacks}
    done = runner.run(workflow, job, name)
    assert (done.returncode, done.stderr) == (0, "")
    ids = {"production": "999999999999", "development": "111111111111"}
    purpose = "deploy" if name.endswith("deploy") else "read"
    wanted = [f"arn:aws:iam::{ids[stack]}:role/pipeline/access-{purpose}" for stack in stacks.split()]
    assert [asked["RoleArn"] for asked in aws.asked] == wanted
    assert {asked["WebIdentityToken"] for asked in aws.asked} == {aws.token}
    assert {asked["RoleSessionName"] for asked in aws.asked} == {f"{purpose}-42-1"}
    credentials = Path(runner.environment["AWS_SHARED_CREDENTIALS_FILE"])
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600
    assert re.findall(r"^\[(.*)\]", credentials.read_text(), re.MULTILINE) == ["default", *stacks.split()]
    assert f"secret-of-{ids[stacks.split()[0]]}" in credentials.read_text().partition(f"[{stacks.split()[0]}]")[0]
    assert "[profile development]\nregion = us-east-1\n" in Path(runner.environment["AWS_CONFIG_FILE"]).read_text()
    output = done.stdout + (runner.folder / "temporary" / "env").read_text()
    assert not any(secret in output for secret in ("secret-of", "ASIA", aws.token, "of-the-job"))


def test_a_role_that_refuses_the_job_is_named_with_the_jobs_subject(runner: Runner, aws: Accounts) -> None:
    runner.expressions["matrix.stack"] = "production"
    aws.refuses = True
    done = runner.run("preview", "preview", "Sign in, to read")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "access: production: this job can't assume arn:aws:iam::999999999999:role/pipeline/access-read (AccessDenied);"
        " compare the job's sub, 'repo:acme/access:environment:preview', with the role's trust policy, which"
        " examples/pipeline-roles creates\n"
    )
    aws.token = "no.token"  # noqa: S105
    assert "the job's sub, unreadable, with" in runner.run("preview", "preview", "Sign in, to read").stderr
    assert runner.said("env") == {}


def test_a_job_without_the_right_to_a_token_gets_an_error(runner: Runner) -> None:
    runner.expressions["matrix.stack"] = "production"
    done = runner.run("preview", "preview", "Sign in, to read")
    assert done.stderr == (
        "access: GitHub gives this job no token; it needs id-token: write, and forks never have it\n"
    )
    runner.expressions["matrix.stack"] = "elsewhere"
    assert "there is no stack 'elsewhere'" in runner.run("preview", "preview", "Sign in, to read").stderr


# Calls of Pulumi.


@pytest.fixture
def pulumi(runner: Runner, tmp_path: Path) -> Path:
    """Return the calls of a fake Pulumi CLI, which prints the text of a file."""
    folder, asked = tmp_path / "bin", tmp_path / "asked"
    folder.mkdir()
    script = folder / "pulumi"
    script.write_text(
        f'#!/bin/sh\necho "$PULUMI_BACKEND_URL $PULUMI_EXPERIMENTAL $@" >> {asked}\ncat {tmp_path}/says\n'
    )
    script.chmod(0o755)
    (tmp_path / "says").write_text("")
    runner.environment["PATH"] = f"{folder}:{os.environ['PATH']}"
    runner.expressions |= {"matrix.stack": "development"}
    return asked


@pytest.mark.parametrize(
    ("workflow", "job", "name", "wanted"),
    [
        ("preview", "preview", "Preview", "s3://state  preview --stack development --non-interactive --diff"),
        (
            *("drift", "refresh", "Look for changes without keeping them"),
            "s3://state  refresh --stack development --non-interactive --preview-only --expect-no-changes",
        ),
        (
            *("deploy", "deploy", "Deploy the plan, and nothing else"),
            "s3://state true up --stack development --non-interactive --yes --skip-preview --plan {}/plan.json",
        ),
    ],
)
def test_calls_of_pulumi(runner: Runner, pulumi: Path, workflow: str, job: str, name: str, wanted: str) -> None:
    assert runner.run(workflow, job, name).returncode == 0
    assert pulumi.read_text() == wanted.format(runner.environment["RUNNER_TEMP"]) + "\n"


def preview_of(folder: Path, stack: str) -> dict[str, Any]:
    """Return Pulumi's preview of a stack that agrees with the files."""
    ran = next(each for each in run(read_project(folder), [stack]) if each.stack.name == stack)
    prefix = f"urn:pulumi:{stack}::cross-account-access::"
    return {
        "steps": [
            {
                "op": "same",
                "urn": f"{prefix}{it.type}::{it.name}",
                "newState": {
                    "urn": f"{prefix}{it.type}::{it.name}",
                    "type": it.type,
                    "inputs": {**copy.deepcopy(dict(it.inputs)), "__defaults": [], "region": "us-east-1"},
                },
            }
            for it in ran.resources
        ]
    }


def test_a_plan_with_the_reviewed_documents_passes_and_another_is_refused(
    runner: Runner, pulumi: Path, tmp_path: Path
) -> None:
    listed(runner, "deploy")
    rows = json.loads(runner.said("output")["matrix"])["include"]
    runner.expressions["matrix.documents"] = next(row["documents"] for row in rows if row["stack"] == "development")
    preview, name = preview_of(runner.folder, "development"), "Refuse documents that are not the reviewed ones"
    (tmp_path / "says").write_text(json.dumps(preview))
    assert runner.run("deploy", "deploy", "Plan").returncode == 0
    assert "preview --stack development --non-interactive --json --show-sames --save-plan" in pulumi.read_text()
    done = runner.run("deploy", "deploy", name)
    assert (done.returncode, done.stderr) == (0, "")

    policy = next(it for it in preview["steps"] if "Developers-allow" in it["urn"] and "groupPolicy" in it["urn"])
    inputs = policy["newState"]["inputs"]
    inputs["policy"] = inputs["policy"].replace("999999999999", "666666666666")  # as if production's state had it
    (tmp_path / "says").write_text(json.dumps(preview))
    assert runner.run("deploy", "deploy", "Plan").returncode == 0
    done = runner.run("deploy", "deploy", name)
    assert (done.returncode, done.stdout) == (1, "")
    start = "access: aws:iam/groupPolicy:GroupPolicy Developers-allow-assume-S3-role-in-production-policy: policy: it"
    assert done.stderr.startswith(f"{start} differs from the review: ")
    assert "arn:aws:iam::666666666666:role/UpdateApp" in done.stderr
    assert done.stderr.endswith("; nothing was deployed\n")

    runner.expressions["matrix.documents"] = "0" * 64
    assert "the program's documents here have the hash" in runner.run("deploy", "deploy", name).stderr


def test_the_reason_of_a_failed_plan_is_printed(runner: Runner, pulumi: Path, tmp_path: Path) -> None:
    listed(runner, "deploy")
    rows = json.loads(runner.said("output")["matrix"])["include"]
    runner.expressions["matrix.documents"] = next(row["documents"] for row in rows if row["stack"] == "development")
    failed = {"diagnostics": [{"severity": "error", "message": 'unknown stack "production"\n'}], "steps": []}
    (tmp_path / "says").write_text(json.dumps(failed))
    runner.run("deploy", "deploy", "Plan")
    done = runner.run("deploy", "deploy", "Refuse documents that are not the reviewed ones")
    assert done.stderr == 'access: development can\'t be previewed: unknown stack "production"\n'


# Equal documents.

TRUST = {"Statement": [{"Effect": "Allow", "Condition": {"StringEquals": {"sts:ExternalId": "<external id of X>"}}}]}
ELSEWHERE = "arn:aws:iam::000000000000:role/<other/prod>/Reader"
PINNED = "arn:aws:iam::222222222222:role/<other/prod>/Reader"


def check(wanted: Any, found: Any) -> str:  # noqa: ANN401 (JSON)
    try:
        documents.check({"aws:x X": {"policy": wanted}}, {"aws:x X": {"policy": found}})
    except AccessError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("wanted", "found", "is_same"),
    [
        ("x", "x", True),
        ("x", "y", False),
        ("<an id>", "AROA123", True),
        ("<an id>", "*", False),
        ("<an id>", "a*", False),
        ("<an id>", "${aws:username}", False),
        ("<an id>", "", False),
        ("a<an id>b", "aXb", True),
        ("a<an id>b", "aXc", False),
        (ELSEWHERE, "arn:aws:iam::222222222222:role/Reader", True),
        (ELSEWHERE, "arn:aws:iam::222222222222:role/team/Reader", True),
        (ELSEWHERE, "arn:aws:iam::222222222222:role/Writer", False),
        (ELSEWHERE, "arn:aws:iam::222222222222:user/Reader", False),
        (ELSEWHERE, "arn:aws:iam::*:role/Reader", False),
        (PINNED, "arn:aws:iam::222222222222:role/Reader", True),
        (PINNED, "arn:aws:iam::222222222222:role/team/Reader", True),
        (PINNED, "arn:aws:iam::333333333333:role/Reader", False),
        (
            [ELSEWHERE, ELSEWHERE.replace("Reader", "Writer")],
            ["arn:aws:iam::222222222222:role/team/Reader", "arn:aws:iam::222222222222:role/Writer"],
            True,
        ),
        (
            [ELSEWHERE, ELSEWHERE.replace("Reader", "Writer")],
            ["arn:aws:iam::222222222222:role/Reader", "arn:aws:iam::333333333333:role/Writer"],
            False,
        ),
        (["<an id>", "<an id>"], ["X", "X"], True),
        (["<an id>", "<an id>"], ["X", "Y"], False),
        (["<an id>", "<another>"], ["X", "Y"], True),
        (["x"], ["x", "y"], False),
        ({"a": "x"}, {"a": "x", "b": "y"}, False),
        ({"a": "x", "b": "y"}, {"a": "x"}, False),
        ({"Statement": []}, "[secret]", False),
        ({"Statement": []}, "04da6b54-80e4-46f7-96ec-b56ff0331ba9", False),
        ("arn:aws:iam::999999999999:policy/read", "04da6b54-80e4-46f7-96ec-b56ff0331ba9", True),
    ],
)
def test_generated_ids_are_replaced_and_nothing_else(wanted: object, found: object, is_same: bool) -> None:
    assert (check(wanted, found) == "") == is_same


def test_values_that_can_not_be_compared_are_refused_with_the_reason() -> None:
    assert "it is secret" in check({"Statement": []}, "[secret]")
    assert "not known before the deployment" in check({"Statement": []}, "04da6b54-80e4-46f7-96ec-b56ff0331ba9")


def test_an_extra_or_missing_resource_is_refused() -> None:
    one = {"aws:iam/role:Role X": {"assumeRolePolicy": TRUST}}
    for wanted, found in ((one, {}), ({}, one)):
        with pytest.raises(AccessError, match="aws:iam/role:Role X: it is not in"):
            documents.check(wanted, found)


@pytest.mark.parametrize("text", ["", "{}", '{"steps": {}}', '{"steps": [{"op": "same", "newState": {}}]}', "[1]"])
def test_a_file_that_is_not_a_preview_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "preview.json").write_text(text)
    with pytest.raises(AccessError, match="write it with `pulumi preview"):
        documents.planned(tmp_path / "preview.json", "production")


def test_removed_and_read_resources_do_not_count_and_another_stacks_preview_is_refused(tmp_path: Path) -> None:
    urn = "urn:pulumi:production::p::aws:iam/role:Role::"
    state = {"type": "aws:iam/role:Role", "inputs": {"name": "X"}}
    file = tmp_path / "preview.json"
    steps = [
        {"op": op, "urn": urn, "newState": {**state, "urn": urn + op}} for op in ("delete-replaced", "read", "replace")
    ]
    file.write_text(json.dumps({"steps": steps}))
    assert list(documents.planned(file, "production")) == ["aws:iam/role:Role replace"]
    with pytest.raises(AccessError, match="is not a preview of development"):
        documents.planned(file, "development")


# The issue.


@dataclass
class GitHub:
    """The issues of a repository, behind GitHub's API."""

    issues: list[dict[str, Any]] = field(default_factory=list)
    written: list[str] = field(default_factory=list)

    def respond(self, request: Request) -> Response:
        """Answer."""
        assert request.headers["Authorization"] == "Bearer secret-token"
        if request.method == "GET":
            match = re.fullmatch(r"/repos/acme/access/issues\?state=open&per_page=100&page=(\d+)", request.path)
            assert match
            opened = [issue for issue in self.issues if issue["state"] == "open"]
            return Response(json.dumps(opened[100 * (int(match[1]) - 1) :][:100]))
        content = json.loads(request.body)
        self.written.append(f"{request.method} {request.path}")
        if request.method == "POST":
            return Response(json.dumps(self.add(BOT, **content)), 201)
        number = int(request.path.removeprefix("/repos/acme/access/issues/"))
        self.issues[number - 1].update(content)
        return Response("{}")

    def add(self, author: str, **content: Any) -> dict[str, Any]:  # noqa: ANN401 (JSON)
        """Add an issue."""
        issue = {"number": len(self.issues) + 1, "user": {"login": author}, "state": "open", **content}
        self.issues.append(issue)
        return issue


@pytest.fixture
def github(runner: Runner) -> Iterator[GitHub]:
    github = GitHub()
    runner.expressions |= {"github.token": "secret-token"}
    with serving(github.respond) as address:
        runner.environment["GITHUB_API_URL"] = address
        yield github


def tell(runner: Runner, refresh: str, prove: str, bypass: str) -> str:
    runner.expressions |= {
        "needs.refresh.result": refresh,
        "needs.accounts.outputs.prove": prove,
        "needs.accounts.outputs.bypass": bypass,
    }
    done = runner.run("drift", "issue", "Open, update or close the issue")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_one_issue_is_opened_kept_up_to_date_and_closed_when_clean(runner: Runner, github: GitHub) -> None:
    for number in range(120):  # the real one is on the second page, after imitations
        github.add("mallory" if number == 3 else BOT, body=f"{MARK}\n" if number == 3 else "another")
    github.add(BOT, body=f"{MARK}\n", pull_request={})
    assert tell(runner, "success", "success", "success") == "nothing to report"
    assert tell(runner, "success", "failure", "success") == "opened #122"
    assert tell(runner, "failure", "", "success") == "updated #122"
    own = github.issues[121]
    assert own["title"] == "Drift: the deployment differs from the stack files"
    assert own["body"].splitlines()[:4] == [
        MARK,
        "- refresh: there are differences, or the check failed",
        "- prove: not checked",
        "- bypass: no differences",
    ]
    assert "https://github.example/acme/access/actions/runs/42" in own["body"]
    assert tell(runner, "success", "success", "success") == "closed #122"
    assert (own["state"], own["state_reason"]) == ("closed", "completed")
    assert tell(runner, "skipped", "success", "success") == "opened #123"
    assert all(issue["state"] == "open" for issue in github.issues[:121])
    assert len(github.written) == 4
