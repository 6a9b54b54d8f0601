"""The bucket that the role is about, hardened as AWS advises."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from . import policies
from .validation import check_bucket_name


class ApplicationBucketArgs(TypedDict):
    """What an :class:`ApplicationBucket` needs."""

    name: str
    """The bucket's name, unique in its partition."""


class ApplicationBucket(pulumi.ComponentResource):
    """A bucket that is private, owned by its account alone, versioned, encrypted and reached over TLS only.

    Source: Amazon S3 User Guide, "Security best practices for Amazon S3". Protect it where you use it:
    ``ResourceOptions(protect=True)`` protects the bucket itself, which holds the objects. Its settings are not
    protected one by one, so that a refusal names the one resource that matters.
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
        check_bucket_name("name", args["name"])
        protect = bool(opts and opts.protect)
        unprotected = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=False))
        super().__init__("cross-account-access:index:ApplicationBucket", name, None, unprotected)
        child = pulumi.ResourceOptions(parent=self)
        partition = aws.get_partition_output(opts=pulumi.InvokeOptions(parent=self)).partition

        bucket = aws.s3.Bucket(
            f"{name}-bucket", bucket=args["name"], opts=pulumi.ResourceOptions(parent=self, protect=protect)
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
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=child,
        )
        aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.bucket,
            policy=partition.apply(
                lambda partition: policies.render(policies.deny_insecure_transport(partition, args["name"]))
            ),
            # S3 refuses both at once: "A conflicting conditional operation is currently in progress".
            opts=pulumi.ResourceOptions(parent=self, depends_on=[public_access_block]),
        )

        self.name = bucket.bucket
        self.arn = bucket.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
