"""Find roles that nobody can use and grants that their grantees can't use, with the reason and the cure.

Options are a role's options under the keys of its stack's file.
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

_USERS_ONLY = ("requireMfa", "requireSourceIdentity")
"""Options that no role can meet: its session did not begin with MFA, and has no user name.

Sources: IAM User Guide, "Secure API access with MFA" and "IAM policy elements: Variables and tags".
"""


def trusted_accounts(options: Options) -> list[str]:
    """Return the accounts that a role trusts, sorted."""
    one = options.get("trustedAccountId")
    return sorted({*([one] if one else ()), *options.get("trustedAccountIds", ())})


def why_unusable(options: Options, account: str, now: datetime) -> str | None:
    """Return why nobody in a trusted account can use a role, and what to do; ``None`` if somebody can."""
    expires, revoked = options.get("expiresAt"), options.get("revokeSessionsIssuedBefore")
    if expires and datetime.fromisoformat(expires) <= now:
        return f"it expired at {expires}; set expiresAt to a future moment, or remove it"
    if revoked and datetime.fromisoformat(revoked) > now:
        return f"sessions that begin before {revoked} have no rights; set revokeSessionsIssuedBefore to a past moment"
    demand = next((option for option in _USERS_ONLY if options.get(option)), None)
    if _admits_anybody(options, account, demand, denying=True):
        return None
    if _admits_anybody(options, account, demand, denying=False):
        return f"{_set_options(options, 'denied')} deny everybody that it trusts; remove some of them"
    if demand and _admits_anybody(options, account, None, denying=False):
        return f"trustedPrincipalArns names only roles of {account}, and no role can meet {demand}; name users too"
    return f"trustedPrincipalArns names nobody in {account}; name somebody, or stop trusting that account"


def _admits_anybody(options: Options, account: str, demand: str | None, *, denying: bool) -> bool:
    kinds: Sequence[PrincipalKind] = ("user",) if demand else ("user", "role")
    trusted, denied = _patterns(options)
    return any(is_any_admitted(kind, account, trusted, denied if denying else []) for kind in kinds)


def why_useless(grantee: Grantee, grant: Grant, accounts: Sequence[str], options: Options, now: datetime) -> str | None:
    """Return why a grantee can't use a role that it is allowed, and what to do; ``None`` if it can.

    Args:
        grantee: the group, role or permission set.
        grant: the grant that allows the role.
        accounts: the accounts that the grantee may belong to.
        options: the role's options.
        now: the current time.
    """
    account = next((own for own in accounts if own in trusted_accounts(options)), None)
    if account is None:
        return f"the role does not trust {accounts[0]}; correct the role's trustedAccountId"
    unusable = why_unusable(options, account, now)
    if unusable:
        return unusable
    demand = next((option for option in _USERS_ONLY if options.get(option)), None)
    if demand and grantee.kind != "group":
        return f"a role can't meet {demand}; allow a group instead, or remove {demand} from the role"
    if options.get("requireSourceIdentity") and "source_identity" not in grant.options:
        return "the role requires a source identity; set sourceIdentity: true where it is allowed"
    if options.get("sessionTags") and "session_tags" not in grant.options:
        return "the role requires session tags; set sessionTags: true where it is allowed"
    trusted, denied = _patterns(options)
    if not _admits(grantee, account, trusted, []):
        return f"it is not among the role's {_option('trusted', grantee)}; add it there"
    if not _admits(grantee, account, trusted, denied):
        return f"it is among the role's {_set_options(options, 'denied')}; remove it there"
    return None


def _admits(grantee: Grantee, account: str, trusted: Sequence[str], denied: Sequence[str]) -> bool:
    """Return whether patterns admit a role, any role of a permission set, or any user of a group."""
    if grantee.kind == "permission_set":
        return is_permission_set_admitted(grantee.name, account, trusted, denied)
    if grantee.kind == "role":
        return is_any_admitted("role", account, trusted, denied, name=grantee.name)
    # A group may be empty on purpose, and if its members are managed elsewhere, anybody may be a member.
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


def _set_options(options: Options, side: str) -> str:
    """Return the options that list the principals a role trusts, or denies."""
    keys = [key for key in (f"{side}PrincipalArns", f"{side}PermissionSets") if options.get(key)]
    return " and ".join(keys)


def _option(side: str, grantee: Grantee) -> str:
    """Return the option that can list a grantee."""
    return f"{side}{'PermissionSets' if grantee.kind == 'permission_set' else 'PrincipalArns'}"
