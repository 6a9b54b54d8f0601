"""Principals that a stack's file names as exceptions, such as administrators."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .iam.patterns import match
from .iam.verdicts import YES


@dataclass(frozen=True)
class KnownPrincipal:
    """Users or roles whose access is intended, and the reason."""

    pattern: str
    """The pattern of the principals' ARNs."""
    reason: str
    until: str | None = None
    """The moment, in UTC, at which the exception ends."""
    matched: tuple[str, ...] = ()
    """The ARNs of the principals that would otherwise have been findings, sorted."""

    def is_about(self, arn: str, now: datetime) -> bool:
        """Return whether the exception covers a principal at a moment."""
        if self.until and datetime.fromisoformat(self.until) <= now:
            return False
        return match(self.pattern, arn, {}, variables=False) == YES


def parse(entries: Iterable[Mapping[str, Any]]) -> tuple[KnownPrincipal, ...]:
    """Return the exceptions of a stack's output ``knownPrincipals``."""
    return tuple(KnownPrincipal(entry["principal"], entry["reason"], entry.get("until")) for entry in entries)
