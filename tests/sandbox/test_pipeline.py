"""Tests of the pipeline with the real engine: its refusals, and the rights of its roles."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from access.errors import AccessError
from access.pipeline import sign_in
from access.pipeline.documents import check, planned, reviewed
from access.project.files import read_project
from access.render.running import run
from sandbox.engine import Engine
from sandbox.layout import REPOSITORY
from tests.sandbox.conftest import Sandbox

STACK = "development"
PLAN = ("preview", "--non-interactive", "--json", "--show-sames", "--save-plan")
UP = ("up", "--non-interactive", "--yes", "--skip-preview", "--plan")


class Cli:
    """The plain CLI, as the workflow runs it, with the tests' own Python language host."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self._sandbox, self._folder = sandbox, folder
        host = folder / "pulumi-language-python"
        host.write_text(
            f"#!/bin/sh\nPYTHONPATH='{REPOSITORY}' exec '{sys.executable}' -m tests.sandbox.language_host $@\n"
        )
        host.chmod(0o755)

    def run(
        self, stack: str, *arguments: str, who: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on a stack, by default as the administrator of its account."""
        own = {**self._sandbox.engine.environment(stack), **(who or {})}
        variables = {**os.environ, **own, "PULUMI_EXPERIMENTAL": "true"}
        variables["PATH"] = f"{self._folder}:{variables['PATH']}"
        return subprocess.run(
            [self._sandbox.cli.path, *arguments],
            cwd=REPOSITORY,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def plan(self) -> None:
        """Plan the deployment of Development, and check its documents.

        Raises:
            AccessError: they are not those of the files.
        """
        done = self.run(STACK, *PLAN, str(self._folder / "plan.json"))
        assert done.returncode == 0, done.stderr
        preview = self._folder / "preview.json"
        preview.write_text(done.stdout)
        ran = next(each for each in run(read_project(REPOSITORY), [STACK]) if each.stack.name == STACK)
        check(reviewed(ran), planned(preview, STACK))

    def deploy(self) -> subprocess.CompletedProcess[str]:
        """Deploy the plan."""
        return self.run(STACK, *UP, str(self._folder / "plan.json"))

    def forge(self, arn: str) -> None:
        """Write another role into Production's state, as an attacker with write access could."""
        state: Any = json.loads(self.run("production", "stack", "export").stdout)
        resources = state["deployment"]["resources"]
        [stack] = [resource for resource in resources if resource["type"] == "pulumi:pulumi:Stack"]
        stack["outputs"]["roleArns"] = {"UpdateApp": arn}
        file = self._folder / "forged.json"
        file.write_text(json.dumps(state))
        done = self.run("production", "stack", "import", "--file", str(file))
        assert done.returncode == 0, done.stderr


@pytest.fixture
def cli(sandbox: Sandbox, tmp_path: Path) -> Cli:
    """Return the CLI, with Production deployed and Development not yet."""
    sandbox.engine.prepare("production", print)
    sandbox.engine.up("production", print)
    sandbox.engine.prepare(STACK, print)
    folder = tmp_path / "cli"
    folder.mkdir()
    return Cli(sandbox, folder)


def test_a_forged_output_of_another_stack_is_refused_before_and_after_the_check(cli: Cli, sandbox: Sandbox) -> None:
    cli.plan()  # of a first deployment
    cli.forge("arn:aws:iam::666666666666:role/UpdateApp")
    done = cli.deploy()
    assert done.returncode != 0
    assert "violates plan" in done.stdout + done.stderr
    assert "666666666666" not in json.dumps(group_policies(sandbox))
    with pytest.raises(AccessError, match=r"it differs from the review: .*666666666666:role/UpdateApp"):
        cli.plan()


def test_the_checked_plan_is_deployed_and_a_second_one_changes_nothing(cli: Cli, sandbox: Sandbox) -> None:
    cli.plan()
    done = cli.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(group_policies(sandbox)) == 2
    cli.plan()
    assert "unchanged" in cli.deploy().stdout


def group_policies(sandbox: Sandbox) -> list[Any]:
    """Return the inline policies of Development's groups."""
    iam = sandbox.accounts.administrator("111111111111").iam
    return [
        iam.get_group_policy(GroupName=group["GroupName"], PolicyName=name)["PolicyDocument"]
        for group in iam.list_groups()["Groups"]
        for name in iam.list_group_policies(GroupName=group["GroupName"])["PolicyNames"]
    ]


# The roles of examples/pipeline-roles.

ROLES = REPOSITORY / "examples" / "pipeline-roles"
BOUNDARY = "arn:aws:iam::999999999999:policy/pipeline/access-boundary"


def make_roles(sandbox: Sandbox, stack: str, account: str) -> None:
    """Create the roles as the example does, but trust the account's administrator instead of GitHub's tokens."""
    iam = sandbox.accounts.administrator(account).iam
    [ran] = run(read_project(ROLES), [stack])
    trusted = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": account}}
    for item in ran.resources:
        inputs = item.inputs
        if item.type == "aws:iam/policy:Policy":
            iam.create_policy(PolicyName=inputs["name"], Path=inputs["path"], PolicyDocument=inputs["policy"])
        elif item.type == "aws:iam/role:Role":
            trust = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
            iam.create_role(RoleName=inputs["name"], Path=inputs["path"], AssumeRolePolicyDocument=trust)
        elif item.type == "aws:iam/rolePolicy:RolePolicy":
            iam.put_role_policy(RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"])


def session(sandbox: Sandbox, account: str, purpose: sign_in.Purpose) -> dict[str, str]:
    """Return the environment variables of a session in one of the roles."""
    arn = f"arn:aws:iam::{account}:role/{sign_in.ROLE.format(purpose)}"
    with sandbox.accounts.signed_in(sandbox.accounts.make_administrator(account)) as administrator:
        given = administrator.sts.assume_role(RoleArn=arn, RoleSessionName="job")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }


def test_the_roles_can_deploy_and_read_both_stacks_but_create_nothing_unbounded(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    project = yaml.safe_load((REPOSITORY / "Pulumi.yaml").read_text())
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({**project, "main": str(REPOSITORY)}))
    cli = Cli(sandbox, tmp_path)

    def write(stack: str, text: str) -> None:
        before = (REPOSITORY / f"Pulumi.{stack}.yaml").read_text()
        (folder / f"Pulumi.{stack}.yaml").write_text(before + text)
        sandbox.engine = Engine(sandbox.layout, sandbox.emulator, sandbox.cli, project=read_project(folder))
        sandbox.engine.prepare(stack, print)

    def runs(stack: str, account: str, purpose: sign_in.Purpose, *arguments: str) -> str:
        done = cli.run(stack, *arguments, "--non-interactive", who=session(sandbox, account, purpose))
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    production, development = "999999999999", "111111111111"
    bounded = f"      permissionsBoundary: {BOUNDARY}\n"
    write("production", "")
    make_roles(sandbox, "production", production)
    refused = cli.run("production", "up", "--yes", who=session(sandbox, production, "deploy"))
    assert refused.returncode != 0
    assert "iam:CreateRole" in refused.stdout
    for text in (bounded, f"{bounded}      access: read\n      description: To read\n"):
        write("production", text)
        runs("production", production, "deploy", "up", "--yes")
    runs("production", production, "read", "refresh", "--preview-only", "--expect-no-changes")

    write("development", "")
    make_roles(sandbox, "development", development)
    runs("development", development, "read", "preview")
    runs("development", development, "deploy", "up", "--yes")
    write("development", "    - name: Auditors\n      allow: [production/UpdateApp]\n")  # not in the role's file
    refused = cli.run("development", "up", "--yes", who=session(sandbox, development, "deploy"))
    assert refused.returncode != 0
    assert "iam:CreateGroup" in refused.stdout

    for stack, account in (("development", development), ("production", production)):
        runs(stack, account, "deploy", "state", "unprotect", "--all", "--yes")
        runs(stack, account, "deploy", "destroy", "--yes")
