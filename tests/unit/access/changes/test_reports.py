"""Changes as text, Markdown and JSON, and the command that writes them."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from access.__main__ import main
from access.changes import json_report, markdown_report, text_report
from access.changes.values import NOT_CONSIDERED, Change, Changes, Open
from tests.support.changed_states import changes
from tests.support.json_schemas import schemas_of
from tests.support.rendered import ROLE, State, group, role, state
from tests.support.shown_markdown import shown
from tests.unit.conftest import REPOSITORY

SCHEMA = json.loads((REPOSITORY / "access/changes/changes.schema.json").read_text())
TESTERS_LET_IN = state(grantees=[group("Developers", allow=[ROLE]), group("Testers", allow=[ROLE])])
WITHOUT_MFA = state([role(require_mfa=True)])
EVIL = "Evil</summary>|`*_[x](y) @everybody\x1b[31m\n# heading"
ALL_KINDS = Changes(
    gained=(
        Change(
            "group", "Testers", "assume UpdateApp", "without MFA", {"aws:x": None, "aws:y": ("a", "b")}, ("A",), ("D",)
        ),
        Change("rights", EVIL, "do everything"),
    ),
    lost=(Change("others", "principals of other accounts", "assume UpdateApp", "over TLS", {"principal": EVIL}),),
    undecided=(Open("group", EVIL, "assume UpdateApp", "aws:z", "StringShallBe"),),
    notes=(EVIL,),
)


def test_the_text_begins_with_the_verdict_and_ends_with_the_limits() -> None:
    lines = text_report.render(changes(state(), TESTERS_LET_IN)).splitlines()
    assert lines == [
        "Wider: Testers may now assume UpdateApp",
        "",
        "gained",
        "  Testers may now assume UpdateApp",
        "    e.g. principal = arn:aws:iam::111111111111:user/example",
        "    is allowed by AllowAssumeRole of allow-assume",
        "    is allowed by TrustAccount of the trust policy",
        "    was denied by DenyAssumeRole of deny-assume",
        "",
        "not considered",
        *(f"  {text}" for text in NOT_CONSIDERED),
    ]


def test_the_text_has_a_loss_in_its_own_words() -> None:
    text = text_report.render(changes(TESTERS_LET_IN, state()))
    assert "Testers may no longer assume UpdateApp" in text
    assert "was allowed by AllowAssumeRole of allow-assume" in text
    assert "is denied by DenyAssumeRole of deny-assume" in text


def test_the_text_shows_invisible_characters() -> None:
    text = text_report.render(ALL_KINDS)
    assert "\x1b" not in text
    assert text.count("\\n# heading") == 4


def test_the_markdown_begins_with_the_verdict_and_folds_the_reasons() -> None:
    page = shown(markdown_report.render(changes(state(), TESTERS_LET_IN)))
    assert page.headings == ["⚠️ Wider: Testers may now assume UpdateApp", "Gained"]
    assert page.folded == ["why", "Not considered"]
    assert page.items[0].strip().startswith("Testers may now assume UpdateApp")
    assert "was denied by DenyAssumeRole of deny-assume" in [item.strip() for item in page.items]


def test_the_markdown_shows_foreign_text_literally() -> None:
    page = shown(markdown_report.render(ALL_KINDS))
    assert page.tags <= {"h2", "h3", "ul", "li", "p", "details", "summary", "code"}
    assert page.headings[1:] == ["Gained", "Undecided", "Lost", "Other changes"]
    assert any("Evil</summary>|`*_[x](y) @\u200beverybody\\x1b[31m\\n# heading may now" in item for item in page.items)


def test_the_markdown_fits_into_a_comment_and_counts_omissions() -> None:
    many = tuple(Change("group", f"Group {number} {'*' * 900}", "assume UpdateApp") for number in range(500))
    text = markdown_report.render(Changes(many, many))
    assert len(text) <= markdown_report.MOST_CHARACTERS
    assert "more, which do not fit here" in text
    assert text.rstrip().endswith("</details>")


@pytest.mark.parametrize("made", [Changes(), ALL_KINDS, changes(WITHOUT_MFA, state()), changes(state(), WITHOUT_MFA)])
def test_the_json_fits_its_schema(made: Changes) -> None:
    document = json.loads(json_report.render(made))
    Draft202012Validator(SCHEMA).validate(document)
    assert document["headline"] == made.headline


def test_the_json_has_no_field_that_the_schema_lacks() -> None:
    document = json.loads(json_report.render(ALL_KINDS))
    assert set(document) == set(SCHEMA["properties"])
    change: Any = SCHEMA["$defs"]["change"]["properties"]
    assert all(set(each) == set(change) for each in (*document["gained"], *document["lost"]))
    assert set(document["undecided"][0]) == set(SCHEMA["properties"]["undecided"]["items"]["properties"])


def test_every_field_of_the_schema_is_described() -> None:
    for where, schema in schemas_of(SCHEMA, "schema"):
        assert "description" in schema or "$ref" in schema, where


def written(folder: Path, made: State, name: str) -> str:
    path = folder / name
    path.write_text(json.dumps(made))
    return str(path)


UNKNOWN = state()
UNKNOWN["stacks"]["production"]["roles"][0]["trust"]["Statement"][0]["Condition"] = {"StringShallBe": {"aws:x": "y"}}


@pytest.mark.parametrize(
    ("before", "after", "code", "first"),
    [
        (state(), state(), 0, "No access changes"),
        (TESTERS_LET_IN, state(), 0, "Narrower: "),
        (state(), TESTERS_LET_IN, 1, "Wider: "),
        (state(), UNKNOWN, 3, "Undecided: "),
    ],
)
def test_the_exit_code_tells_the_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], before: State, after: State, code: int, first: str
) -> None:
    files = written(tmp_path, before, "base.json"), written(tmp_path, after, "head.json")
    assert main(["changes", *files]) == code
    assert capsys.readouterr().out.startswith(first)


def test_reports_go_into_files_and_one_takes_the_place_of_the_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = written(tmp_path, state(), "base.json"), written(tmp_path, TESTERS_LET_IN, "head.json")
    markdown = tmp_path / "comment.md"
    assert main(["changes", *files, "--markdown", str(markdown), "--json", "-"]) == 1
    assert json.loads(capsys.readouterr().out)["verdict"] == "wider"
    assert markdown.read_text().startswith("## ⚠️ Wider: ")


def test_a_missing_file_is_reported_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["changes", str(tmp_path / "base.json"), written(tmp_path, state(), "head.json")]) == 1
    assert capsys.readouterr().err.startswith(f"access: {tmp_path / 'base.json'} can't be read: No such file")
