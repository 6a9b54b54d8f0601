"""GitHub as a job of GitHub Actions reaches it: the API, and the job's variables.

Source: GitHub REST API, "Getting started with the REST API"; GitHub Actions, "Variables reference".
"""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import AccessError

BOT = "github-actions[bot]"
"""The author of everything that is written with a job's token."""
MOST_CHARACTERS = 65_536
"""The longest comment or issue that GitHub accepts."""
_PAGE = 100
_SECONDS = 30


@dataclass(frozen=True)
class Repository:
    """A job's repository."""

    api: str
    name: str
    """The owner and the name, e.g. ``acme/access``."""
    token: str = field(repr=False)
    permission: str
    """The job permission that the calls need."""

    def items(self, path: str, query: str = "") -> Iterator[Mapping[str, Any]]:
        """Yield all items that a path lists, page by page.

        Raises:
            AccessError: GitHub can't be reached, or refuses.
        """
        page, count = 1, _PAGE
        while count == _PAGE:
            items = self.call("GET", f"{path}?{query}per_page={_PAGE}&page={page}")
            yield from items
            page, count = page + 1, len(items)

    def call(self, method: str, path: str, content: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 (JSON)
        """Return the answer to a call.

        Raises:
            AccessError: GitHub can't be reached, or refuses.
        """
        request = urllib.request.Request(  # noqa: S310 (GitHub's own address)
            f"{self.api}/repos/{self.name}/{path}",
            data=json.dumps(content).encode() if content else None,
            method=method,
            headers={"Accept": "application/vnd.github+json", "Content-Type": "application/json"},
        )
        return answer(request, self.token, f"{method} {path.partition('?')[0]}", self.permission)


def answer(request: urllib.request.Request, token: str, title: str, permission: str) -> Any:  # noqa: ANN401 (JSON)
    """Return the JSON that GitHub answers.

    Args:
        request: the request.
        token: the bearer token.
        title: the request's name for messages.
        permission: the job permission that the request needs.

    Raises:
        AccessError: GitHub can't be reached, or refuses.
    """
    request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310 (GitHub's own address)
            return json.load(response)
    except urllib.error.HTTPError as error:
        hint = f"; the job needs {permission}" if error.code in (401, 403) else ""
        raise AccessError(f"GitHub refuses {title}: {error.code}{hint}") from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise AccessError(f"GitHub can't be reached: {getattr(error, 'reason', error)}; run the job again") from None


def repository(environment: Mapping[str, str], permission: str) -> Repository:
    """Return a job's repository.

    Raises:
        AccessError: the environment is not a job's.
    """
    api, name, token = (variable(environment, key) for key in ("GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_TOKEN"))
    return Repository(api, name, token, permission)


def run_address(environment: Mapping[str, str]) -> str:
    """Return the URL of a job's run.

    Raises:
        AccessError: the environment is not a job's.
    """
    server, name, run = (
        variable(environment, key) for key in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    )
    return f"{server}/{name}/actions/runs/{run}"


def event(environment: Mapping[str, str]) -> Any:  # noqa: ANN401 (JSON)
    """Return the event that started a job.

    Raises:
        AccessError: the environment is not a job's, or the event can't be read.
    """
    try:
        return json.loads(Path(variable(environment, "GITHUB_EVENT_PATH")).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise AccessError("the event at GITHUB_EVENT_PATH can't be read; run this in a job of GitHub Actions") from None


def variable(environment: Mapping[str, str], name: str) -> str:
    """Return a variable of a job.

    Raises:
        AccessError: the variable is missing.
    """
    value = environment.get(name)
    if not value:
        raise AccessError(f"{name} is missing; run this in a job of GitHub Actions")
    return value
