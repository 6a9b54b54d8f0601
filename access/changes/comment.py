"""The one comment on a pull request, written once and then kept up to date.

A hidden first line and the author identify the comment, because anybody may write one that looks like it.
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
    """The pull request of a job."""

    repository: Repository
    number: int
    run: str
    """The URL of the job's run."""

    def write(self, text: str) -> None:
        """Write or update the comment.

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
    """Return a job's pull request.

    Raises:
        AccessError: the environment is not that of a job about a pull request.
    """
    where = repository(environment, "pull-requests: write")
    try:
        number = int(event(environment)["pull_request"]["number"])
    except (KeyError, TypeError, ValueError):
        raise AccessError(
            "the event has no pull_request; run this in a job of GitHub Actions on pull_request"
        ) from None
    return PullRequest(where, number, run_address(environment))


def verdict(file: Path, run: str) -> str:
    """Return the text that a check has written, or a line that there is no verdict."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return f"## ❓ Undecided: the check did not finish; [its log]({run}) says why\n"
