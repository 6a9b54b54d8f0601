"""A repository with this program, in which the workflows' steps run."""

from pathlib import Path

import pytest

from tests.support.repositories import git, make_repository
from tests.support.workflows import Runner
from tests.unit.conftest import REPOSITORY


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """Return a runner with main checked out and the packages of `make packages`."""
    folder = tmp_path / "work"
    make_repository(folder)
    (folder / ".gitignore").write_text("__pycache__/\naccess\nMakefile\n.venv\nrequirements*\ntemporary\nhost\n")
    for name in ("access", "Makefile", ".venv", *(path.name for path in REPOSITORY.glob("requirements*.txt"))):
        (folder / name).symlink_to(REPOSITORY / name)
    git(folder, "commit", "-q", "-a", "-m", "Ignore what is installed")
    found = Runner.at(folder)
    found.expressions = {"vars.PULUMI_BACKEND_URL": "s3://state"}
    return found
