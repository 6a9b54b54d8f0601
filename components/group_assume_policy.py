"""Who may assume roles of other accounts, and who may not: an inline policy of a group, or of a role."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal, cast

import pulumi
import pulumi_aws as aws

from . import policies, rules, validation
from .args import GroupAssumePolicyArgs
from .partition import Partition, check_against, partition_of
from .policies import Condition, Effect, PolicyDocument, document, render, statement
from .validation import InvalidValue, when_known

Kind = Literal["group", "role"]

_MOST_CHARACTERS: Mapping[Kind, int] = {"group": 5120, "role": 10240}
"""Of all inline policies together. Source: IAM User Guide, "IAM and AWS STS quotas"."""

_RULES: Mapping[str, rules.Rule] = {
    "group": rules.group_name,
    "role": rules.changeable_role_name,
    "effect": rules.one_of("Allow", "Deny"),
    "role_arns": rules.each(rules.role_arn),
    "policy_name": rules.policy_name,
}


def _checked_args(args: Mapping[str, object]) -> GroupAssumePolicyArgs:
    given = validation.checked(args, GroupAssumePolicyArgs, _RULES)
    validation.check_exactly_one(given, "group", "role")
    for key in ("bind_session_name", "source_identity"):
        if given.get(key) and "role" in given:
            raise InvalidValue(key, True, "a role has no user's name: use it with group")
    for key in ("bind_session_name", "source_identity", "session_tags"):
        if given.get(key) and given["effect"] == "Deny":
            raise InvalidValue(key, True, "it narrows or adds to what is allowed: use it with Allow")
    return cast(GroupAssumePolicyArgs, given)


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
        args = _checked_args(args)
        super().__init__("cross-account-access:index:GroupAssumePolicy", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.role_arns = when_known(args["role_arns"], partial(_checked_arns, partition_of(self)))
        self.policy = self.role_arns.apply(partial(_rendered, args))

        if "role" in args:
            aws.iam.RolePolicy(
                f"{name}-policy", role=args["role"], name=args["policy_name"], policy=self.policy, opts=child
            )
        else:
            aws.iam.GroupPolicy(
                f"{name}-policy", group=args["group"], name=args["policy_name"], policy=self.policy, opts=child
            )
        self.register_outputs({"role_arns": self.role_arns, "policy": self.policy})


def check_total_size(kind: Kind, name: str, grants: Mapping[str, GroupAssumePolicy]) -> None:
    """Check that a group, or a role, can hold these inline policies together.

    Args:
        kind: what the policies are for.
        name: its name.
        grants: the policies, by name.

    Raises (when the documents are known):
        InvalidValue: they are too long together; the message tells how long each is.
    """

    def check(documents: Mapping[str, str]) -> None:
        sizes = {policy: policies.characters(text) for policy, text in documents.items()}
        if sum(sizes.values()) > _MOST_CHARACTERS[kind]:
            used = ", ".join(f"{policy} {size}" for policy, size in sizes.items())
            rule = f"IAM takes {_MOST_CHARACTERS[kind]} in the inline policies of a {kind}; there are: {used}"
            raise InvalidValue(f"{kind} {name}", f"{sum(sizes.values())} characters", rule)

    pulumi.Output.all(**{name: policy.policy for name, policy in grants.items()}).apply(check)


def assume_role_policy(args: GroupAssumePolicyArgs) -> PolicyDocument:
    """Return the identity policy of resolved values: roles may, or may not, be assumed."""
    effect, role_arns = cast(Effect, args["effect"]), cast(Sequence[str], args["role_arns"])
    named: Condition = {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}
    bound = named if args.get("bind_session_name") else None
    statements = [statement(f"{effect}AssumeRole", effect, ["sts:AssumeRole"], role_arns, condition=bound)]
    if args.get("source_identity"):
        own_name: Condition = {"StringEquals": {"sts:SourceIdentity": "${aws:username}"}}
        statements.append(
            statement("SetSourceIdentity", effect, ["sts:SetSourceIdentity"], role_arns, condition=own_name)
        )
    if args.get("session_tags"):
        statements.append(statement("TagSession", effect, ["sts:TagSession"], role_arns))
    return document(*statements)


async def _checked_arns(partition: pulumi.Output[Partition], role_arns: Sequence[str]) -> Sequence[str]:
    """Return the ARNs sorted, each once."""
    _RULES["role_arns"]("role_arns", role_arns)
    await check_against(partition, "role_arns", role_arns)
    return sorted(set(role_arns))


async def _rendered(args: GroupAssumePolicyArgs, role_arns: Sequence[str]) -> str:
    kind: Kind = "role" if "role" in args else "group"
    grantee = args[kind]
    if isinstance(grantee, pulumi.Output):  # looked at here, as another output would cost more than all the rest
        known = await grantee.future()
        if known is not None:
            _RULES[kind](kind, known)
        grantee = known or "that is not known yet"
    policy = assume_role_policy({**args, "role_arns": role_arns})
    policies.check_size(f"inline policy {args['policy_name']} of {kind} {grantee}", policy, _MOST_CHARACTERS[kind])
    return render(policy)
