"""Tests of the project outside this repository: as a package for other languages, and as a template."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pulumi
import pulumi_aws as aws
import pytest
import yaml
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from components.__main__ import provider
from sandbox import toolchain
from sandbox.engine import Engine
from sandbox.isolation import child_environment
from sandbox.layout import REPOSITORY
from tests.sandbox.conftest import Sandbox
from tests.unit.conftest import tracked_config

COMPONENTS = REPOSITORY / "components"


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
