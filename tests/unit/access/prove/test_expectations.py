"""Test which principals should be able to assume a role according to the stacks' outputs."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.arn import permission_set_of
from access.prove.expectations import (
    Candidate,
    Role,
    candidates_of,
    may_assume,
    may_assume_neighbour,
    outsider_of,
    roles_of,
)
from access.prove.matrix import Principal
from access.stack_outputs import AssumableRoles, StackOutputs

HERE, ELSEWHERE = "111111111111", "222222222222"
ARN = "arn:aws:iam::999999999999:role/UpdateApp"
OUTPUTS = StackOutputs(
    "development",
    groups={"Developers": {"allow": [ARN], "deny": []}, "Testers": {"allow": [], "deny": [ARN]}},
    grantee_roles={"Deployer": {"allow": [ARN], "deny": []}, "Auditor": {"allow": [], "deny": [ARN]}},
    permission_sets={"Dev": {"allow": [ARN], "deny": []}, "Dev_x": {"allow": [], "deny": [ARN]}},
)
SSO = f"arn:aws:iam::{HERE}:role/aws-reserved/sso.amazonaws.com"
DEV, DEV_X = f"{SSO}/eu-west-1/AWSReservedSSO_Dev_0123456789abcdef", f"{SSO}/AWSReservedSSO_Dev_x_0123456789abcdef"
USER, ROLE = f"arn:aws:iam::{HERE}:user/access-probe/u", f"arn:aws:iam::{HERE}:role/Deployer"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def user(*groups: str, power: bool = False) -> Candidate:
    return Candidate(Principal("somebody", HERE, groups), may_assume_any=power)


def in_set(name: str) -> Candidate:
    return Candidate(Principal("somebody", HERE), permission_set=name)


def role(**options: Any) -> Role:  # noqa: ANN401
    return Role(ARN, {"trustedAccountId": HERE, "bucket": "productionapp", **options})


def test_each_group_has_two_members() -> None:
    found = candidates_of(HERE, OUTPUTS)
    sets = {it.permission_set: it.principal.name for it in found if it.permission_set}
    assert sets == {"Dev": "permission set development/Dev", "Dev_x": "permission set development/Dev_x"}
    assert [
        (it.principal.name, it.principal.groups, it.may_assume_any, it.role) for it in found if not it.permission_set
    ] == [
        ("member of development/Developers", ("Developers",), False, None),
        ("member of development/Developers, power user", ("Developers",), True, None),
        ("member of development/Testers", ("Testers",), False, None),
        ("member of development/Testers, power user", ("Testers",), True, None),
        ("member of development/Developers and Testers, power user", ("Developers", "Testers"), True, None),
        ("role development/Deployer", (), False, "Deployer"),
        ("role development/Auditor", (), False, "Auditor"),
        ("user of development in no group", (), False, None),
        ("power user of development in no group", (), True, None),
    ]


def test_a_single_group_has_no_member_of_both() -> None:
    one = StackOutputs("development", groups={"Developers": {"allow": [ARN], "deny": []}})
    names = [candidate.principal.name for candidate in candidates_of(HERE, one)]
    assert len(names) == len(set(names)) == 4


@pytest.mark.parametrize(
    ("candidate", "arn", "options", "expected", "because"),
    [
        (user("Developers"), USER, {}, "ALLOW", "Developers: allow"),
        (user("Testers"), USER, {}, "DENY", "Testers: deny"),
        (user("Testers", power=True), USER, {}, "DENY", "Testers: deny"),
        (user("Developers", "Testers"), USER, {}, "DENY", "Testers: deny"),
        (user(), USER, {}, "DENY", "nothing allows it"),
        (user(power=True), USER, {}, "ALLOW", f"a power user may assume any role, and this one trusts {HERE}"),
        (outsider_of(ELSEWHERE), USER, {}, "DENY", f"the role does not trust {ELSEWHERE}"),
        (user("Developers"), USER, {"trustedAccountId": ELSEWHERE}, "DENY", f"the role does not trust {HERE}"),
        (user("Developers"), USER, {"trustedAccountIds": [ELSEWHERE, HERE]}, "ALLOW", "Developers: allow"),
        (user("Developers"), USER, {"requireMfa": True}, "DENY", "requireMfa, and this is without MFA"),
        (user("Developers"), USER, {"expiresAt": "2026-11-24T12:00:00Z"}, "DENY", "expiresAt: 2026-11-24T12:00:00Z"),
        (user("Developers"), USER, {"expiresAt": "2026-11-24T12:00:01Z"}, "ALLOW", "Developers: allow"),
        (
            user("Developers"),
            USER,
            {"trustedPrincipalArns": [f"arn:aws:iam::{HERE}:user/D*"]},
            "DENY",
            "trustedPrincipalArns: others only",
        ),
        (
            user("Developers"),
            USER,
            {"trustedPrincipalArns": [f"arn:aws:iam::{HERE}:role/*", f"arn:aws:iam::{HERE}:user/*"]},
            "ALLOW",
            "Developers: allow",
        ),
        (
            user("Developers"),
            USER,
            {"deniedPrincipalArns": ["arn:aws:iam::*:user/access-probe/?"]},
            "DENY",
            "deniedPrincipalArns: arn:aws:iam::*:user/access-probe/?",
        ),
        (Candidate(Principal("r", HERE), role="Deployer"), ROLE, {}, "ALLOW", "Deployer: allow"),
        (Candidate(Principal("r", HERE), role="Auditor"), ROLE, {}, "DENY", "Auditor: deny"),
        (
            Candidate(Principal("r", HERE), role="Deployer"),
            ROLE,
            {"requireSourceIdentity": True},
            "DENY",
            "requireSourceIdentity, and a role has no user's name",
        ),
        (in_set("Dev"), DEV, {}, "ALLOW", "permission set Dev: allow"),
        (in_set("Dev_x"), DEV_X, {}, "DENY", "permission set Dev_x: deny"),
        (in_set("Other"), DEV, {}, "DENY", "nothing allows it"),
        (in_set("Dev"), DEV, {"trustedPermissionSets": ["Ops", "Dev"]}, "ALLOW", "permission set Dev: allow"),
        (in_set("Dev"), DEV, {"trustedPermissionSets": ["Dev_x"]}, "DENY", "trustedPermissionSets: others only"),
        (in_set("Dev"), DEV, {"deniedPermissionSets": ["Dev"]}, "DENY", "deniedPermissionSets: Dev"),
        (in_set("Dev"), DEV, {"deniedPermissionSets": ["Dev_x"]}, "ALLOW", "permission set Dev: allow"),
        (
            in_set("Dev"),
            DEV,
            {"trustedPermissionSets": ["Ops"], "trustedPrincipalArns": [f"{SSO}/*"]},
            "ALLOW",
            "permission set Dev: allow",
        ),
        (
            in_set("Dev"),
            DEV,
            {"trustedPermissionSets": ["Ops"], "trustedPrincipalArns": [USER]},
            "DENY",
            "trustedPrincipalArns and trustedPermissionSets: others only",
        ),
        (user("Developers"), USER, {"trustedPermissionSets": ["Dev"]}, "DENY", "trustedPermissionSets: others only"),
        (user("Developers"), USER, {"deniedPermissionSets": ["Dev"]}, "ALLOW", "Developers: allow"),
        (
            in_set("Dev"),
            DEV,
            {"requireSourceIdentity": True},
            "DENY",
            "requireSourceIdentity, and a role has no user's name",
        ),
        (user("Guests"), USER, {}, "DENY", "Guests: until 2026-11-24T12:00:00Z"),
        (user("Guests", "Developers"), USER, {}, "ALLOW", "Developers: allow"),
        (
            user("Guests", power=True),
            USER,
            {},
            "ALLOW",
            f"a power user may assume any role, and this one trusts {HERE}",
        ),
        (user("Temps"), USER, {}, "ALLOW", "Temps: allow"),
        (user("Auditors"), USER, {"requireSourceIdentity": True, "externalId": "x"}, "ALLOW", "Auditors: allow"),
        (
            user("Auditors"),
            USER,
            {"sessionTags": {"team": ["a"]}},
            "DENY",
            "sessionTags, and Auditors has no sessionTags",
        ),
        (
            user("Developers"),
            USER,
            {"requireSourceIdentity": True},
            "DENY",
            "requireSourceIdentity, and Developers has no sourceIdentity",
        ),
        (user("Developers", power=True), USER, {"requireSourceIdentity": True}, "ALLOW", "Developers: allow"),
        (user("Developers", "Auditors"), USER, {"requireSourceIdentity": True}, "ALLOW", "Auditors: allow"),
    ],
)
def test_expected_result_and_reason_of_assuming_the_role(
    candidate: Candidate, arn: str, options: dict[str, Any], expected: str, because: str
) -> None:
    if "trustedAccountIds" in options:
        options["trustedAccountId"] = ""
    more: AssumableRoles = {name: {"allow": [ARN], "deny": []} for name in ("Auditors", "Guests", "Temps")}
    said: dict[str, dict[str, Any]] = {
        "Auditors": {"sourceIdentity": True},
        "Guests": {"until": {ARN: "2026-11-24T12:00:00Z"}},
        "Temps": {"until": {ARN: "2026-11-24T12:00:01Z", f"{ARN}2": "2020-01-01T00:00:00Z"}},
    }
    known = replace(OUTPUTS, groups={**OUTPUTS.groups, **more}, grant_options=said)
    outputs = None if candidate.principal.account_id == ELSEWHERE else known
    assert may_assume(candidate, arn, role(**options), outputs, NOW) == (expected, because)


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        (user("Developers"), "DENY"),
        (user("Testers", power=True), "ALLOW"),
        (user(power=True), "ALLOW"),
        (outsider_of(ELSEWHERE), "DENY"),
    ],
)
def test_only_power_users_may_assume_the_neighbour(candidate: Candidate, expected: str) -> None:
    assert may_assume_neighbour(candidate, role())[0] == expected


@given(st.sampled_from(["[u]", "u]", "[!x]", "*", "?", "u", "access-probe/*"]))
def test_patterns_support_only_stars_and_question_marks(name: str) -> None:
    options = {"trustedPrincipalArns": [f"arn:aws:iam::{HERE}:user/{name}"]}
    expected, _ = may_assume(user("Developers"), f"arn:aws:iam::{HERE}:user/u", role(**options), OUTPUTS, NOW)
    assert expected == ("ALLOW" if name in ("*", "?", "u") else "DENY")


def test_a_star_stays_within_its_part_of_the_arn() -> None:
    options = {"trustedPrincipalArns": ["arn:aws:iam::*"]}
    patterned = role(trustedPrincipalArns=["arn:aws:iam::*:user/u"])
    assert may_assume(user("Developers"), f"arn:aws:iam::{HERE}:user/u", patterned, OUTPUTS, NOW)[0] == "ALLOW"
    with pytest.raises(ValueError, match="shorter"):  # the components refuse such a pattern
        may_assume(user("Developers"), USER, role(**options), OUTPUTS, NOW)


def test_roles_are_taken_from_the_outputs() -> None:
    outputs = StackOutputs(
        "production",
        role_arns={"UpdateApp": "arn:aws-cn:iam::999999999999:role/team/UpdateApp", "Other": ARN},
        role_options={"UpdateApp": {"buckets": ["a", "b"], "trustedAccountIds": [HERE, ELSEWHERE]}},
        external_ids={"UpdateApp": "agreed"},
    )
    update_app, other = roles_of(outputs)
    assert (update_app.name, update_app.account_id, update_app.external_id) == ("UpdateApp", "999999999999", "agreed")
    assert (update_app.buckets, update_app.trusted_accounts) == (("a", "b"), (HERE, ELSEWHERE))
    assert (other.buckets, other.trusted_accounts, other.external_id) == ((), (), None)
    assert "agreed" not in repr(update_app)


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        (DEV, "Dev"),
        (DEV_X, "Dev_x"),
        (DEV.replace("arn:aws:", "arn:aws-us-gov:"), "Dev"),
        (f"{SSO}/AWSReservedSSO_a=b@c,d.e-f+g_0123456789abcdef", "a=b@c,d.e-f+g"),
        (f"{SSO}/AWSReservedSSO_Dev_0123456789abcde", None),
        (f"{SSO}/a/b/AWSReservedSSO_Dev_0123456789abcdef", None),
        (f"arn:aws:iam::{HERE}:role/AWSReservedSSO_Dev_0123456789abcdef", None),
        (ROLE, None),
    ],
)
def test_a_permission_sets_role_is_recognized_by_path_and_name(arn: str, name: str | None) -> None:
    assert permission_set_of(arn) == name
