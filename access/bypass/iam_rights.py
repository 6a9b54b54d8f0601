"""The rights in IAM with which somebody becomes somebody else, or gets rid of what stands in the way.

Each is a call of the IAM API; the Service Authorization Reference, "Actions, resources, and condition keys for AWS
Identity and Access Management (IAM)", says on which kind of resource it has to be allowed. ``iam:PutUserPolicy`` and
the like lift no Deny by themselves, but give the right to lift it, which is why they are here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from ..arn import account_of, kind_of, name_of, partition_of
from ..iam.documents import Statement
from ..iam.evaluation import is_about, statements_about
from ..iam.patterns import Context
from ..iam.principals import NEW, Directory, Group, Policy, PolicyVersion, Principal
from ..iam.rights import ASSUME
from ..iam.verdicts import YES, Verdict, under

EVERYTHING = "everything"
"""The name of a policy that allows everything, which somebody gives to himself or to another."""

_UPDATES_OF_PROVIDERS = {
    "saml-provider": ("iam:UpdateSAMLProvider",),
    "oidc-provider": ("iam:AddClientIDToOpenIDConnectProvider", "iam:UpdateOpenIDConnectProviderThumbprint"),
}
_FEDERATED = {"saml-provider": "sts:AssumeRoleWithSAML", "oidc-provider": "sts:AssumeRoleWithWebIdentity"}

_TAKEOVERS = (
    *("iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile"),
    *("iam:CreateRole", "iam:UpdateAssumeRolePolicy"),
    *(call for calls in _UPDATES_OF_PROVIDERS.values() for call in calls),
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
_OF_AWS = {
    "IAMFullAccess": (Statement("its statement", "Allow", actions=("iam:*",)),),
    "PowerUserAccess": (
        Statement("its statement", "Allow", actions=("iam:*", "organizations:*", "account:*"), all_actions_but=True),
    ),
}
"""The policies of AWS that help, besides AdministratorAccess. Source: AWS Managed Policy Reference Guide."""


@dataclass(frozen=True)
class Takeover:
    """Calls with which somebody becomes another user or role of the account."""

    actions: tuple[str, ...]
    """On that user or role; all of them are needed."""
    succeeds: Verdict = YES
    """Whether they succeed, once they are allowed."""
    on: str | None = None
    """The ARN of what they are about instead: a provider of identities that the role trusts."""


@dataclass(frozen=True)
class Change:
    """A call that changes what a user or role may do."""

    action: str
    resource: str
    """The ARN of what is changed."""
    after: Principal
    """The user or role, as it is then."""
    keys: Context = field(default_factory=dict)
    """Condition keys of the request, in lower case."""
    otherwise: tuple["Change", ...] = ()
    """Changes that give less, for whoever may not certainly make this one."""


def takeovers(target: Principal) -> Sequence[Takeover]:
    """Return the ways to become a principal without a trust policy that is there already."""
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
    """Yield the ways to become a role over a provider of identities that it trusts.

    Whoever gives a SAML provider another certificate signs assertions of any content. An OIDC provider takes more to be
    of use: a token of the same issuer for another audience, or an issuer that can be impersonated; and IAM Identity
    Center looks after providers of its own.

    Sources: IAM API Reference, "UpdateSAMLProvider", "AddClientIDToOpenIDConnectProvider" and
    "UpdateOpenIDConnectProviderThumbprint"; IAM User Guide, "Create a role for SAML 2.0 federation" and "Create a role
    for OpenID Connect federation".
    """
    for statement in role.trust:
        for named in statement.other_principals if statement.effect == "Allow" else ():
            provider = named.removeprefix("Federated: ")
            kind = kind_of(provider) if provider.startswith("arn:") else ""
            if kind not in _FEDERATED or not is_about(statement, _FEDERATED[kind]):
                continue
            name = name_of(provider)
            open_keys = {it.key for it in statement.conditions if not it.key.lower().startswith("saml:")}
            if kind == "oidc-provider":
                open_keys = {f"whether {name} gives a token that the role admits"}
            elif name.startswith("AWSSSO_"):
                open_keys |= {"whether IAM Identity Center lets its provider be changed"}
            for action in _UPDATES_OF_PROVIDERS[kind]:
                yield Takeover((action,), under(*open_keys) if open_keys else YES, provider)


def newcomers(directory: Directory) -> Sequence[Principal]:
    """Return a user and a role that do not exist yet."""
    prefixes = {principal.arn.rpartition(":")[0] for principal in directory.principals[:1]}
    return [Principal(f"{prefix}:{kind}/{NEW}") for prefix in prefixes for kind in ("user", "role")]


def unlimited(principal: Principal) -> Principal:
    """Return a principal with one policy, which allows everything."""
    return replace(principal, policies=(_everything(principal.arn),))


def may_take_over_somebody(principal: Principal) -> bool:
    """Whether any policy of a principal allows any of the calls of :func:`takeovers` on anything."""
    return _may_any(principal, _TAKEOVERS)


def may_change_something(principal: Principal) -> bool:
    """Whether any policy of a principal allows any of the calls of :func:`changes` on anything."""
    return _may_any(principal, _CHANGES)


def changes(
    target: Principal, groups: Sequence[Group], versions: Mapping[str, Sequence[PolicyVersion]]
) -> Iterator[Change]:
    """Yield the calls that give a principal rights, or take away a Deny or a permissions boundary.

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
        yield _attaching(target, holder, versions)
    for group in groups if target.is_user else ():
        if group not in target.groups and any(_is_of_use(policy.statements) for policy in group.policies):
            yield Change("iam:AddUserToGroup", group.arn, target.inside(group))
    for group in target.groups:
        if any(policy.denies for policy in group.policies):
            yield Change("iam:RemoveUserFromGroup", group.arn, target.outside(group))
    for policy in target.policies:
        yield from _lifting(policy, target)
    for arn in dict.fromkeys(policy.arn for policy in (*target.policies, target.boundary) if policy and policy.arn):
        yield from _other_versions(arn, target, versions)
    if target.boundary:
        unbounded, kind = replace(target, boundary=None), _kind(target.arn)
        yield Change(f"iam:Delete{kind}PermissionsBoundary", target.arn, unbounded)
        keys: Context = {"iam:permissionsboundary": (_of_aws(target, "AdministratorAccess"),)}
        yield Change(f"iam:Put{kind}PermissionsBoundary", target.arn, unbounded, keys)


