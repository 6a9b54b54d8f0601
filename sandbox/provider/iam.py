"""The IAM resource types of roles and policies: managed, attached and inline."""

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, cast

from sandbox.provider.checks import between, length, matching
from sandbox.provider.configuration import Aws
from sandbox.provider.resource import TAGS, IdError, Property, ResourceType, same_policy
from sandbox.provider.values import Properties, Value, canonical_json, text

if TYPE_CHECKING:
    pass

_NAME_CHARACTERS = matching(r"[\w+=,.@-]*", r"must match [\w+=,.@-]")
NAME = (length(1, 128), _NAME_CHARACTERS)
PATH = (
    length(1, 512),
    matching(r"/([\x21-\x7e]+/)?", 'must begin and end with "/", and have no spaces'),
)
_EMPTYING_SECONDS = 1.0
_MOST_POLICY_VERSIONS = 5  # IAM User Guide, "IAM and AWS STS quotas"


def _create_role(aws: Aws, inputs: Properties) -> str:
    role = {
        "RoleName": inputs["name"],
        "Path": inputs.get("path", "/"),
        "AssumeRolePolicyDocument": inputs["assumeRolePolicy"],
        "Description": inputs.get("description", ""),
        "MaxSessionDuration": inputs.get("maxSessionDuration", 3600),
        "PermissionsBoundary": inputs.get("permissionsBoundary"),
        "Tags": _aws_tags(inputs),
    }
    return aws.iam.create_role(**_without_empty(role))["Role"]["RoleName"]


def _read_role(aws: Aws, role_name: str, olds: Properties) -> Properties | None:
    try:
        role = aws.iam.get_role(RoleName=role_name)["Role"]
        attached, inline = _attached_policies(aws, role_name), _inline_policies(aws, role_name)
    except aws.iam.exceptions.NoSuchEntityException:
        return None
    return {
        "arn": role["Arn"],
        "assumeRolePolicy": canonical_json(role["AssumeRolePolicyDocument"]),
        "createDate": role["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "description": role.get("Description", ""),
        "forceDetachPolicies": olds.get("forceDetachPolicies", False),
        "inlinePolicies": [{"name": name, "policy": _role_policy(aws, role_name, name)} for name in inline],
        "managedPolicyArns": [*attached],
        "maxSessionDuration": role.get("MaxSessionDuration", 3600),
        "name": role["RoleName"],
        "namePrefix": "",
        "path": role["Path"],
        "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
        "tagsAll": _plain_tags(role.get("Tags", [])),
        "uniqueId": role["RoleId"],
    }


def _attached_policies(aws: Aws, role_name: str) -> list[str]:
    """Return the ARNs of the managed policies that are attached to a role."""
    pages = aws.iam.get_paginator("list_attached_role_policies").paginate(RoleName=role_name)
    return [policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]]


def _inline_policies(aws: Aws, role_name: str) -> list[str]:
    """Return the names of a role's inline policies."""
    pages = aws.iam.get_paginator("list_role_policies").paginate(RoleName=role_name)
    return [name for page in pages for name in page["PolicyNames"]]


def _role_policy(aws: Aws, role_name: str, policy_name: str) -> str:
    return canonical_json(aws.iam.get_role_policy(RoleName=role_name, PolicyName=policy_name)["PolicyDocument"])


def _update_role(aws: Aws, role_name: str, olds: Properties, news: Properties) -> None:
    if not same_policy(text(olds["assumeRolePolicy"]), text(news["assumeRolePolicy"])):
        aws.iam.update_assume_role_policy(RoleName=role_name, PolicyDocument=text(news["assumeRolePolicy"]))
    description, duration = news.get("description", ""), news.get("maxSessionDuration", 3600)
    if (olds.get("description", ""), olds.get("maxSessionDuration", 3600)) != (description, duration):
        aws.iam.update_role(RoleName=role_name, Description=text(description), MaxSessionDuration=cast(int, duration))
    boundary = news.get("permissionsBoundary", "")
    if boundary and boundary != olds.get("permissionsBoundary", ""):
        aws.iam.put_role_permissions_boundary(RoleName=role_name, PermissionsBoundary=text(boundary))
    elif olds.get("permissionsBoundary") and not boundary:
        with suppress(aws.iam.exceptions.NoSuchEntityException):  # it is removed already
            aws.iam.delete_role_permissions_boundary(RoleName=role_name)
    added, removed = _tag_changes(olds, news)
    if removed:
        aws.iam.untag_role(RoleName=role_name, TagKeys=removed)
    if added:
        aws.iam.tag_role(RoleName=role_name, Tags=added)


