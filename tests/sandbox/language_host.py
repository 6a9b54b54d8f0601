"""A Python language host for a plain CLI that has none: ``python -m tests.sandbox.language_host ENGINE_ADDRESS``.

A CLI starts ``pulumi-language-python``, tells it where the engine listens, reads its port, and asks it to run the
program. Only what a preview or an update needs is here. Source: Pulumi's "Language runtime protocol".
"""

import signal
import sys

from sandbox.engine import run_program
from sandbox.program_server import served


def main() -> None:
    """Serve the repository's program and print the port, until the CLI ends this process."""
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    with served(run_program, engine=sys.argv[-1]) as address:
        print(address.rpartition(":")[2], flush=True)
        signal.sigwait(ends)


if __name__ == "__main__":
    main()
