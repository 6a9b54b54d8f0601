"""Accesses of a role to buckets and keys, for the laws of options."""

from dataclasses import dataclass
from functools import cached_property

from tests.support.policy_evaluator import Request
from tests.support.role_calls import OWNER, ROLE

BUCKETS = ("productionapp", "productionapp-archive", "production", "xproductionapp")
US_KEY, US_KEY2, EU_KEY = (
    f"arn:aws:kms:{region}:{OWNER}:key/{key}"
    for region, key in (("us-east-1", "1234abcd"), ("us-east-1", "1234abcde"), ("eu-west-1", "1234abcd"))
)
THROUGH_S3 = {key: f"s3.{key.split(':')[3]}.amazonaws.com" for key in (US_KEY, US_KEY2, EU_KEY)}
"""The value of ``kms:ViaService`` if S3 uses a key: it uses keys of its own region only."""

READING = {"s3:ListBucket", "s3:ListBucketVersions", "s3:GetObject", "s3:GetObjectVersion", "kms:Decrypt"}
WRITING = {
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
    "s3:ListBucketMultipartUploads",
    "kms:GenerateDataKey",
}
EVER = {*READING, *WRITING, "s3:GetBucketLocation", "s3:ListAllMyBuckets"}
"""All rights that a role can have."""
LISTING = ("s3:ListBucket", "s3:ListBucketVersions")
ON_BUCKETS = (
    *LISTING,
    *("s3:GetBucketLocation", "s3:ListBucketMultipartUploads"),
    *("s3:CreateBucket", "s3:DeleteBucket", "s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:PutBucketAcl"),
    *("s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration", "s3:PutBucketTagging"),
)
ON_OBJECTS = (
    *("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject"),
    *("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
    *("s3:DeleteObjectVersion", "s3:GetObjectAcl", "s3:PutObjectAcl", "s3:PutObjectVersionAcl", "s3:GetObjectTagging"),
    *("s3:BypassGovernanceRetention", "s3:PutObjectRetention", "s3:RestoreObject", "s3:ReplicateObject"),
)
ON_KEYS = (
    *("kms:Decrypt", "kms:GenerateDataKey"),
    *("kms:Encrypt", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:CreateGrant"),
    *("kms:DescribeKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"),
)
ON_NOTHING = (
    "s3:ListAllMyBuckets",
    "s3:PutAccountPublicAccessBlock",
    "iam:ListUsers",
    "iam:CreateUser",
    "kms:ListKeys",
)
REVOKED = "2026-11-24T09:30:00Z"
NEAR_MOMENTS = ("2026-11-24T09:29:59Z", REVOKED, "2026-11-24T09:30:01Z")


@dataclass(frozen=True)
class Access:
    """A request of the role's session."""

    action: str
    bucket: str | None = None
    key: str | None = None
    """The key of an object."""
    prefix: str | None = None
    """The prefix of the keys to list."""
    kms_key: str | None = None
    via: str | None = None
    """The service that uses the KMS key for the session."""
    issued: str = REVOKED
    """The time at which the session began."""
    principal: str = ROLE

    @property
    def resource(self) -> str:
        if self.kms_key or not self.bucket:
            return self.kms_key or "*"
        return f"arn:aws:s3:::{self.bucket}" + (f"/{self.key}" if self.key is not None else "")

    @cached_property
    def request(self) -> Request:
        keys = {"s3:prefix": self.prefix, "kms:ViaService": self.via, "aws:TokenIssueTime": self.issued}
        present = {key: value for key, value in keys.items() if value is not None}
        return Request(self.principal, self.action, self.resource, present)
