"""Tests that a lost state is reported with the command that restores it."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.state import state_file
from tests.sandbox.edits import ONE_ROLE
from tests.sandbox.project_folder import ProjectFolder


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    """Return a stopped project with one deployed stack."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sandbox.commands.prove_access", lambda *arguments: True)
        folder = ProjectFolder(tmp_path_factory.mktemp("original"), {"production": ONE_ROLE["production"]})
        folder.done("up")
        folder.done("down")
    return folder


@pytest.fixture
def folder(original: ProjectFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProjectFolder]:
    monkeypatch.setattr("sandbox.commands.prove_access", lambda *arguments: True)
    shutil.copytree(original.folder, tmp_path / "copy")
    copy = ProjectFolder(tmp_path / "copy")
    yield copy
    copy.run("down", "--wipe")


@pytest.mark.parametrize(
    "harm",
    [lambda file: file.write_text(file.read_text()[:2000]), lambda file: file.write_text(""), Path.unlink],
    ids=["cut", "empty", "deleted"],
)
def test_a_lost_state_is_reported_with_its_restore_command(
    folder: ProjectFolder, harm: Callable[[Path], object]
) -> None:
    state = state_file(folder.layout.backend, "acme", "production")
    harm(state)
    kept = folder.kept()
    refusal = folder.refused("up")
    assert str(state) in refusal
    assert folder.kept() == kept
    command = re.search(r"mv '\S+' '\S+'", refusal)
    assert command, refusal
    subprocess.run(shlex.split(command[0]), check=True)
    folder.done("up")
