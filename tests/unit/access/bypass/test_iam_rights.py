"""Test the rights in IAM that take over a principal or change its policies, one by one."""

import json
from importlib.resources import files

import pytest

from access.bypass.iam_rights import (
    Change,
    changes,
    creatable_principals,
    may_change_any,
    may_take_over_any,
    takeovers,
)
from access.iam.principals import Principal, label
from tests.support.iam_accounts import HERE, AccountDetails, Document, allow, deny, document, root, trusts


def federated(provider: str, action: str) -> Document:
    """Return a trust policy for users of an identity provider."""
    return document(
        {"Effect": "Allow", "Principal": {"Federated": f"arn:aws:iam::{HERE}:{provider}"}, "Action": action}
    )


ACCOUNT = (
    AccountDetails()
    .user("Theresa", "Testers", "Everybody", inline={"own": allow("s3:*")}, attached=["custom", "PowerUserAccess"])
    .user("Sam", "Denied", inline={"no": deny("*")}, attached=["never"])
    .role("Guest", federated("saml-provider/Okta", "sts:AssumeRoleWithSAML"))
    .role("Runner", federated("oidc-provider/example.com", "sts:AssumeRoleWithWebIdentity"))
    .role("Deployer", trusts(root()), inline={"no": deny("*")}, attached=["custom", "never"])
    .role("aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin", trusts(root()))
    .group("Testers", inline={"deny": deny("sts:*"), "more": allow("ec2:*")})
    .group("Everybody", attached=["custom"])
    .group("Denied", attached=["never"])
    .group("Useful", attached=["useful"])
    .group("Readers", inline={"read": allow("s3:Get*")})
    .user("Bea", boundary="never")
    .role("Bob", trusts(root()), boundary="custom")
    .policy("custom", allow("sqs:*"), older=allow("iam:Put*"))
    .policy("never", deny("sts:*"))
    .policy("useful", allow("iam:*"))
)

DIRECTORY = ACCOUNT.directory()


def principal(name: str) -> Principal:
    return next(it for it in DIRECTORY.principals if it.name == name)


def changes_of(name: str) -> list[Change]:
    return list(changes(principal(name), DIRECTORY.groups, DIRECTORY.versions))


def policy_names(user: Principal) -> list[str]:
    return [str(policy) for policy in user.policies]


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        ("Theresa", ["iam:CreateAccessKey", "iam:CreateLoginProfile if", "iam:UpdateLoginProfile if"]),
        ("Deployer", ["iam:UpdateAssumeRolePolicy"]),
        ("AWSReservedSSO_Admin", []),
        ("Guest", ["iam:UpdateAssumeRolePolicy", "iam:UpdateSAMLProvider"]),
        (
            "Runner",
            [
                "iam:UpdateAssumeRolePolicy",
                "iam:AddClientIDToOpenIDConnectProvider if",
                "iam:UpdateOpenIDConnectProviderThumbprint if",
            ],
        ),
    ],
)
def test_each_takeover(name: str, ways: list[str]) -> None:
    found = takeovers(principal(name))
    assert [" ".join(it.actions) + (" if" if it.succeeds.conditions else "") for it in found] == ways
    assert {key for it in found for key in it.succeeds.conditions} <= {
        f"whether {name} has a console password",
        "whether example.com issues a token that the role accepts",
    }


def test_users_and_roles_are_created() -> None:
    user, role = creatable_principals(DIRECTORY)
    assert (label(user.arn), label(role.arn)) == ("a new user", "a new role")
    assert [it.actions for it in takeovers(user)] == [
        ("iam:CreateUser", "iam:CreateAccessKey"),
        ("iam:CreateUser", "iam:CreateLoginProfile"),
    ]
    assert [it.actions for it in takeovers(role)] == [("iam:CreateRole",)]
    assert creatable_principals(AccountDetails().directory()) == []


def test_each_call_that_changes_a_user() -> None:
    own, custom = "own (inline in Theresa)", "custom (attached to Theresa)"
    power, group = "PowerUserAccess (attached to Theresa)", "custom (attached to group Everybody)"
    deny_it, more = "deny (inline in group Testers)", "more (inline in group Testers)"
    before = [own, custom, power, deny_it, more, group]
    assert policy_names(principal("Theresa")) == before
    every, attached = "everything (inline in {})".format, "everything (attached to {})".format
    found = [(change.action, label(change.resource), policy_names(change.after)) for change in changes_of("Theresa")]
    assert found == [
        ("iam:PutUserPolicy", "Theresa", [*before, every("Theresa")]),
        ("iam:AttachUserPolicy", "Theresa", [*before, attached("Theresa")]),
        ("iam:PutGroupPolicy", "group Testers", [*before, every("group Testers")]),
        ("iam:AttachGroupPolicy", "group Testers", [*before, attached("group Testers")]),
        ("iam:PutGroupPolicy", "group Everybody", [*before, every("group Everybody")]),
        ("iam:AttachGroupPolicy", "group Everybody", [*before, attached("group Everybody")]),
        ("iam:AddUserToGroup", "group Useful", [*before, "useful (attached to group Useful)"]),
        ("iam:RemoveUserFromGroup", "group Testers", [own, custom, power, group]),
        ("iam:DeleteGroupPolicy", "group Testers", [own, custom, power, more, group]),
        ("iam:PutGroupPolicy", "group Testers", [own, custom, power, more, group, every("group Testers")]),
        (
            "iam:CreatePolicyVersion",
            "policy custom",
            [own, attached("Theresa"), power, deny_it, more, attached("group Everybody")],
        ),
        ("iam:SetDefaultPolicyVersion", "policy custom", before),
    ]


