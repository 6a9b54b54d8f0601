"""Compare two proofs: gains, losses, and differences in what their reviews found."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ..escaping import code_for_markdown as code
from ..escaping import for_markdown as plain
from ..reading.values import Finding, Reading, Review
from .matrix import ASSUME, ASSUME_ID, Cell, Proof, ProvedRole, Result
from .reports.summary import distinct, reading_title, when

State = Result | Literal["NOT TESTED"]
Key = tuple[str, ...]
"""A role, a principal and an action, from a cell's id; in proofs without ids, their names."""

_MAX_NAMED = 3
"""The maximum number of principals named in the first line."""


@dataclass(frozen=True)
class Comparison:
    """The difference between two proofs."""

    markdown: str
    is_wider: bool
    """``True`` if any principal gained a right, declared or not, or a reading has a new finding."""


def compare(old: Proof, new: Proof) -> Comparison:
    """Return the differences of two proofs as Markdown, and whether access is wider."""
    changes = _changes(old, new)
    roles = {role.arn: role for role in (*old.roles, *new.roles)}
    parts = [f"## {_headline(changes)}\n\nFrom the proof of {when(old)} to the proof of {when(new)}.\n"]
    if changes.unknown:
        are = f"{len(changes.unknown)} of the results {'is' if len(changes.unknown) == 1 else 'are'}"
        parts.append(f"\n{are} INCONCLUSIVE in one proof or in both: see Unknown.\n")
    parts += _found("New findings", changes.found)
    parts += _section("Gained, not expected", "gained", changes.gained_unexpectedly, roles)
    parts += _section("Gained, as declared", "gained", changes.gained_as_declared, roles)
    parts += _section("Lost", "lost", changes.lost, roles)
    parts += _found("Findings that are gone", changes.gone)
    parts += _section("Unknown", "may or may not be able to", changes.unknown, roles)
    parts += _section("Changed expectations", "now expected", changes.expected_otherwise, roles)
    parts += _section("New, and denied", "tested for the first time", changes.first_tried, roles)
    parts += _section("No longer tested", "no longer tested", changes.no_longer_tried, roles)
    parts += _list("No longer read", map(plain, changes.no_longer_read))
    parts += _list(
        "Left out of the new proof only", [plain(text) for text in _left_out(new) if text not in _left_out(old)]
    )
    return Comparison("".join(parts), changes.is_wider)


Noted = list[tuple[Cell, str]]
"""Cells, each with a note."""
Findings = list[tuple[Reading, Finding]]


@dataclass
class _Changes:
    gained_unexpectedly: Noted = field(default_factory=list)
    gained_as_declared: Noted = field(default_factory=list)
    lost: Noted = field(default_factory=list)
    unknown: Noted = field(default_factory=list)
    expected_otherwise: Noted = field(default_factory=list)
    first_tried: Noted = field(default_factory=list)
    no_longer_tried: Noted = field(default_factory=list)
    found: Findings = field(default_factory=list)
    gone: Findings = field(default_factory=list)
    no_longer_read: list[str] = field(default_factory=list)

    @property
    def is_wider(self) -> bool:
        wider = any(finding.kind != "lack" for _, finding in self.found)
        return wider or bool(self.gained_unexpectedly or self.gained_as_declared)


def _headline(changes: _Changes) -> str:
    unexpected, declared, lost = changes.gained_unexpectedly, changes.gained_as_declared, len(changes.lost)
    gained = len(unexpected) + len(declared)
    parts = (
        f"gained, not expected: {_names(unexpected)}" if unexpected else "",
        f"gained, as declared: {_names(declared)}" if declared else "",
        f"{len(changes.found)} new {'finding' if len(changes.found) == 1 else 'findings'}" if changes.found else "",
        f"{gained} gained, {lost} lost" if gained or lost else "nobody gained or lost anything",
    )
    text = "; ".join(filter(None, parts))
    return text[0].upper() + text[1:]


def _names(noted: Noted) -> str:
    names = distinct(plain(cell.principal) for cell, _ in noted)
    more = len(names) - _MAX_NAMED
    return f"{', '.join(names[:_MAX_NAMED])} and {more} more" if more > 0 else _listed(names)


