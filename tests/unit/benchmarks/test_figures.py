"""Tests of the benchmarks' figures: lines, bars and JSON."""

import json
from pathlib import Path

import pytest

from benchmarks.figures import Figure, bars, show, write

FIGURES = [Figure("ours", 1.5, 0.5, "theirs", 377.2), Figure("theirs", 3.0, 1.0, "theirs")]


def test_bar_lengths_are_proportional_to_ratios() -> None:
    ours, theirs = bars(FIGURES)
    assert (ours.count("█"), theirs.count("█")) == (15, 30)
    assert bars([]) == []


def test_figures_are_shown_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = show("a title", iter(FIGURES))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "  a title".strip()
    assert lines[2].split() == ["ours", "1.500", "s", "0.50", "of", "theirs", "377", "MB"]
    write(tmp_path / "benchmark.json", {"a title": shown})
    written = json.loads((tmp_path / "benchmark.json").read_text())
    assert written["a title"][0] == {
        "name": "ours",
        "seconds": 1.5,
        "ratio": 0.5,
        "yardstick": "theirs",
        "megabytes": 377.2,
    }
