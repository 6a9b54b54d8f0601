"""The results of a review: each comparison with its differences."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..iam.patterns import Value
from ..known_principals import KnownPrincipal

Kind = Literal["excess", "lack", "undecided"]
"""More access than declared, less, or undecided."""


@dataclass(frozen=True)
class Finding:
    """A difference between what is deployed and what the stacks declare."""

    kind: Kind
    text: str
    """One line, e.g. ``UpdateApp may also do iam:PutRolePolicy on *``."""
    because: tuple[str, ...] = ()
    """The deciding statements, e.g. ``allowed by statement X of inline policy Y``."""
    witness: Mapping[str, Value] = field(default_factory=dict)
    """An example request: the values that matter, by ``action``, ``resource``, ``principal`` or condition key."""


@dataclass(frozen=True)
class Reading:
    """One comparison, e.g. of a role's trust policy."""

    id: str
    """An id that stays the same between runs, e.g. ``999999999999/role/UpdateApp/trust``."""
    account_id: str
    subject: str
    """E.g. ``role UpdateApp``."""
    question: str
    """The question, e.g. ``who may assume it``."""
    findings: tuple[Finding, ...] = ()

    @property
    def holds(self) -> bool:
        """``True`` if no difference was found."""
        return not self.findings


@dataclass(frozen=True)
class Review:
    """All readings of a review."""

    readings: tuple[Reading, ...]
    known: tuple[KnownPrincipal, ...] = ()
    not_read: tuple[str, ...] = ()
    """One line for each part that was not read."""

    @property
    def holds(self) -> bool:
        """``True`` if something was read, and no difference was found."""
        return bool(self.readings) and all(reading.holds for reading in self.readings)
