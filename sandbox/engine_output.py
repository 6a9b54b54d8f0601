"""Separate the Pulumi CLI's output into progress and errors, which are reported last."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_GENERAL = re.compile(r"(preview|update|refresh|destroy|import|resource registration) failed")
"""Errors that the engine adds to another one with the reason."""
_OCCURRED = re.compile(r"\d+ errors? occurred:")
_COUNTED = re.compile(r"\d+ (errors?|warnings?)(; \d+ (errors?|warnings?))*$")
_SECTION = re.compile(r"\S.*:$")


@dataclass(frozen=True)
class EngineError:
    """An error of the engine, the provider or the program."""

    message: str
    """The message as reported, perhaps in several lines."""
    urn: str = ""
    """The resource that failed, if any."""


class ProgressFilter:
    """A filter for the lines to show: progress and results, each warning once, no errors.

    The CLI prints an error up to four times, between everything else, and a warning three times.
    """

    def __init__(self) -> None:
        """Expect the first line."""
        self._in_diagnostics = False
        self._in_warning = False
        self.failed = False
        """``True`` once an error was dropped."""

    def lines(self, line: str) -> list[str]:
        """Return the lines to print for a line of the CLI."""
        if line == "Diagnostics:":
            self._in_diagnostics = True
            return []
        if self._in_diagnostics and not _SECTION.fullmatch(line):
            return self._diagnostic(line)
        self._in_diagnostics = False
        if line.startswith("error: ") or " error: " in line:
            self.failed = True
            return []
        if " warning: " in line or _COUNTED.search(line):
            return []  # it is among the diagnostics
        return [] if self.failed else [line]

    def _diagnostic(self, line: str) -> list[str]:
        text = line.strip()
        if text.startswith("error: "):
            self.failed, self._in_warning = True, False
        elif text.startswith(("warning: ", "info: ")):
            self._in_warning = True
        elif not text or not line.startswith("    "):  # the name of the resource of the next lines
            self._in_warning = False
        return [text] if self._in_warning else []


def read_events(events: Path, sought: str) -> Iterator[dict[str, Any]]:
    """Yield the events that contain a text. A killed engine leaves the last one unfinished."""
    if events.exists():
        with events.open(encoding="utf-8") as lines:
            for line in lines:
                if sought in line:
                    with suppress(ValueError):
                        yield json.loads(line)


def read_changes(events: Path) -> dict[str, int]:
    """Return the numbers of resources by operation, from the engine's own events."""
    changes: dict[str, int] = {}
    for event in read_events(events, '"summaryEvent"'):
        changes = event["summaryEvent"].get("resourceChanges") or changes
    return changes


def read_errors(events: Path | None, printed: Sequence[str]) -> tuple[EngineError, ...]:
    """Return the errors, from the engine's own events if there are any, otherwise from the CLI's output."""
    logged = read_events(events, '"severity":"error"') if events else ()
    reported = [event["diagnosticEvent"] for event in logged]
    errors = [EngineError(_without_prefix(event["message"]), event.get("urn", "")) for event in reported]
    errors = errors or [EngineError(_without_prefix(text)) for text in _printed_errors(printed)]
    errors = [error for error in errors if error.message]
    specific = [error for error in errors if not _GENERAL.fullmatch(error.message)]
    return tuple(dict.fromkeys(specific or errors))


def _printed_errors(lines: Sequence[str]) -> list[str]:
    """Return the errors among the lines, each with its continuation lines."""
    errors: list[str] = []
    for line in lines:
        if line.startswith("error: "):
            errors.append(line.removeprefix("error: "))
        elif errors and line.strip():
            errors[-1] += f"\n{line}"
    return errors


def _without_prefix(message: str) -> str:
    """Return a message without the usual prefixes, e.g. the line ``1 error occurred:``."""
    lines = [line.strip() for line in message.strip().splitlines()]
    if _OCCURRED.fullmatch(lines[0] if lines else "") and len(lines) > 1:
        lines = [line.removeprefix("* ") for line in lines[1:] if line]
    text = "\n".join(lines)
    return text.removeprefix("Preview failed: ")
