"""The tables of docs/configuration.md, made from the docstrings of the entries and the declarations in Pulumi.yaml."""

import re
from collections.abc import Iterable, Mapping, Sequence
from inspect import get_annotations
from pathlib import Path
from typing import Any, NotRequired, Union, get_args, get_origin

import yaml

from docs.generate.docstrings import field_docstrings
from stack.entries import GranteeEntry, GroupEntry, KnownPrincipalEntry, PermissionSetEntry, RoleEntry, camel_case

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs" / "configuration.md"

LISTS: Mapping[str, type] = {
    "roles": RoleEntry,
    "groups": GroupEntry,
    "granteeRoles": GranteeEntry,
    "permissionSets": PermissionSetEntry,
    "knownPrincipals": KnownPrincipalEntry,
}
"""The lists of a stack's file, and what their entries are."""

_MARKED = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)
_SIMPLE = {str: "text", int: "number", bool: "boolean", object: "roles"}


def page(text: str) -> str:
    """Return a page with its tables made anew: what stands between two comments is replaced.

    Raises:
        KeyError: there is no such table.
    """
    made = {"keys": _keys(), **{name: _entry(entry_type) for name, entry_type in LISTS.items()}}
    return _MARKED.sub(lambda match: f"{match[1]}\n{made[match[2]]}\n{match[3]}", text)


def _entry(entry_type: type) -> str:
    documented, hints = field_docstrings(entry_type), get_annotations(entry_type)
    required: frozenset[str] = vars(entry_type)["__required_keys__"]
    names = sorted(hints, key=lambda name: name not in required)
    return _table(
        (camel_case(name), _type(hints[name]), *_default(documented[name], is_required=name in required))
        for name in names
    )


def _keys() -> str:
    declared = yaml.safe_load((REPOSITORY / "Pulumi.yaml").read_text())["config"]
    types = {"array": "list", "object": "mapping", "string": "text"}
    rows = []
    for name, known in declared.items():
        first = f"See [{name}](#{name.lower()})." if name in LISTS else " ".join(known["description"].split())
        rows.append((f"cross-account-access:{name}", types[known["type"]], "none", first))
    return _table(rows)


def _table(rows: Iterable[Sequence[str]]) -> str:
    lines = ["| key | type | default | meaning |", "|---|---|---|---|"]
    return "\n".join([*lines, *(f"| `{key}` | {' | '.join(others)} |" for key, *others in rows)]) + "\n"


def _default(text: str, *, is_required: bool) -> tuple[str, str]:
    """Return the default that a docstring names at its end, and the rest, in the words of YAML."""
    text = re.sub(r"``(.+?)``", lambda match: f"`{camel_case(match[1])}`", text)
    rest, _, default = text.partition(" Default: ")
    return "required" if is_required else default.removesuffix(".") or "none", rest


def _type(hint: Any) -> str:  # noqa: ANN401 (an annotation)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (NotRequired, Union):  # of a value and an output of it, the value
        return _type(arguments[0])
    if origin is None:
        return _SIMPLE[hint]
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"mapping of text to {_type(arguments[1])}"
    return f"list of {_type(arguments[0])}"
