"""A target role, and the steps of a path to it."""

from dataclasses import dataclass, replace

from ..iam.documents import Statement
from ..iam.principals import Principal
from ..iam.rights import Call


@dataclass(frozen=True)
class TargetRole:
    """The role that paths lead to."""

    arn: str
    trust: tuple[Statement, ...]
    """The deployed trust policy."""


@dataclass(frozen=True)
class Step:
    """One step of a path."""

    actor: str
    """The ARN of the acting principal."""
    calls: tuple[Call, ...]
    """The calls, all of them needed."""
    then: str
    """The ARN of the principal it acts as afterwards."""


@dataclass(frozen=True)
class Path:
    """A sequence of steps."""

    start: Principal
    """The starting principal, as changed by the steps."""
    end: Principal
    """The principal it acts as at the end."""
    steps: tuple[Step, ...] = ()
    changes: int = 0
    """The number of steps that change a policy or a group's members."""

    @property
    def effort(self) -> int:
        """The number of calls."""
        return sum(len(step.calls) for step in self.steps)

    def extended_by(self, other: Principal, calls: tuple[Call, ...]) -> "Path":
        """Return the path with one more step, which acts as another principal."""
        return replace(self, end=other, steps=(*self.steps, Step(self.end.arn, calls, other.arn)))
