"""Tests of the program, deployed by the real engine into the emulator's accounts."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
import yaml

from access.accounts import Session
from sandbox import toolchain
from sandbox.engine import Engine
from sandbox.environment import environment
from sandbox.errors import SandboxError
from sandbox.layout import REPOSITORY
from sandbox.state import read_deployed, state_file
from sandbox.users import Accounts, User
from tests.sandbox.conftest import Sandbox

ROLE_ARN = "arn:aws:iam::999999999999:role/UpdateApp"
POLICY_ARN = "arn:aws:iam::999999999999:policy/read-write-app-bucket"
PRODUCTION, DEVELOPMENT = "999999999999", "111111111111"


def meaning(document: Any) -> set[tuple[str, ...]]:  # noqa: ANN401 (JSON)
    """Return the document's statements, split by action and resource or principal, without Sids."""

    def listed(value: object) -> list[Any]:
        return value if isinstance(value, list) else [value]

    return {
        (statement["Effect"], action, json.dumps(target))
        for statement in listed(document["Statement"])
        for action in listed(statement["Action"])
        for target in listed(statement.get("Resource", statement.get("Principal")))
    }


def test_the_deployed_documents_are_the_tutorials(deployed: Sandbox) -> None:
    production = deployed.accounts.administrator(PRODUCTION).iam
    role = production.get_role(RoleName="UpdateApp")["Role"]
    trusted = json.dumps({"AWS": "arn:aws:iam::111111111111:root"})
    assert meaning(role["AssumeRolePolicyDocument"]) == {("Allow", "sts:AssumeRole", trusted)}
    attached = production.list_attached_role_policies(RoleName="UpdateApp")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [POLICY_ARN]
    version = production.get_policy(PolicyArn=POLICY_ARN)["Policy"]["DefaultVersionId"]
    document = production.get_policy_version(PolicyArn=POLICY_ARN, VersionId=version)["PolicyVersion"]["Document"]
    bucket, objects = '"arn:aws:s3:::productionapp"', '"arn:aws:s3:::productionapp/*"'
    assert meaning(document) == {
        ("Allow", "s3:ListAllMyBuckets", '"*"'),
        ("Allow", "s3:ListBucket", bucket),
        ("Allow", "s3:GetBucketLocation", bucket),
        ("Allow", "s3:GetObject", objects),
        ("Allow", "s3:PutObject", objects),
        ("Allow", "s3:DeleteObject", objects),
    }
    development = deployed.accounts.administrator(DEVELOPMENT).iam
    for group, effect in (("Developers", "Allow"), ("Testers", "Deny")):
        name = f"{effect.lower()}-assume-S3-role-in-production"
        inline = development.get_group_policy(GroupName=group, PolicyName=name)["PolicyDocument"]
        assert meaning(inline) == {(effect, "sts:AssumeRole", f'"{ROLE_ARN}"')}


