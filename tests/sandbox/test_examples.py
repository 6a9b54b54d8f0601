"""Tests of the examples: one command deploys and proves each, and further checks cover the rest."""

import configparser
import io
import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from access.accounts import Session
from access.credentials import Credentials
from access.project.files import read_project
from sandbox import toolchain
from sandbox.__main__ import main
from sandbox.emulator import Emulator
from sandbox.engine import Engine
from sandbox.layout import REPOSITORY, Layout
from sandbox.users import Accounts, User

THREE_ACCOUNTS, CONSUMER = REPOSITORY / "examples" / "three-accounts", REPOSITORY / "examples" / "consumer"
PRODUCTION, SHARED, DEVELOPMENT = "999999999999", "333333333333", "111111111111"
ACCOUNTS = {"production": PRODUCTION, "shared": SHARED, "development": DEVELOPMENT}
"""The stacks of three accounts, with the accounts."""
UPDATE_APP = f"arn:aws:iam::{PRODUCTION}:role/UpdateApp"


class Example:
    """An example, deployed in its own sandbox."""

    def __init__(self, directory: Path, folder: Path, *options: str) -> None:
        self.layout, self._options = Layout(directory), ["--project", str(folder), *options]
        try:
            self.code, self.printed = self.run("up")
            emulator = Emulator(self.layout)
            self.accounts = Accounts(self.layout, emulator, "us-east-1")
            cli = toolchain.pulumi_cli(print)
            self.engine = Engine(self.layout, emulator, cli, project=read_project(folder))
        except BaseException:
            self.stop()
            raise

    def run(self, command: str, *arguments: str) -> tuple[int, str]:
        """Return a command's exit code and its output."""
        with redirect_stdout(io.StringIO()) as printed:
            code = main([command, *self._options, *arguments], self.layout)
        return code, printed.getvalue()

    def stop(self) -> None:
        self.run("down")

    def administrator(self, account: str) -> Session:
        return self.accounts.administrator(account)

    def trust(self, account: str, role: str) -> dict[str, Any]:
        """Return the statements of a role's trust policy, by Sid."""
        document: Any = self.administrator(account).iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        return {statement.get("Sid", ""): statement for statement in document["Statement"]}


# Three accounts.


@pytest.fixture(scope="module")
def three_accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    example = Example(tmp_path_factory.mktemp("three-accounts"), THREE_ACCOUNTS)
    yield example
    example.stop()


def test_three_accounts_have_four_roles_and_six_groups_with_mfa_kms_and_prefixes() -> None:
    files = {stack: THREE_ACCOUNTS / f"Pulumi.{stack}.yaml" for stack in ACCOUNTS}
    config = {stack: yaml.safe_load(file.read_text())["config"] for stack, file in files.items()}
    assert {stack: entries["aws:allowedAccountIds"] for stack, entries in config.items()} == {
        stack: [account] for stack, account in ACCOUNTS.items()
    }
    roles = [role for entries in config.values() for role in entries.get("three-accounts:roles", [])]
    groups = [group for entries in config.values() for group in entries.get("three-accounts:groups", [])]
    assert {role["name"] for role in roles} == {"UpdateApp", "AuditApp", "PublishBuilds", "TakeBuilds"}
    assert {group["name"] for group in groups} == {
        *("Developers", "Releasers", "Testers", "Contractors", "Auditors", "Interns")
    }
    assert {"requireMfa", "mfaMaxAge", "kmsKeyArns", "prefixes"} <= {option for role in roles for option in role}


def test_one_command_deploys_and_proves_the_stacks_in_order(three_accounts: Example) -> None:
    assert three_accounts.code == 0, three_accounts.printed
    made = "created for the sandbox, because the file says that it exists: bucket productionapp-reports"
    assert made in three_accounts.printed
    headings = [line for line in three_accounts.printed.splitlines() if " (account " in line]
    assert headings == [f"{stack} (account {account})" for stack, account in ACCOUNTS.items()]
    assert "Everything read and tested is as expected" in three_accounts.printed


def test_mfa_and_the_session_name_are_conditions(three_accounts: Example) -> None:
    condition = three_accounts.trust(PRODUCTION, "UpdateApp")["TrustAccount"]["Condition"]
    assert condition["Bool"] == {"aws:MultiFactorAuthPresent": "true"}
    assert condition["NumericLessThanEquals"] == {"aws:MultiFactorAuthAge": "3600"}
    document: Any = three_accounts.administrator(DEVELOPMENT).iam.get_group_policy(
        GroupName="Releasers", PolicyName="allow-assume-S3-role-in-shared"
    )["PolicyDocument"]
    assert document["Statement"][0]["Condition"] == {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}


