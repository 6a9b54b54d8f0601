"""What the reports have in common: how many cells came out how, and the cells in the order in which they are read."""

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
    """What a cell's result means."""
    if cell.matches:
        return "as expected"
    return "inconclusive" if cell.result == "INCONCLUSIVE" else "not as expected"


def judgement(cell: Cell) -> str:
    """The same in a few words, for a line that has the result already."""
    if cell.matches:
        return "ok"
    return f"{'DECIDES NOTHING' if cell.result == 'INCONCLUSIVE' else 'NOT AS EXPECTED'} ({cell.expected} expected)"


def aws_said(cell: Cell) -> str:
    """Return what AWS said; of a refusal that was expected, the reason alone, which is what proves something."""
    if not cell.matches or not cell.detail:
        return cell.detail
    refusal = _REFUSAL.fullmatch(cell.detail)
    return (refusal["reason"] or "AccessDenied, without a reason") if refusal else cell.detail


def refusals(cells: Iterable[Cell]) -> list[str]:
    """Return why AWS refused what it had to refuse, in its own words, without repetition."""
    return distinct(said for cell in cells if cell.matches and (said := aws_said(cell)))


def judgements(cells: Iterable[Cell]) -> list[str]:
    """What there is to say against several cells; nothing, if they are as expected."""
    counts = count(cells)
    said = ((counts.not_as_expected, "NOT AS EXPECTED"), (counts.inconclusive, "INCONCLUSIVE"))
    return [f"{number} {words}" for number, words in said if number]


def worst(cells: Iterable[Cell]) -> Outcome:
    """The worst outcome among several cells."""
    counts = count(cells)
    if counts.not_as_expected:
        return "not as expected"
    return "inconclusive" if counts.inconclusive else "as expected"


def came_out(cells: Iterable[Cell]) -> str:
    """For how many principals an action came out how, e.g. ``ALLOW for 3, DENY for 1``."""
    results = [cell.result for cell in cells]
    return ", ".join(f"{result} for {results.count(result)}" for result in get_args(Result) if result in results)


@dataclass(frozen=True)
class Counts:
    """How many cells came out how."""

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
    """How many of the cells came out how."""
    outcomes = [outcome(cell) for cell in cells]
    return Counts(len(outcomes), *(outcomes.count(one) for one in ("as expected", "not as expected", "inconclusive")))


def verdict(proof: Proof) -> str:
    """Return the outcome of the proof in one line: what is wrong first."""
    if not proof.cells and not proof.review:
        return "Nothing was tried"
    counts = count(proof.cells)
    wrong = [*_wrong_with_review(proof.review), *proof.unproved]
    echoes = len(causes(proof))
    causing = counts.not_as_expected + counts.inconclusive - echoes
    if echoes:
        what = "wrong" if counts.not_as_expected else "undecided"
        wrong.append(
            f"{causing} {what}, {_echoes(echoes)} of {'it' if causing == 1 else 'them'}, of {counts.cells} cells"
        )
    elif counts.not_as_expected:
        wrong.append(f"{counts.not_as_expected} of {counts.cells} cells did not come out as expected")
    elif counts.inconclusive:
        wrong.append(f"{counts.inconclusive} of {counts.cells} cells decided nothing")
    if wrong:
        first = "; ".join(wrong)
        return f"{first[0].upper()}{first[1:]}"
    if proof.not_tried or (proof.review and proof.review.not_read):
        done = "read and tried" if proof.review and proof.cells else "read" if proof.review else "tried"
        return f"Everything that was {done} came out as expected"
    return "Everything came out as expected"


def _wrong_with_review(review: Review | None) -> list[str]:
    if not review or review.holds:
        return []
    red = len(differing(review))
    return [f"{red} of {len(review.readings)} readings are not as declared" if red else "nothing was read"]


def sums(proof: Proof) -> str:
    """Return how many cells and readings there are, and how they came out."""
    if not proof.review:
        return str(count(proof.cells))
    readings, red = len(proof.review.readings), len(differing(proof.review))
    read = f"{readings} {'reading' if readings == 1 else 'readings'}: {readings - red} as declared, {red} not"
    return f"{read}; {count(proof.cells)}" if proof.cells else read


