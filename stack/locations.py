"""Where in a stack's file a value stands, for people who are to correct it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pulumi
import yaml

from components.validation import InvalidValue


@contextmanager
def located() -> Iterator[None]:
    """Say of a wrong value in which file and line it stands."""
    try:
        yield
    except InvalidValue as error:
        raise InvalidValue(f"{_location(error.key)}{error.key}", error.value, error.allowed) from None


def _location(key: str) -> str:
    """Return the file and line of a key, e.g. ``Pulumi.production.yaml:9: ``; as much of it as can be found."""
    name = f"Pulumi.{pulumi.get_stack()}.yaml"
    file = Path(pulumi.get_root_directory() or ".") / name
    try:
        root = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return ""
    line = _line(root, key)
    return f"{name}:{line}: " if line else f"{name}: "


def _line(root: yaml.Node | None, key: str) -> int | None:
    """Return the line of the innermost part of a key that is there, counted from 1; none if nothing of it is."""
    project, _, rest = key.partition(":")
    name, *steps = re.findall(r"[^.\[\]:]+", rest) or [""]
    node, line = _child(_child(root, "config")[0], f"{project}:{name}")
    for step in steps:
        node, inner = _child(node, step)
        line = inner or line
    return line


def _child(node: yaml.Node | None, step: str) -> tuple[yaml.Node | None, int | None]:
    """Return an entry of a mapping or a list, and the line where it begins."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == step:
                return value, key.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and step.isdecimal() and int(step) < len(node.value):
        entry = node.value[int(step)]
        return entry, entry.start_mark.line + 1
    return None, None
