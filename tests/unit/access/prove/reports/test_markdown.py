"""Test the Markdown of a proof with GitHub's own renderer."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings

from access.escaping import code_for_markdown, for_markdown
from access.prove.echoes import causes
from access.prove.matrix import Proof, ProvedRole
from access.prove.reports import markdown_report
from tests.support import proofs
from tests.support.shown_markdown import literal, read, shown

STABLE = settings(derandomize=True, max_examples=200, deadline=None)


def test_the_order_is_verdict_mismatches_matrix_and_untested_parts() -> None:
    page = shown(markdown_report.render(proofs.red()))
    assert page.headings == [
        "❌ Who can do what: 2 of 82 cells are not as expected",
        "Not as expected",
        "UpdateApp",
        "Not tested",
    ]
    wrong, assumed, actions = page.tables
    assert [row[:2] + row[3:5] for row in wrong[1:]] == [
        ["member of Developers", "delete an object of productionapp", "DENY", "ALLOW"],
        ["member of Testers, power user", "assume the role", "ALLOW", "DENY"],
        [
            "member of Developers, power user",
            "list a bucket whose name begins with productionapp",
            "INCONCLUSIVE",
            "DENY",
        ],
        ["administrator of 222222222222, another account", "assume the role", "INCONCLUSIVE", "DENY"],
    ]
    by_a_deny = "with an explicit deny in an identity-based policy"
    assert ["member of Testers", "111111111111", "DENY", "ok", "Testers: deny", by_a_deny] in assumed
    assert [
        "member of Testers, power user",
        "111111111111",
        "ALLOW",
        "NOT AS EXPECTED (DENY expected)",
        "Testers: deny",
        "it was allowed",
    ] in assumed
    assert ["list productionapp", "s3:ListBucket", "all 4", "", "ok", "access: readWrite", ""] in actions
    assert [
        "delete an object of productionapp",
        "s3:DeleteObject",
        "member of Developers, power user\npower user of 111111111111 in no group\nadministrator of 111111111111",
        "member of Developers",
        "1 NOT AS EXPECTED",
        "access: readWrite",
        "",
    ] in actions
    assert page.folded == ["Who may assume it (9)", "Other actions (17)"]
    assert page.items == list(proofs.NOT_TRIED)


def test_a_proof_that_holds_has_no_mismatches() -> None:
    page = shown(markdown_report.render(proofs.sample()))
    assert page.headings == [
        "✅ Who can do what: everything tested is as expected",
        "UpdateApp",
        "Not tested",
    ]
    assert len(page.tables) == 2


@STABLE
@given(proofs.texts)
def test_external_text_is_shown_literally(text: str) -> None:
    for escaped in (for_markdown(text), code_for_markdown(text)):
        page = shown(f"| a |\n| --- |\n| {escaped} |\n\n- {escaped}\n\n## {escaped}\n")
        assert [read(cell) for cell in page.tables[0][1]] == [literal(text)]
        assert [read(item) for item in page.items] == [literal(text)]
        assert page.tags <= {"table", "thead", "tbody", "tr", "th", "td", "ul", "li", "h2", "code"}


@pytest.mark.parametrize("text", proofs.HOSTILE)
def test_hostile_text_is_shown_literally(text: str) -> None:
    test_external_text_is_shown_literally.hypothesis.inner_test(text)  # type: ignore[attr-defined]
    assert not re.search(r"@\w", for_markdown(text))


def test_hostile_text_adds_no_elements() -> None:
    page = shown(markdown_report.render(proofs.hostile()))
    assert page.tags == shown(markdown_report.render(proofs.red())).tags - {"code"} | {"code"}
    assert all(len(row) == len(table[0]) for table in page.tables for row in table)


def test_a_long_proof_fits_into_a_comment_and_names_omissions() -> None:
    large = proofs.large()
    arns = [f"{proofs.ROLE}{number}" for number in range(8)]
    roles = tuple(ProvedRole(arn, large.roles[0].buckets) for arn in arns)
    cells = tuple(replace(cell, role=arn, result="INCONCLUSIVE") for arn in arns for cell in large.cells)
    proof = Proof(large.started, large.ended, large.principals, roles, cells, ("a thing",))
    text = markdown_report.render(proof)
    assert len(text) <= markdown_report.MAX_CHARACTERS
    page = shown(text)
    wrong = sum(not cell.matches for cell in cells) - len(causes(proof))
    assert len(page.tables[0]) == 1 + 50
    assert f"… and {wrong - 50} more." in text
    left_out = re.search(r"The tables of (\d) roles are left out", text)
    assert left_out
    assert int(left_out[1]) + sum(heading.startswith("UpdateApp") for heading in page.headings) == 8
    assert page.items == ["a thing"]


def test_fifty_principals_and_twenty_roles_fit_into_a_comment_the_matrix_first() -> None:
    proof = proofs.many()
    text = markdown_report.render(proof)
    assert len(text) <= markdown_report.MAX_CHARACTERS
    assert len(text.encode()) <= 2**20, "a job's summary"
    page = shown(text)
    assert page.headings[1:3] == ["Not as expected", "Who may assume which role"]
    matrix = page.tables[1]
    assert (len(matrix), {len(row) for row in matrix}) == (1 + 50, {1 + 20})
    assert matrix[1][1] == "ALLOW"
    assert [row[4] for row in matrix[1:]].count("ALLOW, DENY expected") == 16
    assert re.search(r"The tables of \d+ roles are left out", text)
    assert page.items == list(proofs.NOT_TRIED)


@pytest.mark.parametrize("long", ["x" * 70_000, "|" * 40_000, "é" * 70_000])
def test_no_long_text_makes_a_comment_too_long(long: str) -> None:
    proof = proofs.reviewed(replace(proofs.EXCESS, text=long), replace(proofs.EXCESS, because=(long,)))
    cells = tuple(replace(cell, detail=long, result="INCONCLUSIVE") for cell in proof.cells)
    origin = replace(proofs.ORIGIN, stacks=((long, "999999999999"),))
    proof = replace(proof, cells=cells, not_tried=(long, "short"), unproved=(long,), origin=origin)
    text = markdown_report.render(proof)
    assert len(text) <= markdown_report.MAX_CHARACTERS
    assert "… and 2 more." in text


def test_fifty_principals_and_twenty_actions_are_all_shown() -> None:
    proof = proofs.large()
    text = markdown_report.render(proof)
    assert len(text) <= markdown_report.MAX_CHARACTERS
    assert "left out" not in text
