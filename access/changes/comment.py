"""One comment on a pull request, which is written once and then kept up to date.

It is found by its hidden first line and by its author, as anybody may write a comment that looks like it.
Source: GitHub REST API, "REST API endpoints for issue comments".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import AccessError
from ..github import BOT, MOST_CHARACTERS, Repository, event, repository, run_address

MARK = "<!-- access changes -->"


@dataclass(frozen=True)
class PullRequest:
    """A pull request, as the environment of a job describes it."""

    repository: Repository
    number: int
    run: str
    """The address of the job's run."""

    def write(self, text: str) -> None:
        """Write the comment, or bring it up to date.

        Raises:
            AccessError: GitHub can't be reached, or refuses.
        """
        body = f"{MARK}\n{text}"[:MOST_CHARACTERS]
        for comment in self.repository.items(f"issues/{self.number}/comments"):
            if comment["user"]["login"] == BOT and comment["body"].startswith(MARK):
                self.repository.call("PATCH", f"issues/comments/{int(comment['id'])}", {"body": body})
                return
        self.repository.call("POST", f"issues/{self.number}/comments", {"body": body})


def pull_request(environment: Mapping[str, str]) -> PullRequest:
    """Return the pull request that a job is about.

    Raises:
        AccessError: the environment is none of a job about a pull request.
    """
    where = repository(environment, "pull-requests: write")
    try:
        number = int(event(environment)["pull_request"]["number"])
    except (KeyError, TypeError, ValueError):
        raise AccessError(
            "the event has no pull_request; this is for a job of GitHub Actions on pull_request"
        ) from None
    return PullRequest(where, number, run_address(environment))


def verdict(file: Path, run: str) -> str:
    """Return what a check has written; if it has written nothing, that there is no verdict."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return f"## ❓ Undecided: the check did not end; [its log]({run}) says why\n"
