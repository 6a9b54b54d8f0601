"""Test the JSON of a proof: the output fits the schema, and the input is validated."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from access.errors import AccessError
from access.prove.matrix import Proof
from access.prove.reports import json_report
from tests.support import proofs
from tests.support.json_schemas import schemas_of
from tests.unit.conftest import REPOSITORY

SCHEMA = json.loads((REPOSITORY / "access/prove/reports/proof.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
STABLE = settings(derandomize=True, max_examples=100, deadline=None)


def document() -> Any:  # noqa: ANN401 (JSON)
    return json.loads(json_report.render(proofs.red()))


@STABLE
@given(proofs.proofs())
def test_the_output_can_be_parsed(proof: Proof) -> None:
    assert json_report.parse(json_report.render(proof)) == proof


@STABLE
@given(proofs.proofs())
def test_the_output_fits_the_schema(proof: Proof) -> None:
    VALIDATOR.validate(json.loads(json_report.render(proof)))


@pytest.mark.parametrize(
    "proof", [proofs.sample(), proofs.red(), proofs.large(), proofs.hostile(), proofs.reviewed(proofs.EXCESS)]
)
def test_the_samples_fit_the_schema(proof: Proof) -> None:
    text = json_report.render(proof)
    VALIDATOR.validate(json.loads(text))
    assert json_report.parse(text) == proof
    assert text.isascii()


def test_the_schema_is_valid_and_describes_every_field() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    described = dict(schemas_of(SCHEMA, ""))
    assert all(schema.get("description") for schema in described.values())
    written = document()
    assert set(written) == {*SCHEMA["required"], "unproved", "review", "origin"} == set(SCHEMA["properties"])
    for name in ("principals", "roles", "cells"):
        items = SCHEMA["properties"][name]["items"]
        assert all(set(items["required"]) <= set(item) == set(items["properties"]) for item in written[name])


def test_old_documents_have_no_ids() -> None:
    old = document()
    for cell in old["cells"]:
        del cell["id"], cell["target"]
    VALIDATOR.validate(old)
    cells = tuple(replace(cell, id="", target=None) for cell in proofs.red().cells)
    assert json_report.parse(json.dumps(old)) == replace(proofs.red(), cells=cells)


def test_derived_fields_are_written() -> None:
    assert json.loads(json_report.render(proofs.sample()))["holds"] is True
    red = document()
    assert red["holds"] is False
    assert [cell["matches"] for cell in red["cells"]].count(False) == 4


def test_unknown_fields_are_ignored() -> None:
    more = document()
    for holder in (more, more["principals"][0], more["roles"][0], more["cells"][0]):
        holder["somethingNew"] = {"version": 2}
    assert json_report.parse(json.dumps(more)) == proofs.red()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON (Expecting value: line 1 column 1 (char 0)); pass the output of `access prove --json`"),
        ("[" * 100_000, "not JSON ("),
        ("[]", "the document: [] is not allowed; write an object"),
        ("{}", "version is missing; pass the output of `access prove --json`"),
        ('{"version": 2}', "version: 2 is not allowed; write 1, the version that this program reads"),
        ('{"version": true}', "version: True is not allowed; write 1, the version that this program reads"),
        ('{"version": "1"}', "version: '1' is not allowed; write 1, the version that this program reads"),
        ('{"version": 1}', "started is missing; pass the output of `access prove --json`"),
    ],
)
def test_other_documents_are_rejected(text: str, message: str) -> None:
    with pytest.raises(AccessError) as refused:
        json_report.parse(text)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def changed(where: str, value: object) -> str:
    """Return the document with another value at a place such as ``cells.0.result``."""
    *way, last = [int(part) if part.isdigit() else part for part in where.split(".")]
    whole = holder = document()
    for part in way:
        holder = holder[part]
    holder[last] = value
    return json.dumps(whole)


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        (
            "started",
            "yesterday",
            "started: 'yesterday' is not allowed; write a time in UTC such as 2026-11-24T09:00:00Z",
        ),
        ("ended", "2026-11-24T09:00:00", "ended: '2026-11-24T09:00:00' is not allowed; write a time in UTC such as"),
        (
            "ended",
            "2026-11-24T09:00:00+01:00",
            "ended: '2026-11-24T09:00:00+01:00' is not allowed; write a time in UTC",
        ),
        ("ended", 1, "ended: 1 is not allowed; write a time in UTC such as 2026-11-24T09:00:00Z"),
        ("principals", {}, "principals: {} is not allowed; write a list"),
        ("principals.1", None, "principals[1]: None is not allowed; write an object"),
        ("principals.1.name", 7, "principals[1].name: 7 is not allowed; write text"),
        ("principals.1.accountId", "1", "principals[1].accountId: '1' is not allowed; write twelve digits"),
        ("principals.1.accountId", "\u0661" * 12, "principals[1].accountId: '\u0661\u0661"),
        ("principals.1.groups", "Testers", "principals[1].groups: 'Testers' is not allowed; write a list"),
        ("principals.1.groups", [None], "principals[1].groups[0]: None is not allowed; write text"),
        (
            "principals.1.name",
            "member of Developers",
            "principals[1]: 'member of Developers' is not allowed; write each",
        ),
        ("roles.0.arn", "UpdateApp", "roles[0].arn: 'UpdateApp' is not allowed; write the ARN of a role"),
        ("roles.0.buckets", None, "roles[0].buckets: None is not allowed; write a list"),
        ("cells.3.result", "MAYBE", "cells[3].result: 'MAYBE' is not allowed; write ALLOW, DENY or INCONCLUSIVE"),
        ("cells.3.result", True, "cells[3].result: True is not allowed; write ALLOW, DENY or INCONCLUSIVE"),
        ("cells.3.expected", "INCONCLUSIVE", "cells[3].expected: 'INCONCLUSIVE' is not allowed; write ALLOW or DENY"),
        ("cells.3.because", [], "cells[3].because: [] is not allowed; write text"),
        ("cells.3.detail", None, "cells[3].detail: None is not allowed; write text"),
        ("cells.3.principal", "me", "cells[3].principal: 'me' is not allowed; write the name of one of the principals"),
        ("cells.3.role", "r", "cells[3].role: 'r' is not allowed; write the ARN of one of the roles"),
        ("cells.1.action", "assume the role", "cells[1]: ('member of Developers', "),
        (
            "cells.1.id",
            "999999999999/UpdateApp|member of Developers|sts:AssumeRole",
            "cells[1]: '999999999999/UpdateApp|member of Developers|sts:AssumeRole' is not allowed; write each id once",
        ),
        ("cells.3.id", None, "cells[3].id: None is not allowed; write text"),
        ("cells.3.target", 1, "cells[3].target: 1 is not allowed; write text or null"),
        ("notTried", [1], "notTried[0]: 1 is not allowed; write text"),
        ("notTried", "a\nb" * 100, "notTried: 'a\\nba\\nb"),
    ],
)
def test_a_wrong_value_is_rejected_in_one_line(where: str, value: object, message: str) -> None:
    with pytest.raises(AccessError) as refused:
        json_report.parse(changed(where, value))
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("where", [*SCHEMA["required"], "principals.0", "roles.0", "cells.0"])
def test_a_missing_field_is_named(where: str) -> None:
    if "." not in where:
        holders = [("", document(), where)]
    else:
        name = where.partition(".")[0]
        fields = SCHEMA["properties"][name]["items"]["required"]
        holders = [(f"{name}[0].", document(), field) for field in fields]
    for prefix, whole, field in holders:
        holder = whole[prefix.partition("[")[0]][0] if prefix else whole
        del holder[field]
        if field in ("holds", "matches"):  # what follows from the rest is not read
            assert json_report.parse(json.dumps(whole)) == proofs.red()
            continue
        with pytest.raises(AccessError, match="is missing; pass") as refused:
            json_report.parse(json.dumps(whole))
        assert str(refused.value).startswith(f"{prefix}{field} is missing")
