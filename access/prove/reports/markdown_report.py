"""Write a proof as GitHub-flavoured Markdown, for a comment on a pull request."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...escaping import code_for_markdown as code
from ...escaping import for_markdown as plain
from ..echoes import causes
from ..matrix import Cell, Principal, Proof
from .summary import (
    RoleResults,
    aws_answer,
    by_role,
    differing,
    distinct,
    exception,
    judgement,
    judgements,
    origin,
    outcome,
    reading_title,
    refusals,
    sums,
    unambiguous_names,
    verdict,
    when,
    witness,
)

MAX_CHARACTERS = 65_536
"""GitHub's limit for a comment. A job summary may have 1 MiB, which is more in any alphabet."""

_MAX_LISTED = 50
"""The maximum number of unexpected cells listed."""
_LEFT_OUT = "\nThe tables of {} are left out, as a comment can't be that long. The HTML page has them.\n"
_RESERVED = 400
"""Characters reserved for the note about omissions."""


@dataclass(frozen=True)
class _Part:
    """A heading with rows or lines, which may be cut off at the end."""

    head: str
    rows: Sequence[str]

    def within(self, limit: int) -> str:
        """Return the rows that fit into a number of characters, and the number omitted; empty without rows."""
        if not self.rows:
            return ""
        left = min(limit, MAX_CHARACTERS) - len(self.head) - _RESERVED
        shown = 0
        for row in self.rows:
            left -= len(row)
            if left < 0:
                break
            shown += 1
        more = len(self.rows) - shown
        return f"{self.head}{''.join(self.rows[:shown])}" + (f"\n… and {more} more.\n" if more else "")


