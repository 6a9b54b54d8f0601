"""The trust policy of every option, as a whole document."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

import pytest

from components import ReadWriteBucketRoleArgs
from components.policies import render
from components.trust import trust_policy
from tests.support.policy_lint import ROLE_ARN, findings
from tests.support.trust_laws import TRUST_LAWS

Args = dict[str, Any]
"""Arguments about trust."""

ACCOUNT: Args = {"trusted_account_id": "111111111111"}
ROOT = "arn:aws:iam::111111111111:root"
ALICE, BOB = "arn:aws:iam::111111111111:user/alice", "arn:aws:iam::111111111111:user/bob"
OWN_NAME = {"StringEquals": {"sts:SourceIdentity": "${aws:username}"}}


def made(args: Args) -> ReadWriteBucketRoleArgs:
    return cast(ReadWriteBucketRoleArgs, {"name": "UpdateApp", **args})


def allow(sid: str, action: str, condition: Mapping[str, Any] | None = None, *, accounts: object = ROOT) -> Any:  # noqa: ANN401 (JSON)
    statement = {"Sid": sid, "Effect": "Allow", "Principal": {"AWS": accounts}, "Action": action}
    return statement | ({"Condition": condition} if condition else {})


def trust(condition: Mapping[str, Any] | None = None, *, accounts: object = ROOT) -> Any:  # noqa: ANN401
    """Return the statement that every trust policy has."""
    return allow("TrustAccount", "sts:AssumeRole", condition, accounts=accounts)


def deny(principals: object) -> Any:  # noqa: ANN401
    return {
        "Sid": "DenyPrincipals",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnLike": {"aws:PrincipalArn": principals}},
    }


ONE_TAG = {"StringEquals": {"aws:RequestTag/team": "blue"}, "ForAllValues:StringEquals": {"aws:TagKeys": "team"}}
TWO_TAGS = {
    "StringEquals": {"aws:RequestTag/team": ["blue", "green"], "aws:RequestTag/cost center": "7"},
    "ForAllValues:StringEquals": {"aws:TagKeys": ["cost center", "team"]},
}
EVERY_OPTION: Args = {
    "trusted_account_ids": ["222222222222", "111111111111"],
    "trusted_principal_arns": [BOB, ALICE],
    "denied_principal_arns": ["arn:aws:iam::*:role/*"],
    "require_mfa": True,
    "mfa_max_age": 3600,
    "external_id": "Example-987",
    "organization_id": "o-a1b2c3d4e5",
    "source_ip_ranges": ["203.0.113.0/24"],
    "require_source_identity": True,
    "session_tags": {"team": ["blue"]},
    "expires_at": "2027-01-31T00:00:00Z",
    "denied_permission_sets": ["Dev"],
}
SSO = "role/aws-reserved/sso.amazonaws.com"


def of_set(name: str, *accounts: str) -> list[str]:
    """Return the patterns of a permission set's roles, written out, sorted."""
    tail = f"AWSReservedSSO_{name}_????????????????"
    return [f"arn:aws:iam::{account}:{path}/{tail}" for account in accounts for path in (f"{SSO}/*", SSO)]


BOTH_ROOTS = ["arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:root"]

