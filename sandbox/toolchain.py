"""Set-up: the Pulumi CLI, the AWS provider plugin and the emulator, found or installed. A second run reuses them."""

import functools
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi.automation as auto
from semver import VersionInfo

from sandbox.errors import SandboxError
from sandbox.layout import PULUMI_HOME, REPOSITORY, TOOLS

CLI_VERSION = VersionInfo.parse("3.259.0")
"""The oldest Pulumi CLI that will do, and the one that is installed or built where there is none."""

PLUGIN_VERSION = "7.51.1"
"""The AWS plugin's version: that of pulumi-aws in requirements.txt."""

STAND_IN = "stand-in"
OFFICIAL = "official plugin"

_CLI_MODULE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
_LAUNCHER = PULUMI_HOME / "plugins" / f"resource-aws-v{PLUGIN_VERSION}" / "pulumi-resource-aws"
_MOST_LAUNCHER_BYTES = 10_000  # the stand-in's is a script of two lines, the official plugin's a program of 100s of MB
_DOWNLOAD_SECONDS = 600
_BUILD_STEPS = 2500

Say = Callable[[str], None]
"""Tells people what is going on, a line at a time."""


@dataclass(frozen=True)
class Cli:
    """The Pulumi CLI."""

    command: auto.PulumiCommand
    source: str
    """Where it comes from, in words."""

    @property
    def path(self) -> Path:
        """The executable."""
        return Path(shutil.which(self.command.command) or self.command.command)


def pulumi_cli(say: Say) -> Cli:
    """The Pulumi CLI: the one on PATH, an earlier set-up's, the official installer's, or built from Go modules.

    Raises:
        SandboxError: none of these gives one.
    """
    installed = installed_cli()
    if installed:
        return installed
    say(f"Pulumi CLI: none on PATH that is {CLI_VERSION} or newer; asking the official installer for {CLI_VERSION}")
    root = TOOLS / "pulumi"
    try:
        return Cli(
            auto.PulumiCommand.install(root=str(root), version=CLI_VERSION), "installed by the official installer"
        )
    except (OSError, urllib.error.URLError, subprocess.CalledProcessError) as error:
        say(f"Pulumi CLI: the official installer can't be had here ({error}); building it from its Go modules")
    _build_cli(root / "bin" / "pulumi", say)
    return Cli(auto.PulumiCommand(root=str(root), version=CLI_VERSION), "built from its Go modules")


def installed_cli() -> Cli | None:
    """The Pulumi CLI that is there already: the one on PATH, or an earlier set-up's."""
    for root, source in ((None, "found on PATH"), (TOOLS / "pulumi", "installed by an earlier set-up")):
        try:
            return Cli(auto.PulumiCommand(root=str(root) if root else None, version=CLI_VERSION), source)
        except (auto.InvalidVersionError, OSError, subprocess.CalledProcessError):
            continue
    return None


def stand_in_installed() -> bool:
    """Whether the AWS provider in the sandbox's PULUMI_HOME is the stand-in."""
    return _LAUNCHER.exists() and _LAUNCHER.stat().st_size < _MOST_LAUNCHER_BYTES


def aws_plugin(cli: Cli, say: Say) -> str:
    """The AWS provider in the sandbox's PULUMI_HOME: the official plugin, or the stand-in where it can't be had.

    Returns:
        :data:`OFFICIAL` or :data:`STAND_IN`.
    """
    if stand_in_installed():
        _write_launcher(_LAUNCHER)  # the repository may have moved
        return STAND_IN
    if _LAUNCHER.exists():
        return OFFICIAL
    own = Path.home() / ".pulumi" / "plugins" / _LAUNCHER.parent.name
    if (own / "pulumi-resource-aws").exists():
        _install_plugin(cli, ["--file", str(own)])
        return OFFICIAL
    say(f"AWS provider: asking for the official plugin {PLUGIN_VERSION} (a large download, once)")
    try:
        _install_plugin(cli, [])
    except (subprocess.SubprocessError, OSError):
        say("AWS provider: the official plugin can't be had here; the sandbox's stand-in takes its place")
    else:
        return OFFICIAL
    with tempfile.TemporaryDirectory() as folder:
        _write_launcher(Path(folder) / "pulumi-resource-aws")
        _install_plugin(cli, ["--file", folder])
    return STAND_IN


def emulator_python(say: Say) -> Path:
    """The Python of the emulator's own virtual environment, which is made if need be.

    It has its own because it pins botocore to a version of its own.

    Raises:
        SandboxError: the emulator can't be installed.
    """
    requirements = REPOSITORY / "requirements-emulator.txt"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    folder = TOOLS / "emulator"
    marker, python = folder / "installed", folder / "bin" / "python"
    if marker.exists() and marker.read_text() == wanted and python.exists():
        return python
    say("AWS emulator: installing it into a virtual environment of its own")
    venv.create(folder, clear=True, with_pip=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    done = subprocess.run([*pip, "-r", str(requirements)], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise SandboxError(f"the AWS emulator can't be installed: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
    marker.write_text(wanted)
    return python


def main() -> None:
    """Set everything up: ``python -m sandbox.toolchain``."""
    say: Say = functools.partial(print, flush=True)
    try:
        cli = pulumi_cli(say)
        say(f"Pulumi CLI: {cli.command.version}, {cli.source}")
        say(f"AWS provider: {aws_plugin(cli, say)}")
        emulator_python(say)
    except SandboxError as error:
        sys.exit(f"sandbox: {error}")


def _build_cli(target: Path, say: Say) -> None:
    if not shutil.which("go"):
        raise SandboxError(
            f"no Pulumi CLI {CLI_VERSION} or newer: install it (https://www.pulumi.com/docs/install/), or install Go"
            " so that it can be built, then run again"
        )
    say("Pulumi CLI: building takes about five minutes the first time")
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".unfinished")
    command = ["go", "build", "-v", "-trimpath", "-tags", "osusergo,grpcnotrace"]
    flags = ["-ldflags", f"-w -s -X {_VERSION_VARIABLE}=v{CLI_VERSION}", "-o", str(unfinished), _CLI_MODULE]
    steps, last = 0, "no output"
    with subprocess.Popen(  # noqa: S603
        [*command, *flags],
        cwd=REPOSITORY / "tools",
        env={**os.environ, "CGO_ENABLED": "0"},
        stderr=subprocess.PIPE,
        text=True,
    ) as build:
        for line in build.stderr or ():  # a module that is downloaded, or a package that is compiled
            steps, last = steps + 1, line.strip()
            if steps % 200 == 0:
                say(f"Pulumi CLI: {steps} of about {_BUILD_STEPS} steps, now {last}")
    if build.returncode != 0:
        raise SandboxError(f"the Pulumi CLI can't be built from tools/go.mod: {last}")
    unfinished.replace(target)


def _write_launcher(path: Path) -> None:
    """An executable that serves the stand-in from this repository, whatever the folder it is started in."""
    python, repository = shlex.quote(sys.executable), shlex.quote(str(REPOSITORY))
    path.write_text(f"#!/bin/sh\nPYTHONPATH={repository} exec {python} -m sandbox.provider\n")
    path.chmod(0o755)


def _install_plugin(cli: Cli, source: Sequence[str]) -> None:
    environment = {**os.environ, "PULUMI_HOME": str(PULUMI_HOME), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    subprocess.run(  # noqa: S603
        [cli.path, "plugin", "install", "resource", "aws", f"v{PLUGIN_VERSION}", *source],
        env=environment,
        check=True,
        capture_output=True,
        timeout=_DOWNLOAD_SECONDS,
    )


if __name__ == "__main__":
    main()
