"""STS's refusals that MiniStack lacks. Each function is a rule, with AWS's codes and messages."""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from ministack.services import sts

from sandbox.strict import trust
from sandbox.strict.refusal import Refusal

_CHAINED_SECONDS = 3600
_DEFAULT_SECONDS = 3600

_caller: ContextVar[Mapping[str, Any] | None] = ContextVar("caller")
"""The session that signed the request, if any."""


def begin(access_key_id: str) -> None:
    """Record the session that signed the request."""
    _caller.set(sts._sessions.get(access_key_id))


def by_root(parameters: Mapping[str, str], access_key_id: str) -> Refusal | None:
    """Refuse to let the root user assume a role.

    Source: IAM User Guide, "Methods to assume a role": "you can't assume a role as the root user".
    """
    root = access_key_id.isdecimal() or ((sts._sessions.get(access_key_id) or {}).get("PrincipalType") == "Root")
    if parameters.get("Action") != "AssumeRole" or not root:
        return None
    return Refusal(403, "AccessDenied", "Roles may not be assumed by root accounts.")


def chained_for_long(parameters: Mapping[str, str]) -> Refusal | None:
    """Refuse more than an hour to a caller with a session, of a role or of GetSessionToken.

    Source: STS API Reference, "AssumeRole", DurationSeconds: role chaining.
    """
    if not _caller.get() or _seconds(parameters) <= _CHAINED_SECONDS:
        return None
    return Refusal(
        400,
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    )


def longer_than_role_allows(parameters: Mapping[str, str]) -> Refusal | None:
    """Refuse to exceed the role's MaxSessionDuration. Source: STS API Reference, "AssumeRole", DurationSeconds."""
    role = trust.role_at(parameters.get("RoleArn", ""))
    if not role or _seconds(parameters) <= int(role["MaxSessionDuration"]):
        return None
    return Refusal(
        400, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    )


def iam_without_mfa(access_key_id: str) -> Refusal | None:
    """Refuse IAM calls to user sessions without MFA.

    Source: STS API Reference, "GetSessionToken": "You cannot call any IAM API operations unless MFA authentication
    information is included in the request"; "GetFederationToken": the same for all of its sessions.
    """
    session = sts._sessions.get(access_key_id) or {}
    kind = session.get("PrincipalType")
    if kind != "FederatedUser" and (kind not in ("User", "Root") or "MfaTime" in session):
        return None
    return Refusal(403, "InvalidClientTokenId", "The security token included in the request is invalid")


def _seconds(parameters: Mapping[str, str]) -> int:
    return int(parameters.get("DurationSeconds") or _DEFAULT_SECONDS)
