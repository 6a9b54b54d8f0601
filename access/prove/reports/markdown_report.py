"""A proof as GitHub-flavoured Markdown, for a comment on a pull request."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...escaping import code_for_markdown as code
from ...escaping import for_markdown as plain
from ..echoes import causes
from ..matrix import Cell, Principal, Proof
from .summary import (
    RoleResults,
    aws_said,
    by_role,
    differing,
    distinct,
    exception,
    judgement,
    judgements,
    origin,
    outcome,
    read_of,
    refusals,
    sums,
    tells_apart,
    verdict,
    when,
    witness,
)

MOST_CHARACTERS = 65_536
"""GitHub takes no longer comment. A job's summary may have 1 MiB, which this is less than in any alphabet."""

_MOST_LISTED = 50
"""How many cells that are not as expected are listed."""
_LEFT_OUT = "\nThe tables of {} are left out: a comment can't be that long. The HTML page has them.\n"
_RESERVED = 400
"""Characters for what says that something is left out."""


@dataclass(frozen=True)
class _Part:
    """A heading with rows or lines below it, which may be cut off at the end."""

    head: str
    rows: Sequence[str]

    def within(self, most: int) -> str:
        """Return what fits into so many characters, and how much is left out; empty if there is nothing to show."""
        if not self.rows:
            return ""
        left = min(most, MOST_CHARACTERS) - len(self.head) - _RESERVED
        shown = 0
        for row in self.rows:
            left -= len(row)
            if left < 0:
                break
            shown += 1
        more = len(self.rows) - shown
        return f"{self.head}{''.join(self.rows[:shown])}" + (f"\n… and {more} more.\n" if more else "")


def render(proof: Proof) -> str:
    """Return the proof as Markdown: what is wrong first, then who may assume which role, then role for role, folded.

    What does not fit into a comment is left out, the least interesting first, and the text says so.
    """
    mark = "✅" if proof.holds else "❌"
    head = f"## {mark} Who can do what: {_short(_lower_first(verdict(proof)))}\n\n{sums(proof)}. {when(proof)}.\n"
    head += f"\nOf {_short(origin(proof))}.\n" if proof.origin else ""
    before = [head, *(part.within(MOST_CHARACTERS // 4) for part in (_readings(proof), *_mismatches(proof)))]
    after = [part.within(MOST_CHARACTERS // 12) for part in _gaps(proof)]
    left = MOST_CHARACTERS - sum(map(len, (*before, *after))) - _RESERVED
    shown, left_out = [], 0
    for of in by_role(proof):
        section = "".join(_role(of, proof.principals))
        if len(section) <= left:
            shown.append(section)
            left -= len(section)
        else:
            left_out += 1
    if left_out:
        shown.append(_LEFT_OUT.format(f"{left_out} {'role' if left_out == 1 else 'roles'}"))
    return "".join((*before, *shown, *after))


def _short(text: str) -> str:
    """Return a text for a line that has to be there, whatever its length."""
    return plain(text if len(text) <= 1000 else f"{text[:1000]}…")


def _readings(proof: Proof) -> _Part:
    """Return the readings that found a difference, as a table."""
    return _table_part(
        "\n### Not as declared\n\n",
        ("what was read", "", "found", "because", "e.g."),
        [
            (
                plain(read_of(reading)),
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
    names = tells_apart(proof.roles)
    causing = causes(proof)
    wrong = [cell for cell in proof.cells if not cell.matches and cell not in causing]
    wrong.sort(key=lambda cell: outcome(cell) == "inconclusive")
    listed = _table_part(
        "\n### Not as expected\n\n",
        ("who", "what", "role", "came out", "expected", "because", "AWS said"),
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
    yield _Part(listed.head, listed.rows[:_MOST_LISTED])
    if len(wrong) > _MOST_LISTED:
        yield _Part("", [f"\n… and {len(wrong) - _MOST_LISTED} more.\n"])
    if causing:
        yield _Part("", [f"\nEchoes of these, which are not listed: {len(causing)}.\n"])
    yield _entrances(proof)


def _entrances(proof: Proof) -> _Part:
    """Return who may assume which role; with one role, its own table says it."""
    roles, names = by_role(proof), tells_apart(proof.roles)
    if len(roles) < 2:
        return _Part("", [])
    return _table_part(
        "\n### Who may assume which role\n\n",
        ("who", *(plain(names[of.role.arn]) for of in roles)),
        [
            (plain(principal.name), *(_entered(of.assumed.get(principal.name)) for of in roles))
            for principal in proof.principals
        ],
    )


def _entered(cell: Cell | None) -> str:
    if not cell:
        return ""
    return cell.result if cell.matches else f"**{cell.result}, {cell.expected} expected**"


def _role(of: RoleResults, principals: Sequence[Principal]) -> Iterator[str]:
    buckets = f", on {', '.join(map(code, of.role.buckets))}" if of.role.buckets else ""
    yield f"\n### {plain(of.role.name)}\n\n{code(of.role.arn)}{buckets}\n\n"
    yield f"<details><summary>Who may assume it ({len(of.assumed)})</summary>\n\n"
    yield from _table(
        ("who", "account", "came out", "", "because", "AWS said"),
        (
            (
                plain(principal.name),
                code(principal.account_id),
                of.assumed[principal.name].result,
                _judged(of.assumed[principal.name]),
                plain(of.assumed[principal.name].because),
                plain(aws_said(of.assumed[principal.name])),
            )
            for principal in principals
            if principal.name in of.assumed
        ),
    )
    yield "\n</details>\n"
    if of.actions:
        yield f"\n<details><summary>What else was tried ({len(of.actions)})</summary>\n\n"
        yield from _table(
            ("what", "operation", "allowed for", "denied for", "", "because", "AWS said"),
            (_action(action, cells) for action, cells in of.actions.items()),
        )
        yield "\n</details>\n"


def _action(action: str, cells: Mapping[str, Cell]) -> Sequence[str]:
    return (
        plain(action),
        "<br>".join(map(code, distinct(cell.operation for cell in cells.values()))),
        _who(cells, "ALLOW"),
        _who(cells, "DENY"),
        "<br>".join(f"**{said}**" for said in judgements(cells.values())) or "ok",
        "<br>".join(map(plain, distinct(cell.because for cell in cells.values()))),
        "<br>".join(map(plain, refusals(cells.values()))),
    )


def _who(cells: Mapping[str, Cell], result: str) -> str:
    """For whom it came out so."""
    who = [principal for principal, cell in cells.items() if cell.result == result]
    return f"all {len(who)}" if len(who) == len(cells) > 1 else "<br>".join(map(plain, who))


def _judged(cell: Cell) -> str:
    return judgement(cell) if cell.matches else f"**{judgement(cell)}**"


def _gaps(proof: Proof) -> Iterator[_Part]:
    """Return the exceptions, and what was neither read nor tried."""
    known = proof.review.known if proof.review else ()
    not_read = proof.review.not_read if proof.review else ()
    yield _list_part("Known exceptions", map(exception, known))
    yield _list_part("Not read", not_read)
    yield _list_part("Not tried", proof.not_tried)


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
