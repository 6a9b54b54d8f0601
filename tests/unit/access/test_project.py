"""A project's files: their content, the order of stacks, and refusals."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from access.errors import AccessError
from access.project.files import Project, read_project
from sandbox.errors import SandboxError
from sandbox.layout import REPOSITORY
from sandbox.project import deployment_order, local_config

PROJECT = f"""\
name: acme
runtime: python
main: {REPOSITORY}
config:
  roles: {{type: array, items: {{type: object}}, default: []}}
"""
PLACE = {"aws:region": "eu-west-1", "aws:allowedAccountIds": ["444444444444"]}

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Return a function that writes the project's files and returns their folder, the current one."""
    monkeypatch.chdir(tmp_path)

    def write(folder: str = ".", project: str = PROJECT, **stacks: str | dict[str, Any]) -> Path:
        there = tmp_path / folder
        there.mkdir(exist_ok=True)
        (there / "Pulumi.yaml").write_text(project)
        for name, content in stacks.items():
            text = content if isinstance(content, str) else yaml.safe_dump({"config": {**PLACE, **content}})
            (there / f"Pulumi.{name}.yaml").write_text(text)
        return there

    return write


def groups(*references: object, project: str = "acme", name: str = "allow") -> dict[str, Any]:
    """Return the configuration of a stack with a group that refers to these."""
    return {f"{project}:groups": [{"name": "Group", name: list(references)}]}


def refusal(read: Callable[[], object]) -> str:
    with pytest.raises((SandboxError, AccessError)) as raised:
        read()
    assert "\n" not in str(raised.value)
    return str(raised.value)


def order(*projects: Project, deployed: tuple[str, ...] = ()) -> list[str]:
    return [stack.full_name for stack in deployment_order(projects, deployed)]


# Content.


def test_a_stack_is_read_with_its_account_and_region(write: Write) -> None:
    project = read_project(write(ledger={"acme:roles": [{"name": "Reader"}]}))
    [stack] = project.stacks
    assert (project.name, stack.name, stack.account_id, stack.region) == (
        *("acme", "ledger", "444444444444", "eu-west-1"),
    )
    assert [entry for _, entry in stack.entries("roles")] == [{"name": "Reader"}]
    assert project.program == REPOSITORY


def test_the_repository_is_a_project_of_two_stacks() -> None:
    assert order(read_project(REPOSITORY)) == ["cross-account-access/production", "cross-account-access/development"]


def test_a_list_may_be_written_as_text_as_pulumi_new_does(write: Write) -> None:
    text = {"aws:allowedAccountIds": '["012345678901"]', "acme:groups": '[{"name": "Group", "allow": ["b/Role"]}]'}
    project = read_project(write(a=text, b={}))
    assert project.stacks[0].account_id == "012345678901"
    assert order(project) == ["acme/b", "acme/a"]


# The order.


@pytest.mark.parametrize("key", ["allow", "deny"])
@pytest.mark.parametrize("kind", ["acme:groups", "acme:granteeRoles", "acme:permissionSets", "groups"])
@pytest.mark.parametrize(
    "reference", ["z/Role", "acme/z/Role", "organization/acme/z/Role", "other-org/acme/z/Role", {"role": "z/Role"}]
)
def test_a_stack_comes_after_the_stacks_that_it_refers_to(write: Write, key: str, kind: str, reference: object) -> None:
    entry = {"name": "Group", key: [reference]}
    assert order(read_project(write(a={kind: [entry]}, z={}))) == ["acme/z", "acme/a"]


@pytest.mark.parametrize(
    "text", ["arn:aws:iam::999999999999:role/z/Role", "Role", "a/b/c/d/e", "z//Role", 5, None, {"arn": "z/Role"}]
)
def test_other_values_are_not_references(write: Write, text: object) -> None:
    assert order(read_project(write(a=groups(text), z={}))) == ["acme/a", "acme/z"]


def test_stacks_may_share_an_account_and_refer_to_themselves(write: Write) -> None:
    assert order(read_project(write(a=groups("a/Role"), b=groups("a/Role")))) == ["acme/a", "acme/b"]


