"""Compare the policy documents that Pulumi is about to deploy with the reviewed ones.

A program's documents differ from the reviewed ones if its input differs: the state of another stack, an encrypted
value, an answer of AWS. Whoever may write such input decides who gets access, without a review.
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
"""The inputs that decide on access, by resource, ``type name``."""

_DECIDING = frozenset(
    {
        *("name", "path", "role", "group", "user", "users", "bucket"),
        *("assumeRolePolicy", "policy", "policyArn", "inlinePolicies", "managedPolicyArns", "permissionsBoundary"),
    }
)
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The value of an output that is not known yet. Source: Pulumi's SDK, ``UnknownStringValue``."""
_SECRET = "[secret]"  # noqa: S105 (Pulumi's replacement for one)
_NOT_DEPLOYED = ("delete", "discard", "read", "remove")
"""The operations on resources that are removed, or were never this stack's."""
_LONGEST = 400
"""The number of characters of a document that messages show."""

_PLACEHOLDER = re.compile(r"iam::([0-9]{12}):role/<([^<>]*)>/|<([^<>]*)>")
"""A rendering's placeholder for an unknown value: of another project's role, the path and maybe the account."""
_NOBODYS_ACCOUNT = "000000000000"
_ELSEWHERE = r"iam::(?P<{}>{}):role/(?:[\w+=,.@-]+/)*"
_GENERATED = r"(?P<{}>[^*?$<>]+)"
"""Text without wildcards or variables, which would match others too in a policy."""


def reviewed(ran: Ran) -> Documents:
    """Return the documents of a program that ran without an engine, state or credentials."""
    return _documents((resource.type, resource.name, resource.inputs) for resource in ran.resources)


def digest(documents: Documents) -> str:
    """Return the SHA-256 of documents as canonical JSON."""
    text = json.dumps(documents, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def planned(preview: Path, stack: str) -> Documents:
    """Return the documents in a file of ``pulumi preview --json --show-sames``.

    Raises:
        AccessError: the file is not a preview or is another stack's, or the preview failed.
    """
    try:
        content = json.loads(preview.read_text(encoding="utf-8"))
        errors = [str(item["message"]) for item in content.get("diagnostics") or () if item["severity"] == "error"]
        steps = [step for step in content["steps"] if not step["op"].startswith(_NOT_DEPLOYED) and "newState" in step]
        states = [step["newState"] for step in steps]
        planned = [(state["type"], state["urn"], state.get("inputs") or {}) for state in states]
        resources = [(kind, urn.rpartition("::")[2], inputs) for kind, urn, inputs in planned]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise AccessError(f"{preview} can't be read; write it with `pulumi preview --json --show-sames`") from None
    if errors:
        raise AccessError(f"{stack} can't be previewed: {visible(' '.join(errors[0].split()))}")
    if not planned or any(not urn.startswith(f"urn:pulumi:{stack}::") for _, urn, _ in planned):
        raise AccessError(
            f"{preview} is not a preview of {stack}; write it with `pulumi preview --stack {stack} --json`"
        )
    return _documents(resources)


def check(expected: Documents, planned: Documents) -> None:
    """Check that the planned documents are the reviewed ones, apart from generated ids.

    Raises:
        AccessError: they differ; the message names the first resource and input.
    """
    ids = _GeneratedIds()
    for resource in sorted({*expected, *planned}):
        before, after = expected.get(resource), planned.get(resource)
        if before is None or after is None:
            where = "the preview" if after is None else "the reviewed documents"
            raise AccessError(f"{resource}: it is not in {where}; nothing was deployed")
        for name in sorted({*before, *after}):
            value = ids.replaced(before.get(name), after.get(name))
            if value != before.get(name):
                raise AccessError(f"{resource}: {name}: {_why(value)}; nothing was deployed")


def _why(value: object) -> str:
    if value == _SECRET:
        return "it is secret, so nobody can compare it; store it in the stack file in plain text"
    if value == _UNKNOWN:
        return "it is not known before the deployment, so nobody can compare it"
    text = json.dumps(value, sort_keys=True)
    return f"it differs from the review: {text[:_LONGEST]}{'…' if len(text) > _LONGEST else ''}"


def _documents(resources: Iterable[tuple[str, str, Mapping[str, Any]]]) -> Documents:
    documents: dict[str, dict[str, Any]] = {}
    for kind, name, inputs in resources:
        deciding = {key: _value(inputs[key]) for key in sorted(_DECIDING & inputs.keys()) if inputs[key] is not None}
        if kind.startswith("aws:"):
            documents[f"{kind} {name}"] = deciding
    return documents


def _value(value: Any) -> Any:  # noqa: ANN401 (JSON)
    """Return an input; a document as an object, because the same document has many texts."""
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
class _GeneratedIds:
    """The generated ids by placeholder: each placeholder stands for the same id everywhere."""

    known: dict[str, str] = field(default_factory=dict)

    def replaced(self, expected: Any, planned: Any) -> Any:  # noqa: ANN401 (JSON)
        """Return the planned value, with the expected placeholders in place of generated ids."""
        if isinstance(expected, dict) and isinstance(planned, dict) and expected.keys() == planned.keys():
            return {key: self.replaced(expected[key], planned[key]) for key in expected}
        if isinstance(expected, list) and isinstance(planned, list) and len(expected) == len(planned):
            return [self.replaced(*both) for both in zip(expected, planned, strict=True)]
        if isinstance(expected, str) and isinstance(planned, str):
            is_name = planned == _UNKNOWN  # the name of a policy or role of this stack that does not exist yet
            return expected if is_name or planned == expected or self._matches(expected, planned) else planned
        return planned

    def _matches(self, expected: str, planned: str) -> bool:
        meanings: dict[str, str] = {}
        pattern, end = "", 0
        for place in _PLACEHOLDER.finditer(expected):
            group = f"g{len(meanings)}"
            meanings[group] = place[2] or place[3]
            account = "[0-9]{12}" if place[1] == _NOBODYS_ACCOUNT else place[1]
            shape = _ELSEWHERE.format(group, account) if account else _GENERATED.format(group)
            pattern += re.escape(expected[end : place.start()]) + shape
            end = place.end()
        match = re.fullmatch(pattern + re.escape(expected[end:]), planned)
        if not meanings or not match:
            return False
        return all(self.known.setdefault(meaning, match[group]) == match[group] for group, meaning in meanings.items())
