"""Who may assume a role of another account, and who may not: an inline policy of a group."""

from collections.abc import Sequence
from typing import TypedDict, cast

import pulumi
import pulumi_aws as aws

from components import policies
from components.validation import check_group_name, check_one_of, check_policy_name, check_role_arn, check_some


class GroupAssumePolicyArgs(TypedDict):
    """What a :class:`GroupAssumePolicy` needs."""

    group: pulumi.Input[str]
    """The group's name. The group exists already, or is made by the same program."""
    effect: policies.Effect
    """``Allow``: members may assume the roles. ``Deny``: they may not, whatever else allows it."""
    role_arns: pulumi.Input[Sequence[pulumi.Input[str]]]
    """The ARNs of the roles: at least one."""
    policy_name: str
    """The inline policy's name, unique in the group."""


class GroupAssumePolicy(pulumi.ComponentResource):
    """An inline policy with which a group's members may, or may not, assume roles.

    It is step 2 of the IAM User Guide's "IAM tutorial: Delegate access across AWS accounts using IAM roles".
    """

    role_arns: pulumi.Output[Sequence[str]]
    """The roles' ARNs, sorted, each once."""

    def __init__(self, name: str, args: GroupAssumePolicyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the inline policy.

        Raises:
            InvalidValue: AWS would refuse one of the values.
        """
        check_group_name("group", args["group"])
        check_one_of("effect", args["effect"], ("Allow", "Deny"))
        check_policy_name("policy_name", args["policy_name"])
        super().__init__("cross-account-access:index:GroupAssumePolicy", name, None, opts)
        self.role_arns = cast(pulumi.Output[Sequence[str]], pulumi.Output.from_input(args["role_arns"])).apply(_checked)

        aws.iam.GroupPolicy(
            f"{name}-policy",
            group=args["group"],
            name=args["policy_name"],
            policy=self.role_arns.apply(lambda arns: policies.render(policies.assume_roles(args["effect"], arns))),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"role_arns": self.role_arns})


def _checked(role_arns: Sequence[str]) -> list[str]:
    check_some("role_arns", role_arns)
    for arn in role_arns:
        check_role_arn("role_arns", arn)
    return sorted(set(role_arns))
