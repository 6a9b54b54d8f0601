"""The program of every stack: a stack is an account, its YAML file says what the account gives and who may take it.

It does what the IAM User Guide's "IAM tutorial: Delegate access across AWS accounts using IAM roles" describes.
"""

import pulumi
import pulumi_aws as aws

from components import ApplicationBucket, GroupAssumePolicy, ReadWriteBucketRole
from console import switch_role_url
from role_references import RoleArns
from settings import load_settings

settings = load_settings()
pulumi.export("contractVersion", 1)

# Step 1: create a role that another account may assume, limited to one bucket.
for bucket in settings.buckets:
    ApplicationBucket(bucket, {"name": bucket}, pulumi.ResourceOptions(protect=True))

roles = {role["name"]: ReadWriteBucketRole(role["name"], role) for role in settings.roles}

if roles:
    pulumi.export("roleArn", next(iter(roles.values())).arn)
    pulumi.export("roleArns", {name: role.arn for name, role in roles.items()})
    pulumi.export("bucketNames", {role["name"]: role["bucket"] for role in settings.roles})
    pulumi.export("switchRoleUrls", {name: role.arn.apply(switch_role_url) for name, role in roles.items()})

# Step 2: let one group switch to the role, and forbid it to the other.
role_arns = RoleArns()
assumable_roles: dict[str, dict[str, list[pulumi.Output[str]]]] = {}

for group in settings.groups:
    group_name = aws.iam.Group(group.name, name=group.name).name if group.create else group.name
    assumable_roles[group.name] = {"allow": [], "deny": []}
    for grant in group.grants:
        arns = [role_arns.of(role) for role in grant.roles]
        assumable_roles[group.name][grant.effect.lower()] += arns
        GroupAssumePolicy(
            f"{group.name}-{grant.policy_name}",
            {"group": group_name, "effect": grant.effect, "role_arns": arns, "policy_name": grant.policy_name},
        )

if settings.groups:
    pulumi.export("assumableRoles", assumable_roles)
