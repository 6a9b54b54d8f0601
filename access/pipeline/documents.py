"""The policy documents that Pulumi is about to deploy, held against those that were reviewed.

A program gives other documents than the reviewed ones where what it reads is otherwise: the state of another stack, an
encrypted value, an answer of AWS. Whoever may write such a thing decides who gets in, without a review.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import AccessError
from ..escaping import visible
from ..render.documents import ordered
from ..render.running import Ran

Documents = Mapping[str, Mapping[str, Any]]
"""By resource, ``type name``: the inputs that say who may do what."""

_DECIDING = frozenset(
    {
        *("name", "path", "role", "group", "user", "users", "bucket"),
        *("assumeRolePolicy", "policy", "policyArn", "inlinePolicies", "managedPolicyArns", "permissionsBoundary"),
    }
)
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Stands for what is only known once something else is made. Source: Pulumi's SDK, ``UnknownStringValue``."""
_SECRET = "[secret]"  # noqa: S105 (what Pulumi shows in place of one)
_NOT_MADE = ("delete", "discard", "read", "remove")
"""The operations on what goes, or was never this stack's."""
_LONGEST = 400
"""So many characters of a document are shown."""

_PLACEHOLDER = re.compile(r"iam::([0-9]{12}):role/<([^<>]*)>/|<([^<>]*)>")
"""What a rendering has for what it can't know; of another project's role that is the path, and maybe the account."""
_NOBODYS_ACCOUNT = "000000000000"
_ELSEWHERE = r"iam::(?P<{}>{}):role/(?:[\w+=,.@-]+/)*"
_GENERATED = r"(?P<{}>[^*?$<>]+)"
"""No wildcard or variable: in a policy it would stand for others too."""


def reviewed(ran: Ran) -> Documents:
    """Return the documents that a program gave without an engine, state or credentials."""
    return _documents((resource.type, resource.name, resource.inputs) for resource in ran.resources)


def digest(documents: Documents) -> str:
    """Return the SHA-256 of documents as canonical JSON."""
    text = json.dumps(documents, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def planned(preview: Path, stack: str) -> Documents:
    """Return the documents in a file of ``pulumi preview --json --show-sames``.

    Raises:
        AccessError: it is none, or of another stack, or the preview failed.
    """
    try:
        said = json.loads(preview.read_text(encoding="utf-8"))
        errors = [str(it["message"]) for it in said.get("diagnostics") or () if it["severity"] == "error"]
        steps = said["steps"]
        stays = [step["newState"] for step in steps if not step["op"].startswith(_NOT_MADE) and "newState" in step]
        found = [(it["type"], it["urn"].rpartition("::")[2], it.get("inputs") or {}, it["urn"]) for it in stays]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise AccessError(f"{preview} can't be read; write it with `pulumi preview --json --show-sames`") from None
    if errors:
        raise AccessError(f"{stack} can't be previewed: {visible(' '.join(errors[0].split()))}")
    if not found or any(not urn.startswith(f"urn:pulumi:{stack}::") for *_, urn in found):
        raise AccessError(f"{preview} is no preview of {stack}; write it with `pulumi preview --stack {stack} --json`")
    return _documents((kind, name, inputs) for kind, name, inputs, _ in found)


def check(wanted: Documents, about_to_come: Documents) -> None:
    """Check that what is about to be deployed is what was reviewed, but for generated ids.

    Raises:
        AccessError: it isn't; the message names the first resource and input.
    """
    known = _Generated()
    for resource in sorted({*wanted, *about_to_come}):
        before, after = wanted.get(resource), about_to_come.get(resource)
        if before is None or after is None:
            where = "the preview" if after is None else "what was reviewed"
            raise AccessError(f"{resource}: it is not in {where}; nothing was deployed")
        for name in sorted({*before, *after}):
            found = known.replaced(before.get(name), after.get(name))
            if found != before.get(name):
                raise AccessError(f"{resource}: {name}: {_why(found)}; nothing was deployed")


def _why(found: object) -> str:
    if found == _SECRET:
        return "it is secret, so nobody can compare it; store it in the stack file in plain text"
    if found == _UNKNOWN:
        return "it is not known before the deployment, so nobody can compare it"
    text = json.dumps(found, sort_keys=True)
    return f"it is not what was reviewed, but {text[:_LONGEST]}{'…' if len(text) > _LONGEST else ''}"


def _documents(resources: Iterable[tuple[str, str, Mapping[str, Any]]]) -> Documents:
    found: dict[str, dict[str, Any]] = {}
    for kind, name, inputs in resources:
        deciding = {key: _value(inputs[key]) for key in sorted(_DECIDING & inputs.keys()) if inputs[key] is not None}
        if kind.startswith("aws:"):
            found[f"{kind} {name}"] = deciding
    return found


def _value(value: Any) -> Any:  # noqa: ANN401 (JSON)
    """Return an input: a document as an object, as its text may be written in many ways."""
    if isinstance(value, Mapping):
        return {key: _value(item) for key, item in value.items() if key != "__defaults"}
    if isinstance(value, list):
        return ordered([_value(item) for item in value])
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            return ordered(json.loads(value))
        except ValueError:
            return value
    return value


@dataclass
class _Generated:
    """What generated ids turned out to be: the same wherever the same one is meant."""

    known: dict[str, str] = field(default_factory=dict)

    def replaced(self, wanted: Any, found: Any) -> Any:  # noqa: ANN401 (JSON)
        """Return what was found, with what was wanted in the place of each generated id."""
        if isinstance(wanted, dict) and isinstance(found, dict) and wanted.keys() == found.keys():
            return {key: self.replaced(wanted[key], found[key]) for key in wanted}
        if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
            return [self.replaced(*both) for both in zip(wanted, found, strict=True)]
        if isinstance(wanted, str) and isinstance(found, str):
            is_name = found == _UNKNOWN  # of a policy or role of this stack that is not made yet
            return wanted if is_name or found == wanted or self._matches(wanted, found) else found
        return found

    def _matches(self, wanted: str, found: str) -> bool:
        meanings: dict[str, str] = {}
        pattern, end = "", 0
        for place in _PLACEHOLDER.finditer(wanted):
            group = f"g{len(meanings)}"
            meanings[group] = place[2] or place[3]
            account = "[0-9]{12}" if place[1] == _NOBODYS_ACCOUNT else place[1]
            shape = _ELSEWHERE.format(group, account) if account else _GENERATED.format(group)
            pattern += re.escape(wanted[end : place.start()]) + shape
            end = place.end()
        match = re.fullmatch(pattern + re.escape(wanted[end:]), found)
        if not meanings or not match:
            return False
        return all(self.known.setdefault(meaning, match[group]) == match[group] for group, meaning in meanings.items())