def _delete_role(aws: Aws, role_name: str, olds: Properties) -> None:
    """Delete a role after the policies that the state lists in it; with ``forceDetachPolicies``, after all policies."""
    gone = aws.iam.exceptions.NoSuchEntityException
    force = olds.get("forceDetachPolicies")
    with suppress(gone):
        for arn in _attached_policies(aws, role_name) if force or olds.get("managedPolicyArns") else ():
            with suppress(gone):
                aws.iam.detach_role_policy(RoleName=role_name, PolicyArn=arn)
        for name in _inline_policies(aws, role_name) if force or olds.get("inlinePolicies") else ():
            with suppress(gone):
                aws.iam.delete_role_policy(RoleName=role_name, PolicyName=name)
        _delete_emptied_role(aws, role_name)


def _delete_emptied_role(aws: Aws, role_name: str) -> None:
    """Delete a role once it has no policies left: in a large replacement, other calls may still be removing them.

    The official plugin waits too, for two minutes.
    """
    deadline = time.monotonic() + _EMPTYING_SECONDS
    while True:
        try:
            aws.iam.delete_role(RoleName=role_name)
        except aws.iam.exceptions.DeleteConflictException:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _create_policy(aws: Aws, inputs: Properties) -> str:
    policy = {
        "PolicyName": inputs["name"],
        "Path": inputs.get("path", "/"),
        "PolicyDocument": inputs["policy"],
        "Description": inputs.get("description"),
        "Tags": _aws_tags(inputs),
    }
    return aws.iam.create_policy(**_without_empty(policy))["Policy"]["Arn"]


def _policy_arn(aws: Aws, inputs: Properties) -> str:
    return f"arn:{aws.partition}:iam::{aws.account_id}:policy{inputs.get('path', '/')}{inputs['name']}"


def _read_policy(aws: Aws, arn: str, olds: Properties) -> Properties | None:
    if not arn.startswith("arn:"):
        raise IdError(f"unexpected format of ID ({arn}), expected the policy's ARN")
    try:
        policy = aws.iam.get_policy(PolicyArn=arn)["Policy"]
        version = aws.iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    except aws.iam.exceptions.NoSuchEntityException:
        return None
    return {
        "arn": arn,
        "attachmentCount": policy["AttachmentCount"],
        "description": policy.get("Description", ""),
        "name": policy["PolicyName"],
        "namePrefix": "",
        "path": policy["Path"],
        "policy": canonical_json(version["Document"]),
        "policyId": policy["PolicyId"],
        "tagsAll": _plain_tags(policy.get("Tags", [])),
    }


def _update_policy(aws: Aws, arn: str, olds: Properties, news: Properties) -> None:
    if not same_policy(text(olds["policy"]), text(news["policy"])):
        versions = aws.iam.list_policy_versions(PolicyArn=arn)["Versions"]
        others = sorted((v for v in versions if not v["IsDefaultVersion"]), key=lambda version: version["CreateDate"])
        if len(versions) >= _MOST_POLICY_VERSIONS:
            aws.iam.delete_policy_version(PolicyArn=arn, VersionId=others[0]["VersionId"])
        aws.iam.create_policy_version(PolicyArn=arn, PolicyDocument=text(news["policy"]), SetAsDefault=True)
    added, removed = _tag_changes(olds, news)
    if removed:
        aws.iam.untag_policy(PolicyArn=arn, TagKeys=removed)
    if added:
        aws.iam.tag_policy(PolicyArn=arn, Tags=added)


def _delete_policy(aws: Aws, arn: str, olds: Properties) -> None:
    with suppress(aws.iam.exceptions.NoSuchEntityException):
        for version in aws.iam.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                aws.iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
        aws.iam.delete_policy(PolicyArn=arn)


def _create_attachment(aws: Aws, inputs: Properties) -> str:
    role, policy_arn = text(inputs["role"]), text(inputs["policyArn"])
    aws.iam.attach_role_policy(RoleName=role, PolicyArn=policy_arn)
    return f"{role}/{policy_arn}"


def _read_attachment(aws: Aws, attachment_id: str, olds: Properties) -> Properties | None:
    if "role" in olds:
        role, policy_arn = text(olds["role"]), text(olds["policyArn"])
    else:  # `pulumi import`
        role, _, policy_arn = attachment_id.partition("/")
        if not role or not policy_arn:
            raise IdError(f"unexpected format of ID ({attachment_id}), expected <role-name>/<policy_arn>")
    try:
        attached = _attached_policies(aws, role)
    except aws.iam.exceptions.NoSuchEntityException:
        return None
    return {"policyArn": policy_arn, "role": role} if policy_arn in attached else None


def _update_attachment(aws: Aws, attachment_id: str, olds: Properties, news: Properties) -> None:
    """Attach again. Every change is a replacement, so this only completes what a failed run has begun."""
    _create_attachment(aws, news)


def _delete_attachment(aws: Aws, attachment_id: str, olds: Properties) -> None:
    with suppress(aws.iam.exceptions.NoSuchEntityException):
        aws.iam.detach_role_policy(RoleName=text(olds["role"]), PolicyArn=text(olds["policyArn"]))


