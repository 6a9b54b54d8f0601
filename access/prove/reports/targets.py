"""What a role leads to: its buckets, and all else that was tried in it."""

import re
from dataclasses import dataclass, field

from access.prove.matrix import Cell
from access.prove.reports.summary import RoleResults


@dataclass(frozen=True)
class Target:
    """A bucket that the role is about, or all else."""

    name: str
    is_bucket: bool
    actions: dict[str, list[Cell]] = field(default_factory=dict)

    @property
    def cells(self) -> list[Cell]:
        """All that was tried on it."""
        return [cell for cells in self.actions.values() for cell in cells]


def targets(of: RoleResults) -> list[Target]:
    """What the role leads to. Which bucket an action is about stands in what the action is called."""
    buckets = {bucket: Target(bucket, is_bucket=True) for bucket in of.role.buckets}
    all_else = Target("anything else, in any account", is_bucket=False)
    for action, cells in of.actions.items():
        bucket = _bucket_in(action, of.role.buckets)
        (buckets[bucket] if bucket else all_else).actions[action] = list(cells.values())
    return [*buckets.values(), *([all_else] if all_else.actions else [])]


def _bucket_in(action: str, buckets: tuple[str, ...]) -> str | None:
    """The bucket that an action names, but for one whose name only begins as the bucket's does."""
    named = (bucket for bucket in buckets if re.search(rf"(?<![\w.-]){re.escape(bucket)}(?![\w-]|\.\w)", action))
    return None if "begins with" in action else next(named, None)
