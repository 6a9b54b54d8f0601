"""Test the HTML page of a proof with a parser; tests/browser tests it in a browser."""

import base64
import hashlib
import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings

from access.escaping import visible
from access.prove.echoes import causes
from access.prove.matrix import ASSUME, Proof
from access.prove.reports import html_report
from access.prove.reports.summary import by_role, outcome
from access.prove.reports.targets import targets
from access.prove.reports.wrapping import wrapped
from tests.support import proofs
from tests.support.proof_page import page_of

STABLE = settings(derandomize=True, max_examples=60, deadline=None)
ALLOWED_ATTRIBUTES = re.compile(r"aria-\w+|class|id|role|lang|href|scope|tabindex|charset|http-equiv|content|name")
PAGE = set(
    re.findall(
        r"\w+",
        "html head meta style body header main footer section nav h1 h2 h3 p dl dt dd div span a strong small ul ol li"
        " table caption thead tbody tr th td code figure details summary",
    )
)
DRAWING = {"svg", "title", "desc", "g", "rect", "path", "text"}


@pytest.mark.parametrize("proof", [proofs.sample(), proofs.red(), proofs.large(), proofs.hostile()])
def test_the_page_has_known_elements_and_loads_nothing(proof: Proof) -> None:
    page = page_of(proof)
    drawn = {element.tag for svg in page.all("svg") for element in (svg, *svg.walk())}
    assert drawn <= DRAWING
    tags = {element.tag for element in page.walk()} - DRAWING
    assert tags <= PAGE
    for element in page.walk():
        assert element.attributes.get("href", "#").startswith("#")
        if element.tag not in DRAWING:
            assert all(ALLOWED_ATTRIBUTES.fullmatch(name) for name in element.attributes), element.attributes
        else:
            assert not any(name.startswith("on") or name == "style" for name in element.attributes)


