"""Differences in words: what a question of ``access.changes`` found, as findings of a reading."""

from collections.abc import Iterable, Iterator

from access.changes.assuming import Found
from access.changes.values import Change, Open
from access.reading.values import Finding


def excesses(found: Iterable[Found]) -> Iterator[Finding]:
    """Yield what is deployed and not declared."""
    for each in found:
        if isinstance(each, Open):
            yield _undecided(each)
            continue
        how = _circumstances(each)
        more = f", in more circumstances than declared: {how}" if how else ""
        text = f"{each.who} may also {each.what}{more}"
        yield Finding("excess", text, tuple(each.reasons()), each.witness or {})


def lacks(found: Iterable[Found]) -> Iterator[Finding]:
    """Yield what is declared and not deployed."""
    for each in found:
        if isinstance(each, Open):
            yield _undecided(each)
            continue
        how = _circumstances(each)
        less = f" in all circumstances that are declared: not {how}" if how else ""
        text = f"{each.who} may not {each.what}{less or ', though that is declared'}"
        yield Finding("lack", text, tuple(each.reasons(lost=True)), each.witness or {})


def _circumstances(change: Change) -> str:
    """Return how a request differs from what both sides allow; empty where the action or resource tells them apart."""
    itself = change.kind == "rights" and change.circumstances.startswith("as ")
    return "" if itself or change.circumstances.startswith(("on ", "by ")) else change.circumstances


def _undecided(found: Open) -> Finding:
    return Finding("undecided", str(found))
