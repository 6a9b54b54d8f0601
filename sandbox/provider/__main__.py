"""Serve the provider as a plugin that the engine starts: ``python -m sandbox.provider`` prints its port."""

import os
import signal
import threading

from sandbox.provider.server import serving

_ENGINE_CHECK_SECONDS = 0.5


def main() -> None:
    """Serve until the engine stops the plugin or ends."""
    engine = os.getppid()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with serving({}) as port:
        print(port, flush=True)
        # A killed engine does not stop its plugins.
        while not stopped.wait(_ENGINE_CHECK_SECONDS) and os.getppid() == engine:
            pass
    # A plain return would wait for the threads of pending calls, which wait for AWS.
    os._exit(0)


if __name__ == "__main__":
    main()
