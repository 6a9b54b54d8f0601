"""Figures of the benchmarks: shown as they come, each beside a yardstick of the same run, and written as JSON."""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

_WIDTH = 30
"""The characters of the longest bar."""


@dataclass(frozen=True)
class Figure:
    """What something took, and how that compares with a yardstick."""

    name: str
    seconds: float
    ratio: float
    yardstick: str
    """What the ratio is to."""
    megabytes: float | None = None
    """The memory of all its processes at their largest."""

    def __str__(self) -> str:
        """Return its line."""
        memory = "" if self.megabytes is None else f"{self.megabytes:5.0f} MB"
        return f"{self.name:44} {self.seconds:8.3f} s {self.ratio:6.2f} of {self.yardstick:30} {memory}".rstrip()


def show(title: str, figures: Iterable[Figure]) -> list[Figure]:
    """Print figures as they come, then their ratios as bars, and return them."""
    print(f"\n{title}", flush=True)
    shown = []
    for figure in figures:
        print(f"  {figure}", flush=True)
        shown.append(figure)
    for line in bars(shown):
        print(f"  {line}", flush=True)
    return shown


def bars(figures: Iterable[Figure]) -> list[str]:
    """Return a bar for each ratio; the longest is of the largest one."""
    listed = list(figures)
    most = max((figure.ratio for figure in listed), default=0.0) or 1.0
    return [f"{it.name:44} {'█' * max(1, round(_WIDTH * it.ratio / most))} {it.ratio:.2f}" for it in listed]


def write(path: Path, benchmarks: dict[str, list[Figure]]) -> None:
    """Write the figures of all benchmarks as JSON."""
    content = {title: [asdict(figure) for figure in figures] for title, figures in benchmarks.items()}
    path.write_text(f"{json.dumps(content, indent=2)}\n")
    print(f"\nall of this as JSON: {path}", file=sys.stderr)
