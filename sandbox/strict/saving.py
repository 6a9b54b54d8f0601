"""Saves a service's state before a change is answered: AWS does not forget what it has confirmed.

MiniStack would save the state of every service, with Python's slower JSON encoder. Four fifths of the emulator's time
went there.
"""

import json
import re
from pathlib import Path

from ministack.core import persistence
from ministack.services import iam, s3

_STATES = {"iam": iam.get_state, "s3": s3.get_state}
"""MiniStack keeps the sessions of STS in memory alone."""
_READS = re.compile(r"(Get|List|Simulate|Generate)[A-Z]")


def make_folder() -> None:
    """Make the folder of the states, unless it is there."""
    Path(persistence.STATE_DIR).mkdir(parents=True, exist_ok=True)


def changes(service: str, method: str, action: str) -> bool:
    """Return whether a request may change what is saved.

    Args:
        service: the service that it is for.
        method: its HTTP method.
        action: its name in IAM or STS, whose reads are sent by POST too.
    """
    if service == "s3":
        return method not in ("GET", "HEAD", "OPTIONS")
    return service == "iam" and not _READS.match(action)


def save(service: str) -> None:
    """Write a service's state, in the form that MiniStack loads.

    Raises:
        OSError: it can't be written, as when the disk is full; the change is not confirmed then.
    """
    content = {"__ministack_format__": persistence._state_format_version(service), "payload": _STATES[service]()}
    file = Path(persistence.STATE_DIR, f"{service}.json")
    unfinished = file.with_suffix(".json.tmp")
    try:
        unfinished.write_text(json.dumps(content, default=persistence._json_default))
    except FileNotFoundError:
        return  # the sandbox was just wiped
    unfinished.replace(file)
