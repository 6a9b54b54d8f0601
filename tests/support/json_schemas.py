"""Read a JSON schema."""

from collections.abc import Iterator
from typing import Any


def schemas_of(schema: object, where: str) -> Iterator[tuple[str, Any]]:
    """Every schema of a property, and where it is."""
    if isinstance(schema, dict):
        for name, value in schema.get("properties", {}).items():
            yield f"{where}.{name}", value
        for name, value in schema.items():
            yield from schemas_of(value, f"{where}.{name}")
