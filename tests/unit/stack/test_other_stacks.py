"""Roles of other stacks: references, reading, refusals and warnings."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pulumi
import pytest

from components.validation import InvalidValue
from stack import clock
from tests.unit.conftest import Ran, Run, is_secret, tracked_config

PROJECT = "cross-account-access"
HERE, THERE = "111111111111", "999999999999"
ARN = f"arn:aws:iam::{THERE}:role/UpdateApp"
PRODUCTION = f"organization/{PROJECT}/production"
ROLE = "production/UpdateApp"
LONG_AGO, FAR_AWAY = "2020-01-31T00:00:00Z", "2099-01-31T00:00:00Z"


def outputs(arn: str = ARN, *, is_open: bool = False, **options: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the outputs of a stack with one role."""
    name = arn.rpartition("/")[2]
    output = {"bucket": "productionapp", "trustedAccountId": HERE, **options}
    return {"roleArns": {name: arn}, "roleOptions": {name: output}, "openRoles": [name] if is_open else []}


def deploy(
    run: Run,
    exported: Mapping[str, Any],
    groups: Sequence[Mapping[str, Any]] = ({"name": "Developers", "allow": [ROLE]},),
    grantee_roles: Sequence[Mapping[str, Any]] = (),
    **config: Any,  # noqa: ANN401
) -> Ran:
    lists = {"groups": groups, "granteeRoles": grantee_roles, **config}
    return run(
        stack="development",
        config={
            "aws:region": "us-east-1",
            "aws:allowedAccountIds": [HERE],
            **{f"{PROJECT}:{key}": it for key, it in lists.items() if it},
        },
        stacks={PRODUCTION: exported},
        principals=[f"arn:aws:iam::{HERE}:user/David", f"arn:aws:iam::{HERE}:role/team/deploy"],
    )


NOW = datetime(2027, 1, 31, 18, tzinfo=UTC)


@pytest.fixture
def at_that_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def named(*names: str) -> list[str]:
    return [f"arn:aws:iam::{HERE}:{name}" for name in names]


def refusal(run: Run, *arguments: Any, **config: Any) -> str:  # noqa: ANN401
    with pytest.raises(InvalidValue) as refused:
        deploy(run, *arguments, **config)
    return str(refused.value).removeprefix(f"{PROJECT}:")


def policy_of(ran: Ran) -> Any:  # noqa: ANN401
    return next(ran.document(name) for name in ran.registrations if name.endswith("-policy"))


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


# Warnings: one line each, once.

USELESS: Mapping[str, tuple[dict[str, Any], str]] = {
    "an account that is not trusted": (
        {"trustedAccountId": "222222222222"},
        f"the role does not trust {HERE}; correct the role's trustedAccountId",
    ),
    "none of several accounts": (
        {"trustedAccountId": None, "trustedAccountIds": ["222222222222", "333333333333"]},
        f"the role does not trust {HERE}; correct the role's trustedAccountId",
    ),
    "a source identity": (
        {"requireSourceIdentity": True},
        "the role requires a source identity; set sourceIdentity: true where it is allowed",
    ),
    "session tags": (
        {"sessionTags": {"team": ["blue"]}},
        "the role requires session tags; set sessionTags: true where it is allowed",
    ),
    "users are denied": (
        {"deniedPrincipalArns": ["arn:aws:iam::*:user/*"]},
        "it is among the role's deniedPrincipalArns; remove it there",
    ),
    "all trusted principals are denied": (
        {"trustedPrincipalArns": named("user/a*"), "deniedPrincipalArns": named("user/*")},
        "deniedPrincipalArns deny everybody that it trusts; remove some of them",
    ),
    "only roles are trusted": (
        {"trustedPrincipalArns": named("role/*")},
        "it is not among the role's trustedPrincipalArns; add it there",
    ),
    "MFA of roles": (
        {"requireMfa": True, "trustedPrincipalArns": named("role/*")},
        f"trustedPrincipalArns names only roles of {HERE}, and no role can meet requireMfa; name users too",
    ),
    "nobody in the account is named": (
        {"trustedAccountIds": ["222222222222"], "trustedPrincipalArns": ["arn:aws:iam::222222222222:user/x"]},
        f"trustedPrincipalArns names nobody in {HERE}; name somebody, or stop trusting that account",
    ),
    "it has expired": (
        {"expiresAt": LONG_AGO},
        f"it expired at {LONG_AGO}; set expiresAt to a future moment, or remove it",
    ),
    "its sessions are revoked for years": (
        {"revokeSessionsIssuedBefore": FAR_AWAY},
        f"sessions that begin before {FAR_AWAY} have no rights; set revokeSessionsIssuedBefore to a past moment",
    ),
}


