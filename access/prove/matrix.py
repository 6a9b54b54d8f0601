"""The matrix: principals x roles x actions, what each cell is to be, and what it came to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ..reading.values import Review

Expected = Literal["ALLOW", "DENY"]
Result = Literal["ALLOW", "DENY", "INCONCLUSIVE"]
"""``DENY`` is AccessDenied and nothing else; whatever is neither that nor an allow decides nothing."""

ASSUME = "assume the role"
"""The action that begins all others in a role."""
ASSUME_ID = "sts:AssumeRole"
"""The last part of the id of a cell about that action."""


@dataclass(frozen=True)
class Principal:
    """Somebody, or something, that tries."""

    name: str
    """In words, unique in the matrix and the same in every run, e.g. ``member of development/Testers, power user``."""
    account_id: str
    groups: tuple[str, ...] = ()
    """The groups of its account that it is in."""


@dataclass(frozen=True)
class ProvedRole:
    """A role that is tried."""

    arn: str
    buckets: tuple[str, ...]
    """The names of its buckets."""

    @property
    def name(self) -> str:
        """Its name, without the path."""
        return self.arn.rpartition("/")[2]

    @property
    def account_id(self) -> str:
        """The account that it belongs to."""
        return self.arn.split(":")[4]


@dataclass(frozen=True)
class Cell:
    """One principal, one role, one action: what is to come of it, and what did."""

    principal: str
    """The principal's name."""
    role: str
    """The role's ARN."""
    action: str
    """In words, the same in every run: :data:`ASSUME`, or e.g. ``write an object of productionapp``."""
    operation: str
    """As policies call it, e.g. ``s3:PutObject``."""
    expected: Expected
    because: str
    """Why that is expected, in words, e.g. ``Testers: deny``."""
    result: Result
    detail: str = ""
    """What AWS said, but for an ALLOW that was expected; nothing secret."""
    id: str = ""
    """What tells it from all others, the same in every run however the rest is worded: role, principal and
    action, e.g. ``999999999999/UpdateApp|development/Testers +power|s3:ListBucket on productionapp/reports/``.
    Proofs of old lack it.
    """
    target: str | None = None
    """The role's bucket that it is about."""

    @property
    def matches(self) -> bool:
        """Whether it came out as it has to."""
        return self.result == self.expected


@dataclass(frozen=True)
class Origin:
    """What a proof is of."""

    stacks: tuple[tuple[str, str], ...]
    """The names of stacks and their accounts; the name is empty for an account without a stack."""
    commit: str = ""
    """Of the repository that the proof was made in; empty outside of one."""
    has_changes: bool = False
    """Whether files that git knows had changes that were not committed."""


@dataclass(frozen=True)
class Proof:
    """A matrix that was settled, cell by cell."""

    started: datetime
    ended: datetime
    """Both in UTC."""
    principals: tuple[Principal, ...]
    roles: tuple[ProvedRole, ...]
    cells: tuple[Cell, ...]
    not_tried: tuple[str, ...]
    """What the proof says nothing about, in words, a line each."""
    unproved: tuple[str, ...] = ()
    """What had to be tried and could not be, in words, a line each."""
    review: Review | None = None
    """What was read of what is deployed, beside what was tried."""
    origin: Origin | None = None

    @property
    def holds(self) -> bool:
        """Whether all that was to be tried and read was, and every cell and every reading is as it has to be."""
        as_read = not self.review or self.review.holds
        tried = bool(self.cells or self.review) and not self.unproved
        return as_read and tried and all(cell.matches for cell in self.cells)
