"""Serves the provider on a free port of 127.0.0.1."""

from collections.abc import Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.provider.creations import Creations
from sandbox.provider.service import AwsProvider


@contextmanager
def served(defaults: Mapping[str, str], creations: Creations | None = None) -> Iterator[int]:
    """Serve a provider while the context lasts, and give its port.

    Args:
        defaults: configuration, by names without ``aws:``, for what the engine's leaves open.
        creations: the record of what is made, where the engine saves its state only once.
    """
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(AwsProvider(defaults, creations), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(grace=None).wait()
