"""Prepare a request for a session before policies are checked: the caller, the MFA code, and inherited tags.

Sources: IAM User Guide, "Passing session tags in AWS STS" (chaining) and "Monitor and control actions taken with
assumed roles"; STS API Reference, "AssumeRole".
"""

from collections.abc import Mapping
from typing import Any

from ministack.core.iam_evaluator import find_iam_access_key_account, resolve_credential
from ministack.core.responses import _account_from_sts_session
from ministack.services import sts

from sandbox.strict import mfa, trust
from sandbox.strict.refusal import Refusal

_Params = Mapping[str, list[str]]


def begin(parameters: _Params, access_key_id: str) -> Refusal | None:
    """Record the new session's fields, and return the refusal of a request that no policy could allow."""
    account_id = _account_from_sts_session(access_key_id) or find_iam_access_key_account(access_key_id) or access_key_id
    principal = resolve_credential(access_key_id, account_id)
    action = parameters.get("Action", [""])[0]
    refusal = mfa.begin(parameters, access_key_id, principal)
    caller = sts._sessions.get(access_key_id) or {}
    trust.begin(mfa.session_keys(action) | (_session_fields(parameters, caller) if action == "AssumeRole" else {}))
    return refusal


def _session_fields(parameters: _Params, caller: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that a role's session gets from the request and from the calling session."""
    source_identity = parameters.get("SourceIdentity", [caller.get("SourceIdentity")])[0]
    transitive = list(caller.get("TransitiveTagKeys", []))
    inherited = [tag for tag in caller.get("SessionTags") or [] if tag["Key"].lower() in transitive]
    named = [key.lower() for key in trust.members(parameters, "TransitiveTagKeys")]
    fields = {"SourceIdentity": source_identity, "TransitiveTagKeys": [*transitive, *named], "InheritedTags": inherited}
    return {key: value for key, value in fields.items() if value}
