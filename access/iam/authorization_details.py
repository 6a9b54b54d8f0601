"""The users, groups and roles of an account, as IAM tells of them."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from access.arn import name_of
from access.iam.documents import Statement, parse
from access.iam.principals import Directory, Group, Policy, Principal

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

_AT_ONCE = 8
_LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")


def read_directory(iam: "IAMClient", account_id: str) -> Directory:
    """All users, groups and roles of an account, with their policies.

    Source: IAM API Reference, "GetAccountAuthorizationDetails". The managed policies of AWS itself are read one by one,
    those that somebody has.

    Args:
        iam: of the account's administrator, or of somebody else who may read.
        account_id: the account.

    Raises:
        botocore.exceptions.ClientError: they can't be read.
    """
    paginator: Any = iam.get_paginator("get_account_authorization_details")
    pages = list(paginator.paginate(Filter=["User", "Role", "Group", "LocalManagedPolicy"]))
    found = {name: [detail for page in pages for detail in page.get(name, [])] for name in _LISTS}
    managed = {policy["Arn"]: _default_version(policy) for policy in found["Policies"]}
    details = [detail for name in _LISTS[:3] for detail in found[name]]
    managed |= _read_policies(iam, {arn for detail in details for arn in _managed(detail)} - managed.keys())
    groups = tuple(
        Group(it["GroupName"], it["Arn"], _policies(it, "GroupPolicyList", managed)) for it in found["GroupDetailList"]
    )
    by_name = {group.name: group for group in groups}
    users = [
        _principal(it, "UserPolicyList", managed, [by_name[name] for name in it.get("GroupList", [])])
        for it in found["UserDetailList"]
    ]
    roles = [_principal(it, "RolePolicyList", managed, []) for it in found["RoleDetailList"]]
    return Directory(account_id, tuple(sorted([*users, *roles], key=lambda principal: principal.arn)), groups)


def _principal(
    detail: Mapping[str, Any], inline: str, managed: Mapping[str, tuple[Statement, ...]], groups: Sequence[Group]
) -> Principal:
    arn, boundary = detail["Arn"], detail.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return Principal(
        arn=arn,
        policies=(*_policies(detail, inline, managed), *(policy for group in groups for policy in group.policies)),
        groups=tuple(groups),
        boundary=Policy(name_of(boundary), arn, managed[boundary], boundary) if boundary else None,
        trust=parse(detail.get("AssumeRolePolicyDocument", {})),
    )


def _policies(
    detail: Mapping[str, Any], inline: str, managed: Mapping[str, tuple[Statement, ...]]
) -> tuple[Policy, ...]:
    holder = detail["Arn"]
    return (
        *(Policy(it["PolicyName"], holder, parse(it["PolicyDocument"])) for it in detail.get(inline, [])),
        *(
            Policy(it["PolicyName"], holder, managed[it["PolicyArn"]], it["PolicyArn"])
            for it in detail.get("AttachedManagedPolicies", [])
        ),
    )


def _managed(detail: Mapping[str, Any]) -> list[str]:
    """The ARNs of the managed policies that a user, group or role has."""
    boundary = detail.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return [it["PolicyArn"] for it in detail.get("AttachedManagedPolicies", [])] + ([boundary] if boundary else [])


def _default_version(policy: Mapping[str, Any]) -> tuple[Statement, ...]:
    return next(parse(it["Document"]) for it in policy["PolicyVersionList"] if it["IsDefaultVersion"])


def _read_policies(iam: "IAMClient", arns: Iterable[str]) -> dict[str, tuple[Statement, ...]]:
    def read(arn: str) -> tuple[Statement, ...]:
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        document: Any = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        return parse(document)

    wanted = sorted(arns)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(wanted, pool.map(read, wanted), strict=True))
