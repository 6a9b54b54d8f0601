"""Test the text report of a proof."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings

from access.escaping import visible
from access.prove.matrix import ASSUME, Proof
from access.prove.reports import text_report
from access.prove.reports.summary import aws_answer
from tests.support import proofs

COLOUR = re.compile(r"\033\[(\d+)m(.*?)\033\[0m")


def test_a_small_proof_in_full() -> None:
    proof = proofs.red()
    names = {principal.name for principal in proof.principals[:4]}
    actions = (ASSUME, proofs.NEIGHBOUR_ROLE, "delete an object of productionapp")
    small = replace(proof, cells=tuple(c for c in proof.cells if c.principal in names and c.action in actions))
    small = proofs.with_result(small, "member of Testers", proofs.NEIGHBOUR_ROLE, "INCONCLUSIVE", "SlowDown: later")
    assert text_report.render(small, colour=False) == (
        "2 of 10 cells are not as expected; 10 cells: 7 as expected, 2 not as expected, 1 inconclusive\n"
        "\n"
        "UpdateApp of 999999999999 (arn:aws:iam::999999999999:role/UpdateApp), on productionapp\n"
        "\n"
        "  who may assume it\n"
        "    member of Developers              ALLOW  ok                               Developers: allow\n"
        "    member of Developers, power user  ALLOW  ok                               Developers: allow\n"
        "    member of Testers                 DENY   ok                               Testers: deny;"
        " AWS: with an explicit deny in an identity-based policy\n"
        "    member of Testers, power user     ALLOW  NOT AS EXPECTED (DENY expected)  Testers: deny; it was allowed\n"
        "\n"
        "  other actions\n"
        "    assume a role whose name begins the same  ALLOW for 2, DENY for 1, INCONCLUSIVE for 1  1 INCONCLUSIVE"
        "                    sts:AssumeRole\n"
        "      member of Testers                       INCONCLUSIVE                               "
        "  DECIDES NOTHING (DENY expected)   nothing allows it; SlowDown: later\n"
        "    delete an object of productionapp         ALLOW for 1, DENY for 1                      1 NOT AS EXPECTED"
        "                 s3:DeleteObject\n"
        "      member of Developers                    DENY                                       "
        "  NOT AS EXPECTED (ALLOW expected)"
        "  access: readWrite; AccessDenied: User: arn:aws:sts::999999999999:assumed-role/UpdateApp/access-probe-0 is"
        ' not authorized to perform: s3:DeleteObject on resource: "arn:aws:s3:::productionapp/access-probe" because no'
        " identity-based policy allows the s3:DeleteObject action\n"
        "\n"
        "not tested\n"
        "  that a right MFA code admits: nobody here has a device\n"
        "  how long a session lasts: that would take an hour\n"
    )


def test_with_several_roles_who_may_assume_which_comes_first() -> None:
    proof = proofs.with_result(proofs.twins(), "member of Testers", ASSUME, "ALLOW")
    text = text_report.render(replace(proof, origin=proofs.ORIGIN), colour=False)
    other = "UpdateApp of account 888888888888"
    assert text.split("\n")[1] == proofs.ORIGIN_TEXT
    assert text.split("\n\n")[1].split("\n")[:5] == [
        "who may assume which role",
        f"  member of Developers: ALLOW: UpdateApp of account 999999999999, {other}",
        f"  member of Developers, power user: ALLOW: UpdateApp of account 999999999999, {other}",
        "  member of Testers: ALLOW, NOT AS EXPECTED (DENY expected): UpdateApp of account 999999999999",
        f"  member of Testers: DENY: {other}",
    ]
    assert "who may assume which role" not in text_report.render(proofs.sample(), colour=False)


def test_a_proof_that_holds_is_reported() -> None:
    text = text_report.render(proofs.sample(), colour=False)
    assert text.startswith(
        "Everything tested is as expected; 82 cells: 82 as expected, 0 not as expected, 0 inconclusive\n"
    )
    everything = text_report.render(replace(proofs.sample(), not_tried=()), colour=False)
    assert everything.startswith("Everything is as expected; 82 cells: ")
    assert "NOT AS EXPECTED" not in text


def test_cells_are_in_the_order_of_the_principals() -> None:
    proof = proofs.red()
    first = [cell for cell in proof.cells if cell.principal == proof.principals[0].name]
    late = replace(proof, cells=(*(cell for cell in proof.cells if cell not in first), *first))
    assert late.cells != proof.cells
    assert text_report.render(late, colour=False) == text_report.render(proof, colour=False)


def test_an_empty_proof_does_not_hold() -> None:
    text = text_report.render(replace(proofs.sample(), cells=()), colour=True)
    assert text.startswith(
        "\033[33mNothing was tested\033[0m; 0 cells: 0 as expected, 0 not as expected, 0 inconclusive\n"
    )


def test_required_but_untested_parts_are_on_the_first_line() -> None:
    proof = replace(proofs.sample(), unproved=("nobody got into UpdateApp",))
    assert not proof.holds
    first = text_report.render(proof, colour=True).splitlines()[0]
    assert first.startswith("\033[33mNobody got into UpdateApp\033[0m; 82 cells: 82 as expected")


@pytest.mark.parametrize("proof", [proofs.sample(), proofs.red(), proofs.large()])
def test_colour_adds_nothing_but_colour(proof: Proof) -> None:
    plain, coloured = text_report.render(proof, colour=False), text_report.render(proof, colour=True)
    assert "\033" not in plain
    assert COLOUR.sub(r"\2", coloured) == plain
    meant = {
        "32": r"ok|Everything",
        "31": r"NOT AS EXPECTED|not as expected",
        "33": r"NOTHING|INCONCLUSIVE|inconclusive|Nothing",
    }
    for number, text in COLOUR.findall(coloured):
        assert re.search(meant[number], text), text


@settings(derandomize=True, max_examples=100, deadline=None)
@given(proofs.proofs())
def test_control_characters_are_escaped_and_nothing_is_lost(proof: Proof) -> None:
    text = text_report.render(proof, colour=False)
    assert all(line.isprintable() for line in text.split("\n"))
    for cell in proof.cells:
        if not cell.matches:
            assert any(
                visible(cell.principal).strip() in line
                and f"({cell.expected} expected)" in line
                and visible(cell.detail).strip() in line
                for line in text.split("\n")
            )


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        (proofs.BY_A_DENY, "with an explicit deny in an identity-based policy"),
        (proofs.BY_A_DENY.partition(" with ")[0], "AccessDenied, without a reason"),
        (f"{proofs.BY_A_DENY.partition(' with ')[0]}; no control: x", "no control: x"),
        ("AccessDenied (PutObject): Access Denied", "AccessDenied (PutObject): Access Denied"),
        ("", ""),
    ],
)
def test_only_the_reason_of_aws_answer_is_kept(detail: str, said: str) -> None:
    cell = replace(proofs.sample().cells[0], expected="DENY", result="DENY", detail=detail)
    assert aws_answer(cell) == said
    assert aws_answer(replace(cell, expected="ALLOW")) == detail
