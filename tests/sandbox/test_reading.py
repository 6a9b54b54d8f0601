"""Tests of the comparison of two deployed accounts with their stacks: it finds each outside change."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from access.accounts import Account
from access.known_principals import KnownPrincipal
from access.participants import Participant
from access.project.files import read_project
from access.reading.declaration import declared_by
from access.reading.review import read_and_review
from access.reading.values import Finding
from access.render.documents import render
from access.stack_outputs import parse_stack_outputs
from sandbox.layout import REPOSITORY
from sandbox.users import ADMINISTRATORS_PATH
from tests.sandbox.conftest import Sandbox, copy_of

PRODUCTION, DEVELOPMENT, THIRD = "999999999999", "111111111111", "222222222222"
UPDATE_APP = f"arn:aws:iam::{PRODUCTION}:role/UpdateApp"
POLICY = f"arn:aws:iam::{PRODUCTION}:policy/read-write-app-bucket"
BUCKET = "arn:aws:s3:::productionapp"
ADMINISTRATORS = KnownPrincipal(f"arn:aws:iam::*:user{ADMINISTRATORS_PATH}*", "the sandbox's own")

Undo = Callable[[], Any]


def document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "X", **item} for item in statements]})


def allow(action: str, resource: str = "*") -> str:
    return document({"Effect": "Allow", "Action": action, "Resource": resource})


def trusts(*accounts: str) -> str:
    principal = {"AWS": [f"arn:aws:iam::{account}:root" for account in accounts]}
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


class Live:
    """The tutorial's stacks, deployed."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.production: Any = sandbox.accounts.administrator(PRODUCTION)
        self.development: Any = sandbox.accounts.administrator(DEVELOPMENT)
        self.participants = [
            Participant(
                Account(stack, sandbox.layout.aws_config),
                parse_stack_outputs(stack, sandbox.engine.outputs(stack, secrets=True)),
            )
            for stack in ("production", "development")
        ]
        rendered = render(read_project(REPOSITORY)).json
        self.declared = declared_by(rendered, "the program", self.participants)

    def findings(self) -> list[Finding]:
        review = read_and_review(self.declared, self.participants, [ADMINISTRATORS])
        return [finding for reading in review.readings for finding in reading.findings]

    @contextmanager
    def user(self, account: Any, policy: str) -> Iterator[None]:  # noqa: ANN401
        account.iam.create_user(UserName="Norman")
        account.iam.put_user_policy(UserName="Norman", PolicyName="Y", PolicyDocument=policy)
        yield
        account.iam.delete_user_policy(UserName="Norman", PolicyName="Y")
        account.iam.delete_user(UserName="Norman")

    @contextmanager
    def inline(self, policy: str) -> Iterator[None]:
        self.production.iam.put_role_policy(RoleName="UpdateApp", PolicyName="Y", PolicyDocument=policy)
        yield
        self.production.iam.delete_role_policy(RoleName="UpdateApp", PolicyName="Y")

    @contextmanager
    def version(self, policy: str) -> Iterator[None]:
        iam = self.production.iam
        in_force = iam.get_policy(PolicyArn=POLICY)["Policy"]["DefaultVersionId"]
        before = iam.get_policy_version(PolicyArn=POLICY, VersionId=in_force)["PolicyVersion"]["Document"]
        iam.create_policy_version(PolicyArn=POLICY, PolicyDocument=policy, SetAsDefault=True)
        yield
        iam.create_policy_version(PolicyArn=POLICY, PolicyDocument=json.dumps(before), SetAsDefault=True)
        for version in iam.list_policy_versions(PolicyArn=POLICY)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=POLICY, VersionId=version["VersionId"])

    @contextmanager
    def trust(self, policy: str) -> Iterator[None]:
        iam = self.production.iam
        before = iam.get_role(RoleName="UpdateApp")["Role"]["AssumeRolePolicyDocument"]
        iam.update_assume_role_policy(RoleName="UpdateApp", PolicyDocument=policy)
        yield
        iam.update_assume_role_policy(RoleName="UpdateApp", PolicyDocument=json.dumps(before))

    @contextmanager
    def role(self, trust: str) -> Iterator[None]:
        self.production.iam.create_role(RoleName="Other", AssumeRolePolicyDocument=trust)
        yield
        self.production.iam.delete_role(RoleName="Other")

    @contextmanager
    def group(self, name: str, policy: str) -> Iterator[None]:
        self.development.iam.put_group_policy(GroupName=name, PolicyName="Y", PolicyDocument=policy)
        yield
        self.development.iam.delete_group_policy(GroupName=name, PolicyName="Y")

    @contextmanager
    def bounded(self) -> Iterator[None]:
        iam = self.production.iam
        arn = iam.create_policy(PolicyName="B", PolicyDocument=allow("s3:GetObject"))["Policy"]["Arn"]
        iam.put_role_permissions_boundary(RoleName="UpdateApp", PermissionsBoundary=arn)
        yield
        iam.delete_role_permissions_boundary(RoleName="UpdateApp")
        iam.delete_policy(PolicyArn=arn)

    @contextmanager
    def bucket_policy(self) -> Iterator[None]:
        s3 = self.production.s3
        before = s3.get_bucket_policy(Bucket="productionapp")["Policy"]
        who = {"AWS": f"arn:aws:iam::{DEVELOPMENT}:root"}
        open_to = {"Sid": "B", "Effect": "Allow", "Principal": who, "Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}
        parsed = json.loads(before)
        s3.put_bucket_policy(
            Bucket="productionapp", Policy=json.dumps({**parsed, "Statement": [*parsed["Statement"], open_to]})
        )
        yield
        s3.put_bucket_policy(Bucket="productionapp", Policy=before)

    @contextmanager
    def no_block(self) -> Iterator[None]:
        s3 = self.production.s3
        before = s3.get_public_access_block(Bucket="productionapp")["PublicAccessBlockConfiguration"]
        s3.delete_public_access_block(Bucket="productionapp")
        yield
        s3.put_public_access_block(Bucket="productionapp", PublicAccessBlockConfiguration=before)

    @contextmanager
    def no_deny(self) -> Iterator[None]:
        iam, name = self.development.iam, "deny-assume-S3-role-in-production"
        before = iam.get_group_policy(GroupName="Testers", PolicyName=name)["PolicyDocument"]
        iam.delete_group_policy(GroupName="Testers", PolicyName=name)
        yield
        iam.put_group_policy(GroupName="Testers", PolicyName=name, PolicyDocument=json.dumps(before))


@pytest.fixture(scope="module")
def live(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    sandbox = copy_of(template, tmp_path_factory.mktemp("reading") / "sandbox")
    try:
        sandbox.write_profiles()
        yield Live(sandbox)
    finally:
        sandbox.emulator.stop()


@pytest.mark.parametrize(
    ("change", "kind", "text"),
    [
        (
            lambda live: live.inline(allow("iam:PutRolePolicy", UPDATE_APP)),
            "excess",
            "UpdateApp may also do iam:PutRole",
        ),
        (lambda live: live.version(allow("s3:*")), "excess", "UpdateApp may also do s3:* on *"),
        (lambda live: live.version(allow("s3:GetObject")), "lack", "UpdateApp may not do s3:"),
        (lambda live: live.trust(trusts(DEVELOPMENT, THIRD)), "excess", f"anybody in account {THIRD}"),
        (lambda live: live.trust(trusts(THIRD)), "lack", "Developers may not assume UpdateApp"),
        (lambda live: live.role(trusts(DEVELOPMENT)), "excess", f"role Other may also let account {DEVELOPMENT} in"),
        (lambda live: live.role(trusts(THIRD)), "excess", f"role Other may also let account {THIRD} in"),
        (
            lambda live: live.group("Developers", allow("sts:AssumeRole", "arn:aws:iam::*:role/*")),
            "excess",
            "group Developers may also do sts:AssumeRole on arn:aws:iam::*:role/*",
        ),
        (
            lambda live: live.user(live.production, allow("iam:PutUserPolicy")),
            "excess",
            "Norman may also extend their own rights",
        ),
        (lambda live: live.group("Developers", allow("sts:AssumeRole", UPDATE_APP)), "", ""),
        (lambda live: live.inline(allow("s3:*", f"{BUCKET}2")), "excess", f"UpdateApp may also do s3:* on {BUCKET}2"),
        (lambda live: live.bounded(), "lack", "UpdateApp may not do"),
        (lambda live: live.bucket_policy(), "excess", f"account {DEVELOPMENT}, by the policy of bucket productionapp"),
        (lambda live: live.no_block(), "excess", "bucket productionapp: its public access block lacks blockPublicAcls"),
        (lambda live: live.no_deny(), "excess", "power users in Testers"),
        (lambda live: live.user(live.production, allow("s3:*")), "excess", "Norman may also read objects of"),
        (lambda live: live.user(live.development, allow("sts:*")), "excess", "Norman may also assume UpdateApp"),
        (lambda live: live.user(live.development, allow("ec2:*")), "", ""),
        (lambda live: live.inline(allow("s3:GetObject", f"{BUCKET}/x")), "", ""),
    ],
)
def test_an_outside_change_is_found(live: Live, change: Callable[[Live], Any], kind: str, text: str) -> None:
    with change(live):
        found = live.findings()
    assert bool([finding for finding in found if finding.kind == kind and finding.text.startswith(text)]) is bool(
        kind
    ), found
    assert bool(found) is bool(kind)
    assert live.findings() == []
