"""Test the findings of ``access bypass``: unintended access, known administrators and the limits of the search."""

import pytest

from access.bypass.findings import Report, find
from access.bypass.paths import TargetRole
from access.iam.documents import parse
from access.stack_outputs import StackOutputs
from tests.support.bypass_accounts import (
    ASSUME,
    CLOSED,
    MFA,
    NOW,
    ON_UPDATE_APP,
    OUTPUTS,
    SHUT,
    TRUST,
    UPDATE_APP,
    paths_of,
    report,
    theresa_with,
    tutorial,
)
from tests.support.iam_accounts import (
    HERE,
    PRODUCTION,
    AccountDetails,
    Document,
    allow,
    arn,
    document,
    root,
    trusts,
)

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
