"""GitHub, as a job of GitHub Actions reaches it: its API, and what its variables say of the run.

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
"""Whoever writes with the token of a job."""
MOST_CHARACTERS = 65_536
"""GitHub takes no longer comment or issue."""
_PAGE = 100
_SECONDS = 30


@dataclass(frozen=True)
class Repository:
    """The repository that a job belongs to."""

    api: str
    name: str
    """Its owner and its own name, e.g. ``acme/access``."""
    token: str = field(repr=False)
    permission: str
    """The permission of the job that the calls need."""

    def listed(self, path: str, query: str = "") -> Iterator[Mapping[str, Any]]:
        """Yield all that is listed at a path, page by page.

        Raises:
            AccessError: GitHub can't be reached, or refuses.
        """
        page, listed = 1, _PAGE
        while listed == _PAGE:
            found = self.call("GET", f"{path}?{query}per_page={_PAGE}&page={page}")
            yield from found
            page, listed = page + 1, len(found)

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


def answer(request: urllib.request.Request, token: str, what: str, permission: str) -> Any:  # noqa: ANN401 (JSON)
    """Return the JSON that GitHub answers.

    Args:
        request: what is asked.
        token: the bearer's.
        what: the request in a message's words.
        permission: the permission of the job that it needs.

    Raises:
        AccessError: GitHub can't be reached, or refuses.
    """
    request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as given:  # noqa: S310 (GitHub's own address)
            return json.load(given)
    except urllib.error.HTTPError as error:
        hint = f"; the job needs {permission}" if error.code in (401, 403) else ""
        raise AccessError(f"GitHub refuses {what}: {error.code}{hint}") from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise AccessError(f"GitHub can't be asked: {getattr(error, 'reason', error)}; run the job again") from None


def repository(environment: Mapping[str, str], permission: str) -> Repository:
    """Return the repository that a job belongs to.

    Raises:
        AccessError: the environment is not a job's.
    """
    api, name, token = (variable(environment, key) for key in ("GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_TOKEN"))
    return Repository(api, name, token, permission)


def run_address(environment: Mapping[str, str]) -> str:
    """Return the address of a job's run.

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
        raise AccessError("GITHUB_EVENT_PATH names no event that can be read") from None


def variable(environment: Mapping[str, str], name: str) -> str:
    """Return a variable of a job.

    Raises:
        AccessError: it is missing.
    """
    value = environment.get(name)
    if not value:
        raise AccessError(f"{name} is missing; this is for a job of GitHub Actions")
    return value
