"""A home, and the fake AWS served over HTTP."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.http_server import serving
from tests.support.role_list import Aws


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty home."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith(("AWS_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("ACCESS_ROLES")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return folder


@pytest.fixture
def aws(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    answering = Aws()
    with serving(answering.respond) as address:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "AKIASTART",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_ENDPOINT_URL": address,
            "AWS_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        yield answering
