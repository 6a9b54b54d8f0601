"""Installs locked packages into virtual environments: by uv, which takes seconds, or else by pip, which takes a minute.

It needs the standard library alone: ``python -m sandbox.packages requirements.txt`` fills the environment that it runs
in. uv itself is installed there by pip, from a lock too. Source: uv's documentation, "Environment variables".
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
"""Prints a line about what is going on."""

_UV_LOCK = REPOSITORY / "requirements-uv.txt"
_INDEXES = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX")
_SECTIONS = ("global", "install", ":env:")
"""Where pip's settings stand; a later one takes precedence (pip's documentation, "Configuration")."""


def install(python: Path, requirements: Path, say: Say) -> None:
    """Install packages with exactly the hashes of a lock.

    Args:
        python: the Python of the environment that they are for.
        requirements: the lock.
        say: prints how it goes.

    Raises:
        SandboxError: they can't be installed.
    """
    pip_settings = _pip_settings()
    uv = _uv(say)
    if uv:
        command = [str(uv), "pip", "install", "--quiet", "--python", str(python), "--require-hashes", "-r"]
        done = _run([*command, str(requirements)], {**os.environ, **uv_settings(os.environ, pip_settings)})
        if done.returncode == 0:
            return
        say(f"uv can't install {requirements.name} ({_reason(done)}); going on with pip, which takes a minute or more")
    done = _run([*_pip(python), "-r", str(requirements)])
    if done.returncode != 0:
        raise SandboxError(f"{requirements.name} can't be installed: {_reason(done)}")


def uv_settings(environment: Mapping[str, str], pip: Mapping[str, str]) -> dict[str, str]:
    """Return uv's variables for what pip is set to. uv doesn't read pip's settings; its own are left as they are.

    Args:
        environment: the variables that are set.
        pip: pip's settings.
    """
    found = {
        "SSL_CERT_FILE": pip.get("cert"),
        "SSL_CLIENT_CERT": pip.get("client-cert"),
        "ALL_PROXY": pip.get("proxy"),
        "UV_HTTP_TIMEOUT": pip.get("timeout") or pip.get("default-timeout"),
        "UV_INSECURE_HOST": _listed(pip.get("trusted-host"), " "),
    }
    if not any(environment.get(name) for name in _INDEXES):
        found |= {
            "UV_DEFAULT_INDEX": pip.get("index-url"),
            "UV_INDEX": _listed(pip.get("extra-index-url"), " "),
            "UV_INDEX_STRATEGY": "unsafe-best-match",  # as pip does; the hashes say which file it may be
            "UV_FIND_LINKS": _listed(pip.get("find-links"), ","),
            "UV_NO_INDEX": "1" if pip.get("no-index") in ("1", "true", "yes", "on") else None,
        }
    return {name: value for name, value in found.items() if value and not environment.get(name)}


def pip_settings(listed: str) -> dict[str, str]:
    """Return pip's settings, by their names, from what ``pip config list`` prints."""
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
    """Return uv, installed beside this Python if need be, or nothing if it can't be had."""
    wanted = _UV_LOCK.read_text().split(maxsplit=1)[0].removeprefix("uv==")
    path = Path(sys.executable).with_name("uv")
    try:
        if version("uv") == wanted and path.exists():
            return path
    except PackageNotFoundError:
        pass
    say(f"uv {wanted}: installing it by pip")
    done = _run([*_pip(Path(sys.executable)), "-r", str(_UV_LOCK)])
    if done.returncode == 0:
        return path
    say(f"uv can't be installed ({_reason(done)}); going on with pip, which takes a minute or more")
    return None


def _pip(python: Path) -> list[str]:
    """Return the command with which this environment's pip installs into another one, which needs none of its own."""
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--disable-pip-version-check"]
    return [*pip, "--require-hashes"]


def _listed(values: str | None, separator: str) -> str | None:
    return separator.join(values.split()) if values else None


def _run(command: list[str], environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    """Return the last line of what a command complained of, without marks before it."""
    lines = [re.sub(r"^\W+", "", line) for line in done.stderr.splitlines()]
    return next((line for line in reversed(lines) if line), f"exit code {done.returncode}")


def main() -> None:
    """Fill this environment from the lock that is named."""
    requirements = REPOSITORY / sys.argv[1]
    print(f"Python packages: installing those of {requirements.name}", flush=True)
    try:
        install(Path(sys.executable), requirements, lambda line: print(line, flush=True))
    except SandboxError as error:
        sys.exit(f"set-up: {error}")


if __name__ == "__main__":
    main()
