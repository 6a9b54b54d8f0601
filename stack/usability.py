"""Roles that nobody can use, and grants that their grantees can't use: what keeps them out, and the cure.

The options are those of a role, in the words of its stack's file.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from stack.settings import Grant, Grantee

Options = Mapping[str, Any]


def why_unusable(options: Options, now: datetime) -> str | None:
    """Return why nobody can use a role, and what to do; nothing if somebody can."""
    expires, revoked = options.get("expiresAt"), options.get("revokeSessionsIssuedBefore")
    if expires and datetime.fromisoformat(expires) <= now:
        return f"it expired at {expires}; set expiresAt to a moment to come, or remove it"
    if revoked and datetime.fromisoformat(revoked) > now:
        return (
            f"each session is without rights until {revoked}; set revokeSessionsIssuedBefore to a moment that is past"
        )
    trusted, denied = options.get("trustedPrincipalArns", ()), set(options.get("deniedPrincipalArns", ()))
    if trusted and denied.issuperset(trusted):
        return "deniedPrincipalArns denies all of trustedPrincipalArns; remove one of the two"
    for option in ("requireMfa", "requireSourceIdentity"):
        if options.get(option) and trusted and not any(":user/" in pattern for pattern in trusted):
            return f"trustedPrincipalArns names roles only, and no role can fulfil {option}; name users, or remove it"
    return None


def why_useless(grantee: Grantee, grant: Grant, account: str, options: Options, now: datetime) -> str | None:
    """Return why a grantee of an account can't use a role that it is allowed, and what to do; nothing if it can."""
    if account not in trusted_accounts(options):
        return f"the role does not trust {account}; add the account to the role's trustedAccountIds"
    unusable = why_unusable(options, now)
    if unusable:
        return unusable
    if grantee.kind == "role":
        for option in ("requireMfa", "requireSourceIdentity"):
            if options.get(option):
                return f"a role can't fulfil {option}; grant it to a group, or remove {option} from the role"
    elif options.get("requireSourceIdentity") and "source_identity" not in grant.options:
        return "the role demands a source identity; set sourceIdentity: true where it is allowed"
    if options.get("sessionTags") and "session_tags" not in grant.options:
        return "the role demands session tags; set sessionTags: true where it is allowed"
    # What is known of the grantee's principals: those of a group are users, and a role may have any path.
    names = ["user/"] if grantee.kind == "group" else [f"role/{grantee.name}", f"role/path/{grantee.name}"]
    trusted = _resources(options.get("trustedPrincipalArns", ()), account)
    if options.get("trustedPrincipalArns") and not any(_may_match(name, trusted) for name in names):
        return "it is not among the role's trustedPrincipalArns; add it there"
    denied = _resources(options.get("deniedPrincipalArns", ()), account)
    every = "user/*" if grantee.kind == "group" else "role/*"
    if every in denied or (grantee.kind == "role" and f"role/{grantee.name}" in denied):
        return "it is among the role's deniedPrincipalArns; remove it there"
    return None


def trusted_accounts(options: Options) -> list[str]:
    """Return the accounts that a role trusts."""
    one = options.get("trustedAccountId")
    return [*([one] if one else ()), *options.get("trustedAccountIds", ())]


def _resources(patterns: Iterable[str], account: str) -> list[str]:
    """Return what patterns say of an account's users and roles, e.g. ``role/deploy-*``."""
    parts = [pattern.split(":", 5) for pattern in patterns]
    return [part[5] for part in parts if part[4] in ("*", account)]


def _may_match(name: str, patterns: Sequence[str]) -> bool:
    if name.endswith("/"):
        return any(pattern.startswith(name) for pattern in patterns)
    return any(fnmatchcase(name, pattern.replace("[", "[[]")) for pattern in patterns)
