"""Tests of a user's own project: its stacks are deployed in order, proved, and edited in every way."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from sandbox.emulator import Emulator, command_of
from sandbox.proof import prove_access
from sandbox.users import ADMINISTRATOR
from tests.sandbox.project_folder import ProjectFolder

BOOKS, ARCHIVE, PEOPLE = "444444444444", "555555555555", "666666666666"
FILES: dict[str, dict[str, Any]] = {
    "archive": {
        "aws:allowedAccountIds": [ARCHIVE],
        "acme:roles": [{"name": "Restore", "bucket": "acme-tapes", "createBucket": False, "trustedAccountId": PEOPLE}],
    },
    "auditors": {  # in the account of the clerks
        "aws:allowedAccountIds": [PEOPLE],
        "acme:groups": [{"name": "Auditors", "allow": ["archive/Restore"]}],
    },
    "books": {
        "aws:allowedAccountIds": [BOOKS],
        "acme:roles": [{"name": "ReadBooks", "bucket": "acme-books", "access": "read", "trustedAccountId": PEOPLE}],
    },
    "clerks": {
        "aws:allowedAccountIds": [PEOPLE],
        "acme:groups": [
            {"name": "Developers", "allow": ["books/ReadBooks"]},
            {"name": "Clerks", "deny": ["books/ReadBooks"], "members": ["alice"]},
        ],
        "acme:permissionSets": [{"name": "Night", "allow": ["books/ReadBooks"]}],
    },
}
"""Four stacks in three accounts, in the order of their deployment."""
ROLE = f"arn:aws:iam::{BOOKS}:role/ReadBooks"


def may_read_books(folder: ProjectFolder, profile: str) -> bool:
    """Return ``True`` if the profile's user can assume the role for the books."""
    try:
        folder.session(profile).sts.assume_role(RoleArn=ROLE, RoleSessionName="try")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied"
        return False
    return True


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ProjectFolder, str]]:
    """Deploy the folder, and yield it with the output of the first ``up``."""
    folder = ProjectFolder(tmp_path_factory.mktemp("stacks"), FILES)
    try:
        yield folder, folder.done("up")
    finally:
        pid = Emulator(folder.layout).pid
        folder.layout.emulator_record.unlink()  # even a half-deleted sandbox can be wiped
        assert "the emulator is stopped" in folder.done("down", "--wipe")
        assert not folder.layout.directory.exists()
        assert pid is not None
        assert command_of(pid) == ""


