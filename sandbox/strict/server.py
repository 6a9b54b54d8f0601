"""Run the emulator, in its own virtual environment: ``python server.py DIRECTORY``.

MiniStack serves all of AWS to any caller, and runs code for some of it. Here it serves only IAM, S3 and STS, only to
callers that know a secret, and refuses what AWS refuses.

MiniStack saves its state when it is stopped. AWS does not lose what it has confirmed, so here each change is saved
before it is answered: a killed emulator restarts with every change that it confirmed.
"""

import asyncio
import hmac
import os
import sys
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext, suppress
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import ministack.app as ministack
from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.core.iam_evaluator import AuthError
from ministack.core.sigv4 import decode_header_value
from ministack.services import iam, s3

from sandbox.layout import Layout
from sandbox.secret_key import derived_secret
from sandbox.strict import (
    HEALTH_PATH,
    IDENTITY_CENTER,
    LENIENT,
    authorization,
    parameters,
    refusals_iam,
    refusals_s3,
    refusals_sts,
    saving,
    sessions,
    signatures,
)
from sandbox.strict.accounts import Accounts
from sandbox.strict.journal import only_reads
from sandbox.strict.listings import DETAILS, LISTINGS, with_boundaries, without_tags
from sandbox.strict.propagation import Propagation
from sandbox.strict.refusal import Refusal
from sandbox.strict.refusals import Refusals
from sandbox.strict.signatures import RefusedError, Request, Signed
from sandbox.strict.unique_ids import DELETIONS, replacing_with_unique_id
from sandbox.strict.update_group import update_group

_Message = dict[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
_Handler = Callable[..., Awaitable[Any]]

_FOLDER_CHECK_SECONDS = 0.5
_STATE = ("organizations",)  # not served, but aws:PrincipalOrgID depends on it

_signed_service: ContextVar[str] = ContextVar("signed_service")


@dataclass(frozen=True)
class _Settings:
    key: bytes
    """The key that the accounts' secrets are derived from."""
    lenient: bool
    """``True``: only signatures are checked."""
    propagation: Propagation
    calls: "_Calls"


class _Calls:
    """A file of the IAM and STS calls received. S3's requests do not name their call."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: set[str] = set()

    def record(self, service: str, request: Request) -> None:
        """Record the call, if it is the first of its kind since the start."""
        call = f"{service} {_parameters(request).get('Action', [''])[0]}"
        if service != "s3" and call not in self._known:
            self._known.add(call)
            with suppress(FileNotFoundError), self._file.open("a") as file:  # the sandbox may just have been wiped
                file.write(f"{call}\n")


async def _application(settings: _Settings, scope: _Message, receive: _Receive, send: _Send) -> None:
    if scope["type"] == "lifespan":
        await _handle_lifespan(receive, send)
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close"})
    elif scope["method"] == "GET" and scope["path"] == HEALTH_PATH:
        await _respond(send, 200, {}, b"")
    elif scope["path"].startswith("/_"):
        await _respond(send, 404, {}, b"")  # MiniStack's own paths; no bucket's name begins like this
    else:
        messages = await _messages(receive)
        if messages[-1]["type"] == "http.request":  # otherwise the client has disconnected
            await _serve(settings, scope, messages, send)


async def _serve(settings: _Settings, scope: _Message, messages: list[_Message], send: _Send) -> None:
    request = _request(scope, b"".join(message["body"] for message in messages))
    try:
        with only_reads(), settings.propagation.seen_by(signatures.service_of(request)):
            signed = signatures.check(request, settings.key)
    except RefusedError as error:
        await _refuse(send, request, error)
        return
    _signed_service.set(signed.service)
    settings.calls.record(signed.service, request)
    authorization.begin()
    secret = derived_secret(settings.key, IDENTITY_CENTER)
    refusals_iam.begin(hmac.compare_digest(request.headers.get(IDENTITY_CENTER, "").encode(), secret.encode()))
    refusal = None if settings.lenient else _refusal_before_policies(request, signed)
    if refusal:
        await _respond(send, *_error(signed.service, refusal))
        return

    again = iter(messages)

    async def receive() -> _Message:
        return next(again, {"type": "http.disconnect"})

    action = _parameters(request).get("Action", [""])[0]
    is_change = saving.changes(signed.service, scope["method"], action)
    spreads = is_change and signed.service == "iam"

    async def send_when_kept(message: _Message) -> None:
        if message["type"] == "http.response.start":
            saving.save()
            if spreads:
                settings.propagation.after_change()
        await send(message)

    if spreads:
        settings.propagation.before_change()
    with nullcontext() if is_change else only_reads():
        await ministack.app(scope, receive, send_when_kept if is_change else send)


def _refusal_before_policies(request: Request, signed: Signed) -> Refusal | None:
    """Return the refusal of a request that no policy could allow."""
    if signed.service == "s3":
        return None
    all_values = _parameters(request)
    values = {name: value[0] for name, value in all_values.items()}
    refusal = parameters.refusal(signed.service, values)
    if refusal or signed.service == "iam":
        return refusal or refusals_sts.iam_without_mfa(signed.access_key_id)
    refusals_sts.begin(signed.access_key_id)
    return refusals_sts.by_root(values, signed.access_key_id) or sessions.begin(all_values, signed.access_key_id)


async def _refuse(send: _Send, request: Request, error: RefusedError) -> None:
    status, headers, body = ministack._credential_failure(
        error.service, "", str(uuid.uuid4()), AuthError(error.code, error.message), dict(request.headers)
    )
    await _respond(send, status, headers, b"" if request.method == "HEAD" else body)


async def _handle_lifespan(receive: _Receive, send: _Send) -> None:
    """Acknowledge start and shutdown. MiniStack would also run scripts, and manage containers and schedules."""
    while (message := await receive())["type"] != "lifespan.shutdown":
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})


def _restrict_routing() -> None:
    """Route every request to the service that it is signed for, and to no other."""

    async def none(*_: object, **__: object) -> None:
        return None

    ministack._handle_pre_body_request = none
    ministack._handle_post_body_shortcuts = none
    ministack._handle_special_data_plane_request = none
    ministack.detect_service = lambda *_: _signed_service.get()
    ministack._state_map = {name: name for name in _STATE}
    s3._verify_presigned_sigv4 = lambda *_: None  # checked already, with the account's secret


def _install_rules(accounts: Accounts) -> None:
    """Add what MiniStack lacks, and run the rules between its check of the sender's rights and its handlers."""
    iam._IAM_HANDLERS["UpdateGroup"] = update_group
    for action in LISTINGS:
        iam._IAM_HANDLERS[action] = without_tags(iam._IAM_HANDLERS[action])
    iam._IAM_HANDLERS[DETAILS] = with_boundaries(iam._IAM_HANDLERS[DETAILS])
    for action in DELETIONS:
        iam._IAM_HANDLERS[action] = replacing_with_unique_id(action, iam._IAM_HANDLERS[action])
    for service in ("iam", "sts"):
        ministack.SERVICE_HANDLERS[service] = partial(
            _handle, Refusals(accounts), service, ministack.SERVICE_HANDLERS[service]
        )

    ministack.SERVICE_HANDLERS["s3"] = partial(
        _handle_s3, refusals_s3.rules(accounts), ministack.SERVICE_HANDLERS["s3"]
    )


async def _handle_s3(
    rules: Sequence[refusals_s3.Rule],
    handler: _Handler,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query: dict[str, Any],
) -> Any:  # noqa: ANN401 (MiniStack's response)
    call = refusals_s3.Call(method, path, query, body)
    with only_reads():
        refusal = next(filter(None, (rule(call) for rule in rules)), None)
    if refusal:
        return s3._error(refusal.code, refusal.message, refusal.status, f"/{call.bucket}")
    sender = copy_context()  # MiniStack continues as the bucket's account
    response = await handler(method, path, headers, body, query)
    if response[0] == 404 and method in ("GET", "HEAD") and call.key:
        denied = sender.run(authorization.refusal_of_missing, call.bucket, call.key, headers, query)
        if denied:
            return (*denied[:2], b"" if method == "HEAD" else denied[2])
    return response


async def _handle(
    rules: Refusals,
    service: str,
    handler: _Handler,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query: dict[str, Any],
) -> Any:  # noqa: ANN401 (MiniStack's response)
    sent = {**query, **(_form(body) if method == "POST" else {})}
    with only_reads():
        refusal = rules.refusal(service, {name: values[0] for name, values in sent.items()})
    return _error(service, refusal) if refusal else await handler(method, path, headers, body, query)


def _parameters(request: Request) -> dict[str, list[str]]:
    return {**request.query, **(_form(request.body) if request.method == "POST" else {})}


def _form(body: bytes) -> dict[str, list[str]]:
    return parse_qs(body.decode(errors="replace"), keep_blank_values=True)


def _error(service: str, refusal: Refusal) -> Any:  # noqa: ANN401 (MiniStack's response)
    return iam._error(refusal.status, refusal.code, escape(refusal.message), ns=service)


async def _messages(receive: _Receive) -> list[_Message]:
    """Read a whole request, because its signature covers the body."""
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    return messages


def _request(scope: _Message, body: bytes) -> Request:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), decode_header_value(value)
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    query = parse_qs(scope["query_string"].decode(errors="replace"), keep_blank_values=True)
    return Request(scope["method"], scope["raw_path"].decode("latin-1"), query, headers, body)


