"""The size of a policy document, and the message when it is too long."""

import json
from typing import Any

import pytest

from components.policies import PolicyDocument, characters, check_size, document, render
from components.validation import InvalidValue


def of_size(size: int, **sids: int) -> PolicyDocument:
    """Return a document with this many characters, spread over its statements."""
    statements: list[Any] = [{"Sid": sid, "Effect": "Allow", "Action": "", "Resource": "*"} for sid in (*sids, "Rest")]
    for statement, own in zip(statements, sids.values(), strict=False):
        statement["Action"] = "x" * (own - characters(json.dumps(statement)))
    statements[-1]["Action"] = "x" * (size - characters(render(document(*statements))))
    return document(*statements)


def test_white_space_is_not_counted() -> None:
    policy = of_size(500, First=120)
    assert characters(render(policy)) == characters(json.dumps(policy, indent=4)) == 500
    assert characters(" a\tb\r\nc\u00a0d ") == 4


def test_a_document_may_have_the_limit_and_not_one_character_more() -> None:
    check_size("trust policy", of_size(2048), 2048)
    with pytest.raises(InvalidValue, match=r"^trust policy: '2049 characters' is not allowed; IAM allows 2048; "):
        check_size("trust policy", of_size(2049), 2048)


def test_the_three_longest_statements_are_named_longest_first() -> None:
    policy = of_size(1000, Short=100, Long=300, Middle=200, Shortest=90)
    rest = characters(json.dumps(policy["Statement"][-1]))
    assert 200 < rest < 300
    with pytest.raises(InvalidValue, match=rf"; the longest statements: Long 300, Rest {rest}, Middle 200$"):
        check_size("identity policy", policy, 999)
