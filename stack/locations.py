"""Find the line of a wrong value in a stack's file."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pulumi
import yaml

from components.validation import InvalidValue


@contextmanager
def located() -> Iterator[None]:
    """Add the file and line to the error about a wrong value."""
    try:
        yield
    except InvalidValue as error:
        raise InvalidValue(f"{_location(error.key)}{error.key}", error.value, error.allowed) from None


def keys_outside_of_config() -> list[str]:
    """Return the configuration keys beside ``config`` rather than below it, where nothing reads them."""
    root = _content(_file())
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    return [key.value for key, _ in pairs if isinstance(key, yaml.ScalarNode) and ":" in key.value]


def _location(key: str) -> str:
    """Return the file and line of a key, e.g. ``Pulumi.production.yaml:9: ``, as far as they can be found."""
    file = _file()
    if file is None:
        return ""
    line = _line(_content(file), key)
    return f"{file.name}:{line}: " if line else f"{file.name}: "


def _file() -> Path | None:
    """Return the stack's file; ``None`` if the project's folder is not known.

    Source: Pulumi, "Pulumi project file reference", ``stackConfigDir``.
    """
    if not pulumi.get_root_directory():
        return None
    folder = Path(pulumi.get_root_directory())
    try:
        project = yaml.safe_load((folder / "Pulumi.yaml").read_text(encoding="utf-8"))
        folder /= str(project["stackConfigDir"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError):
        pass  # the usual folder
    return folder / f"Pulumi.{pulumi.get_stack()}.yaml"


def _content(file: Path | None) -> yaml.Node | None:
    try:
        text = file.read_text(encoding="utf-8") if file else ""
        node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    return node


def _line(root: yaml.Node | None, key: str) -> int | None:
    """Return the line, counted from 1, of the innermost part of a key that exists; ``None`` if no part does.

    Args:
        root: the file's content.
        key: e.g. ``cross-account-access:roles[0].tags.team``.
    """
    name, rest = re.fullmatch(r"([^.\[]*)(.*)", key, re.DOTALL).groups()  # type: ignore[union-attr]
    node, line = _child(_child(root, "config")[0], name)
    if line is None:
        line = _child(root, name)[1]
    for index, step in re.findall(r"\[(\d+)\]|\.([^.\[]+)", rest):
        node, inner = _child(node, index or step)
        line = inner or line
    return line


def _child(node: yaml.Node | None, step: str) -> tuple[yaml.Node | None, int | None]:
    """Return an entry of a mapping or list, and its first line."""
    if isinstance(node, yaml.MappingNode):
        merged: tuple[yaml.Node | None, int | None] = (None, None)
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == step:
                return value, key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode) and key.value == "<<":
                merged = _child(value, step)
        return merged
    if isinstance(node, yaml.SequenceNode) and step.isdecimal() and int(step) < len(node.value):
        entry = node.value[int(step)]
        return entry, entry.start_mark.line + 1
    return None, None
