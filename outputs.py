"""What a stack gives to other teams and stacks: the contract, version 1, as the README describes it.

An output that is added leaves the version as it is; one that changes its meaning or goes away raises it.
"""

from collections.abc import Mapping

import pulumi

from components import ReadWriteBucketRole, ReadWriteBucketRoleArgs
from components.bucket_access import bucket_names
from components.trust import is_open_to_any_role
from console import switch_role_url
from settings import Settings, camel_case

CONTRACT_VERSION = 1

AssumableRoles = Mapping[str, Mapping[str, list[pulumi.Output[str]]]]
"""ARNs of roles, by grantee and by ``allow`` and ``deny``."""


def export_roles(settings: Settings, roles: Mapping[str, ReadWriteBucketRole]) -> None:
    """Export what others need to assume the roles, and what they must know about them."""
    pulumi.export("contractVersion", CONTRACT_VERSION)
    if not roles:
        return
    pulumi.export("roleArn", next(iter(roles.values())).arn)
    pulumi.export("roleArns", {name: role.arn for name, role in roles.items()})
    pulumi.export("bucketNames", {role["name"]: bucket_names(role)[0] for role in settings.roles})
    pulumi.export("switchRoleUrls", {name: role.arn.apply(switch_role_url) for name, role in roles.items()})
    pulumi.export("roleOptions", {role["name"]: _options(role) for role in settings.roles})
    pulumi.export("openRoles", [role["name"] for role in settings.roles if is_open_to_any_role(role)])
    guarded = [role["name"] for role in settings.roles if "external_id" in role or role.get("generate_external_id")]
    if guarded:
        pulumi.export("externalIds", {name: roles[name].external_id for name in guarded})
    if settings.roles_on_existing_buckets:
        statements = {name: roles[name].resource_policy_statements for name in settings.roles_on_existing_buckets}
        pulumi.export("resourcePolicyStatements", statements)


def _options(role: ReadWriteBucketRoleArgs) -> dict[str, object]:
    """What the stack's file says of the role, in its words; an external id may be secret there."""
    return {camel_case(key): value for key, value in role.items() if key not in ("name", "external_id")}


def export_grants(groups: AssumableRoles, grantee_roles: AssumableRoles) -> None:
    """Export which groups, and which roles of this account, may or may not assume which roles."""
    if groups:
        pulumi.export("assumableRoles", groups)
    if grantee_roles:
        pulumi.export("granteeRoles", grantee_roles)
