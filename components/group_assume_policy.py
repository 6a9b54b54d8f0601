"""Who may assume roles of other accounts, and who may not: an inline policy of a group, or of a role."""

from collections.abc import Mapping, Sequence
from typing import Literal, NotRequired, TypedDict, cast

import pulumi
import pulumi_aws as aws

from . import validation
from .policies import Condition, Effect, PolicyDocument, Statement, document, one_or_more, render
from .validation import InvalidValue

_MOST_CHARACTERS = {"group": 5120, "role": 10240}
"""Of all inline policies together. Source: IAM User Guide, "IAM and AWS STS quotas"."""


class GrantOptions(TypedDict):
    """What a :class:`GroupAssumePolicy` may be given beside its group and its roles."""

    bind_session_name: NotRequired[bool]
    """Whether a session has to be named after the IAM user who begins it. ``False`` by default."""
    source_identity: NotRequired[bool]
    """Whether a session may carry a source identity: the IAM user's name, no other. ``False`` by default."""
    session_tags: NotRequired[bool]
    """Whether a session may carry tags; which ones, the role says. ``False`` by default."""


class GrantTarget(TypedDict):
    """Whom a :class:`GroupAssumePolicy` is for."""

    group: NotRequired[pulumi.Input[str]]
    """The group's name. The group exists already, or is made by the same program."""
    role: NotRequired[pulumi.Input[str]]
    """In place of ``group``: the name of a role, for people who come in as a role rather than as a user."""


class GroupAssumePolicyArgs(GrantTarget, GrantOptions):
    """What a :class:`GroupAssumePolicy` needs."""

    effect: str
    """``Allow``: the grantee may assume the roles. ``Deny``: it may not, whatever else allows it."""
    role_arns: pulumi.Input[Sequence[pulumi.Input[str]]]
    """The ARNs of the roles: at least one."""
    policy_name: str
    """The inline policy's name, unique in the group or role."""


_CHECKS = {
    "group": validation.check_group_name,
    "role": validation.check_role_name,
    "effect": validation.check_one_of("Allow", "Deny"),
    "role_arns": validation.each(validation.check_role_arn),
    "policy_name": validation.check_policy_name,
}


def _check_group_args(args: Mapping[str, object]) -> None:
    validation.check_keys(args, GroupAssumePolicyArgs.__required_keys__, GroupAssumePolicyArgs.__annotations__)
    validation.check_args(args, _CHECKS)
    validation.check_exactly_one(args, "group", "role")
    for key in ("bind_session_name", "source_identity"):
        if args.get(key) and "role" in args:
            raise InvalidValue(key, True, "a role has no user's name: use it with group")
    for key in ("bind_session_name", "source_identity", "session_tags"):
        if args.get(key) and args["effect"] == "Deny":
            raise InvalidValue(key, True, "it narrows or adds to what is allowed: use it with Allow")


class GroupAssumePolicy(pulumi.ComponentResource):
    """An inline policy with which a group's members, or a role's sessions, may or may not assume roles.

    It is step 2 of the IAM User Guide's "IAM tutorial: Delegate access across AWS accounts using IAM roles".
    """

    role_arns: pulumi.Output[Sequence[str]]
    """The roles' ARNs, sorted, each once."""
    policy: pulumi.Output[str]
    """The inline policy, as JSON."""

    def __init__(self, name: str, args: GroupAssumePolicyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the inline policy.

        Raises:
            InvalidValue: AWS would refuse one of the values.
        """
        _check_group_args(args)
        super().__init__("cross-account-access:index:GroupAssumePolicy", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.policy = policy = pulumi.Output.from_input(args).apply(_rendered)

        if "role" in args:
            aws.iam.RolePolicy(f"{name}-policy", role=args["role"], name=args["policy_name"], policy=policy, opts=child)
        else:
            aws.iam.GroupPolicy(
                f"{name}-policy", group=args["group"], name=args["policy_name"], policy=policy, opts=child
            )
        self.role_arns = cast(pulumi.Output[Sequence[str]], pulumi.Output.from_input(args["role_arns"])).apply(
            lambda arns: sorted(set(arns))
        )
        self.register_outputs({"role_arns": self.role_arns, "policy": self.policy})


def check_total_size(kind: Literal["group", "role"], name: str, policies: Mapping[str, GroupAssumePolicy]) -> None:
    """Check that a group, or a role, can hold these inline policies together.

    Args:
        kind: what the policies are for.
        name: its name.
        policies: by name.

    Raises (when the documents are known):
        InvalidValue: they are too long together; the message tells how long each is.
    """

    def check(documents: Mapping[str, str]) -> None:
        sizes = {policy: validation.characters(document) for policy, document in documents.items()}
        if sum(sizes.values()) > _MOST_CHARACTERS[kind]:
            used = ", ".join(f"{policy} {size}" for policy, size in sizes.items())
            rule = f"IAM takes {_MOST_CHARACTERS[kind]} in the inline policies of a {kind}; there are: {used}"
            raise InvalidValue(f"{kind} {name}", f"{sum(sizes.values())} characters", rule)

    pulumi.Output.all(**{name: policy.policy for name, policy in policies.items()}).apply(check)


def assume_role_policy(args: GroupAssumePolicyArgs) -> PolicyDocument:
    """The identity policy of resolved values: roles may, or may not, be assumed."""
    effect, role_arns = cast(Effect, args["effect"]), cast(Sequence[str], args["role_arns"])
    condition: Condition = {}
    if args.get("bind_session_name"):
        condition = {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}
    statements = [_statement(f"{effect}AssumeRole", effect, "sts:AssumeRole", role_arns, condition)]
    if args.get("source_identity"):
        own_name: Condition = {"StringEquals": {"sts:SourceIdentity": "${aws:username}"}}
        statements.append(_statement("SetSourceIdentity", effect, "sts:SetSourceIdentity", role_arns, own_name))
    if args.get("session_tags"):
        statements.append(_statement("TagSession", effect, "sts:TagSession", role_arns, {}))
    return document(*statements)


def _statement(sid: str, effect: Effect, action: str, role_arns: Sequence[str], condition: Condition) -> Statement:
    statement: Statement = {"Sid": sid, "Effect": effect, "Action": action, "Resource": one_or_more(role_arns)}
    if condition:
        statement["Condition"] = condition
    return statement


def _rendered(args: GroupAssumePolicyArgs) -> str:
    _check_group_args(args)
    policy = assume_role_policy(args)
    validation.check_size("inline policy", policy, _MOST_CHARACTERS["role" if "role" in args else "group"])
    return render(policy)
