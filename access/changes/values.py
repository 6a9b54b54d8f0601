"""The changes between two states, as the reports show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..iam.patterns import Value

Kind = Literal["group", "role", "permission set", "user", "account", "others", "rights", "bucket"]
"""The subjects of a change: grantees, others in an account, everybody else; a role's rights; a bucket's users."""

ORDER: tuple[Kind, ...] = ("group", "role", "permission set", "user", "account", "others", "rights", "bucket")
"""The order of the reports: declared grantees first."""

Verdict = Literal["none", "wider", "narrower", "undecided"]


@dataclass(frozen=True)
class Change:
    """Access that somebody has gained or lost."""

    kind: Kind
    who: str
    what: str
    """The access, e.g. ``assume UpdateApp``."""
    circumstances: str = ""
    """The new circumstances, e.g. ``without MFA``; empty if the access was not possible at all before."""
    witness: Mapping[str, Value] | None = None
    """The relevant values of a request as proof, by ``action``, ``resource``, ``principal`` or condition key."""
    allowed_by: tuple[str, ...] = ()
    """The names of the statements that allow the access, or allowed it in the case of a loss."""
    denied_by: tuple[str, ...] = ()
    """The names of the statements that denied the access, or deny it in the case of a loss."""

    def gained(self) -> str:
        """Return the change as a gain, in words."""
        more = f" in more circumstances: {self.circumstances}" if self.circumstances else ""
        return f"{self.who} may now {self.what}{more}"

    def lost(self) -> str:
        """Return the change as a loss, in words."""
        if self.circumstances:
            return f"{self.who} may {self.what} in fewer circumstances: no longer {self.circumstances}"
        return f"{self.who} may no longer {self.what}"

    def reasons(self, lost: bool = False) -> list[str]:
        """Return the deciding statements, in words."""
        allow, deny = ("was allowed by", "is denied by") if lost else ("is allowed by", "was denied by")
        return [*(f"{allow} {each}" for each in self.allowed_by), *(f"{deny} {each}" for each in self.denied_by)]


def undecided(key: str, operator: str) -> str:
    """Return a sentence about an undecidable condition, or an undecidable element with a variable."""
    if key == operator.lower():
        return f"a variable in {operator} can't be decided"
    return f"{key} with {operator} can't be decided"


@dataclass(frozen=True)
class Open:
    """A question that could not be decided."""

    kind: Kind
    who: str
    what: str
    key: str
    operator: str

    def __str__(self) -> str:
        """Return the question in words."""
        return f"whether {self.who} may {self.what}: {undecided(self.key, self.operator)}"


@dataclass(frozen=True)
class Changes:
    """All changes between two states."""

    gained: tuple[Change, ...] = ()
    lost: tuple[Change, ...] = ()
    undecided: tuple[Open, ...] = ()
    notes: tuple[str, ...] = ()
    """Other changes, which give nobody a right."""
    code: tuple[str, ...] = ()
    """The changed files that may change the program's behaviour."""
    unrendered: str = ""
    """The reason why the base's program can't render the later state; empty if it can."""

    @property
    def verdict(self) -> Verdict:
        """The verdict: certain gains count first, then undecided questions."""
        if self.gained:
            return "wider"
        if self.undecided or self.unrendered:
            return "undecided"
        return "narrower" if self.lost else "none"

    @property
    def headline(self) -> str:
        """The verdict in one line."""
        return self._headline + ("; the program itself changed" if self.code else "")

    @property
    def _headline(self) -> str:
        if self.verdict == "none":
            return "No access changes"
        lines = {
            "wider": [change.gained() for change in self.gained],
            "narrower": [change.lost() for change in self.lost],
            "undecided": [*([self.unrendered] if self.unrendered else []), *(str(each) for each in self.undecided)],
        }[self.verdict]
        more = f", +{len(lines) - 1} more" if len(lines) > 1 else ""
        return f"{self.verdict.capitalize()}: {lines[0]}{more}"


NOT_CONSIDERED = (
    "service and resource control policies, session policies, and policies that other programs attach",
    "the values of unresolved names, such as another project's role or an external id that AWS generates",
)
"""The limits of the answer."""
