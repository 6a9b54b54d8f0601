"""Summarize a proof for all reports: counts, the verdict, and the cells in reading order."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from ...known_principals import KnownPrincipal
from ...reading.values import Finding, Reading, Review
from ..echoes import causes
from ..matrix import ASSUME, Cell, Principal, Proof, ProvedRole, Result

_REFUSAL = re.compile(
    r"AccessDenied \(\w+\): User: \S+ is not authorized to perform: \S+(?: on resource: [^\s;]+)?(?:;? (?P<reason>.+))?"
)
"""A message of AWS (IAM User Guide, "Troubleshoot access denied error messages")."""

Outcome = Literal["as expected", "not as expected", "inconclusive"]


def outcome(cell: Cell) -> Outcome:
    """Return whether a cell's result is the expected one."""
    if cell.matches:
        return "as expected"
    return "inconclusive" if cell.result == "INCONCLUSIVE" else "not as expected"


def judgement(cell: Cell) -> str:
    """Return a short judgement for a line that shows the result already."""
    if cell.matches:
        return "ok"
    return f"{'DECIDES NOTHING' if cell.result == 'INCONCLUSIVE' else 'NOT AS EXPECTED'} ({cell.expected} expected)"


def aws_answer(cell: Cell) -> str:
    """Return AWS's answer; for an expected refusal, only its reason."""
    if not cell.matches or not cell.detail:
        return cell.detail
    refusal = _REFUSAL.fullmatch(cell.detail)
    return (refusal["reason"] or "AccessDenied, without a reason") if refusal else cell.detail


def refusals(cells: Iterable[Cell]) -> list[str]:
    """Return the distinct reasons that AWS gave for expected refusals."""
    return distinct(text for cell in cells if cell.matches and (text := aws_answer(cell)))


def judgements(cells: Iterable[Cell]) -> list[str]:
    """Return the numbers of unexpected and inconclusive cells as texts; empty if there are none."""
    counts = count(cells)
    numbers = ((counts.not_as_expected, "NOT AS EXPECTED"), (counts.inconclusive, "INCONCLUSIVE"))
    return [f"{number} {text}" for number, text in numbers if number]


def worst(cells: Iterable[Cell]) -> Outcome:
    """Return the worst outcome among cells."""
    counts = count(cells)
    if counts.not_as_expected:
        return "not as expected"
    return "inconclusive" if counts.inconclusive else "as expected"


def result_counts(cells: Iterable[Cell]) -> str:
    """Return the number of principals for each result, e.g. ``ALLOW for 3, DENY for 1``."""
    results = [cell.result for cell in cells]
    return ", ".join(f"{result} for {results.count(result)}" for result in get_args(Result) if result in results)


@dataclass(frozen=True)
class Counts:
    """The numbers of cells by outcome."""

    cells: int
    as_expected: int
    not_as_expected: int
    inconclusive: int

    def __str__(self) -> str:
        return (
            f"{self.cells} {'cell' if self.cells == 1 else 'cells'}: {self.as_expected} as expected,"
            f" {self.not_as_expected} not as expected, {self.inconclusive} inconclusive"
        )


def count(cells: Iterable[Cell]) -> Counts:
    """Return the numbers of cells by outcome."""
    outcomes = [outcome(cell) for cell in cells]
    return Counts(len(outcomes), *(outcomes.count(each) for each in ("as expected", "not as expected", "inconclusive")))


def verdict(proof: Proof) -> str:
    """Return the outcome of the proof in one line, errors first."""
    if not proof.cells and not proof.review:
        return "Nothing was tested"
    counts = count(proof.cells)
    wrong = [*_wrong_with_review(proof.review), *proof.unproved]
    echoes = len(causes(proof))
    own = counts.not_as_expected + counts.inconclusive - echoes
    if echoes:
        kind = "wrong" if counts.not_as_expected else "undecided"
        wrong.append(f"{own} {kind}, {_echoes(echoes)} of {'it' if own == 1 else 'them'}, of {counts.cells} cells")
    elif counts.not_as_expected:
        wrong.append(f"{counts.not_as_expected} of {counts.cells} cells are not as expected")
    elif counts.inconclusive:
        wrong.append(f"{counts.inconclusive} of {counts.cells} cells are inconclusive")
    if wrong:
        first = "; ".join(wrong)
        return f"{first[0].upper()}{first[1:]}"
    if proof.not_tried or (proof.review and proof.review.not_read):
        done = "read and tested" if proof.review and proof.cells else "read" if proof.review else "tested"
        return f"Everything {done} is as expected"
    return "Everything is as expected"


def _wrong_with_review(review: Review | None) -> list[str]:
    if not review or review.holds:
        return []
    red = len(differing(review))
    return [f"{red} of {len(review.readings)} readings are not as declared" if red else "nothing was read"]


