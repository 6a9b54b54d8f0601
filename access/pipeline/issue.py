"""One issue about drift: opened when a check finds something, kept up to date, closed when all is as it should be.

It is found by its hidden first line and by its author, as anybody may open an issue that looks like it.
Source: GitHub REST API, "REST API endpoints for issues".
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..github import BOT, Repository

MARK = "<!-- access drift -->"
TITLE = "Drift: what is deployed is not what the stack files say"
CLEAN = "success"
"""The result of a step or job that found nothing."""

_WORDS = {
    CLEAN: "as it should be",
    "failure": "not as it should be, or it could not be checked",
    "cancelled": "not checked to the end",
}


def tell(repository: Repository, run: str, results: Mapping[str, str]) -> str:
    """Open, update or close the issue, and return in words which.

    Args:
        repository: where the issue is.
        run: the address of the run that checked.
        results: how each check ended, as GitHub says it.

    Raises:
        AccessError: GitHub can't be reached, or refuses.
    """
    own = [it for it in repository.listed("issues", "state=open&") if _is_own(it)]
    if all(result == CLEAN for result in results.values()):
        for issue in own:
            closed = {"state": "closed", "state_reason": "completed", "body": _body(run, results)}
            repository.call("PATCH", f"issues/{int(issue['number'])}", closed)
        return _listed("closed", own) if own else "nothing to tell"
    content = {"title": TITLE, "body": _body(run, results)}
    if not own:
        return _listed("opened", [repository.call("POST", "issues", content)])
    repository.call("PATCH", f"issues/{int(own[0]['number'])}", content)
    return _listed("updated", own[:1])


def _is_own(issue: Mapping[str, Any]) -> bool:
    return issue["user"]["login"] == BOT and str(issue["body"]).startswith(MARK) and "pull_request" not in issue


def _body(run: str, results: Mapping[str, str]) -> str:
    lines = [f"- {name}: {_WORDS.get(result, 'not checked')}" for name, result in results.items()]
    end = f"[The run]({run}) says more. This issue closes by itself when all is as it should be."
    return "\n".join([MARK, *lines, "", end, ""])


def _listed(done: str, issues: Sequence[Mapping[str, Any]]) -> str:
    return f"{done} " + ", ".join(f"#{int(issue['number'])}" for issue in issues)
