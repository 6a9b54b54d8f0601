"""Replace a file that other programs use too, without losing its content, mode or owner."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from ..errors import AccessError

_IN_PLACE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV)
"""Errors where a file can't be replaced: a read-only folder, another owner, a file that is a mount."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock the file's folder, from reading to writing.

    Raises:
        AccessError: the folder can't be created.
    """
    import fcntl  # Windows has none

    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise AccessError(f"{path.parent} can't be created: {error.strerror}") from None
    try:
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # a folder that may not be read
        yield
        return
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def replace(path: Path, text: str) -> None:
    """Replace the file in one step, with its mode and owner; where that is impossible, write in place.

    Raises:
        AccessError: it can't be written; it is unchanged.
    """
    data = text.encode("utf-8", "surrogateescape")
    try:
        if not _renamed(path, data):
            _overwrite(path, data)
    except OSError as error:
        raise AccessError(f"{path} can't be written: {error.strerror}") from None


def _renamed(path: Path, data: bytes) -> bool:
    """Replace the file by a new one; return ``False`` where that is impossible."""
    old = path.stat() if path.exists() else None
    if old and old.st_nlink > 1:
        return False
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            if old:
                os.fchown(file.fileno(), old.st_uid, old.st_gid)
                os.fchmod(file.fileno(), stat.S_IMODE(old.st_mode))
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        if old is None or error.errno not in _IN_PLACE:
            raise
        return False
    return True


def _overwrite(path: Path, data: bytes) -> None:
    """Write into the file; if that fails, restore its content."""
    with FileIO(path, "r+") as file:
        before = file.readall()
        try:
            _write_all(file, data)
        except OSError:
            with suppress(OSError):
                _write_all(file, before)
            raise


def _write_all(file: FileIO, data: bytes) -> None:
    file.seek(0)
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
    file.truncate()
    os.fsync(file.fileno())
