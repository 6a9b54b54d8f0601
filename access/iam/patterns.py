"""Texts of policies that stand for several: wildcards, and variables that a request fills in."""

import re
from collections.abc import Mapping
from functools import lru_cache

from .verdicts import NO, YES, Verdict, under

Value = str | tuple[str, ...] | None
"""The value of a condition key in a request: several of a multivalued key, none where the key is missing."""

Context = Mapping[str, tuple[Value, ...]]
"""The values that a condition key may have in a request, by the key in lower case.

Of keys that are not in it, nothing is known.
"""

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
    """Whether a text of a policy stands for a value.

    A variable that has no value matches nothing (IAM User Guide, "IAM policy elements: Variables and tags").

    Args:
        pattern: as it is in the policy.
        value: what it is held against.
        context: what is known of the request.
        variables: whether ``${…}`` is filled in: not in policies of the version of 2008.
        wildcards: whether ``*`` stands for any characters and ``?`` for one.
        ignore_case: whether the case of letters is of no account.
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
    """The variables of a text that certainly have no value in a request, and no default."""
    found = _VARIABLE.finditer(pattern)
    return {it[1] for it in found if it[2] is None and context.get(it[1].lower()) == (None,)}


def whole_variable(pattern: str) -> str | None:
    """Return the key, in lower case, of a text that is one variable without a default and nothing else."""
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
