"""Tests that the sandbox refuses calls of S3 as AWS documents, and accepts them once the cause is gone."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.users import Accounts, User
from tests.support.refused import refused

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ACCOUNT = "111111111111"
BUCKET = "strict-s3"
READ: dict[str, Any] = {
    "Effect": "Allow",
    "Action": "s3:GetObject",
    "Principal": {"AWS": ACCOUNT},
    "Resource": f"arn:aws:s3:::{BUCKET}/*",
}


def document(*statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.fixture(scope="module")
def s3(accounts: Accounts) -> "S3Client":
    s3 = accounts.administrator(ACCOUNT).s3
    s3.create_bucket(Bucket=BUCKET)
    return s3


# Amazon S3 User Guide, "General purpose bucket naming rules".


@pytest.mark.parametrize(
    "name",
    [
        "xn--bucket",
        "sthree-bucket",
        "amzn-s3-demo-bucket",
        "bucket-s3alias",
        "bucket--ol-s3",
        "bucket-an",
    ],
)
def test_reserved_names_are_refused(s3: "S3Client", name: str) -> None:
    assert refused(s3.create_bucket, Bucket=name) == "400 InvalidBucketName: The specified bucket is not valid."
    s3.create_bucket(Bucket=f"our-{name}-too")


# S3 API Reference, "CreateBucket".


def test_a_bucket_is_created_in_its_location(s3: "S3Client") -> None:
    wrong: Any = {"LocationConstraint": "us-east-1"}
    call = {"Bucket": "strict-located", "CreateBucketConfiguration": wrong}
    assert refused(s3.create_bucket, **call).startswith("400 InvalidLocationConstraint: ")
    s3.create_bucket(Bucket="strict-located", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})


# S3 API Reference, "PutBucketPolicy".


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "Policies must be valid JSON and the first byte must be '{'"),
        ("{", "Policies must be valid JSON and the first byte must be '{'"),
        (document({**READ, "Effect": "Permit"}), "Syntax errors in policy."),
        (document({key: READ[key] for key in READ.keys() - {"Principal"}}), "Missing required field Principal"),
        (document({key: READ[key] for key in READ.keys() - {"Resource"}}), "Missing required field Resource"),
        (document({**READ, "Resource": "*"}), "Policy has invalid resource"),
        (document({**READ, "Resource": "arn:aws:s3:::another/*"}), "Policy has invalid resource"),
        (
            document({**READ, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/missing"}}),
            "Invalid principal in policy",
        ),
        (document({**READ, "Principal": {"User": "missing"}}), "Invalid principal in policy"),
    ],
)
def test_invalid_bucket_policies_are_refused(s3: "S3Client", text: str, message: str) -> None:
    assert refused(s3.put_bucket_policy, Bucket=BUCKET, Policy=text) == f"400 MalformedPolicy: {message}"
    s3.put_bucket_policy(Bucket=BUCKET, Policy=document(READ))


def test_the_size_of_a_bucket_policy_is_limited(s3: "S3Client") -> None:
    def sized(size: int) -> str:
        text = json.dumps(json.loads(document({**READ, "Sid": ""})), separators=(",", ":"))
        return text.replace('"Sid":""', f'"Sid":"{"x" * (size - len(text))}"') + " " * 100

    message = "Normalized policy document exceeds the maximum allowed size of 20480 bytes"
    call = {"Bucket": BUCKET, "Policy": sized(20481)}
    assert refused(s3.put_bucket_policy, **call) == f"400 MalformedPolicy: {message}"
    s3.put_bucket_policy(Bucket=BUCKET, Policy=sized(20480))


# Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage" and "Controlling ownership of objects".


def test_a_public_policy_is_blocked(s3: "S3Client") -> None:
    public = document({**READ, "Principal": "*"})
    assert refused(s3.put_bucket_policy, Bucket=BUCKET, Policy=public).startswith("403 AccessDenied: ")
    s3.delete_public_access_block(Bucket=BUCKET)
    s3.put_bucket_policy(Bucket=BUCKET, Policy=public)


def test_acls_are_disabled(s3: "S3Client") -> None:
    s3.create_bucket(Bucket="strict-acls")
    s3.delete_public_access_block(Bucket="strict-acls")
    not_supported = "400 AccessControlListNotSupported: "
    assert refused(s3.put_bucket_acl, Bucket="strict-acls", ACL="authenticated-read").startswith(not_supported)
    s3.put_bucket_ownership_controls(
        Bucket="strict-acls", OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    )
    s3.put_bucket_acl(Bucket="strict-acls", ACL="authenticated-read")


# S3 API Reference, "GetObject" and "HeadObject": only a caller who may list a key learns that it is missing.


def test_a_missing_key_is_reported_only_to_callers_who_may_list_it(accounts: Accounts, s3: "S3Client") -> None:
    s3.create_bucket(Bucket="strict-missing")
    s3.put_object(Bucket="strict-missing", Key="seen/there", Body=b"")
    user = User("Reader", ACCOUNT, power_user=False)
    accounts.make(user)
    arn = "arn:aws:s3:::strict-missing"
    listing = {"StringLike": {"s3:prefix": "seen/*"}}
    statements = [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{arn}/*"},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": arn, "Condition": listing},
    ]
    iam = accounts.administrator(ACCOUNT).iam
    iam.put_user_policy(UserName=user.name, PolicyName="read", PolicyDocument=document(*statements))
    with accounts.signed_in(user) as reader:
        reader.s3.get_object(Bucket="strict-missing", Key="seen/there")
        missing = {"Bucket": "strict-missing", "Key": "seen/missing"}
        hidden = {"Bucket": "strict-missing", "Key": "hidden/missing"}
        assert refused(reader.s3.get_object, **missing).startswith("404 NoSuchKey: ")
        assert refused(reader.s3.head_object, **missing).startswith("404 ")
        assert "s3:ListBucket on resource" in refused(reader.s3.get_object, **hidden)
        assert refused(reader.s3.get_object, **hidden).startswith("403 AccessDenied: ")
        assert refused(reader.s3.head_object, **hidden).startswith("403 ")
