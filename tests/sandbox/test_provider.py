"""Tests of the stand-in provider's calls for each resource type, against the emulator."""

import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, cast

import grpc
import pulumi
import pulumi_aws
import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from pulumi.runtime.proto import provider_pb2

from sandbox import toolchain
from sandbox.emulator import Emulator
from sandbox.engine import Engine, Finished
from sandbox.layout import Layout
from sandbox.provider.configuration import Aws
from sandbox.provider.service import RESOURCE_TYPES, AwsProvider
from sandbox.provider.values import UNKNOWN, Properties, to_struct
from tests.sandbox.wire import Proxied, Wire, serving

ACCOUNT = "999999999999"
PEER = "ipv4:127.0.0.1:1"
"""The engine's connection."""


def policy(action: str, **more: object) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": "arn:aws:s3:::probe/*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(account: str) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass
class Case:
    """The test case of a resource type. ``NAME`` in a value is replaced by the test's own name."""

    token: str
    inputs: Properties
    update: Properties = field(default_factory=dict)
    """Inputs that are updated in place."""
    mischief: Callable[[Aws, str], object] = lambda *_: None
    """Changes a resource with these inputs outside the provider, given the name."""
    notices: Properties = field(default_factory=dict)
    """Inputs that a refresh then records."""
    needs: str = ""
    """The resources that must exist: a ``bucket``, a ``group`` and users, or a ``role`` with a policy."""
    import_id: str = "NAME"
    """Empty if the type can't be imported."""
    survives: bool = False
    """``True``: AWS has this setting for every bucket or group, so a read succeeds after the delete too."""

    def __str__(self) -> str:
        return self.token.rpartition(":")[2]


TAGS: Properties = {"env": "dev", "team": "a"}
POLICY_ARN = f"arn:aws:iam::{ACCOUNT}:policy/NAME"
AES: Properties = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
KMS: Properties = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}


def bucket_policy(action: str) -> str:
    return policy(action, Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}).replace("probe", "NAME")


CASES = [
    Case(
        "aws:iam/role:Role",
        {"name": "NAME", "assumeRolePolicy": trust(ACCOUNT), "tags": TAGS, "path": "/team/"},
        update={"assumeRolePolicy": trust("111111111111"), "maxSessionDuration": 7200, "tags": {"env": "prod"}},
        mischief=lambda aws, name: aws.iam.untag_role(RoleName=name, TagKeys=["team"]),
        notices={"tags": {"env": "dev"}, "tagsAll": {"env": "dev"}},
    ),
    Case(
        "aws:iam/policy:Policy",
        {"name": "NAME", "policy": policy("s3:GetObject"), "tags": TAGS},
        update={"policy": policy("s3:PutObject"), "tags": {"team": "b"}},
        mischief=lambda aws, name: aws.iam.create_policy_version(
            PolicyArn=POLICY_ARN.replace("NAME", name), PolicyDocument=policy("s3:*"), SetAsDefault=True
        ),
        notices={"policy": policy("s3:*")},
        import_id=POLICY_ARN,
    ),
    Case(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        {"role": "NAME", "policyArn": POLICY_ARN},
        needs="role",
        import_id=f"NAME/{POLICY_ARN}",
    ),
    Case("aws:iam/group:Group", {"name": "NAME", "path": "/team/"}),
    Case(
        "aws:iam/groupPolicy:GroupPolicy",
        {"group": "NAME", "name": "inline", "policy": policy("s3:GetObject")},
        update={"policy": policy("s3:PutObject")},
        mischief=lambda aws, name: aws.iam.put_group_policy(
            GroupName=name, PolicyName="inline", PolicyDocument=policy("s3:*")
        ),
        notices={"policy": policy("s3:*")},
        needs="group",
        import_id="NAME:inline",
    ),
    Case(
        "aws:iam/rolePolicy:RolePolicy",
        {"role": "NAME", "name": "inline", "policy": policy("s3:GetObject")},
        update={"policy": policy("s3:PutObject")},
        mischief=lambda aws, name: aws.iam.put_role_policy(
            RoleName=name, PolicyName="inline", PolicyDocument=policy("s3:*")
        ),
        notices={"policy": policy("s3:*")},
        needs="role",
        import_id="NAME:inline",
    ),
    Case(
        "aws:iam/groupMembership:GroupMembership",
        {"group": "NAME", "name": "NAME", "users": ["NAME-1", "NAME-2"]},
        update={"users": ["NAME-3", "NAME-1"]},
        mischief=lambda aws, name: aws.iam.remove_user_from_group(GroupName=name, UserName=f"{name}-1"),
        notices={"users": ["NAME-2"]},
        needs="group",
        import_id="",
        survives=True,
    ),
    Case(
        "aws:iam/userGroupMembership:UserGroupMembership",
        {"user": "NAME-1", "groups": ["NAME"]},
        update={"groups": ["NAME-a", "NAME"]},
        mischief=lambda aws, name: aws.iam.remove_user_from_group(GroupName=name, UserName=f"{name}-1"),
        notices={"groups": []},
        needs="group",
        import_id="NAME-1/NAME",
        survives=True,
    ),
    Case(
        "aws:s3/bucket:Bucket",
        {"bucket": "NAME", "tags": TAGS},
        update={"tags": {"env": "prod"}},
        mischief=lambda aws, name: aws.s3.delete_bucket_tagging(Bucket=name),
        notices={"tags": None, "tagsAll": None},
    ),
    Case(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        {"bucket": "NAME", "blockPublicAcls": True},
        update={"blockPublicAcls": False, "restrictPublicBuckets": True},
        mischief=lambda aws, name: aws.s3.put_public_access_block(
            Bucket=name, PublicAccessBlockConfiguration={"BlockPublicAcls": False}
        ),
        notices={"blockPublicAcls": False},
        needs="bucket",
    ),
    Case(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        {"bucket": "NAME", "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        update={"rule": {"objectOwnership": "ObjectWriter"}},
        mischief=lambda aws, name: aws.s3.put_bucket_ownership_controls(
            Bucket=name, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
        ),
        notices={"rule": {"objectOwnership": "BucketOwnerPreferred"}},
        needs="bucket",
    ),
    Case(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        {"bucket": "NAME", "rules": [AES]},
        update={"rules": [{**KMS, "blockedEncryptionTypes": ["SSE-C"], "bucketKeyEnabled": True}]},
        mischief=lambda aws, name: aws.s3.put_bucket_encryption(
            Bucket=name,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
            },
        ),
        notices={"rules": [KMS]},
        needs="bucket",
        survives=True,
    ),
    Case(
        "aws:s3/bucketVersioning:BucketVersioning",
        {"bucket": "NAME", "versioningConfiguration": {"status": "Enabled"}},
        update={"versioningConfiguration": {"status": "Suspended"}},
        mischief=lambda aws, name: aws.s3.put_bucket_versioning(
            Bucket=name, VersioningConfiguration={"Status": "Suspended"}
        ),
        notices={"versioningConfiguration": {"status": "Suspended"}},
        needs="bucket",
        survives=True,
    ),
    Case(
        "aws:s3/bucketPolicy:BucketPolicy",
        {"bucket": "NAME", "policy": bucket_policy("s3:GetObject")},
        update={"policy": bucket_policy("s3:PutObject")},
        mischief=lambda aws, name: aws.s3.put_bucket_policy(
            Bucket=name, Policy=bucket_policy("s3:*").replace("NAME", name)
        ),
        notices={"policy": bucket_policy("s3:*")},
        needs="bucket",
    ),
]


NUMBERS = itertools.count()
"""The numbers in the names of this module's resources."""


class FakeContext:
    """A gRPC context, as far as the provider uses it."""

    def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        raise AssertionError((code, details))

    def peer(self) -> str:
        return PEER

    def set_trailing_metadata(self, metadata: object) -> None:
        pass


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    """Yield the files of an emulator that runs during this module's tests."""
    made = Layout(tmp_path_factory.mktemp("sandbox"))
    emulator = Emulator(made)
    emulator.start(toolchain.emulator_python(print))
    yield made
    emulator.stop()


@pytest.fixture(scope="module")
def provider(layout: Layout) -> Iterator[AwsProvider]:
    """Yield a provider configured for an account of the emulator."""
    configuration = {
        "accessKey": ACCOUNT,
        "secretKey": Emulator(layout).secret_of(ACCOUNT),
        "region": "us-east-1",
        "allowedAccountIds": json.dumps([ACCOUNT]),
        "endpoints": json.dumps([dict.fromkeys(("iam", "s3", "sts"), Emulator(layout).endpoint)]),
        "s3UsePathStyle": "true",
        "maxRetries": "2",
    }
    made = AwsProvider({})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_CA_BUNDLE", str(layout.ca_bundle))
        variables = {f"aws:config:{key}": value for key, value in configuration.items()}
        call(made, "Configure", provider_pb2.ConfigureRequest(variables=variables))
        yield made


class Thing:
    """A resource of a case, with its own name, and the engine's calls about it."""

    def __init__(self, provider: AwsProvider, case: Case, name: str) -> None:
        self.provider, self.aws, self.case, self.name = provider, provider._accounts[PEER], case, name
        self.urn = f"urn:pulumi:dev::probe::{case.token}::thing"
        self.inputs = self.check(self.named(case.inputs))
        self.outputs: Properties = {}
        self.id = ""

    def named(self, value: Any) -> Any:  # noqa: ANN401
        return json.loads(json.dumps(value).replace("NAME", self.name))

    def check(self, news: Properties) -> Properties:
        found = call(self.provider, "Check", provider_pb2.CheckRequest(urn=self.urn, news=to_struct(news)))
        assert "failures" not in found
        return cast(Properties, found["inputs"])

    def prepare(self) -> None:
        """Create the resources that this one needs."""
        aws, name = self.aws, self.name
        if self.case.needs == "bucket":
            aws.s3.create_bucket(Bucket=name)
        elif self.case.needs == "group":
            aws.iam.create_group(GroupName=name)
            aws.iam.create_group(GroupName=f"{name}-a")
            for number in (1, 2, 3):
                aws.iam.create_user(UserName=f"{name}-{number}")
        elif self.case.needs == "role":
            aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(ACCOUNT))
            aws.iam.create_policy(PolicyName=name, PolicyDocument=policy("s3:GetObject"))

    def create(self, *, preview: bool = False) -> Properties:
        request = provider_pb2.CreateRequest(urn=self.urn, properties=to_struct(self.inputs), preview=preview)
        found = call(self.provider, "Create", request)
        if not preview:
            self.id, self.outputs = found["id"], found["properties"]
        return cast(Properties, found["properties"])

    def diff(self, news: Properties) -> set[str]:
        request = provider_pb2.DiffRequest(
            urn=self.urn,
            id=self.id,
            olds=to_struct(self.outputs),
            old_inputs=to_struct(self.inputs),
            news=to_struct(news),
        )
        found = call(self.provider, "Diff", request)
        assert found.get("replaces", []) == []
        return set(found.get("diffs", []))

    def update(self, news: Properties) -> None:
        request = provider_pb2.UpdateRequest(
            urn=self.urn, id=self.id, olds=to_struct(self.outputs), news=to_struct(news)
        )
        self.outputs, self.inputs = call(self.provider, "Update", request)["properties"], news

    def read(self) -> dict[str, Any]:
        request = provider_pb2.ReadRequest(
            urn=self.urn, id=self.id, properties=to_struct(self.outputs), inputs=to_struct(self.inputs)
        )
        return call(self.provider, "Read", request)

    def delete(self) -> None:
        request = provider_pb2.DeleteRequest(urn=self.urn, id=self.id, properties=to_struct(self.outputs))
        assert call(self.provider, "Delete", request) == {}


def call(provider: AwsProvider, method: str, request: Message) -> dict[str, Any]:
    """Return the provider's answer, as the protocol's JSON."""
    response = getattr(provider, method)(request, cast(grpc.ServicerContext, FakeContext()))
    found: dict[str, Any] = json_format.MessageToDict(response)
    return found


@pytest.fixture(params=CASES, ids=str)
def thing(provider: AwsProvider, request: pytest.FixtureRequest) -> Thing:
    """Return a resource of each type, not created yet."""
    made = Thing(provider, request.param, f"thing-{next(NUMBERS)}")
    made.prepare()
    return made


@pytest.fixture
def created(thing: Thing) -> Thing:
    """Return a created resource of each type."""
    thing.create()
    return thing


def meaning(value: Any) -> Any:  # noqa: ANN401
    """Return the value with JSON texts parsed, and without the additions of the engine and AWS."""
    if isinstance(value, str) and value.startswith("{"):
        return json.loads(value)
    if isinstance(value, dict):
        return {key: meaning(item) for key, item in value.items() if key != "__defaults" and item not in ("", False)}
    return [meaning(item) for item in value] if isinstance(value, list) else value


def test_every_type_has_a_case() -> None:
    assert sorted(case.token for case in CASES) == sorted(RESOURCE_TYPES)


def test_a_created_resource_matches_its_plan(thing: Thing) -> None:
    plan = thing.create(preview=True)
    outputs = thing.create()
    assert plan.keys() == outputs.keys()
    known = {name: value for name, value in plan.items() if value != UNKNOWN and name != "tags"}
    assert meaning({name: outputs[name] for name in known}) == meaning(known)
    assert thing.diff(thing.inputs) == set()
    read = thing.read()
    assert (read["id"], read["properties"]) == (thing.id, outputs)
    assert meaning(read["inputs"]) == meaning(thing.inputs)


# In the other types every change is a replacement, or the emulator lacks the call (UpdateGroup).
@pytest.mark.parametrize("thing", [case for case in CASES if case.update], ids=str, indirect=True)
def test_an_update_leaves_nothing_to_change(created: Thing) -> None:
    news = created.check(created.named({**created.case.inputs, **created.case.update}))
    assert created.diff(news) - {"tagsAll"} == set(created.case.update)
    created.update(news)
    assert created.diff(news) == set()
    assert created.read()["properties"] == created.outputs


@pytest.mark.parametrize("thing", [case for case in CASES if case.notices], ids=str, indirect=True)
def test_a_refresh_finds_outside_changes(created: Thing) -> None:
    created.case.mischief(created.aws, created.name)
    found = created.read()
    wanted = {**created.inputs, **created.named(created.case.notices)}
    assert meaning(found["inputs"]) == meaning({name: value for name, value in wanted.items() if value is not None})
    created.outputs = found["properties"]
    assert created.diff(created.inputs) - {"tagsAll"} == set(created.case.notices) - {"tagsAll"}


@pytest.mark.parametrize("thing", [case for case in CASES if case.import_id], ids=str, indirect=True)
def test_an_imported_resource_matches_the_created_one(created: Thing) -> None:
    request = provider_pb2.ReadRequest(urn=created.urn, id=created.named(created.case.import_id))
    imported = call(created.provider, "Read", request)
    assert meaning(imported["inputs"]) == meaning(created.inputs)
    assert imported["properties"] == {**created.outputs, "id": imported["id"]}
    created.outputs = imported["properties"]
    assert created.diff(created.check(imported["inputs"])) == set()


def test_a_deleted_resource_can_be_deleted_again(created: Thing) -> None:
    created.delete()
    assert bool(created.read()) == created.case.survives
    created.delete()
    if created.case.needs == "bucket":
        created.aws.s3.delete_bucket(Bucket=created.name)
        assert created.read() == {}
        created.delete()


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


# --- The real engine: edits, and runs that fail


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

    def assert_deployed(self, aws: Aws) -> None:
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
def aws(provider: AwsProvider) -> Aws:
    return provider._accounts[PEER]


def test_a_deployed_path_is_changed_and_restored(stack: Stack, aws: Aws) -> None:
    stack.settings.in_turn = True
    assert stack.up().exit_code == 0
    for path in ("/delegated/", "/"):
        stack.settings.path = path
        finished = stack.up()
        assert finished.exit_code == 0, finished.lines
        stack.assert_deployed(aws)


def test_lost_answers_do_not_fail_the_run(stack: Stack, wire: Wire, aws: Aws) -> None:
    wire.faults = {"CreateRole": "lost", "CreatePolicy": "lost", "CreateGroup": "lost", f"PUT /{stack.name}": "lost"}
    stack.settings.bucket = "open"
    finished = stack.up()
    assert (finished.exit_code, wire.faults) == (0, {}), finished.lines
    stack.assert_deployed(aws)


def test_the_next_run_completes_one_in_which_aws_disappeared(stack: Stack, wire: Wire, aws: Aws) -> None:
    wire.faults = {"CreateRole": "last", "CreatePolicy": "last", "CreateGroup": "never"}
    stack.fail(wire)
    finished = stack.up()
    assert finished.exit_code == 0, finished.lines
    stack.assert_deployed(aws)


def test_the_next_run_completes_one_with_refused_reads(stack: Stack, wire: Wire, aws: Aws) -> None:
    wire.later = {
        "AttachRolePolicy": {"ListAttachedRolePolicies": "denied"},
        "CreateGroup": {"GetGroup": "denied"},
        "PutRolePolicy": {"GetRolePolicy": "denied"},
    }
    stack.fail(wire)
    finished = stack.up()
    assert finished.exit_code == 0, finished.lines
    stack.assert_deployed(aws)


def test_a_web_page_instead_of_an_answer_fails_only_one_run(stack: Stack, wire: Wire, aws: Aws) -> None:
    stack.settings.bucket = "open"
    wire.faults = {f"PUT /{stack.name}": "page", "AttachRolePolicy": "page"}
    printed = stack.fail(wire)
    for operation in ("CreateBucket", "AttachRolePolicy"):
        assert any(f"operation {operation}: the answer did not come from AWS" in line for line in printed)
    finished = stack.up()
    assert finished.exit_code == 0, finished.lines
    stack.assert_deployed(aws)


def test_another_region_moves_only_the_bucket(stack: Stack, aws: Aws) -> None:
    stack.settings.bucket = "open"
    assert stack.up().exit_code == 0
    stack.set_region("eu-west-1")
    finished = stack.up()
    assert (finished.exit_code, finished.changes) == (0, {"same": 6, "replace": 2}), finished.lines
    stack.assert_deployed(aws)
    assert aws.s3.head_bucket(Bucket=stack.name)["BucketRegion"] == "eu-west-1"


def test_another_region_is_refused_if_the_bucket_is_protected(stack: Stack, aws: Aws) -> None:
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
