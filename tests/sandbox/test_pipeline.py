"""The pipeline's refusal, with the real engine: what another stack's state says is not what was reviewed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from access.errors import AccessError
from access.pipeline.documents import check, planned, reviewed
from access.project.files import read_project
from access.render.running import run
from sandbox.layout import REPOSITORY
from tests.sandbox.conftest import Sandbox

STACK = "development"
PLAN = ("preview", "--non-interactive", "--json", "--show-sames", "--save-plan")
UP = ("up", "--non-interactive", "--yes", "--skip-preview", "--plan")


class Cli:
    """The plain CLI, as the workflow runs it, with a Python language host of the tests' own."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self._sandbox, self._folder = sandbox, folder
        host = folder / "pulumi-language-python"
        host.write_text(
            f"#!/bin/sh\nPYTHONPATH='{REPOSITORY}' exec '{sys.executable}' -m tests.sandbox.language_host $@\n"
        )
        host.chmod(0o755)

    def run(self, stack: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command on a stack."""
        variables = {**os.environ, **self._sandbox.engine.environment(stack), "PULUMI_EXPERIMENTAL": "true"}
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
        """Deploy what was planned."""
        return self.run(STACK, *UP, str(self._folder / "plan.json"))

    def forge(self, arn: str) -> None:
        """Write another role into the state of Production, as somebody could who may write there."""
        state: Any = json.loads(self.run("production", "stack", "export").stdout)
        [stack] = [it for it in state["deployment"]["resources"] if it["type"] == "pulumi:pulumi:Stack"]
        stack["outputs"]["roleArns"] = {"UpdateApp": arn}
        file = self._folder / "forged.json"
        file.write_text(json.dumps(state))
        done = self.run("production", "stack", "import", "--file", str(file))
        assert done.returncode == 0, done.stderr


@pytest.fixture
def cli(sandbox: Sandbox, tmp_path: Path) -> Cli:
    """The CLI, with Production deployed and Development yet to come."""
    sandbox.engine.prepare("production", print)
    sandbox.engine.up("production", print)
    sandbox.engine.prepare(STACK, print)
    folder = tmp_path / "cli"
    folder.mkdir()
    return Cli(sandbox, folder)


def test_what_another_stacks_state_decides_is_refused_before_and_after_the_check(cli: Cli, sandbox: Sandbox) -> None:
    cli.plan()  # of a first deployment
    cli.forge("arn:aws:iam::666666666666:role/UpdateApp")
    done = cli.deploy()
    assert done.returncode != 0
    assert "violates plan" in done.stdout + done.stderr
    assert "666666666666" not in json.dumps(group_policies(sandbox))
    with pytest.raises(AccessError, match=r"it is not what was reviewed, but .*666666666666:role/UpdateApp"):
        cli.plan()


def test_the_plan_that_was_checked_is_deployed_and_a_second_one_changes_nothing(cli: Cli, sandbox: Sandbox) -> None:
    cli.plan()
    done = cli.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(group_policies(sandbox)) == 2
    cli.plan()
    assert "unchanged" in cli.deploy().stdout


def group_policies(sandbox: Sandbox) -> list[Any]:
    """The inline policies of Development's groups."""
    iam = sandbox.accounts.administrator("111111111111").iam
    return [
        iam.get_group_policy(GroupName=group["GroupName"], PolicyName=name)["PolicyDocument"]
        for group in iam.list_groups()["Groups"]
        for name in iam.list_group_policies(GroupName=group["GroupName"])["PolicyNames"]
    ]
