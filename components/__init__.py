"""Reusable Pulumi components for roles that other accounts may assume."""

from .application_bucket import ApplicationBucket
from .args import ApplicationBucketArgs, GroupAssumePolicyArgs, GroupMembersArgs, ReadWriteBucketRoleArgs
from .group_assume_policy import GroupAssumePolicy, check_total_size
from .group_members import GroupMembers
from .read_write_bucket_role import ReadWriteBucketRole

__all__ = [
    "ApplicationBucket",
    "ApplicationBucketArgs",
    "GroupAssumePolicy",
    "GroupAssumePolicyArgs",
    "GroupMembers",
    "GroupMembersArgs",
    "ReadWriteBucketRole",
    "ReadWriteBucketRoleArgs",
    "check_total_size",
]
