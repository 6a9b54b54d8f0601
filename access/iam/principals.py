"""The users, groups and roles of an account, with their policies."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..arn import account_of, name_of, resource_of
from .documents import Statement


@dataclass(frozen=True, eq=False)
class Policy:
    """An identity policy of a user, group or role."""

    name: str
    holder: str
    """The ARN of the user, group or role with the policy."""
    statements: tuple[Statement, ...]
    arn: str | None = None
    """The policy's ARN; ``None`` for an inline policy."""
    document: Mapping[str, Any] | None = field(default=None, repr=False)
    """Ready for JSON; ``None`` if it was not read."""

    @property
    def denies(self) -> bool:
        """``True`` if the policy denies anything."""
        return any(statement.effect == "Deny" for statement in self.statements)

    def __str__(self) -> str:
        """Return the name shown in reports."""
        return f"{self.name} ({'attached to' if self.arn else 'inline in'} {label(self.holder)})"


@dataclass(frozen=True, eq=False)
class Group:
    """A group of users."""

    name: str
    arn: str
    policies: tuple[Policy, ...] = ()
    """Inline and attached policies."""


@dataclass(frozen=True, eq=False)
class Principal:
    """A user or role."""

    arn: str
    policies: tuple[Policy, ...] = ()
    """Its own, and those of a user's groups."""
    groups: tuple[Group, ...] = ()
    boundary: Policy | None = None
    """The permissions boundary, if any."""
    trust: tuple[Statement, ...] = ()
    """The trust policy of a role."""
    trust_document: Mapping[str, Any] | None = field(default=None, repr=False)
    """The trust policy, ready for JSON."""
    tags: Mapping[str, str] = field(default_factory=dict)
    unique_id: str | None = None
    """E.g. ``AIDA…`` or ``AROA…``. A trust policy shows it in place of a deleted principal."""

    @property
    def name(self) -> str:
        """The name, without the path."""
        return name_of(self.arn)

    @property
    def account_id(self) -> str:
        """The id of its account."""
        return account_of(self.arn)

    @property
    def path(self) -> str:
        """The path, e.g. ``/`` or ``/team/``."""
        return f"/{resource_of(self.arn).partition('/')[2].removesuffix(self.name)}"

    @property
    def own_policies(self) -> tuple[Policy, ...]:
        """Its policies without those of its groups."""
        return tuple(policy for policy in self.policies if policy.holder == self.arn)

    @property
    def is_user(self) -> bool:
        """``True`` if the principal is a user."""
        return resource_of(self.arn).startswith("user/")

    @property
    def is_administrator(self) -> bool:
        """``True`` if AWS's policy for administrators is attached.

        Source: AWS Managed Policy Reference Guide, "AdministratorAccess".
        """
        attached = [policy.arn for policy in self.policies if policy.name == "AdministratorAccess" and policy.arn]
        return any(account_of(arn) == "aws" for arn in attached)

    @property
    def is_reserved(self) -> bool:
        """``True`` if only AWS may change the principal.

        Sources: IAM User Guide, "Create a service-linked role"; IAM Identity Center User Guide, "Referencing permission
        sets in resource policies".
        """
        return resource_of(self.arn).startswith(("role/aws-service-role/", "role/aws-reserved/"))

    def with_policies(self, *policies: Policy) -> "Principal":
        """Return the principal with more policies."""
        return replace(self, policies=(*self.policies, *policies))

    def without_policy(self, policy: Policy) -> "Principal":
        """Return the principal without one of its policies."""
        return replace(self, policies=tuple(each for each in self.policies if each is not policy))

    def without_group(self, group: Group) -> "Principal":
        """Return the principal without one of its groups."""
        return replace(
            self,
            policies=tuple(policy for policy in self.policies if policy.holder != group.arn),
            groups=tuple(joined for joined in self.groups if joined is not group),
        )

    def with_group(self, group: Group) -> "Principal":
        """Return the principal with one more group."""
        return replace(self.with_policies(*group.policies), groups=(*self.groups, group))


@dataclass(frozen=True, eq=False)
class PolicyVersion:
    """A version of a managed policy."""

    version_id: str
    """E.g. ``v2``."""
    is_default: bool
    """``True`` if this version is in force."""
    statements: tuple[Statement, ...]
    document: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Directory:
    """The users, groups and roles of an account."""

    account_id: str
    principals: tuple[Principal, ...]
    """Users and roles, sorted by ARN."""
    groups: tuple[Group, ...] = ()
    versions: Mapping[str, tuple[PolicyVersion, ...]] = field(default_factory=dict)
    """The versions of each customer managed policy, attached or not, by the policy's ARN."""
    unread: tuple[str, ...] = ()
    """One line for each policy that could not be read."""


def label(arn: str) -> str:
    """Return the name of a user, group, role or policy in reports, e.g. ``Theresa`` or ``role Deployer``."""
    kind, _, path = resource_of(arn).partition("/")
    name = path.rpartition("/")[2]
    if name == NEW:
        return f"a new {kind}"
    return name if kind == "user" else f"{kind} {name}"


NEW = "(new)"
"""The name of a user or role that does not exist yet. No real name has parentheses."""
