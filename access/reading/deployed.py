"""The deployed state of the accounts, in the same form as what the stacks declare."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ..arn import name_of, partition_of
from ..changes.rendered import Bucket, Document, Grantee, Rendered, Role

_Key = TypeVar("_Key")
_Part = TypeVar("_Part", Role, Grantee, Bucket)


@dataclass(frozen=True)
class Principal:
    """A deployed user or role, or a group as its possible members."""

    arn: str
    policies: tuple[Document, ...] = ()
    """Its own policies, inline and attached."""
    groups: tuple[str, ...] = ()
    """The names of a user's groups."""
    attached: tuple[str, ...] = ()
    """The ARNs of its managed policies."""
    boundary_arn: str | None = None
    boundary: Document | None = None
    trust: Document | None = None
    """A role's trust policy."""
    max_session: int | None = None
    """A role's maximum session duration in seconds; ``None`` if it was not read."""

    @property
    def name(self) -> str:
        """The name, without the path."""
        return name_of(self.arn)

    @property
    def is_group(self) -> bool:
        """``True`` if it represents a group: a member with no other rights."""
        return ":group/" in self.arn

    @property
    def is_service_linked(self) -> bool:
        """``True`` if only AWS can change and use it. Source: IAM User Guide, "Create a service-linked role"."""
        return ":role/aws-service-role/" in self.arn


@dataclass(frozen=True)
class DeployedBucket:
    """A deployed bucket."""

    policy: Document | None = None
    guards: frozenset[str] = frozenset()
    """The settings that block ACLs and public policies."""
    opened_by_acl: tuple[str, ...] = ()
    """The ACL's grants to others than the owner, e.g. ``READ to AllUsers``."""


@dataclass(frozen=True)
class Account:
    """The deployed state of an account."""

    account_id: str
    principals: Mapping[str, Principal] = field(default_factory=dict)
    """Users and roles by ARN."""
    groups: Mapping[str, tuple[Document, ...]] = field(default_factory=dict)
    """The policies of each group by name."""
    managed: Mapping[str, Document] = field(default_factory=dict)
    """The account's own managed policies, by name."""
    buckets: Mapping[str, DeployedBucket | None] = field(default_factory=dict)
    """The requested buckets that could be read; ``None`` for a missing one."""

    unread: tuple[str, ...] = ()
    """One line for each part that could not be read."""
    is_read: bool = True
    """``True`` if its users, groups and roles were read. Without them, the account can't be compared."""

    def members(self, group: str) -> tuple[str, ...]:
        """Return the names of the users in a group."""
        return tuple(sorted(each.name for each in self.principals.values() if group in each.groups))

    def all_principals(self) -> Iterator[Principal]:
        """Yield the groups, the users and the roles, without service-linked roles."""
        partition = next(map(partition_of, self.principals), "aws")
        for name in self.groups:
            yield Principal(f"arn:{partition}:iam::{self.account_id}:group/{name}", groups=(name,))
        yield from (principal for principal in self.principals.values() if not principal.is_service_linked)

    def role(self, name: str) -> Principal | None:
        """Return the role with a name; names are unique in an account, whatever the path."""
        return next((each for each in self.principals.values() if ":role/" in each.arn and each.name == name), None)


def as_declared(declared: Rendered, accounts: Mapping[str, Account]) -> Rendered:
    """Return the deployed state of what the stacks declare.

    Parts of an account that was not read are taken as declared.

    Args:
        declared: what the stacks declare.
        accounts: the deployed state by account id.
    """
    return replace(
        declared,
        roles=_existing((arn, _role(role, accounts)) for arn, role in declared.roles.items()),
        grantees=_existing((key, _grantee(each, accounts)) for key, each in declared.grantees.items()),
        buckets=_existing((key, _bucket(each, accounts)) for key, each in declared.buckets.items()),
    )


def _existing(found: Iterable[tuple[_Key, _Part | None]]) -> dict[_Key, _Part]:
    return {key: part for key, part in found if part}


def _role(role: Role, accounts: Mapping[str, Account]) -> Role | None:
    account = accounts.get(role.account or "")
    if not account:
        return role
    found = account.principals.get(role.arn)
    if not found or not found.trust:
        return None
    return replace(
        role,
        trust=found.trust,
        policies=found.policies,
        boundary=found.boundary_arn,
        max_session=found.max_session or role.max_session,
    )


def _grantee(grantee: Grantee, accounts: Mapping[str, Account]) -> Grantee | None:
    account = accounts.get(grantee.account or "")
    if not account:
        return grantee
    if grantee.kind == "group":
        if grantee.name not in account.groups:
            return None
        members = None if grantee.members is None else account.members(grantee.name)
        return replace(grantee, policies=account.groups[grantee.name], members=members)
    if grantee.kind == "role":
        role = account.role(grantee.name)
        return replace(grantee, policies=role.policies) if role else None
    return replace(grantee, policies=tuple(_permission_set_policies(grantee, account)))


def _permission_set_policies(grantee: Grantee, account: Account) -> Iterator[Document]:
    for policy in grantee.policies:
        if policy.name in account.managed:
            yield account.managed[policy.name]


def _bucket(bucket: Bucket, accounts: Mapping[str, Account]) -> Bucket | None:
    account = accounts.get(bucket.account or "")
    if not account or bucket.name not in account.buckets:
        return bucket
    found = account.buckets[bucket.name]
    return replace(bucket, policy=found.policy, guards=found.guards) if found else None
