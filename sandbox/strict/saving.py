"""Save a request's changes before it is answered, because AWS does not lose what it has confirmed.

MiniStack would save the whole state of every service, and keep the sessions of STS only in memory.
"""

import json
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

from ministack.core import persistence
from ministack.services import iam, s3, sts

from sandbox.strict.journal import Entries, Journal, read

_READS = re.compile(r"(Get|List|Simulate)[A-Z]")


class _Buckets(Entries):
    """Buckets without their objects, which have their own files."""

    def value_to_keep(self, key: Hashable) -> Any:  # noqa: ANN401 (JSON)
        return {name: value for name, value in self._values[key].items() if name != "objects"}


class _Sessions(Entries):
    """Sessions, which never change. MiniStack reads all of them whenever it creates one."""

    changed_in_place = False


_STORES = {
    "iam": {name: getattr(iam, f"_{name}") for name in iam.get_state()},
    "s3": {"buckets": s3._buckets, **s3._PERSISTED_BUCKET_DICTS},
}
_journals: list[Journal] = []


def load() -> None:
    """Load the saved state, and start the journals.

    Raises:
        OSError, ValueError: the state can't be read, or the folder can't be written to.
    """
    folder = Path(persistence.STATE_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    for service, module in (("iam", iam), ("s3", s3)):
        stores, file = _STORES[service], folder / f"{service}.jsonl"
        if file.exists():
            for (name, key), value in _read(file).items():
                stores[name]._data[key] = _with_objects(key, value) if name == "buckets" else value
        else:  # MiniStack's own files, from an older version of the sandbox
            module.load_persisted_state(persistence.load_state(service))
        tracked = {name: (_Buckets if name == "buckets" else Entries)(store._data) for name, store in stores.items()}
        for name, store in stores.items():
            store._data = tracked[name]
        _journals.append(Journal(file, tracked, _encode))
        (folder / f"{service}.json").unlink(missing_ok=True)
    file = folder / "sts.jsonl"
    if file.exists():
        sts._sessions.update({key: value for (_, key), value in _read(file).items()})
    sts._evict_expired_sessions()
    sts._sessions = _Sessions(sts._sessions)
    _journals.append(Journal(file, {"sessions": sts._sessions}, _encode))


def changes(service: str, method: str, action: str) -> bool:
    """Return ``True`` if a request may change the saved state.

    Args:
        service: the request's service.
        method: its HTTP method.
        action: its action in IAM or STS, whose reads use POST too.
    """
    if service == "s3":
        return method not in ("GET", "HEAD", "OPTIONS")
    return service == "sts" or not _READS.match(action)


def save() -> None:
    """Save the changes in every service: the deletion of a user changes bucket policies too.

    Raises:
        OSError: they can't be written, for example because the disk is full, so the change is not confirmed.
    """
    for journal in _journals:
        journal.save()


def _read(file: Path) -> dict[tuple[str, Hashable], Any]:
    return read(file, lambda line: json.loads(line, object_hook=persistence._json_object_hook))


def _with_objects(key: Hashable, bucket: dict[str, Any]) -> dict[str, Any]:
    """Return a bucket with the objects that MiniStack has found in its files."""
    found = s3._buckets._data.get(key, {"objects": {}})
    return {**bucket, "objects": found["objects"]}


_encode = json.JSONEncoder(default=persistence._json_default, separators=(",", ":")).encode
