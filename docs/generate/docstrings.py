"""The docstrings of the fields of a TypedDict, which Python does not keep when a program runs."""

import ast
import inspect
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType


def field_docstrings(entry_type: type) -> dict[str, str]:
    """Return the docstring of each field, by name; those of its bases first.

    Raises:
        KeyError: a field has none.
    """
    known = _documented(sys.modules[entry_type.__module__], entry_type.__name__)
    return {name: known[name] for name in inspect.get_annotations(entry_type)}


def _documented(module: ModuleType, name: str) -> dict[str, str]:
    definition = _classes(Path(inspect.getfile(module)))[name]
    known: dict[str, str] = {}
    for base in definition.bases:  # a TypedDict does not know its own at runtime before Python 3.12
        found = getattr(module, ast.unparse(base))
        if isinstance(found, type):
            known |= _documented(sys.modules[found.__module__], found.__name__)
    fields = zip(definition.body, definition.body[1:], strict=False)
    return known | {
        ast.unparse(field.target): " ".join(ast.literal_eval(text.value).split())
        for field, text in fields
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr)
    }


@cache
def _classes(file: Path) -> Mapping[str, ast.ClassDef]:
    return {it.name: it for it in ast.parse(file.read_text()).body if isinstance(it, ast.ClassDef)}
