"""The workflow `access`: each of its steps, run as GitHub would with a fake event."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from access.changes.comment import MARK
from tests.support.http_server import Request, Response, serving
from tests.support.repositories import git, make_repository
from tests.support.workflows import read
from tests.unit.conftest import REPOSITORY

STEPS = [(name, step) for name, job in read("access")["jobs"].items() for step in job["steps"]]
AUTHOR = "github-actions[bot]"


@dataclass
class Job:
    """A runner's working folder with ``base`` and ``change`` checked out."""

    folder: Path
    environment: dict[str, str]

    def run(self, name: str) -> subprocess.CompletedProcess[str]:
        """Run a step."""
        step = next(step for _, step in STEPS if step["name"] == name)
        where = self.folder / step.get("working-directory", ".")
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        return subprocess.run(command, cwd=where, env=self.environment, capture_output=True, text=True, check=False)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Return a job about a pull request that admits Testers, merged as GitHub does for its checks."""
    change, base = tmp_path / "change", tmp_path / "base"
    base.mkdir()
    make_repository(change)
    for name in ("access", "Makefile", ".venv", "requirements.txt", "requirements-uv.txt"):
        (base / name).symlink_to(REPOSITORY / name)
    git(change, "switch", "-q", "-c", "feature")
    file = change / "Pulumi.development.yaml"
    file.write_text(file.read_text().replace("      deny:", "      allow:"))
    git(change, "commit", "-q", "-a", "-m", "Let Testers in")
    git(change, "switch", "-q", "--detach", "main")
    git(change, "merge", "-q", "--no-ff", "-m", "$(touch stolen)", "feature")
    event = {"pull_request": {"number": 7, "title": "$(touch stolen)", "head": {"ref": "feature"}}}
    (tmp_path / "event.json").write_text(json.dumps(event))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "GITHUB_SHA": git(change, "rev-parse", "HEAD"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_REPOSITORY": "acme/access",
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_RUN_ID": "42",
    }
    return Job(tmp_path, environment)


def test_the_verdict_is_the_jobs_summary_and_the_comment(job: Job) -> None:
    done = job.run("Compare")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("Wider: Testers may now assume UpdateApp\n")
    summary = (job.folder / "summary.md").read_text()
    assert summary.startswith("## ⚠️ Wider: Testers may now assume UpdateApp\n")
    assert (job.folder / "changes.md").read_text() == summary
    assert not list(job.folder.rglob("stolen"))


def test_a_stale_file_fails(job: Job) -> None:
    done = job.run("Check that ACCESS.md is not stale")
    assert done.returncode == 1
    assert "+- group Testers of development may `sts:AssumeRole`" in done.stdout
    assert "ACCESS.md is stale" in done.stderr
    git(job.folder / "change", "checkout", "-q", "main")
    assert job.run("Check that ACCESS.md is not stale").returncode == 0


def test_make_installs_the_packages_of_the_base(job: Job) -> None:
    [step] = [step for _, step in STEPS if step["name"].startswith("Install")]
    job.environment["MAKEFLAGS"] = "nB"  # print the commands only, as if nothing were installed
    output = job.run(step["name"])
    assert output.returncode == 0, output.stderr
    assert ".venv/bin/python -m sandbox.packages requirements.txt\n" in output.stdout


@dataclass
class GitHub:
    """The comments of pull request 7, behind GitHub's API."""

    comments: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    refuses: bool = False

    def respond(self, request: Request) -> Response:
        """Answer."""
        self.asked.append(f"{request.method} {request.path}")
        assert request.headers["Authorization"] == "Bearer secret-token"
        if self.refuses:
            return Response('{"message": "Resource not accessible by integration"}', 403)
        if request.method == "GET":
            match = re.fullmatch(r"/repos/acme/access/issues/7/comments\?per_page=100&page=(\d+)", request.path)
            assert match
            start = 100 * (int(match[1]) - 1)
            return Response(json.dumps(self.comments[start : start + 100]))
        body = json.loads(request.body)["body"]
        assert len(body) <= 65_536
        if request.method == "POST":
            assert request.path == "/repos/acme/access/issues/7/comments"
            self.add(AUTHOR, body)
        else:
            number = int(request.path.removeprefix("/repos/acme/access/issues/comments/"))
            next(it for it in self.comments if it["id"] == number)["body"] = body
        return Response("{}", 201)

    def add(self, author: str, body: str) -> None:
        """Add a comment."""
        self.comments.append({"id": 1000 + len(self.comments), "user": {"login": author}, "body": body})


@pytest.fixture
def github(job: Job) -> Iterator[GitHub]:
    github = GitHub()
    with serving(github.respond) as address:
        job.environment |= {"GITHUB_API_URL": address, "GITHUB_TOKEN": "secret-token", "PYTHONPATH": str(REPOSITORY)}
        yield github


def write_verdict(job: Job, text: str) -> None:
    (job.folder / "verdict").mkdir(exist_ok=True)
    (job.folder / "verdict" / "changes.md").write_text(text)


def test_one_comment_is_written_and_then_kept_up_to_date(job: Job, github: GitHub) -> None:
    for number in range(150):  # the real one is on the second page, after an imitation
        github.add("mallory", f"{MARK}\nNo access changes" if number == 3 else "a comment")
    for text in ("Wider: first", "No access changes: `$(touch stolen)`"):
        write_verdict(job, text)
        done = job.run("Write the comment")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    [own] = [comment for comment in github.comments if comment["user"]["login"] == AUTHOR]
    assert own["body"] == f"{MARK}\nNo access changes: `$(touch stolen)`"
    assert github.comments[3]["body"] == f"{MARK}\nNo access changes"
    assert [asked.partition(" ")[0] for asked in github.asked] == ["GET", "GET", "POST", "GET", "GET", "PATCH"]
    assert not list(job.folder.rglob("stolen"))


def test_an_unfinished_check_replaces_the_old_verdict(job: Job, github: GitHub) -> None:
    github.add(AUTHOR, f"{MARK}\nNo access changes")
    github.add(AUTHOR, "of another workflow")
    assert job.run("Write the comment").returncode == 0
    assert "Undecided: the check did not finish" in github.comments[0]["body"]
    assert "https://github.example/acme/access/actions/runs/42" in github.comments[0]["body"]
    assert github.comments[1]["body"] == "of another workflow"


def test_a_long_verdict_fits(job: Job, github: GitHub) -> None:
    write_verdict(job, "x" * 70_000)
    assert job.run("Write the comment").returncode == 0
    assert len(github.comments) == 1


def test_an_error_is_reported_in_one_line(job: Job, github: GitHub) -> None:
    write_verdict(job, "x")
    github.refuses = True
    done = job.run("Write the comment")
    assert (done.returncode, done.stderr) == (
        *(1, "access: GitHub refuses GET issues/7/comments: 403; the job needs pull-requests: write\n"),
    )
    job.environment["GITHUB_API_URL"] = "http://127.0.0.1:1"
    assert "access: GitHub can't be reached: " in job.run("Write the comment").stderr
    job.environment["GITHUB_EVENT_PATH"] = os.devnull
    assert "the event at GITHUB_EVENT_PATH can't be read" in job.run("Write the comment").stderr
    del job.environment["GITHUB_EVENT_PATH"]
    assert "access: GITHUB_EVENT_PATH is missing; " in job.run("Write the comment").stderr
