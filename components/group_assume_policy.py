"""A policy that allows or denies a group, role or permission set to assume roles of other accounts."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal, cast, get_args

import pulumi
import pulumi_aws as aws

from . import policies, rules, validation
from .args import GroupAssumePolicyArgs
from .assumable_roles import AssumableRoles, assume_role_statements, known_roles
from .partition import partition_of
from .policies import Effect, PolicyDocument, document, render
from .validation import MISSING, InvalidValue

Kind = Literal["group", "role", "permission_set"]
_KINDS: Sequence[Kind] = get_args(Kind)

_MOST_CHARACTERS: Mapping[Kind, int] = {"group": 5120, "role": 10240, "permission_set": 6144}
"""Quotas for all inline policies together, or for one managed policy.

Source: IAM User Guide, "IAM and AWS STS quotas".
"""

_RULES: Mapping[str, rules.Rule] = {
    "group": rules.group_name,
    "role": rules.changeable_role_name,
    "permission_set": rules.permission_set_name,
    "effect": rules.one_of("Allow", "Deny"),
    "role_arns": rules.each(rules.role_arn, least=0),
    "role_arns_until": rules.role_arns_by_moment,
    "policy_name": rules.policy_name,
}


def _checked_args(args: Mapping[str, object]) -> GroupAssumePolicyArgs:
    given = validation.checked(args, GroupAssumePolicyArgs, _RULES)
    validation.check_exactly_one(given, *_KINDS)
    if not given.get("role_arns") and not given.get("role_arns_until"):
        raise InvalidValue("role_arns", MISSING, "give at least one role, here or in role_arns_until")
    for key in ("bind_session_name", "source_identity"):
        if given.get(key) and "group" not in given:
            raise InvalidValue(key, True, "only users have a user name; use it with group")
    for key in ("bind_session_name", "source_identity", "session_tags", "role_arns_until"):
        if given.get(key) and given["effect"] == "Deny":
            raise InvalidValue(key, given[key], "it modifies an Allow; use it with Allow")
    return cast(GroupAssumePolicyArgs, given)


class GroupAssumePolicy(pulumi.ComponentResource):
    """A policy with which a group's members, or a role's sessions, may or may not assume roles.

    It is an inline policy of the group or role. For a permission set of IAM Identity Center it is a customer managed
    policy, which the permission set references by its name.

    It is step 2 of the IAM User Guide's "IAM tutorial: Delegate access across AWS accounts using IAM roles".
    """

    role_arns: pulumi.Output[Sequence[str]]
    """The roles' ARNs, sorted, each once."""
    ends: pulumi.Output[Mapping[str, str]]
    """The moments until which roles may be assumed, by the ARNs of those that have one."""
    policy: pulumi.Output[str]
    """The policy, as JSON."""

    def __init__(self, name: str, args: GroupAssumePolicyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the policy.

        Raises:
            InvalidValue: AWS would refuse one of the values.
        """
        args = _checked_args(args)
        super().__init__("cross-account-access:index:GroupAssumePolicy", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        roles = known_roles(partition_of(self), args)
        self.role_arns = roles.apply(lambda known: known.arns)
        self.ends = roles.apply(lambda known: known.ends)
        self.policy = roles.apply(partial(_rendered, args))

        if "role" in args:
            aws.iam.RolePolicy(
                f"{name}-policy", role=args["role"], name=args["policy_name"], policy=self.policy, opts=child
            )
        elif "group" in args:
            aws.iam.GroupPolicy(
                f"{name}-policy", group=args["group"], name=args["policy_name"], policy=self.policy, opts=child
            )
        else:
            aws.iam.Policy(f"{name}-policy", name=args["policy_name"], policy=self.policy, opts=child)
        self.register_outputs({"role_arns": self.role_arns, "ends": self.ends, "policy": self.policy})


def check_total_size(kind: Kind, name: str, grants: Mapping[str, GroupAssumePolicy]) -> None:
    """Check that a group or role can hold these inline policies together.

    Args:
        kind: the kind of grantee.
        name: the grantee's name.
        grants: the policies, by name.

    Raises (when the documents are known):
        InvalidValue: the policies are too long together; the message lists their sizes.
    """

    def check(documents: Mapping[str, str]) -> None:
        sizes = {policy: policies.characters(text) for policy, text in documents.items()}
        if sum(sizes.values()) > _MOST_CHARACTERS[kind]:
            used = ", ".join(f"{policy} {size}" for policy, size in sizes.items())
            rule = f"IAM allows {_MOST_CHARACTERS[kind]} in the inline policies of a {kind}; there are: {used}"
            raise InvalidValue(f"{kind} {name}", f"{sum(sizes.values())} characters", rule)

    pulumi.Output.all(**{name: policy.policy for name, policy in grants.items()}).apply(check)


def assume_role_policy(args: GroupAssumePolicyArgs) -> PolicyDocument:
    """Return the identity policy that allows or denies assuming the roles, from resolved arguments."""
    always, until = cast(Sequence[str], args.get("role_arns", ())), args.get("role_arns_until", {})
    by_moment = {moment: sorted(set(cast(Sequence[str], until[moment]))) for moment in sorted(until)}
    return _document(args, AssumableRoles(sorted(set(always)), by_moment))


def _document(args: GroupAssumePolicyArgs, roles: AssumableRoles) -> PolicyDocument:
    return document(*assume_role_statements(args, cast(Effect, args["effect"]), roles))


async def _rendered(args: GroupAssumePolicyArgs, roles: AssumableRoles) -> str:
    kind = next(key for key in _KINDS if key in args)
    grantee = args[kind]
    if isinstance(grantee, pulumi.Output):  # awaited here, as one more output would cost more than all the rest
        known = await grantee.future()
        if known is not None:
            _RULES[kind](kind, known)
        grantee = known or "(name not known yet)"
    policy = _document(args, roles)
    inline = "" if kind == "permission_set" else "inline "
    title = f"{inline}policy {args['policy_name']} of {kind_label(kind)} {grantee}"
    policies.check_size(title, policy, _MOST_CHARACTERS[kind])
    return render(policy)


def kind_label(kind: Kind) -> str:
    """Return a kind of grantee in plain English."""
    return kind.replace("_", " ")
