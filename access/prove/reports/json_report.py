"""Write and parse a proof as JSON, for other programs and ``access diff``, according to ``proof.schema.json``."""

import json
import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar, get_args

from ...errors import AccessError
from ...iam.patterns import Value
from ...known_principals import KnownPrincipal
from ...reading.values import Finding, Kind, Reading, Review
from ..echoes import causes
from ..matrix import Cell, Expected, Origin, Principal, Proof, ProvedRole, Result

VERSION: Literal[1] = 1
"""The schema's version. It changes if a field is removed or changes its meaning, not if one is added."""

_ACCOUNT = re.compile("[0-9]{12}")
_ROLE = re.compile("arn:[^:]+:iam::[0-9]{12}:role/.+", re.DOTALL)

Word = TypeVar("Word", bound=str)


def render(proof: Proof) -> str:
    """Return the proof as JSON."""
    causing = causes(proof)
    document = {
        "version": VERSION,
        "started": _format_time(proof.started),
        "ended": _format_time(proof.ended),
        "holds": proof.holds,
        "principals": [
            {"name": principal.name, "accountId": principal.account_id, "groups": principal.groups}
            for principal in proof.principals
        ],
        "roles": [{"arn": role.arn, "buckets": role.buckets} for role in proof.roles],
        "cells": [
            {
                "principal": cell.principal,
                "role": cell.role,
                "action": cell.action,
                "operation": cell.operation,
                "expected": cell.expected,
                "because": cell.because,
                "result": cell.result,
                "matches": cell.matches,
                "detail": cell.detail,
                "id": cell.id,
                "target": cell.target,
                "echoOf": causing[cell].id if cell in causing else None,
            }
            for cell in proof.cells
        ],
        "notTried": proof.not_tried,
        "unproved": proof.unproved,
        "origin": {
            "stacks": [{"name": name, "accountId": account_id} for name, account_id in proof.origin.stacks],
            "commit": proof.origin.commit,
            "hasChanges": proof.origin.has_changes,
        }
        if proof.origin
        else None,
        "review": _review_document(proof.review) if proof.review else None,
    }
    return json.dumps(document, indent=2) + "\n"


def _review_document(review: Review) -> dict[str, object]:
    return {
        "holds": review.holds,
        "readings": [
            {
                "id": reading.id,
                "accountId": reading.account_id,
                "subject": reading.subject,
                "what": reading.question,
                "holds": reading.holds,
                "findings": [
                    {
                        "kind": finding.kind,
                        "text": finding.text,
                        "because": finding.because,
                        "witness": dict(finding.witness),
                    }
                    for finding in reading.findings
                ],
            }
            for reading in review.readings
        ],
        "known": [
            {"pattern": known.pattern, "reason": known.reason, "until": known.until, "matched": known.matched}
            for known in review.known
        ],
        "notRead": review.not_read,
    }


def parse(text: str) -> Proof:
    """Return the proof of a JSON document. Unknown fields are ignored.

    Raises:
        AccessError: it is not a proof, or has another version.
    """
    try:
        document = _Value("the document", json.loads(text))
    except (ValueError, RecursionError) as error:
        raise AccessError(f"not JSON ({error}); pass the output of `access prove --json`") from None
    version = document.field("version")
    if type(version.value) is not int or version.value != VERSION:  # true is equal to 1
        raise version.error(f"{VERSION}, the version that this program reads")
    proof = Proof(
        started=document.field("started").moment(),
        ended=document.field("ended").moment(),
        principals=tuple(_principal(value) for value in document.field("principals").items()),
        roles=tuple(_role(value) for value in document.field("roles").items()),
        cells=tuple(_cell(value) for value in document.field("cells").items()),
        not_tried=document.field("notTried").texts(),
        unproved=document.field("unproved").texts() if document.has("unproved") else (),
        origin=_origin(document.field("origin")) if document.has("origin") else None,
        review=_review(document.field("review")) if document.has("review") else None,
    )
    _check_names(proof)
    return proof


