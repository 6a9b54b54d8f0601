"""Compare two revisions of a project. The base's program renders the stack files of both.

A changed program could hide its own effects, so it is run in addition to the base's program, never instead of it.
"""

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import yaml

from ..errors import AccessError
from ..interruption import Interruption
from ..project.files import read_project
from ..project.yaml_file import read_yaml
from ..render.documents import Rendering, render
from ..render.running import interpreter
from .comparison import compare
from .rendered import Rendered, read
from .repository import Repository, find_repository, is_code, is_stack_file
from .values import Changes

_NOTHING = Rendering({})
_MOST_FILES = 5
"""The number of changed files that a note names."""


def compare_revisions(folder: Path, base: str, head: str | None) -> tuple[Changes, tuple[str, ...]]:
    """Return the changes between two revisions of a project, and the warnings of the later one's programs.

    Args:
        folder: the project's folder.
        base: a revision.
        head: another revision; by default the working tree.

    Raises:
        AccessError: there is no such revision, or a program fails.
    """
    repository = find_repository(folder)
    before, after = repository.commit(base), repository.commit(head) if head is not None else None
    changed = repository.changed(before, after)
    code = [path for path in changed if is_code(path)]
    with (
        Interruption(),
        tempfile.TemporaryDirectory(prefix="access-changes-") as temporary,
        ThreadPoolExecutor(2) as pool,
    ):
        trees = Path(temporary).resolve()
        repository.write(before, trees / "base")
        head_tree = repository.top
        if after:
            head_tree = trees / "head"
            repository.write(after, head_tree)
        old, new = trees / "base" / repository.project, head_tree / repository.project
        if not any(_has_stacks(each) for each in (old, new)):
            raise AccessError(
                f"{folder} has no Pulumi.yaml with a Pulumi.<stack>.yaml beside it in either revision; name a project's"
                " folder: --project"
            )
        python = _interpreter(old, repository)
        names = {str(trees / "base"): base, str(trees / "head"): str(head), str(trees): "base's program"}
        by_old: Future[Rendering] = pool.submit(_rendered, old, python, names)
        by_new = pool.submit(_rendered, new, python, names) if code else None
        mixed = by_old
        if any(is_stack_file(path) for path in changed) or not (old / "Pulumi.yaml").exists():
            mixed = pool.submit(_mixed, old, new, trees / "mixed", python, names)
        return _compared(by_old.result(), mixed, by_new.result() if by_new else None, code)


def _compared(
    old: Rendering, mixed: Future[Rendering], new: Rendering | None, code: Sequence[str]
) -> tuple[Changes, tuple[str, ...]]:
    before = _parsed(old)
    if new is None:
        return compare(before, _parsed(mixed.result())), mixed.result().warnings
    changes = compare(before, _parsed(new))
    listed = ", ".join(code[:_MOST_FILES]) + (f", +{len(code) - _MOST_FILES} more" if len(code) > _MOST_FILES else "")
    notes = (*changes.notes, f"code: {listed}")
    try:
        by_base = mixed.result()
    except AccessError as error:
        reason = f"the base's program can't render the changed stack files: {error}"
        return replace(changes, notes=notes, code=tuple(code), unrendered=reason), new.warnings
    if by_base.stacks != new.stacks:
        notes = (*notes, "the base's program and the changed one register different documents; this covers both")
    other = compare(before, _parsed(by_base))
    known = {change.gained() for change in changes.gained}
    gained = (*changes.gained, *(change for change in other.gained if change.gained() not in known))
    undecided = tuple(dict.fromkeys((*changes.undecided, *other.undecided)))
    return replace(changes, gained=gained, undecided=undecided, notes=notes, code=tuple(code)), new.warnings


def _rendered(folder: Path, python: Path, names: Mapping[str, str]) -> Rendering:
    """Return what a revision registers; nothing if it has no such project or no stack."""
    if not _has_stacks(folder):
        return _NOTHING
    try:
        return render(read_project(folder), python=python)
    except AccessError as error:
        message = str(error)
        for path, name in names.items():
            message = message.replace(f"{path}/", f"{name}: ")
        raise AccessError(message) from None


def _has_stacks(folder: Path) -> bool:
    return (folder / "Pulumi.yaml").is_file() and any(is_stack_file(path.name) for path in folder.glob("*"))


def _mixed(old: Path, new: Path, folder: Path, python: Path, names: Mapping[str, str]) -> Rendering:
    """Return what the base's program registers for the changed stack files."""
    if not (old / "Pulumi.yaml").is_file():
        raise AccessError("there is no such project in the base")
    project = read_yaml(old / "Pulumi.yaml").content
    folder.mkdir()
    program = old / str(project.get("main", "."))
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({**project, "main": str(program)}), encoding="utf-8")
    for file in new.glob("Pulumi.*.yaml"):
        (folder / file.name).write_bytes(file.read_bytes())
    return _rendered(folder, python, names)


def _interpreter(old: Path, repository: Repository) -> Path:
    """Return the project's interpreter in the working tree, unless git tracks it: a change could replace it."""
    folder = repository.top / repository.project
    if not (old / "Pulumi.yaml").is_file():
        return Path(sys.executable)
    python = interpreter(read_yaml(old / "Pulumi.yaml").content, folder)
    environment = Path(os.path.normpath(python.parent.parent))  # the folder itself, not the target of its links
    return Path(sys.executable) if repository.tracks(environment) else python


def _parsed(rendering: Rendering) -> Rendered:
    return read(rendering.json, "the program")
