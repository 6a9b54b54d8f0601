"""Make the link that opens the AWS Management Console in a role.

Source: IAM User Guide, "Enable custom identity broker access to the AWS console".
"""

import http.client
import ipaddress
import json
import os
import secrets
import ssl
import threading
import urllib.error
import urllib.request
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlencode, urlsplit

from ..errors import AccessError
from .sessions import SessionCredentials

_ENDPOINT = "AWS_SIGNIN_ENDPOINT_URL"
_TIMEOUT_SECONDS = 10.0
_BROWSER_SECONDS = 60.0

# Sources: the page above; "AWS GovCloud (US) sign-in"; "Sign in to Amazon Web Services in China".
_HOSTS = {
    "aws": ("signin.aws.amazon.com", "console.aws.amazon.com"),
    "aws-us-gov": ("signin.amazonaws-us-gov.com", "console.amazonaws-us-gov.com"),
    "aws-cn": ("signin.amazonaws.cn", "console.amazonaws.cn"),
}


def sign_in_address(partition: str) -> str:
    """Return the address that exchanges a session for a sign-in token: AWS's, or AWS_SIGNIN_ENDPOINT_URL.

    It receives the session's keys, which must not cross a network in clear text.

    Args:
        partition: ``aws``, ``aws-us-gov``, ``aws-cn``.

    Raises:
        AccessError: the partition is unknown, or the endpoint is neither https:// nor on this machine.
    """
    host, _ = _hosts(partition)
    endpoint = os.environ.get(_ENDPOINT)
    if endpoint and not _is_private(endpoint):
        shown = endpoint.rpartition("@")[2]  # without a password
        raise AccessError(
            f"{_ENDPOINT} is {shown!r}, where others could read the session's keys; use an https:// address, or one on"
            " this machine, without a user name"
        )
    return f"{(endpoint or f'https://{host}').rstrip('/')}/federation"


def console_link(session: SessionCredentials, sign_in: str, partition: str, region: str | None) -> str:
    """Return the link, which is as good as a password for fifteen minutes.

    The console session lasts as long as the role's.

    Args:
        session: the role's session.
        sign_in: the ``sign_in_address``.
        partition: ``aws``, ``aws-us-gov``, ``aws-cn``.
        region: the console's region.

    Raises:
        AccessError: the sign-in address refuses or does not answer.
    """
    _, console = _hosts(partition)
    home = f"https://{console}/console/home" + (f"?{urlencode({'region': region})}" if region else "")
    login = {"Action": "login", "Destination": home, "SigninToken": _sign_in_token(sign_in, session)}
    return f"{sign_in}?{urlencode(login)}"


def open_in_browser(link: str) -> None:
    """Open the link in the browser, hidden from other users of this machine.

    All users can read a browser's arguments. So the browser gets a local address that redirects to the link, once.

    Raises:
        AccessError: there is no browser, or it does not open the address.
    """
    path, fetched = f"/{secrets.token_urlsafe()}", threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != path or fetched.is_set():
                self.send_error(404)
                return
            self.send_response(302)
            for name, value in (("Location", link), ("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer")):
                self.send_header(name, value)
            self.end_headers()
            fetched.set()

        def log_message(self, format: str, *arguments: object) -> None:
            """Log nothing: the path is a secret."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            opened = webbrowser.open(f"http://127.0.0.1:{server.server_port}{path}")
            if not opened and not fetched.is_set():
                raise AccessError("there is no browser to open; omit --open to print the link")
            if not fetched.wait(_BROWSER_SECONDS):
                raise AccessError("the browser did not open the link; omit --open to print it")
        finally:
            server.shutdown()


def _hosts(partition: str) -> tuple[str, str]:
    """Return the hosts of the sign-in and of the console."""
    if partition not in _HOSTS:
        raise AccessError(f"the console of partition {partition!r} is not known")
    return _HOSTS[partition]


def _is_private(address: str) -> bool:
    """Return whether nobody else can read what is sent to an address."""
    try:
        url = urlsplit(address)
        url.port  # noqa: B018 (raises an error unless it is a number)
    except ValueError:
        return False
    if not url.hostname or url.username is not None or not address.isprintable() or " " in address:
        return False
    return url.scheme == "https" or (url.scheme == "http" and _is_loopback(url.hostname))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _sign_in_token(sign_in: str, session: SessionCredentials) -> str:
    keys = {
        "sessionId": session.access_key_id,
        "sessionKey": session.secret_access_key,
        "sessionToken": session.session_token,
    }
    # In the body, as proxies and servers log queries. Without SessionDuration, which AWS refuses for chained roles.
    body = urlencode({"Action": "getSigninToken", "Session": json.dumps(keys)}).encode()
    request = urllib.request.Request(sign_in, body)  # noqa: S310
    bundle = os.environ.get("AWS_CA_BUNDLE")
    host = urlsplit(sign_in).netloc
    # A proxy would receive in clear text what is meant for this machine.
    proxies: dict[str, str] | None = {} if request.type == "http" else None
    try:
        handlers = (
            urllib.request.ProxyHandler(proxies),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=bundle)),
        )
        with urllib.request.build_opener(*handlers).open(request, timeout=_TIMEOUT_SECONDS) as answer:
            token = json.load(answer)["SigninToken"]
    except urllib.error.HTTPError as error:
        raise AccessError(f"{host} refuses the sign-in of the role's session (HTTP {error.code})") from None
    except (OSError, ssl.SSLError):
        raise AccessError(f"{host} does not answer; check the network, HTTPS_PROXY and AWS_CA_BUNDLE") from None
    except (ValueError, KeyError, TypeError, RecursionError, http.client.HTTPException):
        token = None
    if not isinstance(token, str):
        raise AccessError(f"{host} did not return a sign-in token")
    return token
