"""A user's project in its own folder, on which tests run the sandbox's commands."""

import io
import re
import shlex
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import yaml

from access.accounts import Account, Session
from sandbox.__main__ import main
from sandbox.emulator import Emulator
from sandbox.layout import REPOSITORY, layout_of
from sandbox.users import Accounts

Files = Mapping[str, Mapping[str, Any]]
"""The configuration of each stack, by the stack's name."""


class ProjectFolder:
    """A project's folder, and the sandbox's commands on it."""

    def __init__(self, folder: Path, files: Files | None = None) -> None:
        """Write the files, or use the folder as it is if none are given."""
        self.folder, self.layout = folder, layout_of(folder)
        self.files: Files = files or {}
        self.printed = ""
        if files:
            self.write()

    def write(self, files: Files | None = None) -> None:
        """Write exactly these files, by default the original ones."""
        for path in self.folder.glob("Pulumi.*yaml"):
            path.unlink()
        (self.folder / "Pulumi.yaml").write_text(f"name: acme\nruntime: python\nmain: {REPOSITORY}\n")
        for stack, config in (files or self.files).items():
            text = yaml.safe_dump({"config": {"aws:region": "eu-west-1", **config}})
            self.path(stack).write_text(text)

    def path(self, stack: str) -> Path:
        return self.folder / f"Pulumi.{stack}.yaml"

    def texts(self) -> dict[str, str]:
        return {stack: self.path(stack).read_text() for stack in self.files if self.path(stack).exists()}

    def edit(self, stack: str, old: str, new: str) -> None:
        text = self.path(stack).read_text()
        assert old in text
        self.path(stack).write_text(text.replace(old, new))

    def run(self, *arguments: str) -> tuple[int, str]:
        """Return a command's exit code and its output, or the one line with the reason for a failure."""
        command, *others = arguments
        with redirect_stdout(io.StringIO()) as printed, redirect_stderr(io.StringIO()) as failures:
            code = main([command, "--project", str(self.folder), *others])
        self.printed = printed.getvalue()
        reasons = [line for line in failures.getvalue().splitlines() if line.startswith("sandbox: ")]
        assert "error:" not in self.printed
        is_proved = " cells: " in self.printed
        assert len(reasons) == (0 if is_proved else code), self.printed + failures.getvalue()
        return code, reasons[0].removeprefix("sandbox: ") if reasons else self.printed

    def done(self, *arguments: str) -> str:
        """Return the output of a command that succeeds."""
        code, printed = self.run(*arguments)
        assert code == 0, printed
        return printed

    def refused(self, *arguments: str) -> str:
        """Return the reason for a command's failure."""
        code, reason = self.run(*arguments)
        assert code == 1, reason
        return reason

    def follow(self, text: str, command: str) -> str:
        """Run a command that a message suggests, and return its output."""
        named = re.search(rf"python -m sandbox (pulumi [^;`\n]*-- {command}[^;`\n]*)", text)
        assert named, text
        arguments = shlex.split(named[1])
        assert arguments[1:3] == ["--project", str(self.folder)]
        return self.done("pulumi", *arguments[3:])

    def kept(self) -> dict[str, bytes]:
        """Return all files of the accounts' state."""
        return {str(path): path.read_bytes() for path in self.layout.emulator_state.rglob("*") if path.is_file()}

    def profiles(self) -> set[str]:
        return set(re.findall(r"^\[profile (.*)\]$", self.layout.aws_config.read_text(), re.MULTILINE))

    def session(self, profile: str) -> Session:
        return Account(profile, self.layout.aws_config).administrator

    def administrator(self, account_id: str) -> Session:
        return Accounts(self.layout, Emulator(self.layout), "us-east-1").administrator(account_id)
