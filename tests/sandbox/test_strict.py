"""Tests that the sandbox refuses deletions and names as AWS does, and accepts them once the obstacles are gone."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.users import Accounts, User
from tests.sandbox.mfa_device import MfaDevice
from tests.support.refused import Call, refused

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_s3 import S3Client

ACCOUNT, OTHER_ACCOUNT = "111111111111", "222222222222"
READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
DOCUMENT = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}}],
    }
)


@pytest.fixture(scope="module")
def s3(accounts: Accounts) -> "S3Client":
    return accounts.administrator(ACCOUNT).s3


def conflict(step: str) -> str:
    return f"409 DeleteConflict: Cannot delete entity, must {step} first."


# Resources in use.


def test_a_group_in_use_is_not_deleted(iam: "IAMClient") -> None:
    iam.create_group(GroupName="Used")
    iam.create_user(UserName="member")
    iam.add_user_to_group(GroupName="Used", UserName="member")
    iam.put_group_policy(GroupName="Used", PolicyName="inline", PolicyDocument=DOCUMENT)
    iam.attach_group_policy(GroupName="Used", PolicyArn=READ_ONLY)
    assert refused(iam.delete_group, GroupName="Used") == conflict("remove users from group")
    iam.remove_user_from_group(GroupName="Used", UserName="member")
    assert refused(iam.delete_group, GroupName="Used") == conflict("delete policies")
    iam.delete_group_policy(GroupName="Used", PolicyName="inline")
    assert refused(iam.delete_group, GroupName="Used") == conflict("detach all policies")
    iam.detach_group_policy(GroupName="Used", PolicyArn=READ_ONLY)
    iam.delete_group(GroupName="Used")
    assert "404 NoSuchEntity" in refused(iam.delete_group, GroupName="Used")


def test_a_user_in_use_is_not_deleted(iam: "IAMClient") -> None:
    iam.create_user(UserName="used")
    iam.create_group(GroupName="Users")
    iam.create_login_profile(UserName="used", Password="does not matter")  # noqa: S106
    key = iam.create_access_key(UserName="used")["AccessKey"]["AccessKeyId"]
    device = MfaDevice(iam, "used").serial_number
    iam.add_user_to_group(GroupName="Users", UserName="used")
    iam.put_user_policy(UserName="used", PolicyName="inline", PolicyDocument=DOCUMENT)
    iam.attach_user_policy(UserName="used", PolicyArn=READ_ONLY)
    steps: list[tuple[str, Call, dict[str, str]]] = [
        ("delete login profile", iam.delete_login_profile, {}),
        ("delete MFA device", iam.deactivate_mfa_device, {"SerialNumber": device}),
        ("remove users from group", iam.remove_user_from_group, {"GroupName": "Users"}),
        ("delete policies", iam.delete_user_policy, {"PolicyName": "inline"}),
        ("detach all policies", iam.detach_user_policy, {"PolicyArn": READ_ONLY}),
        ("delete access keys", iam.delete_access_key, {"AccessKeyId": key}),
    ]
    for step, call, parameters in steps:
        assert refused(iam.delete_user, UserName="used") == conflict(step)
        call(UserName="used", **parameters)
    iam.delete_user(UserName="used")


def test_a_role_in_use_is_not_deleted(iam: "IAMClient") -> None:
    iam.create_role(RoleName="used", AssumeRolePolicyDocument=TRUST)
    iam.create_instance_profile(InstanceProfileName="used")
    iam.add_role_to_instance_profile(InstanceProfileName="used", RoleName="used")
    iam.put_role_policy(RoleName="used", PolicyName="inline", PolicyDocument=DOCUMENT)
    iam.attach_role_policy(RoleName="used", PolicyArn=READ_ONLY)
    steps: list[tuple[str, Call, dict[str, str]]] = [
        (
            "remove roles from instance profile",
            iam.remove_role_from_instance_profile,
            {"InstanceProfileName": "used"},
        ),
        ("delete policies", iam.delete_role_policy, {"PolicyName": "inline"}),
        ("detach all policies", iam.detach_role_policy, {"PolicyArn": READ_ONLY}),
    ]
    for step, call, parameters in steps:
        assert refused(iam.delete_role, RoleName="used") == conflict(step)
        call(RoleName="used", **parameters)
    iam.delete_role(RoleName="used")


def test_a_policy_in_use_is_not_deleted(iam: "IAMClient") -> None:
    arn = iam.create_policy(PolicyName="used", PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    iam.create_group(GroupName="Attached")
    iam.create_user(UserName="attached", PermissionsBoundary=arn)
    iam.create_role(RoleName="attached", AssumeRolePolicyDocument=TRUST)
    iam.attach_group_policy(GroupName="Attached", PolicyArn=arn)
    iam.attach_role_policy(RoleName="attached", PolicyArn=arn)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT, SetAsDefault=True)
    assert refused(iam.delete_policy, PolicyArn=arn).startswith("409 DeleteConflict: This policy has more than one")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    attached = "409 DeleteConflict: Cannot delete a policy attached to entities."
    assert refused(iam.delete_policy, PolicyArn=arn) == attached
    iam.detach_group_policy(GroupName="Attached", PolicyArn=arn)
    assert refused(iam.delete_policy, PolicyArn=arn) == attached
    iam.detach_role_policy(RoleName="attached", PolicyArn=arn)
    assert refused(iam.delete_policy, PolicyArn=arn) == attached
    iam.delete_user_permissions_boundary(UserName="attached")
    iam.delete_policy(PolicyArn=arn)


# Names are unique, whatever their case.


def test_taken_names_are_refused(iam: "IAMClient") -> None:
    group, user, role, policy = iam.create_group, iam.create_user, iam.create_role, iam.create_policy
    for name in ("Taken", "taken", "TAKEN"):
        create: list[tuple[Call, dict[str, str], str]] = [
            (group, {"GroupName": name}, f"Group with name {name} already exists."),
            (user, {"UserName": name}, f"User with name {name} already exists."),
            (role, {"RoleName": name, "AssumeRolePolicyDocument": TRUST}, f"Role with name {name} already exists."),
            (
                policy,
                {"PolicyName": name, "PolicyDocument": DOCUMENT, "Path": f"/{name}/"},
                f"A policy called {name} already exists. Duplicate names are not allowed.",
            ),
        ]
        for call, parameters, message in create:
            if name == "Taken":
                call(**parameters)
            assert refused(call, **parameters) == f"409 EntityAlreadyExists: {message}"


def test_names_of_another_account_are_free(accounts: Accounts, iam: "IAMClient") -> None:
    iam.create_group(GroupName="Everywhere")
    accounts.administrator(OTHER_ACCOUNT).iam.create_group(GroupName="everywhere")


# Renamed groups.


def test_a_group_keeps_everything_when_renamed(iam: "IAMClient") -> None:
    before = iam.create_group(GroupName="Before", Path="/teams/")["Group"]
    iam.create_user(UserName="renamed")
    iam.add_user_to_group(GroupName="Before", UserName="renamed")
    iam.put_group_policy(GroupName="Before", PolicyName="inline", PolicyDocument=DOCUMENT)
    iam.attach_group_policy(GroupName="Before", PolicyArn=READ_ONLY)
    iam.update_group(GroupName="Before", NewGroupName="After")

    group = iam.get_group(GroupName="After")
    assert group["Group"] == {
        **before,
        "GroupName": "After",
        "Arn": f"arn:aws:iam::{ACCOUNT}:group/teams/After",
    }
    assert [user["UserName"] for user in group["Users"]] == ["renamed"]
    assert iam.list_group_policies(GroupName="After")["PolicyNames"] == ["inline"]
    attached = iam.list_attached_group_policies(GroupName="After")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [READ_ONLY]
    assert [group["GroupName"] for group in iam.list_groups_for_user(UserName="renamed")["Groups"]] == ["After"]
    assert refused(iam.get_group, GroupName="Before").startswith("404 NoSuchEntity")

    iam.update_group(GroupName="After", NewPath="/")
    moved = iam.get_group(GroupName="After")["Group"]
    assert (moved["Path"], moved["Arn"]) == ("/", f"arn:aws:iam::{ACCOUNT}:group/After")
    iam.update_group(GroupName="After", NewGroupName="AFTER")
    assert [user["UserName"] for user in iam.get_group(GroupName="AFTER")["Users"]] == ["renamed"]


def test_a_group_can_not_be_renamed_to_a_taken_name(iam: "IAMClient") -> None:
    iam.create_group(GroupName="First")
    iam.create_group(GroupName="Second")
    taken = "409 EntityAlreadyExists: Group with name FIRST already exists."
    assert refused(iam.update_group, GroupName="Second", NewGroupName="FIRST") == taken
    assert refused(iam.update_group, GroupName="Third", NewGroupName="Fourth").startswith("404 NoSuchEntity")
    iam.delete_group(GroupName="First")
    iam.update_group(GroupName="Second", NewGroupName="FIRST")


# A caller without the right learns nothing about the obstacles.


def test_rules_run_after_authorization(accounts: Accounts, iam: "IAMClient") -> None:
    iam.create_group(GroupName="Hidden")
    iam.attach_group_policy(GroupName="Hidden", PolicyArn=READ_ONLY)
    nobody = User("nobody", ACCOUNT, power_user=False)
    accounts.make(nobody)
    with accounts.signed_in(nobody) as session:
        for call, parameters in (
            (session.iam.delete_group, {"GroupName": "Hidden"}),
            (session.iam.create_group, {"GroupName": "hidden"}),
            (session.iam.update_group, {"GroupName": "Hidden", "NewGroupName": "Seen"}),
        ):
            assert refused(call, **parameters).startswith("403 AccessDenied")


# S3's rules.


def test_a_bucket_in_use_is_not_deleted(s3: "S3Client") -> None:
    s3.create_bucket(Bucket="strict-used")
    s3.put_bucket_versioning(Bucket="strict-used", VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket="strict-used", Key="key", Body=b"content")["VersionId"]
    not_empty = "409 BucketNotEmpty: The bucket you tried to delete is not empty"
    assert refused(s3.delete_bucket, Bucket="strict-used").startswith(not_empty)
    marker = s3.delete_object(Bucket="strict-used", Key="key")["VersionId"]
    assert s3.list_objects_v2(Bucket="strict-used")["KeyCount"] == 0
    assert refused(s3.delete_bucket, Bucket="strict-used").startswith(not_empty)
    s3.delete_object(Bucket="strict-used", Key="key", VersionId=version)
    assert refused(s3.delete_bucket, Bucket="strict-used").startswith(not_empty)
    s3.delete_object(Bucket="strict-used", Key="key", VersionId=marker)
    s3.delete_bucket(Bucket="strict-used")


def test_taken_bucket_names_are_refused(accounts: Accounts, s3: "S3Client") -> None:
    s3.create_bucket(Bucket="strict-taken")
    other = accounts.administrator(OTHER_ACCOUNT).s3
    assert refused(other.create_bucket, Bucket="strict-taken").startswith("409 BucketAlreadyExists: ")
    s3.create_bucket(Bucket="strict-taken")  # us-east-1 accepts it again
    s3.delete_bucket(Bucket="strict-taken")
    other.create_bucket(Bucket="strict-taken")
    west: Any = {"Bucket": "strict-west", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    s3.create_bucket(**west)
    assert refused(s3.create_bucket, **west).startswith("409 BucketAlreadyOwnedByYou: ")


# Tags and boundaries in answers.


def test_tags(iam: "IAMClient", s3: "S3Client") -> None:
    tags: Any = [{"Key": "run", "Value": "one"}]
    iam.create_user(UserName="tagged", Tags=tags)
    iam.create_role(RoleName="tagged", AssumeRolePolicyDocument=TRUST, Tags=tags)
    arn = iam.create_policy(PolicyName="tagged", PolicyDocument=DOCUMENT, Tags=tags)["Policy"]["Arn"]
    s3.create_bucket(Bucket="strict-tagged", CreateBucketConfiguration={"Tags": tags})
    s3.create_bucket(Bucket="strict-tagged-later")
    s3.put_bucket_tagging(Bucket="strict-tagged-later", Tagging={"TagSet": tags})
    assert iam.list_user_tags(UserName="tagged")["Tags"] == tags
    assert iam.list_role_tags(RoleName="tagged")["Tags"] == tags
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == tags
    assert iam.get_user(UserName="tagged")["User"]["Tags"] == tags
    assert iam.get_role(RoleName="tagged")["Role"]["Tags"] == tags
    assert iam.get_policy(PolicyArn=arn)["Policy"]["Tags"] == tags
    for bucket in ("strict-tagged", "strict-tagged-later"):
        assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags
    # A listing has no tags.
    for listed in (
        iam.list_users()["Users"],
        iam.list_roles()["Roles"],
        iam.list_policies(Scope="Local")["Policies"],
    ):
        things: Any = listed
        assert things
        assert not [thing for thing in things if "Tags" in thing]


def test_permissions_boundaries(accounts: Accounts, iam: "IAMClient") -> None:
    only_listing = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:Get*", "Resource": "*"}]}
    arn = iam.create_policy(PolicyName="boundary", PolicyDocument=json.dumps(only_listing))["Policy"]["Arn"]
    bounded = {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}
    iam.create_user(UserName="bounded", PermissionsBoundary=arn)
    iam.create_role(RoleName="bounded", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=arn)
    assert iam.get_user(UserName="bounded")["User"]["PermissionsBoundary"] == bounded
    assert iam.get_role(RoleName="bounded")["Role"]["PermissionsBoundary"] == bounded
    iam.put_role_policy(RoleName="bounded", PolicyName="anything", PolicyDocument=DOCUMENT)
    iam.put_user_policy(UserName="bounded", PolicyName="anything", PolicyDocument=DOCUMENT)
    details = iam.get_account_authorization_details()
    entities: list[Any] = [*details["UserDetailList"], *details["RoleDetailList"]]
    bounded_entities = [entity for entity in entities if "bounded" in (entity.get("UserName"), entity.get("RoleName"))]
    assert [item["PermissionsBoundary"] for item in bounded_entities] == [bounded] * 2
    assert [entity for entity in entities if "PermissionsBoundary" not in entity]
    with accounts.signed_in(User("bounded", ACCOUNT)) as session:
        session.iam.get_user(UserName="bounded")
        assert refused(session.iam.list_users).startswith("403 AccessDenied")
        iam.delete_user_permissions_boundary(UserName="bounded")
        session.iam.list_users()
        iam.put_user_permissions_boundary(UserName="bounded", PermissionsBoundary=arn)
        assert refused(session.iam.list_users).startswith("403 AccessDenied")
    iam.delete_role_permissions_boundary(RoleName="bounded")
    assert "PermissionsBoundary" not in iam.get_role(RoleName="bounded")["Role"]
    missing = f"arn:aws:iam::{ACCOUNT}:policy/missing"
    for call, parameters in (
        (iam.put_role_permissions_boundary, {"RoleName": "bounded"}),
        (iam.create_user, {"UserName": "unbounded"}),
    ):
        wrong: Call = call
        assert refused(wrong, PermissionsBoundary=missing, **parameters).startswith("404 NoSuchEntity")
