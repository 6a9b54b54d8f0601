"""The rights in IAM with which somebody gets further, one by one."""

import json
from importlib.resources import files

import pytest

from access.bypass.iam_rights import (
    changes,
    may_change_something,
    may_take_over_somebody,
    newcomers,
    takeovers,
)
from access.iam.principals import Principal, label
from tests.unit.test_iam_accounts import AccountDetails, allow, deny, root, trusts

ACCOUNT = (
    AccountDetails()
    .user("Theresa", "Testers", "Everybody", inline={"own": allow("s3:*")}, attached=["custom", "PowerUserAccess"])
    .user("Sam", "Denied", inline={"no": deny("*")}, attached=["never"])
    .role("Deployer", trusts(root()), inline={"no": deny("*")}, attached=["custom", "never"])
    .role("aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin", trusts(root()))
    .group("Testers", inline={"deny": deny("sts:*"), "more": allow("ec2:*")})
    .group("Everybody", attached=["custom"])
    .group("Denied", attached=["never"])
    .policy("custom", allow("sqs:*"))
    .policy("never", deny("sts:*"))
)

DIRECTORY = ACCOUNT.directory()


def principal(name: str) -> Principal:
    return next(it for it in DIRECTORY.principals if it.name == name)


def described(it: Principal) -> list[str]:
    return [str(policy) for policy in it.policies]


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        ("Theresa", ["iam:CreateAccessKey", "iam:CreateLoginProfile if", "iam:UpdateLoginProfile if"]),
        ("Deployer", ["iam:UpdateAssumeRolePolicy"]),
        ("AWSReservedSSO_Admin", []),
    ],
)
def test_somebody_is_taken_over(name: str, ways: list[str]) -> None:
    found = takeovers(principal(name))
    assert [" ".join(it.actions) + (" if" if it.succeeds.conditions else "") for it in found] == ways
    assert {key for it in found for key in it.succeeds.conditions} <= {f"whether {name} has a console password"}


def test_users_and_roles_are_made() -> None:
    user, role = newcomers(DIRECTORY)
    assert (label(user.arn), label(role.arn)) == ("a new user", "a new role")
    assert [it.actions for it in takeovers(user)] == [
        ("iam:CreateUser", "iam:CreateAccessKey"),
        ("iam:CreateUser", "iam:CreateLoginProfile"),
    ]
    assert [it.actions for it in takeovers(role)] == [("iam:CreateRole",)]
    assert newcomers(AccountDetails().directory()) == []


def test_each_call_that_changes_a_user() -> None:
    own, custom = "own (inline in Theresa)", "custom (attached to Theresa)"
    power, group = "PowerUserAccess (attached to Theresa)", "custom (attached to group Everybody)"
    deny_it, more = "deny (inline in group Testers)", "more (inline in group Testers)"
    before = [own, custom, power, deny_it, more, group]
    assert described(principal("Theresa")) == before
    every = "everything (inline in {})".format
    found = [
        (change.action, label(change.resource), described(change.after))
        for change in changes(principal("Theresa"), DIRECTORY.groups)
    ]
    assert found == [
        ("iam:PutUserPolicy", "Theresa", [*before, every("Theresa")]),
        ("iam:AttachUserPolicy", "Theresa", [*before, every("Theresa")]),
        ("iam:PutGroupPolicy", "group Testers", [*before, every("group Testers")]),
        ("iam:AttachGroupPolicy", "group Testers", [*before, every("group Testers")]),
        ("iam:PutGroupPolicy", "group Everybody", [*before, every("group Everybody")]),
        ("iam:AttachGroupPolicy", "group Everybody", [*before, every("group Everybody")]),
        ("iam:AddUserToGroup", "group Denied", [*before, "never (attached to group Denied)"]),
        ("iam:RemoveUserFromGroup", "group Testers", [own, custom, power, group]),
        ("iam:CreatePolicyVersion", "policy custom", [own, power, deny_it, more, group, every("Theresa")]),
        ("iam:DeleteGroupPolicy", "group Testers", [own, custom, power, more, group]),
        ("iam:PutGroupPolicy", "group Testers", [own, custom, power, more, group, every("group Testers")]),
        ("iam:CreatePolicyVersion", "policy custom", [own, custom, power, deny_it, more, every("group Everybody")]),
    ]


def test_each_call_that_lifts_a_deny() -> None:
    def lifting(name: str) -> list[tuple[str, str]]:
        it = principal(name)
        found = changes(it, DIRECTORY.groups)
        return [
            (change.action, label(change.resource))
            for change in found
            if len(change.after.policies) <= len(it.policies)
        ]

    assert lifting("Sam") == [
        ("iam:RemoveUserFromGroup", "group Denied"),
        ("iam:DeleteUserPolicy", "Sam"),
        ("iam:PutUserPolicy", "Sam"),
        ("iam:CreatePolicyVersion", "policy never"),
        ("iam:DetachUserPolicy", "Sam"),
        ("iam:CreatePolicyVersion", "policy never"),
        ("iam:DetachGroupPolicy", "group Denied"),
    ]
    assert lifting("Deployer") == [
        ("iam:DeleteRolePolicy", "role Deployer"),
        ("iam:PutRolePolicy", "role Deployer"),
        ("iam:CreatePolicyVersion", "policy custom"),
        ("iam:CreatePolicyVersion", "policy never"),
        ("iam:DetachRolePolicy", "role Deployer"),
    ]
    assert list(changes(principal("AWSReservedSSO_Admin"), DIRECTORY.groups)) == []


def test_who_leaves_a_group_leaves_its_policies() -> None:
    change = next(
        it for it in changes(principal("Theresa"), DIRECTORY.groups) if it.action == "iam:RemoveUserFromGroup"
    )
    assert [group.name for group in change.after.groups] == ["Everybody"]


def test_who_may_none_of_it_is_known_at_once() -> None:
    def may(*actions: str) -> Principal:
        return AccountDetails().user("Theresa", inline={"a": allow(list(actions))}).principal("Theresa")

    everybody = [*DIRECTORY.principals, *newcomers(DIRECTORY)]
    assert not may_take_over_somebody(may("iam:Get*", "sts:AssumeRole"))
    assert not may_change_something(may("iam:Get*", "sts:AssumeRole"))
    assert all(may_take_over_somebody(may(*way.actions)) for it in everybody for way in takeovers(it))
    calls = {change.action for it in everybody for change in changes(it, DIRECTORY.groups)}
    assert [call for call in calls if not may_change_something(may(call))] == []


def test_aws_knows_each_call_and_the_kind_of_resource_that_it_is_allowed_on() -> None:
    """By the Service Authorization Reference, as the linter ``parliament`` brings it."""
    services = json.loads((files("parliament") / "iam_definition.json").read_text())
    known = {
        f"{service['prefix']}:{privilege['privilege']}": {
            it["resource_type"].rstrip("*") for it in privilege["resource_types"]
        }
        for service in services
        for privilege in service["privileges"]
    }
    everybody = [*DIRECTORY.principals, *newcomers(DIRECTORY)]
    used = {(action, it.arn) for it in everybody for way in takeovers(it) for action in way.actions}
    used |= {(change.action, change.resource) for it in everybody for change in changes(it, DIRECTORY.groups)}
    assert len({action for action, _ in used}) == 21
    assert [(action, arn) for action, arn in used if arn.split(":")[5].split("/")[0] not in known[action]] == []
