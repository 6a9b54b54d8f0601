"""The groups, roles and permission sets of this account to which a stack's file grants something."""

from collections.abc import Sequence
from functools import partial
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components import GroupMembers
from stack.grants import Grantee
from stack.released import moved_membership


class Target(TypedDict, total=False):
    """The group, role or permission set that policies are for, in the component's words."""

    group: pulumi.Input[str]
    role: pulumi.Input[str]
    permission_set: str


def grantee_target(grantee: Grantee) -> Target:
    """Return the group, role or permission set that the policies are for.

    A group of this stack's is registered, with its members. A group that is looked after elsewhere is read, not
    changed. If this stack made it, the engine lets go of it: it stays as it is.
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
        strangers: pulumi.Output[list[str]] = pulumi.Output.from_input(name).apply(partial(_strangers, grantee.members))
        strangers.apply(partial(_warn, grantee.name))
    return {"group": name}


def renamed(old_name: str | None) -> pulumi.ResourceOptions:
    """Return the options of a resource that had another logical name before."""
    return pulumi.ResourceOptions(aliases=[pulumi.Alias(name=old_name)] if old_name else [])


async def _strangers(members: Sequence[str], group: str) -> list[str]:
    """Return the users in a group that its members are not to be; none if there is no such group yet."""
    try:
        answer = await pulumi.runtime.invoke_async("aws:iam/getGroup:getGroup", {"groupName": group})
    except Exception as error:
        reason = " ".join(str(error).split())
        if "NoSuchEntity" not in reason:
            pulumi.log.info(f"group {group}: its members can't be listed: {reason}")
        return []
    return sorted({user["userName"] for user in answer["users"]} - set(members))


def _warn(group: str, strangers: Sequence[str]) -> None:
    if strangers:
        pulumi.log.warn(
            f"group {group}: {', '.join(strangers)} not listed under members; `pulumi up --refresh` takes them out"
        )
