"""Create temporary Git repositories with this repository's program."""

import shutil
import subprocess
from pathlib import Path

from tests.unit.conftest import REPOSITORY

_PROGRAM = ("__main__.py", "Pulumi.yaml", "Pulumi.production.yaml", "Pulumi.development.yaml", "ACCESS.md")
_PACKAGES = ("stack", "components")


def git(folder: Path, *arguments: str) -> str:
    """Run git, which must succeed, and return its output."""
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path) -> str:
    """Commit everything, and return the commit."""
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "change")
    return git(folder, "rev-parse", "HEAD")


def make_repository(folder: Path) -> None:
    """Create a repository whose branch main has one commit: the program and its stack files."""
    folder.mkdir()
    for name in _PROGRAM:
        shutil.copy(REPOSITORY / name, folder / name)
    for name in _PACKAGES:
        shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "venv"))
    (folder / ".gitignore").write_text("__pycache__/\n")
    git(folder.parent, "init", "-q", "-b", "main", str(folder))
    commit(folder)