def render(proof: Proof) -> str:
    """Return the proof as Markdown: mismatches, then who may assume which role, then each role, folded.

    Parts that do not fit into a comment are left out, the least important first, with a note.
    """
    mark = "✅" if proof.holds else "❌"
    head = f"## {mark} Who can do what: {_short(_lower_first(verdict(proof)))}\n\n{sums(proof)}. {when(proof)}.\n"
    head += f"\nOf {_short(origin(proof))}.\n" if proof.origin else ""
    before = [head, *(part.within(MAX_CHARACTERS // 4) for part in (_readings(proof), *_mismatches(proof)))]
    after = [part.within(MAX_CHARACTERS // 12) for part in _gaps(proof)]
    left = MAX_CHARACTERS - sum(map(len, (*before, *after))) - _RESERVED
    shown, left_out = [], 0
    for results in by_role(proof):
        section = "".join(_role(results, proof.principals))
        if len(section) <= left:
            shown.append(section)
            left -= len(section)
        else:
            left_out += 1
    if left_out:
        shown.append(_LEFT_OUT.format(f"{left_out} {'role' if left_out == 1 else 'roles'}"))
    return "".join((*before, *shown, *after))


def _short(text: str) -> str:
    """Return a text, shortened if it is very long."""
    return plain(text if len(text) <= 1000 else f"{text[:1000]}…")


def _readings(proof: Proof) -> _Part:
    """Return the readings with a difference as a table."""
    return _table_part(
        "\n### Not as declared\n\n",
        ("part", "", "finding", "because", "e.g."),
        [
            (
                plain(reading_title(reading)),
                f"**{finding.kind}**",
                plain(finding.text),
                "<br>".join(map(plain, finding.because)),
                plain(witness(finding)),
            )
            for reading in differing(proof.review)
            for finding in reading.findings
        ],
    )


def _mismatches(proof: Proof) -> Iterator[_Part]:
    names = unambiguous_names(proof.roles)
    causing = causes(proof)
    wrong = [cell for cell in proof.cells if not cell.matches and cell not in causing]
    wrong.sort(key=lambda cell: outcome(cell) == "inconclusive")
    listed = _table_part(
        "\n### Not as expected\n\n",
        ("principal", "action", "role", "result", "expected", "because", "AWS's answer"),
        [
            (
                plain(cell.principal),
                plain(cell.action),
                code(names[cell.role]),
                f"**{cell.result}**",
                cell.expected,
                plain(cell.because),
                plain(cell.detail),
            )
            for cell in wrong
        ],
    )
    yield _Part(listed.head, listed.rows[:_MAX_LISTED])
    if len(wrong) > _MAX_LISTED:
        yield _Part("", [f"\n… and {len(wrong) - _MAX_LISTED} more.\n"])
    if causing:
        yield _Part("", [f"\nEchoes of these, not listed: {len(causing)}.\n"])
    yield _entry_matrix(proof)


def _entry_matrix(proof: Proof) -> _Part:
    """Return who may assume which role; empty with only one role."""
    roles, names = by_role(proof), unambiguous_names(proof.roles)
    if len(roles) < 2:
        return _Part("", [])
    return _table_part(
        "\n### Who may assume which role\n\n",
        ("principal", *(plain(names[results.role.arn]) for results in roles)),
        [
            (plain(principal.name), *(_entered(results.assumed.get(principal.name)) for results in roles))
            for principal in proof.principals
        ],
    )


def _entered(cell: Cell | None) -> str:
    if not cell:
        return ""
    return cell.result if cell.matches else f"**{cell.result}, {cell.expected} expected**"


def _role(results: RoleResults, principals: Sequence[Principal]) -> Iterator[str]:
    buckets = f", on {', '.join(map(code, results.role.buckets))}" if results.role.buckets else ""
    yield f"\n### {plain(results.role.name)}\n\n{code(results.role.arn)}{buckets}\n\n"
    yield f"<details><summary>Who may assume it ({len(results.assumed)})</summary>\n\n"
    yield from _table(
        ("principal", "account", "result", "", "because", "AWS's answer"),
        (
            (
                plain(principal.name),
                code(principal.account_id),
                results.assumed[principal.name].result,
                _judged(results.assumed[principal.name]),
                plain(results.assumed[principal.name].because),
                plain(aws_answer(results.assumed[principal.name])),
            )
            for principal in principals
            if principal.name in results.assumed
        ),
    )
    yield "\n</details>\n"
    if results.actions:
        yield f"\n<details><summary>Other actions ({len(results.actions)})</summary>\n\n"
        yield from _table(
            ("action", "operation", "allowed for", "denied for", "", "because", "AWS's answer"),
            (_action(action, cells) for action, cells in results.actions.items()),
        )
        yield "\n</details>\n"


def _action(action: str, cells: Mapping[str, Cell]) -> Sequence[str]:
    return (
        plain(action),
        "<br>".join(map(code, distinct(cell.operation for cell in cells.values()))),
        _names(cells, "ALLOW"),
        _names(cells, "DENY"),
        "<br>".join(f"**{text}**" for text in judgements(cells.values())) or "ok",
        "<br>".join(map(plain, distinct(cell.because for cell in cells.values()))),
        "<br>".join(map(plain, refusals(cells.values()))),
    )


def _names(cells: Mapping[str, Cell], result: str) -> str:
    """Return the principals with a result."""
    names = [principal for principal, cell in cells.items() if cell.result == result]
    return f"all {len(names)}" if len(names) == len(cells) > 1 else "<br>".join(map(plain, names))


def _judged(cell: Cell) -> str:
    return judgement(cell) if cell.matches else f"**{judgement(cell)}**"


def _gaps(proof: Proof) -> Iterator[_Part]:
    """Yield the exceptions, and the parts that were not read or tested."""
    known = proof.review.known if proof.review else ()
    not_read = proof.review.not_read if proof.review else ()
    yield _list_part("Known exceptions", map(exception, known))
    yield _list_part("Not read", not_read)
    yield _list_part("Not tested", proof.not_tried)


def _list_part(title: str, texts: Iterable[str]) -> _Part:
    return _Part(f"\n### {title}\n\n", [f"- {plain(text)}\n" for text in texts])


def _table_part(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> _Part:
    first, *lines = _table(head, rows)
    return _Part(f"{title}{first}", lines)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |\n|{' --- |' * len(head)}\n"
    yield from (f"| {' | '.join(row)} |\n" for row in rows)


def _lower_first(text: str) -> str:
    return text[0].lower() + text[1:]
