"""Group a role's actions by target: its buckets, and everything else."""

from dataclasses import dataclass, field

from ..matrix import Cell
from .summary import RoleResults


@dataclass(frozen=True)
class Target:
    """A bucket of the role, or everything else, with the tested actions."""

    name: str
    is_bucket: bool
    actions: dict[str, list[Cell]] = field(default_factory=dict)

    @property
    def cells(self) -> list[Cell]:
        """All cells of the target."""
        return [cell for cells in self.actions.values() for cell in cells]


def targets(results: RoleResults) -> list[Target]:
    """Return the role's targets, its buckets first."""
    buckets = {bucket: Target(bucket, is_bucket=True) for bucket in results.role.buckets}
    everything_else = Target("anything else, in any account", is_bucket=False)
    for action, cells in results.actions.items():
        target = next(iter(cells.values())).target
        buckets.get(target or "", everything_else).actions[action] = list(cells.values())
    return [*buckets.values(), *([everything_else] if everything_else.actions else [])]
