"""Turn the grantees of a stack's file into resources and component arguments."""

from collections.abc import Sequence
from functools import partial
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components import GroupMembers
from stack.grants import Grantee
from stack.released import moved_membership


class Target(TypedDict, total=False):
    """The component arguments that name a grantee."""

    group: pulumi.Input[str]
    role: pulumi.Input[str]
    permission_set: str


def grantee_target(grantee: Grantee) -> Target:
    """Return the component arguments that name a grantee, and register a group of this stack, with its members.

    A group that is managed elsewhere is read, not changed. If this stack created it, the engine releases it, and the
    group stays as it is.
    """
    if grantee.kind == "role":
        return {"role": grantee.name}
    if grantee.kind == "permission_set":
        return {"permission_set": grantee.name}
    name: pulumi.Input[str] = grantee.name
    if grantee.create:
        name = aws.iam.Group(grantee.name, name=grantee.name, opts=renamed(grantee.renamed_from)).name
    else:
        aws.iam.Group.get(grantee.name, grantee.name)
    if grantee.members is not None:
        before = grantee.renamed_from and f"{grantee.renamed_from}-members"
        opts = pulumi.ResourceOptions.merge(renamed(before), moved_membership(grantee))
        GroupMembers(f"{grantee.name}-members", {"group": name, "members": grantee.members}, opts)
        unlisted: pulumi.Output[list[str]] = pulumi.Output.from_input(name).apply(partial(_unlisted, grantee.members))
        unlisted.apply(partial(_warn_of_unlisted, grantee.name))
    return {"group": name}


def renamed(old_name: str | None) -> pulumi.ResourceOptions:
    """Return the options for a resource that may have had another logical name."""
    return pulumi.ResourceOptions(aliases=[pulumi.Alias(name=old_name)] if old_name else [])


async def _unlisted(members: Sequence[str], group: str) -> list[str]:
    """Return the users in a group that are not listed as members; none if the group does not exist yet."""
    try:
        answer = await pulumi.runtime.invoke_async("aws:iam/getGroup:getGroup", {"groupName": group})
    except Exception as error:
        reason = " ".join(str(error).split())
        if "NoSuchEntity" not in reason:
            pulumi.log.info(f"group {group}: cannot list its members: {reason}")
        return []
    return sorted({user["userName"] for user in answer["users"]} - set(members))


def _warn_of_unlisted(group: str, users: Sequence[str]) -> None:
    if users:
        pulumi.log.warn(
            f"group {group}: {', '.join(users)} not listed under members; `pulumi up --refresh` removes them"
        )
