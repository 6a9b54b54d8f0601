"""Changes as JSON, for other programs. ``changes.schema.json`` describes it."""

import json
from typing import Literal

from .values import NOT_CONSIDERED, Change, Changes

VERSION: Literal[1] = 1
"""The schema's version. It changes if a field is removed or changes its meaning, not for new fields."""


def render(changes: Changes) -> str:
    """Return the changes as JSON."""
    document = {
        "version": VERSION,
        "verdict": changes.verdict,
        "headline": changes.headline,
        "gained": [_change(change, change.gained()) for change in changes.gained],
        "lost": [_change(change, change.lost()) for change in changes.lost],
        "undecided": [
            {"kind": each.kind, "who": each.who, "what": each.what, "key": each.key, "operator": each.operator}
            for each in changes.undecided
        ],
        "unrendered": changes.unrendered or None,
        "code": changes.code,
        "notes": changes.notes,
        "notConsidered": NOT_CONSIDERED,
    }
    return json.dumps(document, indent=2) + "\n"


def _change(change: Change, text: str) -> dict[str, object]:
    return {
        "kind": change.kind,
        "who": change.who,
        "what": change.what,
        "circumstances": change.circumstances,
        "text": text,
        "witness": None if change.witness is None else dict(change.witness),
        "allowedBy": change.allowed_by,
        "deniedBy": change.denied_by,
    }
