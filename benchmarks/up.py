"""Times ``up``: from nothing deployed to both stacks up and tried, and with nothing to change. Set-up must be done.

Run it with ``make benchmark``. Each figure is the median of the runs; memory is that of the largest process.
"""

import resource
import statistics
import subprocess
import sys
import time

RUNS = 3


def seconds(*arguments: str) -> float:
    """How long a command of the sandbox takes."""
    start = time.monotonic()
    subprocess.run([sys.executable, "-m", "sandbox", *arguments], check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    return time.monotonic() - start


def main() -> None:
    """Run the benchmark and print its figures. It wipes the sandbox."""
    first, unchanged = [], []
    for _ in range(RUNS):
        seconds("down", "--wipe")
        first.append(seconds("up"))
        unchanged.append(seconds("up"))
    seconds("down", "--wipe")
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"up from nothing    {statistics.median(first):5.1f} s")
    print(f"up without change  {statistics.median(unchanged):5.1f} s")
    print(f"largest process    {largest:5.0f} MB")


if __name__ == "__main__":
    main()
