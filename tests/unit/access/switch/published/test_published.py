"""A team's list of roles that can't be read, Windows, and errors of this machine."""

import json
from pathlib import Path

import pytest

from access.__main__ import main
from access.errors import AccessError
from access.switch.published import link
from tests.support.role_list import ARN, linked

ROLE_ENTRY = {"name": "production/UpdateApp", "arn": ARN}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("[]", "it has no roles"),
        ('{"version": 2, "roles": []}', "its version is 2, not 1"),
        (json.dumps({"version": 1, "roles": {}}), "must be lists"),
        (json.dumps({"version": 1, "roles": [1]}), "is not a list of roles"),
        (json.dumps({"version": 1, "roles": [{"name": "a/b"}]}), "arn"),
        (json.dumps({"version": 1, "roles": [{**ROLE_ENTRY, "arn": "arn:aws:iam::1:user/x"}]}), "is not a role"),
        (json.dumps({"version": 1, "roles": [{**ROLE_ENTRY, "name": "a/\x1b[2J"}]}), "is not a role"),
        (json.dumps({"version": 1, "roles": [{**ROLE_ENTRY, "trusts": ["\x1b"]}]}), "a value that is not text"),
        (json.dumps({"version": 1, "roles": [], "grantees": [{"kind": "x", "name": "y"}]}), "'y' is not a grantee"),
    ],
)
def test_an_invalid_list(home: Path, text: str, expected: str) -> None:
    file = home / "roles.json"
    file.write_text(text)
    with pytest.raises(AccessError) as caught:
        link(file)
    assert str(caught.value).startswith(f"{file} is not a list of roles")
    assert expected in str(caught.value)
    assert str(caught.value).isprintable()
    assert not (home / ".config").exists()


def test_a_broken_link(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    linked(home)
    (home / "roles.json").unlink()
    assert main(["roles"]) == 1
    assert "roles.json, a list of roles, does not exist; remove the link" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["exec", ARN, "--", "true"],
        ["env", ARN],
        ["profile", ARN],
        ["credential-process", ARN],
        ["console", ARN],
        ["whoami"],
        ["roles"],
        ["forget"],
        ["revoke", ARN],
    ],
    ids=lambda it: it[0],
)
def test_on_windows(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr("access.command_line._IS_WINDOWS", True)
    assert main(arguments) == 1
    output = "access: this command works on Linux, macOS and WSL; on Windows, install and run it in WSL\n"
    assert capsys.readouterr().err == output


def test_errors_of_this_machine(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "/some/python")

    monkeypatch.setattr("access.switch.whoami.describe_caller", refuse)
    assert main(["whoami"]) == 1
    assert capsys.readouterr().err == "access: /some/python: Permission denied\n"
