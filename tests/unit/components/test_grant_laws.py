"""The effect of each option of a grant on access, tested with an evaluator instead of comparing documents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from tests.support.grant_laws import GRANT, GRANT_LAWS, grant_args, grant_of, grants
from tests.support.option_laws import EVERYTHING, STABLE, check_example, check_law, some
from tests.support.policy_evaluator import Decision, decide
from tests.support.role_calls import ROLES
from tests.support.trust_laws import near_calls


@pytest.mark.parametrize("name", GRANT_LAWS)
@STABLE
@given(data=st.data())
def test_a_grant_option_keeps_its_law(name: str, data: DataObject) -> None:
    args = data.draw(grant_args(name))
    check_law(name, GRANT_LAWS[name], args, data.draw(near_calls(args)), grants)


@pytest.mark.parametrize("name", GRANT_LAWS)
def test_a_grant_option_makes_a_difference(name: str) -> None:
    check_example(name, GRANT_LAWS[name], GRANT, grants)


@STABLE
@given(data=st.data())
def test_a_grant_affects_assuming_its_roles_and_nothing_else(data: DataObject) -> None:
    args = {**GRANT, "role_arns": data.draw(some(*ROLES))}
    allows, denial = grants(args), grant_of({**args, "effect": "Deny"})
    for call in data.draw(near_calls(args)):
        covers = call.action == "sts:AssumeRole" and call.role in args["role_arns"]
        assert allows(call) == covers
        assert denial.decide(call.request) is (Decision.EXPLICIT_DENY if covers else Decision.IMPLICIT_DENY)
        assert decide([EVERYTHING, denial], call.request) is (Decision.EXPLICIT_DENY if covers else Decision.ALLOW)
