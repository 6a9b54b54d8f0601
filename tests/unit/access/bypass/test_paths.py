"""Test the paths around a Deny: through roles, by rights in IAM and by changing others."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.bypass_accounts import (
    ASSUME,
    CLOSED,
    DENIED,
    MFA,
    ON_UPDATE_APP,
    SHUT,
    TRUST,
    UPDATE_APP,
    paths_of,
    report,
    theresa_with,
    tutorial,
)
from tests.support.iam_accounts import (
    AccountDetails,
    Document,
    allow,
    arn,
    deny,
    document,
    root,
    trusts,
)


def iam(*actions: str, resource: str = "*", power_user: bool = True) -> AccountDetails:
    """Return the tutorial's account with rights in IAM for Theresa."""
    attached = ["PowerUserAccess"] if power_user else []
    return theresa_with(inline={"iam": allow([f"iam:{action}" for action in actions], resource)}, attached=attached)


def with_deployer(trust: Document = TRUST, rights: Mapping[str, Any] | None = None, **theresa: Any) -> AccountDetails:  # noqa: ANN401
    account = theresa_with(**(theresa or {"attached": ["PowerUserAccess"]}))
    return account.role("Deployer", trust, **(rights or {"inline": {"deploy": ON_UPDATE_APP}}))


AROUND = "Theresa (Testers: deny) -> role Deployer -> UpdateApp"
NOT_MEANT = "role Deployer -> UpdateApp"


