"""A test case of each resource type of the stand-in provider."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.provider.configuration import Aws
from sandbox.provider.values import Properties

ACCOUNT = "999999999999"


def policy(action: str, **more: object) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": "arn:aws:s3:::probe/*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(account: str) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass
class Case:
    """The test case of a resource type. ``NAME`` in a value is replaced by the test's own name."""

    token: str
    inputs: Properties
    update: Properties = field(default_factory=dict)
    """Inputs that are updated in place."""
    mischief: Callable[[Aws, str], object] = lambda *_: None
    """Changes a resource with these inputs outside the provider, given the name."""
    notices: Properties = field(default_factory=dict)
    """Inputs that a refresh then records."""
    needs: str = ""
    """The resources that must exist: a ``bucket``, a ``group`` and users, or a ``role`` with a policy."""
    import_id: str = "NAME"
    """Empty if the type can't be imported."""
    survives: bool = False
    """``True``: AWS has this setting for every bucket or group, so a read succeeds after the delete too."""

    def __str__(self) -> str:
        return self.token.rpartition(":")[2]


TAGS: Properties = {"env": "dev", "team": "a"}
POLICY_ARN = f"arn:aws:iam::{ACCOUNT}:policy/NAME"
AES: Properties = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
KMS: Properties = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}


def bucket_policy(action: str) -> str:
    return policy(action, Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}).replace("probe", "NAME")


CASES = [
    Case(
        "aws:iam/role:Role",
        {"name": "NAME", "assumeRolePolicy": trust(ACCOUNT), "tags": TAGS, "path": "/team/"},
        update={"assumeRolePolicy": trust("111111111111"), "maxSessionDuration": 7200, "tags": {"env": "prod"}},
        mischief=lambda aws, name: aws.iam.untag_role(RoleName=name, TagKeys=["team"]),
        notices={"tags": {"env": "dev"}, "tagsAll": {"env": "dev"}},
    ),
    Case(
        "aws:iam/policy:Policy",
        {"name": "NAME", "policy": policy("s3:GetObject"), "tags": TAGS},
        update={"policy": policy("s3:PutObject"), "tags": {"team": "b"}},
        mischief=lambda aws, name: aws.iam.create_policy_version(
            PolicyArn=POLICY_ARN.replace("NAME", name), PolicyDocument=policy("s3:*"), SetAsDefault=True
        ),
        notices={"policy": policy("s3:*")},
        import_id=POLICY_ARN,
    ),
    Case(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        {"role": "NAME", "policyArn": POLICY_ARN},
        needs="role",
        import_id=f"NAME/{POLICY_ARN}",
    ),
    Case("aws:iam/group:Group", {"name": "NAME", "path": "/team/"}),
    Case(
        "aws:iam/groupPolicy:GroupPolicy",
        {"group": "NAME", "name": "inline", "policy": policy("s3:GetObject")},
        update={"policy": policy("s3:PutObject")},
        mischief=lambda aws, name: aws.iam.put_group_policy(
            GroupName=name, PolicyName="inline", PolicyDocument=policy("s3:*")
        ),
        notices={"policy": policy("s3:*")},
        needs="group",
        import_id="NAME:inline",
    ),
    Case(
        "aws:iam/rolePolicy:RolePolicy",
        {"role": "NAME", "name": "inline", "policy": policy("s3:GetObject")},
        update={"policy": policy("s3:PutObject")},
        mischief=lambda aws, name: aws.iam.put_role_policy(
            RoleName=name, PolicyName="inline", PolicyDocument=policy("s3:*")
        ),
        notices={"policy": policy("s3:*")},
        needs="role",
        import_id="NAME:inline",
    ),
    Case(
        "aws:iam/groupMembership:GroupMembership",
        {"group": "NAME", "name": "NAME", "users": ["NAME-1", "NAME-2"]},
        update={"users": ["NAME-3", "NAME-1"]},
        mischief=lambda aws, name: aws.iam.remove_user_from_group(GroupName=name, UserName=f"{name}-1"),
        notices={"users": ["NAME-2"]},
        needs="group",
        import_id="",
        survives=True,
    ),
    Case(
        "aws:iam/userGroupMembership:UserGroupMembership",
        {"user": "NAME-1", "groups": ["NAME"]},
        update={"groups": ["NAME-a", "NAME"]},
        mischief=lambda aws, name: aws.iam.remove_user_from_group(GroupName=name, UserName=f"{name}-1"),
        notices={"groups": []},
        needs="group",
        import_id="NAME-1/NAME",
        survives=True,
    ),
    Case(
        "aws:s3/bucket:Bucket",
        {"bucket": "NAME", "tags": TAGS},
        update={"tags": {"env": "prod"}},
        mischief=lambda aws, name: aws.s3.delete_bucket_tagging(Bucket=name),
        notices={"tags": None, "tagsAll": None},
    ),
    Case(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        {"bucket": "NAME", "blockPublicAcls": True},
        update={"blockPublicAcls": False, "restrictPublicBuckets": True},
        mischief=lambda aws, name: aws.s3.put_public_access_block(
            Bucket=name, PublicAccessBlockConfiguration={"BlockPublicAcls": False}
        ),
        notices={"blockPublicAcls": False},
        needs="bucket",
    ),
    Case(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        {"bucket": "NAME", "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        update={"rule": {"objectOwnership": "ObjectWriter"}},
        mischief=lambda aws, name: aws.s3.put_bucket_ownership_controls(
            Bucket=name, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
        ),
        notices={"rule": {"objectOwnership": "BucketOwnerPreferred"}},
        needs="bucket",
    ),
    Case(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        {"bucket": "NAME", "rules": [AES]},
        update={"rules": [{**KMS, "blockedEncryptionTypes": ["SSE-C"], "bucketKeyEnabled": True}]},
        mischief=lambda aws, name: aws.s3.put_bucket_encryption(
            Bucket=name,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
            },
        ),
        notices={"rules": [KMS]},
        needs="bucket",
        survives=True,
    ),
    Case(
        "aws:s3/bucketVersioning:BucketVersioning",
        {"bucket": "NAME", "versioningConfiguration": {"status": "Enabled"}},
        update={"versioningConfiguration": {"status": "Suspended"}},
        mischief=lambda aws, name: aws.s3.put_bucket_versioning(
            Bucket=name, VersioningConfiguration={"Status": "Suspended"}
        ),
        notices={"versioningConfiguration": {"status": "Suspended"}},
        needs="bucket",
        survives=True,
    ),
    Case(
        "aws:s3/bucketPolicy:BucketPolicy",
        {"bucket": "NAME", "policy": bucket_policy("s3:GetObject")},
        update={"policy": bucket_policy("s3:PutObject")},
        mischief=lambda aws, name: aws.s3.put_bucket_policy(
            Bucket=name, Policy=bucket_policy("s3:*").replace("NAME", name)
        ),
        notices={"policy": bucket_policy("s3:*")},
        needs="bucket",
    ),
]
