"""The users, groups and roles of an account, as IAM describes them."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..arn import name_of
from .documents import Condition, Effect, Statement, parse
from .principals import Directory, Group, Policy, PolicyVersion, Principal
from .unread import line_of

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

_AT_ONCE = 8
_LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
_RIGHTS = {"GetPolicy": "iam:GetPolicy", "GetPolicyVersion": "iam:GetPolicyVersion"}


@dataclass(frozen=True)
class _Content:
    """The content of a managed policy."""

    statements: tuple[Statement, ...]
    document: Mapping[str, Any] | None


_Managed = Mapping[str, _Content]


def read_directory(iam: "IAMClient", account_id: str) -> Directory:
    """Return all users, groups and roles of an account, with their policies.

    Source: IAM API Reference, "GetAccountAuthorizationDetails". The managed policies of AWS itself are read one by one,
    those that somebody has. One that can't be read stands for anything: whatever it may allow or deny is open.

    Args:
        iam: of the account's administrator, or of somebody else who may read.
        account_id: the account.

    Raises:
        botocore.exceptions.ClientError: the users, groups and roles can't be read, or AWS fails.
    """
    paginator: Any = iam.get_paginator("get_account_authorization_details")
    pages = list(paginator.paginate(Filter=["User", "Role", "Group", "LocalManagedPolicy"]))
    found = {name: [detail for page in pages for detail in page.get(name, [])] for name in _LISTS}
    versions = {policy["Arn"]: tuple(map(_version, policy["PolicyVersionList"])) for policy in found["Policies"]}
    details = [detail for name in _LISTS[:3] for detail in found[name]]
    others = {arn for detail in details for arn in _managed(detail)} - versions.keys()
    managed, unread = _read_policies(iam, others)
    for arn, several in versions.items():
        managed[arn] = next(_Content(it.statements, it.document) for it in several if it.is_default)
    groups = tuple(
        Group(it["GroupName"], it["Arn"], _policies(it, "GroupPolicyList", managed)) for it in found["GroupDetailList"]
    )
    by_name = {group.name: group for group in groups}
    users = [
        _principal(it, "User", managed, [by_name[name] for name in it.get("GroupList", [])])
        for it in found["UserDetailList"]
    ]
    roles = [_principal(it, "Role", managed, []) for it in found["RoleDetailList"]]
    principals = tuple(sorted([*users, *roles], key=lambda principal: principal.arn))
    return Directory(account_id, principals, groups, versions, tuple(unread))


def _principal(detail: Mapping[str, Any], kind: str, managed: _Managed, groups: Sequence[Group]) -> Principal:
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


def _policies(detail: Mapping[str, Any], inline: str, managed: _Managed) -> tuple[Policy, ...]:
    holder = detail["Arn"]
    return (
        *(
            Policy(it["PolicyName"], holder, parse(it["PolicyDocument"]), document=it["PolicyDocument"])
            for it in detail.get(inline, [])
        ),
        *(
            _attached(it["PolicyName"], holder, it["PolicyArn"], managed)
            for it in detail.get("AttachedManagedPolicies", [])
        ),
    )


def _attached(name: str, holder: str, arn: str, managed: _Managed) -> Policy:
    return Policy(name, holder, managed[arn].statements, arn, managed[arn].document)


def _managed(detail: Mapping[str, Any]) -> list[str]:
    """Return the ARNs of the managed policies that a user, group or role has."""
    boundary = detail.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return [it["PolicyArn"] for it in detail.get("AttachedManagedPolicies", [])] + ([boundary] if boundary else [])


def _version(version: Mapping[str, Any]) -> PolicyVersion:
    document = version["Document"]
    return PolicyVersion(version["VersionId"], version["IsDefaultVersion"], parse(document), document)


def _read_policies(iam: "IAMClient", arns: Iterable[str]) -> tuple[dict[str, _Content], list[str]]:
    """Return the content of some managed policies, and a line for each that can't be read."""

    def read(arn: str) -> tuple[_Content, str | None]:
        try:
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            document: Any = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        except ClientError as error:
            right = _RIGHTS[error.operation_name]
            return _Content(_anything(arn), None), line_of(f"policy {name_of(arn)}", error, right)
        return _Content(parse(document), document), None

    wanted = sorted(arns)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = dict(zip(wanted, pool.map(read, wanted), strict=True))
    return {arn: it[0] for arn, it in found.items()}, [it[1] for it in found.values() if it[1]]


def _anything(arn: str) -> tuple[Statement, ...]:
    """Return statements that may allow and deny anything, on a condition that nobody can decide."""
    unknown = Condition("", f"what policy {name_of(arn)} says", ())
    effects: tuple[Effect, ...] = ("Allow", "Deny")
    return tuple(Statement("an unread statement", it, actions=("*",), conditions=(unknown,)) for it in effects)