@pytest.mark.parametrize(("options", "reason"), USELESS.values(), ids=USELESS)
def test_groups_that_can_not_use_their_grant_are_named_once(run: Run, options: dict[str, Any], reason: str) -> None:
    groups = [{"name": f"Group{number}", "allow": [ROLE]} for number in range(10)]
    names = ", ".join(f"Group{number}" for number in range(9))
    output = {key: value for key, value in options.items() if value is not None}
    exported = outputs(**output)
    if options.get("trustedAccountId", "") is None:
        del exported["roleOptions"]["UpdateApp"]["trustedAccountId"]
    assert deploy(run, exported, groups).warnings == (f"{names} and Group9 can't use {ROLE}, though allowed: {reason}",)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            {"requireMfa": True},
            "a role can't meet requireMfa; allow a group instead, or remove requireMfa from the role",
        ),
        ({"requireSourceIdentity": True}, "a role can't meet requireSourceIdentity; allow a group instead, or remove"),
        ({"sessionTags": {"team": ["blue"]}}, "the role requires session tags"),
        ({"trustedPrincipalArns": named("user/*")}, "it is not among the role's trustedPrincipalArns"),
        ({"trustedPrincipalArns": named("role/deployer", "role/dep")}, "it is not among the role's trustedPrincipal"),
        ({"deniedPrincipalArns": named("role/*")}, "it is among the role's deniedPrincipalArns"),
        ({"deniedPrincipalArns": named("role/deploy")}, "it is among the role's deniedPrincipalArns"),
        ({"deniedPrincipalArns": named("role/d?ploy")}, "it is among the role's deniedPrincipalArns"),
        ({"expiresAt": LONG_AGO}, "it expired at"),
        ({}, None),
        ({"trustedPrincipalArns": named("role/team/deploy")}, None),
        ({"trustedPrincipalArns": named("role/d*")}, None),
        ({"deniedPrincipalArns": named("role/deploy-*", "role/team/x", "user/*")}, None),
        ({"trustedPrincipalArns": named("role/*"), "deniedPrincipalArns": named("role/team/*")}, None),
        ({"sessionTags": {}, "requireMfa": False}, None),
    ],
)
def test_a_role_that_can_not_use_its_grant_is_named(run: Run, options: dict[str, Any], reason: str | None) -> None:
    warnings = deploy(run, outputs(**options), [], [{"name": "deploy", "allow": [ROLE]}]).warnings
    useless = [line for line in warnings if "does not exist" not in line]
    assert len(useless) == (reason is not None)
    if reason:
        assert useless[0].startswith(f"deploy can't use {ROLE}, though allowed: {reason}")


@pytest.mark.parametrize(
    ("group", "options", "is_useful"),
    [
        ({"sourceIdentity": True}, {"requireSourceIdentity": True}, True),
        ({"sessionTags": True}, {"sessionTags": {"team": ["blue"]}}, True),
        ({}, {"requireMfa": True, "expiresAt": FAR_AWAY, "revokeSessionsIssuedBefore": LONG_AGO}, True),
        ({}, {"trustedAccountIds": ["222222222222"]}, True),
        ({}, {"trustedPrincipalArns": ["arn:aws:iam::*:user/David"]}, True),
        ({}, {"trustedPrincipalArns": named("user/a*"), "deniedPrincipalArns": named("user/ab*")}, True),
        ({}, {"deniedPrincipalArns": named("user/?")}, True),
        ({"members": []}, {"trustedPrincipalArns": ["arn:aws:iam::*:user/David"]}, True),
        ({"members": ["Eve", "David"]}, {"trustedPrincipalArns": ["arn:aws:iam::*:user/team/David"]}, True),
        ({"members": ["Eve"]}, {"trustedPrincipalArns": ["arn:aws:iam::*:user/David"]}, False),
        ({"members": ["Eve"]}, {"deniedPrincipalArns": ["arn:aws:iam::*:user/Eve"]}, False),
    ],
)
def test_a_group_that_can_use_its_grant_is_not_named(
    run: Run, group: dict[str, Any], options: dict[str, Any], is_useful: bool
) -> None:
    ran = deploy(run, outputs(**options), [{"name": "Developers", "allow": [ROLE], **group}])
    assert (not any("can't use" in line for line in ran.warnings)) == is_useful


