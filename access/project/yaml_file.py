"""Read YAML files that people edit, and report a mistake on one line with its place."""

import json
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ..errors import AccessError

Key = str | int
"""A key of a mapping, or an index of a list."""


@dataclass(frozen=True)
class YamlFile:
    """A YAML file with a mapping."""

    path: Path
    content: dict[str, Any]
    _root: yaml.MappingNode = field(repr=False)

    def where(self, *keys: Key) -> str:
        """Return the place of a value, as far as its keys exist, e.g. ``Pulumi.production.yaml, line 5``."""
        node: yaml.Node = self._root
        mark = None
        for key in keys:
            found = _child(node, key)
            if found is None:
                break
            mark, node = found
        return shown(self.path) if mark is None else f"{shown(self.path)}, line {mark.line + 1}"

    def is_unquoted(self, *keys: Key) -> bool:
        """Return whether a scalar is written without quotes."""
        node: yaml.Node = self._root
        for key in keys:
            found = _child(node, key)
            if found is None:
                return False
            _, node = found
        return isinstance(node, yaml.ScalarNode) and node.style is None


def read_yaml(path: Path) -> YamlFile:
    """Read a YAML file.

    Raises:
        AccessError: the file can't be read, is not YAML or not a mapping; the message names line and column.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise AccessError(f"{shown(path)}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise AccessError(f"{shown(path)} can't be read: {error.strerror}") from None
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        content = loader.construct_document(root) if root is not None else None
    except yaml.MarkedYAMLError as error:
        raise AccessError(f"{shown(path)}{_place(error)}: {_problem(error)}") from None
    except yaml.YAMLError as error:
        raise AccessError(f"{shown(path)} is not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise AccessError(f"{shown(path)} is nested too deeply to be read") from None
    if content is None:
        raise AccessError(f"{shown(path)} is empty")
    if not isinstance(root, yaml.MappingNode):
        raise AccessError(f"{shown(path)}: write a mapping, key: value; it is {type(content).__name__}")
    return YamlFile(path, content, root)


def shown(path: Path) -> str:
    """Return a path relative to the current folder, if it is below it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path) or "."


def parsed_list(value: object) -> list[Any] | None:
    """Return a list, which may be JSON text as ``pulumi new`` and the engine write it; ``None`` for anything else."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, list) else None


class _Loader(yaml.SafeLoader):
    """A loader that refuses a repeated key, as the engine does; PyYAML would take the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(problem=f"{key.value!r} twice", problem_mark=key.start_mark)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else None)
        return super().construct_mapping(node, deep)


def _place(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    return f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def _problem(error: yaml.MarkedYAMLError) -> str:
    problem = " ".join(str(error.problem or error.context).split())
    if "'\\t'" in problem:
        return "a tab is not allowed here; indent with spaces"
    if problem.endswith(" twice"):
        return f"{problem}; keep one of the two"
    return f"{problem}; check the indentation, the quotes and the colons around it"


def _child(node: yaml.Node, key: Key) -> tuple[yaml.Mark, yaml.Node] | None:
    """Return a value, and the mark where its entry begins."""
    for name, mark, value in _children(node):
        if name == key:
            return mark, value
    return None


def _children(node: yaml.Node) -> Iterator[tuple[Key, yaml.Mark, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), key.start_mark, value
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield index, value.start_mark, value
