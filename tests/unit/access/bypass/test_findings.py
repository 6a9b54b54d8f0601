"""Test the findings of ``access bypass``."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access.bypass.findings import Kind, Report, find
from access.bypass.paths import TargetRole
from access.bypass.wording import conditions, path
from access.iam.documents import parse
from access.stack_outputs import StackOutputs
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
ASSUME = "sts:AssumeRole"
UPDATE_APP = arn("role", "UpdateApp", PRODUCTION)
OUTPUTS = StackOutputs(
    "development",
    groups={"Developers": {"allow": [UPDATE_APP], "deny": []}, "Testers": {"allow": [], "deny": [UPDATE_APP]}},
    grantee_roles={"Builder": {"allow": [UPDATE_APP], "deny": []}, "Auditor": {"allow": [], "deny": [UPDATE_APP]}},
    permission_sets={"Dev": {"allow": [UPDATE_APP], "deny": []}, "Ops": {"allow": [], "deny": [UPDATE_APP]}},
)
ON_UPDATE_APP, DENIED = allow(ASSUME, UPDATE_APP), deny(ASSUME, UPDATE_APP)
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
TRUST = trusts(root())
SHUT = {"Effect": "Allow", "NotPrincipal": {"AWS": [HERE, "222222222222"]}, "Action": ASSUME}


def tutorial() -> AccountDetails:
    """Return the tutorial's account as deployed."""
    account = AccountDetails()
    account.group("Developers", inline={"allow": ON_UPDATE_APP}).group("Testers", inline={"deny": DENIED})
    account.user("David", "Developers", attached=["PowerUserAccess"])
    return account.user("Theresa", "Testers", attached=["PowerUserAccess"])


def theresa_with(**rights: Any) -> AccountDetails:  # noqa: ANN401
    """Return the tutorial's account with other rights for Theresa."""
    account = AccountDetails()
    account.group("Developers", inline={"allow": ON_UPDATE_APP}).group("Testers", inline={"deny": DENIED})
    account.user("David", "Developers", attached=["PowerUserAccess"])
    return account.user("Theresa", "Testers", **rights)


def iam(*actions: str, resource: str = "*", power_user: bool = True) -> AccountDetails:
    """Return the tutorial's account with rights in IAM for Theresa."""
    attached = ["PowerUserAccess"] if power_user else []
    return theresa_with(inline={"iam": allow([f"iam:{action}" for action in actions], resource)}, attached=attached)


def report(
    account: AccountDetails, trust: Document = TRUST, *others: AccountDetails, callers: Collection[str] = ()
) -> Report:
    directories = [it.directory() for it in (account, *others)]
    return find(directories, [(HERE, OUTPUTS)], [TargetRole(UPDATE_APP, parse(trust))], NOW, callers)


def paths_of(found: Report) -> list[str]:
    return [path(each) + ("" if each.is_certain else f" if {conditions(each)}") for each in found.findings]


def with_deployer(trust: Document = TRUST, rights: Mapping[str, Any] | None = None, **theresa: Any) -> AccountDetails:  # noqa: ANN401
    account = theresa_with(**(theresa or {"attached": ["PowerUserAccess"]}))
    return account.role("Deployer", trust, **(rights or {"inline": {"deploy": ON_UPDATE_APP}}))


AROUND = "Theresa (Testers: deny) -> role Deployer -> UpdateApp"
NOT_MEANT = "role Deployer -> UpdateApp"


SAML = {"Federated": f"arn:aws:iam::{HERE}:saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE"}
BY_SAML = document({"Effect": "Allow", "Principal": SAML, "Action": "sts:AssumeRoleWithSAML"})


def in_set(name: str, *allowed: str) -> AccountDetails:
    """Return the tutorial's account with the role of a permission set that may assume these roles."""
    name = f"aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_{name}_0123456789abcdef"
    return tutorial().role(name, BY_SAML, inline={"a": allow(ASSUME, [UPDATE_APP, *allowed])})


@pytest.mark.parametrize(
    ("account", "lines"),
    [
        (in_set("Dev"), []),
        (in_set("Dev_x"), ["role AWSReservedSSO_Dev_x_0123456789abcdef -> UpdateApp"]),
        (
            in_set("Ops", arn("role", "Builder")).role("Builder", TRUST, inline={"a": ON_UPDATE_APP}),
            [
                "role AWSReservedSSO_Ops_0123456789abcdef (permission set Ops: deny) -> UpdateApp",
                "role AWSReservedSSO_Ops_0123456789abcdef (permission set Ops: deny) -> role Builder -> UpdateApp",
            ],
        ),
    ],
    ids=["allowed", "another", "denied"],
)
def test_the_role_of_a_permission_set_is_recognized(account: AccountDetails, lines: list[str]) -> None:
    assert [line for line in paths_of(report(account)) if "AWSReservedSSO" in line] == lines


