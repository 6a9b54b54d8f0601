"""Test ``access bypass`` in a deployed sandbox: each certain path is followed with real calls, step by step."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from access.accounts import Account, Session
from access.bypass import text_report
from access.bypass.findings import Finding, Report
from access.bypass.reading import analyze
from access.bypass.wording import path
from access.credentials import Credentials
from access.iam.account_reader import read_account
from access.iam.principals import NEW
from access.participants import Participant
from access.stack_outputs import parse_stack_outputs
from sandbox.layout import REPOSITORY
from sandbox.users import ADMINISTRATOR, User
from tests.sandbox.conftest import Sandbox, copy_of

PRODUCTION, DEVELOPMENT = "999999999999", "111111111111"
STACKS = ("production", "development")
UPDATE_APP = f"arn:aws:iam::{PRODUCTION}:role/UpdateApp"
ROOT = f"arn:aws:iam::{DEVELOPMENT}:root"
POWER_USER, ADMINISTRATOR_ACCESS = (f"arn:aws:iam::aws:policy/{name}Access" for name in ("PowerUser", "Administrator"))
DENY_NAME = "deny-assume-S3-role-in-production"


def arn(user: str) -> str:
    path = "sandbox/" if user in ("David", "Theresa") else ""
    return f"arn:aws:iam::{DEVELOPMENT}:user/{path}{user}"


def document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str = "*") -> str:
    return document({"Effect": "Allow", "Action": action, "Resource": resource})


def trusting(*principals: str) -> str:
    return document({"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": "sts:AssumeRole"})


class Live:
    """The deployed stacks, and the tests' additions."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.iam: Any = sandbox.accounts.administrator(DEVELOPMENT).iam
        self.production: Any = sandbox.accounts.administrator(PRODUCTION).iam
        self.trust = self.production.get_role(RoleName="UpdateApp")["Role"]["AssumeRolePolicyDocument"]
        self.participants = [
            Participant(
                Account(stack, sandbox.layout.aws_config), parse_stack_outputs(stack, sandbox.engine.outputs(stack))
            )
            for stack in STACKS
        ]
        self.deny = self.iam.get_group_policy(GroupName="Testers", PolicyName=DENY_NAME)["PolicyDocument"]

    def analyze(self) -> Report:
        return analyze(self.participants)

    def add_user(self, name: str, *groups: str, policy: str | None = None, rights: str | None = None) -> None:
        self.iam.create_user(UserName=name)
        for group in groups:
            self.iam.add_user_to_group(UserName=name, GroupName=group)
        if policy:
            self.iam.attach_user_policy(UserName=name, PolicyArn=policy)
        if rights:
            self.iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=rights)

    def add_role(self, name: str, rights: str, trust: str = "") -> None:
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust or trusting(ROOT))
        self.iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=rights)

    def as_user(self, name: str) -> Session:
        return self.sandbox.accounts.session(self.sandbox.accounts.new_key(User(name, DEVELOPMENT)))

    def in_role(self, session: Session, arn: str) -> Session:
        given = session.sts.assume_role(RoleArn=arn, RoleSessionName="walker")["Credentials"]
        return self.sandbox.accounts.session(
            Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        )

    def start(self, arn: str) -> Session:
        """Return a session of the principal itself."""
        name = arn.rpartition("/")[2]
        return self.in_role(self.as_user("David"), arn) if ":role/" in arn else self.as_user(name)

    def walk(self, finding: Finding) -> None:
        """Follow a path step by step, only with the credentials that each step gives."""
        sessions = {finding.principal: self.start(finding.principal)}
        for step in finding.steps:
            for call in step.calls:
                resource = call.resource.replace(NEW, "made-on-the-way")
                got = self._do(sessions[step.actor], call.action, resource, finding)
                if got:
                    sessions[call.resource] = got
        assert (
            sessions[UPDATE_APP]
            .sts.get_caller_identity()["Arn"]
            .startswith(f"arn:aws:sts::{PRODUCTION}:assumed-role/UpdateApp/")
        )

    def deploy_production(self, **options: object) -> None:
        """Deploy the role again with additional options."""
        file = self.sandbox.engine.folder / "Pulumi.production.yaml"
        settings = yaml.safe_load(file.read_text())
        [role] = settings["config"]["cross-account-access:roles"]
        settings["config"]["cross-account-access:roles"] = [{**role, **options}]
        file.write_text(yaml.safe_dump(settings))
        self.sandbox.engine.up("production", print)

    def clean_up(self, keep: Sequence[str] = ()) -> None:
        """Delete everything that the stacks and profiles did not create, and restore the Deny and the trust policy."""
        for user in {item["UserName"] for item in self.iam.list_users()["Users"]} - {ADMINISTRATOR}:
            for item in self.iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
                self.iam.delete_access_key(UserName=user, AccessKeyId=item["AccessKeyId"])
            if user not in ("David", "Theresa"):
                self._remove_user(user)
        for role in [item["RoleName"] for item in self.iam.list_roles()["Roles"]]:
            if role not in keep:
                for name in self.iam.list_role_policies(RoleName=role)["PolicyNames"]:
                    self.iam.delete_role_policy(RoleName=role, PolicyName=name)
                for item in self.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
                    self.iam.detach_role_policy(RoleName=role, PolicyArn=item["PolicyArn"])
                self.iam.delete_role(RoleName=role)
        self.production.update_assume_role_policy(RoleName="UpdateApp", PolicyDocument=json.dumps(self.trust))
        deny = json.dumps(self.deny)
        self.iam.put_group_policy(GroupName="Testers", PolicyName=DENY_NAME, PolicyDocument=deny)

    def _remove_user(self, user: str) -> None:
        for item in self.iam.list_groups_for_user(UserName=user)["Groups"]:
            self.iam.remove_user_from_group(UserName=user, GroupName=item["GroupName"])
        for name in self.iam.list_user_policies(UserName=user)["PolicyNames"]:
            self.iam.delete_user_policy(UserName=user, PolicyName=name)
        for item in self.iam.list_attached_user_policies(UserName=user)["AttachedPolicies"]:
            self.iam.detach_user_policy(UserName=user, PolicyArn=item["PolicyArn"])
        self.iam.delete_user(UserName=user)

    def _do(self, session: Session, action: str, arn: str, finding: Finding) -> Session | None:
        iam: Any = session.iam
        me, name = finding.principal.rpartition("/")[2], arn.rpartition("/")[2]
        everything = {"PolicyName": "everything", "PolicyDocument": allow("*")}
        trust = trusting(session.sts.get_caller_identity()["Arn"])
        if action == "sts:AssumeRole":
            return self.in_role(session, arn)
        if action == "iam:CreateAccessKey":
            key = iam.create_access_key(UserName=name)["AccessKey"]
            return self.sandbox.accounts.session(Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
        if action == "iam:CreateRole":
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting(ROOT))
        elif action == "iam:UpdateAssumeRolePolicy":
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
        elif action == "iam:RemoveUserFromGroup":
            iam.remove_user_from_group(UserName=me, GroupName=name)
        elif action == "iam:AddUserToGroup":
            iam.add_user_to_group(UserName=me, GroupName=name)
        elif action == "iam:DeleteGroupPolicy":
            iam.delete_group_policy(GroupName=name, PolicyName=DENY_NAME)
        elif action == "iam:PutGroupPolicy":
            iam.put_group_policy(GroupName=name, PolicyName=DENY_NAME, PolicyDocument=allow("*"))
        elif action == "iam:PutUserPolicy":
            iam.put_user_policy(UserName=name, **everything)
        elif action == "iam:AttachUserPolicy":
            iam.attach_user_policy(UserName=name, PolicyArn=ADMINISTRATOR_ACCESS)
        elif action == "iam:PutRolePolicy":
            iam.put_role_policy(RoleName=name, **everything)
        elif action == "iam:AttachRolePolicy":
            iam.attach_role_policy(RoleName=name, PolicyArn=ADMINISTRATOR_ACCESS)
        else:
            raise AssertionError(f"no way to do {action}")
        return None


