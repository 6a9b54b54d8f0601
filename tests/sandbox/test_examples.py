"""The examples, deployed by the real engine and tried: who may do what in them, and what another team reads."""

import configparser
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import pytest
import yaml
from botocore.exceptions import ClientError

from access.accounts import Session
from access.credentials import Credentials
from sandbox.engine import Engine
from sandbox.layout import REPOSITORY, Layout
from sandbox.users import Accounts, User
from tests.sandbox.conftest import Sandbox
from tests.sandbox.mfa_device import MfaDevice

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EXAMPLES = REPOSITORY / "examples"
PRODUCTION, SHARED, DEVELOPMENT = "999999999999", "333333333333", "111111111111"
ACCOUNTS = {"production": PRODUCTION, "shared": SHARED, "development": DEVELOPMENT}
"""The stacks of three accounts, in the order of their deployment, and where they are deployed."""

Decision = Literal["allowed", "denied"]

ROLE_ARNS = {
    "UpdateApp": f"arn:aws:iam::{PRODUCTION}:role/UpdateApp",
    "AuditApp": f"arn:aws:iam::{PRODUCTION}:role/AuditApp",
    "PublishBuilds": f"arn:aws:iam::{SHARED}:role/PublishBuilds",
    "TakeBuilds": f"arn:aws:iam::{SHARED}:role/TakeBuilds",
}
GROUPS = {
    "Developers": DEVELOPMENT,
    "Releasers": DEVELOPMENT,
    "Testers": DEVELOPMENT,
    "Contractors": DEVELOPMENT,
    "Auditors": SHARED,
    "Interns": SHARED,
}
MAY = {
    "Developers": {"UpdateApp", "TakeBuilds"},
    "Releasers": {"PublishBuilds"},
    "Testers": {"TakeBuilds"},
    "Contractors": set(),
    "Auditors": {"AuditApp"},
    "Interns": set(),
}
"""The roles that somebody may assume whose rights come from the group alone."""
MAY_WITH_OTHER_RIGHTS = MAY | {
    "Developers": {"UpdateApp", "PublishBuilds", "TakeBuilds"},
    "Releasers": {"UpdateApp", "PublishBuilds", "TakeBuilds"},
}
"""The roles that somebody may assume who has the right to assume any, but for what the group is denied."""
WANTS_MFA = {"UpdateApp"}


class World:
    """The three accounts with the example deployed, and everybody in them signed in."""

    def __init__(self, sandbox: Sandbox, signed_in: ExitStack) -> None:
        self.accounts = sandbox.accounts
        self.engine = Engine(
            Layout(sandbox.layout.directory, EXAMPLES / "three-accounts"), sandbox.emulator, sandbox.cli
        )
        self.administrator(PRODUCTION).s3.create_bucket(Bucket="productionapp-reports")  # another team's
        self.told = ""
        for stack in ACCOUNTS:
            self.engine.prepare(stack, print)
            self.told += "\n".join(self.engine.up(stack, print).lines)
        users = [
            *(User(f"{group}-only", account, (group,), power_user=False) for group, account in GROUPS.items()),
            *(User(f"{group}-too", account, (group,)) for group, account in GROUPS.items()),
            *(User(f"{stack}-user", account) for stack, account in ACCOUNTS.items()),
        ]
        self._sessions: dict[tuple[str, bool], Session] = {}
        for user in users:
            self.accounts.make(user)
            session = signed_in.enter_context(self.accounts.signed_in(user))
            device = MfaDevice(self.administrator(user.account_id).iam, user.name)
            code: Any = {"SerialNumber": device.serial_number, "TokenCode": device.next_code()}
            given = session.sts.get_session_token(**code)["Credentials"]
            with_mfa = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
            self._sessions |= {(user.name, False): session, (user.name, True): self.accounts.session(with_mfa)}

    def administrator(self, account: str) -> Session:
        return self.accounts.administrator(account)

    def session(self, user: str) -> Session:
        """A user's session with MFA."""
        return self._sessions[user, True]

    def assume(self, user: str, role: str, *, mfa: bool = True) -> Session:
        """A session in a role, named after the user."""
        return assume(self.accounts, self._sessions[user, mfa], ROLE_ARNS[role], user)

    def roles_of(self, user: str, *, mfa: bool = True) -> set[str]:
        """The roles that the user can assume."""
        return {role for role in ROLE_ARNS if decision(partial(self.assume, user, role, mfa=mfa)) == "allowed"}


def assume(accounts: Accounts, session: Session, role_arn: str, name: str) -> Session:
    given = session.sts.assume_role(RoleArn=role_arn, RoleSessionName=name)["Credentials"]
    return accounts.session(Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]))


def decision(do: Callable[[], object]) -> Decision:
    try:
        do()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "AccessDenied":
            raise
        return "denied"
    return "allowed"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    sandbox = Sandbox(tmp_path_factory.mktemp("examples"))
    try:
        with ExitStack() as signed_in:
            yield World(sandbox, signed_in)
    finally:
        sandbox.emulator.stop()


# Three accounts.


