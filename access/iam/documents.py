"""Parse policy documents. Source: IAM User Guide, "IAM JSON policy elements reference"."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Effect = Literal["Allow", "Deny"]


@dataclass(frozen=True)
class Condition:
    """One operator and key of a statement's condition block."""

    operator: str
    """E.g. ``StringEquals`` or ``ForAnyValue:StringLikeIfExists``."""
    key: str
    values: tuple[str, ...]
    """Alternative values."""


@dataclass(frozen=True, eq=False)
class Statement:
    """One statement of a policy document."""

    name: str
    """The Sid, or e.g. ``statement 2``."""
    effect: Effect
    actions: tuple[str, ...]
    not_action: bool = False
    """``NotAction``: every action except these."""
    resources: tuple[str, ...] = ("*",)
    """``*`` in a trust policy, which has no resources."""
    not_resource: bool = False
    """``NotResource``: every resource except these."""
    principals: tuple[str, ...] = ()
    """Accounts, users, roles, sessions, or ``*``."""
    other_principals: tuple[str, ...] = ()
    """Services, identity providers and canonical users, e.g. ``Service: ec2.amazonaws.com``."""
    not_principal: bool = False
    """``NotPrincipal``: every principal except these."""
    conditions: tuple[Condition, ...] = ()
    """All must hold."""
    has_variables: bool = True
    """``True`` if ``${…}`` is filled in, as in version 2012-10-17."""


def parse(document: Mapping[str, Any]) -> tuple[Statement, ...]:
    """Return the statements of an identity policy or a trust policy."""
    statements = document.get("Statement", [])
    has_variables = document.get("Version") == "2012-10-17"
    listed = [statements] if isinstance(statements, Mapping) else statements
    return tuple(_statement(each, number, has_variables) for number, each in enumerate(listed, start=1))


def _statement(statement: Mapping[str, Any], number: int, has_variables: bool) -> Statement:
    return Statement(
        name=statement.get("Sid") or f"statement {number}",
        effect=statement["Effect"],
        actions=_texts(statement.get("Action", statement.get("NotAction", ()))),
        not_action="NotAction" in statement,
        resources=_texts(statement.get("Resource", statement.get("NotResource", "*"))),
        not_resource="NotResource" in statement,
        principals=_principals(statement.get("Principal", statement.get("NotPrincipal", ()))),
        other_principals=_other_principals(statement.get("Principal", statement.get("NotPrincipal", ()))),
        not_principal="NotPrincipal" in statement,
        conditions=tuple(_conditions(statement.get("Condition", {}))),
        has_variables=has_variables,
    )


def _principals(element: object) -> tuple[str, ...]:
    return _texts(element.get("AWS", ())) if isinstance(element, Mapping) else _texts(element)


def _other_principals(element: object) -> tuple[str, ...]:
    kinds = element.items() if isinstance(element, Mapping) else ()
    return tuple(f"{kind}: {text}" for kind, values in kinds if kind != "AWS" for text in _texts(values))


def _conditions(element: Mapping[str, Mapping[str, object]]) -> Iterator[Condition]:
    for operator, by_key in element.items():
        for key, values in by_key.items():
            yield Condition(operator, key, _texts(values))


def _texts(value: object) -> tuple[str, ...]:
    """Return one value, or a list of values, as texts."""
    values = value if isinstance(value, list | tuple) else [value]
    return tuple(str(each).lower() if isinstance(each, bool) else str(each) for each in values)
