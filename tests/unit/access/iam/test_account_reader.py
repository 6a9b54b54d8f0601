"""Test the account reader: every part, and what it reports if a part can't be read."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from access.accounts import Session
from access.iam.account_reader import _BUCKET_RIGHTS, AccountState, AclGrant, BucketState, read_account
from access.iam.evaluation import build_request, evaluate
from access.iam.verdicts import Answer
from tests.support.bypass_accounts import NOW
from tests.support.iam_accounts import HERE, allow, arn, root, trusts

COMMON = {"Path": "/team/", "CreateDate": "2026-01-01T00:00:00Z"}
TRUST, OPEN = trusts(root()), allow("*")
VERSIONS = [
    {"VersionId": "v1", "IsDefaultVersion": False, "Document": OPEN},
    {"VersionId": "v2", "IsDefaultVersion": True, "Document": allow("s3:*")},
]
DETAILS = {
    "UserDetailList": [
        {
            **COMMON,
            "UserName": "Theresa",
            "UserId": "AIDA" + "A" * 16,
            "Arn": arn("user", "team/Theresa"),
            "Tags": [{"Key": "Team", "Value": "red"}],
            "GroupList": ["Testers"],
            "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": allow("ec2:*")}],
        }
    ],
    "GroupDetailList": [
        {
            **COMMON,
            "GroupName": "Testers",
            "GroupId": "AGPA" + "A" * 16,
            "Arn": arn("group", "team/Testers"),
            "AttachedManagedPolicies": [{"PolicyName": "custom", "PolicyArn": arn("policy", "custom")}],
        }
    ],
    "RoleDetailList": [
        {
            **COMMON,
            "RoleName": "Deployer",
            "RoleId": "AROA" + "A" * 16,
            "Arn": arn("role", "team/Deployer"),
            "AssumeRolePolicyDocument": TRUST,
            "AttachedManagedPolicies": [{"PolicyName": "ReadOnlyAccess", "PolicyArn": arn("policy", "R", "aws")}],
        }
    ],
    "Policies": [{"PolicyName": "custom", "Arn": arn("policy", "custom"), "PolicyVersionList": VERSIONS}],
    "IsTruncated": False,
}
SAML, OIDC = arn("saml-provider", "Okta"), arn("oidc-provider", "token.actions.githubusercontent.com")
BLOCK = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": False}
ROLE = {**COMMON, "RoleName": "Deployer", "RoleId": "AROA" + "A" * 16, "Arn": arn("role", "team/Deployer")}
ANSWERS: Mapping[str, Any] = {
    "iam:GetAccountAuthorizationDetails": DETAILS,
    "iam:GetPolicy": {"Policy": {"DefaultVersionId": "v7"}},
    "iam:GetPolicyVersion": {"PolicyVersion": {"Document": allow("s3:Get*")}},
    "iam:GetRole": {
        "Role": {
            **ROLE,
            "AssumeRolePolicyDocument": TRUST,
            "MaxSessionDuration": 7200,
            "PermissionsBoundary": {"PermissionsBoundaryArn": arn("policy", "custom")},
        }
    },
    "iam:ListSAMLProviders": {"SAMLProviderList": [{"Arn": SAML}]},
    "iam:ListOpenIDConnectProviders": {"OpenIDConnectProviderList": [{"Arn": OIDC}]},
    "s3:GetBucketPolicy": {"Policy": json.dumps(OPEN)},
    "s3:GetBucketAcl": {
        "Owner": {"ID": "owner"},
        "Grants": [{"Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/g"}, "Permission": "READ"}],
    },
    "s3:GetBucketPublicAccessBlock": {"PublicAccessBlockConfiguration": BLOCK},
    "s3:GetBucketOwnershipControls": {"OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}},
}
"""AWS's answers, by the right that each call needs."""
METHODS = {
    "get_bucket_ownership_controls": "s3:GetBucketOwnershipControls",
    "get_public_access_block": "s3:GetBucketPublicAccessBlock",
    "list_open_id_connect_providers": "iam:ListOpenIDConnectProviders",
    "list_saml_providers": "iam:ListSAMLProviders",
}
"""The rights whose names differ from their calls'."""


@dataclass(frozen=True)
class Client:
    """A client of IAM or S3 that returns :data:`ANSWERS`, or errors by the right that a call needs."""

    service: str
    errors: Mapping[str, str]

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return lambda **wanted: self._answer(METHODS.get(method) or f"{self.service}:{method.title().replace('_', '')}")

    def get_paginator(self, method: str) -> Any:  # noqa: ANN401
        answer = self._answer(f"iam:{method.title().replace('_', '')}")
        return SimpleNamespace(paginate=lambda **filtered: [answer])

    def _answer(self, right: str) -> object:
        if right in self.errors:
            operation = right.partition(":")[2]
            raise ClientError({"Error": {"Code": self.errors[right], "Message": "no\nway"}}, operation)
        return ANSWERS[right]


