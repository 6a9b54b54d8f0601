"""Tests of the emulator's journal: it restores any state, survives any cut, and costs as much as the changes."""

import errno
import json
import os
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.strict.journal import Entries, Journal, Kept, only_reads, read

STORES = ("roles", "users")
KEYS: list[Hashable] = [("1", "a"), ("1", "b"), ("2", ("eu", "a\n")), "ASIA1", ("2", None)]
VALUES = st.dictionaries(st.sampled_from(["Name", "Tags", "Größe"]), st.text() | st.lists(st.integers()), max_size=3)
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["set", "set in place", "remove", "read all", "save", "clear"]),
        st.sampled_from(STORES),
        st.sampled_from(KEYS),
        VALUES,
    ),
    max_size=40,
)


def new_journal(file: Path, kept: Kept | None = None) -> tuple[Journal, Mapping[str, Entries]]:
    stores = {store: Entries({}) for store in STORES}
    for (store, key), value in (kept or {}).items():
        stores[store][key] = value
    return Journal(file, stores, json.dumps), stores


def contents(stores: Mapping[str, Entries]) -> Kept:
    return {(store, key): value for store, entries in stores.items() for key, value in entries.items()}


def change(stores: Mapping[str, Entries], how: str, store: str, key: Hashable, value: dict[str, Any]) -> None:
    entries = stores[store]
    if how == "set":
        entries[key] = dict(value)
    elif how == "set in place" and key in entries:
        entries[key].update(value)
    elif how == "remove":
        entries.pop(key, None)
    elif how == "read all":
        for found in entries.values():
            found["Seen"] = len(found)
    elif how == "clear":
        entries.clear()


@given(CHANGES)
@settings(deadline=None)
def test_a_journal_restores_the_stores_as_last_saved(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, str, Hashable, dict[str, Any]]]
) -> None:
    file = tmp_path_factory.mktemp("journal") / "journal"
    journal, stores = new_journal(file)
    for how, store, key, value in [*changes, ("save", "roles", "", {})]:
        change(stores, how, store, key, value)
        if how == "save":
            journal.save()
            assert read(file, json.loads) == contents(stores)
    _, again = new_journal(file, read(file, json.loads))
    assert contents(again) == read(file, json.loads) == contents(stores)


def test_a_journal_that_is_cut_anywhere_keeps_all_earlier_saves(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    journal, stores = new_journal(file)
    states: list[tuple[int, Kept]] = [(file.stat().st_size, {})]
    for number in range(12):
        key = ("1", f"role{number % 5}")
        stores["roles"][key] = {"Number": number, "Text": 'é"\n'}
        stores["users"].pop(key, None)
        stores["users"]["1", f"user{number % 3}"] = list(key)  # saved together with the role, or not at all
        if number % 4 == 3:
            del stores["roles"][key]
        journal.save()
        states.append((file.stat().st_size, contents(stores)))
    content = file.read_bytes()
    for size in range(len(content) + 1):
        file.write_bytes(content[:size])
        found = read(file, json.loads)
        assert found == [state for length, state in states if length <= size][-1], size
        _, again = new_journal(file, found)
        assert contents(again) == read(file, json.loads) == found


def test_the_cost_of_a_change_does_not_depend_on_the_size_of_the_stores(tmp_path: Path) -> None:
    def cost(roles: int) -> int:
        file = tmp_path / str(roles)
        kept: Kept = {("roles", ("1", f"r{number:05}")): {"Policy": "x" * 100} for number in range(roles)}
        journal, stores = new_journal(file, kept)
        before = file.stat().st_size
        stores["roles"]["1", "r00007"]["Policy"] = "y" * 100
        journal.save()
        assert list(stores["roles"].values())  # reading writes nothing
        journal.save()
        return file.stat().st_size - before

    assert 0 < cost(10) == cost(3000) < 200


@pytest.mark.parametrize(
    "read_all",
    [
        lambda entries: list(entries.values()),
        lambda entries: list(entries.items()),
        lambda entries: [entries[key] for key in entries],
    ],
    ids=["values", "items", "one by one"],
)
def test_entries_that_are_only_read_are_not_compared(tmp_path: Path, read_all: Callable[[Entries], object]) -> None:
    compared: list[object] = []

    def encode(entry: object) -> str:
        compared.append(entry)
        return json.dumps(entry)

    stores = {"roles": Entries({number: {} for number in range(100)})}
    journal = Journal(tmp_path / "journal", stores, encode)
    compared.clear()
    with only_reads():
        read_all(stores["roles"])
    journal.save()
    assert compared == []
    read_all(stores["roles"])
    journal.save()
    assert len(compared) == 100


def test_a_long_journal_is_compacted(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    journal, stores = new_journal(file)
    longest = 0
    for number in range(5000):
        stores["roles"]["1", "role"] = {"Number": number}
        journal.save()
        longest = max(longest, file.stat().st_size)
    assert longest < 1100 * len("""[["roles", "('1', 'role')", {"Number": 9999}]]\n""")
    assert read(file, json.loads) == {("roles", ("1", "role")): {"Number": 4999}}
    new_journal(file, read(file, json.loads))
    assert len(file.read_text().splitlines()) == 1


def test_half_a_line_on_a_full_disk_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "journal"
    journal, stores = new_journal(file)
    stores["roles"]["1", "before"] = {}
    journal.save()
    write = os.write
    stores["roles"]["1", "refused"] = {}
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda descriptor, content: write(descriptor, content[:9]))
        with pytest.raises(OSError) as raised:
            journal.save()
    assert raised.value.errno == errno.ENOSPC
    assert read(file, json.loads) == {("roles", ("1", "before")): {}}
    stores["users"]["1", "after"] = {}
    journal.save()
    assert read(file, json.loads) == contents(stores)


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    file.write_text('[["roles", "1", {}]]\n[["roles", "1", \n[["roles", "2", {}]]\n')
    with pytest.raises(ValueError, match=r"journal, line 2, is broken: "):
        read(file, json.loads)
