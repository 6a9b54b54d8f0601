"""Install locked packages into virtual environments, with uv in seconds, or with pip in a minute.

This module needs only the standard library: ``python -m sandbox.packages requirements.txt`` fills the environment that
it runs in. pip installs uv there, from a lock too. Source: uv's documentation, "Environment variables".
"""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.layout import REPOSITORY

Say = Callable[[str], None]
"""Prints a line of progress."""

_UV_LOCK = REPOSITORY / "requirements-uv.txt"
_INDEXES = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX")
_SECTIONS = ("global", "install", ":env:")
"""The sections of pip's settings; a later one takes precedence (pip's documentation, "Configuration")."""


def install(python: Path, requirements: Path, say: Say) -> None:
    """Install the packages of a lock, and check their hashes.

    Args:
        python: the Python of the target environment.
        requirements: the lock.
        say: prints progress.

    Raises:
        SandboxError: the packages can't be installed.
    """
    pip_settings = _pip_settings()
    uv = _uv(say)
    if uv:
        command = [str(uv), "pip", "install", "--quiet", "--python", str(python), "--require-hashes", "-r"]
        done = _run([*command, str(requirements)], {**os.environ, **uv_settings(os.environ, pip_settings)})
        if done.returncode == 0:
            return
        say(f"uv can't install {requirements.name} ({_reason(done)}); using pip instead, which takes a minute or more")
    done = _run([*_pip(python), "-r", str(requirements)])
    if done.returncode != 0:
        raise SandboxError(f"{requirements.name} can't be installed: {_reason(done)}")


def uv_settings(environment: Mapping[str, str], pip: Mapping[str, str]) -> dict[str, str]:
    """Return uv's variables for pip's settings, which uv does not read. Variables that are set already take precedence.

    Args:
        environment: the variables that are set.
        pip: pip's settings.
    """
    variables = {
        "SSL_CERT_FILE": pip.get("cert"),
        "SSL_CLIENT_CERT": pip.get("client-cert"),
        "ALL_PROXY": pip.get("proxy"),
        "UV_HTTP_TIMEOUT": pip.get("timeout") or pip.get("default-timeout"),
        "UV_INSECURE_HOST": _listed(pip.get("trusted-host"), " "),
    }
    if not any(environment.get(name) for name in _INDEXES):
        variables |= {
            "UV_DEFAULT_INDEX": pip.get("index-url"),
            "UV_INDEX": _listed(pip.get("extra-index-url"), " "),
            "UV_INDEX_STRATEGY": "unsafe-best-match",  # as pip does; the hashes select the file
            "UV_FIND_LINKS": _listed(pip.get("find-links"), ","),
            "UV_NO_INDEX": "1" if pip.get("no-index") in ("1", "true", "yes", "on") else None,
        }
    return {name: value for name, value in variables.items() if value and not environment.get(name)}


def pip_settings(listed: str) -> dict[str, str]:
    """Return pip's settings by name, from the output of ``pip config list``."""
    found: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in found:
            found[section][key] = str(ast.literal_eval(value))
    return {key: value for section in _SECTIONS for key, value in found[section].items()}


def _pip_settings() -> dict[str, str]:
    return pip_settings(_run([sys.executable, "-m", "pip", "config", "list", "--disable-pip-version-check"]).stdout)


def _uv(say: Say) -> Path | None:
    """Return uv's path, installing it beside this Python if necessary; nothing if it can't be installed."""
    wanted = _UV_LOCK.read_text().split(maxsplit=1)[0].removeprefix("uv==")
    path = Path(sys.executable).with_name("uv")
    try:
        if version("uv") == wanted and path.exists():
            return path
    except PackageNotFoundError:
        pass
    say(f"uv {wanted}: installing it with pip")
    done = _run([*_pip(Path(sys.executable)), "-r", str(_UV_LOCK)])
    if done.returncode == 0:
        return path
    say(f"uv can't be installed ({_reason(done)}); using pip instead, which takes a minute or more")
    return None


def _pip(python: Path) -> list[str]:
    """Return the command with which this environment's pip installs into another one, which needs no pip."""
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--disable-pip-version-check"]
    return [*pip, "--require-hashes"]


def _listed(values: str | None, separator: str) -> str | None:
    return separator.join(values.split()) if values else None


def _run(command: list[str], environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    """Return the last line of a command's errors, without leading punctuation."""
    lines = [re.sub(r"^\W+", "", line) for line in done.stderr.splitlines()]
    return next((line for line in reversed(lines) if line), f"exit code {done.returncode}")


def main() -> None:
    """Fill this environment from the lock given as argument."""
    requirements = REPOSITORY / sys.argv[1]
    print(f"Python packages: installing {requirements.name}", flush=True)
    try:
        install(Path(sys.executable), requirements, lambda line: print(line, flush=True))
    except SandboxError as error:
        sys.exit(f"set-up: {error}")


if __name__ == "__main__":
    main()
