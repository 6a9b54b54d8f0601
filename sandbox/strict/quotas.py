"""Enforce the quotas of IAM that MiniStack lacks. Source: IAM User Guide, "IAM and AWS STS quotas"."""

import re
from collections.abc import Callable, Mapping

from ministack.services import iam

from sandbox.strict.refusal import Refusal

_Parameters = Mapping[str, str]
Rule = Callable[[_Parameters], Refusal | None]

_ACCESS_KEYS = 2
_GROUPS = 10
_ATTACHED = 10
_VERSIONS = 5
_MANAGED_POLICY, _TRUST_POLICY = 6144, 2048
_INLINE = {"user": 2048, "group": 5120, "role": 10240}


def access_keys(parameters: _Parameters) -> Refusal | None:
    """Refuse a user's third access key."""
    keys = [key for key in iam._access_keys.values() if key["UserName"] == parameters.get("UserName", "default")]
    return _exceeded("AccessKeysPerUser", _ACCESS_KEYS) if len(keys) >= _ACCESS_KEYS else None


def groups(parameters: _Parameters) -> Refusal | None:
    """Refuse a user's eleventh group."""
    name = parameters.get("UserName", "")
    joined = [group["GroupName"] for group in iam._groups.values() if name in group["Users"]]
    joins = parameters.get("GroupName") not in joined
    return _exceeded("GroupsPerUser", _GROUPS) if joins and len(joined) >= _GROUPS else None


def attached(kind: str) -> Rule:
    """Return the rule that refuses the eleventh managed policy of a user, group or role."""

    def rule(parameters: _Parameters) -> Refusal | None:
        store = {"user": iam._users, "group": iam._groups, "role": iam._roles}[kind]
        entity = store.get(parameters.get(f"{kind.title()}Name", "")) or {}
        arns = entity.get("AttachedPolicies", [])
        attaches = parameters.get("PolicyArn") not in arns
        return _exceeded(f"PoliciesPer{kind.title()}", _ATTACHED) if attaches and len(arns) >= _ATTACHED else None

    return rule


def inline(kind: str) -> Rule:
    """Return the rule that refuses inline policies of a user, group or role above their total size."""

    def rule(parameters: _Parameters) -> Refusal | None:
        name = parameters.get(f"{kind.title()}Name", "")
        stored = {
            "user": iam._user_inline_policies.get(name),
            "group": iam._group_inline_policies.get(name),
            "role": (iam._roles.get(name) or {}).get("InlinePolicies"),
        }[kind]
        documents = {**(stored or {}), parameters.get("PolicyName", ""): parameters.get("PolicyDocument", "")}
        if sum(map(_size, documents.values())) <= _INLINE[kind]:
            return None
        message = f"Maximum policy size of {_INLINE[kind]} bytes exceeded for {kind} {name}"
        return Refusal(409, "LimitExceeded", message)

    return rule


def managed_policy(parameters: _Parameters) -> Refusal | None:
    """Refuse a managed policy above the maximum size."""
    return _exceeded("PolicySize", _MANAGED_POLICY) if _size(parameters["PolicyDocument"]) > _MANAGED_POLICY else None


def trust_policy(parameters: _Parameters) -> Refusal | None:
    """Refuse a trust policy above the default maximum size, which AWS doubles on request."""
    document = parameters.get("AssumeRolePolicyDocument") or parameters.get("PolicyDocument", "")
    return _exceeded("ACLSizePerRole", _TRUST_POLICY) if _size(document) > _TRUST_POLICY else None


def versions(parameters: _Parameters) -> Refusal | None:
    """Refuse a policy's sixth version."""
    policy = iam._policies.get(parameters.get("PolicyArn", "")) or {}
    if len(policy.get("Versions", {})) < _VERSIONS:
        return None
    message = "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing"
    return Refusal(409, "LimitExceeded", f"{message} version.")


def _size(document: str) -> int:
    """Return a document's size without white space."""
    return len(re.sub(r"\s", "", document))


def _exceeded(quota: str, most: int) -> Refusal:
    return Refusal(409, "LimitExceeded", f"Cannot exceed quota for {quota}: {most}")
