"""Tests of which policies the stand-in provider takes for equal."""

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.provider.resource import same_policy
from tests.support.stand_in_provider import (
    BUCKET_POLICY,
    GROUP_POLICY,
    POLICY,
    READ,
    ROLE,
    ROLE_POLICY,
    STATE,
    WRITE,
    planned,
)

REORDERED = {
    ROLE: "assumeRolePolicy",
    POLICY: "policy",
    GROUP_POLICY: "policy",
    ROLE_POLICY: "policy",
    BUCKET_POLICY: "policy",
}


@pytest.mark.parametrize(("token", "name"), REORDERED.items())
def test_order_and_white_space_of_a_policy_are_no_change(token: str, name: str) -> None:
    document = json.loads(STATE[token]["response"]["inputs"][name])
    other = json.dumps(_rewritten(document, random.Random(1)), indent=3)  # noqa: S311
    assert planned(token, {name: other}) == ({}, False)


SOME = settings(max_examples=60, deadline=None, derandomize=True, database=None)

_words = st.sampled_from(["s3:GetObject", "s3:Put*", "iam:PassRole", "sts:AssumeRole", "*", "a b", ""])
_some = st.lists(_words, min_size=1, max_size=3, unique=True)
_statements = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]), "Action": _some, "Resource": _some},
    optional={
        "Sid": _words,
        "Principal": st.just("*") | st.dictionaries(st.sampled_from(["AWS", "Service"]), _some, min_size=1),
        "Condition": st.dictionaries(
            st.sampled_from(["StringEquals", "StringLike"]),
            st.dictionaries(st.sampled_from(["aws:PrincipalArn", "sts:ExternalId"]), _some, min_size=1),
            min_size=1,
        ),
    },
)
_policies = st.fixed_dictionaries(
    {"Version": st.just("2012-10-17"), "Statement": st.lists(_statements, min_size=1, max_size=3)}
)


def _rewritten(element: Any, order: random.Random) -> Any:  # noqa: ANN401
    """Return the element with keys and lists shuffled, and one-element lists sometimes written without brackets."""
    if isinstance(element, dict):
        keys = order.sample(sorted(element), len(element))
        return {key: _rewritten(element[key], order) for key in keys}
    if isinstance(element, list):
        items = [_rewritten(item, order) for item in order.sample(element, len(element))]
        return items[0] if len(items) == 1 and order.random() < 0.5 else items
    return element


@SOME
@given(_policies, st.randoms(use_true_random=False), st.sampled_from([None, 0, 4]))
def test_order_white_space_and_brackets_do_not_change_a_policy(
    policy: dict[str, Any], order: random.Random, indent: int | None
) -> None:
    rewritten = json.dumps(_rewritten(policy, order), indent=indent)
    assert same_policy(json.dumps(policy), rewritten)
    assert same_policy(rewritten, json.dumps(policy))


@SOME
@given(_policies, st.randoms(use_true_random=False), st.sampled_from(["Effect", "Action", "Resource", "Statement"]))
def test_another_effect_action_resource_or_statement_changes_a_policy(
    policy: dict[str, Any], order: random.Random, what: str
) -> None:
    changed = json.loads(json.dumps(policy))
    statement = order.choice(changed["Statement"])
    if what == "Effect":
        statement["Effect"] = "Deny" if statement["Effect"] == "Allow" else "Allow"
    elif what == "Statement":
        changed["Statement"].append({"Effect": "Deny", "Action": "new:Action", "Resource": "*"})
    else:
        statement[what].append("new:*")
    assert not same_policy(json.dumps(policy), json.dumps(_rewritten(changed, order)))


@pytest.mark.parametrize(("left", "right", "same"), [("{", "{", True), ("{", "{}", False), (READ, WRITE, False)])
def test_invalid_policies_are_compared_as_text(left: str, right: str, same: bool) -> None:
    assert same_policy(left, right) is same
