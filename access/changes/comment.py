"""One comment on a pull request, which is written once and then kept up to date.

It is found by its hidden first line and by its author, as anybody may write a comment that looks like it.
Source: GitHub REST API, "REST API endpoints for issue comments"; GitHub Actions, "Variables reference".
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from access.errors import AccessError

MARK = "<!-- access changes -->"
_AUTHOR = "github-actions[bot]"
_MOST_CHARACTERS = 65_536
"""GitHub takes no longer comment."""
_PAGE = 100
_SECONDS = 30


@dataclass(frozen=True)
class PullRequest:
    """A pull request, as the environment of a job describes it."""

    api: str
    repository: str
    number: int
    run: str
    """The address of the job's run."""
    token: str

    def write(self, text: str) -> None:
        """Write the comment, or bring it up to date.

        Raises:
            AccessError: GitHub can't be reached, or refuses.
        """
        body = f"{MARK}\n{text}"[:_MOST_CHARACTERS]
        for comment in self._comments():
            if comment["user"]["login"] == _AUTHOR and comment["body"].startswith(MARK):
                self._call("PATCH", f"issues/comments/{int(comment['id'])}", {"body": body})
                return
        self._call("POST", f"issues/{self.number}/comments", {"body": body})

    def _comments(self) -> Iterator[Mapping[str, Any]]:
        page, listed = 1, _PAGE
        while listed == _PAGE:
            comments = self._call("GET", f"issues/{self.number}/comments?per_page={_PAGE}&page={page}")
            yield from comments
            page, listed = page + 1, len(comments)

    def _call(self, method: str, path: str, content: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 (JSON)
        request = urllib.request.Request(  # noqa: S310 (GitHub's own address)
            f"{self.api}/repos/{self.repository}/{path}",
            data=json.dumps(content).encode() if content else None,
            method=method,
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            hint = "; the job needs pull-requests: write" if error.code in (401, 403) else ""
            raise AccessError(f"GitHub refuses {method} {path.partition('?')[0]}: {error.code}{hint}") from None
        except (OSError, ValueError) as error:
            raise AccessError(f"GitHub can't be asked: {getattr(error, 'reason', error)}; run the job again") from None


def pull_request(environment: Mapping[str, str]) -> PullRequest:
    """Return the pull request that a job is about.

    Raises:
        AccessError: the environment is none of a job about a pull request.
    """
    try:
        event = json.loads(Path(environment["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
        repository = environment["GITHUB_REPOSITORY"]
        run = f"{environment['GITHUB_SERVER_URL']}/{repository}/actions/runs/{environment['GITHUB_RUN_ID']}"
        api, token = environment["GITHUB_API_URL"], environment["GITHUB_TOKEN"]
        return PullRequest(api, repository, int(event["pull_request"]["number"]), run, token)
    except KeyError as error:
        raise AccessError(f"{error.args[0]} is missing; this is for a job of GitHub Actions on pull_request") from None
    except (OSError, ValueError, TypeError):
        raise AccessError("GITHUB_EVENT_PATH names no event that can be read") from None


def verdict(file: Path, run: str) -> str:
    """Return what a check has written; if it has written nothing, that there is no verdict."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return f"## ❓ Undecided: the check did not end; [its log]({run}) says why\n"
