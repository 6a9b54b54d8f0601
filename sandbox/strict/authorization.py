"""Complete MiniStack's authorization of calls, which ignores paths, boundaries, tags and other accounts.

Sources: Service Authorization Reference, "Actions, resources, and condition keys" of "AWS Identity and Access
Management", "AWS Security Token Service" and "Amazon S3".
"""

import uuid
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

import ministack.app as ministack
from ministack.core import iam_actions, iam_evaluator
from ministack.core.iam_actions import _query_param
from ministack.core.responses import get_account_id
from ministack.services import iam, s3, sts

from sandbox.strict import conditions, mfa, resource_policies, trust
from sandbox.strict.journal import only_reads
from sandbox.strict.propagation import Propagation

_Params = Mapping[str, list[str]]

_ON_GROUPS = ("AddUserToGroup", "RemoveUserFromGroup")
_STORES = (("GroupName", "group", iam._groups), ("RoleName", "role", iam._roles), ("UserName", "user", iam._users))
_TAGGING = {
    "iam:CreatePolicy": "iam:TagPolicy",
    "iam:CreateRole": "iam:TagRole",
    "iam:CreateUser": "iam:TagUser",
}
"""The action that a call with tags needs besides its own (IAM User Guide, "Tags for IAM resources")."""

_ALL = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_OF_ROOT = ("s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy")
"""The actions that bucket policies can't deny to the account's root user (S3 API Reference, these three)."""


@dataclass(frozen=True)
class _Check:
    """A right that policies were asked for. The last one asked for is the one that was denied."""

    action: str
    resource: str


_last_check: ContextVar[_Check] = ContextVar("last_check")
_allowed_buckets: ContextVar[frozenset[str]] = ContextVar("allowed_buckets")


def install(propagation: Propagation) -> None:
    """Replace MiniStack's functions with the completed ones."""
    conditions.install()
    resource_policies.install()
    trust.install()
    mfa.install()
    iam_actions.extract_resource_arn = _with_path(iam_actions.extract_resource_arn)
    iam_actions.request_tag_context = _with_more_keys(iam_actions.request_tag_context)
    iam_actions.access_denied_response = _with_aws_message(iam_actions.access_denied_response)
    iam_actions._s3_action = _with_whole_key(iam_actions._s3_action)
    iam_actions.s3_additional_checks = _with_object_arns(iam_actions.s3_additional_checks)
    iam_evaluator.resolve_principal = _with_root(iam_evaluator.resolve_principal)
    iam_evaluator.enforce = _for_all_rights(iam_evaluator.enforce, propagation)
    s3.bucket_policy_for_arn = _with_exceptions(s3.bucket_policy_for_arn)
    s3._foreign_bucket_allows = _decided_by_policies(s3._foreign_bucket_allows)


def begin() -> None:
    """Reset the state of the previous request."""
    _allowed_buckets.set(frozenset())


def refusal_of_missing(bucket: str, key: str, headers: Mapping[str, str], query: _Params) -> Any:  # noqa: ANN401
    """Return the refusal of a missing key for a caller who may not list it; nothing for one who may.

    Sources: S3 API Reference, "GetObject" and "HeadObject", permissions. The key counts as ``s3:prefix``, by the change
    ceph/ceph#68577.
    """
    arn = f"arn:aws:s3:::{bucket}"
    denied = iam_evaluator.enforce(
        ministack.extract_access_key_id(headers, query),
        "s3:ListBucket",
        "s3",
        "",
        resource_arn=arn,
        service_context={"s3:prefix": key},
    )
    if not denied:
        return None
    return iam_actions.access_denied_response(
        "s3",
        "s3:ListBucket",
        denied.principal_arn,
        str(uuid.uuid4()),
        headers=headers,
        explicit_deny=denied.decision == "Deny",
        resource_policy_arn=denied.resource_policy_arn,
    )


