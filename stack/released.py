"""Names of version 0.1.0 for resources that have moved since, so that its stacks are updated in place."""

import pulumi

from stack.grants import Grantee

_COMPONENT = "cross-account-access:index:GroupAssumePolicy"
_MEMBERSHIP = "aws:iam/groupMembership:GroupMembership"


def moved_membership(grantee: Grantee) -> pulumi.ResourceOptions:
    """Return options that find a membership at its old place, below the group's first policy."""
    grant = grantee.grants[0].renamed_from or grantee.grants[0].name
    urn = f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{_COMPONENT}${_MEMBERSHIP}::{grant}-members"

    def alias(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.type_ != _MEMBERSHIP:
            return None
        opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(aliases=[urn]))
        return pulumi.ResourceTransformationResult(args.props, opts)

    return pulumi.ResourceOptions(transformations=[alias])
