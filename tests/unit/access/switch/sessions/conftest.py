"""The fake STS, served over HTTP."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fake_sts import Aws
from tests.support.http_server import serving


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """Serve the fake AWS, with the keys of an IAM user in environment variables."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    answering = Aws()
    with serving(answering.respond) as address:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "AKIASTART",
            "AWS_SECRET_ACCESS_KEY": "secret-to-start-from",
            "AWS_ENDPOINT_URL": address,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": str(tmp_path / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        }.items():
            monkeypatch.setenv(name, value)
        yield answering
    gc.enable()  # a switch disables it
