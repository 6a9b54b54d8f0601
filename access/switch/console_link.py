"""A link that opens the AWS Management Console in a role.

Source: IAM User Guide, "Enable custom identity broker access to the AWS console".
"""

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

from access.errors import AccessError
from access.switch.sessions import SessionCredentials

_TIMEOUT_SECONDS = 10.0
_BROWSER_SECONDS = 60.0

# Sources: the page above; "AWS GovCloud (US) sign-in"; "Sign in to Amazon Web Services in China".
_HOSTS = {
    "aws": ("signin.aws.amazon.com", "console.aws.amazon.com"),
    "aws-us-gov": ("signin.amazonaws-us-gov.com", "console.amazonaws-us-gov.com"),
    "aws-cn": ("signin.amazonaws.cn", "console.amazonaws.cn"),
}


def console_link(session: SessionCredentials, partition: str, region: str | None) -> str:
    """The link, which is as good as a password for fifteen minutes. The console session lasts as long as the role's.

    Args:
        session: the role's session.
        partition: ``aws``, ``aws-us-gov``, ``aws-cn``.
        region: where the console opens.

    Raises:
        AccessError: AWS does not give it.
    """
    sign_in, destination = _addresses(partition, region)
    login = {"Action": "login", "Destination": destination, "SigninToken": _sign_in_token(sign_in, session)}
    return f"{sign_in}?{urlencode(login)}"


def open_in_browser(link: str) -> None:
    """Open the link in the person's browser, without anybody else on this machine seeing it.

    A browser is told what to open by an argument, which all users of a machine can read. So it is given an address
    here that works once, and is sent on from there.

    Raises:
        AccessError: there is no browser, or it does not come.
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
            """Say nothing: the path is a secret."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            opened = webbrowser.open(f"http://127.0.0.1:{server.server_port}{path}")
            if not opened and not fetched.is_set():
                raise AccessError("there is no browser to open; leave --open away to have the link printed")
            if not fetched.wait(_BROWSER_SECONDS):
                raise AccessError("the browser did not open the link; leave --open away to have it printed")
        finally:
            server.shutdown()


def _addresses(partition: str, region: str | None) -> tuple[str, str]:
    """Where to sign in, and where to go from there."""
    if partition not in _HOSTS:
        raise AccessError(f"the console of partition {partition!r} is not known")
    sign_in, console = _HOSTS[partition]
    home = f"https://{console}/console/home" + (f"?{urlencode({'region': region})}" if region else "")
    base = os.environ.get("AWS_SIGNIN_ENDPOINT_URL") or f"https://{sign_in}"
    return f"{base.rstrip('/')}/federation", home


def _sign_in_token(sign_in: str, session: SessionCredentials) -> str:
    keys = {
        "sessionId": session.access_key_id,
        "sessionKey": session.secret_access_key,
        "sessionToken": session.session_token,
    }
    # In the body, as a query is written into the logs of everything on the way. Without SessionDuration, which AWS
    # refuses for a role that was assumed from a role.
    body = urlencode({"Action": "getSigninToken", "Session": json.dumps(keys)}).encode()
    request = urllib.request.Request(sign_in, body)  # noqa: S310
    bundle = os.environ.get("AWS_CA_BUNDLE")
    host = urlsplit(sign_in).netloc
    try:
        context = ssl.create_default_context(cafile=bundle)
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS, context=context) as answer:  # noqa: S310
            return str(json.load(answer)["SigninToken"])
    except urllib.error.HTTPError as error:
        raise AccessError(f"{host} refuses to sign the role's session in (HTTP {error.code})") from None
    except (OSError, ssl.SSLError):
        raise AccessError(f"{host} does not answer; check the network, HTTPS_PROXY and AWS_CA_BUNDLE") from None
    except (ValueError, KeyError, TypeError):
        raise AccessError(f"{host} did not give a sign-in token") from None
