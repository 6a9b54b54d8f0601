"""Set up the Pulumi CLI, the AWS provider plugin, the emulator and a linter: ``python -m sandbox.toolchain``."""

import functools
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pulumi.automation as auto
from semver import VersionInfo

from sandbox import packages, pulumi_release
from sandbox.errors import SandboxError
from sandbox.layout import OFFICIAL_PULUMI_HOME, PULUMI_HOME, REPOSITORY, TOOLS

CLI_VERSION = VersionInfo.parse("3.259.0")
"""The Pulumi CLI's version that the project was tested with."""

PLUGIN_VERSION = version("pulumi_aws")
"""The AWS plugin's version, which is the version of the program's pulumi_aws."""

STAND_IN = "stand-in"
OFFICIAL = "official"
PROVIDERS = (STAND_IN, OFFICIAL)
"""The AWS providers; the first is the default."""

_CLI_MODULE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
_PLUGIN = Path("plugins", f"resource-aws-v{PLUGIN_VERSION}", "pulumi-resource-aws")
_LANGUAGE_HOST = "pulumi-language-python"
_DOWNLOAD_SECONDS = 600
_BUILD_STEPS = 2500

Say = Callable[[str], None]
"""Prints a line of progress."""


@dataclass(frozen=True)
class Cli:
    """The Pulumi CLI."""

    command: auto.PulumiCommand
    source: str
    """Its origin, for messages."""

    @property
    def path(self) -> Path:
        """The executable."""
        return Path(shutil.which(self.command.command) or self.command.command)

    @property
    def runs_python(self) -> bool:
        """``True`` if its Python language host is beside it or on PATH, so that it runs programs by itself."""
        return (self.path.parent / _LANGUAGE_HOST).exists() or shutil.which(_LANGUAGE_HOST) is not None


def pulumi_cli(say: Say) -> Cli:
    """Return the Pulumi CLI, preferably in the version that the project was tested with.

    The sources, in order: an earlier set-up, PATH, a release, the Go modules, a newer version on PATH.

    Raises:
        SandboxError: none of these has one.
    """
    installed = installed_cli()
    if installed:
        return installed
    say(f"Pulumi CLI: {CLI_VERSION} is not installed; downloading the release")
    root = TOOLS / "pulumi"
    try:
        pulumi_release.download(str(CLI_VERSION), root / "bin")
        return Cli(auto.PulumiCommand(root=str(root), version=CLI_VERSION), "a release with a verified checksum")
    except SandboxError as error:
        say(f"Pulumi CLI: the download failed ({error}); building it from its Go modules")
    if not shutil.which("go"):
        newer = _cli(None, "found on PATH; untested with this project, but the tested version can't be installed")
        if newer:
            return newer
        raise SandboxError(
            f"the Pulumi CLI {CLI_VERSION} can't be downloaded: install it (https://www.pulumi.com/docs/install/), or"
            " install Go so that it can be built, then run again"
        )
    _build_cli(root / "bin" / "pulumi", say)
    return Cli(auto.PulumiCommand(root=str(root), version=CLI_VERSION), "built from its Go modules")


def installed_cli() -> Cli | None:
    """Return the Pulumi CLI in exactly the tested version, from an earlier set-up or from PATH, if there is one."""
    for root, source in ((TOOLS / "pulumi", "installed by an earlier set-up"), (None, "found on PATH")):
        found = _cli(root, source)
        if found and found.command.version == CLI_VERSION:
            return found
    return None


def aws_plugin(cli: Cli, say: Say, official: bool = False) -> str:
    """Install the AWS provider into its PULUMI_HOME, unless it is installed, and return its name for messages.

    Raises:
        SandboxError: the official plugin can't be installed.
    """
    if not official:
        _install_stand_in(cli)
        return STAND_IN
    if not (OFFICIAL_PULUMI_HOME / _PLUGIN).exists():
        own = (Path.home() / ".pulumi" / _PLUGIN).parent
        from_file = ["--file", str(own)] if own.exists() else []
        if not from_file:
            say(f"AWS provider: downloading the official plugin {PLUGIN_VERSION} (large, once)")
        try:
            _install_plugin(cli, OFFICIAL_PULUMI_HOME, from_file)
        except (subprocess.SubprocessError, OSError) as error:
            text = error.stderr if isinstance(error, subprocess.CalledProcessError) else str(error)
            reason = (str(text).strip().splitlines() or ["no reason given"])[-1].removeprefix("error: ")
            raise SandboxError(
                f"the official AWS plugin {PLUGIN_VERSION} can't be installed ({reason}); omit --provider official to"
                " use the stand-in"
            ) from None
    return "official plugin, untested here"


