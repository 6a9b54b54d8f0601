"""Lets each service see a change to IAM only after a while of its own, on a clock that tests set.

Source: IAM User Guide, "Changes that I make are not always immediately visible".

It is off unless the sandbox's folder, which only its owner can write to, has a file that says otherwise.
"""

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ministack.services import iam

FILE = "propagation.json"
"""In the sandbox's folder: ``{"clock": 0, "delays": {"sts": 5, "s3": 20}}``, all in seconds.

A change is made at what the clock says, and a service sees it when the clock says that and its delay. The clock stands
still until the file is written again.
"""

_STORES = (
    iam._access_keys,
    iam._group_inline_policies,
    iam._groups,
    iam._policies,
    iam._roles,
    iam._user_inline_policies,
    iam._users,
)
_State = list[dict[Any, Any]]


class Propagation:
    """What each service sees of IAM."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._history: list[tuple[float, _State]] = []

    @contextmanager
    def seen_by(self, service: str) -> Iterator[None]:
        """Let IAM be, while this lasts, what the service sees of it."""
        settings = self._settings()
        seen = self._due(settings["clock"] - settings["delays"].get(service, 0)) if settings else None
        if seen is None:
            yield
            return
        current = [store._data for store in _STORES]
        _show(seen)
        try:
            yield
        finally:
            _show(current)

    def before_change(self) -> None:
        """Remember what all services see before the first change."""
        if self._settings() and not self._history:
            self._history.append((float("-inf"), _state()))

    def after_change(self) -> None:
        """Remember what services see from now on, each after its while.

        Call it before the change is answered. Whoever writes the file after the answer relies on it that the change
        came before.
        """
        settings = self._settings()
        if settings and self._history:  # without a state to go back to, all services have seen the change
            self._history.append((settings["clock"], _state()))

    def _settings(self) -> dict[str, Any] | None:
        try:
            settings: dict[str, Any] = json.loads(self._file.read_text())
        except FileNotFoundError:
            self._history.clear()
            return None
        return settings

    def _due(self, time: float) -> _State | None:
        due = [state for changed, state in self._history if changed <= time]
        return due[-1] if due and len(due) < len(self._history) else None


def _state() -> _State:
    return [copy.deepcopy(store._data) for store in _STORES]


def _show(state: _State) -> None:
    for store, data in zip(_STORES, state, strict=True):
        store._data = data
