"""HTML and SVG as a tree, so that text from outside is escaped wherever it is put."""

from typing import Any
from xml.etree.ElementTree import Element, SubElement

from ...escaping import visible


def add(parent: Element, tag: str, text: str = "", **attributes: Any) -> Element:  # noqa: ANN401 (as it is written)
    """Put an element into another, at its end.

    Args:
        parent: the other.
        tag: the element's name.
        text: what it begins with.
        attributes: in Python's spelling: ``class_``, ``aria_label``; ``None`` for one that is not there.
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
    """Put text into an element, at its end."""
    if len(parent):
        last = parent[-1]
        last.tail = (last.tail or "") + visible(text)
    else:
        parent.text = (parent.text or "") + visible(text)
