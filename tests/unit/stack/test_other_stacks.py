"""Roles of other stacks: references, reading and refusals."""

from typing import Any

import pytest

from tests.support.other_stacks import ARN, HERE, PRODUCTION, PROJECT, ROLE, THERE, deploy, outputs, policy_of, refusal
from tests.unit.conftest import Run, is_secret, tracked_config

# Grants.


def test_a_stack_is_read_once_for_any_number_of_grants(run: Run) -> None:
    groups = [{"name": f"Group{number}", "allow": [ROLE]} for number in range(5)]
    ran = deploy(run, outputs(), groups)
    policies = [name for name, made in ran.registrations.items() if made.type == "aws:iam/groupPolicy:GroupPolicy"]
    assert [ran.document(name)["Statement"][0]["Resource"] for name in policies] == [ARN] * 5
    assert ran.read == (f"pulumi:pulumi:StackReference {PRODUCTION}",)


def test_a_role_that_no_stack_exports_is_named_by_its_arn(run: Run) -> None:
    arns = ["arn:aws:iam::222222222222:role/team/B", "arn:aws:iam::222222222222:role/A"]
    ran = deploy(run, {}, [{"name": "Developers", "allow": arns, "deny": [ARN]}])
    allow = "Developers-allow-assume-S3-role-in-222222222222-policy"
    assert ran.registrations[allow].inputs["name"] == "allow-assume-S3-role-in-222222222222"
    assert ran.document(allow)["Statement"][0]["Resource"] == sorted(arns)
    assert ran.document(f"Developers-deny-assume-S3-role-in-{THERE}-policy")["Statement"][0]["Resource"] == ARN
    assert ran.exports["assumableRoles"] == {"Developers": {"allow": sorted(arns), "deny": [ARN]}}
    assert ran.read == ()


def test_a_stack_named_like_an_account_shares_the_policy_with_that_accounts_roles(run: Run) -> None:
    ran = run(
        stack="development",
        config={
            "aws:allowedAccountIds": [HERE],
            f"{PROJECT}:groups": [{"name": "Developers", "allow": [f"{THERE}/UpdateApp", f"{ARN}2"]}],
        },
        stacks={f"organization/{PROJECT}/{THERE}": outputs()},
    )
    assert policy_of(ran)["Statement"][0]["Resource"] == [ARN, f"{ARN}2"]


@pytest.mark.parametrize(("secret_names", "is_hidden"), [([], False), (["externalIds"], False), (["roleArns"], True)])
def test_an_arn_is_secret_only_if_its_stack_marks_it(run: Run, secret_names: list[str], is_hidden: bool) -> None:
    """Check other outputs, which the engine treats as one secret if an external id is secret."""
    ran = run(
        stack="development",
        config=tracked_config("development"),
        stacks={PRODUCTION: {**outputs(), "externalIds": {"UpdateApp": "x"}}},
        secret_outputs={PRODUCTION: secret_names},
    )
    policies = [made.inputs["policy"] for name, made in ran.registrations.items() if name.endswith("-policy")]
    assert [is_secret(policy) for policy in policies] == [is_hidden] * 2


# Refused values.

PINNED = {"production": THERE}
OWN_ARN = f"arn:aws:iam::{HERE}:role/Own"


@pytest.mark.parametrize(
    "accounts",
    [PINNED, {f"{PROJECT}/production": THERE}, {PRODUCTION: THERE}],
    ids=["stack", "project/stack", "organization/project/stack"],
)
def test_a_stack_may_be_pinned_to_an_account(run: Run, accounts: dict[str, str]) -> None:
    assert policy_of(deploy(run, outputs(), accounts=accounts))["Statement"][0]["Resource"] == ARN
    elsewhere = outputs("arn:aws:iam::666666666666:role/UpdateApp")
    assert policy_of(deploy(run, elsewhere))["Statement"][0]["Resource"].startswith("arn:aws:iam::666666666666:")
    assert refusal(run, elsewhere, accounts=accounts) == (
        f"groups[0].allow[0]: '{ROLE}' is not allowed; its stack exports a role of account 666666666666, but accounts"
        f" pins the stack to {THERE}; find out which one is right"
    )


def test_the_longest_matching_pin_counts(run: Run) -> None:
    accounts = {"production": "666666666666", PRODUCTION: THERE}
    assert policy_of(deploy(run, outputs(), accounts=accounts))["Statement"][0]["Resource"] == ARN


@pytest.mark.parametrize(
    ("accounts", "message"),
    [
        ({"production": "1111"}, "accounts.production: '1111' is not allowed; write the twelve digits"),
        ({"production": 999999999999}, "accounts.production: 999999999999 is not allowed; write the twelve digits"),
        ({"prodution": THERE}, f"accounts.prodution: '{THERE}' is not allowed; no grant here names a role of this"),
        ([THERE], f"accounts: ['{THERE}'] is not allowed; write a mapping"),
        (THERE, f"accounts: {THERE} is not allowed; write a mapping"),
    ],
)
def test_an_impossible_pin_is_refused(run: Run, accounts: Any, message: str) -> None:  # noqa: ANN401
    assert refusal(run, outputs(), accounts=accounts).startswith(message)


@pytest.mark.parametrize(
    ("exported", "message"),
    [
        ({}, f"'{ROLE}' is not allowed; stack {PRODUCTION} does not export it; it exports: none."),
        ({"roleArns": {"UpdateApps": ARN}}, "does not export it; it exports: UpdateApps."),
        ({"roleArns": {"UpdateApp": 7}}, "does not export it"),
        ({"roleArns": "nonsense"}, "it exports: none."),
        (outputs(f"arn:aws:iam::{HERE}:role/UpdateApp"), "it is a role of this account"),
        ({"roleArns": {"UpdateApp": "arn:aws:iam::999999999999:role/*"}}, "write the role's ARN"),
        ({"roleArns": {"UpdateApp": "arn:aws:iam::999999999999:user/UpdateApp"}}, "write the role's ARN"),
    ],
)
def test_an_export_that_is_not_a_role_of_another_account_is_refused(
    run: Run, exported: dict[str, Any], message: str
) -> None:
    refused = refusal(run, exported)
    assert refused.startswith("groups[0].allow[0]: ")
    assert message in refused


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (OWN_ARN, "it is a role of this account"),
        (f"arn:aws:iam::{THERE}:role/*", "write the role's ARN"),
        (f"arn:aws:iam::{THERE}:user/David", "write the role's ARN"),
        (f"arn:aws:sts::{THERE}:assumed-role/UpdateApp/David", "write the role's ARN"),
        ("arn:aws-cn:iam::999999999999:role/UpdateApp", "it is in another partition; here ARNs begin with arn:aws:"),
        ("UpdateApp", "write stack/role, project/stack/role, organization/project/stack/role or an ARN"),
        ("a/b/c/d/e", "write stack/role"),
        ("production/", "write stack/role"),
        ("production/Update App", "a role name has"),
        ("development/UpdateApp", "name a role of another stack"),
    ],
)
def test_an_invalid_reference_is_refused(run: Run, text: str, message: str) -> None:
    refused = refusal(run, outputs(), [{"name": "Developers", "allow": [text]}])
    assert refused.startswith("groups[0].allow[0]: ")
    assert message in refused
