"""What a stack gives to other teams and stacks: the contract, version 1, as the README describes it.

An output that is added leaves the version as it is; one that changes its meaning or goes away raises it.
"""

from collections.abc import Mapping, Sequence

import pulumi

from components import ReadWriteBucketRole, ReadWriteBucketRoleArgs
from components.bucket_access import bucket_names
from components.trust import is_open_to_any_role
from console import switch_role_url
from settings import Grant, Grantee, Settings, camel_case

CONTRACT_VERSION = 1

Granted = tuple[Grantee, Grant, list[pulumi.Output[str]]]
"""Who may or may not assume which roles: the grantee, what is said of it, and the roles' ARNs."""


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


def export_grants(granted: Sequence[Granted]) -> None:
    """Export which groups, and which roles of this account, may or may not assume which roles."""
    groups, grantee_roles = _assumable_roles(granted, "group"), _assumable_roles(granted, "role")
    if groups:
        pulumi.export("assumableRoles", groups)
    if grantee_roles:
        pulumi.export("granteeRoles", grantee_roles)


def _assumable_roles(granted: Sequence[Granted], kind: str) -> dict[str, dict[str, list[pulumi.Output[str]]]]:
    """ARNs of roles, by grantee and by ``allow`` and ``deny``."""
    assumable: dict[str, dict[str, list[pulumi.Output[str]]]] = {}
    for grantee, grant, role_arns in granted:
        if grantee.kind == kind:
            assumable.setdefault(grantee.name, {"allow": [], "deny": []})[grant.effect.lower()] += role_arns
    return assumable
