"""A stack's outputs for other teams and stacks: the contract, version 1, as docs/outputs.md describes it.

A new output leaves the version as it is; an output that is removed or changes its meaning raises it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import get_args
from urllib.parse import urlencode

import pulumi

from components import GroupAssumePolicy, ReadWriteBucketRole, ReadWriteBucketRoleArgs, check_total_size
from components.bucket_access import bucket_names
from components.policies import Effect
from components.trust import is_open_to_any_role, trusted_accounts
from stack import clock
from stack.entries import camel_case
from stack.grants import Grant, Grantee, Kind
from stack.here import own_accounts
from stack.other_stacks import join_names
from stack.settings import Settings
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
"""A grantee, one of its grants, and the policy for that grant."""


def export_roles(settings: Settings, roles: Mapping[str, ReadWriteBucketRole]) -> None:
    """Export the roles' ARNs, options and links, which others need to assume the roles."""
    pulumi.export("contractVersion", CONTRACT_VERSION)
    if settings.known_principals:
        pulumi.export("knownPrincipals", [dict(entry) for entry in settings.known_principals])
    if not roles:
        return
    pulumi.export("roleArn", next(iter(roles.values())).arn)
    pulumi.export("roleArns", {name: role.arn for name, role in roles.items()})
    pulumi.export("bucketNames", {role["name"]: bucket_names(role)[0] for role in settings.roles})
    links = {role["name"]: roles[role["name"]].arn.apply(partial(_link, role)) for role in settings.roles}
    pulumi.export("switchRoleUrls", links)
    pulumi.export("roleOptions", {role["name"]: _options(role) for role in settings.roles})
    pulumi.export("openRoles", [role["name"] for role in settings.roles if is_open_to_any_role(role)])
    with_id = [role["name"] for role in settings.roles if "external_id" in role or role.get("generate_external_id")]
    if with_id:
        pulumi.export("externalIds", {name: roles[name].external_id for name in with_id})
    statements = _statements_for_others(settings, roles)
    if statements:
        pulumi.export("resourcePolicyStatements", statements)


def warn_of_unusable(settings: Settings) -> None:
    """Warn about roles that nobody, or nobody in a trusted account, can use, and about grants that have ended."""
    now = clock.now()
    for role in settings.roles:
        options = _options(role)
        reasons = {account: why_unusable(options, account, now) for account in trusted_accounts(role)}
        if len(set(reasons.values())) == 1 and None not in reasons.values():
            pulumi.log.warn(f"nobody can use role {role['name']}: {next(iter(reasons.values()))}")
            continue
        for account, reason in reasons.items():
            if reason:
                pulumi.log.warn(f"nobody in {account} can use role {role['name']}: {reason}")

    _warn_of_ended(settings, now)


def _warn_of_ended(settings: Settings, now: datetime) -> None:
    ended: dict[tuple[str, str], list[str]] = {}
    for grantee in settings.grantees:
        for grant in grantee.grants:
            for role, moment in grant.until.items():
                if grant.has_ended(role, now):
                    ended.setdefault((role.short, moment), []).append(grantee.title)
    for (role_name, moment), names in ended.items():
        pulumi.log.warn(
            f"{join_names(names)} can't use {role_name}, though allowed: that ended at {moment}; remove the entry, or"
            " set until to a future moment"
        )


def _statements_for_others(
    settings: Settings, roles: Mapping[str, ReadWriteBucketRole]
) -> dict[str, pulumi.Output[Mapping[str, str]]]:
    """Return the statements that owners of buckets and keys have to add to their policies, by role.

    Buckets that are managed elsewhere may belong to another account. A key's ARN names its account.
    """
    by_role = {}
    for role in settings.roles:
        name = role["name"]
        statements = roles[name].resource_policy_statements
        foreign = [arn for arn in map(str, role.get("kms_key_arns", ())) if arn.split(":")[4] not in own_accounts()]
        if name in settings.roles_on_existing_buckets:
            by_role[name] = statements
        elif foreign:
            by_role[name] = statements.apply(partial(_only, foreign))
    return by_role


def _only(arns: Sequence[str], statements: Mapping[str, str]) -> Mapping[str, str]:
    return {arn: statements[arn] for arn in arns}