def _attaching(target: Principal, holder: str, versions: Mapping[str, Sequence[PolicyVersion]]) -> Change:
    """Attach AdministratorAccess, or else a policy of the account or of AWS that gives something of use.

    The key ``iam:PolicyARN`` is the policy's ARN (IAM User Guide, "IAM and AWS STS condition context keys").
    """
    action, known = f"iam:Attach{_kind(holder)}Policy", {policy.arn for policy in target.policies}

    def attach(policy: Policy) -> Change:
        return Change(action, holder, target.with_policies(policy), {"iam:policyarn": (policy.arn,)})

    own = [(arn, _default(several)) for arn, several in versions.items()]
    given = [*own, *((_of_aws(target, name), statements) for name, statements in _OF_AWS.items())]
    others = [
        attach(Policy(name_of(arn), holder, statements, arn))
        for arn, statements in given
        if arn not in known and _is_of_use(statements)
    ]
    everything = _everything(holder, _of_aws(target, "AdministratorAccess"))
    return replace(attach(everything), otherwise=tuple(others))


def _lifting(policy: Policy, target: Principal) -> Iterator[Change]:
    """The calls that take a policy away, if it takes anything away itself."""
    if not policy.denies:
        return
    kind, without = _kind(policy.holder), target.without(policy)
    if policy.arn:
        yield Change(f"iam:Detach{kind}Policy", policy.holder, without, {"iam:policyarn": (policy.arn,)})
    else:
        yield Change(f"iam:Delete{kind}Policy", policy.holder, without)
        yield Change(f"iam:Put{kind}Policy", policy.holder, without.with_policies(_everything(policy.holder)))


def _other_versions(arn: str, target: Principal, versions: Mapping[str, Sequence[PolicyVersion]]) -> Iterator[Change]:
    """The calls that put a new version, or one that is there, of a managed policy in force wherever the target has it.

    Source: IAM User Guide, "Versioning IAM policies".
    """
    if account_of(arn) == "aws":
        return
    yield Change("iam:CreatePolicyVersion", arn, _with_version(target, arn, _EVERYTHING))
    denies = any(policy.denies for policy in (*target.policies, target.boundary) if policy and policy.arn == arn)
    bounds = target.boundary and target.boundary.arn == arn
    for version in versions.get(arn, ()):
        if not version.is_default and (denies or bounds or _is_of_use(version.statements)):
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
def _is_of_use(statements: tuple[Statement, ...]) -> bool:
    """Whether statements allow to assume roles, or anything that is looked for here."""
    actions = (ASSUME, *_TAKEOVERS, *_CHANGES)
    return any(it.effect == "Allow" and is_about(it, action) for it in statements for action in actions)


def _may_any(principal: Principal, actions: Sequence[str]) -> bool:
    return any(statements_about(policy, "Allow", action) for policy in principal.policies for action in actions)


def _everything(holder: str, arn: str | None = None) -> Policy:
    return Policy(EVERYTHING, holder, _EVERYTHING, arn)


def _of_aws(principal: Principal, name: str) -> str:
    """The ARN of a policy of AWS."""
    return f"arn:{partition_of(principal.arn)}:iam::aws:policy/{name}"


def _kind(arn: str) -> str:
    """``User``, ``Group`` or ``Role``."""
    return kind_of(arn).capitalize()