def test_the_bucket_is_versioned_private_and_without_acls(read_only: Sandbox) -> None:
    s3 = read_only.accounts.administrator(PRODUCTION).s3
    assert s3.get_bucket_versioning(Bucket="productionapp")["Status"] == "Enabled"
    blocked = s3.get_public_access_block(Bucket="productionapp")["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}
    rules = s3.get_bucket_ownership_controls(Bucket="productionapp")["OwnershipControls"]["Rules"]
    assert [rule["ObjectOwnership"] for rule in rules] == ["BucketOwnerEnforced"]


def test_a_second_deployment_changes_nothing(deployed: Sandbox) -> None:
    for stack, count in (("production", 12), ("development", 7)):
        preview = deployed.engine.run(stack, "preview")
        assert (preview.exit_code, preview.changes) == (0, {"same": count})
        assert not deployed.engine.up(stack, print).changed


def test_development_needs_production_first(sandbox: Sandbox) -> None:
    sandbox.engine.prepare("development", print)
    preview = sandbox.engine.run("development", "preview")
    assert preview.exit_code != 0
    assert preview.reason.endswith('unknown stack "organization/cross-account-access/production"')
    with pytest.raises(SandboxError, match="the stack reads the outputs of production, which is not deployed"):
        sandbox.engine.up("development", print)


def test_another_accounts_credentials_change_nothing(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    another = "123456789012"
    keys = {"AWS_ACCESS_KEY_ID": another, "AWS_SECRET_ACCESS_KEY": sandbox.emulator.secret_of(another)}
    monkeypatch.setattr("sandbox.engine.environment", lambda *arguments: environment(*arguments) | keys)
    sandbox.engine.prepare("production", print)
    finished = sandbox.engine.run("production", "up", "--skip-preview")
    assert finished.exit_code != 0
    assert f"AWS account ID not allowed: {another}" in "\n".join(finished.lines)
    for account_id in (PRODUCTION, another):
        administrator = sandbox.accounts.administrator(account_id)
        assert administrator.iam.list_roles()["Roles"] == []
        assert administrator.s3.list_buckets()["Buckets"] == []


def test_wrong_configuration_fails_the_preview_in_one_line(sandbox: Sandbox) -> None:
    sandbox.engine.prepare("production", print)
    file = sandbox.engine.folder / "Pulumi.production.yaml"
    file.write_text(file.read_text().replace("'111111111111'", "'1111'"))
    finished = sandbox.engine.run("production", "preview")
    errors = [line.strip() for line in finished.lines if line.strip().startswith("error:")]
    assert finished.exit_code != 0
    line = next(number for number, line in enumerate(file.read_text().splitlines(), 1) if "'1111'" in line)
    assert errors == [
        f"error: Pulumi.production.yaml:{line}: cross-account-access:roles[0].trustedAccountId: '1111' is not allowed;"
        ' write the twelve digits of the account id in quotes, e.g. "111111111111"'
    ]
    assert "Traceback" not in "\n".join(finished.lines)


def test_outside_changes_are_found_and_reverted(deployed: Sandbox) -> None:
    iam = deployed.accounts.administrator(PRODUCTION).iam
    iam.detach_role_policy(RoleName="UpdateApp", PolicyArn=POLICY_ARN)
    nobody = {"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [nobody]})
    iam.update_assume_role_policy(RoleName="UpdateApp", PolicyDocument=trust)
    preview = deployed.engine.run("production", "preview", "--refresh")
    assert {name: count for name, count in preview.changes.items() if name != "same"} == {"create": 1, "update": 1}
    mended = deployed.engine.run("production", "up", "--yes", "--skip-preview", "--refresh")
    assert mended.exit_code == 0, mended.lines
    test_the_deployed_documents_are_the_tutorials(deployed)


def test_a_new_policy_updates_and_a_new_name_replaces(deployed: Sandbox) -> None:
    file = deployed.engine.folder / "Pulumi.production.yaml"
    settings = yaml.safe_load(file.read_text())
    role = settings["config"]["cross-account-access:roles"][0]
    role["trustedAccountId"] = "333333333333"
    file.write_text(yaml.safe_dump(settings))
    updated = deployed.engine.run("production", "up", "--yes", "--skip-preview")
    assert updated.changes == {"same": 11, "update": 1}
    role |= {"trustedAccountId": "111111111111", "policyName": "another-name"}
    file.write_text(yaml.safe_dump(settings))
    replaced = deployed.engine.run("production", "up", "--yes", "--skip-preview")
    assert replaced.exit_code == 0, replaced.lines
    assert replaced.changes == {"same": 9, "update": 1, "replace": 2}
    iam = deployed.accounts.administrator(PRODUCTION).iam
    attached = iam.list_attached_role_policies(RoleName="UpdateApp")["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["another-name"]


def test_the_bucket_is_destroyed_only_if_unprotected(deployed: Sandbox) -> None:
    assert deployed.engine.run("development", "destroy", "--yes", "--skip-preview").exit_code == 0
    refused = deployed.engine.run("production", "destroy", "--yes", "--skip-preview")
    assert refused.exit_code != 0
    assert "protected" in "\n".join(refused.lines)
    assert deployed.engine.run("production", "state", "unprotect", "--all", "--yes").exit_code == 0
    assert deployed.engine.run("production", "destroy", "--yes", "--skip-preview").exit_code == 0
    production = deployed.accounts.administrator(PRODUCTION)
    assert production.iam.list_roles()["Roles"] == []
    assert production.s3.list_buckets()["Buckets"] == []


def test_a_killed_engine_loses_nothing(sandbox: Sandbox) -> None:
    run = "import sys, os, pathlib; from sandbox.__main__ import main; from sandbox.layout import Layout;"
    script = f"{run} os._exit(main(['up'], Layout(pathlib.Path(sys.argv[1]))))"
    command = [sys.executable, "-c", script, str(sandbox.layout.directory)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as up:
        assert up.stdout is not None and up.stderr is not None
        for line in up.stdout:
            if "Role UpdateApp-role creating" in line:
                locks = list((sandbox.layout.backend / ".pulumi" / "locks").glob("**/production/*.json"))
                os.kill(int(json.loads(locks[0].read_text())["pid"]), signal.SIGKILL)
                break
        up.stdout.read()
        [reason] = up.stderr.read().splitlines()
        assert reason.startswith("sandbox: production: the engine was killed by signal 9; run `python -m sandbox up`")
    assert up.returncode == 1
    sandbox.deploy()
    test_the_deployed_documents_are_the_tutorials(sandbox)


def test_the_engine_of_a_killed_program_is_waited_for(deployed: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    note = deployed.layout.directory / "cross-account-access.production.engine"
    with subprocess.Popen(["pulumi"], executable="/bin/cat", stdin=subprocess.PIPE) as engine:  # noqa: S607
        note.write_text(str(engine.pid))
        monkeypatch.setattr(
            "sandbox.engine.time", SimpleNamespace(monotonic=lambda: 0.0, sleep=lambda _: engine.communicate())
        )
        deployed.engine.prepare("production", lambda _: None)
        assert engine.returncode == 0
    assert not note.exists()


def killed_at(sandbox: Sandbox, stack: str, marker: str, engine: Engine | None = None) -> None:
    """Kill the engine when it prints a marker during a deployment."""

    def say(line: str) -> None:
        if marker in line:
            locks = list((sandbox.layout.backend / ".pulumi" / "locks").glob(f"**/{stack}/*.json"))
            os.kill(int(json.loads(locks[0].read_text())["pid"]), signal.SIGKILL)

    finished = (engine or sandbox.engine).run(stack, "up", "--skip-preview", say=say)
    assert finished.exit_code == -signal.SIGKILL, finished.lines


def left_in(account: Session) -> list[str]:
    """Return the names of all roles, policies and buckets of an account."""
    roles = [role["RoleName"] for role in account.iam.list_roles()["Roles"]]
    policies = [policy["PolicyName"] for policy in account.iam.list_policies(Scope="Local")["Policies"]]
    return [*roles, *policies, *(bucket["Name"] for bucket in account.s3.list_buckets()["Buckets"])]


@pytest.mark.parametrize("marker", ["productionapp-bucket creating", "-attachment creating"])
def test_resources_of_a_killed_engine_are_known_and_can_be_destroyed(sandbox: Sandbox, marker: str) -> None:
    sandbox.engine.prepare("production", print)
    killed_at(sandbox, "production", marker)
    state = state_file(sandbox.layout.backend, "cross-account-access", "production")
    assert "resources" not in json.loads(state.read_text())["checkpoint"]["latest"]  # the engine saves it at its end
    begun = read_deployed(state)
    if marker == "-attachment creating":
        assert begun and begun.account_id == PRODUCTION
    sandbox.engine.prepare("production", print)
    assert sandbox.engine.run("production", "state", "unprotect", "--all").exit_code == 0
    assert sandbox.engine.run("production", "destroy", "--skip-preview").exit_code == 0
    assert left_in(sandbox.accounts.administrator(PRODUCTION)) == []


def test_secrets_of_a_killed_engines_resources_stay_secret(sandbox: Sandbox) -> None:
    condition = {"StringEquals": {"sts:ExternalId": "not-for-files"}}
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": PRODUCTION}}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Condition": condition}]})
    allowed = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}],
    }

    def program() -> None:
        role = aws.iam.Role("role", name="Hidden", assume_role_policy=pulumi.Output.secret(trust))
        aws.iam.RolePolicy("policy", role=role.name, name="P", policy=json.dumps(allowed))

    sandbox.engine.prepare("production", print)
    engine = Engine(sandbox.layout, sandbox.emulator, sandbox.cli, program)
    killed_at(sandbox, "production", "RolePolicy policy creating", engine)
    engine.prepare("production", print)
    kept = [path for path in sandbox.layout.backend.rglob("*") if path.is_file()]
    assert [path for path in kept if b"not-for-files" in path.read_bytes()] == []
    shown = "".join(engine.run("production", "stack", "export", "--show-secrets").lines)
    assert "not-for-files" in shown
    assert engine.run("production", "up", "--skip-preview").exit_code == 0


