"""Collect the deployed policy documents of a stack, and check them with IAM Access Analyzer."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..accounts import Session
from ..arn import name_of
from ..iam.account_reader import AccountState
from ..iam.principals import Policy, PolicyVersion
from ..stack_outputs import StackOutputs

_FAILING = ("ERROR", "SECURITY_WARNING")

Kind = Literal["IDENTITY_POLICY", "AWS::IAM::AssumeRolePolicyDocument", "AWS::S3::Bucket"]
"""An identity policy, or the type of resource that a policy is attached to."""


@dataclass(frozen=True)
class DeployedPolicy:
    """A deployed policy document."""

    where: str
    """E.g. ``trust policy of role UpdateApp``."""
    kind: Kind
    document: str | None
    """JSON; ``None`` if it could not be read."""


@dataclass(frozen=True)
class Finding:
    """A finding of IAM Access Analyzer."""

    where: str
    """The policy's description."""
    severity: str
    """``ERROR``, ``SECURITY_WARNING``, ``WARNING`` or ``SUGGESTION``."""
    code: str
    details: str

    @property
    def fails(self) -> bool:
        """``True`` if the finding fails the check."""
        return self.severity in _FAILING


def buckets_of(outputs: StackOutputs) -> set[str]:
    """Return the names of the buckets that a stack manages."""
    own = [options for name, options in outputs.role_options.items() if name not in outputs.on_existing_buckets]
    named = {bucket for options in own for bucket in options.get("buckets", ())}
    return named | {options["bucket"] for options in own if "bucket" in options}


def deployed_policies(state: AccountState, outputs: StackOutputs) -> Iterator[DeployedPolicy]:
    """Yield the documents of a stack's roles, with their boundaries and buckets, and of its groups and permission sets.

    Args:
        state: the stack's account. If its users, groups and roles could not be read, only trust and bucket policies are
            yielded.
        outputs: the stack's outputs.
    """
    principals = {each.arn: each for each in state.directory.principals} if state.directory else {}
    for arn in outputs.role_arns.values():
        name = name_of(arn)
        if role := state.roles.get(name):
            trust = json.dumps(role.trust_document)
            yield DeployedPolicy(f"trust policy of role {name}", "AWS::IAM::AssumeRolePolicyDocument", trust)
        if principal := principals.get(arn):
            yield from _identity_policies(f"role {name}", principal.own_policies)
            if principal.boundary:
                yield _identity(f"permissions boundary of role {name}", principal.boundary)
    for group in state.directory.groups if state.directory else ():
        if group.name in outputs.groups:
            yield from _identity_policies(f"group {group.name}", group.policies)
    for principal in principals.values():
        if not principal.is_user and principal.name in outputs.grantee_roles:
            yield from _identity_policies(f"role {principal.name}", principal.own_policies)
    if state.directory:
        yield from _permission_set_policies(state.directory.versions, outputs.permission_sets)
    for bucket in state.buckets.values():
        if bucket.policy_document or "policy" in bucket.unread:
            document = json.dumps(bucket.policy_document) if bucket.policy_document else None
            yield DeployedPolicy(f"policy of bucket {bucket.name}", "AWS::S3::Bucket", document)


def findings(session: Session, policy: DeployedPolicy) -> list[Finding]:
    """Return IAM Access Analyzer's findings for a policy.

    Source: IAM Access Analyzer API Reference, "ValidatePolicy".

    Raises:
        botocore.exceptions.ClientError: the check fails.
    """
    analyzer: Any = session.client("accessanalyzer")
    kind = {"policyType": policy.kind, "policyDocument": policy.document}
    if policy.kind != "IDENTITY_POLICY":
        kind |= {"policyType": "RESOURCE_POLICY", "validatePolicyResourceType": policy.kind}
    return [
        Finding(policy.where, found["findingType"], found["issueCode"], found["findingDetails"])
        for page in analyzer.get_paginator("validate_policy").paginate(**kind)
        for found in page["findings"]
    ]


def _identity_policies(holder: str, policies: Collection[Policy]) -> Iterator[DeployedPolicy]:
    for policy in policies:
        yield _identity(f"policy {policy.name} of {holder}", policy)


def _permission_set_policies(
    versions: Mapping[str, Collection[PolicyVersion]], names: Collection[str]
) -> Iterator[DeployedPolicy]:
    policies = {f"{effect}-assume-roles-{name}": name for name in names for effect in ("allow", "deny")}
    for arn, of_policy in versions.items():
        name = name_of(arn)
        if name in policies:
            [document] = [version.document for version in of_policy if version.is_default]
            where = f"policy {name} of permission set {policies[name]}"
            yield DeployedPolicy(where, "IDENTITY_POLICY", json.dumps(document))


def _identity(where: str, policy: Policy) -> DeployedPolicy:
    document = None if policy.document is None else json.dumps(policy.document)
    return DeployedPolicy(where, "IDENTITY_POLICY", document)
