"""Changes for the terminal."""

from collections.abc import Iterator

from ..escaping import visible
from . import circumstances
from .values import NOT_CONSIDERED, Change, Changes


def render(changes: Changes) -> str:
    """Return the changes as lines of text, the verdict first."""
    lines = [changes.headline, ""]
    for heading, several in (("gained", changes.gained), ("lost", changes.lost)):
        if several:
            lines += [heading, *(f"  {line}" for change in several for line in _change(change, heading == "lost")), ""]
    undecided = [*([changes.unrendered] if changes.unrendered else []), *map(str, changes.undecided)]
    if undecided:
        lines += ["undecided", *(f"  {each}" for each in undecided), ""]
    if changes.notes:
        lines += ["other changes", *(f"  {note}" for note in changes.notes), ""]
    lines += ["not considered", *(f"  {text}" for text in NOT_CONSIDERED)]
    return "\n".join(visible(line) for line in lines) + "\n"


def _change(change: Change, lost: bool) -> Iterator[str]:
    yield change.lost() if lost else change.gained()
    if change.witness:
        yield f"  e.g. {circumstances.values_text(change.witness)}"
    yield from (f"  {why}" for why in change.reasons(lost))