def test_nothing_is_found_in_the_tutorial() -> None:
    found = report(tutorial())
    assert found == Report((UPDATE_APP,), (HERE,), (), found.not_seen)


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


CLOSED = trusts(arn("role", "nobody"))


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


@pytest.mark.parametrize(
    ("account", "trust", "lines"),
    [
        (tutorial().user("Norman", attached=["AdministratorAccess"]), TRUST, ["Norman -> UpdateApp"]),
        (tutorial().user("Norman"), TRUST, []),
        (
            tutorial().user("Norman", attached=["AdministratorAccess"], boundary="PowerUserAccess"),
            TRUST,
            ["Norman -> UpdateApp"],
        ),
        (
            tutorial().user("Norman", inline={"a": allow(ASSUME, Condition=MFA)}),
            TRUST,
            ["Norman -> UpdateApp if aws:MultiFactorAuthPresent"],
        ),
        (
            tutorial().user("Norman", attached=["AdministratorAccess"]),
            trusts(root(), arn("user", "Norman")),
            ["Norman -> UpdateApp"],
        ),
        (
            tutorial().user("Norman", attached=["AdministratorAccess"]),
            trusts(root(), Condition={"ArnLike": {"aws:PrincipalArn": [arn("user", "David"), arn("user", "Theresa")]}}),
            [],
        ),
        # Intended: members of allowed groups, and allowed roles; not groups or roles of that name elsewhere
        (tutorial().user("Eva", "Developers").role("Builder", CLOSED, inline={"a": allow("*")}), TRUST, []),
        (tutorial().role("Developers", CLOSED, inline={"a": allow("*")}), TRUST, ["role Developers -> UpdateApp"]),
        (tutorial().user("Builder", inline={"a": allow("*")}), TRUST, ["Builder -> UpdateApp"]),
        # Roles of services and of AWS, if they really may
        (
            tutorial()
            .role("aws-service-role/x.amazonaws.com/AWSServiceRoleForX", CLOSED, inline={"a": allow("sts:*")})
            .role("aws-service-role/y.amazonaws.com/AWSServiceRoleForY", CLOSED, inline={"a": allow("ec2:*")})
            .role("aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin", CLOSED, attached=["AdministratorAccess"]),
            TRUST,
            ["role AWSReservedSSO_Admin -> UpdateApp", "role AWSServiceRoleForX -> UpdateApp"],
        ),
    ],
)
def test_unintended_access_is_found(account: AccountDetails, trust: Document, lines: list[str]) -> None:
    found = report(account, trust)
    assert paths_of(found) == lines
    assert {(it.kind, it.denied_by) for it in found.findings} <= {("not meant", ())}


@pytest.mark.parametrize(
    ("caller", "lines"),
    [
        (arn("user", "staff/Norman"), ["role Boss -> UpdateApp", "Nora -> UpdateApp"]),
        ("arn:aws:sts::111111111111:assumed-role/Boss/session", ["Nora -> UpdateApp", "Norman -> UpdateApp"]),
        # A caller is still a finding if it is no administrator, or if only its name matches.
        (arn("user", "Nora"), ["role Boss -> UpdateApp", "Nora -> UpdateApp", "Norman -> UpdateApp"]),
        (
            "arn:aws:sts::111111111111:assumed-role/Norman/session",
            ["role Boss -> UpdateApp", "Nora -> UpdateApp", "Norman -> UpdateApp"],
        ),
        (arn("user", "Norman"), ["role Boss -> UpdateApp", "Nora -> UpdateApp", "Norman -> UpdateApp"]),
        (f"arn:aws:iam::{HERE}:root", ["role Boss -> UpdateApp", "Nora -> UpdateApp", "Norman -> UpdateApp"]),
    ],
)
def test_an_administrator_whose_profile_is_used_is_known(caller: str, lines: list[str]) -> None:
    account = tutorial().user("staff/Norman", attached=["AdministratorAccess"]).user("Nora", inline={"all": allow("*")})
    account.role("admin/Boss", trusts(arn("user", "staff/Norman")), attached=["AdministratorAccess"])
    found = report(account, callers=[caller])
    assert paths_of(found) == lines
    known = {"Norman": "user/staff/Norman", "Boss": "role/admin/Boss"}
    assert found.administrators == tuple(
        f"arn:aws:iam::{HERE}:{path}" for name, path in known.items() if not any(name in line for line in lines)
    )


