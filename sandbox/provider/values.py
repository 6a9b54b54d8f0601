"""Values on the wire: protobuf structs to and from plain Python values."""

import json
from collections.abc import Mapping
from typing import TypeAlias, cast

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"
Properties = dict[str, Value]

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands for a value that only an update will tell (Pulumi's ``plugin.UnknownStringValue``)."""

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (the mark of a secret, not one)

DEFAULTS = "__defaults"
"""The input that lists which other inputs the provider filled in."""


def from_struct(struct: Struct) -> Properties:
    """The struct's fields, whole numbers as ``int``."""
    return {key: _whole(value) for key, value in json_format.MessageToDict(struct).items()}


def to_struct(properties: Mapping[str, Value]) -> Struct:
    """The struct with these fields."""
    return json_format.ParseDict(dict(properties), Struct())


def secret(value: Value) -> Value:
    """The value, marked so that the engine encrypts it in the stack's state."""
    return {_SIGNATURE: _SECRET, "value": value}


def text(value: Value) -> str:
    """The value of a property that the declaration says is text."""
    return cast(str, value)


def canonical_json(document: object) -> str:
    """The document as the official plugin records it: compact, keys sorted."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def _whole(value: Value) -> Value:
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
