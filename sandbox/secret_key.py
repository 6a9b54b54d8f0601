"""The sandbox's random key, in a file that only its owner can read, and the secrets derived from it."""

import hmac
import os
import secrets
from pathlib import Path

from sandbox.errors import SandboxError

_BYTES = 32
_SECRET_CHARACTERS = 40  # as in AWS's secret access keys


def make_key(path: Path) -> None:
    """Create the key, unless it exists."""
    if path.exists():
        return
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=0o600), "wb") as file:  # noqa: PTH123
        file.write(secrets.token_bytes(_BYTES))
    unfinished.replace(path)


def read_key(path: Path) -> bytes:
    """Return the key.

    Raises:
        SandboxError: there is no key.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise SandboxError("the sandbox was never started; run `python -m sandbox up`") from None


def derived_secret(key: bytes, name: str) -> str:
    """Return the secret of an account, by its id, or of any other name."""
    return hmac.digest(key, name.encode(), "sha256").hex()[:_SECRET_CHARACTERS]