def sums(proof: Proof) -> str:
    """Return the numbers of readings and cells by outcome."""
    if not proof.review:
        return str(count(proof.cells))
    readings, red = len(proof.review.readings), len(differing(proof.review))
    read = f"{readings} {'reading' if readings == 1 else 'readings'}: {readings - red} as declared, {red} not"
    return f"{read}; {count(proof.cells)}" if proof.cells else read


def differing(review: Review | None) -> list[Reading]:
    """Return the readings with a difference."""
    return [reading for reading in review.readings if not reading.holds] if review else []


def reading_title(reading: Reading) -> str:
    """Return a reading's title, e.g. ``role UpdateApp of 999999999999: who may assume it``."""
    return f"{reading.subject} of {reading.account_id}: {reading.question}"


def witness(finding: Finding) -> str:
    """Return the example request of a finding in one line; empty if there is none."""
    shown = (
        f"{name}: {', '.join(value) if isinstance(value, tuple) else value}"
        for name, value in finding.witness.items()
        if value is not None
    )
    return "; ".join(shown)


def exception(known: KnownPrincipal) -> str:
    """Return a known exception in one line: principals, reason and end."""
    until = f", until {known.until}" if known.until else ""
    scope = f"applies to {', '.join(known.matched)}" if known.matched else "applies to nobody"
    return f"{known.pattern}: {known.reason}{until}; {scope}"


def echo(cell: Cell, causing: Mapping[Cell, Cell]) -> str:
    """Return the cause of an echo as text; empty for any other cell."""
    cause = causing.get(cell)
    return f"echo of {cause.principal}: {cause.action}" if cause else ""


def _echoes(number: int) -> str:
    return f"{number} {'echo' if number == 1 else 'echoes'}"


def origin(proof: Proof) -> str:
    """Return the stacks, accounts and commit of the proof in one line; empty if unknown."""
    if not proof.origin:
        return ""
    stacks = [f"{name} ({account_id})" for name, account_id in proof.origin.stacks if name]
    others = [account_id for name, account_id in proof.origin.stacks if not name]
    commit = proof.origin.commit and f"commit {proof.origin.commit}"
    parts = (
        f"{'stack' if len(stacks) == 1 else 'stacks'} {', '.join(stacks)}" if stacks else "",
        f"{'account' if len(others) == 1 else 'accounts'} without a stack {', '.join(others)}" if others else "",
        f"{commit} with uncommitted changes" if commit and proof.origin.has_changes else commit,
    )
    return "; ".join(filter(None, parts))


def unambiguous_names(roles: Iterable[ProvedRole]) -> dict[str, str]:
    """Return unambiguous names of roles by ARN: the name, with the account if another role has the same name."""
    known = list(roles)
    names = [role.name for role in known]
    return {
        role.arn: role.name if names.count(role.name) == 1 else f"{role.name} of account {role.account_id}"
        for role in known
    }


def when(proof: Proof) -> str:
    """Return the start and end of the proof."""
    started, ended = (
        moment.replace(tzinfo=None).isoformat(" ", timespec="seconds") for moment in (proof.started, proof.ended)
    )
    same_day = proof.started.date() == proof.ended.date()
    return f"{started} to {ended.partition(' ')[2] if same_day else ended} UTC"


@dataclass(frozen=True)
class RoleResults:
    """The results for one role."""

    role: ProvedRole
    assumed: dict[str, Cell] = field(default_factory=dict)
    """The cells for assuming it, by the principal's name."""
    actions: dict[str, dict[str, Cell]] = field(default_factory=dict)
    """All other cells, by action and the principal's name."""

    @property
    def cells(self) -> list[Cell]:
        """All cells, those for assuming the role first."""
        return [*self.assumed.values(), *(cell for cells in self.actions.values() for cell in cells.values())]

    def takes_part(self, principal: Principal) -> bool:
        """Return whether the principal has any cell besides assuming the role."""
        return any(principal.name in cells for cells in self.actions.values())


def by_role(proof: Proof) -> list[RoleResults]:
    """Return the results of each role, in the order of the proof's principals."""
    order = {principal.name: index for index, principal in enumerate(proof.principals)}
    by_arn: Mapping[str, RoleResults] = {role.arn: RoleResults(role) for role in proof.roles}
    for cell in sorted(proof.cells, key=lambda cell: order[cell.principal]):
        of_role = by_arn[cell.role]
        same = of_role.assumed if cell.action == ASSUME else of_role.actions.setdefault(cell.action, {})
        same[cell.principal] = cell
    # Actions are in the order of the proof, not of the principals.
    places = {cell.action: index for index, cell in reversed(list(enumerate(proof.cells)))}
    return [
        RoleResults(
            results.role,
            results.assumed,
            dict(sorted(results.actions.items(), key=lambda item: places[item[0]])),
        )
        for results in by_arn.values()
    ]


def distinct(texts: Iterable[str]) -> list[str]:
    """Return the texts without repetition, in order."""
    return list(dict.fromkeys(texts))
