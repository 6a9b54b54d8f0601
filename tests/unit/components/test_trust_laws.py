"""The effect of each option of a trust policy on access, tested with an evaluator instead of comparing documents."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from tests.support.option_laws import EVERYTHING, STABLE, check_example, check_law
from tests.support.policy_evaluator import Decision, may_assume
from tests.support.role_calls import PRINCIPALS, ROLE, covered, legitimate, legitimate_callers
from tests.support.trust_laws import TRUST_LAWS, near_calls, trust_args, trust_of, trusts


@pytest.mark.parametrize("name", TRUST_LAWS)
@STABLE
@given(data=st.data())
def test_a_trust_option_keeps_its_law(name: str, data: DataObject) -> None:
    args = data.draw(trust_args(name))
    check_law(name, TRUST_LAWS[name], args, data.draw(near_calls(args)), trusts)


@pytest.mark.parametrize("name", TRUST_LAWS)
def test_a_trust_option_makes_a_difference(name: str) -> None:
    base = {} if name.startswith("trusted_account") else {"trusted_account_ids": ["111111111111"]}
    check_example(name, TRUST_LAWS[name], base, trusts)


@STABLE
@given(data=st.data())
def test_a_caller_that_meets_all_options_may_assume_the_role(data: DataObject) -> None:
    args = data.draw(trust_args())
    callers = legitimate_callers(args)
    for principal in PRINCIPALS:
        call = legitimate(args, principal)
        assert may_assume(call.request, [EVERYTHING], trust_of(args)) == (principal in callers)


@STABLE
@given(data=st.data())
def test_a_denied_principal_is_refused_whatever_else_is_allowed(data: DataObject) -> None:
    args = data.draw(trust_args("denied_principal_arns"))
    trust = trust_of(args)
    for call in data.draw(near_calls(args)):
        if call.principal in covered(args["denied_principal_arns"]):
            request = replace(call, action="sts:AssumeRole", role=ROLE).request
            assert trust.decide(request) is Decision.EXPLICIT_DENY
            assert not may_assume(request, [EVERYTHING], trust)


@STABLE
@given(data=st.data())
def test_the_tutorial_trusts_the_account_and_nothing_else(data: DataObject) -> None:
    args = {"trusted_account_id": "111111111111"}
    allows = trusts(args)
    for call in data.draw(near_calls(args)):
        assert allows(call) == (call.action == "sts:AssumeRole" and call.account == "111111111111")
