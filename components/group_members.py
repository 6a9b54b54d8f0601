"""Who is in a group."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from . import validation


class GroupMembersArgs(TypedDict):
    """What :class:`GroupMembers` need."""

    group: pulumi.Input[str]
    """The group's name. The group exists already, or is made by the same program."""
    members: Sequence[pulumi.Input[str]]
    """The names of the users who are to be its members. Empty for nobody."""


class GroupMembers(pulumi.ComponentResource):
    """The members of a group.

    AWS is asked to add those who are missing. Others leave the group once the engine knows of them: when they were
    among these members before, or after a refresh.
    """

    def __init__(self, name: str, args: GroupMembersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the membership.

        Raises:
            InvalidValue: AWS would refuse one of the values.
        """
        validation.check_keys(args, GroupMembersArgs.__required_keys__, GroupMembersArgs.__annotations__)
        validation.check_args(args, _CHECKS)
        super().__init__("cross-account-access:index:GroupMembers", name, None, opts)
        aws.iam.GroupMembership(
            f"{name}-membership",
            name=f"{name}-membership",
            group=args["group"],
            users=args["members"],
            # The membership's name is the provider's own; no user or group of AWS carries it.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["name"]),
        )
        self.register_outputs({})


_CHECKS = {
    "group": validation.check_group_name,
    "members": validation.each(validation.check_user_name, least=0),
}
