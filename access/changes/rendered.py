"""A rendered state of the repository, as ``access render`` writes it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from .. import known_principals
from ..errors import AccessError
from ..iam.documents import Statement, parse
from ..known_principals import KnownPrincipal

VERSION = 1
"""The version of the rendered form."""

GranteeKind = Literal["group", "role", "permissionSet"]


@dataclass(frozen=True)
class Document:
    """A policy document and its name."""

    name: str
    text: str
    """The document as JSON, so that equal documents have equal texts."""

    def statements(self) -> tuple[Statement, ...]:
        """Return the document's statements."""
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
    """The longest session, in seconds."""


@dataclass(frozen=True)
class Grantee:
    """A group, role or permission set of an account, with its policies."""

    stack: str
    account: str | None
    partition: str
    kind: GranteeKind
    name: str
    members: tuple[str, ...] | None = None
    """The users of a group; ``None`` if the stack does not manage them."""
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
    """The roles by ARN."""
    grantees: Mapping[tuple[str, str, str], Grantee]
    """The grantees by account (or stack, if the account is not known), kind and name."""
    buckets: Mapping[tuple[str, str], Bucket]
    """The buckets by stack and name."""
    accounts: frozenset[str]
    """The known accounts of the stacks."""
    known: tuple[KnownPrincipal, ...] = ()
    """The principals that the stacks' files name as exceptions."""


def label(labelled: Role | Grantee, *states: Rendered) -> str:
    """Return the name of a role or grantee for people, with its stack or more if several have that name."""
    name = labelled.name
    namesakes: dict[object, Role | Grantee] = {}
    for state in states:
        others: Mapping[Any, Role | Grantee] = state.roles if isinstance(labelled, Role) else state.grantees
        namesakes |= {key: each for key, each in others.items() if each.name == name}
    if len(namesakes) < 2:
        return name
    if len({each.stack for each in namesakes.values()}) == len(namesakes):
        return f"{labelled.stack}/{name}"
    if isinstance(labelled, Role):
        return labelled.arn
    return f"{labelled.kind} {name} of {labelled.account or labelled.stack}"


def combine(states: Iterable[Rendered]) -> Rendered:
    """Return the stacks of several projects as one state."""
    projects = list(states)
    return Rendered(
        {arn: role for each in projects for arn, role in each.roles.items()},
        {key: grantee for each in projects for key, grantee in each.grantees.items()},
        {key: bucket for each in projects for key, bucket in each.buckets.items()},
        frozenset().union(*(each.accounts for each in projects)),
        tuple(known for each in projects for known in each.known),
    )


def read(text: str, where: str) -> Rendered:
    """Return the content of a rendered file.

    Args:
        text: the file's text.
        where: the file's name, for messages.

    Raises:
        AccessError: the text is not a rendered file, or one of another version.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AccessError(f"{where}: not JSON ({error}); give a file that `access render` wrote") from None
    version = document.get("version") if isinstance(document, dict) else None
    if type(version) is not int or version != VERSION:
        raise AccessError(
            f"{where}: version {version!r} is not allowed; give a file of `access render`, version {VERSION}"
        )
    try:
        return _rendered(document["stacks"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else error
        raise AccessError(f"{where}: not a rendered file ({reason}); give a file that `access render` wrote") from None


def _rendered(stacks: Mapping[str, Mapping[str, Any]]) -> Rendered:
    roles: dict[str, Role] = {}
    grantees: dict[tuple[str, str, str], Grantee] = {}
    buckets: dict[tuple[str, str], Bucket] = {}
    for stack, each in stacks.items():
        account = each.get("account")
        for role in each.get("roles", ()):
            roles[role["arn"]] = Role(
                stack,
                account,
                role["name"],
                role["arn"],
                _document("the trust policy", role["trust"]),
                tuple(_document(policy["name"], policy["document"]) for policy in role["policies"]),
                role.get("permissionsBoundary"),
                role.get("maxSessionDuration"),
            )
        for grantee in each.get("grantees", ()):
            if grantee["kind"] not in get_args(GranteeKind):
                raise ValueError(f"a grantee of kind {grantee['kind']!r}")
            key = account or stack, grantee["kind"], grantee["name"]
            grantees[key] = _joined(
                grantees.get(key),
                Grantee(
                    stack,
                    account,
                    each.get("partition") or "aws",
                    grantee["kind"],
                    grantee["name"],
                    None if grantee.get("members") is None else tuple(grantee["members"]),
                    tuple(_document(policy["name"], policy["document"]) for policy in grantee["policies"]),
                ),
            )
        for bucket in each.get("buckets", ()):
            name, policy, guards = bucket["name"], bucket.get("policy"), frozenset(bucket.get("guards", ()))
            document = policy and _document(f"the policy of bucket {name}", policy)
            buckets[stack, name] = Bucket(stack, name, document, account, guards)
    known = [each["outputs"].get("knownPrincipals", ()) for each in stacks.values() if "outputs" in each]
    accounts = frozenset(account for each in stacks.values() if (account := each.get("account")))
    principals = tuple(principal for entries in known for principal in known_principals.parse(entries))
    return Rendered(roles, grantees, buckets, accounts, principals)


def have_same_texts(one: Sequence[Document], other: Sequence[Document]) -> bool:
    """Return whether two lists of documents have the same texts, whatever their names and order."""
    return sorted(document.text for document in one) == sorted(document.text for document in other)


def _joined(one: Grantee | None, other: Grantee) -> Grantee:
    """Return one grantee for a group that two stacks of an account have."""
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
