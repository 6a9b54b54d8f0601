"""Roles that nobody can use, and grants that their grantees can't use: what keeps them out, and the cure.

The options are those of a role, in the words of its stack's file.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from components.principals import (
    PrincipalKind,
    is_any_admitted,
    is_permission_set_admitted,
    permission_set_patterns,
)
from stack.grants import Grant, Grantee

Options = Mapping[str, Any]

_OF_USERS_ONLY = ("requireMfa", "requireSourceIdentity")
"""Options that no role can fulfil: its session was not begun with MFA, and has no user's name.

Sources: IAM User Guide, "Secure API access with MFA" and "IAM policy elements: Variables and tags".
"""


def trusted_accounts(options: Options) -> list[str]:
    """Return the accounts that a role trusts, sorted."""
    one = options.get("trustedAccountId")
    return sorted({*([one] if one else ()), *options.get("trustedAccountIds", ())})


def why_unusable(options: Options, account: str, now: datetime) -> str | None:
    """Return why nobody of a trusted account can use a role, and what to do; nothing if somebody can."""
    expires, revoked = options.get("expiresAt"), options.get("revokeSessionsIssuedBefore")
    if expires and datetime.fromisoformat(expires) <= now:
        return f"it expired at {expires}; set expiresAt to a moment to come, or remove it"
    if revoked and datetime.fromisoformat(revoked) > now:
        return (
            f"sessions that begin before {revoked} have no rights; set revokeSessionsIssuedBefore to a moment that is"
            " past"
        )
    demand = next((option for option in _OF_USERS_ONLY if options.get(option)), None)
    if _is_any_left_in(options, account, demand, denying=True):
        return None
    if _is_any_left_in(options, account, demand, denying=False):
        return f"{_named(options, 'denied')} denies all that it trusts; take some of them out"
    if demand and _is_any_left_in(options, account, None, denying=False):
        return f"trustedPrincipalArns names only roles of {account}, and no role can fulfil {demand}; name users too"
    return f"trustedPrincipalArns names nobody of {account}; name somebody, or trust that account no more"


def _is_any_left_in(options: Options, account: str, demand: str | None, *, denying: bool) -> bool:
    kinds: Sequence[PrincipalKind] = ("user",) if demand else ("user", "role")
    trusted, denied = _patterns(options)
    return any(is_any_admitted(kind, account, trusted, denied if denying else []) for kind in kinds)


def why_useless(grantee: Grantee, grant: Grant, accounts: Sequence[str], options: Options, now: datetime) -> str | None:
    """Return why a grantee can't use a role that it is allowed, and what to do; nothing if it can.

    Args:
        grantee: the group or role.
        grant: what it is allowed.
        accounts: those that it may be of.
        options: the role's.
        now: the present moment.
    """
    account = next((it for it in accounts if it in trusted_accounts(options)), None)
    if account is None:
        return f"the role does not trust {accounts[0]}; correct the role's trustedAccountId"
    unusable = why_unusable(options, account, now)
    if unusable:
        return unusable
    demand = next((option for option in _OF_USERS_ONLY if options.get(option)), None)
    if demand and grantee.kind != "group":
        return f"a role can't fulfil {demand}; allow it to a group, or remove {demand} from the role"
    if options.get("requireSourceIdentity") and "source_identity" not in grant.options:
        return "the role demands a source identity; set sourceIdentity: true where it is allowed"
    if options.get("sessionTags") and "session_tags" not in grant.options:
        return "the role demands session tags; set sessionTags: true where it is allowed"
    trusted, denied = _patterns(options)
    if not _is_left_in(grantee, account, trusted, []):
        return f"it is not among the role's {_option('trusted', grantee)}; add it there"
    if not _is_left_in(grantee, account, trusted, denied):
        return f"it is among the role's {_named(options, 'denied')}; remove it there"
    return None


def _is_left_in(grantee: Grantee, account: str, trusted: Sequence[str], denied: Sequence[str]) -> bool:
    """Return whether patterns leave in a role, any role of a permission set, or any user of a group."""
    if grantee.kind == "permission_set":
        return is_permission_set_admitted(grantee.name, account, trusted, denied)
    if grantee.kind == "role":
        return is_any_admitted("role", account, trusted, denied, name=grantee.name)
    # Nobody in it is a wish, and with members that are looked after elsewhere anybody may be in it.
    users = grantee.members or (None,)
    return any(is_any_admitted("user", account, trusted, denied, name=user) for user in users)


def _patterns(options: Options) -> tuple[list[str], list[str]]:
    trusted, denied = (
        [
            *options.get(f"{side}PrincipalArns", []),
            *permission_set_patterns("aws", trusted_accounts(options), options.get(f"{side}PermissionSets", [])),
        ]
        for side in ("trusted", "denied")
    )
    return trusted, denied


def _named(options: Options, side: str) -> str:
    """Return the options by which a role names those that it trusts, or denies."""
    keys = [key for key in (f"{side}PrincipalArns", f"{side}PermissionSets") if options.get(key)]
    return " and ".join(keys)


def _option(side: str, grantee: Grantee) -> str:
    """Return the option by which a role names a grantee."""
    return f"{side}{'PermissionSets' if grantee.kind == 'permission_set' else 'PrincipalArns'}"