SSO = "role/aws-reserved/sso.amazonaws.com"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            {"requireMfa": True},
            "a role can't meet requireMfa; allow a group instead, or remove requireMfa from the role",
        ),
        ({"requireSourceIdentity": True}, "a role can't meet requireSourceIdentity"),
        ({"sessionTags": {"team": ["blue"]}}, "the role requires session tags"),
        ({"trustedPermissionSets": ["Dev_x", "Ops"]}, "it is not among the role's trustedPermissionSets; add it there"),
        ({"trustedPrincipalArns": named("user/*")}, "it is not among the role's trustedPermissionSets; add it there"),
        ({"deniedPermissionSets": ["Dev"]}, "it is among the role's deniedPermissionSets; remove it there"),
        ({"deniedPrincipalArns": named("role/*")}, "it is among the role's deniedPrincipalArns; remove it there"),
        ({"expiresAt": LONG_AGO}, "it expired at"),
        ({"trustedPermissionSets": ["Ops", "Dev"]}, None),
        ({"trustedPrincipalArns": named(f"{SSO}/eu-west-1/AWSReservedSSO_Dev_0123456789abcdef")}, None),
        ({"deniedPermissionSets": ["Ops"], "deniedPrincipalArns": named("role/deploy")}, None),
        ({}, None),
    ],
)
def test_a_permission_set_that_can_not_use_its_grant_is_named(
    run: Run, options: dict[str, Any], reason: str | None
) -> None:
    warnings = deploy(run, outputs(**options), [], permissionSets=[{"name": "Dev", "allow": [ROLE]}]).warnings
    useless = [line for line in warnings if "does not exist" not in line]
    assert len(useless) == (reason is not None)
    if reason:
        assert useless[0].startswith(f"permission set Dev can't use {ROLE}, though allowed: {reason}")


@pytest.mark.parametrize("options", [{"trustedPermissionSets": ["Dev"]}, {"trustedPrincipalArns": named(f"{SSO}/*")}])
def test_a_group_is_not_among_permission_sets(run: Run, options: dict[str, Any]) -> None:
    assert (
        deploy(run, outputs(**options)).warnings[0].endswith("not among the role's trustedPrincipalArns; add it there")
    )


@pytest.mark.parametrize(
    ("until", "ended"),
    [("2027-01-31T17:59:59Z", True), ("2027-01-31T18:00:00Z", True), ("2027-01-31T18:00:01Z", False)],
)
@pytest.mark.usefixtures("at_that_time")
def test_an_ended_grant_is_named_once(run: Run, until: str, ended: bool) -> None:
    dated = [{"role": ROLE, "until": until}, {"role": f"{ARN}2", "until": until}]
    ran = deploy(
        run,
        outputs(requireMfa=True),  # without an end, this would be the reason
        [{"name": "Guests", "allow": dated}],
        [{"name": "deploy", "allow": dated}],
        permissionSets=[{"name": "Guests", "allow": dated}],
    )
    over = f"though allowed: that ended at {until}; remove the entry, or set until to a future moment"
    who = "Guests, deploy and permission set Guests"
    reported = [f"{who} can't use {ROLE}, {over}", f"{who} can't use {ARN}2, {over}"]
    assert sorted(line for line in ran.warnings if "that ended" in line) == (sorted(reported) if ended else [])
    assert bool([line for line in ran.warnings if "requireMfa" in line]) != ended


@pytest.mark.usefixtures("at_that_time")
def test_roles_with_an_end_are_read_from_their_stack_separately(run: Run) -> None:
    moment = "2027-02-28T00:00:00Z"
    exported = outputs()
    exported["roleArns"] |= {"Other": f"{ARN}3"}
    allow = [{"role": "production/Other", "until": moment}, ROLE, {"role": f"{ARN}2", "until": moment}]
    ran = deploy(run, exported, [{"name": "Developers", "allow": allow}])
    documents = [ran.document(name) for name in ran.registrations if name.endswith("-policy")]
    before = {"DateLessThan": {"aws:CurrentTime": moment}}
    found = {it["Resource"]: it.get("Condition") for document in documents for it in document["Statement"]}
    assert found == {ARN: None, f"{ARN}3": before, f"{ARN}2": before}
    assert ran.exports["grantOptions"] == {"Developers": {"until": {f"{ARN}3": moment, f"{ARN}2": moment}}}


