"""Test the facts of docs/limits.md on AWS, as far as possible without touching the accounts' own resources."""

import time
from collections.abc import Callable

import pytest

from access.credentials import Credentials
from access.prove.inventory import INLINE_POLICY
from tests.aws.conftest import Accounts
from tests.support.refused import refused

LABELS = ("open", "named", "first", "second", "long")
Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def made(accounts: Accounts) -> Accounts:
    """Return the accounts with a user of Development, and roles that trust Development."""
    accounts.make_user(*LABELS)
    trusted = f"arn:{accounts.partition}:iam::{accounts.development.account_id}:root"
    accounts.make_role(accounts.production, "open", trusted)
    own_name = {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}
    accounts.make_role(accounts.production, "named", trusted, condition=own_name)
    first = accounts.make_role(accounts.development, "first", trusted)
    accounts.make_role_trusting_a_new_one(accounts.development, "second", trusted, first, MaxSessionDuration=7200)
    accounts.make_role(accounts.development, "long", trusted, MaxSessionDuration=7200)
    return accounts


def test_how_long_a_change_takes(made: Accounts, record_property: Record) -> None:
    began = time.monotonic()
    found = made.poll(made.arn(made.production, "open"), "ALLOW")
    seconds = time.monotonic() - began
    record_property("a new user's rights are known to STS within two minutes", f"{found.detail}, {seconds:.0f} s")
    assert found.result == "ALLOW"


@pytest.mark.parametrize("kind", ["user", "account"])
def test_a_principal_that_does_not_exist(made: Accounts, record_property: Record, kind: str) -> None:
    user = f"arn:{made.partition}:iam::{made.development.account_id}:user/access-probe-missing"
    named = {"user": user, "account": "000000000000"}[kind]
    output = refused(lambda: made.make_role(made.production, f"missing-{kind}", named))
    record_property(f"a trust policy can't name a {kind} that does not exist", output)
    assert "MalformedPolicyDocument" in output
    assert "Invalid principal in policy" in output


def test_a_session_has_to_be_named_after_its_user(made: Accounts, record_property: Record) -> None:
    arn = made.arn(made.production, "named")
    own, other = (
        made.poll(arn, "ALLOW"),
        made.poll(arn, "DENY", RoleSessionName="somebody-else"),
    )
    record_property(
        "${aws:username} stands for the user's name in a trust policy's condition",
        f"own: {own.detail}; other: {other.detail}",
    )
    assert (own.result, other.result) == ("ALLOW", "DENY")


def test_no_session_is_longer_than_its_role_allows(made: Accounts, record_property: Record) -> None:
    arn = made.arn(made.production, "open")
    assert made.poll(arn, "ALLOW").result == "ALLOW"
    output = refused(lambda: made.assume(arn, DurationSeconds=3601))
    record_property("MaxSessionDuration is enforced, with ValidationError", output)
    assert "ValidationError" in output
    assert made.poll(made.arn(made.development, "long"), "ALLOW", DurationSeconds=7200).result == "ALLOW"


def test_from_role_to_role_an_hour_at_most(made: Accounts, record_property: Record) -> None:
    first, second = made.arn(made.development, "first"), made.arn(made.development, "second")
    assert made.poll(first, "ALLOW").result == "ALLOW"
    given = made.assume(first)
    keys = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    session = made.development.session(keys)
    assert made.poll(second, "ALLOW", session=session, DurationSeconds=3600).result == "ALLOW"
    output = refused(lambda: made.assume(second, session, DurationSeconds=3601))
    record_property("from role to role AWS gives an hour at most, with ValidationError", output)
    assert "ValidationError" in output


def test_a_trust_policy_above_the_default_quota(made: Accounts, record_property: Record) -> None:
    many = [f"arn:{made.partition}:iam::{made.development.account_id}:user/{'x' * 60}{it}" for it in range(20)]
    condition = {"ArnLike": {"aws:PrincipalArn": many}}
    try:
        made.make_role(made.production, "large", made.development.account_id, condition=condition)
        output = "accepted: the account's quota is raised"
    except made.production.administrator.iam.exceptions.LimitExceededException as error:
        output = str(error)
    record_property("a trust policy above 2048 characters is refused, unless the quota was raised", output)
    assert "LimitExceeded" in output or made.on_aws


def test_an_explicit_deny_is_named_across_accounts(made: Accounts, record_property: Record) -> None:
    """Test last, because this removes the user's right to assume the role."""
    arn = made.arn(made.production, "open")
    assert made.poll(arn, "ALLOW").result == "ALLOW"
    made.development.administrator.iam.put_user_policy(
        UserName=made.user,
        PolicyName=INLINE_POLICY,
        PolicyDocument=made.policy(("Allow", "*"), ("Deny", arn)),
    )
    found = made.poll(arn, "DENY")
    record_property("a Deny for a role of another account is named: explicit deny", found.detail)
    assert found.result == "DENY"
    assert "explicit deny" in found.detail
