"""List the team's roles, and choose one by number or name."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from access.__main__ import main
from access.switch.published import Grantee, Published
from tests.support.role_list import ARN, AUDIT, UPDATE_APP, Aws, linked
from tests.unit.conftest import REPOSITORY


class TestRoles:
    def test_roles_of_a_user(self, home: Path, aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
        linked(home)
        (home / ".aws").mkdir()
        (home / ".aws" / "config").write_text(f"[profile app]\nrole_arn = {ARN}\nsource_profile = me\n")
        aws.groups = ["Developers"]
        assert main(["roles"]) == 0
        printed = capsys.readouterr()
        assert printed.out.splitlines() == [
            f"production/UpdateApp  {ARN}  Developers: allow",
            f"app                   {ARN}  profile, from me",
        ]
        assert printed.err == "access: not for you: production/Audit (MFA; external id)\n"

    def test_unreadable_groups(self, home: Path, aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
        linked(home)
        aws.groups = None
        assert main(["roles"]) == 0
        assert capsys.readouterr().out.splitlines() == [
            f"production/UpdateApp  {ARN}    Testers, Dev: deny; Developers, ci/Deployer: allow",
            f"production/Audit      {AUDIT}  MFA; external id",
        ]

    def test_an_untrusted_account(self, home: Path, aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
        linked(home, Published([UPDATE_APP], [Grantee("group", "Developers", allow=[ARN])]))
        aws.caller, aws.groups = "arn:aws:iam::333333333333:user/Theresa", ["Developers"]
        assert main(["roles"]) == 0
        assert capsys.readouterr().out == ""

    def test_without_credentials(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        linked(home)
        assert main(["roles"]) == 0
        printed = capsys.readouterr()
        assert len(printed.out.splitlines()) == 2
        assert printed.err.startswith("access: your rights to these roles are unknown: no AWS credentials were found")

    def test_no_role_for_the_user(self, home: Path, aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
        linked(home)
        assert main(["env", "--shell", "bash"]) == 1
        output = "you may assume none of the known roles: production/UpdateApp, production/Audit"
        assert output in capsys.readouterr().err

    def test_no_roles(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["roles"]) == 0
        printed = capsys.readouterr()
        assert printed.out == ""
        assert "no list of your team's roles is linked; link one: access roles --from FILE" in printed.err


ON_TERMINAL = [sys.executable, "-c", "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"]


def chosen(typed: str, *arguments: str) -> tuple[int, list[str]]:
    """Choose a role on a terminal; return the exit code and the terminal's output."""
    command = [*ON_TERMINAL, sys.executable, "-m", "access", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY) as terminal:
        assert terminal.stdin
        assert terminal.stdout
        never = threading.Timer(20, terminal.kill)  # in case there is no prompt
        never.start()
        shown = b""
        while not shown.endswith(b"which role? "):
            (letter,) = terminal.stdout.read(1)
            shown += bytes([letter])
        terminal.stdin.write(typed.encode())
        terminal.stdin.flush()
        shown += terminal.stdout.read()
        never.cancel()
    return terminal.returncode, shown.decode().splitlines()


class TestChoice:
    @pytest.mark.parametrize("typed", ["1\n", "production/UpdateApp\n"])
    def test_by_number_or_name(self, home: Path, aws: Aws, typed: str) -> None:
        linked(home)
        aws.groups = ["Developers"]
        code, shown = chosen(typed, "exec", "--session-name", "me", "--", "true")
        assert shown[0] == f" 1  production/UpdateApp  {ARN}  Developers: allow"
        assert shown[1] == f"which role? {typed.strip()}"
        assert f"may not switch to {ARN}" in shown[2]  # AWS was asked
        assert code == 1

    @pytest.mark.parametrize("typed", ["2\n", "0\n", "\n", "production/Audit\n", "\x04"])
    def test_an_invalid_choice(self, home: Path, aws: Aws, typed: str) -> None:
        linked(home)
        aws.groups = ["Developers"]
        code, shown = chosen(typed, "exec", "--", "true")
        assert "is not one of these roles; type a number, 1 to 1, or a name" in shown[-1]
        assert code == 1

    def test_without_a_terminal(self, home: Path, aws: Aws) -> None:
        linked(home)
        aws.groups = ["Developers"]
        done = subprocess.run(
            [sys.executable, "-m", "access", "exec", "--", "true"],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            start_new_session=True,
            check=False,
        )
        assert done.returncode == 1
        assert "no role is given; `access roles` lists them" in done.stderr