@dataclass(frozen=True)
class _Value:
    """A value of the document, with its place."""

    where: str
    value: object

    def error(self, allowed: str) -> AccessError:
        shown = repr(self.value)
        return AccessError(
            f"{self.where}: {shown if len(shown) <= 60 else shown[:57] + '...'} is not allowed; write {allowed}"
        )

    def field(self, name: str) -> "_Value":
        if not isinstance(self.value, dict):
            raise self.error("an object")
        where = name if self.where == "the document" else f"{self.where}.{name}"
        if name not in self.value:
            raise AccessError(f"{where} is missing; pass the output of `access prove --json`")
        return _Value(where, self.value[name])

    def has(self, name: str) -> bool:
        return isinstance(self.value, dict) and name in self.value

    def items(self) -> "list[_Value]":
        if not isinstance(self.value, list):
            raise self.error("a list")
        return [_Value(f"{self.where}[{index}]", value) for index, value in enumerate(self.value)]

    def text(self, pattern: re.Pattern[str] | None = None, allowed: str = "text") -> str:
        if not isinstance(self.value, str) or (pattern and not pattern.fullmatch(self.value)):
            raise self.error(allowed)
        return self.value

    def text_or_none(self) -> str | None:
        return None if self.value is None else self.text(allowed="text or null")

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.error("true or false")
        return self.value

    def text_or_texts(self) -> Value:
        return self.texts() if isinstance(self.value, list) else self.text_or_none()

    def entries(self) -> "list[tuple[str, _Value]]":
        if not isinstance(self.value, dict):
            raise self.error("an object")
        return [(str(name), _Value(f"{self.where}.{name}", value)) for name, value in self.value.items()]

    def texts(self) -> tuple[str, ...]:
        return tuple(value.text() for value in self.items())

    def word(self, words: Sequence[Word]) -> Word:
        for word in words:
            if word == self.value:
                return word
        raise self.error(f"{', '.join(words[:-1])} or {words[-1]}")

    def moment(self) -> datetime:
        allowed = "a time in UTC such as 2026-11-24T09:00:00Z"
        try:
            moment = datetime.fromisoformat(self.text(allowed=allowed))
        except ValueError:
            raise self.error(allowed) from None
        if moment.utcoffset() != timedelta(0):
            raise self.error(allowed)
        return moment.replace(tzinfo=UTC)


def _principal(value: _Value) -> Principal:
    return Principal(
        name=value.field("name").text(),
        account_id=value.field("accountId").text(_ACCOUNT, "twelve digits"),
        groups=value.field("groups").texts(),
    )


def _role(value: _Value) -> ProvedRole:
    return ProvedRole(
        arn=value.field("arn").text(_ROLE, "the ARN of a role"),
        buckets=value.field("buckets").texts(),
    )


def _cell(value: _Value) -> Cell:
    return Cell(
        principal=value.field("principal").text(),
        role=value.field("role").text(),
        action=value.field("action").text(),
        operation=value.field("operation").text(),
        expected=value.field("expected").word(get_args(Expected)),
        because=value.field("because").text(),
        result=value.field("result").word(get_args(Result)),
        detail=value.field("detail").text(),
        id=value.field("id").text() if value.has("id") else "",
        target=value.field("target").text_or_none() if value.has("target") else None,
    )


def _origin(value: _Value) -> Origin | None:
    if value.value is None:
        return None
    stacks = [
        (stack.field("name").text(), stack.field("accountId").text(_ACCOUNT, "twelve digits"))
        for stack in value.field("stacks").items()
    ]
    return Origin(tuple(stacks), value.field("commit").text(), value.field("hasChanges").flag())


def _review(value: _Value) -> Review | None:
    if value.value is None:
        return None
    return Review(
        readings=tuple(_reading(reading) for reading in value.field("readings").items()),
        known=tuple(_known(known) for known in value.field("known").items()),
        not_read=value.field("notRead").texts(),
    )


def _reading(value: _Value) -> Reading:
    return Reading(
        id=value.field("id").text(),
        account_id=value.field("accountId").text(_ACCOUNT, "twelve digits"),
        subject=value.field("subject").text(),
        question=value.field("what").text(),
        findings=tuple(_finding(finding) for finding in value.field("findings").items()),
    )


def _finding(value: _Value) -> Finding:
    return Finding(
        kind=value.field("kind").word(get_args(Kind)),
        text=value.field("text").text(),
        because=value.field("because").texts(),
        witness={name: item.text_or_texts() for name, item in value.field("witness").entries()},
    )


def _known(value: _Value) -> KnownPrincipal:
    return KnownPrincipal(
        pattern=value.field("pattern").text(),
        reason=value.field("reason").text(),
        until=value.field("until").text_or_none(),
        matched=value.field("matched").texts(),
    )


def _check_names(proof: Proof) -> None:
    """Check that names are unique, and that each reference exists."""
    names, arns = [principal.name for principal in proof.principals], [role.arn for role in proof.roles]
    _check_unique("principals", "name", names)
    _check_unique("roles", "arn", arns)
    _check_unique("cells", "cell", [(cell.principal, cell.role, cell.action) for cell in proof.cells])
    _check_unique("readings", "id", [reading.id for reading in (proof.review.readings if proof.review else ())])
    _check_unique("cells", "id", [cell.id or index for index, cell in enumerate(proof.cells)])
    known_names, known_arns = set(names), set(arns)
    for index, cell in enumerate(proof.cells):
        if cell.principal not in known_names:
            raise _Value(f"cells[{index}].principal", cell.principal).error("the name of one of the principals")
        if cell.role not in known_arns:
            raise _Value(f"cells[{index}].role", cell.role).error("the ARN of one of the roles")


def _check_unique(where: str, kind: str, values: Iterable[Hashable]) -> None:
    seen = set()
    for index, value in enumerate(values):
        if value in seen:
            raise _Value(f"{where}[{index}]", value).error(f"each {kind} once")
        seen.add(value)


def _format_time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
