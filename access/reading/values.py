"""The result of a reading: what was compared, and each difference."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..iam.patterns import Value
from ..known_principals import KnownPrincipal

Kind = Literal["excess", "lack", "undecided"]
"""More access than declared, less, or neither for certain."""


@dataclass(frozen=True)
class Finding:
    """A difference between what is deployed and what the stacks declare."""

    kind: Kind
    text: str
    """One line, e.g. ``UpdateApp may also do iam:PutRolePolicy on *``."""
    because: tuple[str, ...] = ()
    """The statements that decide, e.g. ``allowed by statement X of inline policy Y``."""
    witness: Mapping[str, Value] = field(default_factory=dict)
    """A request that shows it: what matters, by ``action``, ``resource``, ``principal`` or condition key."""


@dataclass(frozen=True)
class Reading:
    """One comparison, e.g. of a role's trust policy. It holds if it found no difference."""

    id: str
    """The same in every run, e.g. ``999999999999/role/UpdateApp/trust``."""
    account_id: str
    subject: str
    """E.g. ``role UpdateApp``."""
    what: str
    """What was compared, e.g. ``who may assume it``."""
    findings: tuple[Finding, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether what is deployed is what the stacks declare."""
        return not self.findings


@dataclass(frozen=True)
class Review:
    """Everything that was read."""

    readings: tuple[Reading, ...]
    known: tuple[KnownPrincipal, ...] = ()
    not_read: tuple[str, ...] = ()
    """What the readings say nothing about, in words, a line each."""

    @property
    def holds(self) -> bool:
        """Whether something was read, and all of it is what the stacks declare."""
        return bool(self.readings) and all(reading.holds for reading in self.readings)
