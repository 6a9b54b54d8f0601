"""Reusable component resources: a role that another account may assume, and who may assume it."""

from components.application_bucket import ApplicationBucket, ApplicationBucketArgs
from components.group_assume_policy import GroupAssumePolicy, GroupAssumePolicyArgs
from components.read_write_bucket_role import ReadWriteBucketRole, ReadWriteBucketRoleArgs

__all__ = [
    "ApplicationBucket",
    "ApplicationBucketArgs",
    "GroupAssumePolicy",
    "GroupAssumePolicyArgs",
    "ReadWriteBucketRole",
    "ReadWriteBucketRoleArgs",
]
