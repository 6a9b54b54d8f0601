"""Policy documents, read as IAM gives them. Source: IAM User Guide, "IAM JSON policy elements reference"."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Effect = Literal["Allow", "Deny"]


@dataclass(frozen=True)
class Condition:
    """One condition key that a statement asks about."""

    operator: str
    """E.g. ``StringEquals`` or ``ForAnyValue:StringLikeIfExists``."""
    key: str
    values: tuple[str, ...]
    """Alternatives."""


@dataclass(frozen=True, eq=False)
class Statement:
    """One statement of a policy document."""

    name: str
    """Its Sid; without one, e.g. ``statement 2``."""
    effect: Effect
    actions: tuple[str, ...]
    all_actions_but: bool = False
    """Whether it is about every action but these: ``NotAction``."""
    resources: tuple[str, ...] = ("*",)
    """In a trust policy, which has none, all: the role that it belongs to."""
    all_resources_but: bool = False
    """Whether it is about every resource but these: ``NotResource``."""
    principals: tuple[str, ...] = ()
    """Accounts, users, roles and sessions, and ``*``."""
    other_principals: tuple[str, ...] = ()
    """Services, identity providers and canonical users, e.g. ``Service: ec2.amazonaws.com``."""
    all_principals_but: bool = False
    """Whether it is about every principal but these: ``NotPrincipal``."""
    conditions: tuple[Condition, ...] = ()
    """All of them have to hold."""
    has_variables: bool = True
    """Whether ``${…}`` is filled in."""


def parse(document: Mapping[str, Any]) -> tuple[Statement, ...]:
    """The statements of a document, an identity policy's or a trust policy's."""
    statements = document.get("Statement", [])
    has_variables = document.get("Version") == "2012-10-17"
    listed = [statements] if isinstance(statements, Mapping) else statements
    return tuple(_statement(it, number, has_variables) for number, it in enumerate(listed, start=1))


def _statement(statement: Mapping[str, Any], number: int, has_variables: bool) -> Statement:
    return Statement(
        name=statement.get("Sid") or f"statement {number}",
        effect=statement["Effect"],
        actions=_texts(statement.get("Action", statement.get("NotAction", ()))),
        all_actions_but="NotAction" in statement,
        resources=_texts(statement.get("Resource", statement.get("NotResource", "*"))),
        all_resources_but="NotResource" in statement,
        principals=_principals(statement.get("Principal", statement.get("NotPrincipal", ()))),
        other_principals=_other_principals(statement.get("Principal", statement.get("NotPrincipal", ()))),
        all_principals_but="NotPrincipal" in statement,
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
    """What stands in the document as one value or as a list of values."""
    values = value if isinstance(value, list | tuple) else [value]
    return tuple(str(each).lower() if isinstance(each, bool) else str(each) for each in values)
