"""The application's bucket, hardened as AWS recommends."""

from collections.abc import Mapping
from functools import partial

import pulumi
import pulumi_aws as aws

from . import policies, rules, validation
from .args import ApplicationBucketArgs
from .partition import Partition, check_against, partition_of
from .policies import PolicyDocument, document, statement
from .validation import when_known

_RULES: Mapping[str, rules.Rule] = {"name": rules.new_bucket_name, "kms_key_arn": rules.key_arn}


class ApplicationBucket(pulumi.ComponentResource):
    """A private bucket: owned by its account alone, versioned, encrypted, and reachable over TLS only.

    Source: Amazon S3 User Guide, "Security best practices for Amazon S3". Protect the bucket where you use it:
    ``ResourceOptions(protect=True)`` protects the bucket itself, which holds the objects. Its settings are not
    protected one by one, so that an error names the one resource that matters.
    """

    name: pulumi.Output[str]
    """The bucket's name."""
    arn: pulumi.Output[str]
    """The bucket's ARN."""

    def __init__(self, name: str, args: ApplicationBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the bucket and its settings.

        Raises:
            InvalidValue: S3 would refuse the bucket's name.
        """
        given = validation.checked(args, ApplicationBucketArgs, _RULES)
        protect = bool(opts and opts.protect)
        unprotected = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=False))
        super().__init__("cross-account-access:index:ApplicationBucket", name, None, unprotected)
        child = pulumi.ResourceOptions(parent=self)
        partition, key = partition_of(self), given.get("kms_key_arn")

        bucket = aws.s3.Bucket(
            f"{name}-bucket", bucket=given["name"], opts=pulumi.ResourceOptions(parent=self, protect=protect)
        )
        public_access_block = aws.s3.BucketPublicAccessBlock(
            f"{name}-public-access-block",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketOwnershipControls(
            f"{name}-ownership-controls",
            bucket=bucket.bucket,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=child,
        )
        aws.s3.BucketVersioning(
            f"{name}-versioning",
            bucket=bucket.bucket,
            versioning_configuration={"status": "Enabled"},
            opts=child,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.bucket,
            rules=[_encryption(key and when_known(key, partial(_checked_key, partition)))],
            opts=child,
        )
        aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.bucket,
            policy=partition.apply(lambda own: policies.render(_deny_insecure_transport(own.name, given["name"]))),
            # S3 refuses both at once: "A conflicting conditional operation is currently in progress".
            opts=pulumi.ResourceOptions(parent=self, depends_on=[public_access_block]),
        )

        self.name = bucket.bucket
        self.arn = bucket.arn
        self.register_outputs({"name": self.name, "arn": self.arn})


async def _checked_key(partition: pulumi.Output[Partition], key: str) -> str:
    _RULES["kms_key_arn"]("kms_key_arn", key)
    await check_against(partition, "kms_key_arn", key)
    return key


def _encryption(kms_key_arn: pulumi.Input[str] | None) -> aws.s3.BucketServerSideEncryptionConfigurationRuleArgsDict:
    """Return the default encryption rule: with the KMS key, if there is one.

    A bucket key calls KMS less often (Amazon S3 User Guide, "Reducing the cost of SSE-KMS with Amazon S3 Bucket Keys").
    """
    if not kms_key_arn:
        return {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    with_key: aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgsDict = {
        "sse_algorithm": "aws:kms",
        "kms_master_key_id": kms_key_arn,
    }
    return {"apply_server_side_encryption_by_default": with_key, "bucket_key_enabled": True}


def _deny_insecure_transport(partition: str, bucket: str) -> PolicyDocument:
    """Return the bucket policy that denies requests without TLS.

    Source: Amazon S3 User Guide, "Security best practices for Amazon S3".
    """
    arn = f"arn:{partition}:s3:::{bucket}"
    insecure: policies.Condition = {"Bool": {"aws:SecureTransport": "false"}}
    return document(
        statement("DenyInsecureTransport", "Deny", ["s3:*"], [arn, f"{arn}/*"], principal="*", condition=insecure)
    )
