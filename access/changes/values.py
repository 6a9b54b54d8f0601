"""What has changed between two states: values that the reports show."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..iam.patterns import Value

Kind = Literal["group", "role", "permission set", "user", "account", "others", "rights", "bucket"]
"""Those that gain or lose: grantees, others of an account, all others; a role as it acts; whoever uses a bucket."""

ORDER: tuple[Kind, ...] = ("group", "role", "permission set", "user", "account", "others", "rights", "bucket")
"""Declared grantees come first."""

Verdict = Literal["none", "wider", "narrower", "undecided"]


@dataclass(frozen=True)
class Change:
    """Something that somebody may now do, or no longer."""

    kind: Kind
    who: str
    what: str
    """E.g. ``assume UpdateApp``."""
    circumstances: str = ""
    """E.g. ``without MFA``, where it was possible otherwise before; empty where it was not possible at all."""
    witness: Mapping[str, Value] | None = None
    """What matters in a request that shows it, by ``action``, ``resource``, ``principal`` or condition key."""
    allowed_by: tuple[str, ...] = ()
    """The statements that allow it, in words; of a loss, that allowed it."""
    denied_by: tuple[str, ...] = ()
    """The statements that denied it, in words; of a loss, that deny it."""

    def gained(self) -> str:
        """Return it in words, as a gain."""
        more = f" in more circumstances: {self.circumstances}" if self.circumstances else ""
        return f"{self.who} may now {self.what}{more}"

    def lost(self) -> str:
        """Return it in words, as a loss."""
        if self.circumstances:
            return f"{self.who} may {self.what} in fewer circumstances: no longer {self.circumstances}"
        return f"{self.who} may no longer {self.what}"

    def reasons(self, lost: bool = False) -> list[str]:
        """Return the statements that decide, in words."""
        allow, deny = ("was allowed by", "is denied by") if lost else ("is allowed by", "was denied by")
        return [*(f"{allow} {each}" for each in self.allowed_by), *(f"{deny} {each}" for each in self.denied_by)]


def undecided(key: str, operator: str) -> str:
    """Return in words what can't be decided: a condition, or an element with a variable."""
    if key == operator.lower():
        return f"a variable in {operator} can't be decided"
    return f"{key} with {operator} can't be decided"


@dataclass(frozen=True)
class Open:
    """Something that could not be decided."""

    kind: Kind
    who: str
    what: str
    key: str
    operator: str

    def __str__(self) -> str:
        """Return it in words."""
        return f"whether {self.who} may {self.what}: {undecided(self.key, self.operator)}"


@dataclass(frozen=True)
class Changes:
    """All that has changed."""

    gained: tuple[Change, ...] = ()
    lost: tuple[Change, ...] = ()
    undecided: tuple[Open, ...] = ()
    notes: tuple[str, ...] = ()
    """What has changed besides, and gives nobody a right."""
    code: tuple[str, ...] = ()
    """The changed files that may change what the program itself does."""
    unrendered: str = ""
    """Why the base's program has nothing to say of the state after; empty if it has."""

    @property
    def verdict(self) -> Verdict:
        """What they come to: certain gains count first, then what can't be decided."""
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
        said = {
            "wider": [change.gained() for change in self.gained],
            "narrower": [change.lost() for change in self.lost],
            "undecided": [*([self.unrendered] if self.unrendered else []), *(str(each) for each in self.undecided)],
        }[self.verdict]
        more = f", +{len(said) - 1} more" if len(said) > 1 else ""
        return f"{self.verdict.capitalize()}: {said[0]}{more}"


NOT_CONSIDERED = (
    "service and resource control policies, session policies, and policies that other programs attach",
    "what an unresolved name stands for, such as another project's role or an external id that AWS makes up",
)
"""What the answer does not cover."""