def test_an_older_version_applies_wherever_the_policy_is_attached() -> None:
    [older] = [it for it in changes_of("Theresa") if it.action == "iam:SetDefaultPolicyVersion"]
    assert [it.statements[0].actions for it in older.after.policies if it.name == "custom"] == [("iam:Put*",)] * 2


def test_administrator_access_is_attached_or_another_helpful_policy() -> None:
    [attaching] = [it for it in changes_of("Theresa") if it.action == "iam:AttachUserPolicy"]
    assert attaching.keys == {"iam:policyarn": ("arn:aws:iam::aws:policy/AdministratorAccess",)}
    assert [label(str(it.keys["iam:policyarn"][0])) for it in attaching.alternatives] == [
        "policy useful",
        "policy IAMFullAccess",
    ]


@pytest.mark.parametrize(("name", "kind", "versions"), [("Bea", "User", ["never"]), ("Bob", "Role", ["custom"] * 2)])
def test_a_boundary_is_removed_replaced_or_changed(name: str, kind: str, versions: list[str]) -> None:
    found = [it for it in changes_of(name) if "Boundary" in it.action or "Version" in it.action]
    assert [it.action for it in found[len(versions) :]] == [
        f"iam:Delete{kind}PermissionsBoundary",
        f"iam:Put{kind}PermissionsBoundary",
    ]
    assert [label(it.resource) for it in found] == [
        *(f"policy {it}" for it in versions),
        *[label(found[-1].resource)] * 2,
    ]
    assert [it.after.boundary for it in found[len(versions) :]] == [None, None]
    assert found[0].after.boundary
    assert found[0].after.boundary.statements[0].actions == ("*",)


def test_each_call_that_removes_a_deny() -> None:
    def removing(name: str) -> list[tuple[str, str]]:
        it = principal(name)
        found = changes(it, DIRECTORY.groups, DIRECTORY.versions)
        return [
            (change.action, label(change.resource))
            for change in found
            if len(change.after.policies) <= len(it.policies)
        ]

    assert removing("Sam") == [
        ("iam:RemoveUserFromGroup", "group Denied"),
        ("iam:DeleteUserPolicy", "Sam"),
        ("iam:PutUserPolicy", "Sam"),
        ("iam:DetachUserPolicy", "Sam"),
        ("iam:DetachGroupPolicy", "group Denied"),
        ("iam:CreatePolicyVersion", "policy never"),
    ]
    assert removing("Deployer") == [
        ("iam:DeleteRolePolicy", "role Deployer"),
        ("iam:PutRolePolicy", "role Deployer"),
        ("iam:DetachRolePolicy", "role Deployer"),
        ("iam:CreatePolicyVersion", "policy custom"),
        ("iam:SetDefaultPolicyVersion", "policy custom"),
        ("iam:CreatePolicyVersion", "policy never"),
    ]
    assert changes_of("AWSReservedSSO_Admin") == []


def test_leaving_a_group_removes_its_policies() -> None:
    change = next(it for it in changes_of("Theresa") if it.action == "iam:RemoveUserFromGroup")
    assert [group.name for group in change.after.groups] == ["Everybody"]


def test_principals_without_such_rights_are_skipped() -> None:
    def may(*actions: str) -> Principal:
        return AccountDetails().user("Theresa", inline={"a": allow(list(actions))}).principal("Theresa")

    everybody = [*DIRECTORY.principals, *creatable_principals(DIRECTORY)]
    assert not may_take_over_any(may("iam:Get*", "sts:AssumeRole"))
    assert not may_change_any(may("iam:Get*", "sts:AssumeRole"))
    assert all(may_take_over_any(may(*way.actions)) for it in everybody for way in takeovers(it))
    calls = {change.action for it in everybody for change in changes(it, DIRECTORY.groups, DIRECTORY.versions)}
    assert [call for call in calls if not may_change_any(may(call))] == []


def test_aws_documents_each_call_and_its_resource_type() -> None:
    """Check with the Service Authorization Reference, as packaged by the linter ``parliament``."""
    services = json.loads((files("parliament") / "iam_definition.json").read_text())
    known = {
        f"{service['prefix']}:{privilege['privilege']}": {
            it["resource_type"].rstrip("*") for it in privilege["resource_types"]
        }
        for service in services
        for privilege in service["privileges"]
    }
    everybody = [*DIRECTORY.principals, *creatable_principals(DIRECTORY)]
    used = {(action, way.on or it.arn) for it in everybody for way in takeovers(it) for action in way.actions}
    used |= {
        (change.action, change.resource)
        for it in everybody
        for change in changes(it, DIRECTORY.groups, DIRECTORY.versions)
    }
    assert len({action for action, _ in used}) == 29
    assert [(action, arn) for action, arn in used if arn.split(":")[5].split("/")[0] not in known[action]] == []
