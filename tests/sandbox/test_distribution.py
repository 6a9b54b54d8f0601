"""Tests of the distribution outside this repository: as a git dependency, and as an installed command."""

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

from access import __version__
from access.switch.published import write_published
from access.switch.publishing import publish
from sandbox.layout import REPOSITORY
from tests.sandbox.conftest import Sandbox

COMPONENTS = REPOSITORY / "components"
ACCESS = REPOSITORY / "access"


# As a git dependency.

USES_COMPONENTS = """
import json, sys
import pulumi
from pulumi.runtime import mocks
from cross_account_access import (
    ApplicationBucket,
    ApplicationBucketArgs,
    GroupAssumePolicy,
    GroupAssumePolicyArgs,
    ReadWriteBucketRole,
    ReadWriteBucketRoleArgs,
)

made = {}

class Aws(mocks.Mocks):
    def new_resource(self, args):
        made[args.name] = args.typ
        return args.name, {**args.inputs, "arn": "arn:aws:iam::999999999999:role/" + str(args.inputs.get("name"))}

    def call(self, args):
        return {"partition": "aws"}

mocks.set_mocks(Aws())

@pulumi.runtime.test
def program():
    bucket: ApplicationBucketArgs = {"name": "theirs"}
    role: ReadWriteBucketRoleArgs = {
        "name": "Theirs",
        "bucket": ApplicationBucket("theirs", bucket).name,
        "trusted_account_id": "111111111111",
    }
    policy: GroupAssumePolicyArgs = {
        "group": "Developers",
        "effect": "Allow",
        "role_arns": [ReadWriteBucketRole("Theirs", role).arn],
        "policy_name": "allow",
    }
    return GroupAssumePolicy("Developers", policy).policy.apply(lambda document: made.update(policy=document))

program()
json.dump(made, sys.stdout)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the distribution, built from a git repository."""
    origin, built = tmp_path_factory.mktemp("origin"), tmp_path_factory.mktemp("built")
    for package in (COMPONENTS, ACCESS):
        shutil.copytree(package, origin / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / file, origin)
    git = ["git", "-C", str(origin), "-c", "user.name=nobody", "-c", "user.email=nobody@localhost"]
    for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "the package"]):
        subprocess.run([*git, *arguments], env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}, check=True)
    # The build needs only setuptools, which is installed, so no registry is used.
    offline = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", str(built)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *offline, f"git+{origin.as_uri()}"], check=True)
    (distribution,) = built.iterdir()
    return distribution


def test_the_distribution_is_complete(wheel: Path) -> None:
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    there = {
        f"{name}/{file.relative_to(folder)}"
        for name, folder in (("cross_account_access", COMPONENTS), ("cross_account_access_cli", ACCESS))
        for file in folder.rglob("*")
        if file.suffix in (".py", ".css", ".json", ".typed")
    }
    assert packed == there


def test_the_components_work_as_a_git_dependency(wheel: Path, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    offline = ["--quiet", "--no-deps", "--no-index", "--target", str(installed)]
    subprocess.run([sys.executable, "-m", "pip", "install", *offline, str(wheel)], check=True)
    ran = subprocess.run(
        [sys.executable, "-c", USES_COMPONENTS],
        cwd=tmp_path,  # outside this repository
        env={**os.environ, "PYTHONPATH": str(installed)},
        stdout=subprocess.PIPE,
        check=True,
    )
    made = json.loads(ran.stdout)
    policy = json.loads(made.pop("policy"))
    assert policy["Statement"][0]["Resource"] == "arn:aws:iam::999999999999:role/Theirs"
    assert {kind for kind in made.values() if not kind.startswith("aws:")} == {
        "cross-account-access:index:ApplicationBucket",
        "cross-account-access:index:GroupAssumePolicy",
        "cross-account-access:index:ReadWriteBucketRole",
    }


# As a command.

OF_BOTO3 = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six.py", "urllib3")


@dataclass
class Installed:
    """The command in its own virtual environment, with an empty home."""

    folder: Path
    variables: dict[str, str]

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        everything = {**self.variables, **variables}
        return subprocess.run(words, cwd=self.folder, env=everything, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a virtual environment with only the command and boto3."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    here = Path(boto3.__file__).parents[1]
    for name in OF_BOTO3:
        (packages / name).symlink_to(here / name)
    offline = ["--quiet", "--no-deps", "--no-index"]
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", *offline, str(wheel)]
    subprocess.run(pip, check=True)
    ours = {path.name for path in packages.iterdir()} - {*OF_BOTO3}
    assert {name for name in ours if not name.endswith(".dist-info")} == {
        "cross_account_access",
        "cross_account_access_cli",
    }
    return folder


@pytest.fixture
def installed(environment: Path, tmp_path: Path) -> Installed:
    home, folder = tmp_path / "home", tmp_path / "folder"
    home.mkdir()
    folder.mkdir()
    variables = {"HOME": str(home), "PATH": f"{environment / 'bin'}:/usr/bin:/bin"}
    return Installed(folder, variables)


def test_every_command_is_installed(installed: Installed) -> None:
    assert installed.run("access", "--version").stdout == f"access {__version__}\n"
    listed = installed.run("access", "complete", "--", "").stdout.split()
    commands = [word for word in listed if not word.startswith("-")]
    assert {"exec", "roles", "prove", "bypass", "changes", "completion"} <= set(commands)
    for command in commands:
        done = installed.run("access", command, "--help")
        assert (done.returncode, done.stderr) == (0, "")
        assert f"usage: access {command}" in done.stdout


def test_every_module_can_be_imported(installed: Installed) -> None:
    """Test all modules that need no extra: none of them depends on a package named ``access``."""
    code = """
import importlib, pkgutil, cross_account_access_cli as cli
for module in pkgutil.walk_packages(cli.__path__, cli.__name__ + "."):
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        print(error.name)
"""
    done = installed.run("python", "-c", code)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(done.stdout.split()) == {"yaml", "grpc"}


def test_a_missing_extra_is_named(installed: Installed) -> None:
    done = installed.run("access", "render", "--project", str(REPOSITORY))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "access: this command needs yaml too: install cross-account-access[prove]\n"


def test_the_installed_command_switches(read_only: Sandbox, installed: Installed) -> None:
    roles = installed.folder / "roles.json"
    outputs = {stack: read_only.engine.outputs(stack) for stack in ("production", "development")}
    write_published(roles, publish(outputs, {"development": "111111111111"}))
    read_only.write_profiles()
    given = read_only.engine.environment("development")
    installed.variables |= {name: given[name] for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")}
    assert installed.run("access", "roles", "--from", "roles.json").returncode == 0
    listed = installed.run("access", "roles", "--profile", "David")
    assert listed.stdout.splitlines()[0].startswith("production/UpdateApp  arn:aws:iam::999999999999:role/UpdateApp  ")
    command = ["python", "-c", "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"]
    done = installed.run("access", "exec", "production/UpdateApp", "--profile", "David", "--", *command)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "arn:aws:sts::999999999999:assumed-role/UpdateApp/David\n"
    refused = installed.run("access", "exec", "production/UpdateApp", "--profile", "Theresa", "--", *command)
    assert "UpdateApp is allowed to Developers" in refused.stderr