@pytest.mark.parametrize("marker", ["UpdateApp-policy creat", "deleting original"])
def test_a_killed_replacement_is_completed(deployed: Sandbox, marker: str) -> None:
    file = deployed.engine.folder / "Pulumi.production.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["config"]["cross-account-access:roles"][0] |= {
        "trustedAccountId": "333333333333",
        "policyName": "another-name",
    }
    file.write_text(yaml.safe_dump(settings))
    killed_at(deployed, "production", marker)
    edited = file.read_text()
    deployed.engine.prepare("production", print)
    file.write_text(edited)
    finished = deployed.engine.run("production", "up", "--skip-preview")
    assert finished.exit_code == 0, finished.lines
    preview = deployed.engine.run("production", "preview", "--refresh")
    assert (preview.exit_code, preview.changes) == (0, {"same": 12}), preview.reason
    account = deployed.accounts.administrator(PRODUCTION)
    assert left_in(account) == ["UpdateApp", "another-name", "productionapp"]
    assert "333333333333" in str(account.iam.get_role(RoleName="UpdateApp")["Role"]["AssumeRolePolicyDocument"])


def test_a_state_is_readable_after_a_kill_during_its_write(deployed: Sandbox) -> None:
    attributes = list(deployed.layout.backend.rglob("production.json.attrs"))
    assert attributes
    for file in attributes:
        file.write_text("")
    assert deployed.engine.run("production", "preview").exit_code != 0
    deployed.engine.prepare("production", print)
    preview = deployed.engine.run("production", "preview")
    assert (preview.exit_code, preview.changes) == (0, {"same": 12}), preview.reason