def _changes(old: Proof, new: Proof) -> _Changes:
    changes = _Changes()
    with_ids = all(cell.id for cell in (*old.cells, *new.cells))
    was, now = _by_key(old, with_ids), _by_key(new, with_ids)
    for key in {**now, **was}:
        cell = now.get(key) or was[key]
        before, after = (_state(cells, key, cell.operation, with_ids) for cells in (was, now))
        if "INCONCLUSIVE" in (before, after):
            changes.unknown.append((cell, f"{before} before, {after} now"))
        elif after == "ALLOW" != before:
            entered = now.get((*key[:2], ASSUME_ID if with_ids else ASSUME), cell)
            # Actions in a role are declared only for principals that may assume it.
            expected = cell.matches and (cell.operation == "sts:AssumeRole" or entered.expected == "ALLOW")
            gained = changes.gained_as_declared if expected else changes.gained_unexpectedly
            gained.append((cell, "not tested before" if before == "NOT TESTED" else ""))
        elif before == "ALLOW" and after == "DENY":
            changes.lost.append((cell, ""))
        elif before == "NOT TESTED":
            changes.first_tried.append((cell, ""))
        elif after == "NOT TESTED":
            changes.no_longer_tried.append((cell, f"{before} before"))
        if key in was and key in now and was[key].expected != now[key].expected:
            note = (
                f"{now[key].expected}, because: {now[key].because}; before, {was[key].expected}, because:"
                f" {was[key].because}"
            )
            changes.expected_otherwise.append((cell, note))
    _compare_readings(old.review or Review(()), new.review or Review(()), changes)
    return changes


def _compare_readings(old: Review, new: Review, changes: _Changes) -> None:
    """Compare findings by their reading's id and text. A finding is only gone if its reading is still made."""
    was, now = _findings(old), _findings(new)
    still_read = {reading.id for reading in new.readings}
    changes.found += [now[key] for key in now if key not in was]
    changes.gone += [was[key] for key in was if key not in now and key[0] in still_read]
    changes.no_longer_read += [reading_title(reading) for reading in old.readings if reading.id not in still_read]


def _findings(review: Review) -> dict[tuple[str, str], tuple[Reading, Finding]]:
    return {
        (reading.id, finding.text): (reading, finding) for reading in review.readings for finding in reading.findings
    }


def _left_out(proof: Proof) -> list[str]:
    return [*(proof.review.not_read if proof.review else ()), *proof.not_tried]


def _by_key(proof: Proof, with_ids: bool) -> dict[Key, Cell]:
    return {_key(cell, with_ids): cell for cell in proof.cells}


def _key(cell: Cell, with_ids: bool) -> Key:
    return tuple(cell.id.split("|", 2)) if with_ids else (cell.role, cell.principal, cell.action)


def _state(cells: Mapping[Key, Cell], key: Key, operation: str, with_ids: bool) -> State:
    """Return the result of a cell. In a role that the principal can't assume, every action is denied."""
    if key in cells:
        return cells[key].result
    assumed = cells.get((*key[:2], ASSUME_ID if with_ids else ASSUME))
    is_in_role = operation != "sts:AssumeRole"
    return "DENY" if is_in_role and assumed and assumed.result == "DENY" else "NOT TESTED"


def _found(title: str, findings: Findings) -> Iterator[str]:
    yield from _list(
        title,
        (
            f"**{finding.kind}**: {plain(finding.text)} ({plain(reading_title(reading))})"
            for reading, finding in findings
        ),
    )


def _list(title: str, texts: Iterable[str]) -> Iterator[str]:
    lines = [f"- {text}\n" for text in texts]
    if lines:
        yield f"\n### {title}\n\n"
        yield from lines


def _section(title: str, verb: str, noted: Noted, roles: Mapping[str, ProvedRole]) -> Iterator[str]:
    """Yield a list with one line for all principals with the same changes in the same role."""
    by_principal: dict[tuple[str, str], dict[str, str]] = {}
    for cell, note in noted:
        by_principal.setdefault((cell.principal, cell.role), {})[cell.action] = note
    names_by_change: dict[str, list[str]] = {}
    for (principal, role), actions in by_principal.items():
        names_by_change.setdefault(_change(roles[role], actions), []).append(f"**{plain(principal)}**")
    yield from _list(title, (f"{_listed(names)} {verb}: {change}" for change, names in names_by_change.items()))


def _change(role: ProvedRole, actions: Mapping[str, str]) -> str:
    name = f"the role {plain(role.name)} ({code(role.arn)})"
    rest = "; ".join(_noted(plain(action), note) for action, note in actions.items() if action != ASSUME)
    if ASSUME not in actions:
        return f"with {name}: {rest}"
    return _noted(f"assume {name}", actions[ASSUME]) + (f"; with it: {rest}" if rest else "")


def _noted(text: str, note: str) -> str:
    return f"{text} ({plain(note)})" if note else text


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
