"""Test a review in every report: readings come before cells, and exceptions and gaps are always listed."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from access.prove.matrix import Origin, Proof
from access.prove.origin import origin_of
from access.prove.reports import html_report, json_report, junit_report, markdown_report, text_report
from access.prove.reports.summary import verdict
from access.reading.values import Review
from tests.support.proof_page import page_of
from tests.support.proofs import EXCESS, KNOWN, NOT_READ, NOT_TRIED, ORIGIN, TRUST, red, reviewed, sample
from tests.support.shown_markdown import shown

LACK = replace(EXCESS, kind="lack", text="Developers can not assume UpdateApp", witness={})
UNDECIDED = replace(EXCESS, kind="undecided", text="a condition that only AWS can decide", because=())
WRONG = reviewed(EXCESS, LACK, UNDECIDED)


def as_text(proof: Proof) -> str:
    return text_report.render(proof, colour=False)


def test_a_review_decides_with_the_cells() -> None:
    assert reviewed().holds
    assert not reviewed(EXCESS).holds
    assert not reviewed(UNDECIDED).holds
    assert not replace(reviewed(), cells=red().cells).holds
    assert not replace(sample(), review=Review(())).holds, "nothing was read"
    assert replace(reviewed(), cells=()).holds, "what is read alone"


@pytest.mark.parametrize(
    ("proof", "first"),
    [
        (reviewed(), "Everything read and tested is as expected"),
        (replace(reviewed(), cells=()), "Everything read is as expected"),
        (WRONG, "1 of 2 readings are not as declared"),
        (
            replace(WRONG, cells=red().cells),
            "1 of 2 readings are not as declared; 2 of 82 cells are not as expected",
        ),
        (replace(sample(), review=Review(())), "Nothing was read"),
    ],
)
def test_the_first_line_is_the_verdict(proof: Proof, first: str) -> None:
    assert verdict(proof) == first
    assert as_text(proof).startswith(f"{first}; {len(proof.review.readings) if proof.review else 0} readings: ")
    assert page_of(proof).all(class_="verdict")[0].text.endswith(first)
    assert bool(page_of(proof).all(class_="holds")) == proof.holds


def test_a_review_is_in_the_text() -> None:
    text = as_text(WRONG)
    assert text.split("\n\n")[1] == (
        "not as declared\n"
        "  role UpdateApp of 999999999999: what it allows\n"
        "    EXCESS  UpdateApp may also do iam:PutRolePolicy on *\n"
        "      allowed by statement X of inline policy Y\n"
        "      e.g. action: iam:PutRolePolicy; resource: arn:aws:iam::999999999999:role/UpdateApp\n"
        "    LACK  Developers can not assume UpdateApp\n"
        "      allowed by statement X of inline policy Y\n"
        "    UNDECIDED  a condition that only AWS can decide\n"
        "      e.g. action: iam:PutRolePolicy; resource: arn:aws:iam::999999999999:role/UpdateApp"
    )
    assert (
        "known exceptions\n"
        "  arn:aws:iam::999999999999:role/Administrator: the platform team, until 2027-01-01T00:00:00Z; applies to"
        " arn:aws:iam::999999999999:role/Administrator\n"
        "\n"
        "not read\n"
        "  service control policies\n"
        "\n"
        "not tested\n"
    ) in text


def test_a_review_is_in_markdown() -> None:
    page = shown(markdown_report.render(WRONG))
    assert page.headings[:2] == ["❌ Who can do what: 1 of 2 readings are not as declared", "Not as declared"]
    assert [row[1:3] for row in page.tables[0][1:]] == [[it.kind, it.text] for it in (EXCESS, LACK, UNDECIDED)]
    assert page.headings[-3:] == ["Known exceptions", "Not read", "Not tested"]


def test_a_review_is_on_the_page() -> None:
    page = page_of(WRONG)
    (listed,) = page.all(class_="mismatches")
    assert [item.all("strong")[0].text for item in listed.all("li")] == [it.text for it in (EXCESS, LACK, UNDECIDED)]
    assert [item.attributes["class"] for item in listed.all("li")] == ["wrong", "wrong", "inconclusive"]
    headings = [heading.text for heading in page.all("h2")]
    assert headings[0] == "Not as declared"
    assert {"Known exceptions", "Not read"} <= set(headings)


def test_a_review_is_in_junit() -> None:
    root = ElementTree.fromstring(junit_report.render(WRONG))  # noqa: S314 (it is ours)
    suites = {suite.get("name"): suite for suite in root}
    first = next(iter(root))
    assert (first.get("name"), first.get("tests"), first.get("failures")) == ("readings of 999999999999", "2", "1")
    assert EXCESS.text in (first[1][0].text or "")
    for name in ("known exceptions", "not read"):
        assert (suites[name].get("tests"), suites[name].get("skipped")) == ("1", "1")
    undecided = ElementTree.fromstring(junit_report.render(reviewed(UNDECIDED)))  # noqa: S314
    assert (undecided.get("failures"), undecided.get("errors")) == ("0", "1")


@pytest.mark.parametrize(
    "render", [as_text, markdown_report.render, html_report.render, junit_report.render, json_report.render]
)
def test_exceptions_and_unread_parts_are_in_every_report(render: Callable[[Proof], str]) -> None:
    text = render(reviewed())
    for part in (KNOWN.pattern, KNOWN.reason, str(KNOWN.until), NOT_READ):
        assert part in text


@pytest.mark.parametrize(
    "render", [as_text, markdown_report.render, html_report.render, junit_report.render, json_report.render]
)
@pytest.mark.parametrize("has_changes", [True, False])
def test_every_report_names_its_stacks_and_commit(render: Callable[[Proof], str], has_changes: bool) -> None:
    text = render(replace(sample(), origin=replace(ORIGIN, has_changes=has_changes)))
    for part in ("production", "999999999999", "development", "222222222222", ORIGIN.commit):
        assert part in text
    if render is not json_report.render:
        assert ("with uncommitted changes" in text) == has_changes
    assert all(line in text for line in NOT_TRIED)


def test_the_commit_is_that_of_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert origin_of([]) == Origin((), "", has_changes=False)

    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
        return subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, text=True).stdout.strip()  # noqa: S607

    git("init", "-q")
    assert origin_of([]).commit == "", "nothing is committed yet"
    (tmp_path / "file").write_text("one")
    git("add", "file")
    git("commit", "-q", "-m", "one")
    assert origin_of([]) == Origin((), git("rev-parse", "HEAD"), has_changes=False)
    (tmp_path / "another").write_text("not known to git")
    assert not origin_of([]).has_changes
    (tmp_path / "file").write_text("two")
    assert origin_of([]).has_changes
    monkeypatch.setenv("PATH", str(tmp_path))
    assert origin_of([]).commit == ""


def test_correct_readings_are_no_findings() -> None:
    proof = replace(sample(), review=Review((TRUST,)))
    assert "not as declared" not in as_text(proof).partition("\n")[2]
    assert page_of(proof).all(class_="mismatches") == []
