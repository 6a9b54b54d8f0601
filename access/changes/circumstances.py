"""The circumstances of a request in words, e.g. ``without MFA``."""

from collections.abc import Mapping

from access.iam.patterns import Value
from access.iam.search import Difference

_MFA, _MFA_AGE = "aws:multifactorauthpresent", "aws:multifactorauthage"
_FIRST = (_MFA, _MFA_AGE, "aws:sourceip", "aws:currenttime", "sts:externalid", "aws:securetransport")
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
    for key in (*_FIRST, *sorted(instead)):
        if key in instead:
            return _in_words(key, values[key])
    keys = [key for key in values if ":" in key] or [*values]
    return " and ".join(_in_words(key, values[key]) for key in keys)


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
    if value is None:
        return f"without {_NAMES.get(key, key)}"
    if key.startswith("aws:requesttag/"):
        return f"with session tag {key.partition('/')[2]} = {said}"
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
