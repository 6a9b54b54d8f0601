"""Tests of docs/strictness.md: the page is up to date, and its tests exist."""

import re

from sandbox.layout import REPOSITORY
from sandbox.strict.table import CALLS, PAGE, missing, page, rows


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "run `make docs`"


def test_every_named_test_exists() -> None:
    named = {row.state for row in rows() if "::" in row.state}
    assert named
    for state in named:
        file, _, test = state.partition("::")
        assert re.search(rf"^def {test}\(", (REPOSITORY / file).read_text(), re.MULTILINE), state


def test_every_row_is_enforced_not_applicable_or_untried() -> None:
    assert {service for service, _ in CALLS} == {"iam", "sts"}
    for row in rows():
        assert "::" in row.state or row.state == "untried" or row.state.startswith("not applicable: "), row


def test_calls_missing_in_the_table_are_found() -> None:
    assert missing({*CALLS}) == []
    assert missing({*CALLS[:3], ("iam", "CreateSAMLProvider"), ("sts", "CreateRole")}) == [
        ("iam", "CreateSAMLProvider"),
        ("sts", "CreateRole"),
    ]


def test_the_tests_on_aws_are_listed() -> None:
    listed = re.findall(r"`(test_\w+)`", (REPOSITORY / "docs" / "limits.md").read_text())
    tests = (REPOSITORY / "tests" / "aws" / "test_untried.py").read_text()
    assert sorted(listed) == sorted(re.findall(r"^def (test_\w+)\(", tests, re.MULTILINE))
