"""The members of a group."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from . import rules, validation
from .args import GroupMembersArgs

_RULES: Mapping[str, rules.Rule] = {"group": rules.group_name, "members": rules.each(rules.user_name, least=0)}


class GroupMembers(pulumi.ComponentResource):
    """The members of a group.

    Missing users are added. Other users are removed once the engine knows of them: if they were among these members
    before, or after a refresh.
    """

    def __init__(self, name: str, args: GroupMembersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the membership.

        Raises:
            InvalidValue: AWS would refuse one of the values.
        """
        given = validation.checked(args, GroupMembersArgs, _RULES)
        super().__init__("cross-account-access:index:GroupMembers", name, None, opts)
        aws.iam.GroupMembership(
            f"{name}-membership",
            name=f"{name}-membership",
            group=validation.checked_later("group", given["group"], rules.group_name),
            users=given["members"],
            # Only the provider knows this name; AWS has none for a membership.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["name"]),
        )
        self.register_outputs({})
