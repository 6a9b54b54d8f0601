"""Refuse invalid parameters before anything else is checked, as AWS does.

Lengths, patterns and ranges are those of the API References of IAM and STS, taken from botocore's models.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from ministack.core.iam_actions import _load_botocore_model

from sandbox.strict.refusal import Refusal

_Model = Mapping[str, Any]


def refusal(service: str, parameters: Mapping[str, str]) -> Refusal | None:
    """Return the refusal of a request with invalid parameters.

    Source: IAM and STS API References, "Common Error Types", ValidationError.
    """
    model = _model(service)
    operation = model["operations"].get(parameters.get("Action", ""))
    if operation is None or "input" not in operation:
        return None
    errors = list(_violations(model["shapes"], operation["input"]["shape"], "", "", parameters))
    if not errors:
        return None
    count = f"{len(errors)} validation error{'s' * (len(errors) > 1)}"
    return Refusal(400, "ValidationError", f"{count} detected: {'; '.join(errors)}")


def _violations(shapes: _Model, name: str, sent_as: str, path: str, parameters: Mapping[str, str]) -> Iterator[str]:
    shape = shapes[name]
    if shape["type"] == "structure":
        for member, reference in shape["members"].items():
            key = f"{sent_as}.{member}" if sent_as else member
            place = f"{path}.{member[0].lower()}{member[1:]}" if path else f"{member[0].lower()}{member[1:]}"
            if _is_sent(key, parameters):
                yield from _violations(shapes, reference["shape"], key, place, parameters)
            elif member in shape.get("required", []) and shapes[reference["shape"]]["type"] != "list":
                yield f"Value null at '{place}' failed to satisfy constraint: Member must not be null"
    elif shape["type"] == "list":
        number = 1
        while _is_sent(f"{sent_as}.member.{number}", parameters):
            yield from _violations(
                shapes, shape["member"]["shape"], f"{sent_as}.member.{number}", f"{path}.{number}.member", parameters
            )
            number += 1
    else:
        value = parameters[sent_as]
        for constraint in _broken(shape, value):
            yield f"Value '{value}' at '{path}' failed to satisfy constraint: Member must {constraint}"


def _is_sent(key: str, parameters: Mapping[str, str]) -> bool:
    return any(name == key or name.startswith(f"{key}.") for name in parameters)


def _broken(shape: _Model, value: str) -> Iterator[str]:
    text = shape["type"] == "string"
    if not text and shape["type"] not in ("integer", "long"):
        return
    if not text and not re.fullmatch(r"-?\d+", value):
        yield "be a number"
        return
    size, quantity = (len(value), "length") if text else (int(value), "value")
    if size > shape.get("max", size):
        yield f"have {quantity} less than or equal to {shape['max']}"
    if size < shape.get("min", size):
        yield f"have {quantity} greater than or equal to {shape['min']}"
    if "pattern" in shape and not _compiled(shape["pattern"]).fullmatch(value):
        yield f"satisfy regular expression pattern: {shape['pattern']}"
    if "enum" in shape and value not in shape["enum"]:
        yield f"satisfy enum value set: [{', '.join(shape['enum'])}]"


@cache
def _model(service: str) -> _Model:
    model: _Model = _load_botocore_model(service)  # MiniStack reads a file each time
    return model


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    if "\\p{L}" in pattern:  # tags: letters, white space and digits of any language
        return re.compile(pattern.replace("\\p{L}", "\\w").replace("\\p{Z}", "\\s").replace("\\p{N}", "\\d"))
    return re.compile(pattern, re.ASCII)
