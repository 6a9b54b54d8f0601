"""A proof as GitHub-flavoured Markdown, for a comment on a pull request."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from access.escaping import code_for_markdown as code
from access.escaping import for_markdown as plain
from access.prove.echoes import causes
from access.prove.matrix import Cell, Principal, Proof
from access.prove.reports.summary import (
    RoleResults,
    aws_said,
    by_role,
    differing,
    distinct,
    exception,
    judgement,
    judgements,
    outcome,
    read_of,
    refusals,
    sums,
    verdict,
    when,
    witness,
)

MOST_CHARACTERS = 65_536
"""GitHub takes no longer comment."""

_MOST_LISTED = 50
"""How many cells that are not as expected are listed."""
_LEFT_OUT = "\nThe tables of {} are left out: a comment can't be that long. The HTML page has them.\n"


def render(proof: Proof) -> str:
    """The proof as Markdown: the verdict and what is not as expected first, the matrix folded."""
    mark = "✅" if proof.holds else "❌"
    head = f"## {mark} Who can do what: {plain(_lower_first(verdict(proof)))}\n\n{sums(proof)}. {when(proof)}.\n"
    before = head + "".join((*_readings(proof), *_mismatches(proof)))
    after = "".join(_not_tried(proof))
    left = MOST_CHARACTERS - len(before) - len(after) - len(_LEFT_OUT) - 20
    shown, left_out = [], 0
    for of in by_role(proof):
        section = "".join(_role(of, proof.principals))
        left -= len(section)
        if left >= 0:
            shown.append(section)
        else:
            left_out += 1
    if left_out:
        shown.append(_LEFT_OUT.format(f"{left_out} {'role' if left_out == 1 else 'roles'}"))
    return before + "".join(shown) + after


def _readings(proof: Proof) -> Iterator[str]:
    """Return the readings that found a difference, as a table."""
    rows = [(reading, finding) for reading in differing(proof.review) for finding in reading.findings]
    if not rows:
        return
    yield "\n### Not as declared\n\n"
    yield from _table(
        ("what was read", "", "found", "because", "e.g."),
        (
            (
                plain(read_of(reading)),
                f"**{finding.kind}**",
                plain(finding.text),
                "<br>".join(map(plain, finding.because)),
                plain(witness(finding)),
            )
            for reading, finding in rows[:_MOST_LISTED]
        ),
    )
    if len(rows) > _MOST_LISTED:
        yield f"\n… and {len(rows) - _MOST_LISTED} more.\n"


def _mismatches(proof: Proof) -> Iterator[str]:
    names = {role.arn: role.name for role in proof.roles}
    causing = causes(proof)
    wrong = [cell for cell in proof.cells if not cell.matches and cell not in causing]
    wrong.sort(key=lambda cell: outcome(cell) == "inconclusive")
    if not wrong:
        return
    yield "\n### Not as expected\n\n"
    yield from _table(
        ("who", "what", "role", "came out", "expected", "because", "AWS said"),
        (
            (
                plain(cell.principal),
                plain(cell.action),
                code(names[cell.role]),
                f"**{cell.result}**",
                cell.expected,
                plain(cell.because),
                plain(cell.detail),
            )
            for cell in wrong[:_MOST_LISTED]
        ),
    )
    if len(wrong) > _MOST_LISTED:
        yield f"\n… and {len(wrong) - _MOST_LISTED} more.\n"
    if causing:
        yield f"\nEchoes of these, which are not listed: {len(causing)}.\n"


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


def _not_tried(proof: Proof) -> Iterator[str]:
    if proof.review and proof.review.known:
        yield "\n### Known exceptions\n\n"
        yield from (f"- {plain(exception(known))}\n" for known in proof.review.known)
    if proof.review and proof.review.not_read:
        yield "\n### Not read\n\n"
        yield from (f"- {plain(text)}\n" for text in proof.review.not_read)
    if proof.not_tried:
        yield "\n### Not tried\n\n"
        yield from (f"- {plain(text)}\n" for text in proof.not_tried)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |\n|{' --- |' * len(head)}\n"
    yield from (f"| {' | '.join(row)} |\n" for row in rows)


def _lower_first(text: str) -> str:
    return text[0].lower() + text[1:]
