"""Match a policy's texts, with wildcards and variables, against a request's values."""

import re
from collections.abc import Mapping
from functools import lru_cache

from .verdicts import NO, YES, Verdict, under

Value = str | tuple[str, ...] | None
"""The value of a condition key in a request: a tuple for a multivalued key, ``None`` for a missing key."""

Context = Mapping[str, tuple[Value, ...]]
"""The possible values of each condition key in a request, by the key in lower case. Other keys are unknown."""

_SPECIAL = re.compile(r"(\$\{[^}]*\}|[*?])")
_WILDCARD = re.compile(r"([*?])")
_WILDCARDS = {"*": ".*", "?": "."}
_VARIABLE = re.compile(r"\$\{\s*([^\s,}]+)\s*(?:,\s*'([^']*)'\s*)?\}")
_LITERALS = {"${*}": "*", "${?}": "?", "${$}": "$"}


def match(
    pattern: str,
    value: str,
    context: Context,
    *,
    variables: bool = True,
    wildcards: bool = True,
    ignore_case: bool = False,
) -> Verdict:
    """Return whether a policy's text matches a value.

    A variable that has no value matches nothing (IAM User Guide, "IAM policy elements: Variables and tags").

    Args:
        pattern: the policy's text.
        value: the request's value.
        context: the known keys of the request.
        variables: whether ``${…}`` is filled in; version 2008-10-17 does not.
        wildcards: whether ``*`` matches any characters and ``?`` one.
        ignore_case: whether case is ignored.
    """
    if not variables or "${" not in pattern:
        return YES if _without_variables(pattern, wildcards, ignore_case).fullmatch(value) else NO
    expression, conditions = "", set()
    for piece in _SPECIAL.split(pattern):
        if piece in _WILDCARDS and wildcards:
            expression += _WILDCARDS[piece]
        elif piece in _LITERALS:
            expression += re.escape(_LITERALS[piece])
        elif variable := _VARIABLE.fullmatch(piece):
            values = context.get(variable[1].lower(), ())
            if len(values) != 1:
                conditions.add(variable[1])
                expression += ".*"
            elif (filled := variable[2] if values[0] is None else values[0]) is None:
                return NO
            elif not isinstance(filled, str):
                conditions.add(variable[1])
                expression += ".*"
            else:
                expression += re.escape(filled)
        else:
            expression += re.escape(piece)
    if not _compiled(expression, ignore_case).fullmatch(value):
        return NO
    return under(*conditions) if conditions else YES


def variables_without_value(pattern: str, context: Context) -> set[str]:
    """Return the variables of a text that certainly have no value in a request, and no default."""
    variables = _VARIABLE.finditer(pattern)
    return {found[1] for found in variables if found[2] is None and context.get(found[1].lower()) == (None,)}


def whole_variable(pattern: str) -> str | None:
    """Return the key, in lower case, of a text that consists of one variable without a default."""
    found = _VARIABLE.fullmatch(pattern)
    return found[1].lower() if found and found[2] is None else None


def has_variables(pattern: str) -> bool:
    """Return whether a text has a ``${…}`` that is not a literal ``*``, ``?`` or ``$``."""
    return any(piece.startswith("${") and piece not in _LITERALS for piece in _SPECIAL.split(pattern))


@lru_cache(maxsize=4096)
def _compiled(expression: str, ignore_case: bool) -> re.Pattern[str]:
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


@lru_cache(maxsize=65536)
def _without_variables(pattern: str, wildcards: bool, ignore_case: bool) -> re.Pattern[str]:
    if not wildcards:
        return _compiled(re.escape(pattern), ignore_case)
    pieces = _WILDCARD.split(pattern)
    return _compiled("".join(_WILDCARDS.get(piece) or re.escape(piece) for piece in pieces), ignore_case)