def test_another_projects_stacks_come_first(write: Write) -> None:
    main = read_project(write("main", a=groups("lib/z/Role"), b={}))
    library = read_project(write("lib", PROJECT.replace("acme", "lib"), z={}, y=groups("z/Role", project="lib")))
    assert order(library, main) == ["lib/z", "lib/y", "acme/a", "acme/b"]
    assert order(main, library) == ["acme/b", "lib/z", "acme/a", "lib/y"]


def test_the_sandbox_has_one_organization(write: Write) -> None:
    stack = read_project(write(a=groups("acme-inc/acme/z/Role", "z/Role"), z={})).stacks[0]
    assert local_config(stack)["acme:groups"][0]["allow"] == ["organization/acme/z/Role", "z/Role"]
    assert stack.config["acme:groups"][0]["allow"][0] == "acme-inc/acme/z/Role"


def test_a_circle_is_named_without_stacks_that_only_lead_to_it(write: Write) -> None:
    files = {"a": groups("b/Role"), "b": groups("c/Role"), "c": groups("d/Role"), "d": groups("b/Role", name="deny")}
    output = refusal(lambda: order(read_project(write(**files))))
    assert output.startswith("b -> c -> d -> b is a circle: ")
    assert "(Pulumi.b.yaml, line 4: c/Role; Pulumi.c.yaml, line 4: d/Role; Pulumi.d.yaml, line 4: b/Role)" in output


def test_a_missing_stack_is_named_with_the_existing_ones(write: Write) -> None:
    project = read_project(write(a=groups("prod/Role"), production={}))
    assert refusal(lambda: order(project)) == (
        "Pulumi.a.yaml, line 4: acme:groups[0].allow[0]: 'prod/Role' names the stack prod, which has no file"
        " Pulumi.prod.yaml; known stacks: production"
    )
    assert order(project, deployed=("acme/prod",)) == ["acme/a", "acme/production"]
    project = read_project(write(a=groups("other/prod/Role")))
    assert "names the project other, which is not here; add its folder with --with DIR" in refusal(
        lambda: order(project)
    )


# Refused values.

GOOD = 'config:\n  aws:region: eu-west-1\n  aws:allowedAccountIds: ["444444444444"]\n'


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("", "Pulumi.a.yaml is empty"),
        ("# nothing\n", "Pulumi.a.yaml is empty"),
        (
            "config:\n\taws:region: x\n",
            "Pulumi.a.yaml, line 2, column 1: a tab is not allowed here; indent with spaces",
        ),
        (f"{GOOD}   acme:x: 1\n", "Pulumi.a.yaml, line 4, column 4: expected <block end>"),
        (f"{GOOD}  acme:x: [1\n", "Pulumi.a.yaml, line 5, column 1: "),
        (f"{GOOD}  aws:region: eu-west-2\n", "Pulumi.a.yaml, line 4, column 3: 'aws:region' twice; keep one"),
        ("[" * 20000, "Pulumi.a.yaml is nested too deeply to be read"),
        ("\x01", "Pulumi.a.yaml is not YAML: "),
        ("just text\n", "Pulumi.a.yaml: write a mapping, key: value; it is str"),
        ("config:\n", "Pulumi.a.yaml, line 1: config: None is not allowed; write aws:region"),
        ("encryptionsalt: v1\n", "Pulumi.a.yaml: config: None is not allowed; write aws:region"),
        ("aws:region: x\n", "Pulumi.a.yaml, line 1: aws:region is outside of config; indent it below config:"),
        (f"{GOOD}acme:roles: []\n", "Pulumi.a.yaml, line 4: acme:roles is outside of config"),
        (
            f"{GOOD}  amce:x: 1\n",
            "Pulumi.a.yaml, line 4: amce:x is not allowed; this project is acme: write acme:x",
        ),
        (
            f"{GOOD}  something-else:roles: []\n",
            "Pulumi.a.yaml, line 4: something-else:roles is not allowed; this project is acme: write acme:roles",
        ),
        (
            "config:\n  aws:region: eu-west-1\n",
            "Pulumi.a.yaml, line 1: aws:allowedAccountIds is missing; list the account",
        ),
        (
            GOOD.replace('["444444444444"]', '"444444444444"'),
            "Pulumi.a.yaml, line 3: aws:allowedAccountIds: '444444444444' is not allowed; list the account",
        ),
        (GOOD.replace('["444444444444"]', "[]"), "Pulumi.a.yaml, line 3: aws:allowedAccountIds: [] is not allowed"),
        (
            GOOD.replace('"444444444444"', "444444444444"),
            "Pulumi.a.yaml, line 3: aws:allowedAccountIds[0]: 444444444444 is not allowed; write the twelve digits of"
            " the account id in quotes",
        ),
        (
            GOOD.replace('"444444444444"', "098765432109"),  # text to PyYAML, a number to the engine
            "Pulumi.a.yaml, line 3: aws:allowedAccountIds[0]: '098765432109' is not allowed; write the twelve digits",
        ),
        (
            GOOD.replace("444444444444", "44444444444"),
            "Pulumi.a.yaml, line 3: aws:allowedAccountIds[0]: '44444444444' is not allowed",
        ),
        (
            GOOD.replace("  aws:region: eu-west-1\n", ""),
            "Pulumi.a.yaml, line 1: aws:region is missing; write the region in which this stack works, e.g. us-east-1",
        ),
        (
            GOOD.replace("eu-west-1", "us-esat-1"),
            "Pulumi.a.yaml, line 2: aws:region: 'us-esat-1' is not allowed; there is no such region; did you mean ",
        ),
        (GOOD.replace("eu-west-1", "7"), "Pulumi.a.yaml, line 2: aws:region: 7 is not allowed"),
    ],
)
def test_a_mistake_in_a_stack_file_is_reported_in_one_line(write: Write, text: str, output: str) -> None:
    folder = write(a=text)
    assert refusal(lambda: read_project(folder)).startswith(output)


