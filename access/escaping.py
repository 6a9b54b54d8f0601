"""Text from outside, made harmless where it is written."""

import re

_FORBIDDEN_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKDOWN = re.compile(r"[\\`*_\[\]<>|~#&$]")
_BEGINS_A_BLOCK = re.compile(r"^(\d{0,9})([-+=.)])")
_CODE = re.compile(r"[\w+=,.:/*?-]+", re.ASCII)


def visible(text: str) -> str:
    """The text with what can't be seen written out, so that nothing steers a terminal or turns a line around."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def for_xml(text: str) -> str:
    """The text without the characters that XML 1.0 forbids, escaped or not."""
    return _FORBIDDEN_IN_XML.sub("", text)


def for_markdown(text: str) -> str:
    """The text as GitHub shows it literally, in a table too: no markup, no HTML, nobody mentioned."""
    escaped = _MARKDOWN.sub(r"\\\g<0>", visible(text).strip())
    escaped = _BEGINS_A_BLOCK.sub(r"\1\\\2", escaped)
    return escaped.replace("@", "@&#8203;")


def code_for_markdown(text: str) -> str:
    """A name such as an ARN, in code where nothing in it could end that."""
    return f"`{text}`" if _CODE.fullmatch(text) else for_markdown(text)