def _inline_policy(token: str, owner: Literal["group", "role"]) -> ResourceType:
    """Return the type of a group's or a role's inline policies."""

    def call(aws: Aws, operation: str, names: tuple[str, str], **more: str) -> Any:  # noqa: ANN401
        arguments = {f"{owner.title()}Name": names[0], "PolicyName": names[1], **more}
        return getattr(aws.iam, f"{operation}_{owner}_policy")(**arguments)

    def owner_and_name(policy_id: str) -> tuple[str, str]:
        owner_name, _, name = policy_id.partition(":")
        if not owner_name or not name:
            raise IdError(f"unexpected format of ID ({policy_id}), expected <{owner} name>:<policy name>")
        return owner_name, name

    def put(aws: Aws, inputs: Properties) -> str:
        names = text(inputs[owner]), text(inputs["name"])
        call(aws, "put", names, PolicyDocument=text(inputs["policy"]))
        return ":".join(names)

    def read(aws: Aws, policy_id: str, olds: Properties) -> Properties | None:
        owner_name, name = names = owner_and_name(policy_id)
        try:
            document = call(aws, "get", names)["PolicyDocument"]
        except aws.iam.exceptions.NoSuchEntityException:
            return None
        return {owner: owner_name, "name": name, "namePrefix": "", "policy": canonical_json(document)}

    def update(aws: Aws, policy_id: str, olds: Properties, news: Properties) -> None:
        put(aws, news)

    def delete(aws: Aws, policy_id: str, olds: Properties) -> None:
        with suppress(aws.iam.exceptions.NoSuchEntityException):
            call(aws, "delete", owner_and_name(policy_id))

    return ResourceType(
        token=token,
        inputs={
            owner: Property(str, required=True, replaces=True),
            "name": Property(str, replaces=True, checks=NAME),
            "policy": Property(str, required=True, policy=True),
        },
        computed=("namePrefix",),
        create=put,
        read=read,
        update=update,
        delete=delete,
        autoname="name",
    )


def _without_empty(arguments: Mapping[str, object]) -> dict[str, Any]:
    return {key: value for key, value in arguments.items() if value not in (None, [])}


def _aws_tags(inputs: Properties) -> list[Any]:
    tags = inputs.get("tagsAll")
    return [{"Key": key, "Value": value} for key, value in tags.items()] if isinstance(tags, dict) else []


def _plain_tags(tags: Iterable[Any]) -> dict[str, Value]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def _tag_changes(olds: Properties, news: Properties) -> tuple[list[Any], list[str]]:
    """Return the tags to set and the keys of those to remove."""
    before, wanted = _aws_tags(olds), _aws_tags(news)
    keys = {tag["Key"] for tag in wanted}
    return [tag for tag in wanted if tag not in before], [tag["Key"] for tag in before if tag["Key"] not in keys]


def given_name(aws: Aws, inputs: Properties) -> str:
    """Return the name in the inputs, which is the id of a role or group."""
    return text(inputs["name"])


IAM_TYPES = (
    ResourceType(
        token="aws:iam/role:Role",  # noqa: S106 (a type's token)
        inputs={
            "assumeRolePolicy": Property(str, required=True, policy=True),
            "description": Property(str, default="", checks=(length(0, 1000),)),
            "forceDetachPolicies": Property(bool, default=False),
            "maxSessionDuration": Property(int, default=3600, checks=(between(3600, 43200),)),
            "name": Property(str, replaces=True, checks=(length(1, 64), _NAME_CHARACTERS)),
            "path": Property(str, default="/", replaces=True, checks=PATH),
            "permissionsBoundary": Property(str, default=""),
            "tags": TAGS,
        },
        computed=("arn", "createDate", "inlinePolicies", "managedPolicyArns", "namePrefix", "uniqueId"),
        create=_create_role,
        read=_read_role,
        update=_update_role,
        delete=_delete_role,
        planned_id=given_name,
        autoname="name",
    ),
    ResourceType(
        token="aws:iam/policy:Policy",  # noqa: S106
        inputs={
            "description": Property(str, default="", replaces=True, checks=(length(0, 1000),)),
            "name": Property(str, replaces=True, checks=NAME),
            "path": Property(str, default="/", replaces=True, checks=PATH),
            "policy": Property(str, required=True, policy=True),
            "tags": TAGS,
        },
        computed=("arn", "attachmentCount", "namePrefix", "policyId"),
        create=_create_policy,
        read=_read_policy,
        update=_update_policy,
        delete=_delete_policy,
        planned_id=_policy_arn,
        autoname="name",
    ),
    ResourceType(
        token="aws:iam/rolePolicyAttachment:RolePolicyAttachment",  # noqa: S106
        inputs={
            "policyArn": Property(str, required=True, replaces=True),
            "role": Property(str, required=True, replaces=True),
        },
        computed=(),
        create=_create_attachment,
        read=_read_attachment,
        update=_update_attachment,
        delete=_delete_attachment,
        delete_first=True,
    ),
    _inline_policy("aws:iam/groupPolicy:GroupPolicy", "group"),
    _inline_policy("aws:iam/rolePolicy:RolePolicy", "role"),
)
"""The IAM resource types of roles and policies."""
