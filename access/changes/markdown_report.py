"""Changes as GitHub-flavoured Markdown, for a comment on a pull request or a job's summary."""

from collections.abc import Iterator, Sequence

from ..escaping import code_for_markdown as code
from ..escaping import for_markdown as plain
from . import circumstances
from .values import NOT_CONSIDERED, Change, Changes, Verdict

MOST_CHARACTERS = 65_536
"""The longest comment that GitHub accepts."""

_MARKS: dict[Verdict, str] = {"none": "✅", "narrower": "✅", "wider": "⚠️", "undecided": "❓"}
_LONGEST_TEXT = 600
"""The longest text of one change; longer ones are cut."""
_RESERVED = 1_000
"""The space for the lines about changes that are left out, and about what is not considered."""


def render(changes: Changes) -> str:
    """Return the changes as Markdown: the verdict, then gains, undecided questions and losses, with folded details."""
    text = f"## {_MARKS[changes.verdict]} {_short(changes.headline)}\n"
    end = f"\n<details><summary>Not considered</summary>\n\n{_list(map(plain, NOT_CONSIDERED))}\n</details>\n"
    undecided = [*([changes.unrendered] if changes.unrendered else []), *map(str, changes.undecided)]
    sections: Sequence[tuple[str, Sequence[str]]] = (
        ("Gained", [_change(change, lost=False) for change in changes.gained]),
        ("Undecided", [f"- {_short(each)}\n" for each in undecided]),
        ("Lost", [_change(change, lost=True) for change in changes.lost]),
        ("Other changes", [f"- {_short(note)}\n" for note in changes.notes]),
    )
    for heading, entries in sections:
        if not entries:
            continue
        text += f"\n### {heading}\n\n"
        for place, entry in enumerate(entries):
            if len(text) + len(entry) > MOST_CHARACTERS - len(end) - _RESERVED:
                text += f"- … and {len(entries) - place} more, which do not fit here\n"
                break
            text += entry
    return text + end


def _change(change: Change, lost: bool) -> str:
    details = "".join(f"  - {line}\n" for line in _details(change, lost))
    summary = f"- {_short(change.lost() if lost else change.gained())}\n"
    if not details:
        return summary
    return f"{summary}  <details><summary>why</summary>\n\n{details}  </details>\n"


def _details(change: Change, lost: bool) -> Iterator[str]:
    for key, value in (change.witness or {}).items():
        text = circumstances.value_text(value)
        yield f"{code(key)}: {code(text) if len(text) <= _LONGEST_TEXT else _short(text)}"
    yield from (_short(why) for why in change.reasons(lost))


def _list(lines: "Iterator[str] | Sequence[str]") -> str:
    return "".join(f"- {line}\n" for line in lines)


def _short(text: str) -> str:
    return plain(text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 2] + " …")
