"""The rights in IAM with which somebody becomes somebody else, or gets rid of what stands in the way.

Each is a call of the IAM API; the Service Authorization Reference, "Actions, resources, and condition keys for AWS
Identity and Access Management (IAM)", tells on which kind of resource it has to be allowed. ``iam:PutUserPolicy`` and
the like lift no Deny by themselves, but give the right to lift it, which is why they are here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from access.arn import account_of, kind_of
from access.iam.documents import Statement
from access.iam.evaluation import statements_about
from access.iam.principals import NEW, Directory, Group, Policy, Principal
from access.iam.verdicts import YES, Verdict, under

EVERYTHING = "everything"
"""The name of a policy that allows everything, which somebody gives to himself or to another."""

_TAKEOVERS = (
    *("iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile"),
    *("iam:CreateRole", "iam:UpdateAssumeRolePolicy"),
)
_CHANGES = (
    *(
        f"iam:{call}{kind}Policy"
        for call in ("Put", "Attach", "Delete", "Detach")
        for kind in ("User", "Group", "Role")
    ),
    *("iam:AddUserToGroup", "iam:RemoveUserFromGroup", "iam:CreatePolicyVersion"),
)

_EVERYTHING = (Statement("its statement", "Allow", actions=("*",)),)


@dataclass(frozen=True)
class Takeover:
    """Calls with which somebody becomes another user or role of the account."""

    actions: tuple[str, ...]
    """On that user or role; all of them are needed."""
    succeeds: Verdict = YES
    """Whether they succeed, once they are allowed."""


@dataclass(frozen=True)
class Change:
    """A call that changes what a user or role may do."""

    action: str
    resource: str
    """The ARN of what is changed."""
    after: Principal
    """The user or role, as it is then."""


def takeovers(target: Principal) -> Sequence[Takeover]:
    """The ways to become a principal otherwise than by a trust policy that is there already."""
    if target.is_user:
        if target.name == NEW:
            return [Takeover(("iam:CreateUser", key)) for key in ("iam:CreateAccessKey", "iam:CreateLoginProfile")]
        console = f"whether {target.name} has a console password"
        return [
            Takeover(("iam:CreateAccessKey",)),
            Takeover(("iam:CreateLoginProfile",), under(console)),
            Takeover(("iam:UpdateLoginProfile",), under(console)),
        ]
    if target.name == NEW:
        return [Takeover(("iam:CreateRole",))]
    return [] if target.is_reserved else [Takeover(("iam:UpdateAssumeRolePolicy",))]


def newcomers(directory: Directory) -> Sequence[Principal]:
    """A user and a role that do not exist yet, for those who may make them."""
    prefixes = {principal.arn.rpartition(":")[0] for principal in directory.principals[:1]}
    return [Principal(f"{prefix}:{kind}/{NEW}") for prefix in prefixes for kind in ("user", "role")]


def unlimited(principal: Principal) -> Principal:
    """A principal whose own policies allow everything."""
    return replace(principal, policies=(_everything(principal.arn),))


def may_take_over_somebody(principal: Principal) -> bool:
    """Whether any policy of a principal allows any of the calls of :func:`takeovers` on anything."""
    return _may_any(principal, _TAKEOVERS)


def may_change_something(principal: Principal) -> bool:
    """Whether any policy of a principal allows any of the calls of :func:`changes` on anything."""
    return _may_any(principal, _CHANGES)


def changes(target: Principal, groups: Sequence[Group]) -> Iterator[Change]:
    """The calls that give a principal rights, or take a Deny away.

    Args:
        target: the user or role.
        groups: the groups of its account.
    """
    if target.is_reserved:
        return
    for holder in (target.arn, *(group.arn for group in target.groups)):
        for call in ("Put", "Attach"):
            yield Change(f"iam:{call}{_kind(holder)}Policy", holder, target.with_policies(_everything(holder)))
    for group in groups if target.is_user else ():
        if group not in target.groups:
            yield Change("iam:AddUserToGroup", group.arn, target.inside(group))
    for group in target.groups:
        if any(policy.denies for policy in group.policies):
            yield Change("iam:RemoveUserFromGroup", group.arn, target.outside(group))
    for policy in target.policies:
        yield from _changes_of(policy, target)


def _changes_of(policy: Policy, target: Principal) -> Iterator[Change]:
    kind, replaced = _kind(policy.holder), target.without(policy).with_policies(_everything(policy.holder))
    if policy.arn and account_of(policy.arn) != "aws":
        yield Change("iam:CreatePolicyVersion", policy.arn, replaced)
    if policy.denies and policy.arn:
        yield Change(f"iam:Detach{kind}Policy", policy.holder, target.without(policy))
    elif policy.denies:
        yield Change(f"iam:Delete{kind}Policy", policy.holder, target.without(policy))
        yield Change(f"iam:Put{kind}Policy", policy.holder, replaced)


def _may_any(principal: Principal, actions: Sequence[str]) -> bool:
    return any(statements_about(policy, "Allow", action) for policy in principal.policies for action in actions)


def _everything(holder: str) -> Policy:
    return Policy(EVERYTHING, holder, _EVERYTHING)


def _kind(arn: str) -> str:
    """``User``, ``Group`` or ``Role``."""
    return kind_of(arn).capitalize()
