"""Tests of the installer: it uses uv with pip's settings, and pip if uv fails."""

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from sandbox import packages
from sandbox.errors import SandboxError
from sandbox.layout import REPOSITORY

PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)
PIP = """\
:env:.index-url='https://env.example/simple'
:env:.find-links='/opt/wheels https://wheels.example'
global.cert='/etc/ssl/ca.pem'
global.index-url='https://global.example/simple'
global.timeout='60'
install.extra-index-url='https://one.example/simple\\nhttps://two.example/simple'
install.index-url='https://install.example/simple'
freeze.timeout='10'
"""


def test_uv_gets_pips_settings() -> None:
    assert packages.uv_settings({}, packages.pip_settings(PIP)) == {
        "SSL_CERT_FILE": "/etc/ssl/ca.pem",
        "UV_DEFAULT_INDEX": "https://env.example/simple",
        "UV_FIND_LINKS": "/opt/wheels,https://wheels.example",
        "UV_HTTP_TIMEOUT": "60",
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


@pytest.mark.parametrize("name", ["UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX"])
def test_uvs_own_settings_take_precedence(name: str) -> None:
    variables = packages.uv_settings({name: "set", "SSL_CERT_FILE": "set"}, packages.pip_settings(PIP))
    assert variables == {"UV_HTTP_TIMEOUT": "60"}


def test_pips_files_and_variables_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://file.example/simple\nno-index = true\n")
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("PIP_FIND_LINKS", "/opt/wheels")
    variables = packages.uv_settings({}, packages._pip_settings())
    assert variables["UV_DEFAULT_INDEX"] == "https://file.example/simple"
    assert (variables["UV_FIND_LINKS"], variables["UV_NO_INDEX"]) == ("/opt/wheels", "1")


class Commands:
    """A recorder of the installers' commands, some of which fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *failing: str) -> None:
        self.failing = failing
        self.ran: list[str] = []
        self.progress: list[str] = []
        monkeypatch.setattr(packages, "_run", self.run)
        monkeypatch.setattr(packages, "_pip_settings", dict)

    def run(self, command: list[str], environment: object = None) -> subprocess.CompletedProcess[str]:
        installer = "uv" if Path(command[0]).name == "uv" else "pip"
        self.ran.append(f"{installer} {Path(command[-1]).name}")
        assert "--require-hashes" in command
        failed = self.ran[-1] in self.failing
        return subprocess.CompletedProcess(command, int(failed), "", "error: it\n  ╰─▶ failed\n" if failed else "")


LOCK = Path("requirements.txt")


def test_uv_installs_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    commands = Commands(monkeypatch)
    monkeypatch.setattr(packages, "version", lambda name: "0")
    packages.install(Path("python"), LOCK, commands.progress.append)
    assert commands.ran == ["pip requirements-uv.txt", "uv requirements.txt"]


@pytest.mark.parametrize("failing", ["pip requirements-uv.txt", "uv requirements.txt"])
def test_pip_installs_the_packages_if_uv_fails(monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    commands = Commands(monkeypatch, failing)
    monkeypatch.setattr(packages, "version", lambda name: "0")
    packages.install(Path("python"), LOCK, commands.progress.append)
    assert commands.ran[-1] == "pip requirements.txt"
    assert commands.progress[-1].endswith("(failed); using pip instead, which takes a minute or more")


def test_an_error_of_both_installers_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    commands = Commands(monkeypatch, "uv requirements.txt", "pip requirements.txt")
    with pytest.raises(SandboxError, match=r"^requirements\.txt can't be installed: failed$"):
        packages.install(Path("python"), LOCK, commands.progress.append)


def test_the_installer_needs_only_the_standard_library() -> None:
    script = "import sys; import sandbox.packages; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert not {"pulumi", "boto3", "yaml"} & {*done.stdout.split()}


def test_each_lock_includes_the_one_before_it() -> None:
    locks = [
        dict(PIN.findall((REPOSITORY / f"requirements{name}.txt").read_text())) for name in ("", "-sandbox", "-dev")
    ]
    assert len(locks[0]) > 10
    for smaller, larger in pairwise(locks):
        assert smaller.items() <= larger.items()


@pytest.mark.parametrize("lock", sorted(REPOSITORY.glob("requirements*.txt")), ids=lambda lock: lock.name)
def test_every_lock_has_the_requested_packages(lock: Path) -> None:
    requested = re.findall(r"^([\w-]+)(?:\[.*?\])?==(\S+)", lock.with_suffix(".in").read_text(), re.MULTILINE)
    assert requested
    assert {(name.lower(), version) for name, version in requested} <= {*PIN.findall(lock.read_text())}


@pytest.mark.parametrize("lock", sorted(REPOSITORY.glob("requirements*.txt")), ids=lambda lock: lock.name)
def test_every_pin_has_hashes_and_no_lock_names_an_index(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text and "--index" not in text and "--find-links" not in text
    for pin in re.split(r"\n(?=[a-z0-9-]+==)", text):
        assert "--hash=sha256:" in pin


@pytest.mark.parametrize(
    ("target", "lock"),
    [
        ("up", "requirements-sandbox.txt"),
        ("test", "requirements-dev.txt"),
        ("access", "requirements.txt"),
        ("packages", "requirements.txt"),
    ],
)
def test_each_target_installs_its_own_lock(tmp_path: Path, target: str, lock: str) -> None:
    for file in [*REPOSITORY.glob("requirements*.txt"), REPOSITORY / "Makefile"]:
        (tmp_path / file.name).symlink_to(file)
    command = ["make", "--dry-run", target]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert re.findall(r"-m sandbox\.packages (\S+)", done.stdout) == [lock]
