"""Serve HTTP on this machine for a test."""

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Request:
    """A received request."""

    method: str
    path: str
    body: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Response:
    """The response to send."""

    body: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    missing: int = 0
    """The number of bytes that the server announces and does not send."""
    encoding: str = "utf-8"


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 (as the base class has it)
        """Report errors, but not of clients that left, e.g. after a timeout."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serving(respond: Callable[[Request], Response]) -> Iterator[str]:
    """Serve while the context lasts; yield the server's address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # in which a client may ask first whether to send its body

        def __getattr__(self, name: str) -> Callable[[], None]:
            if name.startswith("do_"):  # whatever the method
                return self._respond
            raise AttributeError(name)

        def _respond(self) -> None:
            asked = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            response = respond(Request(self.command, self.path, asked.decode(), dict(self.headers)))
            body = response.body.encode(response.encoding)
            self.send_response_only(response.status)
            headers = {"Content-Length": str(len(body) + response.missing), "Connection": "close", **response.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Suppress the log."""

    with _Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
