"""Tests of the stand-in provider in runs of the real engine: secrets, edits, and runs that fail."""

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws
import pytest

from access.accounts import Session
from sandbox import toolchain
from sandbox.emulator import Emulator
from sandbox.engine import Engine, Finished
from sandbox.layout import Layout
from sandbox.users import Accounts
from tests.sandbox.provider_cases import ACCOUNT, policy, trust
from tests.sandbox.wire import Proxied, Wire, serving

NUMBERS = itertools.count()
"""The numbers in the names of this module's resources."""


def test_the_engine_keeps_a_secret_tag_secret(layout: Layout) -> None:
    """Test with the real engine: it adds no marks of its own if a provider accepts secrets."""

    def program() -> None:
        tags = {"key": pulumi.Output.secret("to be hidden")}
        role = pulumi_aws.iam.Role("tagged", assume_role_policy=trust(ACCOUNT), tags=tags)
        pulumi.export("tags", role.tags_all)

    cli = toolchain.pulumi_cli(print)
    toolchain.aws_plugin(cli, print)
    engine = Engine(layout, Emulator(layout), cli, program)
    engine.prepare("production", print)
    for command, changes in (("up", {"create": 2}), ("refresh", {"same": 2}), ("up", {"same": 2})):
        finished = engine.run("production", command, "--yes", "--skip-preview")
        assert (finished.exit_code, finished.changes) == (0, changes), finished.reason
        assert "to be hidden" not in "".join(finished.lines)
        states = [file.read_text() for file in layout.backend.rglob("*.json")]
        assert any("tagsAll" in state for state in states)
        assert not any("to be hidden" in state for state in states)


@dataclass
class Settings:
    """The settings of the program that the tests below deploy."""

    path: str = "/"
    bucket: str = ""
    in_turn: bool = False
    """The policy depends on the role. Otherwise the engine replaces both at once, and may delete the policy before its
    attachment, which AWS refuses."""


class Stack:
    """A separate stack in the module's accounts, behind a proxy that injects faults."""

    def __init__(self, directory: Path, layout: Layout, address: str) -> None:
        self.name = f"faulty-{next(NUMBERS)}"
        self.settings = Settings()
        for file in layout.directory.iterdir():  # the files that give access to the accounts
            if file.is_file():
                shutil.copy(file, directory)
        emulator = Proxied(layout)
        emulator.address = address
        cli = toolchain.pulumi_cli(print)
        toolchain.aws_plugin(cli, print)
        self._engine = Engine(Layout(directory), emulator, cli, self._program)
        self._engine.prepare("production", print)

    def _program(self) -> None:
        path, name = self.settings.path, self.name
        role = pulumi_aws.iam.Role("role", name=name, path=path, assume_role_policy=trust(ACCOUNT))
        after = pulumi.ResourceOptions(depends_on=[role] if self.settings.in_turn else [])
        managed = pulumi_aws.iam.Policy("policy", name=name, path=path, policy=policy("s3:GetObject"), opts=after)
        pulumi_aws.iam.RolePolicyAttachment("attachment", role=role.name, policy_arn=managed.arn)
        pulumi_aws.iam.RolePolicy("inline", role=role.name, name="inline", policy=policy("s3:PutObject"))
        pulumi_aws.iam.Group("group", name=name)
        if self.settings.bucket:
            protected = pulumi.ResourceOptions(protect=True) if self.settings.bucket == "protected" else None
            bucket = pulumi_aws.s3.Bucket("bucket", bucket=name, opts=protected)
            pulumi_aws.s3.BucketVersioning(
                "versioning", bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}
            )

    def up(self) -> Finished:
        return self._engine.run("production", "up", "--yes", "--skip-preview")

    def fail(self, wire: Wire) -> list[str]:
        """Run until no fault is left, where each fault fails its run, and return the output."""
        printed: list[str] = []
        while wire.faults or wire.later:
            finished = self.up()
            assert finished.exit_code != 0, finished.lines
            printed += finished.lines
            wire.dead = False
        return printed

    def set_region(self, region: str) -> None:
        assert self._engine.run("production", "config", "set", "aws:region", region).exit_code == 0

    def assert_deployed(self, aws: Session) -> None:
        """Check that a run has nothing to do, and that AWS has each wanted resource once."""
        finished = self.up()
        assert (finished.exit_code, finished.changed) == (0, False), finished.lines
        role = aws.iam.get_role(RoleName=self.name)["Role"]
        attached = aws.iam.list_attached_role_policies(RoleName=self.name)["AttachedPolicies"]
        arn = f"arn:aws:iam::{ACCOUNT}:policy{self.settings.path}{self.name}"
        assert (role["Path"], attached) == (self.settings.path, [{"PolicyName": self.name, "PolicyArn": arn}])
        assert aws.iam.list_role_policies(RoleName=self.name)["PolicyNames"] == ["inline"]
        assert aws.iam.get_group(GroupName=self.name)["Group"]["Path"] == "/"
        if self.settings.bucket:
            assert aws.s3.get_bucket_versioning(Bucket=self.name)["Status"] == "Enabled"


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def stack(tmp_path: Path, layout: Layout, wire: Wire) -> Iterator[Stack]:
    with serving(lambda: layout, wire) as address:
        yield Stack(tmp_path, layout, address)


