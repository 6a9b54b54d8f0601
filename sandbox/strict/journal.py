"""A journal of stores: what a change costs depends on the change alone, however much the stores hold.

Each line has the entries that changed together: the whole new value of each, or none if it was removed. The last one of
an entry counts, so a journal can be cut back to what the stores hold.
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

_FEWEST = 1000  # entries; below that, cutting a journal back is not worth it


_only_reads: ContextVar[bool] = ContextVar("only_reads", default=False)


@contextmanager
def only_reads() -> Iterator[None]:
    """Change no value in place while this lasts, so that an entry that is read has not changed."""
    token = _only_reads.set(True)
    try:
        yield
    finally:
        _only_reads.reset(token)


class Entries(MutableMapping[Hashable, Any]):
    """The entries of a store, which remember those that may have changed since they were written last.

    Values are changed in place too, so an entry that was read may have changed, unless :func:`only_reads` says not.
    """

    changed_in_place = True

    def __init__(self, values: MutableMapping[Hashable, Any]) -> None:
        self._values = values
        self.touched: set[Hashable] = set()

    def value_to_keep(self, key: Hashable) -> Any:  # noqa: ANN401 (JSON)
        """Return what the journal is to have of an entry."""
        return self._values[key]

    def __getitem__(self, key: Hashable) -> Any:  # noqa: ANN401 (JSON)
        value = self._values[key]
        if self.changed_in_place and not _only_reads.get():
            self.touched.add(key)
        return value

    def items(self) -> ItemsView[Hashable, Any]:
        """Return all entries at once: MiniStack looks for many things among all that there are."""
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
        """Begin a journal with what the stores hold.

        Args:
            file: the journal's file; what it has already is replaced.
            stores: the stores, by name.
            encode: returns JSON, in one line.

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
        self._cut_back()

    def save(self) -> None:
        """Append what has changed since the last time.

        Raises:
            OSError: it can't be written, as when the disk is full. It is written the next time.
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
                self._cut_back()

    def _text(self, store: str, key: Hashable) -> str:
        entries = self._stores[store]
        if key not in entries:
            return _removed(store, key)
        return self._encode([store, repr(key), entries.value_to_keep(key)])

    def _append(self, line: str) -> None:
        """Append a line, or nothing: part of one would spoil the next one."""
        content = line.encode()
        try:
            if os.write(self._descriptor, content) < len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._file))
        except OSError:
            os.ftruncate(self._descriptor, self._bytes)
            raise
        self._bytes += len(content)

    def _cut_back(self) -> None:
        """Write a new journal of what the stores hold. The old one is whole until the new one takes its place."""
        unfinished = self._file.with_suffix(".unfinished")
        unfinished.write_text("".join(_line([text]) for text in self._written.values()))
        unfinished.replace(self._file)
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self._length, self._bytes = len(self._written), self._file.stat().st_size


def read(file: Path, decode: Callable[[str], Any]) -> Kept:
    """Return what a journal says. A last line that is cut off was not confirmed to anybody, and doesn't count.

    Args:
        file: the journal's file.
        decode: reads what ``encode`` wrote.

    Raises:
        ValueError: another line is broken, so something else than the emulator wrote it.
    """
    kept: Kept = {}
    *lines, _ = file.read_text().split("\n")
    for number, line in enumerate(lines, 1):
        try:
            for store, key, *value in decode(line):
                kept.pop((store, ast.literal_eval(key)), None)
                kept.update({(store, ast.literal_eval(key)): it for it in value})
        except (ValueError, SyntaxError, TypeError) as error:
            raise ValueError(f"{file}, line {number}, is broken: {error}") from None
    return kept


def _line(texts: Iterable[str]) -> str:
    return f"[{','.join(texts)}]\n"


def _removed(store: str, key: Hashable) -> str:
    return json.dumps([store, repr(key)])
