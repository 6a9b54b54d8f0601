"""A faulty wire: a proxy between the provider and the emulator that spoils single answers."""

import http.client
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from sandbox.emulator import Emulator

Fault = Literal["lost", "last", "never", "denied", "page"]
"""How a call is spoilt.

- ``lost``: it is done, and the connection closed without an answer.
- ``last``: as ``lost``; once all of these are over nothing is done or answered any more.
- ``never``: as ``last``, but it is not done either.
- ``denied``: AWS refuses it.
- ``page``: a web page with status 200 comes in place of AWS's answer.
"""

_ENDING = {"last", "never"}
_DENIED = b"""<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not now</Message></Error>
<RequestId>1</RequestId></ErrorResponse>"""
_PAGE = b"<html><body>Sign in</body></html>"


class Wire:
    """The proxy's faults: each spoils one call of an operation, and is over then."""

    def __init__(self) -> None:
        self.faults: dict[str, Fault] = {}
        """By operation: IAM's name for it, or the HTTP method and path of S3's."""
        self.later: dict[str, dict[str, Fault]] = {}
        """Faults that come after an operation, by that operation."""
        self.dead = False
        self._lock = threading.Lock()

    def fault(self, operation: str) -> Fault | None:
        """Return what is to happen to a call, once."""
        with self._lock:
            fault = self.faults.pop(operation, None)
            self.faults |= self.later.pop(operation, {})
            self.dead = self.dead or (fault in _ENDING and _ENDING.isdisjoint(self.faults.values()))
            return fault


class Proxied(Emulator):
    """An emulator that is reached through a wire."""

    address = ""

    @property
    def endpoint(self) -> str:
        """The wire's address."""
        return self.address


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing of a client that has gone: a provider that ends does not wait for its answers."""


@contextmanager
def served(emulator: Emulator, ca_bundle: Path, wire: Wire) -> Iterator[str]:
    """Serve the proxy while the context lasts, and give its address."""
    trusted, target = ssl.create_default_context(cafile=str(ca_bundle)), urlsplit(emulator.endpoint)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            action = re.search(rb"(?:^|&)Action=(\w+)", body)
            fault = wire.fault(action[1].decode() if action else f"{self.command} {self.path}")
            if fault == "denied":
                self._answer(403, {}, _DENIED)
            elif fault == "page":
                self._answer(200, {"Content-Type": "text/html"}, _PAGE)
            elif fault == "never" or (wire.dead and fault != "last"):
                self.close_connection = True
            else:
                status, headers, answer = self._forwarded(body)
                if fault:
                    self.close_connection = True
                else:
                    self._answer(status, headers, answer)

        do_DELETE = do_GET = do_HEAD = do_PUT = do_POST  # noqa: N815

        def _forwarded(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
            connection = http.client.HTTPSConnection(target.hostname or "", target.port, context=trusted)
            connection.request(self.command, self.path, body, {**self.headers, "Connection": "close"})
            response = connection.getresponse()
            answer = response.read()
            connection.close()
            return response.status, dict(response.getheaders()), answer

        def _answer(self, status: int, headers: dict[str, str], answer: bytes) -> None:
            self.send_response(status)
            kept = {name: value for name, value in headers.items() if name.lower() not in _HOP_BY_HOP}
            length = headers.get("Content-Length") if self.command == "HEAD" else None
            for name, value in {**kept, "Content-Length": length or str(len(answer))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with _Server(("127.0.0.1", 0), Handler) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{proxy.server_port}"
        proxy.shutdown()


_HOP_BY_HOP = {"connection", "content-length", "keep-alive", "transfer-encoding"}
