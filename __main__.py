"""The program of every stack: a stack is an account, its YAML file says what the account gives and who may take it.

It does what the IAM User Guide's "IAM tutorial: Delegate access across AWS accounts using IAM roles" describes.
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

# Step 2: let one group switch to the role, and forbid it to the other.
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

# Step 3, to try who can switch to the role and what can be done there, is `make up` and `access prove`.