def differing(review: Review | None) -> list[Reading]:
    """Return the readings that found a difference."""
    return [reading for reading in review.readings if not reading.holds] if review else []


def read_of(reading: Reading) -> str:
    """Return what a reading is about, e.g. ``role UpdateApp of 999999999999: who may assume it``."""
    return f"{reading.subject} of {reading.account_id}: {reading.what}"


def witness(finding: Finding) -> str:
    """Return the request that shows a finding, in a line; empty if there is none."""
    shown = (
        f"{name}: {', '.join(value) if isinstance(value, tuple) else value}"
        for name, value in finding.witness.items()
        if value is not None
    )
    return "; ".join(shown)


def exception(known: KnownPrincipal) -> str:
    """Return an exception that a stack's file declares: for whom, why and until when."""
    until = f", until {known.until}" if known.until else ""
    who = f"applies to {', '.join(known.matched)}" if known.matched else "applies to nobody"
    return f"{known.pattern}: {known.reason}{until}; {who}"


def echo(cell: Cell, causing: Mapping[Cell, Cell]) -> str:
    """Return which cell an echo follows from, in words; empty for a cell that is no echo."""
    cause = causing.get(cell)
    return f"echo of {cause.principal}: {cause.action}" if cause else ""


def _echoes(number: int) -> str:
    return f"{number} {'echo' if number == 1 else 'echoes'}"


def origin(proof: Proof) -> str:
    """Return what the proof is of, in a line; empty where it doesn't say."""
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


def tells_apart(roles: Iterable[ProvedRole]) -> dict[str, str]:
    """Return what to call roles, by ARN: the name, and the account where another role has the same name."""
    known = list(roles)
    names = [role.name for role in known]
    return {
        role.arn: role.name if names.count(role.name) == 1 else f"{role.name} of account {role.account_id}"
        for role in known
    }


def when(proof: Proof) -> str:
    """From when to when the proof was made."""
    started, ended = (
        moment.replace(tzinfo=None).isoformat(" ", timespec="seconds") for moment in (proof.started, proof.ended)
    )
    same_day = proof.started.date() == proof.ended.date()
    return f"{started} to {ended.partition(' ')[2] if same_day else ended} UTC"


@dataclass(frozen=True)
class RoleResults:
    """What came of all that was tried on one role."""

    role: ProvedRole
    assumed: dict[str, Cell] = field(default_factory=dict)
    """Whether it could be assumed, by the principal's name."""
    actions: dict[str, dict[str, Cell]] = field(default_factory=dict)
    """All else, by action and by the principal's name."""

    @property
    def cells(self) -> list[Cell]:
        """All of them, those about assuming the role first."""
        return [*self.assumed.values(), *(cell for cells in self.actions.values() for cell in cells.values())]

    def takes_part(self, principal: Principal) -> bool:
        """Whether the principal tried anything beside assuming the role."""
        return any(principal.name in cells for cells in self.actions.values())


def by_role(proof: Proof) -> list[RoleResults]:
    """The cells of each role, in the order of the proof's principals."""
    order = {principal.name: index for index, principal in enumerate(proof.principals)}
    results: Mapping[str, RoleResults] = {role.arn: RoleResults(role) for role in proof.roles}
    for cell in sorted(proof.cells, key=lambda cell: order[cell.principal]):
        of_role = results[cell.role]
        same = of_role.assumed if cell.action == ASSUME else of_role.actions.setdefault(cell.action, {})
        same[cell.principal] = cell
    # In the order in which the actions are tried, not in that in which principals come upon them.
    tried = {cell.action: index for index, cell in reversed(list(enumerate(proof.cells)))}
    return [
        RoleResults(of.role, of.assumed, dict(sorted(of.actions.items(), key=lambda item: tried[item[0]])))
        for of in results.values()
    ]


def distinct(texts: Iterable[str]) -> list[str]:
    """The texts without repetition, in order."""
    return list(dict.fromkeys(texts))
