"""The program of every stack: a stack is an account, its YAML file says what the account gives and who may take it.

It does what the IAM User Guide's "IAM tutorial: Delegate access across AWS accounts using IAM roles" describes.
"""

import pulumi
import pulumi_aws as aws

from components import ApplicationBucket, GroupAssumePolicy, ReadWriteBucketRole, check_total_size
from stack.other_stacks import OtherStacks
from stack.outputs import Granted, export_grants, export_roles
from stack.settings import load_settings

settings = load_settings()

# Step 1: create a role that another account may assume, limited to one bucket.
for bucket in settings.buckets:
    ApplicationBucket(bucket, {"name": bucket}, pulumi.ResourceOptions(protect=True))

roles = {role["name"]: ReadWriteBucketRole(role["name"], role) for role in settings.roles}
export_roles(settings, roles)

# Step 2: let one group switch to the role, and forbid it to the other.
other_stacks = OtherStacks()
granted: list[Granted] = []

for grantee in settings.grantees:
    grantee_name = aws.iam.Group(grantee.name, name=grantee.name).name if grantee.create else grantee.name
    policies = {}
    for grant in grantee.grants:
        role_arns = [other_stacks.role_arn(role) for role in grant.roles]
        policies[grant.policy_name] = GroupAssumePolicy(
            f"{grantee.name}-{grant.policy_name}",
            {
                **grantee.target(grantee_name),
                **grant.options,
                "effect": grant.effect,
                "policy_name": grant.policy_name,
                "role_arns": role_arns,
            },
        )
        granted.append((grantee, grant, role_arns))
        other_stacks.warn_of_missing_principals(grant.roles)
        if grant.effect == "Deny":
            other_stacks.warn_of_bypass(grantee.name, grant.roles)
    check_total_size(grantee.kind, grantee.name, policies)

export_grants(granted)
