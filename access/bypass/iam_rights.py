"""The rights in IAM to take over another principal, or to remove the policies that deny a role.

Each is a call of the IAM API. The Service Authorization Reference, "Actions, resources, and condition keys for AWS
Identity and Access Management (IAM)", names the resource it must be allowed on. ``iam:PutUserPolicy`` and the like lift
no Deny by themselves, but can grant the right to lift it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from ..arn import account_of, kind_of, name_of, partition_of
from ..iam.documents import Statement
from ..iam.evaluation import covers_action, statements_on
from ..iam.patterns import Context
from ..iam.principals import NEW, Directory, Group, Policy, PolicyVersion, Principal
from ..iam.rights import ASSUME
from ..iam.verdicts import YES, Verdict, under

EVERYTHING = "everything"
"""The name of a new policy that allows everything."""

_PROVIDER_UPDATES = {
    "saml-provider": ("iam:UpdateSAMLProvider",),
    "oidc-provider": ("iam:AddClientIDToOpenIDConnectProvider", "iam:UpdateOpenIDConnectProviderThumbprint"),
}
_FEDERATED = {"saml-provider": "sts:AssumeRoleWithSAML", "oidc-provider": "sts:AssumeRoleWithWebIdentity"}

_TAKEOVERS = (
    *("iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile"),
    *("iam:CreateRole", "iam:UpdateAssumeRolePolicy"),
    *(call for calls in _PROVIDER_UPDATES.values() for call in calls),
)
_CHANGES = (
    *(
        f"iam:{call}{kind}Policy"
        for call in ("Put", "Attach", "Delete", "Detach")
        for kind in ("User", "Group", "Role")
    ),
    *("iam:AddUserToGroup", "iam:RemoveUserFromGroup", "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"),
    *(f"iam:{call}{kind}PermissionsBoundary" for call in ("Delete", "Put") for kind in ("User", "Role")),
)

_EVERYTHING = (Statement("its statement", "Allow", actions=("*",)),)
_AWS_POLICIES = {
    "IAMFullAccess": (Statement("its statement", "Allow", actions=("iam:*",)),),
    "PowerUserAccess": (
        Statement("its statement", "Allow", actions=("iam:*", "organizations:*", "account:*"), not_action=True),
    ),
}
"""The AWS managed policies that help, besides AdministratorAccess. Source: AWS Managed Policy Reference Guide."""


@dataclass(frozen=True)
class Takeover:
    """Calls that take over another user or role of the account."""

    actions: tuple[str, ...]
    """The calls on that user or role, all of them needed."""
    succeeds: Verdict = YES
    """The verdict on the calls once they are allowed: they succeed, fail, or depend on conditions."""
    on: str | None = None
    """The ARN of the identity provider that the calls change instead, which the role trusts."""


@dataclass(frozen=True)
class Change:
    """A call that changes what a user or role may do."""

    action: str
    resource: str
    """The ARN of the changed resource."""
    after: Principal
    """The user or role after the change."""
    keys: Context = field(default_factory=dict)
    """Condition keys of the request, in lower case."""
    alternatives: tuple["Change", ...] = ()
    """Changes that grant less, for a caller that may not certainly make this one."""


def takeovers(target: Principal) -> Sequence[Takeover]:
    """Return the ways to take over a principal, apart from its present trust policy."""
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
    own = [] if target.is_reserved else [Takeover(("iam:UpdateAssumeRolePolicy",))]
    return [*own, *_by_providers(target)]


def _by_providers(role: Principal) -> Iterator[Takeover]:
    """Yield the ways to take over a role through an identity provider that it trusts.

    A caller that replaces the certificate of a SAML provider can sign any assertion. An OIDC provider takes more: a
    token of the same issuer for another audience, or an issuer that can be impersonated. IAM Identity Center protects
    its own providers.

    Sources: IAM API Reference, "UpdateSAMLProvider", "AddClientIDToOpenIDConnectProvider" and
    "UpdateOpenIDConnectProviderThumbprint"; IAM User Guide, "Create a role for SAML 2.0 federation" and "Create a role
    for OpenID Connect federation".
    """
    for statement in role.trust:
        for named in statement.other_principals if statement.effect == "Allow" else ():
            provider = named.removeprefix("Federated: ")
            kind = kind_of(provider) if provider.startswith("arn:") else ""
            if kind not in _FEDERATED or not covers_action(statement, _FEDERATED[kind]):
                continue
            name = name_of(provider)
            keys = {condition.key for condition in statement.conditions}
            open_keys = {key for key in keys if not key.lower().startswith("saml:")}
            if kind == "oidc-provider":
                open_keys = {f"whether {name} issues a token that the role accepts"}
            elif name.startswith("AWSSSO_"):
                open_keys |= {"whether IAM Identity Center lets its provider be changed"}
            for action in _PROVIDER_UPDATES[kind]:
                yield Takeover((action,), under(*open_keys) if open_keys else YES, provider)


def creatable_principals(directory: Directory) -> Sequence[Principal]:
    """Return a user and a role that do not exist yet."""
    prefixes = {principal.arn.rpartition(":")[0] for principal in directory.principals[:1]}
    return [Principal(f"{prefix}:{kind}/{NEW}") for prefix in prefixes for kind in ("user", "role")]


def with_full_access(principal: Principal) -> Principal:
    """Return the principal with a policy that allows everything."""
    return replace(principal, policies=(_everything(principal.arn),))


def may_take_over_any(principal: Principal) -> bool:
    """Return whether any policy of a principal allows a call of :func:`takeovers` on any resource."""
    return _may_any(principal, _TAKEOVERS)


def may_change_any(principal: Principal) -> bool:
    """Return whether any policy of a principal allows a call of :func:`changes` on any resource."""
    return _may_any(principal, _CHANGES)


def changes(
    target: Principal, groups: Sequence[Group], versions: Mapping[str, Sequence[PolicyVersion]]
) -> Iterator[Change]:
    """Yield the calls that grant a principal rights, or remove a Deny or a permissions boundary.

    Args:
        target: the user or role.
        groups: the groups of its account.
        versions: the versions of the account's managed policies, by ARN.
    """
    if target.is_reserved:
        return
    for holder in (target.arn, *(group.arn for group in target.groups)):
        after = target.with_policies(_everything(holder))
        yield Change(f"iam:Put{_kind(holder)}Policy", holder, after)
        yield _attachment(target, holder, versions)
    for group in groups if target.is_user else ():
        if group not in target.groups and any(_helps(policy.statements) for policy in group.policies):
            yield Change("iam:AddUserToGroup", group.arn, target.with_group(group))
    for group in target.groups:
        if any(policy.denies for policy in group.policies):
            yield Change("iam:RemoveUserFromGroup", group.arn, target.without_group(group))
    for policy in target.policies:
        yield from _removals(policy, target)
    for arn in dict.fromkeys(policy.arn for policy in (*target.policies, target.boundary) if policy and policy.arn):
        yield from _other_versions(arn, target, versions)
    if target.boundary:
        unbounded, kind = replace(target, boundary=None), _kind(target.arn)
        yield Change(f"iam:Delete{kind}PermissionsBoundary", target.arn, unbounded)
        keys: Context = {"iam:permissionsboundary": (_aws_policy_arn(target, "AdministratorAccess"),)}
        yield Change(f"iam:Put{kind}PermissionsBoundary", target.arn, unbounded, keys)


def _attachment(target: Principal, holder: str, versions: Mapping[str, Sequence[PolicyVersion]]) -> Change:
    """Return the call that attaches AdministratorAccess, with other helpful policies as alternatives.

    The key ``iam:PolicyARN`` is the policy's ARN (IAM User Guide, "IAM and AWS STS condition context keys").
    """
    action, known = f"iam:Attach{_kind(holder)}Policy", {policy.arn for policy in target.policies}

    def attach(policy: Policy) -> Change:
        return Change(action, holder, target.with_policies(policy), {"iam:policyarn": (policy.arn,)})

    own = [(arn, _default(of_policy)) for arn, of_policy in versions.items()]
    candidates = [*own, *((_aws_policy_arn(target, name), statements) for name, statements in _AWS_POLICIES.items())]
    others = [
        attach(Policy(name_of(arn), holder, statements, arn))
        for arn, statements in candidates
        if arn not in known and _helps(statements)
    ]
    everything = _everything(holder, _aws_policy_arn(target, "AdministratorAccess"))
    return replace(attach(everything), alternatives=tuple(others))


def _removals(policy: Policy, target: Principal) -> Iterator[Change]:
    """Yield the calls that remove a policy that denies anything."""
    if not policy.denies:
        return
    kind, without = _kind(policy.holder), target.without_policy(policy)
    if policy.arn:
        yield Change(f"iam:Detach{kind}Policy", policy.holder, without, {"iam:policyarn": (policy.arn,)})
    else:
        yield Change(f"iam:Delete{kind}Policy", policy.holder, without)
        yield Change(f"iam:Put{kind}Policy", policy.holder, without.with_policies(_everything(policy.holder)))


def _other_versions(arn: str, target: Principal, versions: Mapping[str, Sequence[PolicyVersion]]) -> Iterator[Change]:
    """Yield the calls that put a new or existing version of a managed policy in force for the target.

    Source: IAM User Guide, "Versioning IAM policies".
    """
    if account_of(arn) == "aws":
        return
    yield Change("iam:CreatePolicyVersion", arn, _with_version(target, arn, _EVERYTHING))
    denies = any(policy.denies for policy in (*target.policies, target.boundary) if policy and policy.arn == arn)
    bounds = target.boundary and target.boundary.arn == arn
    for version in versions.get(arn, ()):
        if not version.is_default and (denies or bounds or _helps(version.statements)):
            yield Change("iam:SetDefaultPolicyVersion", arn, _with_version(target, arn, version.statements))


def _with_version(target: Principal, arn: str, statements: tuple[Statement, ...]) -> Principal:
    def changed(policy: Policy) -> Policy:
        name = EVERYTHING if statements is _EVERYTHING else policy.name
        return replace(policy, name=name, statements=statements) if policy.arn == arn else policy

    boundary = target.boundary and changed(target.boundary)
    return replace(target, policies=tuple(map(changed, target.policies)), boundary=boundary)


def _default(versions: Sequence[PolicyVersion]) -> tuple[Statement, ...]:
    return next(version.statements for version in versions if version.is_default)


@lru_cache(maxsize=4096)
def _helps(statements: tuple[Statement, ...]) -> bool:
    """Return whether statements allow assuming roles, or any call of this module."""
    actions = (ASSUME, *_TAKEOVERS, *_CHANGES)
    allowing = [statement for statement in statements if statement.effect == "Allow"]
    return any(covers_action(statement, action) for statement in allowing for action in actions)


def _may_any(principal: Principal, actions: Sequence[str]) -> bool:
    return any(statements_on(policy, "Allow", action) for policy in principal.policies for action in actions)


def _everything(holder: str, arn: str | None = None) -> Policy:
    return Policy(EVERYTHING, holder, _EVERYTHING, arn)


def _aws_policy_arn(principal: Principal, name: str) -> str:
    """Return the ARN of an AWS managed policy."""
    return f"arn:{partition_of(principal.arn)}:iam::aws:policy/{name}"


def _kind(arn: str) -> str:
    """Return ``User``, ``Group`` or ``Role``."""
    return kind_of(arn).capitalize()
