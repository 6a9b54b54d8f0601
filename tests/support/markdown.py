"""Read the repository's Markdown pages: their headings, links and code blocks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.unit.conftest import REPOSITORY

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_COMMENT = re.compile(r"(^|\s+)# .*$")


@dataclass(frozen=True)
class Page:
    """A page."""

    path: Path
    text: str

    @cached_property
    def prose(self) -> str:
        """The text without its code blocks."""
        return _FENCED.sub("", self.text)

    @cached_property
    def anchors(self) -> set[str]:
        """The anchors that GitHub gives the headings."""
        headings = re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}

    @cached_property
    def links(self) -> list[str]:
        """The targets of all links and pictures."""
        return _LINK.findall(self.prose)

    @cached_property
    def code(self) -> list[str]:
        """The texts in backticks, each on one line."""
        return [" ".join(it.split()) for it in _INLINE.findall(self.prose)]

    def blocks(self, *languages: str) -> list[str]:
        """Return the code blocks in some languages."""
        return [body for language, body in _FENCED.findall(self.text) if language in languages]

    @cached_property
    def commands(self) -> list[str]:
        """The commands for users to type, without comments and prompts."""
        typed = [line for body in self.blocks("sh") for line in body.replace("\\\n", " ").splitlines()]
        console = [line for body in self.blocks("console") for line in body.splitlines()]
        typed += [line.removeprefix("$ ") for line in console if line.startswith("$ ")]
        return [line for line in (" ".join(_COMMENT.sub("", it).split()) for it in typed) if line]


def pages() -> Iterator[Page]:
    """Yield all documentation pages."""
    for path in sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")]):
        yield Page(path, path.read_text())


PAGES = {str(page.path.relative_to(REPOSITORY)): page for page in pages()}
"""The pages, by path."""
