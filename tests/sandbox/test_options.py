"""Every option of the YAML files, deployed by the real engine and then tried: what it lets in, what it keeps out."""

import inspect
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from stack.entries import GranteeEntry, GroupEntry, PermissionSetEntry, RoleEntry
from tests.sandbox.conftest import Sandbox
from tests.sandbox.option_attempts import ATTEMPTS, EMULATOR_CANNOT, ENTER, NOT_ABOUT_ACCESS, Gap, lists, within
from tests.sandbox.option_entries import DEVELOPMENT, ROLES
from tests.sandbox.option_world import Act, Decision, World, changed, statements
from tests.support import policy_lint


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    sandbox = Sandbox(tmp_path_factory.mktemp("options"))
    try:
        with ExitStack() as signed_in:
            yield World(sandbox, signed_in)
    finally:
        sandbox.emulator.stop()


# Every option has an attempt.


def camel_case(name: str) -> str:
    return re.sub("_(.)", lambda match: match[1].upper(), name)


def test_every_option_is_tested_or_listed_as_beyond_the_emulator() -> None:
    lists = {"roles": RoleEntry, "groups": GroupEntry, "granteeRoles": GranteeEntry}
    lists["permissionSets"] = PermissionSetEntry
    options = {f"{key}.{camel_case(name)}" for key, entry in lists.items() for name in inspect.get_annotations(entry)}
    attempted = {option for option, *_ in ATTEMPTS}
    assert attempted | set(EMULATOR_CANNOT) | set(NOT_ABOUT_ACCESS) == options
    assert set(NOT_ABOUT_ACCESS).isdisjoint({*attempted, *EMULATOR_CANNOT})


def test_compared_roles_differ_only_in_the_option() -> None:
    entries = {entry["name"]: entry for entry in ROLES}
    same = {"buckets": "bucket", "trustedAccountIds": "trustedAccountId"}
    for option, _, _, allowed, denied in ATTEMPTS:
        one, other = (entries.get(who.rpartition(" > ")[2], {}) for who in (allowed, denied))
        if option.startswith("roles.") and one and other:
            differing = {key for key in one.keys() | other.keys() if one.get(key) != other.get(key)}
            named = {f"roles.{same.get(key, key)}" for key in differing - {"name", "policyName"}}
            assert named <= {f"roles.{same.get(option[6:], option[6:])}"}, (allowed, denied)


# The decisions.


@pytest.mark.parametrize(
    ("act", "allowed", "denied"), [row[2:] for row in ATTEMPTS], ids=[f"{row[0]}: {row[1]}" for row in ATTEMPTS]
)
def test_an_option_allows_and_denies(world: World, act: Act, allowed: str, denied: str) -> None:
    assert (world.decide(act, allowed), world.decide(act, denied)) == ("allowed", "denied")


@pytest.mark.parametrize("gap", EMULATOR_CANNOT.values(), ids=EMULATOR_CANNOT)
def test_options_beyond_the_emulator_are_deployed(world: World, gap: Gap) -> None:
    assert gap.read(world) == gap.live
    assert world.decide(gap.act, gap.who) == gap.emulator, f"no gap any more, make it an attempt: {gap.reason}"


@pytest.mark.parametrize(("read", "expected"), NOT_ABOUT_ACCESS.values(), ids=NOT_ABOUT_ACCESS)
def test_options_without_effect_on_access_are_deployed(
    world: World, read: Callable[[World], object], expected: object
) -> None:
    assert read(world) == expected


@pytest.mark.parametrize(
    ("user", "decisions"),
    [
        (
            "Mona",
            {"Plain": "allowed", "Reader": "allowed", "OtherBucket": "denied", "Writer": "denied", "Long": "denied"},
        ),
        (
            "Max",
            {"Plain": "allowed", "Reader": "allowed", "OtherBucket": "denied", "Writer": "denied", "Long": "allowed"},
        ),
    ],
    ids=["rights from the group only", "rights besides the group's"],
)
def test_a_group_is_allowed_some_roles_and_denied_others(
    world: World, user: str, decisions: dict[str, Decision]
) -> None:
    assert {name: world.decide(ENTER, f"{user} > {name}") for name in decisions} == decisions


def test_a_deny_on_a_group_is_bypassed_through_another_role_unless_the_role_forbids_it(world: World) -> None:
    for name in ("Plain", "NotSams", "Users"):
        assert world.decide(ENTER, f"Theresa > {name}") == "denied"
    assert world.decide(ENTER, "Theresa > Deployer > Plain") == "allowed"
    assert world.decide(ENTER, "Theresa > Deployer > NotSams") == "allowed"
    assert world.decide(ENTER, "Theresa > Deployer > Users") == "denied"
    assert world.warned == {"Plain", "NotSams"}