def test_the_statements_for_the_bucket_and_the_key_are_exported(three_accounts: Example) -> None:
    key = f"arn:aws:kms:us-east-1:{PRODUCTION}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    statements = three_accounts.engine.outputs("production")["resourcePolicyStatements"]
    assert statements.keys() == {"AuditApp"}
    assert statements["AuditApp"].keys() == {"arn:aws:s3:::productionapp-reports", key}
    (use_key,) = json.loads(statements["AuditApp"][key])
    assert use_key["Action"] == "kms:Decrypt"
    assert use_key["Principal"] == {"AWS": f"arn:aws:iam::{PRODUCTION}:root"}
    assert use_key["Condition"]["ArnEquals"] == {"aws:PrincipalArn": f"arn:aws:iam::{PRODUCTION}:role/AuditApp"}


def test_no_deny_can_be_bypassed(three_accounts: Example) -> None:
    assert "binds the group's users" not in three_accounts.printed
    for stack in ("production", "shared"):
        assert three_accounts.engine.outputs(stack)["openRoles"] == []
    assert three_accounts.trust(SHARED, "TakeBuilds")["DenyPrincipals"]["Condition"] == {
        "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}
    }


def test_the_stacks_are_destroyed_except_resources_managed_elsewhere(three_accounts: Example) -> None:
    for stack in ("production", "shared"):  # the buckets
        assert three_accounts.run("pulumi", stack, "--", "state", "unprotect", "--all")[0] == 0
    for stack in reversed(ACCOUNTS):
        code, printed = three_accounts.run("pulumi", stack, "--", "destroy")
        assert code == 0, printed
    for account in ACCOUNTS.values():
        iam = three_accounts.administrator(account).iam
        assert (iam.list_roles()["Roles"], iam.list_groups()["Groups"]) == ([], [])
        assert iam.list_policies(Scope="Local")["Policies"] == []
    assert three_accounts.administrator(SHARED).s3.list_buckets()["Buckets"] == []
    left = three_accounts.administrator(PRODUCTION).s3.list_buckets()["Buckets"]
    assert [bucket["Name"] for bucket in left] == ["productionapp-reports"]


# The consumer.


@pytest.fixture
def consumer(tmp_path: Path) -> Iterator[Example]:
    example = Example(tmp_path, CONSUMER, "--with", str(REPOSITORY))
    yield example
    example.stop()


def test_another_project_reads_the_outputs_and_its_role_may_switch(consumer: Example) -> None:
    assert consumer.code == 0, consumer.printed
    outputs = consumer.engine.outputs("main")
    assert outputs["whoMayToo"] == ["Developers"]
    profile = configparser.ConfigParser()
    profile.read_string(outputs["awsConfig"])
    assert dict(profile["profile update-app"]) == {"role_arn": UPDATE_APP, "source_profile": "development"}
    trust = consumer.trust(DEVELOPMENT, "Publisher")
    assert [statement["Principal"] for statement in trust.values()] == [{"Service": "codebuild.amazonaws.com"}]

    # The service can't call the emulator: a user of the account assumes the role instead.
    iam = consumer.administrator(DEVELOPMENT).iam
    somebody = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": DEVELOPMENT}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [somebody]})
    iam.update_assume_role_policy(RoleName="Publisher", PolicyDocument=document)
    user = User("Somebody", DEVELOPMENT)
    consumer.accounts.make(user)
    with consumer.accounts.signed_in(user) as session:
        publisher = assume(consumer.accounts, session, f"arn:aws:iam::{DEVELOPMENT}:role/Publisher")
        update_app = assume(consumer.accounts, publisher, UPDATE_APP)
    update_app.s3.put_object(Bucket="productionapp", Key="build", Body=b"")
    with pytest.raises(ClientError, match="AccessDenied"):
        publisher.s3.list_objects_v2(Bucket="productionapp")

    assert consumer.run("pulumi", "main", "--", "destroy")[0] == 0
    assert iam.list_roles()["Roles"] == []


def assume(accounts: Accounts, session: Session, role_arn: str) -> Session:
    given = session.sts.assume_role(RoleArn=role_arn, RoleSessionName="build")["Credentials"]
    return accounts.session(Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]))
