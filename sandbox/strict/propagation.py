"""Delay each service's view of changes to IAM, on a clock that tests set.

Source: IAM User Guide, "Changes that I make are not always immediately visible".

There is no delay unless the sandbox's folder, which only its owner can write to, has a settings file.
"""

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ministack.services import iam

FILE = "propagation.json"
"""The settings in the sandbox's folder: ``{"clock": 0, "delays": {"sts": 5, "s3": 20}}``, all in seconds.

A change happens at the clock's present time, and a service sees it once the clock has advanced by the service's delay.
The clock advances only when the file is written again.
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
    """Each service's view of IAM."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._history: list[tuple[float, _State]] = []

    @contextmanager
    def seen_by(self, service: str) -> Iterator[None]:
        """Show the service's view of IAM within the context."""
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
        """Store the state that all services see before the first change."""
        if self._settings() and not self._history:
            self._history.append((float("-inf"), _state()))

    def after_change(self) -> None:
        """Store the state that services see from now on, each after its delay.

        Call this before the change is answered, because a caller that writes the file after the answer relies on the
        order.
        """
        settings = self._settings()
        if settings and self._history:  # without an earlier state, all services have seen the change
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