def emulator_python(say: Say) -> Path:
    """Return the Python of the emulator's own virtual environment, which is created if necessary.

    The emulator has its own environment because it pins another version of botocore.

    Raises:
        SandboxError: the emulator can't be installed.
    """
    requirements = REPOSITORY / "requirements-emulator.txt"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    folder = TOOLS / "emulator"
    marker, python = folder / "installed", folder / "bin" / "python"
    if marker.exists() and marker.read_text() == wanted and python.exists():
        return python
    say("AWS emulator: installing it into its own virtual environment")
    venv.create(folder, clear=True)
    packages.install(python, requirements, say)
    marker.write_text(wanted)
    return python


def workflow_linter(say: Say) -> None:
    """Build actionlint, which checks the workflows in the tests, from ``tools/actionlint/go.mod``.

    Without Go, the tests skip it.
    """
    source, target = REPOSITORY / "tools" / "actionlint", TOOLS / "actionlint"
    is_built = target.exists() and target.stat().st_mtime > (source / "go.mod").stat().st_mtime
    if is_built or not shutil.which("go"):
        return
    say("actionlint: building it takes half a minute")
    command = ["go", "build", "-trimpath", "-o", str(target), "github.com/rhysd/actionlint/cmd/actionlint"]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        say(f"actionlint can't be built, so the tests skip it: {(done.stderr.strip().splitlines() or ['?'])[-1]}")


def main() -> None:
    """Set everything up."""
    say: Say = functools.partial(print, flush=True)
    try:
        cli = pulumi_cli(say)
        say(f"Pulumi CLI: {cli.command.version}, {cli.source}")
        say(f"AWS provider: {aws_plugin(cli, say)}")
        emulator_python(say)
        workflow_linter(say)
    except SandboxError as error:
        sys.exit(f"sandbox: {error}")


def _build_cli(target: Path, say: Say) -> None:
    say("Pulumi CLI: building it takes about five minutes the first time")
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
        for line in build.stderr or ():  # a downloaded module or a compiled package
            steps, last = steps + 1, line.strip()
            if steps % 200 == 0:
                say(f"Pulumi CLI: {steps} of about {_BUILD_STEPS} steps, now {last}")
    if build.returncode != 0:
        raise SandboxError(f"the Pulumi CLI can't be built from tools/go.mod: {last}")
    unfinished.replace(target)


def _cli(root: Path | None, source: str) -> Cli | None:
    """Return the CLI in a folder, or on PATH, if it is new enough."""
    try:
        return Cli(auto.PulumiCommand(root=str(root) if root else None, version=CLI_VERSION), source)
    except (auto.InvalidVersionError, OSError, subprocess.CalledProcessError):
        return None


def _install_stand_in(cli: Cli) -> None:
    launcher = PULUMI_HOME / _PLUGIN
    if launcher.exists():
        _write_launcher(launcher)  # the repository may have moved, or an older set-up may have installed the plugin
        return
    with tempfile.TemporaryDirectory() as folder:
        _write_launcher(Path(folder) / launcher.name)
        _install_plugin(cli, PULUMI_HOME, ["--file", folder])


def _write_launcher(path: Path) -> None:
    """Write an executable that serves the stand-in from this repository, in any working directory."""
    python, repository = shlex.quote(sys.executable), shlex.quote(str(REPOSITORY))
    text = f"#!/bin/sh\nPYTHONPATH={repository} exec {python} -m sandbox.provider\n"
    if path.exists() and path.read_bytes() == text.encode():
        return
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(text)
    unfinished.chmod(0o755)
    unfinished.replace(path)


def _install_plugin(cli: Cli, home: Path, source: Sequence[str]) -> None:
    environment = {**os.environ, "PULUMI_HOME": str(home), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    subprocess.run(  # noqa: S603
        [cli.path, "plugin", "install", "resource", "aws", f"v{PLUGIN_VERSION}", *source],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=_DOWNLOAD_SECONDS,
    )


if __name__ == "__main__":
    main()