def test_there_are_three_accounts_four_roles_and_six_groups_with_mfa_kms_and_prefixes() -> None:
    files = {stack: EXAMPLES / "three-accounts" / f"Pulumi.{stack}.yaml" for stack in ACCOUNTS}
    config = {stack: yaml.safe_load(file.read_text())["config"] for stack, file in files.items()}
    assert {stack: entries["aws:allowedAccountIds"] for stack, entries in config.items()} == {
        stack: [account] for stack, account in ACCOUNTS.items()
    }
    roles = [role for entries in config.values() for role in entries.get("three-accounts:roles", [])]
    groups = [group for entries in config.values() for group in entries.get("three-accounts:groups", [])]
    assert {role["name"] for role in roles} == ROLE_ARNS.keys()
    assert {group["name"] for group in groups} == GROUPS.keys()
    assert {"requireMfa", "mfaMaxAge", "kmsKeyArns", "prefixes"} <= {option for role in roles for option in role}


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_lets_its_members_into_its_roles_and_keeps_them_out_of_others(world: World, group: str) -> None:
    for user, roles in ((f"{group}-only", MAY[group]), (f"{group}-too", MAY_WITH_OTHER_RIGHTS[group])):
        assert world.roles_of(user) == roles
        assert world.roles_of(user, mfa=False) == roles - WANTS_MFA


def test_accounts_that_are_not_trusted_stay_outside(world: World) -> None:
    assert world.roles_of("production-user") == {"TakeBuilds"}
    assert world.roles_of("shared-user") == {"AuditApp"}


def test_a_session_is_named_after_its_user(world: World) -> None:
    """``bindSessionName``: who publishes is who it says."""
    session = world.session("Releasers-only")
    assert decision(partial(assume, world.accounts, session, ROLE_ARNS["PublishBuilds"], "another")) == "denied"


def test_a_role_reaches_its_own_buckets(world: World) -> None:
    update_app = world.assume("Developers-only", "UpdateApp").s3
    for bucket in ("productionapp", "productionapp-assets"):
        assert decision(partial(lists(bucket), update_app)) == "allowed"
    assert decision(partial(lists("productionapp-reports"), update_app)) == "denied"


def put(bucket: str, key: str) -> "Callable[[S3Client], object]":
    return lambda s3: s3.put_object(Bucket=bucket, Key=key, Body=b"")


def get(bucket: str, key: str) -> "Callable[[S3Client], object]":
    return lambda s3: s3.get_object(Bucket=bucket, Key=key)


def lists(bucket: str, prefix: str = "") -> "Callable[[S3Client], object]":
    return lambda s3: s3.list_objects_v2(Bucket=bucket, Prefix=prefix)


def abort_an_upload(s3: "S3Client") -> object:
    begun = s3.create_multipart_upload(Bucket="shared-builds", Key="releases/large")
    return s3.abort_multipart_upload(Bucket="shared-builds", Key="releases/large", UploadId=begun["UploadId"])


ACTS: "dict[str, tuple[str, dict[str, tuple[Callable[[S3Client], object], Decision]]]]" = {
    "PublishBuilds": (
        "development-user",
        {
            "put a release": (put("shared-builds", "releases/1"), "allowed"),
            "put a snapshot": (put("shared-builds", "snapshots/1"), "allowed"),
            "put something else": (put("shared-builds", "other"), "denied"),
            "put a licence": (put("shared-licences", "releases/1"), "denied"),
            "abort an upload": (abort_an_upload, "allowed"),
            "get a release": (get("shared-builds", "releases/kept"), "denied"),
            "list the builds": (lists("shared-builds", "releases/"), "denied"),
            "list all buckets": (lambda s3: s3.list_buckets(), "denied"),
        },
    ),
    "TakeBuilds": (
        "production-user",
        {
            "list the builds": (lists("shared-builds"), "allowed"),
            "get a release": (get("shared-builds", "releases/kept"), "allowed"),
            "list the licences": (lists("shared-licences"), "allowed"),
            "list all buckets": (lambda s3: s3.list_buckets(), "allowed"),
            "put a release": (put("shared-builds", "releases/1"), "denied"),
        },
    ),
    "AuditApp": (
        "Auditors-only",
        {
            "list the reports": (lists("productionapp-reports", "reports/"), "allowed"),
            "get a report": (get("productionapp-reports", "reports/kept"), "allowed"),
            "list everything": (lists("productionapp-reports"), "denied"),
            "get something else": (get("productionapp-reports", "kept"), "denied"),
            "put a report": (put("productionapp-reports", "reports/1"), "denied"),
            "list the application": (lists("productionapp"), "denied"),
        },
    ),
}
"""What is tried in each role, by whom, and what has to come of it. In UpdateApp it is tried above."""


@pytest.mark.parametrize("role", ACTS)
def test_a_role_may_do_what_its_entry_says_and_nothing_else(world: World, role: str) -> None:
    world.administrator(SHARED).s3.put_object(Bucket="shared-builds", Key="releases/kept", Body=b"")
    for key in ("kept", "reports/kept"):
        world.administrator(PRODUCTION).s3.put_object(Bucket="productionapp-reports", Key=key, Body=b"")
    user, acts = ACTS[role]
    s3 = world.assume(user, role).s3
    decided = {what: decision(partial(act, s3)) for what, (act, _) in acts.items()}
    assert decided == {what: expected for what, (_, expected) in acts.items()}