def test_a_linter_finds_nothing_in_the_deployed_documents(world: World) -> None:
    documents = {
        f"{entry['name']}: {kind}": (
            json.dumps({"Version": "2012-10-17", "Statement": list(found.values())}),
            stands_on,
        )
        for entry in ROLES
        for kind, found, stands_on in (
            ("trust", statements(world.role(entry["name"])["AssumeRolePolicyDocument"]), policy_lint.ROLE_ARN),
            ("access", world.identity_policy(entry.get("path", "/")[1:] + entry["policyName"]), ""),
        )
    }
    assert len(documents) == 2 * len(ROLES)
    wrong = {name: policy_lint.findings(text, stands_on) for name, (text, stands_on) in documents.items()}
    assert {name: findings for name, findings in wrong.items() if findings} == {}


def test_up_warns_about_missing_principals(world: World) -> None:
    assert world.missing == {
        f"production/Named names arn:aws:iam::{DEVELOPMENT}:user/Dvaid, which does not exist",
        f"production/NotNamed names arn:aws:iam::{DEVELOPMENT}:role/Deploier, which does not exist",
    }


def test_up_warns_once_about_unusable_grants(world: World) -> None:
    assert world.useless == {
        ("Developers", "SourceIdentity", "the role requires a source identity"),
        ("Developers, Deployer and permission set Night", "Tagged", "the role requires session tags"),
        ("Developers", "Current", "that ended at 2020-01-01T00:00:00Z"),
        ("Deployer", "Users", "it is not among the role's trustedPrincipalArns"),
        ("Deployer", "NotDeployers", "it is among the role's deniedPrincipalArns"),
    }


def test_an_existing_bucket_is_left_unchanged(world: World) -> None:
    assert world.decide(lists("options-existing"), "David > Existing") == "allowed"
    assert world.decide(lists("options-existing"), "David > Plain") == "denied"
    assert world.s3().get_bucket_versioning(Bucket="options")["Status"] == "Enabled"
    assert "Status" not in world.s3().get_bucket_versioning(Bucket="options-existing")


def test_the_exported_statements_open_a_bucket_of_another_account(world: World) -> None:
    bucket, who = "options-delegated", "David > Foreign"
    acts = [
        lists(bucket),
        within(lambda s3: s3.put_object(Bucket=bucket, Key="new", Body=b"")),
        within(lambda s3: s3.get_object(Bucket=bucket, Key="new")),
        within(lambda s3: s3.delete_object(Bucket=bucket, Key="new")),
    ]
    assert {world.decide(act, who) for act in acts} == {"denied"}
    of_one = world.exported("Foreign", bucket)
    world.put_bucket_policy(bucket, of_one)
    assert [world.decide(act, who) for act in acts] == ["allowed"] * 4
    assert [world.decide(lists(bucket), f"David > {other}") for other in ("Plain", "AlsoForeign")] == ["denied"] * 2
    of_both = [*of_one, *world.exported("AlsoForeign", bucket)]
    assert len({statement["Sid"] for statement in of_both}) == len(of_both)
    world.put_bucket_policy(bucket, of_both)
    assert [world.decide(lists(bucket), f"David > {other}") for other in ("Foreign", "AlsoForeign")] == ["allowed"] * 2


def test_sessions_from_before_the_next_up_are_revoked(world: World) -> None:
    older, new = lists("options"), lists("options", DurationSeconds=3600)
    assert world.decide(older, "David > Revocable") == "allowed"
    now = (datetime.now(UTC) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")  # rounded up
    revoked = {"Revocable": {"revokeSessionsIssuedBefore": now}}
    finished = world.up("production", roles=[entry | revoked.get(entry["name"], {}) for entry in ROLES])
    assert changed(finished) == {"update": 1}
    assert world.decide(older, "David > Revocable") == "denied"
    assert world.decide(new, "David > Revocable") == "allowed"
    assert world.decide(older, "David > Plain") == "allowed"


def test_members_follow_the_file_or_stay_if_it_lists_none(world: World) -> None:
    iam = world.iam(DEVELOPMENT)
    iam.add_user_to_group(GroupName="Crew", UserName="Eve")
    iam.add_user_to_group(GroupName="Developers", UserName="Ivy")
    assert world.decide(ENTER, "Eve > Plain") == "allowed"
    assert changed(world.up("development", "--refresh")) == {"update": 1}
    members = {name: iam.get_group(GroupName=name)["Users"] for name in ("Crew", "Developers")}
    assert {name: {user["UserName"] for user in users} for name, users in members.items()} == {
        "Crew": {"Mia"},
        "Developers": {"Gina", "Ivy"},
    }
    decisions = {user: world.decide(ENTER, f"{user} > Plain") for user in ("Mia", "Eve", "Ivy")}
    assert decisions == {"Mia": "allowed", "Eve": "denied", "Ivy": "allowed"}
