"""Wrap text into lines for SVG, which does not."""

import re
from unicodedata import east_asian_width

from ...escaping import visible


def wrapped(text: str, characters: int, max_lines: int) -> list[str]:
    """Return the text in a limited number of lines with a limited number of characters, cut off at the end.

    Wide characters count twice.
    """
    lines = [""]
    for word in re.findall(r"[^\s/:.-]*[\s/:.-]?", visible(text)[: characters * (max_lines + 1)]):
        for piece in _pieces(word, characters):
            if _width(lines[-1] + piece.rstrip()) > characters:
                lines.append("")
            lines[-1] += piece
    if len(lines) > max_lines:
        lines = [*lines[: max_lines - 1], f"{_pieces(''.join(lines[max_lines - 1 :]), characters - 1)[0]}…"]
    return [line.strip() for line in lines if line.strip()] or [""]


def _pieces(word: str, characters: int) -> list[str]:
    """Return a word in pieces that fit into a line."""
    pieces = [""]
    for character in word:
        if _width(pieces[-1] + character) > characters and not character.isspace():
            pieces.append("")
        pieces[-1] += character
    return pieces


def _width(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
