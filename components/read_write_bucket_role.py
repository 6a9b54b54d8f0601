"""A role that another account may assume to read and write one bucket, and nothing else."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import policies
from components.validation import check_account_id, check_bucket_name, check_policy_name, check_role_name

DEFAULT_POLICY_NAME = "read-write-app-bucket"


class ReadWriteBucketRoleArgs(TypedDict):
    """What a :class:`ReadWriteBucketRole` needs."""

    name: str
    """The role's name, unique in its account: 1 to 64 letters, digits or ``+=,.@-_``."""
    bucket: str
    """The name of the bucket that the role may read and write. It need not exist yet."""
    trusted_account_id: str
    """The account whose principals may assume the role, if that account lets them: twelve digits."""
    policy_name: NotRequired[str]
    """The managed policy's name, unique in its account. ``read-write-app-bucket`` by default."""


def check_role_args(args: Mapping[str, object]) -> None:
    """Check plain values of :class:`ReadWriteBucketRoleArgs` as far as they can be without AWS.

    Raises:
        InvalidValue: with the key, the value and what is allowed.
    """
    check_role_name("name", args["name"])
    check_bucket_name("bucket", args["bucket"])
    check_account_id("trusted_account_id", args["trusted_account_id"])
    check_policy_name("policy_name", args.get("policy_name", DEFAULT_POLICY_NAME))


class ReadWriteBucketRole(pulumi.ComponentResource):
    """A role, its trust in one other account, and a managed policy for one bucket, attached.

    It is step 1 of the IAM User Guide's "IAM tutorial: Delegate access across AWS accounts using IAM roles".
    """

    arn: pulumi.Output[str]
    """The role's ARN, which others need to assume it."""

    def __init__(self, name: str, args: ReadWriteBucketRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the role, its managed policy and the attachment.

        Raises:
            InvalidValue: AWS would refuse one of the values.
        """
        check_role_args(args)
        super().__init__("cross-account-access:index:ReadWriteBucketRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        partition = aws.get_partition_output(opts=pulumi.InvokeOptions(parent=self)).partition

        role = aws.iam.Role(
            f"{name}-role",
            name=args["name"],
            assume_role_policy=partition.apply(
                lambda partition: policies.render(policies.trust_account(partition, args["trusted_account_id"]))
            ),
            opts=child,
        )
        policy = aws.iam.Policy(
            f"{name}-policy",
            name=args.get("policy_name", DEFAULT_POLICY_NAME),
            policy=partition.apply(
                lambda partition: policies.render(policies.read_write_bucket(partition, args["bucket"]))
            ),
            opts=child,
        )
        aws.iam.RolePolicyAttachment(f"{name}-policy-attachment", role=role.name, policy_arn=policy.arn, opts=child)

        self.arn = role.arn
        self.register_outputs({"arn": self.arn})