def _with_path(extract: Callable[..., str]) -> Callable[..., str]:
    """Add the paths of users, roles, groups and policies to their ARNs, and the whole key to an object's."""

    def extract_resource_arn(
        service: str,
        method: str,
        path: str,
        headers: object,
        body: bytes,
        params: _Params,
        region: str,
        account_id: str,
    ) -> str:
        found = extract(service, method, path, headers, body, params, region, account_id)
        if service == "s3" and _key(path):
            return _object_arn(path)
        if service != "iam":
            return found
        action, given_path = _query_param(params, "Action"), _query_param(params, "Path") or "/"
        if action == "CreatePolicy":
            return f"arn:aws:iam::{account_id}:policy{given_path}{_query_param(params, 'PolicyName')}"
        for parameter, kind, store in _STORES:
            name = _query_param(params, parameter)
            if name and (kind == "group" or action not in _ON_GROUPS):
                known = store.get(name)
                return str(known["Arn"]) if known else f"arn:aws:iam::{account_id}:{kind}{given_path}{name}"
        return found

    return extract_resource_arn


def _with_more_keys(context_of: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Add the condition keys of boundaries, attached policies, resource tags and requests for sessions."""

    def request_tag_context(service: str, action: str, body: bytes, params: _Params) -> dict[str, Any]:
        context = context_of(service, action, body, params)
        if service == "sts":
            return context | trust.request_keys(params) | mfa.request_keys()
        return context | _iam_keys(params) if service == "iam" else context

    return request_tag_context


def _iam_keys(params: _Params) -> dict[str, Any]:
    user, role = iam._users.get(_query_param(params, "UserName")), iam._roles.get(_query_param(params, "RoleName"))
    entity = user or role or {}
    keys = {
        "iam:PermissionsBoundary": _query_param(params, "PermissionsBoundary") or entity.get("PermissionsBoundary"),
        "iam:PolicyARN": _query_param(params, "PolicyArn"),
    }
    tags = [(kind, tag) for tag in entity.get("Tags") or [] for kind in ("aws", "iam")]
    keys |= {f"{kind}:ResourceTag/{tag['Key']}": tag["Value"] for kind, tag in tags}
    return {key: value for key, value in keys.items() if value}


def _for_all_rights(enforce: Callable[..., object], propagation: Propagation) -> Callable[..., object]:
    """Check all rights that a call needs, and record the one that is missing."""

    def enforce_all(
        access_key: str,
        action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: Mapping[str, Any] | None = None,
    ) -> object:
        context = service_context or {}
        for right in _rights(action, context, access_key):
            _last_check.set(_Check(right, resource_arn))
            with only_reads(), propagation.seen_by(service):
                denied = enforce(access_key, right, service, region, resource_arn=resource_arn, service_context=context)
            if denied and not _is_reserved_for_root(access_key, right, resource_arn):
                return denied
        if service == "s3":
            _allowed_buckets.set(_allowed_buckets.get() | {_bucket(resource_arn)})
        return None

    return enforce_all


def _rights(action: str, context: Mapping[str, Any], access_key: str) -> list[str]:
    if action == trust.ASSUME_ROLE:
        return trust.rights(context, sts._sessions.get(access_key) or {})
    tags = any(key.lower().startswith("aws:requesttag/") for key in context)
    return [action, *([_TAGGING[action]] if tags and action in _TAGGING else [])]


def _is_reserved_for_root(access_key: str, action: str, resource_arn: str) -> bool:
    owner = s3._bucket_owner_account(_bucket(resource_arn)) if action in _OF_ROOT else None
    return owner is not None and access_key == owner


def _with_root(resolve: Callable[..., Any]) -> Callable[..., Any]:
    """Apply resource policies to root too: root may do everything in its account that they do not deny."""

    def resolve_principal(*arguments: object, **named: object) -> Any:  # noqa: ANN401 (MiniStack's principal)
        principal = resolve(*arguments, **named)
        if getattr(principal, "type", "") != "Root":
            return principal
        return replace(principal, policies=[iam_evaluator.parse_policy_document(_ALL)])

    return resolve_principal


def _with_exceptions(policy_of: Callable[[str], object]) -> Callable[[str], object]:
    """Leave to MiniStack what no bucket policy decides: creating a bucket, and ACLs for another account."""

    def bucket_policy_for_arn(arn: str) -> object:
        if _last_check.get().action == "s3:CreateBucket":
            return None
        owner = s3._bucket_owner_account(_bucket(arn))
        return None if owner != get_account_id() and not _acls_disabled(_bucket(arn)) else policy_of(arn)

    return bucket_policy_for_arn


def _decided_by_policies(allows: Callable[..., bool]) -> Callable[..., bool]:
    """Let policies decide on other accounts' access, instead of MiniStack's check of the account."""

    def foreign_bucket_allows(owner: str, bucket: str, *arguments: object, **named: object) -> bool:
        if _acls_disabled(bucket):
            return bucket in _allowed_buckets.get()
        return allows(owner, bucket, *arguments, **named)

    return foreign_bucket_allows


def _acls_disabled(bucket: str) -> bool:
    owner = s3._bucket_owner_account(bucket)
    return owner is not None and bool(s3._bucket_owner_enforced(s3._buckets.get_scoped(owner, None, bucket)))


def _with_aws_message(respond: Callable[..., object]) -> Callable[..., object]:
    """Name the missing right and the resource, as AWS does.

    Source: IAM User Guide, "Troubleshoot access denied error messages".
    """

    def access_denied_response(
        service: str,
        action: str,
        principal_arn: str,
        request_id: str,
        **named: Any,  # noqa: ANN401
    ) -> object:
        if not named.get("error_code") and not named.get("message") and service in ("iam", "s3", "sts"):
            check = _last_check.get()
            resource = f'"{check.resource}"' if service == "s3" else check.resource
            message = f"User: {principal_arn} is not authorized to perform: {check.action} on resource: {resource}"
            named["message"] = f"{message}{_reason(check, principal_arn, **named)}"
        return respond(service, action, principal_arn, request_id, **named)

    return access_denied_response


def _reason(check: _Check, principal_arn: str, **named: Any) -> str:  # noqa: ANN401 (MiniStack's)
    if named.get("explicit_deny"):
        kind = "a resource-based" if named.get("resource_policy_arn") else "an identity-based"
        return f" with an explicit deny in {kind} policy"
    if check.action.startswith("sts:") and check.resource.split(":")[4:5] != principal_arn.split(":")[4:5]:
        return ""  # across accounts, AWS does not name the policy that does not allow it
    return f" because no identity-based policy allows the {check.action} action"


def _with_whole_key(action_of: Callable[..., str | None]) -> Callable[..., str | None]:
    """Distinguish objects whose keys are only slashes from their buckets."""

    def s3_action(method: str, path: str, query: Mapping[str, Any]) -> str | None:
        return action_of(method, f"/{_bucket_in(path)}/key" if _key(path) else path, query)

    return s3_action


def _with_object_arns(checks_of: Callable[..., list[tuple[str, str]]]) -> Callable[..., list[tuple[str, str]]]:
    def s3_additional_checks(method: str, path: str, *arguments: object) -> list[tuple[str, str]]:
        checks = checks_of(method, path, *arguments)
        shortened = f"arn:aws:s3:::{'/'.join(part for part in path.split('/') if part)}"
        return [(action, _object_arn(path) if _key(path) and arn == shortened else arn) for action, arn in checks]

    return s3_additional_checks


def _bucket_in(path: str) -> str:
    return path.lstrip("/").partition("/")[0]


def _key(path: str) -> str:
    return path.lstrip("/").partition("/")[2]


def _object_arn(path: str) -> str:
    return f"arn:aws:s3:::{_bucket_in(path)}/{_key(path)}"


def _bucket(arn: str) -> str:
    return arn.removeprefix("arn:aws:s3:::").partition("/")[0]