def test_a_killed_emulator_loses_nothing(deployed: Sandbox) -> None:
    accounts = deployed.accounts
    accounts.make(User("Kept", DEVELOPMENT))
    accounts.administrator(PRODUCTION).s3.put_object(Bucket="productionapp", Key="kept", Body=b"kept")
    pid = deployed.emulator.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while deployed.emulator.pid is not None:
        pass
    deployed.emulator.start(toolchain.emulator_python(print))
    accounts = Accounts(deployed.layout, deployed.emulator, "us-east-1")
    deployed.engine.prepare("production", print)
    users = accounts.administrator(DEVELOPMENT).iam.list_users()["Users"]
    assert [user["UserName"] for user in users] == ["Kept"]
    kept = accounts.administrator(PRODUCTION).s3.get_object(Bucket="productionapp", Key="kept")
    assert kept["Body"].read() == b"kept"
    preview = deployed.engine.run("production", "preview", "--refresh")
    assert (preview.exit_code, preview.changes) == (0, {"same": 12}), preview.reason


def test_outputs_and_environment_work_for_tools(read_only: Sandbox) -> None:
    assert read_only.engine.outputs("production")["roleArn"] == ROLE_ARN
    assert read_only.engine.outputs("development")["assumableRoles"] == {
        "Developers": {"allow": [ROLE_ARN], "deny": []},
        "Testers": {"allow": [], "deny": [ROLE_ARN]},
    }
    script = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    variables = {**os.environ, **read_only.engine.environment("development")}
    done = subprocess.run([sys.executable, "-c", script], env=variables, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == DEVELOPMENT


@pytest.mark.parametrize(("stack", "count"), [("production", 12), ("development", 7)])
def test_a_plain_preview_with_the_environment_shows_no_change(
    read_only: Sandbox, tmp_path: Path, stack: str, count: int
) -> None:
    """Test in the repository, with a CLI that has a Python language host."""
    host = tmp_path / "pulumi-language-python"
    host.write_text(f"#!/bin/sh\nPYTHONPATH='{REPOSITORY}' exec '{sys.executable}' -m tests.sandbox.language_host $@\n")
    host.chmod(0o755)
    variables = {**os.environ, **read_only.engine.environment(stack)}
    variables["PATH"] = f"{host.parent}:{variables['PATH']}"
    preview = subprocess.run(
        [read_only.cli.path, "preview", "--stack", stack, "--expect-no-changes", "--non-interactive"],
        cwd=REPOSITORY,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert preview.returncode == 0, preview.stdout + preview.stderr
    assert f"{count} unchanged" in preview.stdout


def test_the_tracked_files_are_only_read(read_only: Sandbox) -> None:
    for file in ("Pulumi.yaml", "Pulumi.production.yaml", "Pulumi.development.yaml"):
        assert "encryptionsalt" not in (REPOSITORY / file).read_text()
    assert "encryptionsalt" in (read_only.engine.folder / "Pulumi.production.yaml").read_text()


def test_a_late_error_of_the_program_is_reported(sandbox: Sandbox) -> None:
    def program() -> None:
        number = pulumi.Output.from_input(aws.iam.Group("group", name="Late").name).apply(len)
        pulumi.export("late", number.apply(lambda length: length // 0))

    sandbox.engine.prepare("development", print)
    engine = Engine(sandbox.layout, sandbox.emulator, sandbox.cli, program)
    finished = engine.run("development", "up", "--skip-preview")
    assert finished.exit_code != 0
    assert "ZeroDivisionError" in finished.reason
