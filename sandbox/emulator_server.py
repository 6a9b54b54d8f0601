"""The emulator's process, run in the emulator's own virtual environment: ``python emulator_server.py``.

MiniStack saves its state when it is stopped. AWS does not forget what it has confirmed, so here each change is saved
before it is answered: an emulator that is killed comes back with all that its clients were told.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

import ministack.app as emulator
from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.core.persistence import save_all

_Message = dict[str, Any]
_READING_METHODS = ("GET", "HEAD", "OPTIONS")


async def _durable(
    scope: _Message, receive: Callable[[], Awaitable[_Message]], send: Callable[[_Message], Awaitable[None]]
) -> None:
    async def send_when_saved(message: _Message) -> None:
        if message["type"] == "http.response.start":
            save_all(emulator._build_persistence_save_dict())
        await send(message)

    changes = scope["type"] == "http" and scope["method"] not in _READING_METHODS
    await emulator.app(scope, receive, send_when_saved if changes else send)


def main() -> None:
    """Serve on 127.0.0.1 until the process is ended."""
    config = Config()
    config.bind = [f"127.0.0.1:{os.environ['GATEWAY_PORT']}"]
    config.certfile = os.environ["MINISTACK_SSL_CERT"]
    config.keyfile = os.environ["MINISTACK_SSL_KEY"]
    config.loglevel = "WARNING"
    # All that was confirmed is saved, so a signal may end the process at once; Hypercorn would wait for idle clients.
    asyncio.run(serve(_durable, config, shutdown_trigger=asyncio.Event().wait))


if __name__ == "__main__":
    main()
