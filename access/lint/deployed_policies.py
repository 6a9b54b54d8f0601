"""The deployed policy documents, and what IAM Access Analyzer has to say about them."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import boto3

from access.arn import name_of
from access.stack_outputs import StackOutputs

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

_FAILING = ("ERROR", "SECURITY_WARNING")


@dataclass(frozen=True)
class DeployedPolicy:
    """A policy document as it is in the account."""

    where: str
    """E.g. ``trust policy of role UpdateApp``."""
    kind: Literal["IDENTITY_POLICY", "RESOURCE_POLICY"]
    document: str
    """JSON."""


@dataclass(frozen=True)
class Finding:
    """Something that IAM Access Analyzer has found in a policy."""

    where: str
    """The policy."""
    severity: str
    """``ERROR``, ``SECURITY_WARNING``, ``WARNING`` or ``SUGGESTION``."""
    code: str
    details: str

    @property
    def fails(self) -> bool:
        """Whether the policy should not stay as it is."""
        return self.severity in _FAILING


def deployed_policies(session: boto3.Session, outputs: StackOutputs) -> Iterator[DeployedPolicy]:
    """The documents of the stack's roles, groups and permission sets, read from the account of the session.

    Raises:
        botocore.exceptions.ClientError: they can't be read: other credentials, or a stack that is not up.
    """
    iam = session.client("iam")
    for role_arn in outputs.role_arns.values():
        name = name_of(role_arn)
        trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        yield DeployedPolicy(f"trust policy of role {name}", "RESOURCE_POLICY", _json(trust))
        yield from _attached_policies(iam, name)
    for name in outputs.groups:
        for page in iam.get_paginator("list_group_policies").paginate(GroupName=name):
            for policy in page["PolicyNames"]:
                document = iam.get_group_policy(GroupName=name, PolicyName=policy)["PolicyDocument"]
                yield DeployedPolicy(f"policy {policy} of group {name}", "IDENTITY_POLICY", _json(document))
    for name in outputs.grantee_roles:
        for page in iam.get_paginator("list_role_policies").paginate(RoleName=name):
            for policy in page["PolicyNames"]:
                document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                yield DeployedPolicy(f"policy {policy} of role {name}", "IDENTITY_POLICY", _json(document))
    if outputs.permission_sets:
        yield from _policies_of_permission_sets(iam, outputs.permission_sets)


def findings(session: boto3.Session, policy: DeployedPolicy) -> list[Finding]:
    """What IAM Access Analyzer has to say about a policy.

    Source: IAM Access Analyzer API Reference, "ValidatePolicy".

    Raises:
        botocore.exceptions.ClientError: it can't be asked.
    """
    analyzer: Any = session.client("accessanalyzer")
    kind = {"policyType": policy.kind, "policyDocument": policy.document}
    if policy.kind == "RESOURCE_POLICY":
        kind["validatePolicyResourceType"] = "AWS::IAM::AssumeRolePolicyDocument"
    return [
        Finding(policy.where, found["findingType"], found["issueCode"], found["findingDetails"])
        for page in analyzer.get_paginator("validate_policy").paginate(**kind)
        for found in page["findings"]
    ]


def _attached_policies(iam: "IAMClient", role: str) -> Iterator[DeployedPolicy]:
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=role):
        for attached in page["AttachedPolicies"]:
            document = _document(iam, attached["PolicyArn"])
            yield DeployedPolicy(f"policy {attached['PolicyName']} of role {role}", "IDENTITY_POLICY", _json(document))


def _policies_of_permission_sets(iam: "IAMClient", names: Iterable[str]) -> Iterator[DeployedPolicy]:
    policies = {f"{effect}-assume-roles-{name}": name for name in names for effect in ("allow", "deny")}
    for page in iam.get_paginator("list_policies").paginate(Scope="Local"):
        for policy in page["Policies"]:
            name = policy["PolicyName"]
            if name in policies:
                where = f"policy {name} of permission set {policies[name]}"
                yield DeployedPolicy(where, "IDENTITY_POLICY", _json(_document(iam, policy["Arn"])))


def _document(iam: "IAMClient", arn: str) -> object:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def _json(document: object) -> str:
    return document if isinstance(document, str) else json.dumps(document)
