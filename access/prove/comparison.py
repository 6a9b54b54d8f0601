"""Two proofs, and what lies between them: who gained and who lost what."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from access.escaping import code_for_markdown as code
from access.escaping import for_markdown as plain
from access.prove.matrix import ASSUME, ASSUME_ID, Cell, Proof, ProvedRole, Result
from access.prove.reports.summary import when

State = Result | Literal["NOT TRIED"]
Key = tuple[str, ...]
"""A role, a principal and an action, as a cell's id has them; in proofs without ids, as they are called."""


def compare(old: Proof, new: Proof) -> str:
    """Who gained and who lost what from one proof to the other, as Markdown."""
    changes = _changes(old, new)
    roles = {role.arn: role for role in (*old.roles, *new.roles)}
    parts = [f"## Who gained and who lost what\n\nFrom the proof of {when(old)} to the proof of {when(new)}.\n"]
    if not changes.gained and not changes.lost:
        parts.append("\nNobody gained or lost anything.\n")
    if changes.unknown:
        are = f"{len(changes.unknown)} of the results {'is' if len(changes.unknown) == 1 else 'are'}"
        parts.append(f"\n{are} INCONCLUSIVE in one proof or in both: see Unknown.\n")
    parts += _section("Gained", "gained", changes.gained, roles)
    parts += _section("Lost", "lost", changes.lost, roles)
    parts += _section("Unknown", "may or may not be able to", changes.unknown, roles)
    parts += _section("Expected otherwise", "now expected", changes.expected_otherwise, roles)
    parts += _section("New, and denied", "tried for the first time", changes.first_tried, roles)
    parts += _section("No longer tried", "not tried any more", changes.no_longer_tried, roles)
    left_out = [text for text in new.not_tried if text not in old.not_tried]
    if left_out:
        parts += ["\n### Left out of the new proof alone\n\n", *(f"- {plain(text)}\n" for text in left_out)]
    return "".join(parts)


Noted = list[tuple[Cell, str]]
"""Cells, and what there is to say of each."""


@dataclass
class _Changes:
    gained: Noted = field(default_factory=list)
    lost: Noted = field(default_factory=list)
    unknown: Noted = field(default_factory=list)
    expected_otherwise: Noted = field(default_factory=list)
    first_tried: Noted = field(default_factory=list)
    no_longer_tried: Noted = field(default_factory=list)


def _changes(old: Proof, new: Proof) -> _Changes:
    found = _Changes()
    with_ids = all(cell.id for cell in (*old.cells, *new.cells))
    was, now = _by_key(old, with_ids), _by_key(new, with_ids)
    for key in {**now, **was}:
        cell = now.get(key) or was[key]
        before, after = (_state(cells, key, cell.operation, with_ids) for cells in (was, now))
        if "INCONCLUSIVE" in (before, after):
            found.unknown.append((cell, f"{before} before, {after} now"))
        elif after == "ALLOW" != before:
            found.gained.append((cell, "not tried before" if before == "NOT TRIED" else ""))
        elif before == "ALLOW" and after == "DENY":
            found.lost.append((cell, ""))
        elif before == "NOT TRIED":
            found.first_tried.append((cell, ""))
        elif after == "NOT TRIED":
            found.no_longer_tried.append((cell, f"{before} before"))
        if key in was and key in now and was[key].expected != now[key].expected:
            note = (
                f"{now[key].expected}, because: {now[key].because}; before, {was[key].expected}, because:"
                f" {was[key].because}"
            )
            found.expected_otherwise.append((cell, note))
    return found


def _by_key(proof: Proof, with_ids: bool) -> dict[Key, Cell]:
    return {_key(cell, with_ids): cell for cell in proof.cells}


def _key(cell: Cell, with_ids: bool) -> Key:
    return tuple(cell.id.split("|", 2)) if with_ids else (cell.role, cell.principal, cell.action)


def _state(cells: Mapping[Key, Cell], key: Key, operation: str, with_ids: bool) -> State:
    """What a cell came to. In a role that somebody may not assume, nothing is tried, and nothing can be done."""
    if key in cells:
        return cells[key].result
    assumed = cells.get((*key[:2], ASSUME_ID if with_ids else ASSUME))
    in_the_role = operation != "sts:AssumeRole"
    return "DENY" if in_the_role and assumed and assumed.result == "DENY" else "NOT TRIED"


def _section(title: str, verb: str, noted: Noted, roles: Mapping[str, ProvedRole]) -> Iterator[str]:
    """A line for all who have the same to tell of the same role."""
    if not noted:
        return
    told: dict[tuple[str, str], dict[str, str]] = {}
    for cell, note in noted:
        told.setdefault((cell.principal, cell.role), {})[cell.action] = note
    who: dict[str, list[str]] = {}
    for (principal, role), actions in told.items():
        who.setdefault(_what(roles[role], actions), []).append(f"**{plain(principal)}**")
    yield f"\n### {title}\n\n"
    yield from (f"- {_listed(names)} {verb}: {what}\n" for what, names in who.items())


def _what(role: ProvedRole, actions: Mapping[str, str]) -> str:
    name = f"the role {plain(role.name)} ({code(role.arn)})"
    rest = "; ".join(_noted(plain(action), note) for action, note in actions.items() if action != ASSUME)
    if ASSUME not in actions:
        return f"with {name}: {rest}"
    return _noted(f"assume {name}", actions[ASSUME]) + (f"; with it: {rest}" if rest else "")


def _noted(text: str, note: str) -> str:
    return f"{text} ({plain(note)})" if note else text


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
