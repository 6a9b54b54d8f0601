"""Convert between protobuf structs, as sent on the wire, and plain Python values."""

import json
from collections.abc import Mapping
from typing import TypeAlias, cast

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"
Properties = dict[str, Value]

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The mark of a value that is unknown until the update (Pulumi's ``plugin.UnknownStringValue``)."""

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (the mark of a secret, not one)

SECRET_IN_STATE: "dict[str, Value]" = {_SIGNATURE: _SECRET, "plaintext": '""'}
"""The placeholder of a secret in a record, because no file may have secrets in clear text."""

DEFAULTS = "__defaults"
"""The input that lists the inputs filled in by the provider."""


def from_struct(struct: Struct) -> Properties:
    """Return the struct's fields: whole numbers as ``int``, secrets without their mark."""
    return {key: _plain(value) for key, value in json_format.MessageToDict(struct).items()}


def to_struct(properties: Mapping[str, Value], like: Struct | None = None) -> Struct:
    """Return the struct with these fields.

    Args:
        properties: the fields.
        like: the struct that the engine sent; its secret fields are marked as secret in the result too.
    """
    sent: Properties = json_format.MessageToDict(like or Struct())
    if "tags" in sent:
        sent["tagsAll"] = sent["tags"]  # derived from the tags
    return json_format.ParseDict({key: _marked(item, sent.get(key)) for key, item in properties.items()}, Struct())


def secret(value: Value) -> Value:
    """Return the value, marked so that the engine encrypts it in the stack's state."""
    return {_SIGNATURE: _SECRET, "value": value}


def in_state(struct: Struct) -> Properties:
    """Return the struct's fields in the state's format, with placeholders for secrets."""

    def kept(value: Value) -> Value:
        if isinstance(value, dict):
            return SECRET_IN_STATE if _is_secret(value) else {key: kept(item) for key, item in value.items()}
        return [kept(item) for item in value] if isinstance(value, list) else value

    return {key: kept(value) for key, value in json_format.MessageToDict(struct).items()}


def text(value: Value) -> str:
    """Return the value of a property that is declared as text."""
    return cast(str, value)


def canonical_json(document: object) -> str:
    """Return the document as the official plugin records it: compact, keys sorted."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def _marked(value: Value, like: Value) -> Value:
    if isinstance(value, dict) and isinstance(like, dict) and not _is_secret(like):
        return {key: _marked(item, like.get(key)) for key, item in value.items()}
    return secret(value) if _has_secret(like) else value


def _is_secret(value: Value) -> bool:
    return isinstance(value, dict) and value.get(_SIGNATURE) == _SECRET


def _has_secret(value: Value) -> bool:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return _is_secret(value) or any(_has_secret(item) for item in items)


def _plain(value: Value) -> Value:
    if isinstance(value, dict):
        return _plain(value["value"]) if _is_secret(value) else {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
