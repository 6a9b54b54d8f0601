"""The circumstances of a request in words, e.g. ``without MFA``."""

from collections.abc import Mapping

from ..iam.patterns import Value
from ..iam.search import Difference

_MFA, _MFA_AGE = "aws:multifactorauthpresent", "aws:multifactorauthage"
_FIRST = (_MFA, _MFA_AGE, "aws:sourceip", "aws:currenttime", "sts:externalid", "aws:securetransport")
_NAMES_OF_REQUEST = ("action", "principal", "resource")
_PASSED = ("aws:tagkeys", "sts:sourceidentity")
_NAMES = {
    "sts:externalid": "an external id",
    "aws:principalorgid": "an organization",
    "aws:sourceip": "a known address",
    "sts:sourceidentity": "a source identity",
    "aws:tagkeys": "session tags",
    "sts:rolesessionname": "a session name",
}


def of(difference: Difference) -> str:
    """Return how a request differs from one that was allowed before."""
    instead, values = difference.instead, difference.witness.values
    for key in (*_FIRST, *sorted(instead, key=lambda key: key in _NAMES_OF_REQUEST)):
        if key in instead and key != "action":
            return _in_words(key, values[key])
    told = telling(difference)
    keys = [key for key in told if ":" in key] or [*told]
    return " and ".join(_in_words(key, values[key]) for key in keys)


def telling(difference: Difference) -> dict[str, Value]:
    """Return the values that tell people something: that no tags or source identity are passed goes without saying."""
    return {
        key: value
        for key, value in difference.witness.values.items()
        if value is not None or key not in _PASSED or key in difference.instead
    }


def shown(value: Value) -> str:
    """Return a value in words."""
    if isinstance(value, tuple):
        return ", ".join(value)
    return "none" if value is None else value


def listed(values: Mapping[str, Value]) -> str:
    """Return the values of a request in a line."""
    return ", ".join(f"{key} = {shown(value)}" if value is not None else f"no {key}" for key, value in values.items())


def _in_words(key: str, value: Value) -> str:
    said = shown(value)
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
        return f"with session tag {tag} = {said}"
    return {
        _MFA_AGE: f"with MFA {said} seconds ago",
        "aws:sourceip": f"from addresses such as {said}",
        "aws:currenttime": f"at times such as {said}",
        "aws:tokenissuetime": f"in sessions begun at times such as {said}",
        "sts:externalid": f"with external id {said}",
        "aws:tagkeys": f"with session tags: {said}",
        "sts:sourceidentity": f"with a source identity such as {said}",
        "sts:rolesessionname": f"with a session name such as {said}",
        "principal": f"as {said}",
        "resource": f"on {said}",
        "action": f"by {said}",
    }.get(key, f"with {key} = {said}")