_NOT_IN_CONSOLE = ("external_id", "generate_external_id", "require_source_identity", "session_tags")
"""Options that make the console's Switch Role fail.

Sources: IAM User Guide, "Switch to a role (console)", "Monitor and control actions taken with assumed roles", "Pass
session tags in AWS STS".
"""
_MOST_LINKED_CHARACTERS = 64
"""The console's limit for path and name together. Source: IAM User Guide, "IAM and AWS STS quotas"."""


def _link(role: ReadWriteBucketRoleArgs, arn: str) -> str | None:
    """Return the link to the console's Switch Role page; ``None`` if the console can't switch to the role."""
    resource = arn.split(":role/", 1)[1]
    if any(role.get(option) for option in _NOT_IN_CONSOLE) or len(f"/{resource}") > _MOST_LINKED_CHARACTERS:
        return None
    return switch_role_url(arn)


def _options(role: ReadWriteBucketRoleArgs) -> dict[str, object]:
    """Return the role's options under the file's keys, without an external id, which may be secret."""
    return {camel_case(key): value for key, value in role.items() if key not in ("name", "external_id")}


def export_grants(granted: Sequence[Granted]) -> None:
    """Export which groups, roles and permission sets of this account may or may not assume which roles.

    Raises (when the documents are known):
        InvalidValue: the policies of a group or role are too long together.
    """
    by_grantee: dict[tuple[Kind, str], list[tuple[Grant, GroupAssumePolicy]]] = {}
    for grantee, grant, policy in granted:
        by_grantee.setdefault((grantee.kind, grantee.name), []).append((grant, policy))
    assumable: dict[Kind, dict[str, dict[str, pulumi.Input[Sequence[str]]]]] = {kind: {} for kind in get_args(Kind)}
    for (kind, name), policies in by_grantee.items():
        if len(policies) > 1 and kind != "permission_set":  # the component checks single and managed policies
            check_total_size(kind, name, {grant.policy_name: policy for grant, policy in policies})
        assumable[kind][name] = {
            effect.lower(): _joined([policy.role_arns for grant, policy in policies if grant.effect == effect])
            for effect in get_args(Effect)
        }
    options = _grant_options(granted)
    if options:
        pulumi.export("grantOptions", options)
    if assumable["group"]:
        pulumi.export("assumableRoles", assumable["group"])
    if assumable["role"]:
        pulumi.export("granteeRoles", assumable["role"])
    if assumable["permission_set"]:
        pulumi.export("permissionSets", assumable["permission_set"])


def _grant_options(granted: Sequence[Granted]) -> dict[str, dict[str, object]]:
    """Return the grants' options, and the moments at which access ends by role ARN, by grantee."""
    by_grantee: dict[str, dict[str, object]] = {}
    ends: dict[str, list[pulumi.Output[Mapping[str, str]]]] = {}
    for grantee, grant, policy in granted:
        options = {camel_case(name): value for name, value in grant.options.items()}
        if options or grant.until:
            by_grantee.setdefault(grantee.title, {}).update(options)
        if grant.until:
            ends.setdefault(grantee.title, []).append(policy.ends)
    for title, known in ends.items():
        by_grantee[title]["until"] = pulumi.Output.all(*known).apply(
            lambda lists: {arn: moment for own in lists for arn, moment in own.items()}
        )
    return by_grantee


def _joined(lists: Sequence[pulumi.Output[Sequence[str]]]) -> pulumi.Input[Sequence[str]]:
    if len(lists) < 2:  # the usual case, which needs one output fewer
        return lists[0] if lists else []
    return pulumi.Output.all(*lists).apply(lambda known: [arn for arns in known for arn in arns])


def switch_role_url(role_arn: str) -> str | None:
    """Return the link that switches a person who is signed in to the console to the role.

    Args:
        role_arn: e.g. ``arn:aws:iam::999999999999:role/UpdateApp``; a path stays part of the role's name.

    Returns:
        The link; ``None`` for a partition whose console is not known here.
    """
    _, partition, _, _, account_id, resource = role_arn.split(":", 5)
    host = _SIGN_IN_HOSTS.get(partition)
    role_name = resource.removeprefix("role/")
    query = urlencode({"account": account_id, "roleName": role_name, "displayName": role_name})
    return f"https://{host}/switchrole?{query}" if host else None