@pytest.fixture
def aws(accounts: Accounts) -> Session:
    """Return the administrator's session."""
    return accounts.administrator(ACCOUNT)


def test_a_deployed_path_is_changed_and_restored(stack: Stack, aws: Session) -> None:
    stack.settings.in_turn = True
    assert stack.up().exit_code == 0
    for path in ("/delegated/", "/"):
        stack.settings.path = path
        finished = stack.up()
        assert finished.exit_code == 0, finished.lines
        stack.assert_deployed(aws)


def test_lost_answers_do_not_fail_the_run(stack: Stack, wire: Wire, aws: Session) -> None:
    wire.faults = {"CreateRole": "lost", "CreatePolicy": "lost", "CreateGroup": "lost", f"PUT /{stack.name}": "lost"}
    stack.settings.bucket = "open"
    finished = stack.up()
    assert (finished.exit_code, wire.faults) == (0, {}), finished.lines
    stack.assert_deployed(aws)


def test_the_next_run_completes_one_in_which_aws_disappeared(stack: Stack, wire: Wire, aws: Session) -> None:
    wire.faults = {"CreateRole": "last", "CreatePolicy": "last", "CreateGroup": "never"}
    stack.fail(wire)
    finished = stack.up()
    assert finished.exit_code == 0, finished.lines
    stack.assert_deployed(aws)


def test_the_next_run_completes_one_with_refused_reads(stack: Stack, wire: Wire, aws: Session) -> None:
    wire.later = {
        "AttachRolePolicy": {"ListAttachedRolePolicies": "denied"},
        "CreateGroup": {"GetGroup": "denied"},
        "PutRolePolicy": {"GetRolePolicy": "denied"},
    }
    stack.fail(wire)
    finished = stack.up()
    assert finished.exit_code == 0, finished.lines
    stack.assert_deployed(aws)


def test_a_web_page_instead_of_an_answer_fails_only_one_run(stack: Stack, wire: Wire, aws: Session) -> None:
    stack.settings.bucket = "open"
    wire.faults = {f"PUT /{stack.name}": "page", "AttachRolePolicy": "page"}
    printed = stack.fail(wire)
    for operation in ("CreateBucket", "AttachRolePolicy"):
        assert any(f"operation {operation}: the answer did not come from AWS" in line for line in printed)
    finished = stack.up()
    assert finished.exit_code == 0, finished.lines
    stack.assert_deployed(aws)


def test_another_region_moves_only_the_bucket(stack: Stack, aws: Session) -> None:
    stack.settings.bucket = "open"
    assert stack.up().exit_code == 0
    stack.set_region("eu-west-1")
    finished = stack.up()
    assert (finished.exit_code, finished.changes) == (0, {"same": 6, "replace": 2}), finished.lines
    stack.assert_deployed(aws)
    assert aws.s3.head_bucket(Bucket=stack.name)["BucketRegion"] == "eu-west-1"


def test_another_region_is_refused_if_the_bucket_is_protected(stack: Stack, aws: Session) -> None:
    stack.settings.bucket = "protected"
    assert stack.up().exit_code == 0
    stack.set_region("eu-west-1")
    refused = stack.up()
    assert refused.exit_code != 0
    assert "unable to replace resource" in refused.reason
    stack.set_region("us-east-1")
    stack.assert_deployed(aws)


def test_an_unknown_region_is_refused(stack: Stack) -> None:
    stack.set_region("us-esat-1")
    assert "aws:region: 'us-esat-1' is not an AWS region" in stack.up().reason
