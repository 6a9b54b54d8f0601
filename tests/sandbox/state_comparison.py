"""The parts of states that equal deployments have in common, and the first difference between two values."""

import json
from typing import Any

from sandbox.layout import Layout

_COMPARED = ("urn", "type", "parent", "protect", "inputs", "initErrors", "external", "delete", "pendingReplacement")
"""The parts of a resource's state that must equal those of an undisturbed run. Outputs depend on later changes."""


def states(layout: Layout) -> object:
    """Return the parts of all stacks' states that are equal after equal deployments."""
    found = {}
    for file in (layout.backend / ".pulumi" / "stacks").glob("*/*.json"):
        latest = json.loads(file.read_text())["checkpoint"].get("latest") or {}
        resources = [
            {key: _sorted(resource[key]) for key in _COMPARED if resource.get(key)}
            for resource in latest.get("resources") or ()
        ]
        found[file.stem] = (
            sorted(resources, key=lambda resource: resource["urn"]),
            latest.get("pending_operations") or [],
        )
    return found


def _sorted(value: Any) -> Any:  # noqa: ANN401 (JSON)
    if isinstance(value, dict):
        return {key: _sorted(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return sorted((_sorted(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def difference(wanted: object, found: object, where: str = "") -> str:
    """Return where two values differ first, and how."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key in [*wanted, *found]:
            if wanted.get(key) != found.get(key):
                return difference(wanted.get(key), found.get(key), f"{where}/{key}")
    if isinstance(wanted, list | tuple) and isinstance(found, list | tuple) and len(wanted) == len(found):
        for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
            if one != other:
                return difference(one, other, f"{where}/{number}")
    return f"{where}: {str(found)[:300]} in place of {str(wanted)[:300]}"
