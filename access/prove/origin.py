"""Determine the stacks and the commit of a proof."""

import shutil
import subprocess
from collections.abc import Iterable

from ..participants import Participant
from .matrix import Origin

_SECONDS = 10


def origin_of(participants: Iterable[Participant]) -> Origin:
    """Return the stacks and accounts, and the commit of the repository in the working directory."""
    stacks = [(each.outputs.stack if each.outputs else "", each.account.account_id) for each in participants]
    commit = _git("rev-parse", "--verify", "HEAD")
    changes = _git("--no-optional-locks", "status", "--porcelain", "--untracked-files=no") if commit else ""
    return Origin(tuple(stacks), commit, has_changes=bool(changes))


def _git(*arguments: str) -> str:
    """Return git's output; empty without git, outside of a repository, or if git fails."""
    git = shutil.which("git")
    if not git:
        return ""
    try:
        done = subprocess.run([git, *arguments], capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
