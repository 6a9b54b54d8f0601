"""Show the benchmarks' figures, each beside a yardstick of the same run, and write them as JSON."""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

_WIDTH = 30
"""The length of the longest bar, in characters."""


@dataclass(frozen=True)
class Figure:
    """A measured time, and its ratio to a yardstick."""

    name: str
    seconds: float
    ratio: float
    yardstick: str
    """The name of the yardstick."""
    megabytes: float | None = None
    """The peak memory of all its processes."""

    def __str__(self) -> str:
        """Return the figure's line."""
        memory = "" if self.megabytes is None else f"{self.megabytes:5.0f} MB"
        return f"{self.name:44} {self.seconds:8.3f} s {self.ratio:6.2f} of {self.yardstick:30} {memory}".rstrip()


def show(title: str, figures: Iterable[Figure]) -> list[Figure]:
    """Print figures as they are measured, then their ratios as bars, and return them."""
    print(f"\n{title}", flush=True)
    shown = []
    for figure in figures:
        print(f"  {figure}", flush=True)
        shown.append(figure)
    for line in bars(shown):
        print(f"  {line}", flush=True)
    return shown


def bars(figures: Iterable[Figure]) -> list[str]:
    """Return a bar for each ratio; the largest ratio has the longest bar."""
    listed = list(figures)
    most = max((figure.ratio for figure in listed), default=0.0) or 1.0
    return [
        f"{figure.name:44} {'█' * max(1, round(_WIDTH * figure.ratio / most))} {figure.ratio:.2f}" for figure in listed
    ]


def write(path: Path, benchmarks: dict[str, list[Figure]]) -> None:
    """Write the figures of all benchmarks as JSON."""
    content = {title: [asdict(figure) for figure in figures] for title, figures in benchmarks.items()}
    path.write_text(f"{json.dumps(content, indent=2)}\n")
    print(f"\nfigures written to {path}", file=sys.stderr)
