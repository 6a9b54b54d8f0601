"""What the program of some stacks registers, as ``access render`` writes it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from .. import known_principals
from ..errors import AccessError
from ..iam.documents import Statement, parse
from ..known_principals import KnownPrincipal

VERSION = 1
"""Of the rendered form."""

GranteeKind = Literal["group", "role", "permissionSet"]


@dataclass(frozen=True)
class Document:
    """A policy document and its name."""

    name: str
    text: str
    """As JSON, so that two that are the same are equal."""

    def statements(self) -> tuple[Statement, ...]:
        """Return its statements."""
        return parse(json.loads(self.text))


@dataclass(frozen=True)
class Role:
    """A role that others may assume."""

    stack: str
    account: str | None
    name: str
    arn: str
    trust: Document
    policies: tuple[Document, ...] = ()
    boundary: str | None = None
    """The ARN of its permissions boundary."""
    max_session: int | None = None
    """How long a session may last, in seconds."""


@dataclass(frozen=True)
class Grantee:
    """A group, a role or a permission set of an account, and what it may assume."""

    stack: str
    account: str | None
    partition: str
    kind: GranteeKind
    name: str
    members: tuple[str, ...] | None = None
    """The users of a group; none where the stack leaves them alone."""
    policies: tuple[Document, ...] = ()


@dataclass(frozen=True)
class Bucket:
    """A bucket, and its policy if it has one."""

    stack: str
    name: str
    policy: Document | None = None
    account: str | None = None
    guards: frozenset[str] = frozenset()
    """The settings that keep ACLs and public policies from opening it, such as ``blockPublicAcls``."""


@dataclass(frozen=True)
class Rendered:
    """All stacks of a state of the repository."""

    roles: Mapping[str, Role]
    """By ARN."""
    grantees: Mapping[tuple[str, str, str], Grantee]
    """By account (where it is not known, by stack), kind and name."""
    buckets: Mapping[tuple[str, str], Bucket]
    """By stack and name."""
    accounts: frozenset[str]
    """The accounts of the stacks, as far as they are known."""
    known: tuple[KnownPrincipal, ...] = ()
    """The principals that the stacks' files name as exceptions."""


def label(of: Role | Grantee, *states: Rendered) -> str:
    """Return what people call a role or grantee: its name, with the stack's or more where several have that name."""
    alike: dict[object, Role | Grantee] = {}
    for state in states:
        found: Mapping[Any, Role | Grantee] = state.roles if isinstance(of, Role) else state.grantees
        alike |= {key: each for key, each in found.items() if each.name == of.name}
    if len(alike) < 2:
        return of.name
    if len({each.stack for each in alike.values()}) == len(alike):
        return f"{of.stack}/{of.name}"
    return of.arn if isinstance(of, Role) else f"{of.kind} {of.name} of {of.account or of.stack}"


def combine(states: Iterable[Rendered]) -> Rendered:
    """Return the stacks of several projects together."""
    listed = list(states)
    return Rendered(
        {arn: role for each in listed for arn, role in each.roles.items()},
        {key: grantee for each in listed for key, grantee in each.grantees.items()},
        {key: bucket for each in listed for key, bucket in each.buckets.items()},
        frozenset().union(*(each.accounts for each in listed)),
        tuple(it for each in listed for it in each.known),
    )


def read(text: str, where: str) -> Rendered:
    """Return what a rendered file says.

    Args:
        text: the file's.
        where: its name, for messages.

    Raises:
        AccessError: it is not a rendered file, or one of another version.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AccessError(f"{where}: not JSON ({error}); give what `access render` writes") from None
    version = document.get("version") if isinstance(document, dict) else None
    if type(version) is not int or version != VERSION:
        raise AccessError(f"{where}: version {version!r} is not allowed; give what `access render` writes: {VERSION}")
    try:
        return _rendered(document["stacks"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else error
        raise AccessError(f"{where}: not a rendered file ({what}); give what `access render` writes") from None


def _rendered(stacks: Mapping[str, Mapping[str, Any]]) -> Rendered:
    roles: dict[str, Role] = {}
    grantees: dict[tuple[str, str, str], Grantee] = {}
    buckets: dict[tuple[str, str], Bucket] = {}
    for stack, each in stacks.items():
        account = each.get("account")
        for it in each.get("roles", ()):
            roles[it["arn"]] = Role(
                stack,
                account,
                it["name"],
                it["arn"],
                _document("the trust policy", it["trust"]),
                tuple(_document(policy["name"], policy["document"]) for policy in it["policies"]),
                it.get("permissionsBoundary"),
                it.get("maxSessionDuration"),
            )
        for it in each.get("grantees", ()):
            if it["kind"] not in get_args(GranteeKind):
                raise ValueError(f"a grantee of kind {it['kind']!r}")
            key = account or stack, it["kind"], it["name"]
            grantees[key] = _joined(
                grantees.get(key),
                Grantee(
                    stack,
                    account,
                    each.get("partition") or "aws",
                    it["kind"],
                    it["name"],
                    None if it.get("members") is None else tuple(it["members"]),
                    tuple(_document(policy["name"], policy["document"]) for policy in it["policies"]),
                ),
            )
        for it in each.get("buckets", ()):
            policy = it.get("policy")
            named = f"the policy of bucket {it['name']}"
            buckets[stack, it["name"]] = Bucket(
                stack, it["name"], policy and _document(named, policy), account, frozenset(it.get("guards", ()))
            )
    known = [each["outputs"].get("knownPrincipals", ()) for each in stacks.values() if "outputs" in each]
    accounts = frozenset(account for each in stacks.values() if (account := each.get("account")))
    return Rendered(
        roles, grantees, buckets, accounts, tuple(it for each in known for it in known_principals.parse(each))
    )


def say_the_same(one: Sequence[Document], other: Sequence[Document]) -> bool:
    """Return whether two lists of documents have the same texts, whatever their names and order."""
    return sorted(it.text for it in one) == sorted(it.text for it in other)


def _joined(one: Grantee | None, other: Grantee) -> Grantee:
    """A group of an account that two stacks are about."""
    if not one:
        return other
    members = other.members if one.members is None else one.members
    return replace(one, members=members, policies=(*one.policies, *other.policies))


def _document(name: str, document: Mapping[str, Any]) -> Document:
    statements = document["Statement"]
    for statement in [statements] if isinstance(statements, dict) else statements:
        if statement["Effect"] not in ("Allow", "Deny"):
            raise ValueError(f"Effect {statement['Effect']!r} in {name}")
    return Document(name, json.dumps(document, sort_keys=True))