def read(**errors: str) -> AccountState:
    by_right = {right: code for right in ANSWERS if (code := errors.get(right.partition(":")[2]))}
    session = Session(lambda service: Client(service, by_right))
    return read_account(session, HERE, roles=["Deployer"], buckets=["productionapp"])


def test_the_whole_account_is_read() -> None:
    state = read()
    assert state.directory
    deployer, theresa = state.directory.principals
    assert (theresa.path, theresa.tags, theresa.unique_id) == ("/team/", {"Team": "red"}, "AIDA" + "A" * 16)
    assert [policy.document for policy in theresa.own_policies] == [allow("ec2:*")]
    assert [policy.document for policy in theresa.groups[0].policies] == [allow("s3:*")]
    assert (deployer.trust_document, deployer.policies[0].document) == (TRUST, allow("s3:Get*"))
    assert [
        (each.version_id, each.is_default, each.document) for each in state.directory.versions[arn("policy", "custom")]
    ] == [
        ("v1", False, OPEN),
        ("v2", True, allow("s3:*")),
    ]
    role = state.roles["Deployer"]
    assert (role.arn, role.max_session, role.boundary_arn) == (deployer.arn, 7200, arn("policy", "custom"))
    assert (role.trust_document, role.trust[0].principals) == (TRUST, (root(),))
    assert (state.saml_providers, state.oidc_providers, state.unread) == ((SAML,), (OIDC,), ())
    bucket = state.buckets["productionapp"]
    assert (bucket.policy_document, bucket.policy[0].actions) == (OPEN, ("*",))
    assert (bucket.owner_id, bucket.grants) == ("owner", (AclGrant("http://acs.amazonaws.com/groups/g", "READ"),))
    assert (bucket.public_access_block, bucket.object_ownership) == (BLOCK, "ObjectWriter")


@pytest.mark.parametrize(
    ("right", "part"),
    [
        ("iam:GetAccountAuthorizationDetails", f"the users, groups and roles of {HERE}"),
        ("iam:GetPolicy", "policy R"),
        ("iam:GetPolicyVersion", "policy R"),
        ("iam:GetRole", f"role Deployer of {HERE}"),
        ("iam:ListSAMLProviders", f"the SAML providers of {HERE}"),
        ("iam:ListOpenIDConnectProviders", f"the OIDC providers of {HERE}"),
        ("s3:GetBucketPolicy", "the policy of bucket productionapp"),
        ("s3:GetBucketAcl", "the ACL of bucket productionapp"),
        ("s3:GetBucketPublicAccessBlock", "the public access block of bucket productionapp"),
        ("s3:GetBucketOwnershipControls", "the object ownership of bucket productionapp"),
    ],
)
def test_a_missing_right_is_reported_in_one_line(right: str, part: str) -> None:
    state = read(**{right.partition(":")[2]: "AccessDenied"})
    assert state.unread == (f"{part} could not be read: {right} is missing",)
    unread = {
        "iam:GetAccountAuthorizationDetails": state.directory is None,
        "iam:GetRole": not state.roles,
        "iam:ListSAMLProviders": state.saml_providers is None,
        "iam:ListOpenIDConnectProviders": state.oidc_providers is None,
        **{right: part in state.buckets["productionapp"].unread for part, right in _BUCKET_RIGHTS.items()},
    }
    assert [name for name, is_unread in unread.items() if is_unread] == ([right] if right in unread else [])


def test_unset_parts_of_a_bucket_are_not_reported() -> None:
    state = read(
        GetBucketPolicy="NoSuchBucketPolicy",
        GetBucketPublicAccessBlock="NoSuchPublicAccessBlockConfiguration",
        GetBucketOwnershipControls="OwnershipControlsNotFoundError",
    )
    grants = (AclGrant("http://acs.amazonaws.com/groups/g", "READ"),)
    assert state.buckets == {"productionapp": BucketState("productionapp", owner_id="owner", grants=grants)}
    assert state.unread == ()


def test_a_missing_bucket_is_marked_as_missing() -> None:
    state = read(GetBucketPolicy="NoSuchBucket")
    assert state.buckets == {"productionapp": BucketState("productionapp", exists=False)}
    assert state.unread == ()


def test_a_missing_role_is_reported() -> None:
    assert read(GetRole="NoSuchEntity").unread == (f"role Deployer of {HERE} could not be read: it does not exist",)


@pytest.mark.parametrize("right", ["GetPolicy", "GetRole", "ListSAMLProviders", "GetBucketAcl"])
def test_other_errors_of_aws_are_raised(right: str) -> None:
    with pytest.raises(ClientError, match="ServiceFailure"):
        read(**{right: "ServiceFailure"})


def test_an_unreadable_policy_makes_every_answer_conditional() -> None:
    directory = read(GetPolicy="AccessDenied").directory
    assert directory
    [deployer, _] = directory.principals
    assert deployer.policies[0].document is None
    result = evaluate(deployer.policies, build_request(deployer, "iam:PassRole", arn("role", "x"), NOW))
    assert (result.allowed.answer, result.denied.answer) == (Answer.CONDITIONAL, Answer.CONDITIONAL)
    assert result.allowed.conditions == {"the content of policy R"}
