"""A journal of the emulator's stores. The cost of a change does not depend on the size of the stores.

Each line has the entries that changed together: the whole new value of each, or none if it was removed. The last value
of an entry counts, so a journal can be compacted to the present content of the stores.
"""

import ast
import errno
import json
import os
from collections.abc import Callable, Hashable, ItemsView, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

Kept = dict[tuple[str, Hashable], Any]
"""The value of each entry, by its store and key."""

_FEWEST = 1000  # entries; compacting a shorter journal is not worth it


_only_reads: ContextVar[bool] = ContextVar("only_reads", default=False)


@contextmanager
def only_reads() -> Iterator[None]:
    """Promise that the context changes no value in place, so that reading an entry does not mark it as changed."""
    token = _only_reads.set(True)
    try:
        yield
    finally:
        _only_reads.reset(token)


class Entries(MutableMapping[Hashable, Any]):
    """The entries of a store, which track those that may have changed since they were last written.

    Values are changed in place too, so an entry that was read may have changed, except in :func:`only_reads`.
    """

    changed_in_place = True

    def __init__(self, values: MutableMapping[Hashable, Any]) -> None:
        self._values = values
        self.touched: set[Hashable] = set()

    def value_to_keep(self, key: Hashable) -> Any:  # noqa: ANN401 (JSON)
        """Return the part of an entry that the journal stores."""
        return self._values[key]

    def __getitem__(self, key: Hashable) -> Any:  # noqa: ANN401 (JSON)
        value = self._values[key]
        if self.changed_in_place and not _only_reads.get():
            self.touched.add(key)
        return value

    def items(self) -> ItemsView[Hashable, Any]:
        """Return all entries at once, because MiniStack often searches all of them."""
        if self.changed_in_place and not _only_reads.get():
            self.touched.update(self._values)
        return self._values.items()

    def __setitem__(self, key: Hashable, value: object) -> None:
        self.touched.add(key)
        self._values[key] = value

    def __delitem__(self, key: Hashable) -> None:
        self.touched.add(key)
        del self._values[key]

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class Journal:
    """The journal of a service's stores."""

    def __init__(self, file: Path, stores: Mapping[str, Entries], encode: Callable[[object], str]) -> None:
        """Start a journal with the present content of the stores.

        Args:
            file: the journal's file, which is replaced.
            stores: the stores, by name.
            encode: returns JSON in one line.

        Raises:
            OSError: the file can't be written.
        """
        self._file, self._stores, self._encode = file, stores, encode
        self._written: dict[tuple[str, Hashable], str] = {}
        self._descriptor, self._length, self._bytes = -1, 0, 0
        for store, entries in stores.items():
            for key in entries:
                self._written[store, key] = self._text(store, key)
            entries.touched.clear()
        self._compact()

    def save(self) -> None:
        """Append the changes since the last save.

        Raises:
            OSError: they can't be written, for example because the disk is full. The next save writes them.
        """
        texts = {(store, key): self._text(store, key) for store, it in self._stores.items() for key in it.touched}
        changed = [text for entry, text in texts.items() if text != self._written.get(entry, _removed(*entry))]
        if changed:
            self._append(_line(changed))
        for (store, key), text in texts.items():
            self._stores[store].touched.discard(key)
            if key in self._stores[store]:
                self._written[store, key] = text
            else:
                self._written.pop((store, key), None)
        self._length += len(changed)
        if self._length > max(_FEWEST, 2 * len(self._written)):
            with suppress(FileNotFoundError):  # the sandbox was just wiped
                self._compact()

    def _text(self, store: str, key: Hashable) -> str:
        entries = self._stores[store]
        if key not in entries:
            return _removed(store, key)
        return self._encode([store, repr(key), entries.value_to_keep(key)])

    def _append(self, line: str) -> None:
        """Append a whole line or nothing: an incomplete line would corrupt the next one."""
        content = line.encode()
        try:
            if os.write(self._descriptor, content) < len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._file))
        except OSError:
            os.ftruncate(self._descriptor, self._bytes)
            raise
        self._bytes += len(content)

    def _compact(self) -> None:
        """Write a new journal with the present content of the stores, and replace the old one once it is complete."""
        unfinished = self._file.with_suffix(".unfinished")
        unfinished.write_text("".join(_line([text]) for text in self._written.values()))
        unfinished.replace(self._file)
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self._length, self._bytes = len(self._written), self._file.stat().st_size


def read(file: Path, decode: Callable[[str], Any]) -> Kept:
    """Return the content of a journal. An incomplete last line was not confirmed to anybody, and is ignored.

    Args:
        file: the journal's file.
        decode: the reverse of ``encode``.

    Raises:
        ValueError: another line is broken, so it was not written by the emulator.
    """
    kept: Kept = {}
    *lines, _ = file.read_text().split("\n")
    for number, line in enumerate(lines, 1):
        try:
            for store, key, *value in decode(line):
                kept.pop((store, ast.literal_eval(key)), None)
                kept.update({(store, ast.literal_eval(key)): new for new in value})
        except (ValueError, SyntaxError, TypeError) as error:
            raise ValueError(f"{file}, line {number}, is broken: {error}") from None
    return kept


def _line(texts: Iterable[str]) -> str:
    return f"[{','.join(texts)}]\n"


def _removed(store: str, key: Hashable) -> str:
    return json.dumps([store, repr(key)])
