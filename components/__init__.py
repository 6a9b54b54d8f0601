"""Reusable component resources: a role that another account may assume, and who may assume it."""

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
