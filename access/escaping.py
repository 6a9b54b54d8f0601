"""Escape text from outside, so that it is harmless where it is written."""

import re

_FORBIDDEN_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKDOWN = re.compile(r"[\\`*_\[\]<>|~#&$]")
_BEGINS_A_BLOCK = re.compile(r"^(\d{0,9})([-+=.)])")
_CODE = re.compile(r"[\w+=,.:/*?-]+", re.ASCII)


def visible(text: str) -> str:
    """Return the text with invisible characters written out, so that none controls a terminal or reverses a line."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def for_xml(text: str) -> str:
    """Return the text without the characters that XML 1.0 forbids, escaped or not."""
    return _FORBIDDEN_IN_XML.sub("", text)


def for_markdown(text: str) -> str:
    """Return the text so that GitHub shows it literally, also in a table: no markup, no HTML, no mentions."""
    escaped = _MARKDOWN.sub(r"\\\g<0>", visible(text).strip())
    escaped = _BEGINS_A_BLOCK.sub(r"\1\\\2", escaped)
    return escaped.replace("@", "@&#8203;")


def code_for_markdown(text: str) -> str:
    """Return a name such as an ARN as code, unless a character in it could end the code."""
    return f"`{text}`" if _CODE.fullmatch(text) else for_markdown(text)
