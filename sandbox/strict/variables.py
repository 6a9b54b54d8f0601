"""Fill in policy variables, such as ``${aws:username}``, with a request's values.

Source: IAM User Guide, "IAM policy elements: Variables and tags".
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

ValueOf = Callable[[str], object]
"""Returns the value of a condition key in a request, or None if it has none."""

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_KEY_AND_DEFAULT = re.compile(r"\s*([^\s,]+)\s*(?:,\s*'([^']*)'\s*)?")
_VERSION = "2012-10-17"  # older documents have no variables
_LITERAL = {"*": "\ue000", "?": "\ue001"}  # wildcards in a variable's value are literal
_NO_VALUE = "\ue002"  # equal to nothing, and matched by nothing


def fill_in(text: str, value_of: ValueOf, *, pattern: bool) -> str:
    """Return the text with its variables filled in.

    Args:
        text: a resource, or a value of a condition.
        value_of: returns the request's values.
        pattern: the text may have wildcards.
    """

    def literal(value: str) -> str:
        return "".join(_LITERAL.get(character, character) for character in value) if pattern else value

    def replaced(found: re.Match[str]) -> str:
        name = found[1]
        if name in ("*", "?", "$"):
            return literal(name)
        parts = _KEY_AND_DEFAULT.fullmatch(name)
        if parts is None:
            return _NO_VALUE
        value = value_of(parts[1])
        if value is None or isinstance(value, list):  # keys with several values can't be variables
            value = parts[2]
        return _NO_VALUE if value is None else literal(str(value))

    return _VARIABLE.sub(replaced, text)


def fill_in_conditions(conditions: Mapping[str, Any], value_of: ValueOf) -> dict[str, Any]:
    """Return the conditions with their variables filled in; only string and ARN operators have any."""
    return {operator: _filled(operator, keys, value_of) for operator, keys in conditions.items()}


def _filled(operator: str, keys: object, value_of: ValueOf) -> object:
    name = operator.lower().rpartition(":")[2].removesuffix("ifexists")
    if not isinstance(keys, dict) or not name.startswith(("string", "arn")):
        return keys
    pattern = name.startswith("arn") or "like" in name

    def filled(value: object) -> object:
        return fill_in(value, value_of, pattern=pattern) if isinstance(value, str) else value

    return {
        key: [filled(value) for value in values] if isinstance(values, list) else filled(values)
        for key, values in keys.items()
    }


def without_variables(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the document; in one of an older version, escape what looks like a variable."""
    return document if document.get("Version") == _VERSION else _escaped(document)


def _escaped(value: Any) -> Any:  # noqa: ANN401 (JSON)
    if isinstance(value, dict):
        return {key: _escaped(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_escaped(part) for part in value]
    return value.replace("$", "${$}") if isinstance(value, str) else value


@lru_cache(maxsize=4096)
def compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    """Return the expression for a pattern with wildcards."""
    expression = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    for wildcard, literal in _LITERAL.items():
        expression = expression.replace(literal, re.escape(wildcard))
    return re.compile(f"(?:{expression})\\Z", re.DOTALL | (re.IGNORECASE if ignore_case else 0))
