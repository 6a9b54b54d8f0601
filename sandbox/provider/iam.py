"""The IAM resource types: roles, managed policies, their attachment, groups, their members, inline policies."""

import time
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, cast

from sandbox.provider.checks import between, length, matching
from sandbox.provider.configuration import Aws
from sandbox.provider.resource import TAGS, IdError, Property, ResourceType, same_policy
from sandbox.provider.values import Properties, Value, canonical_json, text

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import GroupTypeDef

_NAME_CHARACTERS = matching(r"[\w+=,.@-]*", r"must match [\w+=,.@-]")
_NAME = (length(1, 128), _NAME_CHARACTERS)
_PATH = (
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
    return aws.iam.create_role(**_given(role))["Role"]["RoleName"]


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
        with suppress(aws.iam.exceptions.NoSuchEntityException):  # it is gone already
            aws.iam.delete_role_permissions_boundary(RoleName=role_name)
    added, removed = _tag_changes(olds, news)
    if removed:
        aws.iam.untag_role(RoleName=role_name, TagKeys=removed)
    if added:
        aws.iam.tag_role(RoleName=role_name, Tags=added)


def _delete_role(aws: Aws, role_name: str, olds: Properties) -> None:
    """Delete a role. What the state knows to be in it goes first; with ``forceDetachPolicies`` everything does."""
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
    """Delete a role once nothing is left in it: where much is replaced at a time, its parts may be on their way out.

    The official plugin waits in the same way, for two minutes.
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
    return aws.iam.create_policy(**_given(policy))["Policy"]["Arn"]


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
    try:
        for version in aws.iam.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                aws.iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
        aws.iam.delete_policy(PolicyArn=arn)
    except aws.iam.exceptions.NoSuchEntityException:
        return


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
    """Attach again: every change is a replacement, so that this only finishes what a failed run has begun."""
    _create_attachment(aws, news)


def _delete_attachment(aws: Aws, attachment_id: str, olds: Properties) -> None:
    try:
        aws.iam.detach_role_policy(RoleName=text(olds["role"]), PolicyArn=text(olds["policyArn"]))
    except aws.iam.exceptions.NoSuchEntityException:
        return


def _create_group(aws: Aws, inputs: Properties) -> str:
    group = aws.iam.create_group(GroupName=text(inputs["name"]), Path=text(inputs.get("path", "/")))
    return group["Group"]["GroupName"]


def _group_name(group_id: str, olds: Properties) -> str:
    """The group's name: the engine keeps the first one as the id when the group is renamed."""
    return text(olds.get("name", group_id))


def _read_group(aws: Aws, group_id: str, olds: Properties) -> Properties | None:
    """Read a group; one whose name is gone by its unique id, which stays when it is renamed.

    The official plugin takes it for deleted then, and an engine that was killed while it renamed the group meets it as
    somebody else's.
    """
    group: GroupTypeDef | None
    try:
        group = aws.iam.get_group(GroupName=_group_name(group_id, olds))["Group"]
    except aws.iam.exceptions.NoSuchEntityException:
        pages = aws.iam.get_paginator("list_groups").paginate() if olds.get("uniqueId") else ()
        groups = (group for page in pages for group in page["Groups"])
        group = next((it for it in groups if it["GroupId"] == olds["uniqueId"]), None)
    if group is None:
        return None
    return {"arn": group["Arn"], "name": group["GroupName"], "path": group["Path"], "uniqueId": group["GroupId"]}


def _update_group(aws: Aws, group_id: str, olds: Properties, news: Properties) -> None:
    name, wanted = _group_name(group_id, olds), text(news["name"])
    if (name, olds.get("path", "/")) == (wanted, news.get("path", "/")):
        return  # it finishes what a failed run has begun
    try:
        aws.iam.update_group(GroupName=name, NewGroupName=wanted, NewPath=text(news.get("path", "/")))
    except (aws.iam.exceptions.EntityAlreadyExistsException, aws.iam.exceptions.NoSuchEntityException):
        # The answer to an earlier try was lost: the group has its new name already.
        renamed = _read_group(aws, wanted, {})
        if renamed is None or renamed["uniqueId"] != olds.get("uniqueId"):
            raise


def _delete_group(aws: Aws, group_id: str, olds: Properties) -> None:
    try:
        aws.iam.delete_group(GroupName=_group_name(group_id, olds))
    except aws.iam.exceptions.NoSuchEntityException:
        return


def _create_membership(aws: Aws, inputs: Properties) -> str:
    """Add the users, and remove nobody who is a member already."""
    _update_membership(aws, "", {**inputs, "users": []}, inputs)
    return text(inputs["name"])


def _read_membership(aws: Aws, membership_id: str, olds: Properties) -> Properties | None:
    if "group" not in olds:  # `pulumi import`, which the official provider has not either
        raise IdError(f"a group membership can not be imported: its ID ({membership_id}) does not tell the group")
    try:
        pages = list(aws.iam.get_paginator("get_group").paginate(GroupName=text(olds["group"])))
    except aws.iam.exceptions.NoSuchEntityException:
        return None
    members: list[Value] = [*sorted(user["UserName"] for page in pages for user in page["Users"])]
    return {"group": olds["group"], "name": membership_id, "users": members}


def _update_membership(aws: Aws, membership_id: str, olds: Properties, news: Properties) -> None:
    group, before, after = text(news["group"]), _names(olds, "users"), _names(news, "users")
    _change_members(
        aws, removed=[(group, user) for user in before - after], added=[(group, user) for user in after - before]
    )


def _delete_membership(aws: Aws, membership_id: str, olds: Properties) -> None:
    _update_membership(aws, membership_id, olds, {**olds, "users": []})


def _create_user_groups(aws: Aws, inputs: Properties) -> str:
    _update_user_groups(aws, "", {**inputs, "groups": []}, inputs)
    return f"terraform-{uuid.uuid4().hex}"


def _read_user_groups(aws: Aws, membership_id: str, olds: Properties) -> Properties | None:
    """Return those of the wanted groups that the user is in: the others are no business of this resource."""
    if "user" in olds:
        user, wanted = text(olds["user"]), _names(olds, "groups")
    else:  # `pulumi import`
        user, *names = membership_id.split("/")
        wanted = set(names)
        if not user or not wanted or "" in wanted:
            raise IdError(f"unexpected format of ID ({membership_id}), expected <user-name>/<group-name1>/...")
    try:
        pages = list(aws.iam.get_paginator("list_groups_for_user").paginate(UserName=user))
    except aws.iam.exceptions.NoSuchEntityException:
        return None
    found = {group["GroupName"] for page in pages for group in page["Groups"]}
    return {"groups": [*sorted(found & wanted)], "user": user}


def _update_user_groups(aws: Aws, membership_id: str, olds: Properties, news: Properties) -> None:
    user, before, after = text(news["user"]), _names(olds, "groups"), _names(news, "groups")
    _change_members(
        aws, removed=[(group, user) for group in before - after], added=[(group, user) for group in after - before]
    )


def _delete_user_groups(aws: Aws, membership_id: str, olds: Properties) -> None:
    _update_user_groups(aws, membership_id, olds, {**olds, "groups": []})


def _names(properties: Properties, name: str) -> set[str]:
    return set(cast(list[str], properties[name]))


def _change_members(aws: Aws, removed: Iterable[tuple[str, str]], added: Iterable[tuple[str, str]]) -> None:
    """Take users out of groups and put users into groups, each given as group and user."""
    for group, user in sorted(removed):
        with suppress(aws.iam.exceptions.NoSuchEntityException):
            aws.iam.remove_user_from_group(GroupName=group, UserName=user)
    for group, user in sorted(added):
        aws.iam.add_user_to_group(GroupName=group, UserName=user)


def _inline_policy(token: str, owner: Literal["group", "role"]) -> ResourceType:
    """The type of the policies that are part of their owner."""

    def ask(aws: Aws, operation: str, names: tuple[str, str], **more: str) -> Any:  # noqa: ANN401
        arguments = {f"{owner.title()}Name": names[0], "PolicyName": names[1], **more}
        return getattr(aws.iam, f"{operation}_{owner}_policy")(**arguments)

    def owner_and_name(policy_id: str) -> tuple[str, str]:
        of, _, name = policy_id.partition(":")
        if not of or not name:
            raise IdError(f"unexpected format of ID ({policy_id}), expected <{owner} name>:<policy name>")
        return of, name

    def put(aws: Aws, inputs: Properties) -> str:
        names = text(inputs[owner]), text(inputs["name"])
        ask(aws, "put", names, PolicyDocument=text(inputs["policy"]))
        return ":".join(names)

    def read(aws: Aws, policy_id: str, olds: Properties) -> Properties | None:
        of, name = names = owner_and_name(policy_id)
        try:
            document = ask(aws, "get", names)["PolicyDocument"]
        except aws.iam.exceptions.NoSuchEntityException:
            return None
        return {owner: of, "name": name, "namePrefix": "", "policy": canonical_json(document)}

    def update(aws: Aws, policy_id: str, olds: Properties, news: Properties) -> None:
        put(aws, news)

    def delete(aws: Aws, policy_id: str, olds: Properties) -> None:
        try:
            ask(aws, "delete", owner_and_name(policy_id))
        except aws.iam.exceptions.NoSuchEntityException:
            return

    return ResourceType(
        token=token,
        inputs={
            owner: Property(str, required=True, replaces=True),
            "name": Property(str, replaces=True, checks=_NAME),
            "policy": Property(str, required=True, policy=True),
        },
        computed=("namePrefix",),
        create=put,
        read=read,
        update=update,
        delete=delete,
        autoname="name",
    )


def _given(arguments: Mapping[str, object]) -> dict[str, Any]:
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


def _name(aws: Aws, inputs: Properties) -> str:
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
            "path": Property(str, default="/", replaces=True, checks=_PATH),
            "permissionsBoundary": Property(str, default=""),
            "tags": TAGS,
        },
        computed=("arn", "createDate", "inlinePolicies", "managedPolicyArns", "namePrefix", "uniqueId"),
        create=_create_role,
        read=_read_role,
        update=_update_role,
        delete=_delete_role,
        planned_id=_name,
        autoname="name",
    ),
    ResourceType(
        token="aws:iam/policy:Policy",  # noqa: S106
        inputs={
            "description": Property(str, default="", replaces=True, checks=(length(0, 1000),)),
            "name": Property(str, replaces=True, checks=_NAME),
            "path": Property(str, default="/", replaces=True, checks=_PATH),
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
    ResourceType(
        token="aws:iam/group:Group",  # noqa: S106
        inputs={"name": Property(str, checks=_NAME), "path": Property(str, default="/", checks=_PATH)},
        computed=("arn", "uniqueId"),
        create=_create_group,
        read=_read_group,
        update=_update_group,
        delete=_delete_group,
        planned_id=_name,
        autoname="name",
    ),
    ResourceType(
        token="aws:iam/groupMembership:GroupMembership",  # noqa: S106
        inputs={
            "group": Property(str, required=True, replaces=True),
            "name": Property(str, replaces=True),
            "users": Property(list, required=True, unordered=True),
        },
        computed=(),
        create=_create_membership,
        read=_read_membership,
        update=_update_membership,
        delete=_delete_membership,
        autoname="name",
    ),
    ResourceType(
        token="aws:iam/userGroupMembership:UserGroupMembership",  # noqa: S106
        inputs={
            "groups": Property(list, required=True, unordered=True),
            "user": Property(str, required=True, replaces=True),
        },
        computed=(),
        create=_create_user_groups,
        read=_read_user_groups,
        update=_update_user_groups,
        delete=_delete_user_groups,
    ),
    _inline_policy("aws:iam/groupPolicy:GroupPolicy", "group"),
    _inline_policy("aws:iam/rolePolicy:RolePolicy", "role"),
)
"""The IAM resource types that are served."""
