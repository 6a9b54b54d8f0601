"""Test how accounts in IAM's format are read."""

import boto3
import pytest
from botocore.stub import Stubber

from access.iam.authorization_details import read_directory
from tests.support.iam_accounts import HERE, AccountDetails, allow, arn, deny, root, trusts


def test_users_have_their_own_policies_and_those_of_their_groups() -> None:
    account = AccountDetails()
    account.user("team/Theresa", "Testers", "Everybody", inline={"own": allow("s3:*")}, attached=["PowerUserAccess"])
    account.user("David", boundary="bounds")
    account.role("Deployer", trusts(root()), inline={"deploy": allow("sts:*")}, attached=["custom"], boundary="bounds")
    account.group("Testers", inline={"denied": deny("sts:AssumeRole")})
    account.group("Everybody", attached=["custom"]).group("Nobody")
    account.policy("custom", allow("ec2:*")).policy("bounds", allow("*"))
    directory = account.directory()
    assert directory.account_id == HERE
    assert [group.name for group in directory.groups] == ["Testers", "Everybody", "Nobody"]
    deployer, david, theresa = directory.principals
    assert [str(policy) for policy in theresa.policies] == [
        "own (inline in Theresa)",
        "PowerUserAccess (attached to Theresa)",
        "denied (inline in group Testers)",
        "custom (attached to group Everybody)",
    ]
    assert [policy.statements[0].actions for policy in theresa.policies] == [
        ("s3:*",),
        ("iam:*", "organizations:*", "account:*"),
        ("sts:AssumeRole",),
        ("ec2:*",),
    ]
    assert [group.name for group in theresa.groups] == ["Testers", "Everybody"]
    assert (theresa.name, theresa.account_id, theresa.is_user, theresa.boundary) == ("Theresa", HERE, True, None)
    assert [str(policy) for policy in deployer.policies] == [
        "deploy (inline in role Deployer)",
        "custom (attached to role Deployer)",
    ]
    assert deployer.trust[0].principals == (root(),)
    assert not deployer.is_user
    for bounded in (deployer, david):
        assert bounded.boundary
        assert bounded.boundary.statements[0].actions == ("*",)


@pytest.mark.parametrize(
    ("name", "is_reserved"),
    [
        ("aws-service-role/support.amazonaws.com/AWSServiceRoleForSupport", True),
        ("aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef", True),
        ("Deployer", False),
        ("team/aws-reserved/Deployer", False),
    ],
)
def test_reserved_roles_are_recognized(name: str, is_reserved: bool) -> None:
    assert AccountDetails().role(name, trusts(root())).directory().principals[0].is_reserved == is_reserved


def test_documents_are_decoded_and_pages_are_joined() -> None:
    """Check botocore's handling of AWS's answers: URL-encoded documents, and a marker."""
    iam = boto3.client("iam", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y")  # noqa: S106
    common = {"Path": "/", "CreateDate": "2026-01-01T00:00:00Z"}
    user = {"UserName": "Theresa", "UserId": "AIDA" + "A" * 16, "Arn": arn("user", "Theresa"), **common}
    role = {"RoleName": "Deployer", "RoleId": "AROA" + "A" * 16, "Arn": arn("role", "Deployer"), **common}
    wanted = {"Filter": ["User", "Role", "Group", "LocalManagedPolicy"]}
    with Stubber(iam) as stubber:
        first = {"UserDetailList": [user], "IsTruncated": True, "Marker": "more"}
        stubber.add_response("get_account_authorization_details", first, wanted)
        second = {"RoleDetailList": [role], "IsTruncated": False}
        stubber.add_response("get_account_authorization_details", second, {**wanted, "Marker": "more"})
        directory = read_directory(iam, HERE)
        stubber.assert_no_pending_responses()
    assert [principal.name for principal in directory.principals] == ["Deployer", "Theresa"]
