"""The outputs of a stack, printed by a fake Pulumi CLI."""

import json
from pathlib import Path

import pytest

from access.errors import AccessError
from access.stack_outputs import read_public_outputs, read_stack_outputs, without_secrets

ARN = "arn:aws:iam::999999999999:role/UpdateApp"
SHOWN = {"contractVersion": 1, "roleArns": {"UpdateApp": ARN}, "externalIds": {"UpdateApp": "an-id"}}
HIDDEN = {**SHOWN, "externalIds": {"UpdateApp": "[secret]"}}


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a pulumi that prints the files ``shown`` and ``hidden``, and records its calls."""
    pulumi = tmp_path / "pulumi"
    pulumi.write_text(
        '#!/bin/sh\nhere="${0%/*}"; echo "$*" >> "$here/calls"\n'
        'case "$*" in *--show-secrets*) cat "$here/shown";; *) cat "$here/hidden";; esac\n'
    )
    pulumi.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def calls(folder: Path) -> list[bool]:
    """Return for each call whether it asked for secrets."""
    return ["--show-secrets" in line for line in (folder / "calls").read_text().splitlines()]


def test_secrets_are_requested_only_if_there_are_any(bin_folder: Path) -> None:
    (bin_folder / "hidden").write_text(json.dumps(SHOWN))
    assert read_stack_outputs("production").external_ids == {"UpdateApp": "an-id"}
    assert calls(bin_folder) == [False]
    (bin_folder / "shown").write_text(json.dumps(SHOWN))
    (bin_folder / "hidden").write_text(json.dumps(HIDDEN))
    assert read_stack_outputs("production").external_ids == {"UpdateApp": "an-id"}
    assert calls(bin_folder) == [False, False, True]
    assert read_public_outputs("production") == HIDDEN
    assert calls(bin_folder) == [False, False, True, False]


def test_outputs_without_secrets() -> None:
    assert without_secrets({"a": "[secret]", "b": [1, "[secret]", {"c": "[secret]", "d": "e"}]}) == {
        "b": [1, {"d": "e"}]
    }
    assert without_secrets("[secret]") is None


@pytest.mark.parametrize(
    ("printed", "message"),
    [
        (
            "warning: Found legacy stack files\nerror: no stack named 'x' found\nmore",
            "can't be read: no stack named 'x'",
        ),
        ("something else\nmore", "can't be read: something else"),
        ("", "can't be read: exit code 1"),
    ],
)
def test_the_error_is_reported_and_not_a_warning_before_it(bin_folder: Path, printed: str, message: str) -> None:
    (bin_folder / "said").write_text(printed)
    (bin_folder / "pulumi").write_text('#!/bin/sh\ncat "${0%/*}/said" >&2; exit 1\n')
    with pytest.raises(AccessError) as caught:
        read_stack_outputs("x")
    assert message in str(caught.value)


@pytest.mark.parametrize("printed", ["", "[]", "not JSON"])
def test_invalid_outputs(bin_folder: Path, printed: str) -> None:
    (bin_folder / "hidden").write_text(printed)
    with pytest.raises(AccessError, match="are not JSON"):
        read_stack_outputs("x")
