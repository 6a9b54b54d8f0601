"""What a role leads to: its buckets, and all else that was tried in it."""

from dataclasses import dataclass, field

from ..matrix import Cell
from .summary import RoleResults


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
    """Return what the role leads to: its buckets first, with the actions that are about each."""
    buckets = {bucket: Target(bucket, is_bucket=True) for bucket in of.role.buckets}
    all_else = Target("anything else, in any account", is_bucket=False)
    for action, cells in of.actions.items():
        target = next(iter(cells.values())).target
        buckets.get(target or "", all_else).actions[action] = list(cells.values())
    return [*buckets.values(), *([all_else] if all_else.actions else [])]
