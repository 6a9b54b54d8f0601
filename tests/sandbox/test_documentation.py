"""Tests that the pages' commands work in a shell as written."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from sandbox.layout import REPOSITORY
from tests.sandbox.conftest import Sandbox
from tests.support.markdown import PAGES
from tests.support.typed_commands import PAGES_IN_A_SHELL, in_a_shell

ADMINISTRATOR = ('eval "$(.venv/bin/python -m sandbox env development)"',)
DAVID = (*ADMINISTRATOR, "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY", "export AWS_PROFILE=David")


class Shell:
    """A shell in a checkout whose ``python -m sandbox`` uses the sandbox of these tests."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.share, self._folder, self._checkout = folder / "share", folder, folder / "checkout"
        self.share.mkdir()
        (self._checkout / ".venv" / "bin").mkdir(parents=True)
        for path in REPOSITORY.iterdir():
            if path.name not in (".git", ".sandbox", ".venv"):
                (self._checkout / path.name).symlink_to(path)
        python = f"exec '{sys.executable}'"
        other = f"{python} -m tests.sandbox.other_sandbox '{sandbox.layout.directory}'"
        choice = f'case "$1 $2" in "-m sandbox") shift 2; {other} "$@";; *) {python} "$@";; esac'
        self._write(self._checkout / ".venv" / "bin" / "python", choice)
        self._write(folder / "access", f'{python} -m access "$@"')
        self._write(folder / "aws", f'{python} -m tests.sandbox.aws_cli "$@"')

    def type(self, lines: Sequence[str], first: Sequence[str]) -> tuple[list[tuple[str, int]], str]:
        """Run lines, and return the exit code of each, and their output.

        Args:
            lines: what the page says.
            first: who types it.
        """
        codes = self._folder / "codes"
        codes.write_text("")
        counted = [f"{line.replace('/share/', f'{self.share}/')}\necho $? >>'{codes}'" for line in lines]
        path = f"{self._folder}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", "\n".join([*first, *counted])],  # noqa: S607
            cwd=self._checkout,
            env={**os.environ, "HOME": str(self._folder), "PATH": path, "PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return list(zip(lines, map(int, codes.read_text().split()), strict=True)), done.stdout

    def _write(self, path: Path, command: str) -> None:
        path.write_text(f"#!/bin/sh\n{command}\n")
        path.chmod(0o755)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Yield a shell in a sandbox after ``up``."""
    sandbox = Sandbox(tmp_path_factory.mktemp("documented"))
    sandbox.deploy()
    sandbox.write_profiles()
    shell = Shell(sandbox, tmp_path_factory.mktemp("shell"))
    published, said = shell.type(["access publish /share/access-roles.json"], ADMINISTRATOR)
    assert published[0][1] == 0, said
    shutil.copy(shell.share / "access-roles.json", sandbox.layout.published_roles)
    yield shell
    sandbox.emulator.stop()


@pytest.mark.parametrize("name", PAGES_IN_A_SHELL)
def test_the_commands_of_a_page_work_as_written(shell: Shell, name: str) -> None:
    lines = in_a_shell(name)
    assert lines
    codes, said = shell.type(lines, DAVID if name == "docs/switching.md" else ADMINISTRATOR)
    for line, code in codes:
        is_refused = "--profile Theresa" in line  # she is a Tester
        assert (code != 0) == is_refused, f"{line}\n{said}"
    for block in PAGES[name].blocks("console"):
        for shown in block.splitlines()[1:]:
            assert shown in said.splitlines()