async def _respond(send: _Send, status: int, headers: dict[str, str], body: bytes) -> None:
    lines = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": body})


async def _end_with_folder(layout: Layout, key: bytes) -> None:
    """End the process when the sandbox's folder is deleted, because nobody could find and stop it then."""
    with suppress(FileNotFoundError):
        while layout.secret_key.read_bytes() == key:
            await asyncio.sleep(_FOLDER_CHECK_SECONDS)
    os._exit(0)


async def _run(layout: Layout, settings: _Settings, port: int) -> None:
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.certfile = str(layout.certificates / "server.pem")
    config.keyfile = str(layout.certificates / "server.key")
    config.loglevel = "WARNING"
    watch = asyncio.create_task(_end_with_folder(layout, settings.key))
    # All confirmed changes are saved, so a signal may end the process at once; Hypercorn would wait for idle clients.
    await serve(partial(_application, settings), config, shutdown_trigger=asyncio.Event().wait)
    watch.cancel()


def main() -> None:
    """Serve on 127.0.0.1 until the process is ended, or the sandbox's folder is deleted."""
    os.umask(0o077)
    _restrict_routing()
    try:
        ministack._load_persisted_state()
        saving.load()
    except (OSError, ValueError) as error:
        sys.exit(f"the accounts' state can't be loaded: {error}")
    layout = Layout(Path(sys.argv[1]))
    lenient = os.environ.get(LENIENT) == "1"
    settings = _Settings(
        layout.secret_key.read_bytes(), lenient, Propagation(layout.directory), _Calls(layout.emulator_calls)
    )
    if not lenient:
        authorization.install(settings.propagation)
        _install_rules(Accounts(layout.account_ids))
    asyncio.run(_run(layout, settings, int(os.environ["GATEWAY_PORT"])))


if __name__ == "__main__":
    main()
