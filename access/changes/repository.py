"""Read a git repository without changing it: its revisions are written to other folders.

``git archive`` and checkouts obey the ``.gitattributes`` of the revision, which could leave a stack file out
(``export-ignore``) or have a program rewrite it (``filter``). Source: git, "gitattributes".
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from ..errors import AccessError

_EXECUTABLE, _SUBMODULE = b"100755", b"160000"


@dataclass(frozen=True)
class Repository:
    """A repository, and a project's folder in it."""

    top: Path
    project: PurePosixPath
    """The project's folder, below the top."""

    def commit(self, revision: str) -> str:
        """Return the id of a revision's commit.

        Raises:
            AccessError: there is no such revision.
        """
        if not revision or revision.startswith("-"):
            raise AccessError(f"{revision!r} is not allowed as a revision; write a branch, a tag or a commit")
        done = _git(self.top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        if done.returncode:
            raise AccessError(
                f"there is no revision {revision!r} in {self.top}; write a branch, a tag, a commit, or a rendered file"
                " that ends in .json"
            )
        return done.stdout.decode().strip()

    def changed(self, base: str, head: str | None) -> list[str]:
        """Return the paths of all files that differ between two commits, or between one and the working tree."""
        ends = [base, head] if head else [base]
        command = ("diff", "--name-only", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-relative", "-z")
        paths = _paths(_checked(self.top, *command, *ends, "--"))
        if not head:
            paths += _paths(_checked(self.top, "ls-files", "--others", "--exclude-standard", "-z"))
        return sorted(set(paths))

    def write(self, commit: str, folder: Path) -> None:
        """Write all files of a commit to a folder. A symbolic link becomes a text file with its target's name.

        Raises:
            AccessError: git can't read the commit, or a path in it leads elsewhere.
        """
        entries = []
        for line in _checked(self.top, "ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")[:-1]:
            header, _, path = line.partition(b"\t")
            mode, _, digest = header.split(b" ")
            if mode != _SUBMODULE:
                entries.append((mode, digest, folder / _checked_path(os.fsdecode(path))))
        with tempfile.TemporaryFile() as digests:
            digests.write(b"".join(digest + b"\n" for _, digest, _ in entries))
            digests.seek(0)
            with subprocess.Popen(  # noqa: S603
                _command(self.top, "cat-file", "--batch"), stdin=digests, stdout=subprocess.PIPE, env=_environment()
            ) as git:
                assert git.stdout  # noqa: S101 (a pipe)
                for mode, _, file in entries:
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(_blob(git.stdout))
                    if mode == _EXECUTABLE:
                        file.chmod(0o755)

    def tracks(self, path: Path) -> bool:
        """Return whether git has anything at a path of the working tree, or a link on the way to it."""
        if not path.is_relative_to(self.top):
            return False
        done = _git(self.top, "ls-files", "-z", "--", str(path.relative_to(self.top)))
        return done.returncode != 0 or done.stdout != b""


def find_repository(folder: Path) -> Repository:
    """Return the repository of a project's folder.

    Raises:
        AccessError: the folder is not in a repository, or git is not installed.
    """
    if not folder.is_dir():
        raise AccessError(f"there is no folder {folder}; name the project's folder: --project")
    try:
        done = _git(folder, "rev-parse", "--show-toplevel", "--show-prefix")
    except FileNotFoundError:
        raise AccessError("git is not on PATH; install it, or compare rendered files") from None
    if done.returncode:
        raise AccessError(
            f"{folder} is not in a git repository; give rendered files, or name a project's folder: --project"
        )
    top, _, prefix = done.stdout.decode().rstrip("\n").partition("\n")
    return Repository(Path(top), PurePosixPath(prefix or "."))


def is_stack_file(path: str) -> bool:
    """Return whether a path is a stack file, of this project or another."""
    return re.fullmatch(r"Pulumi\..+\.yaml", PurePosixPath(path).name) is not None


def is_code(path: str) -> bool:
    """Return whether a file may change a program's behaviour: it is neither a stack file nor for people alone."""
    name = PurePosixPath(path).name
    return not is_stack_file(path) and not name.endswith(".md") and name != "LICENSE"


def _checked_path(path: str) -> str:
    if path.startswith("/") or "\\" in path or {"..", ".git"} & {part.lower() for part in path.split("/")}:
        raise AccessError(f"the revision has a file {path!r}, which leads elsewhere; nothing was compared")
    return path


def _blob(stream: IO[bytes]) -> bytes:
    header = stream.readline().split()
    if len(header) != 3:
        raise AccessError("git can't read a file of the revision; is the clone complete? `git fsck` says more")
    content = stream.read(int(header[2]))
    stream.read(1)
    return content


def _paths(output: bytes) -> list[str]:
    return [os.fsdecode(path) for path in output.split(b"\0") if path]


def _checked(folder: Path, *arguments: str) -> bytes:
    done = _git(folder, *arguments)
    if done.returncode:
        reason = (done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"])[0]
        raise AccessError(f"git {arguments[0]}: {reason.removeprefix('fatal: ')}")
    return done.stdout


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command: Sequence[str] = _command(folder, *arguments)
    return subprocess.run(command, capture_output=True, env=_environment(), check=False)  # noqa: S603


def _command(folder: Path, *arguments: str) -> list[str]:
    return ["git", "-C", str(folder), "--literal-pathspecs", *arguments]


def _environment() -> dict[str, str]:
    """Return an environment in which git does not even update its index, and never prompts."""
    return {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
