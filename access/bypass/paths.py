"""A role that is to be got to, and the steps that lead there."""

from dataclasses import dataclass, replace

from ..iam.documents import Statement
from ..iam.principals import Principal
from ..iam.rights import Call


@dataclass(frozen=True)
class TargetRole:
    """The role that is to be got to."""

    arn: str
    trust: tuple[Statement, ...]
    """Its trust policy, as deployed."""


@dataclass(frozen=True)
class Step:
    """One thing that is done to get further."""

    actor: str
    """The ARN of the principal that acts."""
    calls: tuple[Call, ...]
    """All of them are needed."""
    then: str
    """The ARN of the principal that one is afterwards."""


@dataclass(frozen=True)
class Path:
    """Steps, one after the other."""

    start: Principal
    """The principal that sets out, as changed by the steps."""
    end: Principal
    """The principal that one is afterwards."""
    steps: tuple[Step, ...] = ()
    changes: int = 0
    """How many of the steps change a policy or a group's members."""

    @property
    def effort(self) -> int:
        """How many calls it takes."""
        return sum(len(step.calls) for step in self.steps)

    def on_to(self, other: Principal, calls: tuple[Call, ...]) -> "Path":
        """Return the path that goes on by becoming another principal."""
        return replace(self, end=other, steps=(*self.steps, Step(self.end.arn, calls, other.arn)))
