"""Group wrong cells by their cause: one fault, such as a trust policy that is too narrow, shows in many cells."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

from .matrix import ASSUME, Cell, Principal, Proof


def causes(proof: Proof) -> dict[Cell, Cell]:
    """Return the cause of each echo, as a cell.

    - All principals in a role have the same rights: an action that is wrong for several of them is one cause.
    - A session to which S3 allows nothing is one cause, and its other refusals by S3 prove nothing.
    - If no principal of an account can assume a role as expected, that is one cause: the role's trust policy.
    - A service that doesn't know a principal yet is one cause for all cells that are inconclusive because of that.

    An unexpected success in assuming a role is never an echo.
    """
    found: dict[Cell, Cell] = {}
    wrong = [cell for cell in proof.cells if not cell.matches]
    for group in (*_refused_entries(proof.cells, proof.principals), *_same_detail(wrong), *_same_session(proof.cells)):
        _fold(group, found)
    inside = [cell for cell in wrong if cell.operation != "sts:AssumeRole" and cell not in found]
    for group in _group(inside, lambda cell: (cell.role, cell.action, cell.result)):
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


def _group(cells: Iterable[Cell], key: Callable[[Cell], Hashable]) -> list[list[Cell]]:
    groups: dict[Hashable, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(key(cell), []).append(cell)
    return list(groups.values())


def _refused_entries(cells: Sequence[Cell], principals: Sequence[Principal]) -> list[list[Cell]]:
    """Return the cells for assuming a role, by account, where all expected ones were refused."""
    accounts = {principal.name: principal.account_id for principal in principals}
    entries = [cell for cell in cells if cell.action == ASSUME and cell.expected == "ALLOW"]
    groups = _group(entries, lambda cell: (cell.role, accounts[cell.principal]))
    return [group for group in groups if all(cell.result == "DENY" for cell in group)]


def _same_detail(wrong: Sequence[Cell]) -> list[list[Cell]]:
    undecided = [cell for cell in wrong if cell.result == "INCONCLUSIVE" and cell.detail]
    return _group(undecided, lambda cell: (cell.principal, cell.detail))


def _same_session(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Return the wrong S3 cells of each session to which S3 allowed nothing; the first is an expected ALLOW."""
    sessions = _group(
        (cell for cell in cells if cell.operation.startswith("s3:")), lambda cell: (cell.principal, cell.role)
    )
    refused = [
        [cell for cell in session if cell.result == "DENY" and not cell.matches]
        + [cell for cell in session if cell.result == "INCONCLUSIVE"]
        for session in sessions
        if all(cell.result != "ALLOW" for cell in session)
    ]
    return [group for group in refused if group and group[0].result == "DENY"]
