"""Build HTML and SVG as a tree, so that all text is escaped."""

from typing import Any
from xml.etree.ElementTree import Element, SubElement

from ...escaping import visible


def add(parent: Element, tag: str, text: str = "", **attributes: Any) -> Element:  # noqa: ANN401 (any value with a text form)
    """Append an element to another.

    Args:
        parent: the other element.
        tag: the element's name.
        text: its text.
        attributes: its attributes in Python's spelling, e.g. ``class_``; one that is ``None`` is left out.
    """
    written = {
        name.rstrip("_").replace("_", "-"): visible(str(value))
        for name, value in attributes.items()
        if value is not None
    }
    element = SubElement(parent, tag, written)
    element.text = visible(text)
    return element


def add_text(parent: Element, text: str) -> None:
    """Append text to an element."""
    if len(parent):
        last = parent[-1]
        last.tail = (last.tail or "") + visible(text)
    else:
        parent.text = (parent.text or "") + visible(text)
