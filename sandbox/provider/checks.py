"""Checks of input values, with the official plugin's messages."""

import re
from collections.abc import Callable
from typing import Any

from sandbox.provider.values import UNKNOWN, Properties

Check = Callable[[str, Any], str | None]
"""Takes an argument's name and value. Returns what is wrong with the value, if anything."""


def between(least: int, most: int) -> Check:
    """Return the check for a number in this range."""

    def check(name: str, value: int) -> str | None:
        wanted = f"expected {name} to be in the range ({least} - {most}), got {value}"
        return None if least <= value <= most else wanted

    return check


def length(least: int, most: int) -> Check:
    """Return the check for a text of this many characters."""

    def check(name: str, value: str) -> str | None:
        wanted = f"expected length of {name} to be in the range ({least} - {most}), got {value}"
        return None if least <= len(value) <= most else wanted

    return check


def matching(pattern: str, wanted: str) -> Check:
    """Return the check for a text that the pattern matches as a whole."""

    def check(name: str, value: str) -> str | None:
        return None if re.fullmatch(pattern, value, re.ASCII) else f"invalid value for {name} ({wanted})"

    return check


def one_of(*allowed: str) -> Check:
    """Return the check for one of these texts."""

    def check(name: str, value: str) -> str | None:
        quoted = " ".join(f'"{text}"' for text in allowed)
        return None if value in allowed else f"expected {name} to be one of [{quoted}], got {value}"

    return check


def each(check: Check) -> Check:
    """Return the check for a list whose items are unknown so far or pass another check."""

    def check_all(name: str, value: list[Any]) -> str | None:
        return next((wrong for item in value if item != UNKNOWN and (wrong := check(name, item))), None)

    return check_all


def tags(name: str, value: Properties) -> str | None:
    """Check that AWS accepts the tags (AWS General Reference, "Tag naming limits and requirements")."""
    for key, text in value.items():
        if not 1 <= len(key) <= 128 or key.lower().startswith("aws:"):
            return f'invalid key in {name}: "{key}" (must have 1 to 128 characters and not begin with "aws:")'
        if not isinstance(text, str):
            return f'"{name}.{key}" must be of type str'
        if text != UNKNOWN and len(text) > 256:
            return f'invalid value in {name}: that of "{key}" has more than 256 characters'
    return None
