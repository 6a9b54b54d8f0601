"""Test which wrong cells follow from others, and how the first line reports them."""

import json
from dataclasses import replace

import pytest

from access.prove.echoes import causes
from access.prove.matrix import ASSUME, Proof, Result
from access.prove.reports import html_report, json_report, junit_report, markdown_report, text_report
from access.prove.reports.summary import verdict
from tests.support import proofs
from tests.support.proofs import BUCKET, sample, with_result

DEVELOPER = "member of Developers"
LIST, TAG = f"list {BUCKET}", f"list the versions of {BUCKET}"


def with_results(action: str, result: Result, proof: Proof | None = None, detail: str = "") -> Proof:
    """Return the proof with another result of an action for all principals."""
    proof = proof or sample()
    cells = tuple(replace(it, result=result, detail=detail) if it.action == action else it for it in proof.cells)
    return replace(proof, cells=cells)


def folded(proof: Proof) -> set[tuple[str, str, str, str]]:
    return {(it.principal, it.action, cause.principal, cause.action) for it, cause in causes(proof).items()}


def test_a_proof_without_wrong_cells_has_no_echoes() -> None:
    assert causes(sample()) == {}


@pytest.mark.parametrize(("action", "result"), [(LIST, "DENY"), (TAG, "ALLOW")])
def test_a_wrong_right_of_a_role_is_one_cause(action: str, result: Result) -> None:
    proof = with_results(action, result)
    others = {it.principal for it in proof.cells if it.action == action} - {DEVELOPER}
    assert folded(proof) == {(principal, action, DEVELOPER, action) for principal in others}
    assert verdict(proof) == "1 wrong, 3 echoes of it, of 82 cells"


def test_different_actions_are_different_causes() -> None:
    proof = with_results(TAG, "ALLOW", with_results(LIST, "DENY"))
    assert verdict(proof) == "2 wrong, 6 echoes of them, of 82 cells"


def test_assuming_a_role_unexpectedly_is_never_an_echo() -> None:
    proof = sample()
    for cell in proof.cells:
        if cell.action == ASSUME and cell.expected == "DENY":
            proof = with_result(proof, cell.principal, ASSUME, "ALLOW")
    assert causes(proof) == {}
    assert verdict(proof) == "5 of 82 cells are not as expected"


def test_a_trust_policy_that_admits_nobody_is_one_cause() -> None:
    closed = replace(
        sample(),
        cells=tuple(
            replace(cell, result="DENY") for cell in sample().cells if cell.action in (ASSUME, proofs.NEIGHBOUR_ROLE)
        ),
    )
    closed = replace(closed, cells=tuple(it for it in closed.cells if it.action == ASSUME))
    assert {cause[2] for cause in folded(closed)} == {DEVELOPER}
    assert verdict(closed) == "1 wrong, 3 echoes of it, of 9 cells"
    # If one principal of the account can assume the role, the others have other causes.
    one_in = with_result(closed, "power user of 111111111111 in no group", ASSUME, "ALLOW")
    assert causes(one_in) == {}
    # Principals of one account say nothing about those of another.
    moved = tuple(replace(it, account_id="333333333333") if it.name == DEVELOPER else it for it in closed.principals)
    assert verdict(replace(closed, principals=moved)) == "2 wrong, 2 echoes of them, of 9 cells"


def test_a_session_without_rights_in_s3_is_one_cause() -> None:
    cells = tuple(
        replace(it, result="DENY" if it.expected == "ALLOW" else "INCONCLUSIVE", detail=f"why {it.action}")
        if it.operation.startswith("s3:")
        else it
        for it in sample().cells
    )
    proof = replace(sample(), cells=cells)
    first = "list the names of all buckets of 999999999999"
    assert {cause[2:] for cause in folded(proof)} == {(DEVELOPER, first)}
    assert len(causes(proof)) == 4 * 14 - 1


def test_a_service_that_does_not_know_a_user_is_one_cause() -> None:
    name = "member of Testers"
    proof = sample()
    for cell in sample().cells:
        if cell.principal == name:
            proof = with_result(proof, name, cell.action, "INCONCLUSIVE", "no control: sts does not know")
    assert folded(proof) == {(name, proofs.NEIGHBOUR_ROLE, name, ASSUME)}
    assert verdict(proof) == "1 undecided, 1 echo of it, of 82 cells"


def test_every_report_names_the_cause_of_an_echo() -> None:
    proof = with_results(LIST, "DENY")
    echo = f"echo of {DEVELOPER}: {LIST}"
    assert text_report.render(proof, colour=False).startswith("1 wrong, 3 echoes of it, of 82 cells; 82 cells: ")
    for render in (html_report.render, junit_report.render, lambda it: text_report.render(it, colour=False)):
        assert render(proof).count(echo) == 3
    markdown = markdown_report.render(proof)
    assert "Echoes of these, not listed: 3." in markdown
    assert markdown.count(f"| {LIST} | `UpdateApp` |") == 1
    cells = json.loads(json_report.render(proof))["cells"]
    (cause,) = (it["id"] for it in cells if not it["matches"] and it["echoOf"] is None)
    assert [it["echoOf"] for it in cells if it["echoOf"]] == [cause] * 3