@pytest.mark.parametrize(
    ("account", "trust", "lines"),
    [
        # By a role
        (with_deployer(), TRUST, [AROUND, NOT_MEANT]),
        (with_deployer(inline={"a": allow(ASSUME, arn("role", "Deployer"))}), TRUST, [AROUND, NOT_MEANT]),
        (with_deployer(trusts(arn("user", "Theresa")), inline={"a": allow("s3:*")}), TRUST, [AROUND, NOT_MEANT]),
        (with_deployer(inline={"a": allow("s3:*")}), TRUST, [NOT_MEANT]),
        (with_deployer(document({**SHUT, "NotPrincipal": {"Service": "x"}}), inline={}), TRUST, [AROUND, NOT_MEANT]),
        (with_deployer(trusts(arn("user", "Theresa"))), TRUST, [AROUND, NOT_MEANT]),
        (with_deployer(trusts(arn("user", "David"))), TRUST, [NOT_MEANT]),
        (
            with_deployer(rights={"attached": ["PowerUserAccess"], "boundary": "PowerUserAccess"}),
            TRUST,
            [AROUND, NOT_MEANT],
        ),
        (
            with_deployer(rights={"attached": ["PowerUserAccess"], "boundary": "s3"}).policy("s3", allow("s3:*")),
            TRUST,
            [],
        ),
        (with_deployer(rights={"inline": {"s3": allow("s3:*")}}), TRUST, []),
        (with_deployer(rights={"inline": {"a": ON_UPDATE_APP, "d": DENIED}}), TRUST, []),
        (with_deployer(trusts(root(), Condition=MFA)), TRUST, [f"{AROUND} if aws:MultiFactorAuthPresent", NOT_MEANT]),
        # Closed on Production's side
        (with_deployer(), trusts(root(), Condition={"ArnLike": {"aws:PrincipalArn": arn("user", "*")}}), []),
        (
            with_deployer(),
            document(*TRUST["Statement"], *trusts(arn("role", "Deployer"), effect="Deny")["Statement"]),
            [],
        ),
        (with_deployer(), trusts(root(), Condition=MFA), []),
        (with_deployer(), trusts(root("222222222222")), []),
        (with_deployer(), trusts(root(), Condition={"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}), []),
        # ... and not closed
        (
            with_deployer(),
            trusts(root(), Condition={"StringEquals": {"sts:ExternalId": "agreed"}}),
            [f"{AROUND} if sts:ExternalId", f"{NOT_MEANT} if sts:ExternalId"],
        ),
        (
            with_deployer(),
            document(
                *TRUST["Statement"],
                *trusts("*", effect="Deny", Condition={"IpAddress": {"aws:SourceIp": "::/1"}})["Statement"],
            ),
            [f"{AROUND} if aws:SourceIp", f"{NOT_MEANT} if aws:SourceIp"],
        ),
        # Through several roles: the shortest path through each
        (
            with_deployer()
            .role("First", trusts(arn("user", "Theresa")), inline={"a": allow(ASSUME, arn("role", "Second"))})
            .role("Second", trusts(root()), inline={"a": allow(ASSUME, [arn("role", "First"), UPDATE_APP])}),
            TRUST,
            [
                AROUND,
                "Theresa (Testers: deny) -> role Second -> UpdateApp",
                NOT_MEANT,
                "role Second -> UpdateApp",
            ],
        ),
        (
            theresa_with(inline={"a": allow(ASSUME, arn("role", "First"))})
            .role("First", trusts(root()), inline={"a": allow(ASSUME, arn("role", "Second"))})
            .role("Second", trusts(root()), inline={"a": allow(ASSUME, [arn("role", "First"), UPDATE_APP])}),
            TRUST,
            ["Theresa (Testers: deny) -> role First -> role Second -> UpdateApp", "role Second -> UpdateApp"],
        ),
        (
            theresa_with(inline={"a": allow(ASSUME, arn("role", "*"))})
            .role("First", trusts(root()), inline={"a": allow(ASSUME, arn("role", "Second"))})
            .role("Third", trusts(root()), inline={"a": allow(ASSUME, arn("role", "Second"))})
            .role("Second", trusts(arn("role", "First"), arn("role", "Third")), inline={"a": ON_UPDATE_APP}),
            TRUST,
            ["Theresa (Testers: deny) -> role First -> role Second -> UpdateApp", "role Second -> UpdateApp"],
        ),
        # A certain path is reported even if a conditional one is shorter
        (
            theresa_with(inline={"a": allow(ASSUME, [arn("role", "First"), arn("role", "Second")])})
            .role("First", trusts(root()), inline={"a": allow(ASSUME, arn("role", "Second"))})
            .role(
                "Second",
                document(
                    *trusts(root(), Condition=MFA)["Statement"],
                    *trusts(arn("role", "First"))["Statement"],
                ),
                inline={"a": ON_UPDATE_APP},
            ),
            TRUST,
            ["Theresa (Testers: deny) -> role First -> role Second -> UpdateApp", "role Second -> UpdateApp"],
        ),
        # An intended role is a path for a denied user
        (
            tutorial().role("Builder", TRUST, inline={"a": ON_UPDATE_APP}),
            TRUST,
            ["Theresa (Testers: deny) -> role Builder -> UpdateApp"],
        ),
        # A role that is denied
        (
            tutorial()
            .role("Auditor", trusts(arn("role", "x")), inline={"d": DENIED, "a": allow(ASSUME)})
            .role("Builder", trusts(arn("role", "Auditor")), inline={"a": ON_UPDATE_APP}),
            TRUST,
            ["role Auditor (Auditor: deny) -> role Builder -> UpdateApp"],
        ),
        # A Deny that is not in force
        (tutorial().user("Tom", "Testers").group("x"), TRUST, []),
        (
            AccountDetails().group("Testers").user("Theresa", "Testers", attached=["PowerUserAccess"]),
            TRUST,
            ["Theresa (Testers: deny) -> UpdateApp"],
        ),
        (
            AccountDetails()
            .group("Testers")
            .user("Theresa", "Testers", attached=["PowerUserAccess"], inline={"a": allow("iam:*")}),
            TRUST,
            ["Theresa (Testers: deny) -> UpdateApp"],
        ),
        # A user in both groups is denied
        (
            tutorial().user("Bo", "Developers", "Testers").role("Deployer", trusts("*"), inline={"a": ON_UPDATE_APP}),
            TRUST,
            ["Bo (Testers: deny) -> role Deployer -> UpdateApp", AROUND, NOT_MEANT],
        ),
    ],
)
def test_paths_through_roles(account: AccountDetails, trust: Document, lines: list[str]) -> None:
    assert paths_of(report(account, trust)) == lines


@pytest.mark.parametrize(
    ("account", "ways"),
    [
        # The Deny is removed
        (iam("RemoveUserFromGroup"), ["iam:RemoveUserFromGroup on group Testers"]),
        (iam("DeleteGroupPolicy"), ["iam:DeleteGroupPolicy on group Testers"]),
        (iam("PutGroupPolicy"), ["iam:PutGroupPolicy on group Testers"]),
        (iam("PutGroupPolicy", power_user=False), ["iam:PutGroupPolicy on group Testers"]),
        (iam("RemoveUserFromGroup", "DeleteGroupPolicy", power_user=False), []),
        (iam("RemoveUserFromGroup", resource=arn("group", "Developers")), []),
        (
            iam("DetachGroupPolicy", "CreatePolicyVersion", "DeleteUserPolicy", "DetachUserPolicy", "DeleteRolePolicy"),
            [],
        ),
        (
            iam("RemoveUserFromGroup", "DeleteGroupPolicy", "PutGroupPolicy"),
            [f"iam:{it} on group Testers" for it in ("DeleteGroupPolicy", "PutGroupPolicy", "RemoveUserFromGroup")],
        ),
        # The user's own new rights remove no Deny, but grant the right to remove it
        (
            iam("PutUserPolicy"),
            [
                f"iam:PutUserPolicy on Theresa -> iam:{it} on group Testers"
                for it in ("DeleteGroupPolicy", "PutGroupPolicy", "RemoveUserFromGroup")
            ]
            + ["iam:PutUserPolicy on Theresa -> David, by iam:CreateAccessKey"],
        ),
        # An allowed user is taken over
        (iam("CreateAccessKey"), ["David, by iam:CreateAccessKey"]),
        (iam("CreateAccessKey", power_user=False), ["David, by iam:CreateAccessKey"]),
        (iam("CreateAccessKey", resource=arn("user", "Theresa")), []),
        (
            iam("CreateLoginProfile"),
            ["David, by iam:CreateLoginProfile -> UpdateApp if whether David has a console password"],
        ),
        (
            iam("UpdateLoginProfile"),
            ["David, by iam:UpdateLoginProfile -> UpdateApp if whether David has a console password"],
        ),
        (
            iam("UpdateLoginProfile", "CreateLoginProfile"),
            ["David, by iam:CreateLoginProfile -> UpdateApp if whether David has a console password"],
        ),
        # Another user is taken over, and granted the rights
        (
            iam("CreateAccessKey", "AddUserToGroup", power_user=False).user("Eva").user("David2", "Developers"),
            [
                "David, by iam:CreateAccessKey",
                "David2, by iam:CreateAccessKey",
                "Eva, by iam:CreateAccessKey and iam:AddUserToGroup on group Developers",
            ],
        ),
        (
            theresa_with(
                inline={
                    "a": allow(["iam:CreateAccessKey", "iam:AddUserToGroup"], [arn("user", "Eva"), arn("group", "*")])
                }
            ).user("Eva"),
            ["Eva, by iam:CreateAccessKey and iam:AddUserToGroup on group Developers"],
        ),
        # A user or role is created
        (
            theresa_with(inline={"a": allow(["iam:CreateRole", "iam:AttachRolePolicy"])}),
            ["a new role, by iam:CreateRole and iam:AttachRolePolicy"],
        ),
        (iam("CreateRole", "CreateUser", "CreateAccessKey", resource=arn("role", "ci-*")), []),
        (
            theresa_with(
                inline={
                    "a": allow(["iam:CreateUser", "iam:CreateLoginProfile", "iam:PutUserPolicy"]),
                    "d": deny("iam:*", arn("user", "David")),
                    "e": deny("iam:Put*", arn("user", "Theresa")),
                }
            ),
            ["a new user, by iam:CreateUser, iam:CreateLoginProfile and iam:PutUserPolicy"],
        ),
    ],
)
def test_paths_by_rights_in_iam(account: AccountDetails, ways: list[str]) -> None:
    expected = [way if " -> UpdateApp" in way else f"{way} -> UpdateApp" for way in ways]
    assert paths_of(report(account)) == [f"Theresa (Testers: deny) -> {way}" for way in expected]


@pytest.mark.parametrize(
    ("account", "lines"),
    [
        # The trust policy of an allowed role, unless only AWS can change it
        (
            iam("UpdateAssumeRolePolicy").role("Builder", CLOSED, inline={"a": ON_UPDATE_APP}),
            ["Theresa (Testers: deny) -> role Builder, by iam:UpdateAssumeRolePolicy -> UpdateApp"],
        ),
        (
            iam("UpdateAssumeRolePolicy").role(
                "aws-reserved/sso.amazonaws.com/Sso", CLOSED, inline={"a": ON_UPDATE_APP}
            ),
            ["role Sso -> UpdateApp"],
        ),
        (
            theresa_with(inline={"a": allow("iam:UpdateAssumeRolePolicy"), "d": deny(ASSUME)}).role(
                "Builder", CLOSED, inline={"a": ON_UPDATE_APP}
            ),
            [],
        ),
        # The rights of an assumable role, changed by the user, by the role itself, or by another role
        (
            iam("PutRolePolicy").role("Idle", TRUST),
            ["Theresa (Testers: deny) -> role Idle, by iam:PutRolePolicy -> UpdateApp"],
        ),
        (
            tutorial().role("Idle", TRUST, inline={"own": allow("iam:AttachRolePolicy")}),
            ["Theresa (Testers: deny) -> role Idle -> iam:AttachRolePolicy on role Idle -> UpdateApp"],
        ),
        (
            tutorial()
            .role("Janitor", TRUST, inline={"a": allow("iam:PutRolePolicy", arn("role", "Idle"))})
            .role("Idle", trusts(arn("user", "Theresa"))),
            [
                "Theresa (Testers: deny) -> role Janitor -> Theresa, by iam:PutRolePolicy on role Idle -> role Idle"
                " -> UpdateApp"
            ],
        ),
        # ... unless the role is allowed already
        (iam("PutRolePolicy").role("Deployer", TRUST, inline={"a": ON_UPDATE_APP}), [AROUND, NOT_MEANT]),
        # Through a role that may remove the Deny
        (
            tutorial().role("Janitor", TRUST, inline={"a": allow("iam:RemoveUserFromGroup")}),
            [
                "Theresa (Testers: deny) -> role Janitor -> Theresa, by iam:RemoveUserFromGroup on group Testers"
                " -> UpdateApp"
            ],
        ),
        # Two Denies must be removed
        (
            AccountDetails()
            .group("Testers", inline={"deny": DENIED})
            .group("Others", inline={"deny": DENIED})
            .user("Theresa", "Testers", "Others", attached=["PowerUserAccess"])
            .role("First", TRUST, inline={"a": allow("iam:RemoveUserFromGroup", arn("group", "Testers"))})
            .role("Second", TRUST, inline={"a": allow("iam:RemoveUserFromGroup", arn("group", "Others"))}),
            [
                "Theresa (Testers: deny) -> role First -> Theresa, by iam:RemoveUserFromGroup on group Testers"
                " -> role Second -> Theresa, by iam:RemoveUserFromGroup on group Others -> UpdateApp"
            ],
        ),
        (
            AccountDetails()
            .group("Testers", inline={"deny": DENIED, "deny too": DENIED})
            .user("Theresa", "Testers", attached=["PowerUserAccess"], inline={"a": allow("iam:DeleteGroupPolicy")}),
            [
                "Theresa (Testers: deny) -> iam:DeleteGroupPolicy on group Testers"
                " -> iam:DeleteGroupPolicy on group Testers -> UpdateApp"
            ],
        ),
        (
            AccountDetails()
            .group("Testers", inline={"deny": DENIED})
            .group("Others", attached=["never"])
            .policy("never", deny(ASSUME))
            .user(
                "Theresa",
                "Testers",
                "Others",
                attached=["PowerUserAccess"],
                inline={"a": allow(["iam:DeleteGroupPolicy", "iam:DetachGroupPolicy", "iam:CreatePolicyVersion"])},
            ),
            [
                "Theresa (Testers: deny) -> iam:DeleteGroupPolicy on group Testers"
                " -> iam:DetachGroupPolicy on group Others -> UpdateApp",
                "Theresa (Testers: deny) -> iam:DeleteGroupPolicy on group Testers"
                " -> iam:CreatePolicyVersion on policy never -> UpdateApp",
                *(
                    f"Theresa (Testers: deny) -> iam:CreatePolicyVersion on policy never -> iam:{it} on group Testers"
                    " -> UpdateApp"
                    for it in ("PutGroupPolicy", "RemoveUserFromGroup")
                ),
            ],
        ),
    ],
)
def test_paths_by_changing_others(account: AccountDetails, lines: list[str]) -> None:
    assert paths_of(report(account)) == lines