def test_a_role_with_an_end_that_its_stack_does_not_export_is_refused(run: Run) -> None:
    allow = [{"role": "production/Other", "until": FAR_AWAY}]
    assert refusal(run, outputs(), [{"name": "Developers", "allow": allow}]).startswith(
        "groups[0].allow[0]: 'production/Other' is not allowed; stack"
    )


def test_a_denial_and_a_stack_without_options_give_no_warning(run: Run) -> None:
    denied = [{"name": "Testers", "deny": [ROLE]}]
    assert deploy(run, outputs(trustedAccountId="222222222222"), denied).warnings == ()
    assert deploy(run, {"roleArns": {"UpdateApp": ARN}}).warnings == ()
    assert deploy(run, {"roleArns": {"UpdateApp": ARN}, "roleOptions": "nonsense", "openRoles": None}).warnings == ()


def test_the_tutorial_has_no_warning(run: Run) -> None:
    exported = run(stack="production", config=tracked_config("production"))
    assert exported.warnings == ()
    stacks = {PRODUCTION: exported.exports}
    assert run(stack="development", config=tracked_config("development"), stacks=stacks).warnings == ()


TESTERS = {"name": "Testers", "deny": [ROLE]}


@pytest.mark.parametrize(
    ("is_open", "options", "grantee_roles", "is_named"),
    [
        (True, {}, [{"name": "deploy", "allow": [ROLE]}], True),
        (False, {}, [{"name": "deploy", "allow": [ROLE]}], False),
        (True, {}, [{"name": "deploy", "deny": [ROLE]}], False),
        (True, {}, [], False),
        (True, {"deniedPrincipalArns": named("role/deploy")}, [{"name": "deploy", "allow": [ROLE]}], False),
    ],
    ids=["open", "closed", "denied too", "no role", "denied by name"],
)
def test_a_denial_that_a_role_of_this_file_bypasses_is_named_once(
    run: Run, is_open: bool, options: dict[str, Any], grantee_roles: list[dict[str, Any]], is_named: bool
) -> None:
    groups = [TESTERS, {**TESTERS, "name": "Guests"}, {"name": "Developers", "allow": [ROLE]}]
    ran = deploy(run, outputs(is_open=is_open, **options), groups, grantee_roles)
    lines = [line for line in ran.warnings if "does not bind" in line]
    sets = [{"name": "Testers", "deny": [ROLE]}]
    beside = deploy(run, outputs(is_open=is_open, **options), [], grantee_roles, permissionSets=sets)
    assert any("permission set Testers: the Deny" in line for line in beside.warnings) == is_named
    assert lines == [
        f"Testers and Guests: the Deny on {ROLE} does not bind deploy, which members may be able to switch to first;"
        " list it under the role's deniedPrincipalArns, or see what `access bypass` finds"
    ] * int(is_named)


# Principals that a role names but that do not exist.


def test_missing_principals_are_named_once(run: Run) -> None:
    options: dict[str, Any] = {
        "trustedPrincipalArns": named("user/David", "user/Dvaid", "role/team/deploy"),
        "deniedPrincipalArns": named("role/deploy", "user/Dvaid"),
    }
    assert deploy(run, outputs(**options)).warnings == tuple(
        f"{ROLE} names {arn}, which does not exist; correct it there" for arn in named("user/Dvaid", "role/deploy")
    )


@pytest.mark.parametrize(
    "options",
    [
        {"trustedPrincipalArns": named("user/*", "role/deploy-?")},
        {"trustedPrincipalArns": ["arn:aws:iam::222222222222:user/Nobody", "arn:aws:iam::*:user/Nobody"]},
    ],
    ids=["patterns", "of other accounts"],
)
def test_aws_is_not_called_without_principals_to_check(
    run: Run, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    def ask(*_: object) -> None:
        raise AssertionError("AWS is asked")

    monkeypatch.setattr(pulumi.runtime, "invoke_async", ask)
    assert deploy(run, outputs(**options)).warnings == ()


def test_an_error_of_aws_stops_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    output: list[str] = []

    async def refuse(*_: object) -> None:
        raise ValueError("not\nallowed")

    monkeypatch.setattr(pulumi.runtime, "invoke_async", refuse)
    monkeypatch.setattr(pulumi.log, "info", output.append)
    assert deploy(run, outputs(trustedPrincipalArns=named("user/Dvaid"))).warnings == ()
    assert output == ["cannot check that the principals named by roles of other stacks exist: not allowed"]
