"""Changes as JSON, for other programs. ``changes.schema.json`` describes it."""

import json
from typing import Literal

from .values import NOT_CONSIDERED, Change, Changes

VERSION: Literal[1] = 1
"""Of the schema: another number where a field goes or changes its meaning; new fields may come without."""


def render(changes: Changes) -> str:
    """Return the changes as JSON."""
    document = {
        "version": VERSION,
        "verdict": changes.verdict,
        "headline": changes.headline,
        "gained": [_change(change, change.gained()) for change in changes.gained],
        "lost": [_change(change, change.lost()) for change in changes.lost],
        "undecided": [
            {"kind": it.kind, "who": it.who, "what": it.what, "key": it.key, "operator": it.operator}
            for it in changes.undecided
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
