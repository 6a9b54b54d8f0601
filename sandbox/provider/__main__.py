"""The provider as a plugin, which the engine starts and asks for its port: ``python -m sandbox.provider``."""

import os
import signal
import threading

from sandbox.provider.server import served

_ENGINE_CHECK_SECONDS = 0.5


def main() -> None:
    """Serve until the engine says stop, or is gone."""
    engine = os.getppid()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with served({}) as port:
        print(port, flush=True)
        # A killed engine does not tell its plugins.
        while not stopped.wait(_ENGINE_CHECK_SECONDS) and os.getppid() == engine:
            pass
    # A plain return would wait for the threads of calls under way, and those wait for AWS.
    os._exit(0)


if __name__ == "__main__":
    main()
