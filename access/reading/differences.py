"""Turn the differences that ``access.changes`` finds into findings of a reading."""

from collections.abc import Iterable, Iterator

from ..changes.assuming import Result
from ..changes.values import Change, Open
from .values import Finding

_DECLARED = ", though that is declared"


def excesses(found: Iterable[Result]) -> Iterator[Finding]:
    """Yield findings of access that is deployed and not declared."""
    for each in found:
        if isinstance(each, Open):
            yield _undecided(each)
            continue
        circumstances = _circumstances(each)
        suffix = f", in more circumstances than declared: {circumstances}" if circumstances else ""
        text = f"{each.who} may also {each.what}{suffix}"
        yield Finding("excess", text, tuple(each.reasons()), each.witness or {})


def lacks(found: Iterable[Result]) -> Iterator[Finding]:
    """Yield findings of access that is declared and not deployed, one for each reason."""
    alike: dict[tuple[object, ...], list[Change]] = {}
    for each in found:
        if isinstance(each, Open):
            yield _undecided(each)
        else:
            does = each.what.startswith("do ")
            alike.setdefault((each.who, does or each.what, _circumstances(each), each.denied_by), []).append(each)
    for (*_, circumstances, _), changes in alike.items():
        first = changes[0]
        what = "; ".join(dict.fromkeys((first.what, *(each.what.removeprefix("do ") for each in changes[1:]))))
        suffix = f" in all declared circumstances: not {circumstances}" if circumstances else _DECLARED
        because = sorted((reason for each in changes for reason in each.reasons(lost=True)), key=_is_denial)
        yield Finding("lack", f"{first.who} may not {what}{suffix}", tuple(dict.fromkeys(because)), first.witness or {})


def _is_denial(reason: str) -> bool:
    return reason.startswith("is denied by")


def _circumstances(change: Change) -> str:
    """Return how a request differs from what both sides allow; empty if only its action or resource differs."""
    is_caller = change.kind == "rights" and change.circumstances.startswith("as ")
    return "" if is_caller or change.circumstances.startswith(("on ", "by ")) else change.circumstances


def _undecided(found: Open) -> Finding:
    return Finding("undecided", str(found))
