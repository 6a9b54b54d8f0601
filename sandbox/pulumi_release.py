"""Download a release of the Pulumi CLI, and verify its checksum before it runs.

The archive comes from Pulumi's own host and its SHA-256 from the release on GitHub, so an attacker would have to change
both. Source of both addresses: the install scripts of Pulumi and the releases of pulumi/pulumi.
"""

import hashlib
import io
import platform
import shutil
import tarfile
import urllib.request
from http.client import HTTPException
from pathlib import Path

from sandbox.errors import SandboxError

ARCHIVES = "https://get.pulumi.com/releases/sdk"
CHECKSUMS = "https://github.com/pulumi/pulumi/releases/download"

_SECONDS = 60
_SYSTEMS = {"Linux": "linux", "Darwin": "darwin"}
_MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def download(version: str, target: Path) -> None:
    """Replace a folder with the executables of a release, once they are complete.

    Raises:
        SandboxError: there is no release for this machine, it can't be downloaded, or its checksum is wrong.
    """
    system, machine = _SYSTEMS.get(platform.system()), _MACHINES.get(platform.machine().lower())
    if not system or not machine:
        raise SandboxError(f"no release for {platform.system()} on {platform.machine()}")
    name = f"pulumi-v{version}-{system}-{machine}.tar.gz"
    expected = _checksum(
        _fetch(f"{CHECKSUMS}/v{version}/pulumi-{version}-checksums.txt").decode(errors="replace"), name
    )
    archive = _fetch(f"{ARCHIVES}/{name}")
    found = hashlib.sha256(archive).hexdigest()
    if found != expected:
        raise SandboxError(f"{ARCHIVES}/{name} has the SHA-256 {found}, but the release lists {expected}; not used")
    _unpack(archive, target)


def _fetch(address: str) -> bytes:
    try:
        with urllib.request.urlopen(address, timeout=_SECONDS) as response:  # noqa: S310 (the two addresses above)
            content: bytes = response.read()
    except (OSError, HTTPException) as error:
        raise SandboxError(f"{address}: {getattr(error, 'reason', error)}") from None
    return content


def _checksum(lines: str, name: str) -> str:
    """Return the SHA-256 of a file, from lines in the format of ``sha256sum``."""
    for line in lines.splitlines():
        digest, _, file = line.partition(" ")
        if file.strip().removeprefix("*") == name:
            return digest.lower()
    raise SandboxError(f"the checksums of the release do not name {name}")


def _unpack(archive: bytes, target: Path) -> None:
    """Unpack the files of the archive's folder ``pulumi``."""
    unfinished = target.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            for member in files:
                member.name = member.name.removeprefix("./").removeprefix("pulumi/")
                files.extract(member, unfinished, filter="data")
    except (tarfile.TarError, OSError) as error:
        raise SandboxError(f"the archive of the release can't be unpacked: {error}") from None
    shutil.rmtree(target, ignore_errors=True)
    unfinished.rename(target)
