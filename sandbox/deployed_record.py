"""A record of each stack's files at its last deployment: a stack whose files have changed is previewed first."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from access.project.files import Project
from access.project.yaml_file import read_yaml


class DeployedRecord:
    """Digests of the files that stacks were deployed from, by full name, kept in a file."""

    def __init__(self, path: Path) -> None:
        """Store the path; the file is read on use."""
        self._path = path

    def digest(self, full_name: str) -> str | None:
        """Return the digest of a stack's last deployment; nothing if that failed, or the stack has changed since."""
        return self._read().get(full_name)

    def names(self) -> list[str]:
        """Return the full names of the stacks that were deployed and have not changed since."""
        return [*self._read()]

    def remember(self, full_name: str, digest: str) -> None:
        """Record the digest of a deployment."""
        self._path.write_text(json.dumps({**self._read(), full_name: digest}))

    def forget(self, full_name: str) -> None:
        """Delete a stack's record: the stack is about to change."""
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
    """Return a digest of everything that a stack depends on: its file, the program, and the stacks that it reads."""
    source = project.stack(stack)
    names = [reference.full_name for reference in (source.references() if source else ())]
    others = {name: record.digest(name) for name in names}
    digest = hashlib.sha256(json.dumps([read_yaml(file).content, others], default=str).encode())
    for path in [project.folder / "Pulumi.yaml", *_python_files(project.program)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _python_files(program: Path) -> Iterator[Path]:
    """Return a program's sources: all Python files of its folder except in hidden folders and virtual environments."""
    for folder, folders, files in os.walk(program if program.is_dir() else program.parent):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not _is_venv(Path(folder, name)))
        yield from (Path(folder, name) for name in sorted(files) if name.endswith(".py"))


def _is_venv(folder: Path) -> bool:
    return (folder / "pyvenv.cfg").exists()
