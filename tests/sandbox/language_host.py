"""A Python language host for a CLI without one: ``python -m tests.sandbox.language_host ENGINE_ADDRESS``.

A CLI starts ``pulumi-language-python`` with the engine's address, reads its port, and asks it to run the program. This
host has only the calls of a preview or an update. Source: Pulumi's "Language runtime protocol".
"""

import signal
import sys

from sandbox.engine import run_program
from sandbox.program_server import serving


def main() -> None:
    """Serve the repository's program and print the port, until the CLI ends this process."""
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with serving(run_program, engine=sys.argv[-1]) as address:
        print(address.rpartition(":")[2], flush=True)
        signal.sigwait(signals)


if __name__ == "__main__":
    main()
