"""Tests of edits of the stack files: each is deployed or refused in one line, and can be reverted."""

import json
import re
import shutil
from collections.abc import Iterator

import pytest

from sandbox.proof import prove_access
from tests.sandbox.edits import DEVELOPMENT, EDITS, PRODUCTION, THIRD, Edit
from tests.sandbox.fingerprint import fingerprint
from tests.sandbox.project_folder import ProjectFolder

SAMPLE = ("a group is renamed in place",)
"""The edits that ``make test`` makes; ``make edits`` makes all."""


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ProjectFolder]:
    """Return the deployed and stopped projects, by their files."""
    return {}


@pytest.fixture
def folder(
    request: pytest.FixtureRequest,
    deployed: dict[str, ProjectFolder],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[ProjectFolder]:
    """Yield a copy of a deployed project. The proof is skipped."""
    monkeypatch.setattr("sandbox.commands.prove_access", lambda *arguments: True)
    key = json.dumps(request.param.base)
    if key not in deployed:
        original = ProjectFolder(tmp_path_factory.mktemp("original"), request.param.base)
        original.done("up")
        original.done("down")
        deployed[key] = original
    copy = ProjectFolder(tmp_path_factory.mktemp("copy") / "project")
    shutil.copytree(deployed[key].folder, copy.folder)
    yield copy
    copy.run("down", "--wipe")


@pytest.mark.parametrize(
    ("edit", "folder"),
    [
        pytest.param(edit, edit, id=edit.name, marks=[] if edit.name in SAMPLE else [pytest.mark.every_edit])
        for edit in EDITS
    ],
    indirect=["folder"],
)
def test_an_edit_and_its_reversal(edit: Edit, folder: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder.done("up").endswith("\nnothing to change\n")
    first = accounts(folder)
    edit.by_hand(folder)
    before = accounts(folder)

    with monkeypatch.context() as proving:
        proving.setattr("sandbox.commands.prove_access", prove_access)
        folder.write(edit.files(edit.change))
        if edit.refused:
            refusal = refused(folder, edit.refused)
            assert edit.half or accounts(folder) == before
            for command in edit.commands:
                folder.follow(refusal, command)
        if edit.red:
            code, printed = folder.run("up")
            assert code == 1
            assert re.search(edit.red, printed), printed
        elif edit.commands or not edit.refused:
            folder.done("up")
            edit.check(folder)
    if edit.commands or not edit.refused:
        assert folder.done("up").endswith("\nnothing to change\n")

    folder.write(edit.files(edit.back))
    said = refused(folder, edit.back_refused) if edit.back_refused else folder.done("up")
    for command in edit.back_commands:
        folder.follow(said, command)
    folder.write(edit.base)
    folder.done("up")
    assert accounts(folder) == (first if edit.goes_with_it else before)


def refused(folder: ProjectFolder, pattern: str) -> str:
    """Run ``up`` and return the line with which it refuses."""
    refusal = folder.refused("up")
    assert re.search(pattern, refusal), refusal
    return refusal


def accounts(folder: ProjectFolder) -> dict[str, object]:
    """Return the fingerprints of all accounts."""
    return {item: fingerprint(folder.administrator(item)) for item in (PRODUCTION, DEVELOPMENT, THIRD)}
