"""The IAM resource types of groups and their members."""

import uuid
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from sandbox.provider.configuration import Aws
from sandbox.provider.iam import NAME, PATH, given_name
from sandbox.provider.resource import IdError, Property, ResourceType
from sandbox.provider.values import Properties, Value, text

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import GroupTypeDef


def _create_group(aws: Aws, inputs: Properties) -> str:
    group = aws.iam.create_group(GroupName=text(inputs["name"]), Path=text(inputs.get("path", "/")))
    return group["Group"]["GroupName"]


def _group_name(group_id: str, olds: Properties) -> str:
    """Return the group's present name. The id is the first one: the engine keeps it when the group is renamed."""
    return text(olds.get("name", group_id))


def _read_group(aws: Aws, group_id: str, olds: Properties) -> Properties | None:
    """Return a group's outputs, found by its name, or by its unique id if it was renamed.

    The official plugin looks for the name only. After an interrupted rename, it takes the group for deleted and then
    refuses to create one whose name is taken.
    """
    group: GroupTypeDef | None
    try:
        group = aws.iam.get_group(GroupName=_group_name(group_id, olds))["Group"]
    except aws.iam.exceptions.NoSuchEntityException:
        pages = aws.iam.get_paginator("list_groups").paginate() if olds.get("uniqueId") else ()
        groups = (group for page in pages for group in page["Groups"])
        group = next((item for item in groups if item["GroupId"] == olds["uniqueId"]), None)
    if group is None:
        return None
    return {"arn": group["Arn"], "name": group["GroupName"], "path": group["Path"], "uniqueId": group["GroupId"]}


def _update_group(aws: Aws, group_id: str, olds: Properties, news: Properties) -> None:
    name, wanted = _group_name(group_id, olds), text(news["name"])
    if (name, olds.get("path", "/")) == (wanted, news.get("path", "/")):
        return  # the update only completes a failed run
    try:
        aws.iam.update_group(GroupName=name, NewGroupName=wanted, NewPath=text(news.get("path", "/")))
    except (aws.iam.exceptions.EntityAlreadyExistsException, aws.iam.exceptions.NoSuchEntityException):
        # The answer to an earlier attempt was lost, and the group has its new name already.
        renamed = _read_group(aws, wanted, {})
        if renamed is None or renamed["uniqueId"] != olds.get("uniqueId"):
            raise


def _delete_group(aws: Aws, group_id: str, olds: Properties) -> None:
    with suppress(aws.iam.exceptions.NoSuchEntityException):
        aws.iam.delete_group(GroupName=_group_name(group_id, olds))


def _create_membership(aws: Aws, inputs: Properties) -> str:
    """Add the users. Members that are in the group already stay."""
    _update_membership(aws, "", {**inputs, "users": []}, inputs)
    return text(inputs["name"])


def _read_membership(aws: Aws, membership_id: str, olds: Properties) -> Properties | None:
    if "group" not in olds:  # `pulumi import`, which the official provider does not support either
        raise IdError(f"a group membership can't be imported: its ID ({membership_id}) does not contain the group")
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
    """Return the listed groups that the user is in. This resource does not manage the user's other groups."""
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
    """Remove users from groups and add users to groups, given as pairs of group and user."""
    for group, user in sorted(removed):
        with suppress(aws.iam.exceptions.NoSuchEntityException):
            aws.iam.remove_user_from_group(GroupName=group, UserName=user)
    for group, user in sorted(added):
        aws.iam.add_user_to_group(GroupName=group, UserName=user)


GROUP_TYPES = (
    ResourceType(
        token="aws:iam/group:Group",  # noqa: S106
        inputs={"name": Property(str, checks=NAME), "path": Property(str, default="/", checks=PATH)},
        computed=("arn", "uniqueId"),
        create=_create_group,
        read=_read_group,
        update=_update_group,
        delete=_delete_group,
        planned_id=given_name,
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
)
"""The IAM resource types of groups and their members."""
