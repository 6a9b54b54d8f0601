"""Check a component's arguments: names and types as the component declares them, values by AWS's rules."""

import difflib
import inspect
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, TypeVar, Union, cast, get_args, get_origin

import pulumi


@dataclass(frozen=True)
class _Absence:
    """A placeholder for the value of a key that is missing or unknown."""

    reason: str


MISSING = _Absence(" is missing")
UNKNOWN = _Absence(": there is no such key")
_MOST_SHOWN = 200

T = TypeVar("T")
U = TypeVar("U")


class InvalidValue(pulumi.RunError):
    """An invalid value, reported on one line: the key, the value, what is allowed.

    A ``pulumi.RunError`` stops the program with its message and without a traceback.
    """

    def __init__(self, key: str, value: object, allowed: str) -> None:
        """Keep the parts, so that a caller can rename the key.

        Args:
            key: the value's key, e.g. ``trusted_account_id``.
            value: the value itself, or :data:`MISSING` or :data:`UNKNOWN`.
            allowed: the allowed values, and what to do if that is not obvious.
        """
        self.key = key
        self.value = value
        self.allowed = allowed
        absent = value.reason if isinstance(value, _Absence) else f": {_shown(value)} is not allowed"
        super().__init__("\\n".join(f"{key}{absent}; {allowed}".splitlines()))

    @property
    def reason(self) -> str:
        """The message without the key."""
        return str(self).removeprefix(self.key).lstrip(": ")


def _shown(value: object) -> str:
    text = "an output" if is_pending(value) else repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}… ({len(text)} characters)"


def is_pending(value: object) -> bool:
    """Return whether a value is not known yet: an output or another awaitable."""
    return isinstance(value, pulumi.Output | Awaitable)


def has_pending(value: object) -> bool:
    """Return whether a value, or any value in a list or mapping, is not known yet."""
    if isinstance(value, Mapping):
        return any(has_pending(item) for item in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return any(has_pending(item) for item in value)
    return is_pending(value)


def when_known(value: pulumi.Input[T], function: Callable[[T], U | Awaitable[U]]) -> pulumi.Output[U]:
    """Apply a function to a value once all of the value is known.

    A list or mapping is unwrapped only if it holds outputs, because the SDK makes an output of each value in it.
    """

    def apply(known: T) -> pulumi.Input[U]:
        return pulumi.Output.from_input(known).apply(function) if has_pending(known) else function(known)

    if isinstance(value, pulumi.Output):
        return cast(pulumi.Output[T], value).apply(apply)
    return pulumi.Output.from_input(None).apply(lambda _: apply(cast(T, value)))


def checked_later(key: str, value: pulumi.Input[str], rule: Callable[[str, object], None]) -> pulumi.Input[str]:
    """Return the value; if it is not known yet, check it as soon as it is."""

    def checked(known: str) -> str:
        rule(key, known)
        return known

    return when_known(value, checked) if is_pending(value) else value


def checked(
    args: Mapping[str, object], declared: type, rules: Mapping[str, Callable[[str, object], None]]
) -> dict[str, Any]:
    """Return the given arguments, checked. ``None`` counts as not given.

    Args:
        args: the arguments.
        declared: the TypedDict that declares them.
        rules: AWS's rules, by argument.

    Raises:
        InvalidValue: an argument is unknown, missing, of another type, or breaks a rule.
    """
    hints = inspect.get_annotations(declared)  # a TypedDict's hold those of its bases
    given = {key: _normalized(value) for key, value in args.items() if value is not None}
    check_known(given, hints)
    for key, hint in hints.items():
        if key not in given and not _may_be_missing(hint):
            raise InvalidValue(key, MISSING, "it has no default; add it")
    for key, value in given.items():
        check_type(key, value, hints[key])
        if key in rules:
            rules[key](key, value)
    return given


def _normalized(value: object) -> object:
    """Return a whole float, as other languages write it, as an int, and a one-time awaitable as an output."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return pulumi.Output.from_input(value) if isinstance(value, Awaitable) else value


def check_known(keys: Collection[str], known: Collection[str]) -> None:
    """Check that all keys are known, so that a typo does not lose a restriction.

    Raises:
        InvalidValue: a key is unknown; the message suggests the one that was probably meant.
    """
    for key in keys:
        if key not in known:
            similar = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {similar[0]}?" if similar else f"known: {', '.join(known)}"
            raise InvalidValue(key, UNKNOWN, hint)


def _may_be_missing(hint: object) -> bool:
    origin: object = get_origin(hint)
    return origin is NotRequired


def check_type(key: str, value: object, hint: object) -> None:
    """Check that a value has its declared type: ``"false"`` is not a ``bool``.

    Raises:
        InvalidValue: the value has another type.
    """
    if _may_be_missing(hint):
        hint = get_args(hint)[0]
    if get_origin(hint) is Union:  # pulumi.Input
        if is_pending(value):
            return
        hint = get_args(hint)[0]
    if hint in _PLAIN:
        accepted, allowed = _PLAIN[hint]
        if not isinstance(value, accepted) or (isinstance(value, bool) and hint is not bool):
            raise InvalidValue(key, value, allowed)
    elif hint is object:
        return  # several types are allowed, and the reader checks them
    elif get_origin(hint) in (list, Sequence):
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise InvalidValue(key, value, "write a list")
        for index, item in enumerate(value):
            check_type(f"{key}[{index}]", item, get_args(hint)[0])
    elif get_origin(hint) is Mapping:
        if not isinstance(value, Mapping):
            raise InvalidValue(key, value, "write a mapping, name: value")
        for name, item in value.items():
            check_type(f"{key}.{name}", item, get_args(hint)[1])
    else:
        raise TypeError(f"{key}: no rule for values of type {hint}")


_PLAIN: Mapping[object, tuple[type, str]] = {
    bool: (bool, "write true or false"),
    int: (int, "write a whole number"),
    str: (str, "write text; a number needs quotes to be text"),
}


def check_exactly_one(args: Mapping[str, object], *keys: str) -> None:
    """Check that exactly one of several alternative arguments is given."""
    given = [key for key in keys if args.get(key)]
    if not given:
        raise InvalidValue(keys[0], MISSING, f"give {' or '.join(keys)}")
    if len(given) > 1:
        raise InvalidValue(given[0], args[given[0]], f"{given[1]} is given too; remove one of the two")
