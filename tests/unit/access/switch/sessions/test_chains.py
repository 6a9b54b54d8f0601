"""Sessions through a chain of profiles."""

import subprocess
import sys
from pathlib import Path

import pytest

from access.__main__ import main
from access.switch.config_file import read_profiles
from access.switch.roles import find_role
from access.switch.sessions import Choices
from tests.support.fake_sts import ARN, DEVICE, Aws, session
from tests.unit.conftest import REPOSITORY

CHAIN = f"""\
[profile base]
aws_access_key_id = A
aws_secret_access_key = B
mfa_serial = {DEVICE}
[profile jump]
role_arn = arn:aws:iam::111111111111:role/Jump
source_profile = base
mfa_serial = {DEVICE}
[profile app]
role_arn = {ARN}
source_profile = jump
"""


def test_a_chain_asks_for_mfa_once(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the program's own prompt; later runs do not ask, as the session on the way is kept too."""
    serials: list[str] = []

    def ask(serial: str) -> str:
        serials.append(serial)
        return "123456"

    monkeypatch.setattr("access.aws_session.ask_for_code", ask)
    monkeypatch.setattr("access.terminal.ask_for_code", ask)
    (tmp_path / "config").write_text(CHAIN)
    role = find_role("app", read_profiles())
    assert session(role=role).access_key_id == "ASIA2"
    assert session(role=role).access_key_id == "ASIA2"
    assert session(Choices(duration=900), role).access_key_id == "ASIA3"
    assert serials == [DEVICE]
    with_device = [asked["RoleArn"] for asked in aws.asked if "SerialNumber" in asked]
    assert with_device == ["arn:aws:iam::111111111111:role/Jump"]
    # New sessions along the whole chain replace the kept ones.
    session(Choices(keep=False), role)
    assert serials == [DEVICE, DEVICE]
    session(role=role)
    assert serials == [DEVICE, DEVICE]


def test_forget_drops_the_chain_to_a_role(
    aws: Aws, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    second = "\n[profile second]\nrole_arn = arn:aws:iam::999999999999:role/Second\nsource_profile = jump\n"
    (tmp_path / "config").write_text(CHAIN.replace("mfa_serial", "region") + second)

    def forget(*role: str) -> str:
        assert main(["forget", *role]) == 0
        return capsys.readouterr().out

    for name in ("second", "app"):
        session(role=find_role(name, read_profiles()))
    session()  # of the same role, from the user's own keys
    assert forget(ARN) == "3 kept sessions dropped\n"  # the session of Jump was kept for both chains
    assert forget("second") == "1 kept session dropped\n"

    session(role=find_role("second", read_profiles()))
    session()
    assert forget("jump") == "1 kept session dropped\n"
    assert forget("second") == "1 kept session dropped\n"
    assert forget() == "1 kept session dropped\n"


def test_a_chain_without_a_terminal(aws: Aws, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(CHAIN)
    command = [sys.executable, "-m", "access", "exec", "app", "--", "true"]
    done = subprocess.run(
        command, input="123456\n", cwd=REPOSITORY, capture_output=True, text=True, start_new_session=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"access: the role requires an MFA code ({DEVICE}), and there is no terminal")
    assert len(done.stderr.splitlines()) == 1


def test_a_source_profile_with_a_role(aws: Aws, tmp_path: Path) -> None:
    keys = "aws_access_key_id = A\naws_secret_access_key = B\n"
    admin = "arn:aws:iam::111111111111:role/Admin"
    (tmp_path / "config").write_text(
        f"[profile base]\n{keys}[profile admin]\nrole_arn = {admin}\nsource_profile = base\n"
    )
    (tmp_path / "credentials").write_text(f"[admin]\n{keys}")  # AWS tools prefer the role to these
    session(Choices(profile="admin"))
    assert [asked["RoleArn"] for asked in aws.asked if asked["Action"] == "AssumeRole"] == [admin, ARN]
