"""Principals that a role names: those of this account that do not exist are told."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from stack.other_stacks import missing_principals

ACCOUNT = "111111111111"
EXISTING = {
    "aws:iam/getUsers:getUsers": {"arns": [f"arn:aws:iam::{ACCOUNT}:user/David"]},
    "aws:iam/getRoles:getRoles": {"arns": [f"arn:aws:iam::{ACCOUNT}:role/team/deploy"]},
}


def found(monkeypatch: pytest.MonkeyPatch, options: Mapping[str, object]) -> tuple[list[str], list[str]]:
    """What is missing, and what was asked."""
    asked: list[str] = []

    async def invoke(token: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        asked.append(token)
        return EXISTING[token]

    monkeypatch.setattr(pulumi.runtime, "invoke_async", invoke)
    return asyncio.run(missing_principals(options, [ACCOUNT])), asked


def named(*names: str) -> list[str]:
    return [f"arn:aws:iam::{ACCOUNT}:{name}" for name in names]


def test_those_that_do_not_exist_are_told_once_whatever_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {
        "trustedPrincipalArns": named("user/David", "user/Dvaid", "role/team/deploy"),
        "deniedPrincipalArns": named("role/deploy", "user/Dvaid"),
        "bucket": "productionapp",
    }
    missing, _ = found(monkeypatch, options)
    assert missing == named("user/Dvaid", "role/deploy")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"trustedPrincipalArns": named("user/*", "role/deploy-?")},
        {"trustedPrincipalArns": ["arn:aws:iam::222222222222:user/Nobody", "arn:aws:iam::*:user/Nobody"]},
        {"trustedPrincipalArns": None, "deniedPrincipalArns": "arn"},
    ],
    ids=["nobody is named", "patterns", "of other accounts", "not a list"],
)
def test_aws_is_not_asked_where_there_is_nothing_to_check(
    monkeypatch: pytest.MonkeyPatch, options: Mapping[str, object]
) -> None:
    assert found(monkeypatch, options) == ([], [])
