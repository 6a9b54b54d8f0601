"""The program of every stack: one stack for each account, configured by its YAML file.

It follows the IAM User Guide's "IAM tutorial: Delegate access across AWS accounts using IAM roles".
"""

import pulumi

from components import ApplicationBucket, GroupAssumePolicy, ReadWriteBucketRole
from stack.grantees import grantee_target, renamed
from stack.other_stacks import OtherStacks
from stack.outputs import Granted, export_grants, export_roles, warn_of_unusable
from stack.settings import load_settings

settings = load_settings()
other_stacks = OtherStacks(settings.accounts)

# Step 1: create a role that another account may assume, limited to one bucket.
for bucket in settings.buckets:
    ApplicationBucket(bucket.name, bucket.args, pulumi.ResourceOptions(protect=True))

roles = {role["name"]: ReadWriteBucketRole(role["name"], role) for role in settings.roles}
export_roles(settings, roles)

# Step 2: allow one group to switch to the role, and deny it to the other.
granted: list[Granted] = []
for grantee in settings.grantees:
    target = grantee_target(grantee)
    for grant in grantee.grants:
        policy = GroupAssumePolicy(
            grant.name,
            {**target, **grant.args, **other_stacks.roles(grantee, grant)},
            renamed(grant.renamed_from),
        )
        granted.append((grantee, grant, policy))

export_grants(granted)
other_stacks.warn()
warn_of_unusable(settings)

# Step 3, testing access by switching roles, is `make up` and `access prove`.
