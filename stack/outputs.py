"""What a stack gives to other teams and stacks: the contract, version 1, as the README describes it.

An output that is added leaves the version as it is; one that changes its meaning or goes away raises it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import get_args
from urllib.parse import urlencode

import pulumi

from components import GroupAssumePolicy, ReadWriteBucketRole, ReadWriteBucketRoleArgs, check_total_size
from components.bucket_access import bucket_names
from components.policies import Effect
from components.trust import is_open_to_any_role
from stack.entries import camel_case
from stack.settings import Grant, Grantee, GrantOptions, Kind, Settings
from stack.usability import why_unusable

CONTRACT_VERSION = 1

# Source: IAM User Guide, "Switch to a role (console)"; the other partitions' sign-in hosts are in "AWS GovCloud (US)
# sign-in" and "Sign in to Amazon Web Services in China".
_SIGN_IN_HOSTS = {
    "aws": "signin.aws.amazon.com",
    "aws-us-gov": "signin.amazonaws-us-gov.com",
    "aws-cn": "signin.amazonaws.cn",
}

Granted = tuple[Grantee, Grant, GroupAssumePolicy]
"""Who may or may not assume which roles: the grantee, what is said of it, and the policy that says it."""


def export_roles(settings: Settings, roles: Mapping[str, ReadWriteBucketRole]) -> None:
    """Export what others need to assume the roles, and what they must know about them."""
    pulumi.export("contractVersion", CONTRACT_VERSION)
    if not roles:
        return
    pulumi.export("roleArn", next(iter(roles.values())).arn)
    pulumi.export("roleArns", {name: role.arn for name, role in roles.items()})
    pulumi.export("bucketNames", {role["name"]: bucket_names(role)[0] for role in settings.roles})
    pulumi.export(
        "switchRoleUrls",
        {role["name"]: roles[role["name"]].arn.apply(partial(_link, role)) for role in settings.roles},
    )
    options = {role["name"]: _options(role) for role in settings.roles}
    pulumi.export("roleOptions", options)
    for name, said in options.items():
        reason = why_unusable(said, datetime.now(UTC))
        if reason:
            pulumi.log.warn(f"nobody can use role {name}: {reason}")
    pulumi.export("openRoles", [role["name"] for role in settings.roles if is_open_to_any_role(role)])
    guarded = [role["name"] for role in settings.roles if "external_id" in role or role.get("generate_external_id")]
    if guarded:
        pulumi.export("externalIds", {name: roles[name].external_id for name in guarded})
    if settings.roles_on_existing_buckets:
        statements = {name: roles[name].resource_policy_statements for name in settings.roles_on_existing_buckets}
        pulumi.export("resourcePolicyStatements", statements)


_CONSOLE_CAN_NOT = ("external_id", "generate_external_id", "require_source_identity", "session_tags")
"""Options that make Switch Role of the console fail.

Sources: IAM User Guide, "Switch to a role (console)", "Monitor and control actions taken with assumed roles", "Pass
session tags in AWS STS".
"""
_MOST_LINKED_CHARACTERS = 64
"""Of path and name. Source: IAM User Guide, "IAM and AWS STS quotas"."""


def _link(role: ReadWriteBucketRoleArgs, arn: str) -> str | None:
    """Return the link to the console's Switch Role page; none where it would lead nowhere."""
    resource = arn.split(":role/", 1)[1]
    if any(role.get(option) for option in _CONSOLE_CAN_NOT) or len(f"/{resource}") > _MOST_LINKED_CHARACTERS:
        return None
    return switch_role_url(arn)


def _options(role: ReadWriteBucketRoleArgs) -> dict[str, object]:
    """What the stack's file says of the role, in its words; an external id may be secret there."""
    return {camel_case(key): value for key, value in role.items() if key not in ("name", "external_id")}


def export_grants(granted: Sequence[Granted]) -> None:
    """Export which groups, and which roles of this account, may or may not assume which roles.

    Raises (when the documents are known):
        InvalidValue: the policies of a group or role are too long together.
    """
    by_grantee: dict[tuple[Kind, str], list[tuple[Grant, GroupAssumePolicy]]] = {}
    for grantee, grant, policy in granted:
        by_grantee.setdefault((grantee.kind, grantee.name), []).append((grant, policy))
    assumable: dict[str, dict[str, dict[str, pulumi.Output[list[str]]]]] = {"group": {}, "role": {}}
    for (kind, name), policies in by_grantee.items():
        check_total_size(kind, name, {grant.policy_name: policy for grant, policy in policies})
        assumable[kind][name] = {
            effect.lower(): _joined([policy.role_arns for grant, policy in policies if grant.effect == effect])
            for effect in get_args(Effect)
        }
    options = {grantee.name: _on(grant.options) for grantee, grant, _ in granted if grant.options}
    if options:
        pulumi.export("grantOptions", options)
    if assumable["group"]:
        pulumi.export("assumableRoles", assumable["group"])
    if assumable["role"]:
        pulumi.export("granteeRoles", assumable["role"])


def _on(options: GrantOptions) -> dict[str, object]:
    return {camel_case(name): value for name, value in options.items()}


def _joined(lists: Sequence[pulumi.Output[Sequence[str]]]) -> pulumi.Output[list[str]]:
    return pulumi.Output.all(*lists).apply(lambda known: [arn for arns in known for arn in arns])


def switch_role_url(role_arn: str) -> str | None:
    """The link with which a person who is signed in to the console switches to the role.

    Args:
        role_arn: e.g. ``arn:aws:iam::999999999999:role/UpdateApp``; a path stays part of the role's name.

    Returns:
        The link, or nothing for a partition whose console is not known here.
    """
    _, partition, _, _, account_id, resource = role_arn.split(":", 5)
    host = _SIGN_IN_HOSTS.get(partition)
    role_name = resource.removeprefix("role/")
    query = urlencode({"account": account_id, "roleName": role_name, "displayName": role_name})
    return f"https://{host}/switchrole?{query}" if host else None
