"""The deployed policy documents, and what IAM Access Analyzer has to say about them."""

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
"""An identity policy, or the kind of resource that a policy stands on."""


@dataclass(frozen=True)
class DeployedPolicy:
    """A policy document as it is in the account."""

    where: str
    """E.g. ``trust policy of role UpdateApp``."""
    kind: Kind
    document: str | None
    """JSON; none if it could not be read."""


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


def buckets_of(outputs: StackOutputs) -> set[str]:
    """Return the names of the buckets that a stack looks after."""
    own = [options for name, options in outputs.role_options.items() if name not in outputs.on_existing_buckets]
    named = {bucket for options in own for bucket in options.get("buckets", ())}
    return named | {options["bucket"] for options in own if "bucket" in options}


def deployed_policies(state: AccountState, outputs: StackOutputs) -> Iterator[DeployedPolicy]:
    """Yield the documents of a stack's roles, with their boundaries and buckets, and of its groups and permission sets.

    Args:
        state: the account of the stack. Where its users, groups and roles could not be read, trust and bucket policies
            are all there is.
        outputs: what the stack exports.
    """
    principals = {it.arn: it for it in state.directory.principals} if state.directory else {}
    for arn in outputs.role_arns.values():
        name = name_of(arn)
        if role := state.roles.get(name):
            document = json.dumps(role.trust_document)
            yield DeployedPolicy(f"trust policy of role {name}", "AWS::IAM::AssumeRolePolicyDocument", document)
        if principal := principals.get(arn):
            yield from _of(f"role {name}", principal.own_policies)
            if principal.boundary:
                yield _identity(f"permissions boundary of role {name}", principal.boundary)
    for group in state.directory.groups if state.directory else ():
        if group.name in outputs.groups:
            yield from _of(f"group {group.name}", group.policies)
    for principal in principals.values():
        if not principal.is_user and principal.name in outputs.grantee_roles:
            yield from _of(f"role {principal.name}", principal.own_policies)
    if state.directory:
        yield from _of_permission_sets(state.directory.versions, outputs.permission_sets)
    for bucket in state.buckets.values():
        if bucket.policy_document or "policy" in bucket.unread:
            found = json.dumps(bucket.policy_document) if bucket.policy_document else None
            yield DeployedPolicy(f"policy of bucket {bucket.name}", "AWS::S3::Bucket", found)


def findings(session: Session, policy: DeployedPolicy) -> list[Finding]:
    """Return what IAM Access Analyzer has to say about a policy.

    Source: IAM Access Analyzer API Reference, "ValidatePolicy".

    Raises:
        botocore.exceptions.ClientError: it can't be asked.
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


def _of(holder: str, policies: Collection[Policy]) -> Iterator[DeployedPolicy]:
    for policy in policies:
        yield _identity(f"policy {policy.name} of {holder}", policy)


def _of_permission_sets(
    versions: Mapping[str, Collection[PolicyVersion]], names: Collection[str]
) -> Iterator[DeployedPolicy]:
    policies = {f"{effect}-assume-roles-{name}": name for name in names for effect in ("allow", "deny")}
    for arn, several in versions.items():
        name = name_of(arn)
        if name in policies:
            [document] = [it.document for it in several if it.is_default]
            where = f"policy {name} of permission set {policies[name]}"
            yield DeployedPolicy(where, "IDENTITY_POLICY", json.dumps(document))


def _identity(where: str, policy: Policy) -> DeployedPolicy:
    document = None if policy.document is None else json.dumps(policy.document)
    return DeployedPolicy(where, "IDENTITY_POLICY", document)
