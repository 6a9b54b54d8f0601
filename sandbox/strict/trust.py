"""Make AssumeRole check, as AWS does, the caller's policies and the role's trust policy for each right it needs.

Sources: IAM User Guide, "Granting a user permissions to switch roles", "Passing session tags in AWS STS", "Monitor and
control actions taken with assumed roles" and "IAM and AWS STS condition context keys"; STS API Reference, "AssumeRole".
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import iam, sts

_Params = Mapping[str, list[str]]
_Keys = dict[str, Any]

ASSUME_ROLE = "sts:AssumeRole"

_new_session: ContextVar[_Keys] = ContextVar("new_session")
"""The fields of the new session besides MiniStack's."""


def install() -> None:
    """Replace MiniStack's functions with the completed ones."""
    sts.trust_policy_for_arn = _trust_policy
    iam_evaluator._RESOURCE_POLICY_LOOKUPS["sts"] = ("sts", "trust_policy_for_arn")
    iam_evaluator._POLICY_REQUIRED |= {"sts"}
    iam_evaluator.evaluate_trust_policy = _decided_before(iam_evaluator.evaluate_trust_policy)
    iam_evaluator._principal_keys = _with_session(iam_evaluator._principal_keys)
    sts.register_session = _with_more(sts.register_session)


def begin(more: _Keys) -> None:
    """Record the fields of the session that this request creates, besides MiniStack's."""
    _new_session.set(more)


def request_keys(parameters: _Params) -> _Keys:
    """Return the condition keys of a request for a session, except those of its tags."""
    names = {"ExternalId": "sts:ExternalId", "RoleSessionName": "sts:RoleSessionName"}
    names |= {"SourceIdentity": "sts:SourceIdentity"}
    keys: _Keys = {key: parameters[name][0] for name, key in names.items() if name in parameters}
    transitive = members(parameters, "TransitiveTagKeys")
    if transitive:
        keys["sts:TransitiveTagKeys"] = transitive
    role = role_at(parameters.get("RoleArn", [""])[0])
    return keys | {f"{kind}:ResourceTag/{tag['Key']}": tag["Value"] for tag in _tags(role) for kind in ("aws", "iam")}


def rights(context: Mapping[str, object], caller: Mapping[str, Any]) -> list[str]:
    """Return the rights that AssumeRole needs in a request with this context, from a caller with this session.

    A source identity is inherited, so a session that has one needs the right for each role that it assumes.
    """
    tags = any(key.lower().startswith("aws:requesttag/") for key in context)
    source_identity = "sts:SourceIdentity" in context or "SourceIdentity" in caller
    return [
        ASSUME_ROLE,
        *(["sts:TagSession"] if tags else []),
        *(["sts:SetSourceIdentity"] if source_identity else []),
    ]


def members(parameters: _Params, name: str) -> list[str]:
    """Return a list parameter of the Query protocol."""
    found: list[str] = []
    while values := parameters.get(f"{name}.member.{len(found) + 1}"):
        found.append(values[0])
    return found


def role_at(arn: str) -> Mapping[str, Any] | None:
    """Return the role with exactly this ARN, in any account."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or not parts[5].startswith("role/"):
        return None
    role: Mapping[str, Any] | None = iam._roles.get_scoped(parts[4], None, arn.rpartition("/")[2])
    return role if role and role["Arn"] == arn else None


def _tags(role: Mapping[str, Any] | None) -> list[dict[str, str]]:
    return list((role or {}).get("Tags") or [])


def _trust_policy(arn: str) -> tuple[str, str] | None:
    """Return a role's trust policy and account. A role that doesn't exist trusts nobody."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or not parts[5].startswith("role/"):
        return None
    role = role_at(arn)
    return (str(role["AssumeRolePolicyDocument"]) if role else "{}"), parts[4]


def _decided_before(evaluate: Callable[..., bool]) -> Callable[..., bool]:
    """Skip the trust policy in AssumeRole's handler: it is checked earlier, together with the caller's policies."""

    def evaluate_trust_policy(document: object, caller: str, context: Any = None) -> bool:  # noqa: ANN401
        if context is not None and context.action in (ASSUME_ROLE, "sts:TagSession"):
            return True
        return evaluate(document, caller, context)

    return evaluate_trust_policy


def _with_session(principal_keys: Callable[..., _Keys]) -> Callable[..., _Keys]:
    """Add the condition key of a session's source identity."""

    def keys(credential: Any) -> _Keys:  # noqa: ANN401 (MiniStack's credential)
        session = sts._sessions.get(credential.access_key_id) or {}
        source_identity = session.get("SourceIdentity")
        return principal_keys(credential) | ({"aws:sourceidentity": source_identity} if source_identity else {})

    return keys


def _with_more(register: Callable[..., None]) -> Callable[..., None]:
    def register_session(access_key: str, session: _Keys) -> None:
        more = dict(_new_session.get({}))
        tags = {
            tag["Key"].lower(): tag for tag in [*(session.get("SessionTags") or []), *more.pop("InheritedTags", [])]
        }
        register(access_key, session | more | ({"SessionTags": list(tags.values())} if tags else {}))

    return register_session
