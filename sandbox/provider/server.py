"""Serve the provider on a free port of 127.0.0.1."""

from collections.abc import Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.provider.creations import Creations
from sandbox.provider.service import AwsProvider


@contextmanager
def serving(defaults: Mapping[str, str], creations: Creations | None = None) -> Iterator[int]:
    """Serve a provider within the context, and yield its port.

    Args:
        defaults: configuration, by names without ``aws:``, for keys that the engine does not send.
        creations: the record of created resources, if the engine saves its state only once.
    """
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(AwsProvider(defaults, creations), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(grace=None).wait()