def test_the_content_security_policy_allows_only_its_own_style() -> None:
    page = page_of(proofs.sample())
    (style,) = page.all("style")
    allowed = base64.b64encode(hashlib.sha256(style.text.encode()).digest()).decode()
    (policy,) = (
        meta.attributes["content"]
        for meta in page.all("meta")
        if meta.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy == f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    assert not re.search(r"url\(|@import|https?:", style.text)


@STABLE
@given(proofs.proofs())
def test_every_link_has_a_target(proof: Proof) -> None:
    page = page_of(proof)
    html_report.render(proof).encode()
    ids = [element.attributes["id"] for element in page.walk() if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    for element in page.walk():
        for name in ("href", "aria-labelledby", "aria-describedby"):
            if name in element.attributes:
                assert element.attributes[name].removeprefix("#") in ids
    levels = [int(element.tag[1]) for element in page.walk() if re.fullmatch("h[1-6]", element.tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert levels.count(1) == 1


@STABLE
@given(proofs.proofs())
def test_every_cell_is_in_a_table_and_mismatches_are_explained(proof: Proof) -> None:
    page = page_of(proof)
    chips = [chip.text for table in page.all("table") for chip in table.all(class_="chip")]
    twice = [cell for cell in proof.cells if cell.action == ASSUME] if len(proof.roles) > 1 else []
    assert len(chips) == len(proof.cells) + len(twice)
    explained = [item for of in page.all(class_="mismatches") for item in of.all("li") if "id" in item.attributes]
    causing = causes(proof)
    wrong = [cell for of in by_role(proof) for cell in of.cells if not cell.matches]
    wrong.sort(key=lambda cell: cell in causing)
    assert len(explained) == len(wrong)
    for item, cell in zip(explained, wrong, strict=True):
        for text in (cell.principal, cell.action, cell.operation, cell.because, cell.detail):
            assert visible(text) in item.text
        assert item.text.startswith(
            f"{'?' if cell.result == 'INCONCLUSIVE' else '✗'} {cell.result} {cell.expected} exp"
        )


def test_the_matrix_has_actions_as_rows_and_principals_as_columns() -> None:
    proof = proofs.red()
    people, matrix = page_of(proof).all("table")
    for table in (people, matrix):
        (caption,) = table.all("caption")
        assert caption.text
        assert all(th.attributes["scope"] in ("row", "col") for th in table.all("th"))
    assert [row.all("th")[0].text for row in people.all("tbody")[0].all("tr")] == [p.name for p in proof.principals]
    (columns,) = matrix.all("thead")
    assert [th.text for th in columns.all("th")] == [
        "Action",
        *(principal.name for principal in proof.principals),
        "Expected because",
        "AWS's answer",
    ]
    rows = {row.all("th")[0].children[0]: row.all("td") for row in matrix.all("tbody")[0].all("tr")}
    assert [td.text for td in rows["delete an object of productionapp"]] == [
        "✗ DENY ALLOW expected",
        "✓ ALLOW",
        *["not tested"] * 4,
        "✓ ALLOW",
        "✓ ALLOW",
        "not tested",
        "access: readWrite",
        "",
    ]
    (link,) = (a for a in matrix.all("a") if "DENY ALLOW" in a.text)
    (explained,) = (li for li in page_of(proof).all("li") if f"#{li.attributes.get('id')}" == link.attributes["href"])
    assert "is not authorized to perform: s3:DeleteObject" in explained.text


def test_with_several_roles_the_matrix_of_roles_comes_first() -> None:
    proof = proofs.with_result(proofs.twins(), "member of Testers", ASSUME, "ALLOW")
    page = page_of(proof)
    first = page.all("table")[0]
    assert first.all("caption")[0].text == "Who may assume which role"
    assert [th.text for th in first.all("th")[:3]] == [
        "Principal",
        "UpdateApp of account 999999999999",
        "UpdateApp of account 888888888888",
    ]
    rows = {row.all("th")[0].text: [td.text for td in row.all("td")] for row in first.all("tbody")[0].all("tr")}
    assert list(rows) == [principal.name for principal in proof.principals]
    assert rows["member of Testers"] == ["✗ ALLOW DENY expected", "⊘ DENY"]
    assert "Who may assume which role" not in page_of(proofs.sample()).text


def test_the_verdict_is_first_and_in_the_title() -> None:
    for proof, verdict in (
        (proofs.sample(), "Everything tested is as expected"),
        (replace(proofs.sample(), not_tried=()), "Everything is as expected"),
        (replace(proofs.sample(), unproved=("nobody got into it",)), "Nobody got into it"),
        (proofs.red(), "2 of 82 cells are not as expected"),
        (replace(proofs.sample(), cells=()), "Nothing was tested"),
    ):
        page = page_of(proof)
        assert page.all("title")[0].text == f"{verdict} - Who can do what"
        assert page.all(class_="verdict")[0].text.endswith(verdict)
        assert bool(page.all(class_="holds")) == proof.holds


@pytest.mark.parametrize("proof", [proofs.sample(), proofs.red(), proofs.large()])
def test_the_picture_has_an_edge_for_each_principal_and_a_description(proof: Proof) -> None:
    (svg,) = page_of(proof).all("svg")
    assert svg.attributes["role"] == "img"
    edges = svg.all("g", class_="edge")
    (of,) = by_role(proof)
    by_title = {edge.all("title")[0].text: edge for edge in edges}
    for cell in of.assumed.values():
        (edge,) = (edge for title, edge in by_title.items() if title.startswith(f"{cell.principal}: {cell.result}, "))
        classes = edge.attributes["class"].split()
        assert classes == ["edge", cell.result.lower(), *(["wrong"] if outcome(cell) == "not as expected" else [])]
        assert bool(edge.all(class_="head")) == (cell.result == "ALLOW")
        assert bool(edge.all(class_="bar")) == (cell.result == "DENY")
        labels = [label.text for label in edge.all(class_="label")]
        assert labels[0] == cell.result
        assert bool(labels[1:]) != cell.matches
    led_to = [(target, result) for target in targets(of) for result in {cell.result for cell in target.cells}]
    assert len(edges) == len(of.assumed) + len(led_to)
    for target, result in led_to:
        assert any(title.startswith(f"{target.name}: {result}: ") for title in by_title)
    assert all(principal.account_id in svg.text for principal in proof.principals)


def test_an_unexpected_edge_to_a_bucket_is_highlighted() -> None:
    (svg,) = page_of(proofs.red()).all("svg")
    wrong = {edge.all("title")[0].text.split(":")[0]: edge for edge in svg.all("g", class_="wrong")}
    assert set(wrong) == {"productionapp", "member of Testers, power user"}
    assert [label.text for label in wrong["productionapp"].all(class_="label")] == [
        "DENY",
        "5 actions",
        "1 not as expected",
    ]


def test_the_picture_is_described_as_text() -> None:
    proof = proofs.red()
    (words,) = page_of(proof).all("details")
    text = words.text
    for cell in proof.cells:
        assert cell.principal in text if cell.action == ASSUME else cell.action in text
    assert "member of Testers, power user (account 111111111111, in Testers): ALLOW, NOT AS EXPECTED" in text


def test_actions_are_grouped_by_their_bucket() -> None:
    (of,) = by_role(proofs.sample())
    buckets = ("app", "app-2")
    names = {
        "list app": "app",
        "write an object of app": "app-2",
        "read the role app": None,
        "list a bucket whose name begins with app": None,
    }
    cells = tuple(
        replace(proofs.sample().cells[0], action=action, id=action, target=target) for action, target in names.items()
    )
    proof = replace(proofs.sample(), cells=cells, roles=(replace(of.role, buckets=buckets),))
    assert {
        action: target.name if target.is_bucket else None
        for target in targets(by_role(proof)[0])
        for action in target.actions
    } == names
    assert [target.name for target in targets(by_role(replace(proof, cells=()))[0])] == list(buckets)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("member of Testers", ["member of", "Testers"]),
        ("productionapp", ["production", "app"]),
        ("a-b-c-d-e-f-g", ["a-b-c-d-e-", "f-g"]),
        ("one two three four five", ["one two", "three fou…"]),
        ("漢字漢字漢字", ["漢字漢字漢", "字"]),
        ("x" * 10_000, ["x" * 10, "x" * 9 + "…"]),
        ("\x1b[0m", ["\\x1b[0m"]),
    ],
)
def test_text_in_the_picture_is_wrapped_and_cut(text: str, lines: list[str]) -> None:
    assert wrapped(text, 10, 2) == lines