def test_the_reports_owner_is_told_what_bucket_and_key_have_to_allow(world: World) -> None:
    key = f"arn:aws:kms:us-east-1:{PRODUCTION}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    statements = world.engine.outputs("production")["resourcePolicyStatements"]
    assert statements.keys() == {"AuditApp"}
    assert statements["AuditApp"].keys() == {"arn:aws:s3:::productionapp-reports", key}
    (use_key,) = json.loads(statements["AuditApp"][key])
    assert use_key["Action"] == "kms:Decrypt"
    assert use_key["Principal"] == {"AWS": f"arn:aws:iam::{PRODUCTION}:root"}
    assert use_key["Condition"]["ArnEquals"] == {"aws:PrincipalArn": ROLE_ARNS["AuditApp"]}


def test_no_deny_can_be_got_around(world: World) -> None:
    assert "does not bind" not in world.told
    assert "can't use" not in world.told
    for stack in ("production", "shared"):
        assert world.engine.outputs(stack)["openRoles"] == []
    role: Any = world.administrator(SHARED).iam.get_role(RoleName="TakeBuilds")["Role"]
    trust = {statement["Sid"]: statement for statement in role["AssumeRolePolicyDocument"]["Statement"]}
    assert trust["DenyPrincipals"]["Condition"] == {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}


def test_nothing_changes_the_second_time(world: World) -> None:
    for stack in ACCOUNTS:
        assert world.engine.run(stack, "preview").changes.keys() == {"same"}


def test_all_of_it_is_destroyed_but_what_others_look_after(world: World) -> None:
    for group, account in GROUPS.items():
        for member in world.administrator(account).iam.get_group(GroupName=group)["Users"]:
            world.administrator(account).iam.remove_user_from_group(GroupName=group, UserName=member["UserName"])
    empty(world.administrator(SHARED).s3, "shared-builds")
    for stack in ("production", "shared"):  # the buckets
        assert world.engine.run(stack, "state", "unprotect", "--all", "--yes").exit_code == 0
    for stack in reversed(ACCOUNTS):
        destroyed = world.engine.run(stack, "destroy", "--yes", "--skip-preview")
        assert destroyed.exit_code == 0, destroyed.reason
    for account in ACCOUNTS.values():
        iam = world.administrator(account).iam
        assert (iam.list_roles()["Roles"], iam.list_groups()["Groups"]) == ([], [])
        assert iam.list_policies(Scope="Local")["Policies"] == []
    assert world.administrator(SHARED).s3.list_buckets()["Buckets"] == []
    left = world.administrator(PRODUCTION).s3.list_buckets()["Buckets"]
    assert [bucket["Name"] for bucket in left] == ["productionapp-reports"]


def empty(s3: "S3Client", bucket: str) -> None:
    listed = s3.list_object_versions(Bucket=bucket)
    for version in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]:
        s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])


# The consumer.


def test_another_teams_project_reads_the_outputs_and_its_role_may_switch(deployed: Sandbox) -> None:
    engine = Engine(Layout(deployed.layout.directory, EXAMPLES / "consumer"), deployed.emulator, deployed.cli)
    engine.prepare("main", print)
    engine.up("main", print)
    outputs = engine.outputs("main")
    assert outputs["whoMayToo"] == ["Developers"]
    profile = configparser.ConfigParser()
    profile.read_string(outputs["awsConfig"])
    assert dict(profile["profile update-app"]) == {
        "role_arn": ROLE_ARNS["UpdateApp"],
        "source_profile": "development",
    }
    iam = deployed.accounts.administrator(DEVELOPMENT).iam
    trust: Any = iam.get_role(RoleName="Publisher")["Role"]["AssumeRolePolicyDocument"]
    assert [statement["Principal"] for statement in trust["Statement"]] == [{"Service": "codebuild.amazonaws.com"}]

    # The service can't come in here: somebody of the account does in its place.
    somebody = trust["Statement"][0] | {"Principal": {"AWS": DEVELOPMENT}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [somebody]})
    iam.update_assume_role_policy(RoleName="Publisher", PolicyDocument=document)
    user = User("Somebody", DEVELOPMENT)
    deployed.accounts.make(user)
    with deployed.accounts.signed_in(user) as session:
        publisher = assume(deployed.accounts, session, f"arn:aws:iam::{DEVELOPMENT}:role/Publisher", "build")
        update_app = assume(deployed.accounts, publisher, ROLE_ARNS["UpdateApp"], "build")
    update_app.s3.put_object(Bucket="productionapp", Key="build", Body=b"")
    assert decision(partial(lists("productionapp"), publisher.s3)) == "denied"

    assert engine.run("main", "up", "--yes", "--skip-preview", "--refresh").changes == {"same": 2, "update": 1}
    assert engine.run("main", "destroy", "--yes", "--skip-preview").exit_code == 0
    assert iam.list_roles()["Roles"] == []
