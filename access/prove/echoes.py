"""Tells wrong cells from their echoes: a role that can't be entered, or grants too much, shows in many cells."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

from .matrix import ASSUME, Cell, Principal, Proof


def causes(proof: Proof) -> dict[Cell, Cell]:
    """Return the cell that each echo follows from.

    - Everybody in a role has the same rights: an action that is wrong for several principals is wrong once.
    - Where S3 allows a session nothing at all, that is one cause, and its other refusals by S3 prove nothing.
    - Where everybody of an account who should get into a role is kept out, that is one cause: the role's trust.
    - A service that doesn't know a principal yet is one cause, for all that this makes inconclusive.

    Whoever gets into a role without being expected to is never an echo.
    """
    found: dict[Cell, Cell] = {}
    wrong = [cell for cell in proof.cells if not cell.matches]
    for group in (*_kept_out(proof.cells, proof.principals), *_same_detail(wrong), *_same_session(proof.cells)):
        _fold(group, found)
    inside = [cell for cell in wrong if cell.operation != "sts:AssumeRole" and cell not in found]
    for group in _grouped(inside, lambda cell: (cell.role, cell.action, cell.result)):
        _fold(group, found)
    return {echo: _first(cause, found) for echo, cause in found.items()}


def _first(cell: Cell, found: Mapping[Cell, Cell]) -> Cell:
    while cell in found:
        cell = found[cell]
    return cell


def _fold(group: Sequence[Cell], found: dict[Cell, Cell]) -> None:
    cause = _first(group[0], found)
    for echo in group[1:]:
        if echo not in found and echo != cause:
            found[echo] = cause


def _grouped(cells: Iterable[Cell], key: Callable[[Cell], Hashable]) -> list[list[Cell]]:
    groups: dict[Hashable, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(key(cell), []).append(cell)
    return list(groups.values())


def _kept_out(cells: Sequence[Cell], principals: Sequence[Principal]) -> list[list[Cell]]:
    """Return those who should get into a role, by account, where none of them did."""
    accounts = {principal.name: principal.account_id for principal in principals}
    entries = [cell for cell in cells if cell.action == ASSUME and cell.expected == "ALLOW"]
    groups = _grouped(entries, lambda cell: (cell.role, accounts[cell.principal]))
    return [group for group in groups if all(cell.result == "DENY" for cell in group)]


def _same_detail(wrong: Sequence[Cell]) -> list[list[Cell]]:
    undecided = [cell for cell in wrong if cell.result == "INCONCLUSIVE" and cell.detail]
    return _grouped(undecided, lambda cell: (cell.principal, cell.detail))


def _same_session(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Return the wrong cells of S3 of each session to which S3 allowed nothing, what it had to allow first."""
    sessions = _grouped(
        (cell for cell in cells if cell.operation.startswith("s3:")), lambda it: (it.principal, it.role)
    )
    refused = [
        [cell for cell in session if cell.result == "DENY" and not cell.matches]
        + [cell for cell in session if cell.result == "INCONCLUSIVE"]
        for session in sessions
        if all(cell.result != "ALLOW" for cell in session)
    ]
    return [group for group in refused if group and group[0].result == "DENY"]
