"""Tests that policies are evaluated as on AWS: trust, identity and bucket policies, of one account and of two."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from access.accounts import Session
from sandbox.users import Accounts
from tests.sandbox.strict_policies import (
    ACCOUNT,
    BUCKET,
    DENIED,
    OTHER_ACCOUNT,
    SignIn,
    allow,
    assume,
    document,
    let,
    make_role,
    trust,
)
from tests.support.refused import Call, refused

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

# Trust and identity policies. IAM User Guide, "Policy evaluation logic" and "Cross-account policy evaluation logic".


def test_a_named_user_needs_no_policy_in_the_same_account(
    accounts: Accounts, iam: "IAMClient", sign_in: SignIn
) -> None:
    user, other = sign_in("nadja"), accounts.administrator(OTHER_ACCOUNT).iam
    arn = make_role(iam, "named", trust(principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/nadja"}))
    assume(accounts, user, arn)
    by_account = make_role(iam, "by-account", trust())
    call = {"RoleSessionName": "session"}
    assert refused(user.sts.assume_role, RoleArn=by_account, **call).startswith(DENIED)
    # Across accounts, both sides must allow it.
    elsewhere = make_role(other, "named", trust(principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/nadja"}))
    assert refused(user.sts.assume_role, RoleArn=elsewhere, **call).startswith(DENIED)
    let(iam, "nadja", allow("sts:AssumeRole", elsewhere))
    assume(accounts, user, elsewhere)


def test_a_role_is_identified_by_its_full_arn(iam: "IAMClient", sign_in: SignIn) -> None:
    user = sign_in("nora").sts
    arn = make_role(iam, "with-path", trust(), Path="/teams/")
    let(iam, "nora", allow("sts:AssumeRole"))
    user.assume_role(RoleArn=arn, RoleSessionName="session")
    for wrong in (arn.replace("/teams", ""), arn.replace("with-path", "nothing")):
        assert refused(user.assume_role, RoleArn=wrong, RoleSessionName="session").startswith(DENIED)


@pytest.mark.parametrize("named", ["user", "role", "account"])
def test_a_bucket_policy_lets_in_a_principal_of_another_account(
    accounts: Accounts, sign_in: Callable[..., Session], named: str
) -> None:
    owner, iam = accounts.administrator(ACCOUNT).s3, accounts.administrator(OTHER_ACCOUNT).iam
    name, bucket = f"foreign-{named}", f"strict-foreign-{named}"
    user, stranger = sign_in(name, OTHER_ACCOUNT), sign_in(f"stranger-{named}", OTHER_ACCOUNT)
    let(iam, f"stranger-{named}", allow("*"))
    reading = allow(["s3:GetObject", "s3:DeleteObject"], f"arn:aws:s3:::{bucket}/*")
    let(iam, name, allow("sts:AssumeRole"))
    here = {"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"}
    role = make_role(iam, name, trust(principal=here))
    principal = {"user": iam.get_user(UserName=name)["User"]["Arn"], "role": role, "account": OTHER_ACCOUNT}[named]
    owner.create_bucket(Bucket=bucket)
    for key in ("key", "other"):
        owner.put_object(Bucket=bucket, Key=key, Body=b"")
    session = assume(accounts, user, role) if named == "role" else user
    get: Call = session.s3.get_object
    assert refused(get, Bucket=bucket, Key="key").startswith(DENIED)
    owner.put_bucket_policy(
        Bucket=bucket,
        Policy=document({**reading, "Resource": f"arn:aws:s3:::{bucket}/key", "Principal": {"AWS": principal}}),
    )
    assert refused(get, Bucket=bucket, Key="key").startswith(DENIED)  # the other side doesn't allow it
    if named == "role":
        iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=document(reading))
    else:
        let(iam, name, reading)
    get(Bucket=bucket, Key="key")
    assert refused(get, Bucket=bucket, Key="other").startswith(DENIED)
    deleted = session.s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "key"}]})
    assert [item["Key"] for item in deleted["Deleted"]] == ["key"]
    if named != "account":
        assert refused(stranger.s3.get_object, Bucket=bucket, Key="key").startswith(DENIED)


def test_a_bucket_policy_binds_root_too(accounts: Accounts) -> None:
    """Source: S3 API Reference, "PutBucketPolicy": root may still put and delete the policy."""
    owner, other = accounts.administrator(ACCOUNT).s3, accounts.administrator(OTHER_ACCOUNT).s3
    owner.create_bucket(Bucket="strict-root")
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::strict-root"}
    owner.list_objects_v2(Bucket="strict-root")
    assert refused(other.list_objects_v2, Bucket="strict-root").startswith(DENIED)
    owner.put_bucket_policy(Bucket="strict-root", Policy=document(deny))
    assert refused(owner.list_objects_v2, Bucket="strict-root").startswith(DENIED)
    owner.get_bucket_policy(Bucket="strict-root")
    owner.delete_bucket_policy(Bucket="strict-root")
    allow_other = {
        "Principal": {"AWS": OTHER_ACCOUNT},
        "Action": "s3:ListBucket",
        "Resource": "arn:aws:s3:::strict-root",
    }
    owner.put_bucket_policy(Bucket="strict-root", Policy=document(allow_other))
    other.list_objects_v2(Bucket="strict-root")


def test_object_keys_are_not_normalized(accounts: Accounts, iam: "IAMClient", sign_in: SignIn) -> None:
    accounts.administrator(ACCOUNT).s3.create_bucket(Bucket=BUCKET)
    s3 = sign_in("klara").s3
    let(iam, "klara", allow("s3:PutObject", f"arn:aws:s3:::{BUCKET}/reports/"))
    s3.put_object(Bucket=BUCKET, Key="reports/", Body=b"")
    for key in ("reports", "reports//", "/reports/"):
        assert refused(s3.put_object, Bucket=BUCKET, Key=key, Body=b"").startswith(DENIED)
    let(iam, "klara", allow("s3:PutObject", f"arn:aws:s3:::{BUCKET}//"))
    s3.put_object(Bucket=BUCKET, Key="/", Body=b"")
    assert refused(s3.create_bucket, Bucket="strict-not-a-key").startswith(DENIED)
