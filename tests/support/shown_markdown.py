"""Read Markdown as GitHub shows it."""

from html.parser import HTMLParser

import cmarkgfm  # type: ignore[import-untyped]
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]

from access.escaping import visible


class Page(HTMLParser):
    """The parts of rendered Markdown."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.headings: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.items: list[str] = []
        self.folded: list[str] = []
        self._into: list[list[str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self._into.append(self.tables[-1][-1])
        elif tag in ("h2", "h3", "li", "summary"):
            into = {"li": self.items, "summary": self.folded}.get(tag, self.headings)
            into.append("")
            self._into.append(into)
        elif tag == "br":
            self.handle_data("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "h2", "h3", "li", "summary"):
            self._into.pop()

    def handle_data(self, data: str) -> None:
        if self._into:
            self._into[-1][-1] += data


def shown(markdown: str) -> Page:
    return Page(cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE))


def literal(text: str) -> str:
    """Return the visible form of an external text."""
    return " ".join(visible(text).split())


def read(text: str) -> str:
    return " ".join(text.replace("\u200b", "").split())
