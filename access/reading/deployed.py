"""What is deployed, in the same terms as what the stacks declare."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ..changes.rendered import Bucket, Document, Grantee, Rendered, Role

_Key = TypeVar("_Key")
_Part = TypeVar("_Part", Role, Grantee, Bucket)


@dataclass(frozen=True)
class Principal:
    """A user or role that is there, or a group, whose members may be anybody."""

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
    """Of a role."""
    max_session: int | None = None
    """How long a session in a role may last, in seconds; none where IAM did not say."""

    @property
    def name(self) -> str:
        """Its name, without the path."""
        return self.arn.rpartition("/")[2]

    @property
    def is_group(self) -> bool:
        """Whether it stands for a group: for whoever may be in it and has no rights but the group's."""
        return ":group/" in self.arn

    @property
    def is_of_service(self) -> bool:
        """Whether AWS alone can change and use it. Source: IAM User Guide, "Create a service-linked role"."""
        return ":role/aws-service-role/" in self.arn


@dataclass(frozen=True)
class DeployedBucket:
    """A bucket that is there."""

    policy: Document | None = None
    guards: frozenset[str] = frozenset()
    """The settings that keep ACLs and public policies from opening it."""
    opened_by_acl: tuple[str, ...] = ()
    """What its ACL gives to others than its owner, e.g. ``READ to AllUsers``."""


@dataclass(frozen=True)
class Account:
    """An account that was read."""

    account_id: str
    principals: Mapping[str, Principal] = field(default_factory=dict)
    """By ARN."""
    groups: Mapping[str, tuple[Document, ...]] = field(default_factory=dict)
    """The policies of each group, by its name."""
    managed: Mapping[str, Document] = field(default_factory=dict)
    """The account's own managed policies, by name."""
    buckets: Mapping[str, DeployedBucket | None] = field(default_factory=dict)
    """Those that were asked for and read; none for one that is not there."""
    unread: tuple[str, ...] = ()
    """What could not be read, in words, a line each."""
    is_read: bool = True
    """Whether its users, groups and roles were read: nothing can be said of an account without these."""

    def members(self, group: str) -> tuple[str, ...]:
        """Return the names of the users in a group."""
        return tuple(sorted(it.name for it in self.principals.values() if group in it.groups))

    def everybody(self) -> Iterator[Principal]:
        """Yield the groups, the users and the roles, but for those that AWS alone uses."""
        partition = next((arn.split(":")[1] for arn in self.principals), "aws")
        for name in self.groups:
            yield Principal(f"arn:{partition}:iam::{self.account_id}:group/{name}", groups=(name,))
        yield from (it for it in self.principals.values() if not it.is_of_service)

    def role(self, name: str) -> Principal | None:
        """Return the role of a name, whatever its path: names are unique in an account."""
        return next((it for it in self.principals.values() if ":role/" in it.arn and it.name == name), None)


def as_declared(declared: Rendered, accounts: Mapping[str, Account]) -> Rendered:
    """Return what is deployed of what the stacks declare.

    What belongs to an account that was not read is taken to be as declared.

    Args:
        declared: what the stacks declare.
        accounts: what is there, by the account's id.
    """
    return replace(
        declared,
        roles=_those_there((arn, _role(role, accounts)) for arn, role in declared.roles.items()),
        grantees=_those_there((key, _grantee(it, accounts)) for key, it in declared.grantees.items()),
        buckets=_those_there((key, _bucket(it, accounts)) for key, it in declared.buckets.items()),
    )


def _those_there(found: Iterable[tuple[_Key, _Part | None]]) -> dict[_Key, _Part]:
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
    return replace(grantee, policies=tuple(_of_permission_set(grantee, account)))


def _of_permission_set(grantee: Grantee, account: Account) -> Iterator[Document]:
    for policy in grantee.policies:
        if policy.name in account.managed:
            yield account.managed[policy.name]


def _bucket(bucket: Bucket, accounts: Mapping[str, Account]) -> Bucket | None:
    account = accounts.get(bucket.account or "")
    if not account or bucket.name not in account.buckets:
        return bucket
    found = account.buckets[bucket.name]
    return replace(bucket, policy=found.policy, guards=found.guards) if found else None