def test_a_known_administrator_with_a_deny_is_a_finding() -> None:
    account = tutorial().user("Norman", "Testers", attached=["AdministratorAccess"])
    found = report(account, callers=[arn("user", "Norman")])
    assert {finding.kind for finding in found.findings if finding.principal == arn("user", "Norman")} == {
        "around a Deny"
    }
    assert found.administrators == ()


def test_several_accounts_and_roles() -> None:
    """Check paths through a role of a third account, and the accounts that were not checked."""
    other = "222222222222"
    tools = AccountDetails(other).role("Tool", trusts(root()), inline={"a": ON_UPDATE_APP})
    roles = [
        TargetRole(UPDATE_APP, parse(trusts(root(), root(other), "333333333333"))),
        TargetRole(arn("role", "Open", PRODUCTION), parse(trusts("*"))),
        TargetRole(arn("role", "Shut", PRODUCTION), parse(document(SHUT))),
    ]
    tools_outputs = StackOutputs("tools", groups={"Developers": {"allow": [], "deny": [UPDATE_APP]}})
    directories = [it.directory() for it in (tutorial(), tools)]
    found = find(directories, [(HERE, OUTPUTS), (other, tools_outputs)], roles, NOW)
    assert found.roles == (*(arn("role", name, PRODUCTION) for name in ("Open", "Shut")), UPDATE_APP)
    assert found.account_ids == (HERE, other)
    assert paths_of(found) == [
        "David -> Open",
        "Theresa -> Open",
        "Theresa (Testers: deny) -> role Tool of 222222222222 -> UpdateApp",
        "role Tool -> UpdateApp",
    ]
    assert [text for text in found.not_seen if "principals of" in text] == [
        f"principals of account 333333333333, which {UPDATE_APP} trusts too",
        *(f"principals of every other account, which {role.arn} trusts too" for role in roles[1:]),
    ]


def test_each_step_has_actor_calls_and_reasons() -> None:
    [finding] = report(tutorial().role("Janitor", TRUST, inline={"a": allow("iam:RemoveUserFromGroup")})).findings
    janitor, theresa = arn("role", "Janitor"), arn("user", "Theresa")
    assert (finding.kind, finding.principal, finding.denied_by, finding.role) == (
        "around a Deny",
        theresa,
        ("Testers",),
        UPDATE_APP,
    )
    assert [
        (step.actor, step.then, [(call.action, call.resource, call.because) for call in step.calls])
        for step in finding.steps
    ] == [
        (
            theresa,
            janitor,
            [
                (
                    ASSUME,
                    janitor,
                    "statement 1 of PowerUserAccess (attached to Theresa) allows it;"
                    " statement 1 of the trust policy admits account 111111111111",
                )
            ],
        ),
        (
            janitor,
            theresa,
            [
                (
                    "iam:RemoveUserFromGroup",
                    arn("group", "Testers"),
                    "statement 1 of a (inline in role Janitor) allows it",
                )
            ],
        ),
        (
            theresa,
            UPDATE_APP,
            [
                (
                    ASSUME,
                    UPDATE_APP,
                    "statement 1 of PowerUserAccess (attached to Theresa) allows it;"
                    " statement 1 of the trust policy admits account 111111111111",
                )
            ],
        ),
    ]


def test_the_number_of_paths_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    account = theresa_with(inline={"a": allow(["iam:AddUserToGroup", ASSUME])})
    for number in range(20):
        account.group(f"group-{number:02}", inline={"a": allow("iam:AddUserToGroup")})
    account.role("First", trusts(root()), inline={"a": allow(ASSUME, arn("role", "Second"))})
    account.role("Second", trusts(arn("role", "First")), inline={"a": ON_UPDATE_APP})
    monkeypatch.setattr("access.bypass.search.MAX_FOLLOWED", 10)
    named = {"ArnLike": {"aws:PrincipalArn": [arn("user", "Theresa"), arn("role", "Second")]}}
    found = report(account, trusts(root(), Condition=named))
    assert paths_of(found) == [
        "Theresa (Testers: deny) -> role First -> role Second -> UpdateApp",
        "role Second -> UpdateApp",
    ]
    theresa = arn("user", "Theresa")
    assert f"some paths from {theresa} to {UPDATE_APP}, as there are too many" in found.not_seen


