"""Tests of the download of the Pulumi CLI: a release is used only if its checksum is right."""

import hashlib
import io
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox import pulumi_release
from sandbox.errors import SandboxError
from tests.support.http_server import Request, Response, serving

VERSION = "3.259.0"
NAME = f"pulumi-v{VERSION}-linux-x64.tar.gz"


def archive(*names: str) -> str:
    """Return a gzipped tar archive of executables, decoded as Latin-1."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as files:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size, member.mode = 3, 0o755
            files.addfile(member, io.BytesIO(b"run"))
    return written.getvalue().decode("latin-1")


ARCHIVE = archive("pulumi/pulumi", "pulumi/pulumi-language-python")
DIGEST = hashlib.sha256(ARCHIVE.encode("latin-1")).hexdigest()
CHECKSUMS = f"{'0' * 64}  pulumi-v{VERSION}-darwin-x64.tar.gz\n{DIGEST}  {NAME}\n"


@pytest.fixture
def download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Return a function that downloads the release from a test server with the given answers."""
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")

    def download(checksums: Response, archive: Response) -> Path:
        answers = {
            f"/checksums/v{VERSION}/pulumi-{VERSION}-checksums.txt": checksums,
            f"/archives/{NAME}": archive,
        }

        def respond(request: Request) -> Response:
            return answers[request.path]

        with serving(respond) as address:
            monkeypatch.setattr(pulumi_release, "CHECKSUMS", f"{address}/checksums")
            monkeypatch.setattr(pulumi_release, "ARCHIVES", f"{address}/archives")
            pulumi_release.download(VERSION, tmp_path / "bin")
        return tmp_path / "bin"

    return download


def test_a_release_replaces_an_older_one(download: Callable[..., Path], tmp_path: Path) -> None:
    for left in ("bin", "bin.unfinished"):
        (tmp_path / left).mkdir()
        (tmp_path / left / "pulumi-language-older").touch()
    folder = download(Response(CHECKSUMS), Response(ARCHIVE, encoding="latin-1"))
    assert sorted(file.name for file in folder.iterdir()) == ["pulumi", "pulumi-language-python"]
    assert (folder / "pulumi").stat().st_mode & stat.S_IXUSR


@pytest.mark.parametrize(
    ("checksums", "body", "reason"),
    [
        (Response(CHECKSUMS), Response(ARCHIVE + "x", encoding="latin-1"), "but the release lists"),
        (Response(CHECKSUMS), Response(ARCHIVE, encoding="latin-1", missing=1), "IncompleteRead"),
        (Response("<html>sign in</html>"), Response(ARCHIVE, encoding="latin-1"), f"do not name {NAME}"),
        (Response("", 404), Response(ARCHIVE, encoding="latin-1"), "Not Found"),
        (Response(CHECKSUMS), Response("", 403), "Forbidden"),
    ],
    ids=["changed", "cut", "page", "no checksums", "no archive"],
)
def test_a_wrong_or_incomplete_release_is_refused(
    download: Callable[..., Path], tmp_path: Path, checksums: Response, body: Response, reason: str
) -> None:
    with pytest.raises(SandboxError, match=reason):
        download(checksums, body)
    assert not (tmp_path / "bin").exists()


def test_nothing_is_written_outside_the_folder(download: Callable[..., Path], tmp_path: Path) -> None:
    outside = archive("pulumi/../../escaped")
    digest = hashlib.sha256(outside.encode("latin-1")).hexdigest()
    with pytest.raises(SandboxError, match="can't be unpacked"):
        download(Response(f"{digest}  {NAME}\n"), Response(outside, encoding="latin-1"))
    assert not (tmp_path / "bin").exists()


def test_a_machine_without_a_release_is_refused(download: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(SandboxError, match="no release for Linux on riscv64"):
        download(Response(CHECKSUMS), Response(ARCHIVE, encoding="latin-1"))
