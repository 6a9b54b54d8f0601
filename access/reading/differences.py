"""Differences in words: what a question of ``access.changes`` found, as findings of a reading."""

from collections.abc import Iterable, Iterator

from ..changes.assuming import Result
from ..changes.values import Change, Open
from .values import Finding


def excesses(found: Iterable[Result]) -> Iterator[Finding]:
    """Yield what is deployed and not declared."""
    for each in found:
        if isinstance(each, Open):
            yield _undecided(each)
            continue
        how = _circumstances(each)
        more = f", in more circumstances than declared: {how}" if how else ""
        text = f"{each.who} may also {each.what}{more}"
        yield Finding("excess", text, tuple(each.reasons()), each.witness or {})


def lacks(found: Iterable[Result]) -> Iterator[Finding]:
    """Yield what is declared and not deployed; what lacks for the same reason as one."""
    alike: dict[tuple[object, ...], list[Change]] = {}
    for each in found:
        if isinstance(each, Open):
            yield _undecided(each)
        else:
            does = each.what.startswith("do ")
            alike.setdefault((each.who, does or each.what, _circumstances(each), each.denied_by), []).append(each)
    for (*_, how, _), several in alike.items():
        one = several[0]
        what = "; ".join(dict.fromkeys((one.what, *(each.what.removeprefix("do ") for each in several[1:]))))
        less = f" in all circumstances that are declared: not {how}" if how else ""
        text = f"{one.who} may not {what}{less or ', though that is declared'}"
        because = sorted((reason for each in several for reason in each.reasons(lost=True)), key=_is_denial)
        yield Finding("lack", text, tuple(dict.fromkeys(because)), one.witness or {})


def _is_denial(reason: str) -> bool:
    return reason.startswith("is denied by")


def _circumstances(change: Change) -> str:
    """Return how a request differs from what both sides allow; empty where the action or resource tells them apart."""
    itself = change.kind == "rights" and change.circumstances.startswith("as ")
    return "" if itself or change.circumstances.startswith(("on ", "by ")) else change.circumstances


def _undecided(found: Open) -> Finding:
    return Finding("undecided", str(found))