def test_an_administrator_reaches_the_role_through_every_developer() -> None:
    account = theresa_with(attached=["AdministratorAccess"])
    for number in range(1200):
        account.user(f"user-{number:04}", "Developers")
    found = report(account)
    assert len(found.findings) == 1200 + 4
    assert paths_of(found)[:4] == [
        *(
            f"Theresa (Testers: deny) -> iam:{it} on group Testers -> UpdateApp"
            for it in ("DeleteGroupPolicy", "PutGroupPolicy", "RemoveUserFromGroup")
        ),
        "Theresa (Testers: deny) -> David, by iam:CreateAccessKey -> UpdateApp",
    ]


# Accounts generated by Hypothesis. Each slot holds the statements of one policy.
Slots = Mapping[str, list[dict[str, Any]]]
IDENTITY_SLOTS = ("Testers", "Developers", "Theresa", "Bo", "Norman", "Deployer", "Janitor", "bounds")
TRUST_SLOTS = ("trust of Deployer", "trust of Janitor", "trust of UpdateApp")


def build(slots: Slots) -> Report:
    content = {name: document(*statements) for name, statements in slots.items()}
    account = AccountDetails().policy("bounds", content["bounds"])
    for group in ("Testers", "Developers"):
        account.group(group, inline={"p": content[group]})
    for user, groups, bounds in (
        ("Theresa", ["Testers"], None),
        ("Bo", ["Developers", "Testers"], "bounds"),
        ("Norman", [], None),
    ):
        account.user(user, *groups, inline={"p": content[user]}, boundary=bounds)
    for role in ("Deployer", "Janitor"):
        account.role(role, content[f"trust of {role}"], inline={"p": content[role]})
    return report(account, content["trust of UpdateApp"])


def reached(found: Report) -> tuple[set[tuple[Kind, str]], set[tuple[Kind, str]]]:
    """Return the principals that reach the role, and those that certainly do."""
    some = {(it.kind, it.principal) for it in found.findings}
    return some, {(it.kind, it.principal) for it in found.findings if it.is_certain}


open_conditions = st.sampled_from([{}, {}, {"Condition": MFA}, {"Condition": {"IpAddress": {"aws:SourceIp": "::/1"}}}])
iam_actions = st.sampled_from(
    [
        *("PutUserPolicy", "CreateAccessKey", "RemoveUserFromGroup", "DeleteGroupPolicy", "PutGroupPolicy"),
        *("PutRolePolicy", "UpdateAssumeRolePolicy", "AddUserToGroup", "CreateRole", "*"),
    ]
).map("iam:{}".format)


def identity_statements(effect: str) -> st.SearchStrategy[dict[str, Any]]:
    actions = st.just(ASSUME) | st.just("*") | iam_actions
    resources = st.sampled_from(
        [
            "*",
            UPDATE_APP,
            *(arn("role", it) for it in ("Deployer", "Janitor")),
            arn("group", "Testers"),
            arn("user", "*"),
        ]
    )
    return st.builds(lambda *it: statement(effect, it[0], it[1], **it[2]), actions, resources, open_conditions)


def trust_statements(effect: str) -> st.SearchStrategy[dict[str, Any]]:
    principals = st.sampled_from(
        [
            root(),
            "*",
            *(arn("role", it) for it in ("Deployer", "Janitor")),
            *(arn("user", it) for it in ("Bo", "Norman")),
        ]
    )
    return st.builds(lambda *it: trusts(it[0], effect=effect, **it[1])["Statement"][0], principals, open_conditions)


def either(strategy: Any) -> Any:  # noqa: ANN401 (a function that takes the effect)
    return st.lists(st.one_of(strategy("Allow"), strategy("Allow"), strategy("Deny")), max_size=3)


accounts = st.fixed_dictionaries(
    {name: either(identity_statements) for name in IDENTITY_SLOTS}
    | {name: either(trust_statements) for name in TRUST_SLOTS}
)


def additions(effect: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    return st.tuples(st.sampled_from(IDENTITY_SLOTS), identity_statements(effect)) | st.tuples(
        st.sampled_from(TRUST_SLOTS), trust_statements(effect)
    )


@settings(max_examples=60, deadline=None)
@given(accounts, additions("Deny"))
def test_another_deny_opens_no_path(slots: Slots, more: tuple[str, dict[str, Any]]) -> None:
    before, after = reached(build(slots)), reached(build({**slots, more[0]: [*slots[more[0]], more[1]]}))
    assert after[0] <= before[0]
    assert after[1] <= before[1]


@settings(max_examples=60, deadline=None)
@given(accounts, additions("Allow"))
def test_another_allow_closes_no_path(slots: Slots, more: tuple[str, dict[str, Any]]) -> None:
    before, after = reached(build(slots)), reached(build({**slots, more[0]: [*slots[more[0]], more[1]]}))
    assert before[0] <= after[0]
    assert before[1] <= after[1]
