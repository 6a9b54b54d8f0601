"""Serve the provider on a free port of 127.0.0.1, and tell the engine which: ``python -m sandbox.provider``."""

import os
import signal
import threading
from concurrent import futures

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.provider.service import AwsProvider

_ENGINE_CHECK_SECONDS = 0.5


def main() -> None:
    """Serve until the engine says stop, or is gone."""
    engine = os.getppid()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(AwsProvider(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)

    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    # A killed engine does not tell its plugins.
    while not stopped.wait(_ENGINE_CHECK_SECONDS) and os.getppid() == engine:
        pass
    server.stop(grace=None)


if __name__ == "__main__":
    main()
