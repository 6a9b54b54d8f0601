"""The users and roles of an account, with all that decides what they may do."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..arn import account_of, name_of, resource_of
from .documents import Statement


@dataclass(frozen=True, eq=False)
class Policy:
    """An identity policy of somebody, or of a group."""

    name: str
    holder: str
    """The ARN of the user, group or role that it is attached to, or inline in."""
    statements: tuple[Statement, ...]
    arn: str | None = None
    """Its own ARN; an inline policy has none."""
    document: Mapping[str, Any] | None = field(default=None, repr=False)
    """As IAM gives it, ready for JSON; none if it was not read."""

    @property
    def denies(self) -> bool:
        """Whether it takes anything away."""
        return any(statement.effect == "Deny" for statement in self.statements)

    def __str__(self) -> str:
        """What people call it."""
        return f"{self.name} ({'attached to' if self.arn else 'inline in'} {label(self.holder)})"


@dataclass(frozen=True, eq=False)
class Group:
    """A group of users."""

    name: str
    arn: str
    policies: tuple[Policy, ...] = ()
    """Inline ones and attached ones."""


@dataclass(frozen=True, eq=False)
class Principal:
    """A user, or a role."""

    arn: str
    policies: tuple[Policy, ...] = ()
    """Its own, and of a user those of the groups."""
    groups: tuple[Group, ...] = ()
    boundary: Policy | None = None
    """What bounds its rights, if anything does."""
    trust: tuple[Statement, ...] = ()
    """The trust policy of a role."""
    trust_document: Mapping[str, Any] | None = field(default=None, repr=False)
    """The trust policy as IAM gives it, ready for JSON."""
    tags: Mapping[str, str] = field(default_factory=dict)
    unique_id: str | None = None
    """E.g. ``AIDA…`` or ``AROA…``; a trust policy shows it in place of a principal that was deleted."""

    @property
    def name(self) -> str:
        """Its name, without the path."""
        return name_of(self.arn)

    @property
    def account_id(self) -> str:
        """Its account."""
        return account_of(self.arn)

    @property
    def path(self) -> str:
        """Its path, e.g. ``/`` or ``/team/``."""
        return f"/{resource_of(self.arn).partition('/')[2].removesuffix(self.name)}"

    @property
    def own_policies(self) -> tuple[Policy, ...]:
        """Its policies without those of its groups: inline ones and attached ones."""
        return tuple(policy for policy in self.policies if policy.holder == self.arn)

    @property
    def is_user(self) -> bool:
        """Whether it is a user."""
        return resource_of(self.arn).startswith("user/")

    @property
    def is_administrator(self) -> bool:
        """``True`` if it has the policy that AWS made for administrators.

        Source: AWS Managed Policy Reference Guide, "AdministratorAccess".
        """
        return any(it.arn and account_of(it.arn) == "aws" and it.name == "AdministratorAccess" for it in self.policies)

    @property
    def is_reserved(self) -> bool:
        """Whether AWS alone may change it.

        Sources: IAM User Guide, "Create a service-linked role"; IAM Identity Center User Guide, "Referencing permission
        sets in resource policies".
        """
        return resource_of(self.arn).startswith(("role/aws-service-role/", "role/aws-reserved/"))

    def with_policies(self, *policies: Policy) -> "Principal":
        """Itself, and these too."""
        return replace(self, policies=(*self.policies, *policies))

    def without(self, policy: Policy) -> "Principal":
        """Itself, without one of its policies."""
        return replace(self, policies=tuple(it for it in self.policies if it is not policy))

    def outside(self, group: Group) -> "Principal":
        """Itself, no longer in a group."""
        return replace(
            self,
            policies=tuple(policy for policy in self.policies if policy.holder != group.arn),
            groups=tuple(joined for joined in self.groups if joined is not group),
        )

    def inside(self, group: Group) -> "Principal":
        """Itself, in one group more."""
        return replace(self.with_policies(*group.policies), groups=(*self.groups, group))


@dataclass(frozen=True, eq=False)
class PolicyVersion:
    """A version of a managed policy."""

    version_id: str
    """E.g. ``v2``."""
    is_default: bool
    """Whether it is the one in force."""
    statements: tuple[Statement, ...]
    document: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Directory:
    """The users, groups and roles of an account."""

    account_id: str
    principals: tuple[Principal, ...]
    """Users and roles, by ARN."""
    groups: tuple[Group, ...] = ()
    versions: Mapping[str, tuple[PolicyVersion, ...]] = field(default_factory=dict)
    """The versions of each customer managed policy, attached or not, by the policy's ARN."""
    unread: tuple[str, ...] = ()
    """Policies that could not be read, a line each."""


def label(arn: str) -> str:
    """What people call a user, group, role or policy: ``Theresa``, ``role Deployer``, ``group Testers``."""
    kind, _, path = resource_of(arn).partition("/")
    name = path.rpartition("/")[2]
    if name == NEW:
        return f"a new {kind}"
    return name if kind == "user" else f"{kind} {name}"


NEW = "(new)"
"""The name of a user or role that does not exist yet: no real name looks so, and no pattern is about it alone."""
