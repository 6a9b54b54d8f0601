"""Describe the circumstances of a request, e.g. ``without MFA``."""

from collections.abc import Mapping

from ..iam.patterns import Value
from ..iam.search import Difference

_MFA, _MFA_AGE = "aws:multifactorauthpresent", "aws:multifactorauthage"
_FIRST = (_MFA, _MFA_AGE, "aws:sourceip", "aws:currenttime", "sts:externalid", "aws:securetransport")
_REQUEST_ELEMENTS = ("action", "principal", "resource")
_OPTIONAL = ("aws:tagkeys", "sts:sourceidentity")
_NAMES = {
    "sts:externalid": "an external id",
    "aws:principalorgid": "an organization",
    "aws:sourceip": "a known address",
    "sts:sourceidentity": "a source identity",
    "aws:tagkeys": "session tags",
    "sts:rolesessionname": "a session name",
}


def describe(difference: Difference) -> str:
    """Return the difference between a request and one that was allowed before."""
    instead, values = difference.instead, difference.witness.values
    for key in (*_FIRST, *sorted(instead, key=lambda key: key in _REQUEST_ELEMENTS)):
        if key in instead and key != "action":
            return _phrase(key, values[key])
    relevant = relevant_values(difference)
    keys = [key for key in relevant if ":" in key] or [*relevant]
    return " and ".join(_phrase(key, values[key]) for key in keys)


def relevant_values(difference: Difference) -> dict[str, Value]:
    """Return the values that inform people, i.e. not that tags and a source identity are absent, as usual."""
    return {
        key: value
        for key, value in difference.witness.values.items()
        if value is not None or key not in _OPTIONAL or key in difference.instead
    }


def value_text(value: Value) -> str:
    """Return a value as text."""
    if isinstance(value, tuple):
        return ", ".join(value)
    return "none" if value is None else value


def values_text(values: Mapping[str, Value]) -> str:
    """Return the values of a request on one line."""
    return ", ".join(
        f"{key} = {value_text(value)}" if value is not None else f"no {key}" for key, value in values.items()
    )


def _phrase(key: str, value: Value) -> str:
    text = value_text(value)
    if key == _MFA:
        return "with MFA" if value == "true" else "without MFA"
    if key == "aws:securetransport":
        return "over TLS" if value == "true" else "over plain http"
    tag = key.partition("/")[2]
    if value is None and key.startswith("aws:requesttag/"):
        return f"without session tag {tag}"
    if value is None:
        return f"without {_NAMES.get(key, key)}"
    if key.startswith("aws:requesttag/"):
        return f"with session tag {tag} = {text}"
    return {
        _MFA_AGE: f"with MFA {text} seconds ago",
        "aws:sourceip": f"from addresses such as {text}",
        "aws:currenttime": f"at times such as {text}",
        "aws:tokenissuetime": f"in sessions begun at times such as {text}",
        "sts:externalid": f"with external id {text}",
        "aws:tagkeys": f"with session tags: {text}",
        "sts:sourceidentity": f"with a source identity such as {text}",
        "sts:rolesessionname": f"with a session name such as {text}",
        "principal": f"as {text}",
        "resource": f"on {text}",
        "action": f"by {text}",
    }.get(key, f"with {key} = {text}")
