"""A proxy between the provider and the emulator that injects faults into single calls."""

import http.client
import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

from sandbox.emulator import Emulator
from sandbox.layout import Layout

Fault = Literal[
    "lost", "last", "never", "reset", "cut", "torn", "denied", "expired", "throttled", "failed", "page", "slow"
]
"""The kinds of faults.

- ``lost``: the call is done, and the connection is closed without an answer.
- ``last``: as ``lost``; after the last of these faults, no call is done or answered any more.
- ``never``: as ``last``, but the call is not done either.
- ``reset``: the call is not done, and the connection is closed without an answer.
- ``cut``: the call is done, and half of the answer is sent as if it were complete.
- ``torn``: the call is done, and the connection is closed after half of the answer.
- ``denied``: AWS refuses the call.
- ``expired``: AWS refuses the call, because the session has expired.
- ``throttled``: AWS throttles the call.
- ``failed``: AWS has an internal error.
- ``page``: a web page with status 200 replaces AWS's answer.
- ``slow``: the call is done, and the answer is late.
"""

_ENDING = {"last", "never"}
_LATE_SECONDS = 3.0
_REFUSALS = {  # the status and code of IAM and STS, those of S3, and the message
    "denied": (403, "AccessDenied", 403, "AccessDenied", "not now"),
    "expired": (403, "ExpiredToken", 400, "ExpiredToken", "The security token included in the request is expired"),
    "throttled": (400, "Throttling", 503, "SlowDown", "Rate exceeded"),
    "failed": (500, "ServiceFailure", 500, "InternalError", "We encountered an internal error"),
}
_PAGE = b"<html><body>Sign in</body></html>"


class Wire:
    """The proxy's faults. Each affects one call of an operation."""

    def __init__(self) -> None:
        self.faults: dict[str, Fault] = {}
        """The faults, by operation: IAM's name of it, or S3's HTTP method and path."""
        self.later: dict[str, dict[str, Fault]] = {}
        """The faults that follow an operation, by that operation."""
        self.dead = False
        self._lock = threading.Lock()

    def fault(self, operation: str, body: str) -> Fault | None:
        """Return the fault of a call, once."""
        with self._lock:
            fault = self.faults.pop(operation, None)
            self.faults |= self.later.pop(operation, {})
            self.dead = self.dead or (fault in _ENDING and _ENDING.isdisjoint(self.faults.values()))
            return fault

    def done(self) -> None:
        """Run after a call whose answer gets lost."""


class Proxied(Emulator):
    """An emulator that is reached through a wire."""

    address = ""

    @property
    def endpoint(self) -> str:
        """The wire's address."""
        return self.address


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Ignore a client that has disconnected: a provider that ends does not wait for its answers."""


@contextmanager
def serving(where: Callable[[], Layout], wire: Wire) -> Iterator[str]:
    """Serve the proxy within the context, and yield its address.

    Args:
        where: returns, for each call, the sandbox whose emulator receives it.
        wire: the faults.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            action = re.search(rb"(?:^|&)Action=(\w+)", body)
            fault = wire.fault(action[1].decode() if action else f"{self.command} {self.path}", body.decode())
            if fault in _REFUSALS:
                self._refuse(*_REFUSALS[fault], is_s3=not action)
            elif fault == "page":
                self._answer(200, {"Content-Type": "text/html"}, _PAGE)
            elif fault in ("never", "reset") or (wire.dead and fault != "last"):
                self.close_connection = True
            else:
                self._forward(body, fault)

        def _refuse(self, status: int, code: str, s3_status: int, s3_code: str, message: str, is_s3: bool) -> None:
            if is_s3:
                text = f"<Error><Code>{s3_code}</Code><Message>{message}</Message></Error>"
                self._answer(s3_status, {"x-amz-request-id": "1"}, text.encode())
            else:
                error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
                text = f"<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>"
                self._answer(status, {"x-amzn-requestid": "1"}, text.encode())

        def _forward(self, body: bytes, fault: Fault | None) -> None:
            try:
                status, headers, answer = self._forwarded(body)
            except OSError:  # the emulator has ended
                self.close_connection = True
                return
            if fault in ("lost", "last"):
                wire.done()
                self.close_connection = True
                return
            if fault == "slow":
                time.sleep(_LATE_SECONDS)
            half = answer[: len(answer) // 2] if fault in ("cut", "torn") else answer
            self._answer(status, headers, half, len(answer) if fault == "torn" else len(half))
            self.close_connection = self.close_connection or fault == "torn"

        do_DELETE = do_GET = do_HEAD = do_PUT = do_POST  # noqa: N815

        def _forwarded(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
            layout = where()
            port = json.loads(layout.emulator_record.read_text())["port"]
            trusted = ssl.create_default_context(cafile=str(layout.ca_bundle))
            connection = http.client.HTTPSConnection("127.0.0.1", port, context=trusted)
            connection.request(self.command, self.path, body, {**self.headers, "Connection": "close"})
            response = connection.getresponse()
            answer = response.read()
            connection.close()
            return response.status, dict(response.getheaders()), answer

        def _answer(self, status: int, headers: dict[str, str], answer: bytes, announced: int | None = None) -> None:
            self.send_response(status)
            kept = {name: value for name, value in headers.items() if name.lower() not in _HOP_BY_HOP}
            length = headers.get("Content-Length") if self.command == "HEAD" else None
            size = len(answer) if announced is None else announced
            for name, value in {**kept, "Content-Length": length or str(size)}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with _Server(("127.0.0.1", 0), Handler) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{proxy.server_port}"
        proxy.shutdown()


_HOP_BY_HOP = {"connection", "content-length", "keep-alive", "transfer-encoding"}