@pytest.mark.parametrize("region", ["us-east-1", "us-gov-west-1", "cn-north-1", "us-iso-east-1", "ap-southeast-5"])
def test_regions_of_all_partitions_are_known(write: Write, region: str) -> None:
    assert read_project(write(a=GOOD.replace("eu-west-1", region))).stacks[0].region == region


@pytest.mark.parametrize("key", ["aws:region", "acme:x", "pulumi:tags", "random:seed", "x"])
def test_keys_of_other_libraries_are_ignored(write: Write, key: str) -> None:
    text = GOOD if key == "aws:region" else f"{GOOD}  {key}: 1\n"
    assert read_project(write(a=text)).stacks


def test_a_file_that_is_not_utf_8_is_named(write: Write) -> None:
    folder = write(a=GOOD)
    (folder / "Pulumi.a.yaml").write_bytes(b"config: \xff\n")
    assert refusal(lambda: read_project(folder)) == "Pulumi.a.yaml: byte 8 is not UTF-8; save the file as UTF-8"


@pytest.mark.parametrize(
    ("project", "output"),
    [
        ("name: acme\nruntime: nodejs\n", "Pulumi.yaml: runtime: 'nodejs' is not allowed"),
        ("runtime: python\n", "Pulumi.yaml: name: None is not allowed"),
        ("name: a b\nruntime: python\n", "Pulumi.yaml: name: 'a b' is not allowed"),
        ("name: acme\nruntime: {name: python}\nmain: nowhere\n", "Pulumi.yaml: main: 'nowhere' is not allowed"),
    ],
)
def test_a_project_that_can_not_be_run_here_is_refused(write: Write, project: str, output: str) -> None:
    folder = write(project=project, a=GOOD)
    assert refusal(lambda: read_project(folder)).startswith(output)


def test_a_folder_without_a_project_or_without_a_stack_is_refused(write: Write, tmp_path: Path) -> None:
    assert refusal(lambda: read_project(tmp_path)).startswith(". has no Pulumi.yaml")
    folder = write("empty")
    assert refusal(lambda: read_project(folder)) == "empty has no stack; write a file Pulumi.<stack>.yaml"


def test_encrypted_values_are_found(write: Write) -> None:
    roles = [{"name": "R", "externalId": {"secure": "v1:x"}}]
    stack = read_project(write(a={"acme:roles": roles, "acme:x": {"secure": "v1:y"}})).stacks[0]
    assert stack.secrets() == [("acme:roles", 0, "externalId"), ("acme:x",)]
