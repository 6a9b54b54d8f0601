"""Tests of the steps of docs/state.md, from nothing to a second stack, with the rights that it lists."""

import configparser
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.engine import Engine, Finished
from sandbox.generated import write_project_files
from sandbox.isolation import child_environment
from sandbox.layout import PULUMI_HOME, REPOSITORY
from sandbox.users import Accounts, User
from tests.sandbox.conftest import Sandbox

ACCOUNTS = {"state": "444444444444", "production": "999999999999", "development": "111111111111"}
"""The accounts of the profiles, in the order of the steps."""

pytestmark = pytest.mark.every_right

Rights = list[tuple[str, str]]
"""Actions and resources."""


def steps() -> dict[str, str]:
    """Return the lines of docs/state.md, by the profile that they need."""
    page = (REPOSITORY / "docs" / "state.md").read_text()
    section = page.split("\n## From nothing to both stacks\n")[1].split("\n## ")[0]
    return dict(zip(ACCOUNTS, re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL), strict=True))


def rights(profile: str) -> Rights:
    """Return a profile's rights in docs/state.md."""
    found = []
    for row in re.findall(r"^\| (`.*`) \| (`.*`) \| `(arn:.*)` \|$", (REPOSITORY / "docs/state.md").read_text(), re.M):
        if f"`{profile}`" in row[0]:
            found += [(action, row[2]) for action in re.findall(r"`(.*?)`", row[1])]
    return found


def document(allowed: Rights) -> str:
    by_resource: dict[str, list[str]] = {}
    for action, resource in allowed:
        by_resource.setdefault(resource, []).append(action)
    statements = [{"Effect": "Allow", "Action": it, "Resource": resource} for resource, it in by_resource.items()]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def give(accounts: Accounts, user: User, allowed: Rights) -> None:
    """Replace a user's rights."""
    iam, arn = accounts.administrator(user.account_id).iam, f"arn:aws:iam::{user.account_id}:policy/steps"
    if iam.list_attached_user_policies(UserName=user.name)["AttachedPolicies"]:
        iam.detach_user_policy(UserName=user.name, PolicyArn=arn)
        iam.delete_policy(PolicyArn=arn)
    iam.create_policy(PolicyName="steps", PolicyDocument=document(allowed))
    iam.attach_user_policy(UserName=user.name, PolicyArn=arn)


