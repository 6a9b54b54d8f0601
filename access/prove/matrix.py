"""The matrix of principals, roles and actions, with the expected and actual result of each cell."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ..arn import account_of, name_of
from ..reading.values import Review

Expected = Literal["ALLOW", "DENY"]
Result = Literal["ALLOW", "DENY", "INCONCLUSIVE"]
"""``DENY`` is AccessDenied only. Any other error is ``INCONCLUSIVE``."""

ASSUME = "assume the role"
"""The action that precedes all others in a role."""
ASSUME_ID = "sts:AssumeRole"
"""The last part of the id of that action's cell."""


@dataclass(frozen=True)
class Principal:
    """A principal that is tested."""

    name: str
    """A unique name, the same in every run, e.g. ``member of development/Testers, power user``."""
    account_id: str
    groups: tuple[str, ...] = ()
    """Its groups."""


@dataclass(frozen=True)
class ProvedRole:
    """A role that is tested."""

    arn: str
    buckets: tuple[str, ...]
    """The names of its buckets."""

    @property
    def name(self) -> str:
        """The name, without the path."""
        return name_of(self.arn)

    @property
    def account_id(self) -> str:
        """The id of its account."""
        return account_of(self.arn)


@dataclass(frozen=True)
class Cell:
    """One principal, one role, one action: the expected result, and the actual one."""

    principal: str
    """The principal's name."""
    role: str
    """The role's ARN."""
    action: str
    """The action for people, the same in every run: :data:`ASSUME`, or e.g. ``write an object of productionapp``."""
    operation: str
    """The action in policies, e.g. ``s3:PutObject``."""
    expected: Expected
    because: str
    """The reason for the expectation, e.g. ``Testers: deny``."""
    result: Result
    detail: str = ""
    """AWS's answer, without secrets; empty for an expected ALLOW."""
    id: str = ""
    """A unique id of role, principal and action that never changes, unlike the texts, e.g.
    ``999999999999/UpdateApp|development/Testers +power|s3:ListBucket on productionapp/reports/``. Old proofs lack it.
    """
    target: str | None = None
    """The role's bucket that the action is about, if any."""

    @property
    def matches(self) -> bool:
        """``True`` if the result is the expected one."""
        return self.result == self.expected


@dataclass(frozen=True)
class Origin:
    """The stacks and the commit of a proof."""

    stacks: tuple[tuple[str, str], ...]
    """The stacks with their accounts; the name is empty for an account without a stack."""
    commit: str = ""
    """The commit of the repository; empty outside of one."""
    has_changes: bool = False
    """``True`` if tracked files had uncommitted changes."""


@dataclass(frozen=True)
class Proof:
    """A tested matrix, with the review of what is deployed."""

    started: datetime
    ended: datetime
    """The start and the end, in UTC."""
    principals: tuple[Principal, ...]
    roles: tuple[ProvedRole, ...]
    cells: tuple[Cell, ...]
    not_tried: tuple[str, ...]
    """One line for each part that was not tested."""
    unproved: tuple[str, ...] = ()
    """One line for each part that should have been tested and could not be."""
    review: Review | None = None
    """The comparison of what is deployed with what is declared."""
    origin: Origin | None = None

    @property
    def holds(self) -> bool:
        """``True`` if everything was tested and read, and every cell and reading is as expected."""
        as_read = not self.review or self.review.holds
        tried = bool(self.cells or self.review) and not self.unproved
        return as_read and tried and all(cell.matches for cell in self.cells)
