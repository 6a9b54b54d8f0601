"""The issue that drift opens, with a fake GitHub."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from access.github import BOT
from access.pipeline.issue import MARK
from tests.support.http_server import Request, Response, serving
from tests.support.workflows import Runner


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