class Administrators:
    """Three administrators, each with a profile and a shell, in a checkout of the repository."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self._sandbox, self._folder, self._checkout = sandbox, folder, folder / "checkout"
        self._checkout.mkdir()
        for path in REPOSITORY.iterdir():
            if not path.name.startswith("Pulumi.") and path.name != ".git":
                (self._checkout / path.name).symlink_to(path)
        for stack in ("production", "development"):
            write_project_files(self._checkout, sandbox.engine.project, stack, sandbox.emulator.endpoint)
        self._write_profiles()
        self._write_tools()

    def allow(self, profile: str, allowed: Rights) -> None:
        """Replace a profile's rights."""
        give(self._sandbox.accounts, User("administrator", ACCOUNTS[profile]), allowed)

    def type(self, lines: str) -> subprocess.CompletedProcess[str]:
        """Run lines in a shell that stops at the first failure, with this machine's values filled in."""
        lines = lines.replace("PULUMI_CONFIG_PASSPHRASE=…", "PULUMI_CONFIG_PASSPHRASE=secret")
        lines = re.sub(r"(s3://\S+\?profile=\w+)", r"\1&use_path_style=true", lines)
        return subprocess.run(
            ["bash", "-ec", lines],  # noqa: S607
            cwd=self._checkout,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def _environment(self) -> dict[str, str]:
        base = child_environment()
        return {
            **base,
            "AWS_CA_BUNDLE": str(self._sandbox.layout.ca_bundle),
            "AWS_CONFIG_FILE": str(self._folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "PATH": f"{self._folder / 'bin'}:{base['PATH']}",
            "PULUMI_CONFIG_PASSPHRASE": "secret",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_HOME": str(self._folder / "home"),
            "PULUMI_OPTION_NON_INTERACTIVE": "true",
            "PULUMI_OPTION_YES": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }

    def _write_profiles(self) -> None:
        profiles, accounts = configparser.RawConfigParser(), self._sandbox.accounts
        for profile, account in ACCOUNTS.items():
            user = User("administrator", account, power_user=False)
            accounts.make(user)
            key = accounts.new_key(user)
            profiles[f"profile {profile}"] = {
                "aws_access_key_id": key.access_key_id,
                "aws_secret_access_key": key.secret_access_key,
                "endpoint_url": self._sandbox.emulator.endpoint,
                "region": "us-east-1",
            }
        with (self._folder / "config").open("w") as file:
            profiles.write(file)

    def _write_tools(self) -> None:
        tools, home = self._folder / "bin", self._folder / "home"
        tools.mkdir()
        home.mkdir()
        (home / "plugins").symlink_to(PULUMI_HOME / "plugins")
        (tools / "pulumi").symlink_to(self._sandbox.cli.path)
        for name, module in (("aws", "aws_cli"), ("pulumi-language-python", "language_host")):
            script = tools / name
            run = f"exec '{sys.executable}' -m tests.sandbox.{module} \"$@\""
            script.write_text(f"#!/bin/sh\nPYTHONPATH='{REPOSITORY}' {run}\n")
            script.chmod(0o755)


@pytest.fixture
def people(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Administrators:
    return Administrators(sandbox, tmp_path_factory.mktemp("people"))


def done(finished: subprocess.CompletedProcess[str]) -> str:
    """Return the output of lines that succeed."""
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def test_the_steps_deploy_both_stacks_from_nothing(people: Administrators) -> None:
    for profile, lines in steps().items():
        people.allow(profile, rights(profile))
        done(people.type(lines))
    login = "\n".join(steps()["development"].splitlines()[:2])
    preview = f"{login}\npulumi preview --stack development --expect-no-changes"
    assert "7 unchanged" in done(people.type(preview))


@pytest.mark.parametrize("right", rights("state"), ids=lambda right: right[0])
def test_the_bucket_needs_each_right(people: Administrators, right: tuple[str, str]) -> None:
    people.allow("state", [other for other in rights("state") if other != right])
    finished = people.type(steps()["state"])
    assert finished.returncode != 0
    assert re.search("AccessDenied|Forbidden", finished.stderr), finished.stderr


class Deployer(Engine):
    """The engine with the credentials of a user with limited rights."""

    def __init__(self, sandbox: Sandbox, stack: str) -> None:
        super().__init__(sandbox.layout, sandbox.emulator, sandbox.cli)
        self._user = User("administrator", ACCOUNTS[stack], power_user=False)
        self._accounts, self._stack = sandbox.accounts, stack
        self._accounts.make(self._user)
        self._key = self._accounts.new_key(self._user)

    def environment(self, stack: str) -> dict[str, str]:
        """Return the sandbox's variables, with these credentials."""
        key = {"AWS_ACCESS_KEY_ID": self._key.access_key_id, "AWS_SECRET_ACCESS_KEY": self._key.secret_access_key}
        return {**super().environment(stack), **key}

    def up_with(self, allowed: Rights) -> Finished:
        """Deploy with exactly these rights."""
        give(self._accounts, self._user, allowed)
        return self.run(self._stack, "up", "--skip-preview")


@pytest.mark.parametrize(
    ("stack", "action"),
    [
        (stack, action)
        for stack in ("production", "development")
        for action, resource in rights(stack)
        if "acme-state" not in resource
    ],
)
def test_a_deployment_needs_each_right(sandbox: Sandbox, stack: str, action: str) -> None:
    for needed in ("production",) if stack == "development" else ():
        sandbox.engine.prepare(needed, print)
        sandbox.engine.up(needed, print)
    sandbox.engine.prepare(stack, print)
    allowed = [right for right in rights(stack) if "acme-state" not in right[1]]
    deployer = Deployer(sandbox, stack)
    finished = deployer.up_with([right for right in allowed if right[0] != action])
    assert finished.exit_code != 0
    messages = "\n".join(error.message for error in finished.errors)
    assert f"not authorized to perform: {action}" in messages or "HeadBucket: 403" in messages
