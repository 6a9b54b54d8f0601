"""Run all benchmarks: ``python -m benchmarks [--most COUNT] [--json FILE]``. They wipe the sandbox first."""

import argparse
import subprocess
from pathlib import Path

from benchmarks import components, prove, scale, switch, up
from benchmarks.figures import show, write


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    top = argparse.ArgumentParser(prog="python -m benchmarks", description="Run all benchmarks. It wipes the sandbox.")
    top.add_argument("--most", type=int, default=scale.COUNTS[-1], metavar="COUNT", help="the most roles (300)")
    top.add_argument("--json", type=Path, metavar="FILE", help="write all figures as JSON")
    return top


def main() -> None:
    """Run the benchmarks one after the other, each with its own yardstick, because machines are noisy."""
    options = parser().parse_args()
    counts = [*(count for count in scale.COUNTS if count < options.most), options.most]
    shown = {up.TITLE: show(up.TITLE, up.figures()), scale.TITLE: show(scale.TITLE, scale.figures(counts))}
    subprocess.run([*up.SANDBOX, "up"], stdout=subprocess.DEVNULL, check=True)  # noqa: S603
    for benchmark in (prove, switch, components):
        shown[benchmark.TITLE] = show(benchmark.TITLE, benchmark.figures())
    print("\nTerraform is not compared, because it is not installed on this machine", flush=True)
    if options.json:
        write(options.json, shown)


if __name__ == "__main__":
    main()
