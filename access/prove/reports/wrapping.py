"""Text in lines, for SVG, which does not wrap any."""

import re
from unicodedata import east_asian_width

from ...escaping import visible


def wrapped(text: str, characters: int, most: int) -> list[str]:
    """The text in at most so many lines of at most so many characters; what does not fit is cut off.

    Characters that are twice as wide as others count twice.
    """
    lines = [""]
    for word in re.findall(r"[^\s/:.-]*[\s/:.-]?", visible(text)[: characters * (most + 1)]):
        for piece in _pieces(word, characters):
            if _width(lines[-1] + piece.rstrip()) > characters:
                lines.append("")
            lines[-1] += piece
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{_pieces(''.join(lines[most - 1 :]), characters - 1)[0]}…"]
    return [line.strip() for line in lines if line.strip()] or [""]


def _pieces(word: str, characters: int) -> list[str]:
    """A word in pieces that are no longer than a line."""
    pieces = [""]
    for character in word:
        if _width(pieces[-1] + character) > characters and not character.isspace():
            pieces.append("")
        pieces[-1] += character
    return pieces


def _width(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
