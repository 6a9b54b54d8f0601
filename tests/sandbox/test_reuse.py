"""Tests of the project outside this repository: as a git dependency, a package for other languages, and a template."""

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import grpc
import pulumi
import pulumi_aws as aws
import pytest
import yaml
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from access import __version__
from access.switch.published import write_published
from access.switch.publishing import publish
from components.__main__ import provider
from sandbox import toolchain
from sandbox.engine import Engine
from sandbox.isolation import child_environment
from sandbox.layout import REPOSITORY
from tests.sandbox.conftest import Sandbox
from tests.unit.conftest import tracked_config

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


# A language host for the CLI, which has none if it was built from its Go modules.


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """A language host that runs a plugin written in Python, and installs nothing.

    Source: Pulumi's "Language runtime protocol" (``proto/pulumi/language.proto``).
    """

    def Handshake(  # noqa: N802
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802
        return plugin_pb2.PluginInfo()

    def InstallDependencies(  # noqa: N802
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        yield language_pb2.InstallDependenciesResponse()

    def RuntimeOptionsPrompts(  # noqa: N802
        self, request: language_pb2.RuntimeOptionsRequest, context: grpc.ServicerContext
    ) -> language_pb2.RuntimeOptionsResponse:
        return language_pb2.RuntimeOptionsResponse()

    def Template(  # noqa: N802
        self, request: language_pb2.TemplateRequest, context: grpc.ServicerContext
    ) -> language_pb2.TemplateResponse:
        return language_pb2.TemplateResponse()

    def RunPlugin(  # noqa: N802
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        with subprocess.Popen(
            [sys.executable, request.info.program_directory, *request.args],
            env=dict(variable.split("=", 1) for variable in request.env),
            stdout=subprocess.PIPE,
        ) as plugin:
            if not context.add_callback(plugin.terminate):
                plugin.terminate()
            for line in plugin.stdout or ():
                yield language_pb2.RunPluginResponse(stdout=line)
        yield language_pb2.RunPluginResponse(exitcode=plugin.returncode)


@pytest.fixture
def language_host(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Serve a language host during a test, and point the CLI at it."""
    server = grpc.server(futures.ThreadPoolExecutor())
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(), server)
    where = {"PULUMI_DEBUG_LANGUAGES": f"python:{server.add_insecure_port('127.0.0.1:0')}"}
    monkeypatch.setattr("sandbox.engine.child_environment", lambda: child_environment() | where)
    for name, value in where.items():
        monkeypatch.setenv(name, value)
    server.start()
    yield
    server.stop(grace=None).wait()


Pulumi = Callable[..., str]
"""Runs the CLI in the new project's folder and returns its output."""


@pytest.fixture
def new_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty folder."""
    return tmp_path_factory.mktemp("new-project")


@pytest.fixture
def cli(new_project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Pulumi:
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("PULUMI_BACKEND_URL", tmp_path_factory.mktemp("backend").as_uri())
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "tests")
    monkeypatch.setenv("PULUMI_SKIP_UPDATE_CHECK", "true")
    command = toolchain.pulumi_cli(print).path

    def run(*arguments: str) -> str:
        ran = subprocess.run([command, *arguments], cwd=new_project, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    return run


# As a package for programs in other languages.


@pytest.mark.usefixtures("language_host")
def test_the_cli_reads_the_schema_from_the_folder(cli: Pulumi, tmp_path: Path) -> None:
    def arguments(schema: str) -> dict[str, Any]:
        """Return the types and descriptions of all arguments, by component and name."""
        return {
            token: {name: (known["type"], known["description"]) for name, known in resource["inputProperties"].items()}
            for token, resource in json.loads(schema)["resources"].items()
        }

    read = cli("package", "get-schema", str(COMPONENTS))
    assert arguments(read) == arguments(provider().schema or "")
    file = tmp_path / "schema.json"
    file.write_text(read)
    cli("schema", "check", str(file))


class Remote(pulumi.ComponentResource):
    """A component as in other languages' programs: identified by its token, and created by the plugin."""

    arn: pulumi.Output[str]
    externalId: pulumi.Output[str]  # noqa: N815 (as the schema names it)

    def __init__(
        self, kind: str, name: str, inputs: Mapping[str, object], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        outputs = {"arn": None, "externalId": None}
        super().__init__(f"cross-account-access:index:{kind}", name, {**inputs, **outputs}, opts, remote=True)


def program_in_another_language() -> None:
    """Run the program of both stacks, as written from the schema alone."""
    if pulumi.get_stack() == "production":
        bucket = Remote(
            "ApplicationBucket", "productionapp", {"name": "productionapp"}, pulumi.ResourceOptions(protect=True)
        )
        roles = {role["name"]: Remote("ReadWriteBucketRole", role["name"], role) for role in ROLES}
        pulumi.export("bucketArn", bucket.arn)
        pulumi.export("roleArns", {name: role.arn for name, role in roles.items()})
        pulumi.export("externalIds", {name: role.externalId for name, role in roles.items()})
        return
    production = pulumi.StackReference(f"{pulumi.get_organization()}/{pulumi.get_project()}/production")
    update_app = production.require_output("roleArns")["UpdateApp"]
    for group, effect in (("Developers", "Allow"), ("Testers", "Deny")):
        policy_name = f"{effect.lower()}-assume-S3-role-in-production"
        policy = {
            "group": aws.iam.Group(group, name=group).name,
            "effect": effect,
            "policyName": policy_name,
            "roleArns": [update_app],
        }
        Remote("GroupAssumePolicy", f"{group}-{policy_name}", policy)


ROLES: list[dict[str, Any]] = [
    {"name": "UpdateApp", "bucket": "productionapp", "trustedAccountId": "111111111111"},
    {
        "name": "Narrow",
        "policyName": "narrow",
        "bucket": "productionapp",
        "trustedAccountIds": ["111111111111"],
        "trustedPrincipalArns": ["arn:aws:iam::111111111111:user/*"],
        "requireMfa": True,
        "mfaMaxAge": 900,
        "generateExternalId": True,
        "sessionTags": {"project": ["api", "web"]},
        "maxSessionDuration": 7200,
        "tags": {"team": "web"},
        "access": "read",
        "prefixes": ["reports/"],
        "listAllBuckets": False,
        "kmsKeyArns": ["arn:aws:kms:us-east-1:999999999999:key/11111111-2222-3333-4444-555555555555"],
    },
]


def configure(sandbox: Sandbox, settings: Mapping[str, object]) -> None:
    """Replace the settings of a prepared production stack, except the address of AWS."""
    file = sandbox.engine.folder / "Pulumi.production.yaml"
    content = yaml.safe_load(file.read_text())
    where = {key: value for key, value in content["config"].items() if key.startswith("aws:")}
    content["config"] = {**where, **settings}
    file.write_text(json.dumps(content))  # YAML too, with all text in quotes


@pytest.mark.usefixtures("language_host")
def test_a_program_in_another_language_creates_the_same_resources(sandbox: Sandbox) -> None:
    engine, project = sandbox.engine, sandbox.engine.folder
    for stack in ("production", "development"):
        engine.prepare(stack, print)
    configure(sandbox, {"cross-account-access:roles": ROLES})
    plugin = {"name": "cross-account-access", "path": str(COMPONENTS)}
    content = yaml.safe_load((project / "Pulumi.yaml").read_text()) | {"plugins": {"providers": [plugin]}}
    (project / "Pulumi.yaml").write_text(yaml.safe_dump(content))

    foreign = Engine(sandbox.layout, sandbox.emulator, sandbox.cli, program_in_another_language)
    previewed = foreign.run("production", "preview").changes
    assert foreign.up("production", print).changes == previewed == {"create": 16}
    outputs = foreign.outputs("production")
    assert outputs["bucketArn"] == "arn:aws:s3:::productionapp"
    assert outputs["roleArns"]["UpdateApp"] == "arn:aws:iam::999999999999:role/UpdateApp"
    assert outputs["externalIds"]["UpdateApp"] == ""
    assert outputs["externalIds"]["Narrow"].startswith("ANPA")
    foreign.up("development", print)
    for stack, count in (("production", 16), ("development", 7)):
        assert engine.run(stack, "preview").changes == {"same": count}


# As a template.

NOT_TRACKED = shutil.ignore_patterns(".git", ".venv", ".tools", ".sandbox", "__pycache__", ".hypothesis", "*_cache")
ANSWERS: dict[str, Any] = {
    "aws:allowedAccountIds": '["999999999999"]',
    "aws:region": "eu-west-1",
    "bucket": "acme-app",
    "trustedAccountId": "012345678901",
}


def test_pulumi_new_asks_for_the_required_settings() -> None:
    asked = yaml.safe_load((REPOSITORY / "Pulumi.yaml").read_text())["template"]["config"]
    assert asked.keys() == ANSWERS.keys()
    assert all(question["description"] for question in asked.values())


@pytest.mark.parametrize("stack", ["production", "another"])
@pytest.mark.usefixtures("language_host")
def test_pulumi_new_creates_a_working_project(
    sandbox: Sandbox, cli: Pulumi, new_project: Path, tmp_path: Path, stack: str
) -> None:
    template = tmp_path / "template"
    shutil.copytree(REPOSITORY, template, ignore=NOT_TRACKED)
    answers = [argument for key, value in ANSWERS.items() for argument in ("--config", f"{key}={value}")]
    cli("new", str(template), "--yes", "--stack", stack, *answers)
    config = yaml.safe_load((new_project / f"Pulumi.{stack}.yaml").read_text())["config"]
    expected = {key if ":" in key else f"cross-account-access:{key}": value for key, value in ANSWERS.items()}
    if stack == "production":  # the answers are written beside the tutorial's role, and take precedence
        expected["cross-account-access:roles"] = tracked_config("production")["cross-account-access:roles"]
    assert config == expected

    sandbox.engine.prepare("production", print)
    configure(sandbox, config)
    preview = sandbox.engine.run("production", "preview", "--diff")
    assert preview.changes == {"create": 12}, preview.reason
    planned = "\n".join(preview.lines)
    assert 'UpdateApp: "acme-app"' in planned
    assert "arn:aws:iam::012345678901:root" in planned