CASES: Mapping[str, tuple[Args, Sequence[Any]]] = {
    "one account, and no condition": (ACCOUNT, [trust()]),
    "a list of one account is that account": ({"trusted_account_ids": ["111111111111"]}, [trust()]),
    "several accounts, sorted, each once": (
        {"trusted_account_ids": ["222222222222", "111111111111", "222222222222"]},
        [trust(accounts=BOTH_ROOTS)],
    ),
    "one principal": (
        {**ACCOUNT, "trusted_principal_arns": [ALICE]},
        [trust({"ArnLike": {"aws:PrincipalArn": ALICE}})],
    ),
    "several principals, sorted, each once": (
        {**ACCOUNT, "trusted_principal_arns": [BOB, ALICE, BOB]},
        [trust({"ArnLike": {"aws:PrincipalArn": [ALICE, BOB]}})],
    ),
    "denied principals of any account come first": (
        {**ACCOUNT, "denied_principal_arns": [BOB, ALICE, BOB]},
        [deny([ALICE, BOB]), trust()],
    ),
    "one denied principal and trusted ones": (
        {**ACCOUNT, "trusted_principal_arns": ["arn:aws:iam::*:user/*"], "denied_principal_arns": [BOB]},
        [deny(BOB), trust({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}})],
    ),
    "a permission set: its roles in every region, and in us-east-1": (
        {**ACCOUNT, "trusted_permission_sets": ["Dev"]},
        [trust({"ArnLike": {"aws:PrincipalArn": of_set("Dev", "111111111111")}})],
    ),
    "a permission set in each account": (
        {"trusted_account_ids": ["222222222222", "111111111111"], "trusted_permission_sets": ["Dev"]},
        [
            trust(
                {"ArnLike": {"aws:PrincipalArn": of_set("Dev", "111111111111", "222222222222")}},
                accounts=["arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:root"],
            )
        ],
    ),
    "a permission set and principals": (
        {**ACCOUNT, "trusted_principal_arns": [ALICE], "trusted_permission_sets": ["Dev"]},
        [trust({"ArnLike": {"aws:PrincipalArn": [*of_set("Dev", "111111111111"), ALICE]}})],
    ),
    "denied permission sets come first": (
        {**ACCOUNT, "denied_principal_arns": [BOB], "denied_permission_sets": ["Dev"]},
        [deny([*of_set("Dev", "111111111111"), BOB]), trust()],
    ),
    "MFA is demanded, also if the condition key is missing": (
        {**ACCOUNT, "require_mfa": True},
        [trust({"Bool": {"aws:MultiFactorAuthPresent": "true"}})],
    ),
    "MFA that is not too long ago": (
        {**ACCOUNT, "require_mfa": True, "mfa_max_age": 900},
        [
            trust(
                {
                    "Bool": {"aws:MultiFactorAuthPresent": "true"},
                    "NumericLessThanEquals": {"aws:MultiFactorAuthAge": "900"},
                }
            )
        ],
    ),
    "an external id": (
        {**ACCOUNT, "external_id": "Example-987"},
        [trust({"StringEquals": {"sts:ExternalId": "Example-987"}})],
    ),
    "an organization": (
        {**ACCOUNT, "organization_id": "o-a1b2c3d4e5"},
        [trust({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})],
    ),
    "one range of addresses": (
        {**ACCOUNT, "source_ip_ranges": ["203.0.113.0/24"]},
        [trust({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})],
    ),
    "ranges of both kinds, sorted, each once": (
        {**ACCOUNT, "source_ip_ranges": ["203.0.113.0/24", "2001:db8::/32", "203.0.113.0/24"]},
        [trust({"IpAddress": {"aws:SourceIp": ["2001:db8::/32", "203.0.113.0/24"]}})],
    ),
    "single addresses, with their masks": (
        {**ACCOUNT, "source_ip_ranges": ["2001:DB8:1::7", "198.51.100.7"]},
        [trust({"IpAddress": {"aws:SourceIp": ["198.51.100.7/32", "2001:db8:1::7/128"]}})],
    ),
    "a source identity is demanded, and may be set to the user's name": (
        {**ACCOUNT, "require_source_identity": True},
        [trust(OWN_NAME), allow("SetSourceIdentity", "sts:SetSourceIdentity", OWN_NAME)],
    ),
    "a tag is demanded, and may be passed": (
        {**ACCOUNT, "session_tags": {"team": ["blue"]}},
        [trust(ONE_TAG), allow("TagSession", "sts:TagSession", ONE_TAG)],
    ),
    "several tags, values and names sorted": (
        {**ACCOUNT, "session_tags": {"team": ["green", "blue", "green"], "cost center": ["7"]}},
        [trust(TWO_TAGS), allow("TagSession", "sts:TagSession", TWO_TAGS)],
    ),
    "an end": (
        {**ACCOUNT, "expires_at": "2027-01-31T00:00:00Z"},
        [trust({"DateLessThan": {"aws:CurrentTime": "2027-01-31T00:00:00Z"}})],
    ),
    "all options: every condition has to hold": (
        EVERY_OPTION,
        [
            deny(["arn:aws:iam::*:role/*", *of_set("Dev", "111111111111", "222222222222")]),
            trust(
                {
                    "ArnLike": {"aws:PrincipalArn": [ALICE, BOB]},
                    "Bool": {"aws:MultiFactorAuthPresent": "true"},
                    "DateLessThan": {"aws:CurrentTime": "2027-01-31T00:00:00Z"},
                    "ForAllValues:StringEquals": {"aws:TagKeys": "team"},
                    "IpAddress": {"aws:SourceIp": "203.0.113.0/24"},
                    "NumericLessThanEquals": {"aws:MultiFactorAuthAge": "3600"},
                    "StringEquals": {
                        "aws:PrincipalOrgID": "o-a1b2c3d4e5",
                        "aws:RequestTag/team": "blue",
                        "sts:ExternalId": "Example-987",
                        "sts:SourceIdentity": "${aws:username}",
                    },
                },
                accounts=BOTH_ROOTS,
            ),
            allow("SetSourceIdentity", "sts:SetSourceIdentity", OWN_NAME, accounts=BOTH_ROOTS),
            allow("TagSession", "sts:TagSession", ONE_TAG, accounts=BOTH_ROOTS),
        ],
    ),
}


@pytest.mark.parametrize(("args", "statements"), CASES.values(), ids=CASES)
def test_the_trust_policy_is(args: Args, statements: Sequence[Any]) -> None:
    policy = trust_policy("aws", made(args))
    assert policy == {"Version": "2012-10-17", "Statement": statements}
    assert findings(render(policy), ROLE_ARN) == ()


def test_a_permission_sets_patterns_have_the_partition() -> None:
    args = made({**ACCOUNT, "trusted_permission_sets": ["Dev"], "denied_permission_sets": ["Ops"]})
    text = render(trust_policy("aws-cn", args))
    assert text.count("arn:aws-cn:iam::111111111111:role/aws-reserved/sso.amazonaws.com/") == 4
    assert "arn:aws:" not in text


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov"])
def test_every_statement_trusts_accounts_of_the_partition(partition: str) -> None:
    accounts = [f"arn:{partition}:iam::111111111111:root", f"arn:{partition}:iam::222222222222:root"]
    args = made({"trusted_account_ids": ["111111111111", "222222222222"], "require_source_identity": True})
    assert trust_policy(partition, args) == {
        "Version": "2012-10-17",
        "Statement": [
            trust(OWN_NAME, accounts=accounts),
            allow("SetSourceIdentity", "sts:SetSourceIdentity", OWN_NAME, accounts=accounts),
        ],
    }


def test_the_order_of_arguments_does_not_change_the_text() -> None:
    def text(order: Callable[[Iterable[str]], Iterable[str]]) -> str:
        known = {key: list(order(value)) if isinstance(value, list) else value for key, value in EVERY_OPTION.items()}
        known["session_tags"] = {tag: ["x"] for tag in order(["cost", "team"])}
        return render(trust_policy("aws", made(known)))

    assert text(sorted) == text(lambda values: reversed(sorted(values)))


def test_every_trust_option_has_a_document() -> None:
    """Check all options but ``generate_external_id``, which the component turns into an external id."""
    assert {key for args, _ in CASES.values() for key in args} == set(TRUST_LAWS)