@pytest.fixture
def acme(world: tuple[ProjectFolder, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[ProjectFolder]:
    """Yield the deployed folder, for edits that are refused. The proof is skipped, because it is slow."""
    monkeypatch.setattr("sandbox.commands.prove_access", lambda *arguments: True)
    yield world[0]
    world[0].write()


@pytest.fixture
def edited(acme: ProjectFolder) -> Iterator[ProjectFolder]:
    """Yield the deployed folder, for edits that are deployed, and check that each can be reverted."""
    original = acme.texts()
    yield acme
    changed = [stack for stack, text in original.items() if acme.texts().get(stack) != text]
    acme.write()
    acme.done("up", *changed)


# The deployment.


def test_one_command_deploys_and_proves_all_stacks_in_order(world: tuple[ProjectFolder, str]) -> None:
    folder, printed = world
    accounts = {stack: config["aws:allowedAccountIds"][0] for stack, config in FILES.items()}
    headings = [line for line in printed.splitlines() if re.fullmatch(r"\w+ \(account \d+\)", line)]
    assert headings == [f"{stack} (account {account})" for stack, account in accounts.items()]
    for thing in ("bucket acme-tapes", "user alice"):
        assert f"created for the sandbox, because the file says that it exists: {thing}\n" in printed
    assert "Everything read and tested is as expected" in printed
    assert "member of auditors+clerks/Clerks, power user" in printed
    assert "permission set auditors+clerks/Night" in printed
    assert printed.endswith("\ndeployed\n")
    assert (folder.layout.directory / ".gitignore").read_text() == "*\n"
    assert {path.name for path in folder.folder.iterdir()} == {
        *(".sandbox", "Pulumi.yaml"),
        *(f"Pulumi.{stack}.yaml" for stack in FILES),
    }
    assert folder.done("status").count(", deployed\n") == len(FILES)


def test_a_second_up_previews_and_changes_nothing(acme: ProjectFolder) -> None:
    printed = acme.done("up")
    assert "Previewing" not in printed
    assert printed.endswith("\nnothing to change\n")


def test_the_people_follow_the_groups(acme: ProjectFolder) -> None:
    people = {"David", "alice", "Auditors-member"}
    assert acme.profiles() == {*FILES, "outsider", *people}
    may = {name: may_read_books(acme, name) for name in people}
    assert may == {
        "David": True,
        "alice": False,
        "Auditors-member": False,
    }
    identity = acme.session("David").sts.get_caller_identity()
    assert identity["Arn"] == f"arn:aws:iam::{PEOPLE}:user/sandbox/David"


def test_one_stack_is_previewed_and_its_environment_selects_it(acme: ProjectFolder) -> None:
    printed = acme.done("preview", "clerks")
    assert "Previewing update (clerks):" in printed
    assert "(books)" not in printed
    first, *_, last = acme.done("env", "books").splitlines()
    assert first == (
        "# pulumi can't run Python programs here: python -m sandbox pulumi --project"
        f" {acme.folder} books -- preview does"
    )
    assert "AWS_ACCESS_KEY_ID=444444444444" in acme.done("env", "books")
    assert last.startswith("export PATH=")


def test_a_policy_names_accounts_of_the_sandbox_or_of_the_files(acme: ProjectFolder) -> None:
    elsewhere = "777777777777"

    def trust(account_id: str) -> None:
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": account_id}}
        document = json.dumps({"Version": "2012-10-17", "Statement": statement})
        iam.create_role(RoleName="OfAccount", AssumeRolePolicyDocument=document)
        iam.delete_role(RoleName="OfAccount")

    iam = acme.administrator(BOOKS).iam
    for account_id in (ARCHIVE, "222222222222"):  # of another stack, and the outsider's
        trust(account_id)
    with pytest.raises(ClientError, match=r"MalformedPolicyDocument.*Invalid principal in policy"):
        trust(elsewhere)
    acme.edit("books", f"trustedAccountId: '{PEOPLE}'", f"trustedAccountIds: ['{PEOPLE}', '{elsewhere}']")
    acme.done("preview", "books")
    trust(elsewhere)
    acme.write()
    acme.done("preview", "books")
    with pytest.raises(ClientError, match=r"MalformedPolicyDocument.*Invalid principal in policy"):
        trust(elsewhere)


# Refused edits change nothing.


@pytest.mark.parametrize(
    ("stack", "old", "new", "reason"),
    [
        (
            "books",
            BOOKS,
            "777777777777",
            f"line 7: aws:allowedAccountIds is 777777777777, but books is deployed in {BOOKS}",
        ),
        ("books", "eu-west-1", "eu-west-2", "line 9: aws:region is eu-west-2, but books is deployed in eu-west-1"),
    ],
)
def test_a_deployed_stack_can_not_be_moved(acme: ProjectFolder, stack: str, old: str, new: str, reason: str) -> None:
    before = acme.kept()
    acme.edit(stack, old, new)
    refused = acme.refused("up")
    assert reason in refused
    assert refused.endswith(f"python -m sandbox down --project {acme.folder} --wipe")
    assert acme.refused("pulumi", stack, "--", "refresh") == refused
    assert acme.kept() == before


def test_a_mistyped_bucket_is_refused_and_the_restored_file_works(acme: ProjectFolder) -> None:
    before = acme.kept()
    acme.edit("books", "acme-books", "acme-boosk")
    refused = acme.refused("up")
    assert refused.startswith("books: bucket acme-books is protected and would be deleted: put it back into the file")
    assert acme.kept() == before
    acme.write()
    assert acme.done("up", "books").endswith("\nnothing to change\n")


def test_stacks_that_refer_to_a_failed_one_are_skipped_and_others_continue(edited: ProjectFolder) -> None:
    edited.edit("books", f"trustedAccountId: '{PEOPLE}'", "trustedAccountId: '66'")
    edited.edit("auditors", "name: Auditors", "name: Inspectors")
    assert edited.refused("up") == (
        "books: Pulumi.books.yaml:6: acme:roles[0].trustedAccountId: '66' is not allowed;"
        ' write the twelve digits of the account id in quotes, e.g. "111111111111"'
    )
    assert "clerks: skipped, because it refers to books" in edited.printed
    assert "Inspectors-member" in edited.profiles()
    assert "Auditors-member" not in edited.profiles()


def test_an_unreadable_state_is_named_with_its_backup(acme: ProjectFolder) -> None:
    state = acme.layout.backend / ".pulumi" / "stacks" / "acme" / "books.json"
    text = state.read_text()
    try:
        state.write_text(text[:200])
        reason = acme.refused("up")
        assert reason.startswith(f"{state} can't be loaded; perhaps the disk was full while it was written: ")
        assert f"mv '{state}.bak' '{state}'" in reason
    finally:
        state.write_text(text)
    assert acme.done("status").count(", deployed\n") == len(FILES)


# Deployed edits, and their reversal.


def test_a_stack_without_a_file_is_named_and_destroyed_by_command(edited: ProjectFolder) -> None:
    edited.path("clerks").unlink()
    printed = edited.done("up")
    assert "clerks is deployed, but its file Pulumi.clerks.yaml is missing" in printed
    assert printed.endswith("\nnothing to change\n")
    assert edited.profiles() == {*FILES, "outsider", "Auditors-member"}
    assert edited.refused("up", "clerks").startswith("clerks is deployed, but its file")
    assert "Destroying (clerks)" in edited.follow(printed, "destroy")
    iam = edited.administrator(PEOPLE).iam
    assert [group["GroupName"] for group in iam.list_groups()["Groups"]] == ["Auditors"]
    assert iam.list_policies(Scope="Local")["Policies"] == []
    assert "clerks" not in edited.done("status")


def test_a_renamed_stack_is_renamed_by_command(edited: ProjectFolder) -> None:
    edited.path("auditors").rename(edited.path("inspectors"))
    refused = edited.refused("up")
    assert refused.startswith("inspectors is new, and auditors, whose file is missing, is deployed in the same account")
    edited.follow(refused, "stack rename")
    assert edited.done("up").endswith("\nnothing to change\n")
    assert "inspectors" in edited.profiles()
    edited.path("inspectors").rename(edited.path("auditors"))
    edited.follow(edited.refused("up"), "stack rename")


@pytest.mark.every_edit
def test_a_bucket_is_released_by_command(edited: ProjectFolder) -> None:
    edited.edit("books", "bucket: acme-books", "bucket: acme-books\n    createBucket: false")
    edited.follow(edited.refused("up", "books"), "state delete")
    printed = edited.done("up", "books")
    assert "created for the sandbox" not in printed  # it exists
    assert printed.endswith("\nnothing to change\n")
    edited.write()
    edited.follow(edited.refused("up", "books"), "import")


def test_a_role_a_group_and_a_permission_set_are_renamed(edited: ProjectFolder) -> None:
    iam = edited.administrator(PEOPLE).iam

    def attached() -> dict[str, list[str]]:
        """Return the policies of Identity Center's roles, by the roles' ARNs."""
        roles = iam.list_roles(PathPrefix="/aws-reserved/")["Roles"]
        listed = {item["Arn"]: iam.list_attached_role_policies(RoleName=item["RoleName"]) for item in roles}
        return {arn: sorted(item["PolicyName"] for item in found["AttachedPolicies"]) for arn, found in listed.items()}

    [(arn, policies)] = attached().items()
    prefix = f"arn:aws:iam::{PEOPLE}:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_"
    assert re.fullmatch(f"{prefix}Night_[0-9a-f]{{16}}", arn)
    assert policies == ["allow-assume-roles-Night"]

    edited.edit("books", "name: ReadBooks", "name: SeeBooks")
    edited.edit("clerks", "books/ReadBooks", "books/SeeBooks")
    edited.edit("clerks", "name: Developers", "name: Builders")
    edited.edit("clerks", "acme:permissionSets:\n  - allow", "acme:permissionSets:\n  - deny")
    edited.edit("clerks", "name: Night", "name: Day")
    edited.done("up", "books", "clerks")
    assert edited.profiles() >= {"Builders-member", "alice"}
    assert "David" not in edited.profiles()
    users = edited.administrator(PEOPLE).iam.list_users()["Users"]
    assert {user["UserName"] for user in users} == {"Builders-member", "alice", "Auditors-member", ADMINISTRATOR}
    [(arn, policies)] = attached().items()
    assert re.fullmatch(f"{prefix}Day_[0-9a-f]{{16}}", arn)
    assert policies == ["deny-assume-roles-Day"]
    local = iam.list_policies(Scope="Local")["Policies"]
    assert [policy["PolicyName"] for policy in local] == ["deny-assume-roles-Day"]


@pytest.mark.every_edit
def test_a_foreign_member_prevents_the_deletion_of_a_group(edited: ProjectFolder) -> None:
    iam = edited.administrator(PEOPLE).iam
    iam.create_user(UserName="stranger")
    iam.add_user_to_group(GroupName="Auditors", UserName="stranger")
    edited.edit("auditors", "name: Auditors", "name: Inspectors")
    refused = edited.refused("up", "auditors")
    assert refused.startswith(
        "auditors: group Auditors can't be deleted: it has members or policies that the sandbox did not make"
    )
    iam.remove_user_from_group(GroupName="Auditors", UserName="stranger")
    iam.delete_user(UserName="stranger")
    edited.done("up", "auditors")


def test_an_encrypted_external_id_is_replaced_by_the_sandboxs_own(
    edited: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.commands.prove_access", prove_access)
    edited.edit("books", "bucket: acme-books", "bucket: acme-books\n    externalId: {secure: v1:AAAA:BBBB}")
    printed = edited.done("up", "books")
    assert "books: acme:roles[0].externalId is encrypted for your own backend" in printed
    assert "assume the role without the external id" in printed
    assert "Everything read and tested is as expected" in printed
    monkeypatch.setattr("sandbox.commands.prove_access", lambda *arguments: True)
    assert edited.done("up", "books").endswith("\nnothing to change\n")
    assert '{"ReadBooks": "[secret]"}' in edited.done("outputs")


# Commands that fail before anything is started.


@pytest.mark.parametrize(
    ("arguments", "edit", "reason"),
    [
        (["up", "boks"], {}, "there is no stack 'boks'; known stacks: archive, auditors, books, clerks"),
        (["env", "boks"], {}, "there is no stack 'boks'"),
        (["up"], {"books": "config:\n\tx: 1\n"}, "line 2, column 1: a tab is not allowed here; indent with spaces"),
        (
            ["preview"],
            {
                "books": FILES["books"] | {"acme:groups": [{"name": "G", "allow": ["archive/Restore"]}]},
                "archive": FILES["archive"] | {"acme:groups": [{"name": "G", "allow": ["books/ReadBooks"]}]},
            },
            "archive -> books -> archive is a circle",
        ),
        (
            ["up"],
            {"books": FILES["books"] | {"acme:roles": {"secure": "v1:AAAA"}}},
            "acme:roles is encrypted for your own backend, so the sandbox can't read it",
        ),
        (["outputs"], {}, "nothing is deployed; run `python -m sandbox up --project "),
        (
            ["up", "--with", "."],
            {"books": {"acme:x": 1}},
            "Pulumi.books.yaml, line 1: aws:allowedAccountIds is missing",
        ),
    ],
)
def test_impossible_commands_start_nothing(
    tmp_path: Path, arguments: list[str], edit: dict[str, Any], reason: str
) -> None:
    folder = ProjectFolder(tmp_path, FILES)
    for stack, content in edit.items():
        text = (
            content if isinstance(content, str) else yaml.safe_dump({"config": {"aws:region": "eu-west-1", **content}})
        )
        folder.path(stack).write_text(text)
    assert reason in folder.refused(*arguments)
    assert not folder.layout.directory.exists()
