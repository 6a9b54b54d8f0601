"""Write a proof as text for the terminal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ...escaping import visible
from ...reading.values import Review
from ..echoes import causes
from ..matrix import Cell, Proof
from .summary import (
    Outcome,
    RoleResults,
    aws_answer,
    by_role,
    differing,
    distinct,
    echo,
    exception,
    judgement,
    judgements,
    origin,
    outcome,
    reading_title,
    refusals,
    result_counts,
    sums,
    unambiguous_names,
    verdict,
    witness,
    worst,
)

_COLOURS: dict[Outcome, int] = {"as expected": 32, "not as expected": 31, "inconclusive": 33}
_MAX_COLUMN_WIDTH = 72
_MAX_SUBJECTS = 30
"""The maximum number of subjects without a difference listed."""

Line = tuple[Sequence[str], Outcome | None]
"""The columns of a line, and the outcome that colours the second last."""


def render(proof: Proof, colour: bool) -> str:
    """Return the proof as text: the outcome, then each role, then the parts not tested."""
    overall: Outcome = worst(proof.cells) if proof.cells and not proof.unproved else "inconclusive"
    if differing(proof.review):
        overall = "not as expected"
    elif not proof.cells and proof.holds:
        overall = "as expected"
    lines = [f"{_coloured(visible(verdict(proof)), overall, colour)}; {sums(proof)}", ""]
    if proof.origin:
        lines[1:1] = [visible(origin(proof))]
    lines += _readings(proof, colour)
    lines += _entry_lines(proof, colour)
    causing = causes(proof)
    for results in by_role(proof) if proof.cells else ():
        buckets = f", on {', '.join(results.role.buckets)}" if results.role.buckets else ""
        lines += [visible(f"{results.role.name} of {results.role.account_id} ({results.role.arn}){buckets}"), ""]
        lines += ["  who may assume it", *_table(_assumed(results, causing), colour), ""]
        if results.actions:
            lines += ["  other actions", *_table(_actions(results, causing), colour), ""]
    lines += _as_declared(proof.review) if proof.review else ()
    if proof.review and proof.review.known:
        lines += ["known exceptions", *(f"  {visible(exception(known))}" for known in proof.review.known), ""]
    if proof.review and proof.review.not_read:
        lines += ["not read", *(f"  {visible(text)}" for text in proof.review.not_read), ""]
    if proof.not_tried:
        lines += ["not tested", *(f"  {visible(text)}" for text in proof.not_tried), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _readings(proof: Proof, colour: bool) -> Iterator[str]:
    """Yield the readings with a difference, each with its findings."""
    red = differing(proof.review)
    if red:
        yield "not as declared"
    for reading in red:
        yield f"  {visible(reading_title(reading))}"
        for finding in reading.findings:
            outcome: Outcome = "inconclusive" if finding.kind == "undecided" else "not as expected"
            yield f"    {_coloured(finding.kind.upper(), outcome, colour)}  {visible(finding.text)}"
            yield from (f"      {visible(because)}" for because in finding.because)
            if finding.witness:
                yield f"      e.g. {visible(witness(finding))}"
    if red:
        yield ""


def _as_declared(review: Review) -> Iterator[str]:
    """Yield one line for each subject without a difference."""
    subjects: dict[str, list[str]] = {}
    for reading in review.readings:
        if reading.holds:
            subjects.setdefault(f"{reading.subject} of {reading.account_id}", []).append(reading.question)
    lines = [f"  {visible(subject)}: {visible(', '.join(questions))}" for subject, questions in subjects.items()]
    if len(lines) > _MAX_SUBJECTS:
        lines[_MAX_SUBJECTS:] = [f"  … and {len(lines) - _MAX_SUBJECTS} more"]
    if lines:
        yield from ("read, and as declared", *lines, "")


def _entry_lines(proof: Proof, colour: bool) -> Iterator[str]:
    """Yield who may assume which role, one line for each principal; nothing with only one role."""
    names, roles = unambiguous_names(proof.roles), by_role(proof)
    if len(roles) < 2:
        return
    yield "who may assume which role"
    for principal in proof.principals:
        cells = [results.assumed[principal.name] for results in roles if principal.name in results.assumed]
        by_result: dict[str, list[str]] = {}
        for cell in cells:
            result = cell.result if cell.matches else f"{cell.result}, {judgement(cell)}"
            by_result.setdefault(result, []).append(names[cell.role])
        for result, roles_with in by_result.items():
            outcome = (
                "as expected" if result in ("ALLOW", "DENY") else worst(cell for cell in cells if not cell.matches)
            )
            yield f"  {visible(principal.name)}: {_coloured(result, outcome, colour)}: {visible(', '.join(roles_with))}"
    yield ""


def _assumed(results: RoleResults, causing: Mapping[Cell, Cell]) -> Iterator[Line]:
    for principal, cell in results.assumed.items():
        yield (principal, cell.result, judgement(cell), _why(cell, causing)), outcome(cell)


def _actions(results: RoleResults, causing: Mapping[Cell, Cell]) -> Iterator[Line]:
    """Yield one line for each action, followed by one for each of its unexpected cells."""
    for action, cells in results.actions.items():
        judged = ", ".join(judgements(cells.values())) or "ok"
        operations = ", ".join(distinct(cell.operation for cell in cells.values()))
        why = "; ".join([operations, *(f"AWS: {reason}" for reason in refusals(cells.values()))])
        yield (action, result_counts(cells.values()), judged, why), worst(cells.values())
        for cell in (cell for cell in cells.values() if not cell.matches):
            yield (f"  {cell.principal}", cell.result, judgement(cell), _why(cell, causing)), outcome(cell)


def _why(cell: Cell, causing: Mapping[Cell, Cell]) -> str:
    judged = aws_answer(cell)
    return "; ".join(
        filter(None, (cell.because, echo(cell, causing), f"AWS: {judged}" if judged and cell.matches else judged))
    )


def _table(lines: Iterable[Line], colour: bool) -> list[str]:
    """Return the lines with aligned columns."""
    rows = [([visible(column) for column in columns], result) for columns, result in lines]
    widths = [min(max(map(len, column)), _MAX_COLUMN_WIDTH) for column in zip(*(row for row, _ in rows), strict=True)]
    table = []
    for row, result in rows:
        padded = [column.ljust(width) for column, width in zip(row, widths, strict=True)]
        padded[-2] = _coloured(padded[-2], result, colour)
        table.append(f"    {'  '.join(padded)}".rstrip())
    return table


def _coloured(text: str, result: Outcome | None, colour: bool) -> str:
    return f"\033[{_COLOURS[result]}m{text}\033[0m" if colour and result else text