@pytest.fixture(scope="module")
def tutorial(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    sandbox = copy_of(template, tmp_path_factory.mktemp("bypass"))
    try:
        sandbox.write_profiles()
        yield Live(sandbox)
    finally:
        sandbox.emulator.stop()


@pytest.fixture
def live(tutorial: Live) -> Iterator[Live]:
    """Return the deployed tutorial, which is restored after each test."""
    yield tutorial
    tutorial.clean_up()


def command(sandbox: Sandbox, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command, as after ``eval "$(python -m sandbox env development)"``."""
    variables = {**os.environ, **sandbox.engine.environment("development")}
    variables["PATH"] = f"{sandbox.cli.path.parent}:{variables['PATH']}"
    whole = [sys.executable, "-m", "access", "bypass", *STACKS, *arguments]
    return subprocess.run(whole, capture_output=True, check=False, cwd=REPOSITORY, env=variables, text=True)


def test_the_tutorial_has_no_bypass(live: Live) -> None:
    done = command(live.sandbox)
    assert (done.returncode, done.stdout.splitlines()[0]) == (
        0,
        "nothing found; 1 role, the principals of 111111111111, 999999999999",
    )
    assert "were used, may assume the roles too\n  sandbox-administrator of 111111111111\n" in done.stdout
    assert done.stdout.count("sandbox-administrator") == 1
    assert done.stderr.splitlines()[-3:] == [
        "reading the users, groups and roles of 999999999999",
        "reading the users, groups and roles of 111111111111",
        "searching for paths",
    ]


def test_the_whole_account_is_read(live: Live) -> None:
    live.add_role("Tagged", allow("s3:ListAllMyBuckets"))
    live.iam.tag_role(RoleName="Tagged", Tags=[{"Key": "Team", "Value": "red"}])
    production = read_account(
        live.sandbox.accounts.administrator(PRODUCTION), PRODUCTION, ["UpdateApp"], ["productionapp"]
    )
    assert production.unread == ()
    assert production.roles["UpdateApp"].max_session == 3600
    assert production.roles["UpdateApp"].trust_document == live.trust
    assert production.buckets["productionapp"].public_access_block
    development = read_account(live.sandbox.accounts.administrator(DEVELOPMENT), DEVELOPMENT)
    assert development.directory
    tagged = next(principal for principal in development.directory.principals if principal.name == "Tagged")
    assert (tagged.tags, tagged.trust_document) == ({"Team": "red"}, json.loads(trusting(ROOT)))
    assert (development.saml_providers, development.oidc_providers, development.unread) == ((), (), ())


def test_paths_through_a_role_and_an_administrator_work_until_the_trust_policy_is_narrowed(live: Live) -> None:
    live.add_role("Deployer", allow("sts:AssumeRole", UPDATE_APP))
    for name in ("David", "Theresa"):
        live.iam.attach_user_policy(UserName=name, PolicyArn=POWER_USER)
    live.add_user("Norman", policy=ADMINISTRATOR_ACCESS)
    before = {path: path.read_bytes() for path in live.sandbox.layout.emulator_state.rglob("*") if path.is_file()}
    report = live.analyze()
    # Access keys store their last use; nothing else may differ.
    changed = [path.name for path, content in before.items() if path.read_bytes() != content]
    assert [name for name in changed if not name.startswith(("iam", "sts"))] == []
    assert text_report.render(report).splitlines()[:9] == [
        "3 found, 3 of them certain; 1 role, the principals of 111111111111, 999999999999",
        "",
        f"UpdateApp of {PRODUCTION} ({UPDATE_APP})",
        "  around a Deny",
        "    Theresa (Testers: deny) -> role Deployer -> UpdateApp",
        "  unintended access",
        "    role Deployer -> UpdateApp: statement 1 of rights (inline in role Deployer) allows it;"
        f" TrustAccount of the trust policy admits account {DEVELOPMENT}",
        "    Norman -> UpdateApp: statement 1 of AdministratorAccess (attached to Norman) allows it;"
        f" TrustAccount of the trust policy admits account {DEVELOPMENT}",
        "",
    ]
    found = report.findings
    assert (len(found), all(finding.is_certain for finding in found)) == (3, True)
    for finding in found:
        live.walk(finding)
    # Theresa is refused directly: the Deny is real, and so is the path around it.
    with pytest.raises(ClientError, match="AccessDenied"):
        live.in_role(live.start(arn("Theresa")), UPDATE_APP)

    live.deploy_production(trustedPrincipalArns=[arn("David")])
    assert live.analyze().findings == ()
    for finding in found:
        with pytest.raises(ClientError, match="AccessDenied"):
            live.walk(finding)


@pytest.mark.parametrize(
    ("rights", "ways"),
    [
        (["RemoveUserFromGroup"], ["iam:RemoveUserFromGroup on group Testers"]),
        (["DeleteGroupPolicy"], ["iam:DeleteGroupPolicy on group Testers"]),
        (["PutGroupPolicy"], ["iam:PutGroupPolicy on group Testers"]),
        (["CreateAccessKey"], ["David, by iam:CreateAccessKey"]),
        (["UpdateAssumeRolePolicy"], ["role Closed, by iam:UpdateAssumeRolePolicy"]),
        (["PutRolePolicy"], ["role Idle, by iam:PutRolePolicy"]),
        (["AttachRolePolicy"], ["role Idle, by iam:AttachRolePolicy"]),
        (["CreateRole", "AttachRolePolicy"], ["a new role, by iam:CreateRole and iam:AttachRolePolicy"]),
        (
            ["AttachUserPolicy"],
            [
                *(
                    f"iam:AttachUserPolicy on Tess -> iam:{call} on group Testers"
                    for call in ("DeleteGroupPolicy", "PutGroupPolicy", "RemoveUserFromGroup")
                ),
                "iam:AttachUserPolicy on Tess -> David, by iam:CreateAccessKey",
            ],
        ),
    ],
    ids=lambda value: " ".join(value) if value[0].isalpha() else "",
)
def test_paths_by_rights_in_iam_work(live: Live, rights: list[str], ways: list[str]) -> None:
    live.add_role("Closed", allow("sts:AssumeRole", UPDATE_APP), trusting("arn:aws:iam::222222222222:root"))
    if "CreateRole" not in rights:
        live.add_role("Idle", allow("s3:ListAllMyBuckets"))

    def found() -> list[Finding]:
        """Return the paths without those through the sandbox's administrator, who can do everything."""
        live.add_user("Tess", "Testers", policy=POWER_USER, rights=allow([f"iam:{right}" for right in rights]))
        ways = [finding for finding in live.analyze().findings if finding.principal == arn("Tess")]
        return [way for way in ways if ADMINISTRATOR not in path(way)]

    findings = found()
    assert [path(finding) for finding in findings] == [f"Tess (Testers: deny) -> {way} -> UpdateApp" for way in ways]
    for finding in findings:
        assert finding.is_certain
        live.walk(finding)
        live.clean_up(keep=("Closed", "Idle"))
        found()
