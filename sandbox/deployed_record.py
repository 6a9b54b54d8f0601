"""A record of what each stack was last deployed from: a stack whose files have changed is previewed first."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from access.project.files import Project
from access.project.yaml_file import read_yaml


class DeployedRecord:
    """Digests of what stacks were deployed from, by full name, kept in a file."""

    def __init__(self, path: Path) -> None:
        """Remember the file; it is read when it is needed."""
        self._path = path

    def digest(self, full_name: str) -> str | None:
        """Return what a stack was last deployed from; nothing if that failed, or the stack was changed since."""
        return self._read().get(full_name)

    def names(self) -> list[str]:
        """Return the full names of the stacks that were deployed, and not changed since."""
        return [*self._read()]

    def remember(self, full_name: str, digest: str) -> None:
        """Remember what a stack was deployed from."""
        self._path.write_text(json.dumps({**self._read(), full_name: digest}))

    def forget(self, full_name: str) -> None:
        """Forget what a stack was deployed from: it is about to be changed."""
        record = self._read()
        if record.pop(full_name, None):
            self._path.write_text(json.dumps(record))

    def _read(self) -> dict[str, str]:
        try:
            record: dict[str, str] = json.loads(self._path.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return record


def digest_of(record: DeployedRecord, project: Project, stack: str, file: Path) -> str:
    """Return a digest of all that a stack is deployed from: its file, the program, and the stacks that it refers to."""
    source = project.stack(stack)
    others = {it.full_name: record.digest(it.full_name) for it in (source.references() if source else ())}
    digest = hashlib.sha256(json.dumps([read_yaml(file).content, others], default=str).encode())
    for path in [project.folder / "Pulumi.yaml", *_python_files(project.program)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _python_files(program: Path) -> Iterator[Path]:
    """Return a program's sources: all Python files of its folder, but for hidden ones and virtual environments."""
    for folder, folders, files in os.walk(program if program.is_dir() else program.parent):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not _is_venv(Path(folder, name)))
        yield from (Path(folder, name) for name in sorted(files) if name.endswith(".py"))


def _is_venv(folder: Path) -> bool:
    return (folder / "pyvenv.cfg").exists()
