"""The cache keeps sessions safely, or not at all."""

import json
import os
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from access.errors import AccessError
from access.switch.session_cache import PrivateCache, cache_folder

KEY = {"role": "arn", "externalId": "an external id"}
VALUE = {"secretAccessKey": "a secret"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "base" / "sessions"


@pytest.fixture
def cache(folder: Path) -> PrivateCache:
    return PrivateCache(folder)


def kept_file(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def test_only_the_owner_can_read_kept_values(cache: PrivateCache, folder: Path) -> None:
    cache.put(KEY, VALUE, time.time() + 60)
    assert cache.get(KEY) == VALUE
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(kept_file(folder).stat().st_mode) == 0o600
    assert "an external id" not in kept_file(folder).name + kept_file(folder).read_text()
    assert cache.get({**KEY, "role": "another"}) is None


def test_the_order_of_a_key_does_not_matter(cache: PrivateCache) -> None:
    cache.put(KEY, VALUE, time.time() + 60)
    assert cache.get(dict(reversed(KEY.items()))) == VALUE


def test_expired_values_are_removed(cache: PrivateCache, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    cache.put(KEY, VALUE, now + 60)
    monkeypatch.setattr("time.time", lambda: now + 61)
    assert cache.get(KEY) is None
    cache.put({"role": "another"}, VALUE, now + 120)
    assert json.loads(kept_file(folder).read_text())["expiresAt"] == now + 120


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"expiresAt": "x", "value": {}}',
        b'{"value": 1}',
        b'{"expiresAt": 9e9, "value": ["arn"]}',
        b"\xff",
        b"[" * 20000,
    ],
)
def test_an_invalid_file_is_ignored(cache: PrivateCache, folder: Path, content: bytes) -> None:
    cache.put(KEY, VALUE, time.time() + 60)
    kept_file(folder).write_bytes(content)
    assert cache.get(KEY) is None
    cache.put(KEY, VALUE, time.time() + 60)
    assert cache.get(KEY) == VALUE


def test_readable_files_and_links_are_ignored(cache: PrivateCache, folder: Path) -> None:
    cache.put(KEY, VALUE, time.time() + 60)
    file = kept_file(folder)
    file.chmod(0o640)
    assert cache.get(KEY) is None
    file.chmod(0o600)
    assert cache.get(KEY) == VALUE
    file.rename(folder / "elsewhere")
    file.symlink_to("elsewhere")
    assert cache.get(KEY) is None


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_pipes_and_folders_are_ignored(cache: PrivateCache, folder: Path, make: Callable[[Path, int], None]) -> None:
    cache.put(KEY, VALUE, time.time() + 60)
    file = kept_file(folder)
    file.unlink()
    make(file, 0o600)
    found: list[object] = []
    reading = threading.Thread(target=lambda: found.append(cache.get(KEY)), daemon=True)
    reading.start()
    reading.join(10)  # opening a FIFO would wait for a writer for ever
    assert found == [None]


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777, 0o1777])
def test_a_folder_that_others_may_change_is_refused(cache: PrivateCache, folder: Path, mode: int) -> None:
    cache.put(KEY, VALUE, time.time() + 60)
    folder.chmod(mode)
    assert cache.get(KEY) is None
    cache.put({"role": "another"}, VALUE, time.time() + 60)
    assert len(list(folder.iterdir())) == 1
    with pytest.raises(AccessError, match=r"^others can change .*--no-cache"):
        cache.check()


def test_a_folder_of_another_user_is_refused(cache: PrivateCache, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.check()  # no folder yet
    cache.put(KEY, VALUE, time.time() + 60)
    cache.check()
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    assert cache.get(KEY) is None
    with pytest.raises(AccessError):
        cache.check()


def test_a_link_in_place_of_the_folder_is_refused(cache: PrivateCache, folder: Path, tmp_path: Path) -> None:
    folder.parent.mkdir()
    folder.symlink_to(tmp_path, target_is_directory=True)
    cache.put(KEY, VALUE, time.time() + 60)
    assert cache.get(KEY) is None
    with pytest.raises(AccessError):
        cache.check()


def test_a_file_in_place_of_the_folder_is_refused(cache: PrivateCache, folder: Path) -> None:
    folder.parent.mkdir()
    folder.touch(mode=0o600)
    with pytest.raises(AccessError):
        cache.check()


def test_an_impossible_folder_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = PrivateCache(tmp_path / "file" / "sessions")
    cache.put(KEY, VALUE, time.time() + 60)
    assert cache.get(KEY) is None


def test_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/david")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == Path("/home/david/.cache/cross-account-access")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache/david")
    assert cache_folder() == Path("/var/cache/david/cross-account-access")


class TestForget:
    def test_sessions_of_a_role_or_all(self, cache: PrivateCache, folder: Path) -> None:
        values: dict[str, dict[str, object]] = {
            "a": {"roles": ["arn:A"], "sessionToken": "t"},
            "b": {"roles": ["arn:B"], "sessionToken": "t"},
            "caller": {"arn": "arn:David"},
        }
        for name, value in values.items():
            cache.put({"key": name}, value, time.time() + 60)
        assert cache.forget("arn:A") == 1
        assert [bool(cache.get({"key": name})) for name in ("a", "b", "caller")] == [False, True, True]
        assert cache.forget() == 1
        assert list(folder.iterdir()) == []
        assert cache.forget() == 0

    def test_other_files_stay(self, cache: PrivateCache, folder: Path) -> None:
        cache.put(KEY, VALUE, time.time() + 60)
        kept = kept_file(folder)
        kept.with_name(f"{kept.name}.4711").write_text("of a process that was killed")
        (folder / "notes").write_text("somebody's own")
        (folder / f"x{kept.name}").write_text("somebody's own")
        cache.forget()
        assert {file.name for file in folder.iterdir()} == {"notes", f"x{kept.name}"}

    def test_a_folder_that_others_may_change(self, cache: PrivateCache, folder: Path) -> None:
        cache.put(KEY, VALUE, time.time() + 60)
        folder.chmod(0o777)
        with pytest.raises(AccessError, match="others can change "):
            cache.forget()
        assert kept_file(folder).exists()

    def test_a_file_that_cannot_be_removed(
        self, cache: PrivateCache, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cache.put(KEY, VALUE, time.time() + 60)

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(1, "Read-only file system")

        monkeypatch.setattr("pathlib.Path.unlink", refuse)
        with pytest.raises(AccessError, match="can't be emptied: Read-only file system"):
            cache.forget()
