"""Read the users, groups and roles of an account from IAM."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..arn import name_of
from .documents import Condition, Effect, Statement, parse
from .principals import Directory, Group, Policy, PolicyVersion, Principal
from .unread import unread_line

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

_CONCURRENCY = 8
_LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
_RIGHTS = {"GetPolicy": "iam:GetPolicy", "GetPolicyVersion": "iam:GetPolicyVersion"}


@dataclass(frozen=True)
class _Content:
    """The default version of a managed policy."""

    statements: tuple[Statement, ...]
    document: Mapping[str, Any] | None


_ManagedPolicies = Mapping[str, _Content]


def read_directory(iam: "IAMClient", account_id: str) -> Directory:
    """Return all users, groups and roles of an account, with their policies.

    Source: IAM API Reference, "GetAccountAuthorizationDetails". AWS managed policies in use are read one by one. One
    that can't be read counts as a policy that may allow or deny anything.

    Args:
        iam: a client that may read IAM, e.g. an administrator's.
        account_id: the id of the account.

    Raises:
        botocore.exceptions.ClientError: the users, groups and roles can't be read, or AWS fails.
    """
    paginator: Any = iam.get_paginator("get_account_authorization_details")
    pages = list(paginator.paginate(Filter=["User", "Role", "Group", "LocalManagedPolicy"]))
    by_list = {name: [detail for page in pages for detail in page.get(name, [])] for name in _LISTS}
    versions = {policy["Arn"]: tuple(map(_version, policy["PolicyVersionList"])) for policy in by_list["Policies"]}
    details = [detail for name in _LISTS[:3] for detail in by_list[name]]
    from_aws = {arn for detail in details for arn in _managed_policy_arns(detail)} - versions.keys()
    managed, unread = _read_policies(iam, from_aws)
    for arn, of_policy in versions.items():
        managed[arn] = next(_Content(each.statements, each.document) for each in of_policy if each.is_default)
    groups = tuple(
        Group(group["GroupName"], group["Arn"], _policies(group, "GroupPolicyList", managed))
        for group in by_list["GroupDetailList"]
    )
    by_name = {group.name: group for group in groups}
    users = [
        _principal(user, "User", managed, [by_name[name] for name in user.get("GroupList", [])])
        for user in by_list["UserDetailList"]
    ]
    roles = [_principal(role, "Role", managed, []) for role in by_list["RoleDetailList"]]
    principals = tuple(sorted([*users, *roles], key=lambda principal: principal.arn))
    return Directory(account_id, principals, groups, versions, tuple(unread))


def _principal(detail: Mapping[str, Any], kind: str, managed: _ManagedPolicies, groups: Sequence[Group]) -> Principal:
    arn, boundary = detail["Arn"], detail.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    policies = _policies(detail, f"{kind}PolicyList", managed)
    return Principal(
        arn=arn,
        policies=(*policies, *(policy for group in groups for policy in group.policies)),
        groups=tuple(groups),
        boundary=_attached(name_of(boundary), arn, boundary, managed) if boundary else None,
        trust=parse(detail.get("AssumeRolePolicyDocument", {})),
        trust_document=detail.get("AssumeRolePolicyDocument"),
        tags={tag["Key"]: tag["Value"] for tag in detail.get("Tags", [])},
        unique_id=detail.get(f"{kind}Id"),
    )


def _policies(detail: Mapping[str, Any], inline: str, managed: _ManagedPolicies) -> tuple[Policy, ...]:
    holder = detail["Arn"]
    return (
        *(
            Policy(policy["PolicyName"], holder, parse(policy["PolicyDocument"]), document=policy["PolicyDocument"])
            for policy in detail.get(inline, [])
        ),
        *(
            _attached(policy["PolicyName"], holder, policy["PolicyArn"], managed)
            for policy in detail.get("AttachedManagedPolicies", [])
        ),
    )


def _attached(name: str, holder: str, arn: str, managed: _ManagedPolicies) -> Policy:
    return Policy(name, holder, managed[arn].statements, arn, managed[arn].document)


def _managed_policy_arns(detail: Mapping[str, Any]) -> list[str]:
    """Return the ARNs of the managed policies of a user, group or role, its boundary included."""
    boundary = detail.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    attached = [policy["PolicyArn"] for policy in detail.get("AttachedManagedPolicies", [])]
    return [*attached, boundary] if boundary else attached


def _version(version: Mapping[str, Any]) -> PolicyVersion:
    document = version["Document"]
    return PolicyVersion(version["VersionId"], version["IsDefaultVersion"], parse(document), document)


def _read_policies(iam: "IAMClient", arns: Iterable[str]) -> tuple[dict[str, _Content], list[str]]:
    """Return the content of managed policies, and one line for each that can't be read."""

    def read(arn: str) -> tuple[_Content, str | None]:
        try:
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            document: Any = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        except ClientError as error:
            right = _RIGHTS[error.operation_name]
            return _Content(_unknown_statements(arn), None), unread_line(f"policy {name_of(arn)}", error, right)
        return _Content(parse(document), document), None

    ordered = sorted(arns)
    with ThreadPoolExecutor(_CONCURRENCY) as pool:
        contents = dict(zip(ordered, pool.map(read, ordered), strict=True))
    return {arn: content for arn, (content, _) in contents.items()}, [line for _, line in contents.values() if line]


def _unknown_statements(arn: str) -> tuple[Statement, ...]:
    """Return statements that may allow and deny anything, on an undecidable condition."""
    unknown = Condition("", f"the content of policy {name_of(arn)}", ())
    effects: tuple[Effect, ...] = ("Allow", "Deny")
    return tuple(Statement("an unread statement", effect, actions=("*",), conditions=(unknown,)) for effect in effects)
