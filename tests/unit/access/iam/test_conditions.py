"""Test the evaluation of conditions, patterns and documents."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.iam.conditions import holds
from access.iam.documents import Condition, parse
from access.iam.evaluation import build_request
from access.iam.patterns import Context, match
from access.iam.principals import Principal
from access.iam.verdicts import NO, YES, Verdict, all_of, any_of, negated, under
from tests.support.iam_accounts import HERE, arn

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAVID, DEPLOYER = Principal(arn("user", "team/David")), Principal(arn("role", "Deployer"))
USER, ROLE = (build_request(principal, "sts:AssumeRole", "*", NOW).context for principal in (DAVID, DEPLOYER))
MFA, OWN_NAME = "aws:MultiFactorAuthPresent", "${aws:username}"


def condition(operator: str, key: str, *values: str) -> Condition:
    return Condition(operator, key, values)


@pytest.mark.parametrize(
    ("tested", "of_user", "of_role"),
    [
        # The caller
        (condition("ArnLike", "aws:PrincipalArn", arn("user", "team/*")), YES, NO),
        (condition("ArnEquals", "AWS:PRINCIPALARN", arn("role", "Deploy??")), NO, YES),
        (condition("StringLike", "aws:PrincipalArn", "*:user/*", "*/x"), YES, NO),
        (condition("StringEquals", "aws:PrincipalArn", arn("role", "Deployer")), NO, YES),
        (condition("StringEquals", "aws:PrincipalArn", arn("role", "Deploy*")), NO, NO),
        (condition("ArnNotLike", "aws:PrincipalArn", arn("role", "*")), YES, NO),
        (condition("ArnNotEqualsIfExists", "aws:PrincipalArn", arn("user", "team/David")), NO, YES),
        (condition("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{HERE}"), *[under("aws:PrincipalArn")] * 2),
        (condition("ForAnyValue:StringLike", "aws:PrincipalArn", "*:role/*"), NO, YES),
        (condition("ForAllValues:StringNotLike", "aws:PrincipalArn", "*:role/*"), YES, NO),
        (condition("StringEquals", "aws:PrincipalAccount", HERE, "222222222222"), YES, YES),
        (condition("StringNotEquals", "aws:PrincipalAccount", HERE), NO, NO),
        (condition("StringEqualsIgnoreCase", "aws:PrincipalType", "assumedrole"), NO, YES),
        (condition("StringEquals", "aws:username", "David"), YES, NO),
        (condition("StringNotEquals", "aws:username", "David"), NO, YES),
        (condition("Null", "aws:username", "true"), NO, YES),
        (condition("Null", "aws:username", "false"), YES, NO),
        (condition("StringEqualsIfExists", "aws:username", "Eva"), NO, YES),
        (condition("ForAllValues:StringEquals", "aws:username", "Eva"), NO, YES),
        (condition("ForAnyValue:StringNotEquals", "aws:username", "Eva"), YES, NO),
        # MFA: never in a role's session, possible for a user
        (condition("Bool", MFA, "true"), under(MFA), NO),
        (condition("BoolIfExists", MFA, "true"), under(MFA), under(MFA)),
        (condition("Bool", MFA, "false"), under(MFA), under(MFA)),
        (condition("BoolIfExists", MFA, "false"), under(MFA), YES),
        (condition("Null", MFA, "true"), under(MFA), under(MFA)),
        (condition("NumericLessThan", "aws:MultiFactorAuthAge", "900"), under("aws:MultiFactorAuthAge"), NO),
        (condition("NumericLessThanIfExists", "aws:MultiFactorAuthAge", "9"), under("aws:MultiFactorAuthAge"), YES),
        (condition("NumericNotEquals", "aws:MultiFactorAuthAge", "9"), under("aws:MultiFactorAuthAge"), YES),
        # Time
        (condition("DateLessThan", "aws:CurrentTime", "2026-11-24T12:00:01Z"), YES, YES),
        (condition("DateLessThan", "aws:CurrentTime", "2026-11-24T12:00:00Z"), NO, NO),
        (condition("DateLessThanEquals", "aws:CurrentTime", "2026-11-24T12:00:00Z"), YES, YES),
        (condition("DateGreaterThan", "aws:CurrentTime", "2026-11-24T13:00:00+01:00"), NO, NO),
        (condition("DateGreaterThanEquals", "aws:CurrentTime", "2026-11-24"), YES, YES),
        (condition("DateEquals", "aws:CurrentTime", "1795521600"), YES, YES),
        (condition("DateNotEquals", "aws:CurrentTime", "1795521600"), NO, NO),
        (condition("DateLessThan", "aws:CurrentTime", "tomorrow"), *[under("aws:CurrentTime")] * 2),
        # Unknown keys and operators
        (condition("StringEquals", "sts:ExternalId", "agreed"), *[under("sts:ExternalId")] * 2),
        (condition("Null", "sts:ExternalId", "false"), *[under("sts:ExternalId")] * 2),
        (condition("IpAddress", "aws:SourceIp", "203.0.113.0/24"), *[under("aws:SourceIp")] * 2),
        (condition("StringShallBe", "aws:PrincipalArn", "*"), *[under("aws:PrincipalArn")] * 2),
        # Variables
        (condition("StringEquals", "sts:RoleSessionName", OWN_NAME), under("sts:RoleSessionName"), NO),
        (condition("ForAnyValue:StringLike", "sts:RoleSessionName", f"{OWN_NAME}*"), under("sts:RoleSessionName"), NO),
        (condition("StringEquals", "sts:RoleSessionName", OWN_NAME, "x"), *[under("sts:RoleSessionName")] * 2),
        (condition("StringEquals", "sts:RoleSessionName", "${aws:username, 'x'}"), *[under("sts:RoleSessionName")] * 2),
        (condition("StringNotEquals", "sts:RoleSessionName", OWN_NAME), *[under("sts:RoleSessionName")] * 2),
        (condition("StringEqualsIfExists", "sts:SourceIdentity", OWN_NAME), *[under("sts:SourceIdentity")] * 2),
        (condition("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{HERE}:user/team/{OWN_NAME}"), YES, NO),
        (condition("ArnLike", "aws:PrincipalArn", "arn:aws:iam::${aws:PrincipalAccount}:*"), YES, YES),
        (condition("StringLike", "aws:PrincipalArn", "*/${aws:PrincipalTag/name}"), NO, NO),
        (condition("StringLike", "aws:PrincipalArn", "*/${aws:PrincipalOrgID}"), *[under("aws:PrincipalOrgID")] * 2),
    ],
)
def test_a_condition_is_evaluated_for_a_user_and_a_role(tested: Condition, of_user: Verdict, of_role: Verdict) -> None:
    assert (holds(tested, USER), holds(tested, ROLE)) == (of_user, of_role)


def test_a_path_may_have_colons() -> None:
    context = build_request(Principal(arn("user", "a:b/David")), "sts:AssumeRole", "*", NOW).context
    assert holds(condition("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:user/*"), context) == YES
    assert holds(condition("ArnEquals", "aws:PrincipalArn", arn("user", "a:b/David")), context) == YES


@pytest.mark.parametrize(
    ("pattern", "value", "answer"),
    [
        ("a*c", "abbc", YES),
        ("a?c", "abbc", NO),
        ("A*", "abbc", NO),
        ("a.c", "abc", NO),
        ("${*}", "*", YES),
        ("${*}", "a", NO),
        ("${?}${$}", "?$", YES),
        ("x${aws:username}", "xDavid", YES),
        ("x${ aws:username }", "xDavid", YES),
        ("x${AWS:UserName}", "xDavi", NO),
        ("x${aws:userid}y", "x1y", under("aws:userid")),
        ("x${aws:userid}y", "y1x", NO),
        ("x${none}", "x", NO),
        ("x${none, 'y'}", "xy", YES),
        ("x${none,''}", "x", YES),
    ],
)
def test_a_pattern_matches_values(pattern: str, value: str, answer: Verdict) -> None:
    context: Context = {"aws:username": ("David",), "none": (None,)}
    assert match(pattern, value, context) == answer


def test_variable_values_are_literal_and_the_old_version_has_no_variables() -> None:
    context: Context = {"aws:username": ("a*",)}
    assert match("${aws:username}", "abc", context) == NO
    assert match("${aws:username}", "${aws:username}", context, variables=False) == YES
    assert match("*", "abc", context, wildcards=False) == NO


def test_every_form_of_a_document_is_parsed() -> None:
    one = parse({"Statement": {"Effect": "Deny", "NotAction": "iam:*", "NotResource": ["a", "b"]}})
    assert [(it.name, it.effect, it.actions, it.not_action, it.resources, it.not_resource) for it in one] == [
        ("statement 1", "Deny", ("iam:*",), True, ("a", "b"), True)
    ]
    assert not one[0].has_variables
    trust = {"Sid": "T", "Effect": "Allow", "Action": ["sts:*"], "Principal": {"Service": "ec2.amazonaws.com"}}
    everyone = {**trust, "Principal": "*", "Condition": {"Bool": {"a:b": True}, "Null": {"c:d": ["false"]}}}
    not_principal = {"Effect": "Deny", "Action": "sts:*", "NotPrincipal": {"AWS": [HERE]}}
    read = parse({"Version": "2012-10-17", "Statement": [trust, everyone, not_principal]})
    assert [(it.name, it.principals, it.not_principal, it.resources) for it in read] == [
        ("T", (), False, ("*",)),
        ("T", ("*",), False, ("*",)),
        ("statement 3", (HERE,), True, ("*",)),
    ]
    assert read[1].conditions == (condition("Bool", "a:b", "true"), condition("Null", "c:d", "false"))


verdicts = st.sampled_from([YES, NO, under("a"), under("b"), under("a", "c")])


@given(st.lists(verdicts))
def test_the_logic_is_three_valued(found: list[Verdict]) -> None:
    answers = [verdict.answer for verdict in found]
    assert all_of(found).answer == min(answers, default=YES.answer)
    assert any_of(found).answer == max(answers, default=NO.answer)
    assert negated(all_of(found)) == any_of(negated(verdict) for verdict in found)
    undecided = frozenset(key for verdict in found for key in verdict.conditions)
    assert all_of(found).conditions in (frozenset(), undecided)
