"""Warnings of grants that nobody can use, and of principals that do not exist: one line each, once."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from tests.support.other_stacks import ARN, FAR_AWAY, HERE, LONG_AGO, PRODUCTION, ROLE, deploy, named, outputs
from tests.unit.conftest import Run, tracked_config

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
