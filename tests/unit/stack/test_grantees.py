"""Groups that are renamed, managed elsewhere, or have their members in a stack's file."""

from typing import Any

import pulumi
import pytest

from components.validation import InvalidValue
from tests.unit.conftest import Ran, Run

PROJECT = "cross-account-access"
STACKS = {f"organization/{PROJECT}/production": {"roleArns": {"UpdateApp": "arn:aws:iam::999999999999:role/UpdateApp"}}}
GROUP = {"name": "Developers", "allow": ["production/UpdateApp"]}
GRANT = "allow-assume-S3-role-in-production"


KIND = f"{PROJECT}:index:GroupAssumePolicy$aws:iam/groupMembership:GroupMembership"
RELEASED = f"urn:pulumi:development::{PROJECT}::{KIND}::Developers-{GRANT}-members"


def deploy(run: Run, *groups: dict[str, Any], **lists: list[dict[str, Any]]) -> Ran:
    config = {"aws:allowedAccountIds": ["111111111111"], f"{PROJECT}:groups": list(groups)}
    config |= {f"{PROJECT}:{name}": entries for name, entries in lists.items()}
    return run(stack="development", config=config, stacks=STACKS, groups={"Developers": ["alice", "mallory"]})


def test_a_renamed_group_and_its_policies_are_found_under_the_old_name(run: Run) -> None:
    made = deploy(run, {**GROUP, "name": "Devs", "renamedFrom": "Developers", "members": ["alice"]}).registrations
    assert made["Devs"].inputs["name"] == "Devs"
    # The engine derives the aliases of children whose names begin with their parents' names.
    assert {name: each.aliases for name, each in made.items() if each.aliases} == {
        "Devs": ("Developers",),
        "Devs-members": ("Developers-members",),
        "Devs-members-membership": (RELEASED,),
        f"Devs-{GRANT}": (f"Developers-{GRANT}",),
    }


def test_members_are_found_where_the_first_version_registered_them(run: Run) -> None:
    made = deploy(run, {**GROUP, "members": ["alice"]}).registrations["Developers-members-membership"]
    assert made.inputs == {"name": "Developers-members-membership", "group": "Developers", "users": ["alice"]}
    assert made.aliases == (RELEASED,)


@pytest.mark.parametrize(("members", "named"), [(["alice"], "mallory"), ([], "alice, mallory")])
def test_unlisted_users_in_a_group_are_named(run: Run, members: list[str], named: str) -> None:
    assert deploy(run, {**GROUP, "members": members}).warnings == (
        f"group Developers: {named} not listed under members; `pulumi up --refresh` removes them",
    )


@pytest.mark.parametrize(
    "group",
    [GROUP, {**GROUP, "members": ["alice", "mallory", "bob"]}, {**GROUP, "name": "New", "members": ["alice"]}],
    ids=["members are left alone", "all are listed", "no such group yet"],
)
def test_nobody_else_is_named(run: Run, group: dict[str, Any]) -> None:
    assert deploy(run, group).warnings == ()


@pytest.mark.parametrize(
    ("groups", "key", "rule"),
    [
        ([{**GROUP, "renamedFrom": "a b"}], "groups[0].renamedFrom", "a group name has"),
        ([{**GROUP, "renamedFrom": "Devs", "createGroup": False}], "groups[0].renamedFrom", "createGroup is false"),
        (
            [GROUP, {**GROUP, "name": "Devs", "renamedFrom": "developers"}],
            "groups[1].renamedFrom",
            "groups[0] still has that name",
        ),
        (
            [{**GROUP, "renamedFrom": "Old"}, {**GROUP, "name": "Devs", "renamedFrom": "old"}],
            "groups[1].renamedFrom",
            "groups[0].renamedFrom is the same",
        ),
        ([{**GROUP, "members": ["b b"]}], "groups[0].members[0]", "a user name has"),
    ],
)
def test_impossible_groups_are_refused(run: Run, groups: list[dict[str, Any]], key: str, rule: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        deploy(run, *groups)
    assert refused.value.key == f"{PROJECT}:{key}"
    assert rule in str(refused.value)


def test_a_group_and_a_role_of_one_name_are_refused(run: Run) -> None:
    with pytest.raises(pulumi.RunError, match=r"granteeRoles\[0\].name: 'Developers' .*groups\[0\].name is the same"):
        deploy(run, GROUP, granteeRoles=[{"name": "Developers", "deny": ["production/UpdateApp"]}])
