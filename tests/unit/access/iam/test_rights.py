"""Test whether a principal may make a call or assume a role, and that an answer is never more certain than AWS's."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.iam.documents import parse
from access.iam.rights import may_assume, may_do
from access.iam.verdicts import NO, YES, Answer, Verdict, under
from tests.support import policy_evaluator
from tests.support.iam_accounts import (
    HERE,
    PRODUCTION,
    AccountDetails,
    Document,
    allow,
    arn,
    deny,
    document,
    root,
    statement,
    trusts,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
UPDATE_APP = arn("role", "UpdateApp", PRODUCTION)
AT_HOME = arn("role", "Deployer")
ASSUME = "sts:AssumeRole"
DAVID, DOER = arn("user", "David"), arn("role", "Doer")
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
FROM_OFFICE = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}


def assumed(name: str, policies: Mapping[str, Any], trust: Document, role: str) -> Verdict:
    account = AccountDetails()
    account.policy("bounds", allow("s3:*")).policy("wide", allow("*")).policy("shut", deny(ASSUME))
    account.user("David", **policies) if name == "David" else account.role("Doer", trusts(root()), **policies)
    return may_assume(account.principal(name), role, parse(trust), NOW).verdict


ALLOWED = {"inline": {"a": allow(ASSUME, UPDATE_APP)}}
BY_CONDITION = {"inline": {"a": allow(ASSUME, Condition=FROM_OFFICE)}}


@pytest.mark.parametrize(
    ("policies", "trust", "user", "role"),
    [
        # Across accounts, both sides must allow it
        (ALLOWED, trusts(root()), YES, YES),
        (ALLOWED, trusts(HERE), YES, YES),
        (ALLOWED, trusts("*"), YES, YES),
        (ALLOWED, trusts(DAVID, DOER), YES, YES),
        (ALLOWED, trusts(DAVID), YES, NO),
        (ALLOWED, trusts(root(PRODUCTION)), NO, NO),
        (ALLOWED, trusts("AIDAEXAMPLEOFONEDELETED"), NO, NO),
        ({}, trusts(DAVID, DOER), NO, NO),
        ({}, trusts("*"), NO, NO),
        (ALLOWED, trusts(arn("role", "path/Doer")), NO, NO),
        (ALLOWED, trusts(f"arn:aws:sts::{HERE}:assumed-role/Doer/x"), NO, under("the name of the session")),
        # The identity's own policies
        ({"attached": ["PowerUserAccess"]}, trusts(root()), YES, YES),
        ({"inline": {"a": allow("STS:assume*", "arn:aws:iam::*:role/Update???")}}, trusts(root()), YES, YES),
        ({"inline": {"a": allow(ASSUME, "arn:aws:iam::*:role/updateapp")}}, trusts(root()), NO, NO),
        ({"inline": {"a": allow("sts:AssumeRoleWithSAML")}}, trusts(root()), NO, NO),
        (
            {"inline": {"a": document({"Effect": "Allow", "Action": "*", "NotResource": [UPDATE_APP]})}},
            trusts(root()),
            NO,
            NO,
        ),
        (
            {"inline": {"a": document({"Effect": "Allow", "NotAction": ["iam:*"], "NotResource": "*/Other"})}},
            trusts(root()),
            YES,
            YES,
        ),
        ({"attached": ["wide", "shut"]}, trusts(root()), NO, NO),
        ({"inline": {"a": document(statement("Deny", "sts:*"), statement("Allow", "*"))}}, trusts(root()), NO, NO),
        (
            {"inline": {"a": document(statement("Deny", "*", AT_HOME), statement("Allow", "*"))}},
            trusts(root()),
            YES,
            YES,
        ),
        # Permissions boundaries
        ({"attached": ["wide"], "boundary": "bounds"}, trusts(DAVID, DOER), NO, NO),
        ({"attached": ["wide"], "boundary": "wide"}, trusts(root()), YES, YES),
        ({"attached": ["wide"], "boundary": "shut"}, trusts(root()), NO, NO),
        # Undecidable conditions
        (BY_CONDITION, trusts(root()), under("aws:SourceIp"), under("aws:SourceIp")),
        (BY_CONDITION, trusts(root(), Condition=MFA), under("aws:SourceIp", "aws:MultiFactorAuthPresent"), NO),
        (ALLOWED, trusts(root(), Condition=MFA), under("aws:MultiFactorAuthPresent"), NO),
        (
            {"inline": {"a": allow(ASSUME), "d": deny("*", Condition=NO_MFA)}},
            trusts(root()),
            under("aws:MultiFactorAuthPresent"),
            NO,
        ),
        (
            {"inline": {"a": allow(ASSUME), "d": deny(ASSUME, Condition=FROM_OFFICE)}},
            trusts(root()),
            *[under("aws:SourceIp")] * 2,
        ),
        ({"inline": {**BY_CONDITION["inline"], "b": allow(ASSUME)}}, trusts(root()), YES, YES),
        # Variables
        ({"inline": {"a": allow(ASSUME, "*/${aws:username}")}}, trusts(root()), NO, NO),
        (
            {"inline": {"a": allow(ASSUME, [UPDATE_APP, "*/${aws:username}"])}},
            trusts(root()),
            YES,
            under("aws:username"),
        ),
        (
            {"inline": {"a": allow(ASSUME, "*/${aws:PrincipalTag/role}")}},
            trusts(root()),
            NO,
            NO,
        ),
        ({"inline": {"a": document(statement("Allow", "*"), version="2008-10-17")}}, trusts(root()), YES, YES),
        # Other statements of the trust policy
        (ALLOWED, {"Statement": [*trusts(root())["Statement"], *trusts("*", effect="Deny")["Statement"]]}, NO, NO),
        (ALLOWED, {"Statement": [*trusts(root())["Statement"], *trusts(DOER, effect="Deny")["Statement"]]}, YES, NO),
        (ALLOWED, {"Statement": [*trusts(root())["Statement"], *trusts(root(), effect="Deny")["Statement"]]}, NO, NO),
        (
            ALLOWED,
            document(
                *trusts(root(), Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}})["Statement"]
            ),
            YES,
            NO,
        ),
        (
            ALLOWED,
            document({"Effect": "Allow", "NotPrincipal": {"AWS": DAVID}, "Action": "sts:*"}),
            NO,
            YES,
        ),
        (
            ALLOWED,
            document(
                *trusts(root())["Statement"],
                {"Effect": "Deny", "NotPrincipal": {"AWS": [DAVID, root()]}, "Action": "sts:*"},
            ),
            YES,
            NO,
        ),
        (ALLOWED, document({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRoleWithSAML"}), NO, NO),
        (ALLOWED, document({"Effect": "Allow", "Principal": {"Service": "*"}, "Action": "*"}), NO, NO),
    ],
)
def test_across_accounts_both_sides_must_allow_it(
    policies: Mapping[str, Any], trust: Document, user: Verdict, role: Verdict
) -> None:
    assert (assumed("David", policies, trust, UPDATE_APP), assumed("Doer", policies, trust, UPDATE_APP)) == (user, role)


@pytest.mark.parametrize(
    ("policies", "trust", "user", "role"),
    [
        ({}, trusts(root()), NO, NO),
        ({}, trusts(HERE), NO, NO),
        ({"attached": ["PowerUserAccess"]}, trusts(root()), YES, YES),
        ({"attached": ["PowerUserAccess"]}, trusts(root(PRODUCTION)), NO, NO),
        ({}, trusts(DAVID, DOER), YES, YES),
        ({}, trusts("*"), YES, YES),
        ({}, trusts("*", Condition=FROM_OFFICE), under("aws:SourceIp"), under("aws:SourceIp")),
        ({"attached": ["shut"]}, trusts(DAVID, DOER), NO, NO),
        # A silent boundary does not limit a user that the trust policy names, but does limit a role
        ({"boundary": "bounds"}, trusts(DAVID, DOER), YES, NO),
        ({"boundary": "bounds"}, trusts("*"), NO, NO),
        (
            {"boundary": "bounds"},
            trusts(f"arn:aws:sts::{HERE}:assumed-role/Doer/x"),
            NO,
            under("the name of the session"),
        ),
        ({"boundary": "wide"}, trusts(DAVID, DOER), YES, YES),
        ({"boundary": "shut"}, trusts(DAVID, DOER), NO, NO),
    ],
)
def test_within_an_account_naming_the_principal_suffices(
    policies: Mapping[str, Any], trust: Document, user: Verdict, role: Verdict
) -> None:
    assert (assumed("David", policies, trust, AT_HOME), assumed("Doer", policies, trust, AT_HOME)) == (user, role)


def test_the_reason_is_given_as_text() -> None:
    account = AccountDetails().user("David", attached=["PowerUserAccess"])
    david = account.principal("David")
    trust = parse(document({"Sid": "TrustAccount", **trusts(root())["Statement"][0]}))
    assert may_assume(david, UPDATE_APP, trust, NOW).because == (
        "statement 1 of PowerUserAccess (attached to David) allows it;"
        " TrustAccount of the trust policy admits account 111111111111"
    )
    named = may_assume(david, AT_HOME, parse(trusts(DAVID)), NOW)
    assert named.because == "statement 1 of the trust policy admits David"
    both = document(statement("Allow", ASSUME, Condition=MFA, Sid="WithMfa"), statement("Allow", ASSUME, Sid="Always"))
    norman = AccountDetails().user("Norman", inline={"a": both}).principal("Norman")
    assert may_assume(norman, UPDATE_APP, trust, NOW).because.startswith("Always of a (inline in Norman) allows it;")
    listing = may_do(david, "iam:ListRoles", AT_HOME, NOW)
    assert listing.because == "statement 2 of PowerUserAccess (attached to David) allows it"


@pytest.mark.parametrize(
    ("policies", "resource", "verdict"),
    [
        ({"attached": ["AdministratorAccess"]}, DAVID, YES),
        ({"attached": ["AdministratorAccess"]}, arn("user", "David", PRODUCTION), NO),
        ({"attached": ["PowerUserAccess"]}, DAVID, NO),
        ({"inline": {"a": allow("iam:*Key", "arn:aws:iam::*:user/D*")}}, DAVID, YES),
        ({"inline": {"a": allow("iam:*Key", "arn:aws:iam::*:user/${aws:username}")}}, DAVID, YES),
        ({"inline": {"a": allow("iam:*Key", "arn:aws:iam::*:user/${aws:username}")}}, arn("user", "Eva"), NO),
        ({"attached": ["AdministratorAccess"], "boundary": "PowerUserAccess"}, DAVID, NO),
        ({"attached": ["AdministratorAccess"], "inline": {"d": deny("iam:Create*")}}, DAVID, NO),
        ({"attached": ["AdministratorAccess"], "boundary": "bounds"}, DAVID, NO),
        ({"attached": ["AdministratorAccess"], "boundary": "other bounds"}, DAVID, YES),
        ({"inline": {"a": allow("iam:*", Condition=MFA)}}, DAVID, under("aws:MultiFactorAuthPresent")),
    ],
)
def test_iam_calls_are_allowed_within_the_account_only(
    policies: Mapping[str, Any], resource: str, verdict: Verdict
) -> None:
    account = AccountDetails().policy("bounds", document(statement("Allow", "*"), statement("Deny", "iam:*", DAVID)))
    account.policy("other bounds", document(statement("Allow", "*"), statement("Deny", "iam:*", DOER)))
    principal = account.user("David", **policies).principal("David")
    assert may_do(principal, "iam:CreateAccessKey", resource, NOW).verdict == verdict


# The tests' evaluator, written independently from the guide, decides with both sides and the whole context.
conditions = st.dictionaries(
    st.sampled_from(
        [
            ("ArnLike", "aws:PrincipalArn", ("arn:aws:iam::*:user/*", "arn:aws:iam::*:role/D*")),
            ("StringEquals", "aws:PrincipalArn", (DAVID, DOER)),
            ("StringLike", "aws:PrincipalArn", ("*:user/${aws:username}", "*Do?r")),
            ("Bool", "aws:MultiFactorAuthPresent", ("true", "false")),
            ("BoolIfExists", "aws:MultiFactorAuthPresent", ("true", "false")),
            ("NumericLessThanEquals", "aws:MultiFactorAuthAge", ("900",)),
            ("StringEquals", "sts:RoleSessionName", ("${aws:username}", "fixed")),
            ("StringEqualsIfExists", "sts:ExternalId", ("agreed",)),
            ("StringEquals", "sts:ExternalId", ("agreed",)),
            ("IpAddress", "aws:SourceIp", ("203.0.113.0/24",)),
            ("DateLessThan", "aws:CurrentTime", ("2026-11-24T11:00:00Z", "2026-11-24T13:00:00Z")),
        ]
    ).flatmap(lambda each: st.tuples(st.just(each[0]), st.just(each[1]), st.sampled_from(each[2]))),
    st.none(),
    max_size=2,
).map(lambda chosen: {"Condition": joined([*chosen])} if chosen else {})


def joined(chosen: list[tuple[str, str, str]]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for operator, key, value in chosen:
        found.setdefault(operator, {})[key] = value
    return found


resources = st.sampled_from(
    ["*", UPDATE_APP, AT_HOME, "arn:aws:iam::*:role/Update*", "arn:aws:iam::*:role/${aws:username}"]
)
effects = st.sampled_from(["Allow", "Allow", "Deny"])
identities = st.lists(
    st.builds(
        lambda effect, action, resource, condition: statement(effect, action, resource, **condition),
        effects,
        st.sampled_from([ASSUME, "sts:*", "*", "s3:*"]),
        resources,
        conditions,
    ),
    min_size=1,
    max_size=3,
).map(lambda statements: document(*statements))
trust_policies = st.lists(
    st.builds(
        lambda effect, principals, condition: trusts(*principals, effect=effect, **condition)["Statement"][0],
        effects,
        st.lists(st.sampled_from([HERE, root(), "*", DAVID, DOER, root(PRODUCTION)]), min_size=1, max_size=2),
        conditions,
    ),
    min_size=1,
    max_size=3,
).map(lambda statements: document(*statements))


def contexts(is_user: bool) -> list[dict[str, str]]:
    """Return the possible contexts of a request, for the keys that these policies use."""
    common = {"aws:CurrentTime": "2026-11-24T12:00:00Z", **({"aws:username": "David"} if is_user else {})}
    mfa = [{}, {"aws:MultiFactorAuthPresent": "false"}]
    if is_user:
        mfa += [{"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": age} for age in ("5", "5000")]
    return [
        {**common, **with_mfa, **external_id, "aws:SourceIp": address, "sts:RoleSessionName": session}
        for with_mfa in mfa
        for external_id in ({}, {"sts:ExternalId": "agreed"})
        for address in ("203.0.113.7", "198.51.100.7")
        for session in ("David", "fixed", "other")
    ]


@given(st.booleans(), identities, trust_policies)
def test_certain_answers_hold_for_every_request(is_user: bool, identity: Document, trust: Document) -> None:
    name, principal = ("David", DAVID) if is_user else ("Doer", DOER)
    answer = assumed(name, {"inline": {"a": identity}}, trust, UPDATE_APP).answer
    policies = [policy_evaluator.Policy("identity", identity)], policy_evaluator.Policy("trust", trust)
    may = {
        policy_evaluator.may_assume(policy_evaluator.Request(principal, ASSUME, UPDATE_APP, context), *policies)
        for context in contexts(is_user)
    }
    assert may == {Answer.YES: {True}, Answer.NO: {False}}.get(answer, may)
    if len(may) > 1:
        assert answer is Answer.CONDITIONAL
