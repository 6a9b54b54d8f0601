"""A proof for the terminal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ...escaping import visible
from ...reading.values import Review
from ..echoes import causes
from ..matrix import Cell, Proof
from .summary import (
    Outcome,
    RoleResults,
    aws_said,
    by_role,
    came_out,
    differing,
    distinct,
    echo,
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
    witness,
    worst,
)

_COLOURS: dict[Outcome, int] = {"as expected": 32, "not as expected": 31, "inconclusive": 33}
_WIDEST_COLUMN = 72
_MOST_SUBJECTS = 30
"""Of the readings that found no difference."""

Line = tuple[Sequence[str], Outcome | None]
"""The columns of a line, and the outcome whose colour the column before the last has."""


def render(proof: Proof, colour: bool) -> str:
    """Return the proof as lines of text: the outcome, then role for role, then what was not tried."""
    worst_of_all: Outcome = worst(proof.cells) if proof.cells and not proof.unproved else "inconclusive"
    if differing(proof.review):
        worst_of_all = "not as expected"
    elif not proof.cells and proof.holds:
        worst_of_all = "as expected"
    lines = [f"{_coloured(visible(verdict(proof)), worst_of_all, colour)}; {sums(proof)}", ""]
    if proof.origin:
        lines[1:1] = [visible(origin(proof))]
    lines += _readings(proof, colour)
    lines += _entrances(proof, colour)
    causing = causes(proof)
    for of in by_role(proof) if proof.cells else ():
        buckets = f", on {', '.join(of.role.buckets)}" if of.role.buckets else ""
        lines += [visible(f"{of.role.name} of {of.role.account_id} ({of.role.arn}){buckets}"), ""]
        lines += ["  who may assume it", *_table(_assumed(of, causing), colour), ""]
        if of.actions:
            lines += ["  what else was tried", *_table(_actions(of, causing), colour), ""]
    lines += _as_declared(proof.review) if proof.review else ()
    if proof.review and proof.review.known:
        lines += ["known exceptions", *(f"  {visible(exception(known))}" for known in proof.review.known), ""]
    if proof.review and proof.review.not_read:
        lines += ["not read", *(f"  {visible(text)}" for text in proof.review.not_read), ""]
    if proof.not_tried:
        lines += ["not tried", *(f"  {visible(text)}" for text in proof.not_tried), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _readings(proof: Proof, colour: bool) -> Iterator[str]:
    """Return the readings that found a difference, each with all that was found."""
    red = differing(proof.review)
    if red:
        yield "not as declared"
    for reading in red:
        yield f"  {visible(read_of(reading))}"
        for finding in reading.findings:
            outcome: Outcome = "inconclusive" if finding.kind == "undecided" else "not as expected"
            yield f"    {_coloured(finding.kind.upper(), outcome, colour)}  {visible(finding.text)}"
            yield from (f"      {visible(because)}" for because in finding.because)
            if finding.witness:
                yield f"      e.g. {visible(witness(finding))}"
    if red:
        yield ""


def _as_declared(review: Review) -> Iterator[str]:
    """Yield a line for each subject of the readings that found no difference."""
    subjects: dict[str, list[str]] = {}
    for reading in review.readings:
        if reading.holds:
            subjects.setdefault(f"{reading.subject} of {reading.account_id}", []).append(reading.what)
    lines = [f"  {visible(subject)}: {visible(', '.join(whats))}" for subject, whats in subjects.items()]
    if len(lines) > _MOST_SUBJECTS:
        lines[_MOST_SUBJECTS:] = [f"  … and {len(lines) - _MOST_SUBJECTS} more"]
    if lines:
        yield from ("read, and as declared", *lines, "")


def _entrances(proof: Proof, colour: bool) -> Iterator[str]:
    """Return who may assume which role, a line a principal; with one role, its own table says it."""
    names, roles = tells_apart(proof.roles), by_role(proof)
    if len(roles) < 2:
        return
    yield "who may assume which role"
    for principal in proof.principals:
        cells = [of.assumed[principal.name] for of in roles if principal.name in of.assumed]
        by_result: dict[str, list[str]] = {}
        for cell in cells:
            result = cell.result if cell.matches else f"{cell.result}, {judgement(cell)}"
            by_result.setdefault(result, []).append(names[cell.role])
        for result, which in by_result.items():
            outcome = "as expected" if result in ("ALLOW", "DENY") else worst(it for it in cells if not it.matches)
            yield f"  {visible(principal.name)}: {_coloured(result, outcome, colour)}: {visible(', '.join(which))}"
    yield ""


def _assumed(of: RoleResults, causing: Mapping[Cell, Cell]) -> Iterator[Line]:
    for principal, cell in of.assumed.items():
        yield (principal, cell.result, judgement(cell), _why(cell, causing)), outcome(cell)


def _actions(of: RoleResults, causing: Mapping[Cell, Cell]) -> Iterator[Line]:
    """A line an action; below it, a line for each of its cells that is not as expected."""
    for action, cells in of.actions.items():
        said = ", ".join(judgements(cells.values())) or "ok"
        operations = ", ".join(distinct(cell.operation for cell in cells.values()))
        why = "; ".join([operations, *(f"AWS: {reason}" for reason in refusals(cells.values()))])
        yield (action, came_out(cells.values()), said, why), worst(cells.values())
        for cell in (cell for cell in cells.values() if not cell.matches):
            yield (f"  {cell.principal}", cell.result, judgement(cell), _why(cell, causing)), outcome(cell)


def _why(cell: Cell, causing: Mapping[Cell, Cell]) -> str:
    said = aws_said(cell)
    return "; ".join(
        filter(None, (cell.because, echo(cell, causing), f"AWS: {said}" if said and cell.matches else said))
    )


def _table(lines: Iterable[Line], colour: bool) -> list[str]:
    """The lines with their columns one below the other."""
    rows = [([visible(column) for column in columns], result) for columns, result in lines]
    widths = [min(max(map(len, column)), _WIDEST_COLUMN) for column in zip(*(row for row, _ in rows), strict=True)]
    table = []
    for row, result in rows:
        padded = [column.ljust(width) for column, width in zip(row, widths, strict=True)]
        padded[-2] = _coloured(padded[-2], result, colour)
        table.append(f"    {'  '.join(padded)}".rstrip())
    return table


def _coloured(text: str, result: Outcome | None, colour: bool) -> str:
    return f"\033[{_COLOURS[result]}m{text}\033[0m" if colour and result else text
