"""Completes what MiniStack asks of policies about calls to IAM: it leaves paths, boundaries and tags out.

Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Identity and Access
Management".
"""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.iam_actions import _query_param
from ministack.services import iam

_Params = Mapping[str, list[str]]

_ON_GROUPS = ("AddUserToGroup", "RemoveUserFromGroup")
_STORES = (("GroupName", "group", iam._groups), ("RoleName", "role", iam._roles), ("UserName", "user", iam._users))
_TAGGING = {
    "iam:CreatePolicy": "iam:TagPolicy",
    "iam:CreateRole": "iam:TagRole",
    "iam:CreateUser": "iam:TagUser",
}
"""What a call that gives tags has to be allowed beside its own action (IAM User Guide, "Tags for IAM resources")."""


def install() -> None:
    """Put the completed functions in the place of MiniStack's."""
    iam_actions.extract_resource_arn = _with_path(iam_actions.extract_resource_arn)
    iam_actions.request_tag_context = _with_boundary(iam_actions.request_tag_context)
    iam_evaluator.enforce = _with_tagging(iam_evaluator.enforce)


def _with_path(extract: Callable[..., str]) -> Callable[..., str]:
    """Name users, roles, groups and policies with their paths."""

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


def _with_boundary(context_of: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Tell policies which permissions boundary a call is about: the one that it gives, or the one that is there."""

    def request_tag_context(service: str, action: str, body: bytes, params: _Params) -> dict[str, Any]:
        context = context_of(service, action, body, params)
        if service != "iam":
            return context
        user, role = iam._users.get(_query_param(params, "UserName")), iam._roles.get(_query_param(params, "RoleName"))
        boundary = _query_param(params, "PermissionsBoundary") or _boundary_of(user or role)
        return {**context, "iam:PermissionsBoundary": boundary} if boundary else context

    return request_tag_context


def _with_tagging(enforce: Callable[..., object]) -> Callable[..., object]:
    """Ask for the right to tag too where a call gives tags."""

    def enforce_all(access_key: str, action: str, *arguments: object, **named: Mapping[str, object]) -> object:
        tags = any(key.lower().startswith("aws:requesttag/") for key in named.get("service_context") or {})
        actions = [action, *([_TAGGING[action]] if tags and action in _TAGGING else [])]
        return next(filter(None, (enforce(access_key, one, *arguments, **named) for one in actions)), None)

    return enforce_all


def _boundary_of(entity: Mapping[str, Any] | None) -> str:
    boundary = (entity or {}).get("PermissionsBoundary") or ""
    return str(boundary.get("PermissionsBoundaryArn", "")) if isinstance(boundary, dict) else str(boundary)
