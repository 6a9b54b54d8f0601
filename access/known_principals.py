"""Principals that a stack's file names as exceptions, such as administrators."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .iam.patterns import match
from .iam.verdicts import YES


@dataclass(frozen=True)
class KnownPrincipal:
    """Users or roles of an account that may reach what its stack gives, and why."""

    pattern: str
    """Of the principal's ARN."""
    reason: str
    until: str | None = None
    """The moment, in UTC, from which it is an exception no longer."""
    matched: tuple[str, ...] = ()
    """The ARNs of the principals that would have been findings otherwise, sorted."""

    def is_about(self, arn: str, now: datetime) -> bool:
        """Return whether a principal is one of them at a moment."""
        if self.until and datetime.fromisoformat(self.until) <= now:
            return False
        return match(self.pattern, arn, {}, variables=False) == YES


def parse(entries: Iterable[Mapping[str, Any]]) -> tuple[KnownPrincipal, ...]:
    """Return what a stack's output ``knownPrincipals`` says."""
    return tuple(KnownPrincipal(it["principal"], it["reason"], it.get("until")) for it in entries)
