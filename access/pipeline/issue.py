"""The one issue about drift: opened when a check fails, kept up to date, closed when all checks succeed.

A hidden first line and the author identify the issue, because anybody may open one that looks like it.
Source: GitHub REST API, "REST API endpoints for issues".
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..github import BOT, Repository

MARK = "<!-- access drift -->"
TITLE = "Drift: the deployment differs from the stack files"
CLEAN = "success"
"""The result of a step or job that found nothing."""

_WORDS = {
    CLEAN: "no differences",
    "failure": "there are differences, or the check failed",
    "cancelled": "not checked completely",
}


def report(repository: Repository, run: str, results: Mapping[str, str]) -> str:
    """Open, update or close the issue, and return a line about what was done.

    Args:
        repository: the issue's repository.
        run: the URL of the run that checked.
        results: the results of the checks, in GitHub's words.

    Raises:
        AccessError: GitHub can't be reached, or refuses.
    """
    own = [issue for issue in repository.items("issues", "state=open&") if _is_own(issue)]
    if all(result == CLEAN for result in results.values()):
        for issue in own:
            closed = {"state": "closed", "state_reason": "completed", "body": _body(run, results)}
            repository.call("PATCH", f"issues/{int(issue['number'])}", closed)
        return _line("closed", own) if own else "nothing to report"
    content = {"title": TITLE, "body": _body(run, results)}
    if not own:
        return _line("opened", [repository.call("POST", "issues", content)])
    repository.call("PATCH", f"issues/{int(own[0]['number'])}", content)
    return _line("updated", own[:1])


def _is_own(issue: Mapping[str, Any]) -> bool:
    return issue["user"]["login"] == BOT and str(issue["body"]).startswith(MARK) and "pull_request" not in issue


def _body(run: str, results: Mapping[str, str]) -> str:
    lines = [f"- {name}: {_WORDS.get(result, 'not checked')}" for name, result in results.items()]
    end = f"[The run]({run}) has the details. This issue closes by itself when all checks succeed."
    return "\n".join([MARK, *lines, "", end, ""])


def _line(done: str, issues: Sequence[Mapping[str, Any]]) -> str:
    return f"{done} " + ", ".join(f"#{int(issue['number'])}" for issue in issues)
