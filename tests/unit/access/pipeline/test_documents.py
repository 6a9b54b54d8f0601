"""Calls of Pulumi, and the comparison of its previews with the reviewed documents."""

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest

from access.errors import AccessError
from access.pipeline import documents
from access.project.files import read_project
from access.render.running import run
from tests.support.workflows import Runner, listed

# Calls of Pulumi.


@pytest.fixture
def pulumi(runner: Runner, tmp_path: Path) -> Path:
    """Return the calls of a fake Pulumi CLI, which prints the text of a file."""
    folder, asked = tmp_path / "bin", tmp_path / "asked"
    folder.mkdir()
    script = folder / "pulumi"
    script.write_text(
        f'#!/bin/sh\necho "$PULUMI_BACKEND_URL $PULUMI_EXPERIMENTAL $@" >> {asked}\ncat {tmp_path}/says\n'
    )
    script.chmod(0o755)
    (tmp_path / "says").write_text("")
    runner.environment["PATH"] = f"{folder}:{os.environ['PATH']}"
    runner.expressions |= {"matrix.stack": "development"}
    return asked


@pytest.mark.parametrize(
    ("workflow", "job", "name", "wanted"),
    [
        ("preview", "preview", "Preview", "s3://state  preview --stack development --non-interactive --diff"),
        (
            *("drift", "refresh", "Look for changes without keeping them"),
            "s3://state  refresh --stack development --non-interactive --preview-only --expect-no-changes",
        ),
        (
            *("deploy", "deploy", "Deploy the plan, and nothing else"),
            "s3://state true up --stack development --non-interactive --yes --skip-preview --plan {}/plan.json",
        ),
    ],
)
def test_calls_of_pulumi(runner: Runner, pulumi: Path, workflow: str, job: str, name: str, wanted: str) -> None:
    assert runner.run(workflow, job, name).returncode == 0
    assert pulumi.read_text() == wanted.format(runner.environment["RUNNER_TEMP"]) + "\n"


def preview_of(folder: Path, stack: str) -> dict[str, Any]:
    """Return Pulumi's preview of a stack that agrees with the files."""
    ran = next(each for each in run(read_project(folder), [stack]) if each.stack.name == stack)
    prefix = f"urn:pulumi:{stack}::cross-account-access::"
    return {
        "steps": [
            {
                "op": "same",
                "urn": f"{prefix}{it.type}::{it.name}",
                "newState": {
                    "urn": f"{prefix}{it.type}::{it.name}",
                    "type": it.type,
                    "inputs": {**copy.deepcopy(dict(it.inputs)), "__defaults": [], "region": "us-east-1"},
                },
            }
            for it in ran.resources
        ]
    }


def test_a_plan_with_the_reviewed_documents_passes_and_another_is_refused(
    runner: Runner, pulumi: Path, tmp_path: Path
) -> None:
    listed(runner, "deploy")
    rows = json.loads(runner.said("output")["matrix"])["include"]
    runner.expressions["matrix.documents"] = next(row["documents"] for row in rows if row["stack"] == "development")
    preview, name = preview_of(runner.folder, "development"), "Refuse documents that are not the reviewed ones"
    (tmp_path / "says").write_text(json.dumps(preview))
    assert runner.run("deploy", "deploy", "Plan").returncode == 0
    assert "preview --stack development --non-interactive --json --show-sames --save-plan" in pulumi.read_text()
    done = runner.run("deploy", "deploy", name)
    assert (done.returncode, done.stderr) == (0, "")

    policy = next(it for it in preview["steps"] if "Developers-allow" in it["urn"] and "groupPolicy" in it["urn"])
    inputs = policy["newState"]["inputs"]
    inputs["policy"] = inputs["policy"].replace("999999999999", "666666666666")  # as if production's state had it
    (tmp_path / "says").write_text(json.dumps(preview))
    assert runner.run("deploy", "deploy", "Plan").returncode == 0
    done = runner.run("deploy", "deploy", name)
    assert (done.returncode, done.stdout) == (1, "")
    start = "access: aws:iam/groupPolicy:GroupPolicy Developers-allow-assume-S3-role-in-production-policy: policy: it"
    assert done.stderr.startswith(f"{start} differs from the review: ")
    assert "arn:aws:iam::666666666666:role/UpdateApp" in done.stderr
    assert done.stderr.endswith("; nothing was deployed\n")

    runner.expressions["matrix.documents"] = "0" * 64
    assert "the program's documents here have the hash" in runner.run("deploy", "deploy", name).stderr


def test_the_reason_of_a_failed_plan_is_printed(runner: Runner, pulumi: Path, tmp_path: Path) -> None:
    listed(runner, "deploy")
    rows = json.loads(runner.said("output")["matrix"])["include"]
    runner.expressions["matrix.documents"] = next(row["documents"] for row in rows if row["stack"] == "development")
    failed = {"diagnostics": [{"severity": "error", "message": 'unknown stack "production"\n'}], "steps": []}
    (tmp_path / "says").write_text(json.dumps(failed))
    runner.run("deploy", "deploy", "Plan")
    done = runner.run("deploy", "deploy", "Refuse documents that are not the reviewed ones")
    assert done.stderr == 'access: development can\'t be previewed: unknown stack "production"\n'


# Equal documents.

TRUST = {"Statement": [{"Effect": "Allow", "Condition": {"StringEquals": {"sts:ExternalId": "<external id of X>"}}}]}
ELSEWHERE = "arn:aws:iam::000000000000:role/<other/prod>/Reader"
PINNED = "arn:aws:iam::222222222222:role/<other/prod>/Reader"


def check(wanted: Any, found: Any) -> str:  # noqa: ANN401 (JSON)
    try:
        documents.check({"aws:x X": {"policy": wanted}}, {"aws:x X": {"policy": found}})
    except AccessError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("wanted", "found", "is_same"),
    [
        ("x", "x", True),
        ("x", "y", False),
        ("<an id>", "AROA123", True),
        ("<an id>", "*", False),
        ("<an id>", "a*", False),
        ("<an id>", "${aws:username}", False),
        ("<an id>", "", False),
        ("a<an id>b", "aXb", True),
        ("a<an id>b", "aXc", False),
        (ELSEWHERE, "arn:aws:iam::222222222222:role/Reader", True),
        (ELSEWHERE, "arn:aws:iam::222222222222:role/team/Reader", True),
        (ELSEWHERE, "arn:aws:iam::222222222222:role/Writer", False),
        (ELSEWHERE, "arn:aws:iam::222222222222:user/Reader", False),
        (ELSEWHERE, "arn:aws:iam::*:role/Reader", False),
        (PINNED, "arn:aws:iam::222222222222:role/Reader", True),
        (PINNED, "arn:aws:iam::222222222222:role/team/Reader", True),
        (PINNED, "arn:aws:iam::333333333333:role/Reader", False),
        (
            [ELSEWHERE, ELSEWHERE.replace("Reader", "Writer")],
            ["arn:aws:iam::222222222222:role/team/Reader", "arn:aws:iam::222222222222:role/Writer"],
            True,
        ),
        (
            [ELSEWHERE, ELSEWHERE.replace("Reader", "Writer")],
            ["arn:aws:iam::222222222222:role/Reader", "arn:aws:iam::333333333333:role/Writer"],
            False,
        ),
        (["<an id>", "<an id>"], ["X", "X"], True),
        (["<an id>", "<an id>"], ["X", "Y"], False),
        (["<an id>", "<another>"], ["X", "Y"], True),
        (["x"], ["x", "y"], False),
        ({"a": "x"}, {"a": "x", "b": "y"}, False),
        ({"a": "x", "b": "y"}, {"a": "x"}, False),
        ({"Statement": []}, "[secret]", False),
        ({"Statement": []}, "04da6b54-80e4-46f7-96ec-b56ff0331ba9", False),
        ("arn:aws:iam::999999999999:policy/read", "04da6b54-80e4-46f7-96ec-b56ff0331ba9", True),
    ],
)
def test_generated_ids_are_replaced_and_nothing_else(wanted: object, found: object, is_same: bool) -> None:
    assert (check(wanted, found) == "") == is_same


def test_values_that_can_not_be_compared_are_refused_with_the_reason() -> None:
    assert "it is secret" in check({"Statement": []}, "[secret]")
    assert "not known before the deployment" in check({"Statement": []}, "04da6b54-80e4-46f7-96ec-b56ff0331ba9")


def test_an_extra_or_missing_resource_is_refused() -> None:
    one = {"aws:iam/role:Role X": {"assumeRolePolicy": TRUST}}
    for wanted, found in ((one, {}), ({}, one)):
        with pytest.raises(AccessError, match="aws:iam/role:Role X: it is not in"):
            documents.check(wanted, found)


@pytest.mark.parametrize("text", ["", "{}", '{"steps": {}}', '{"steps": [{"op": "same", "newState": {}}]}', "[1]"])
def test_a_file_that_is_not_a_preview_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "preview.json").write_text(text)
    with pytest.raises(AccessError, match="write it with `pulumi preview"):
        documents.planned(tmp_path / "preview.json", "production")


def test_removed_and_read_resources_do_not_count_and_another_stacks_preview_is_refused(tmp_path: Path) -> None:
    urn = "urn:pulumi:production::p::aws:iam/role:Role::"
    state = {"type": "aws:iam/role:Role", "inputs": {"name": "X"}}
    file = tmp_path / "preview.json"
    steps = [
        {"op": op, "urn": urn, "newState": {**state, "urn": urn + op}} for op in ("delete-replaced", "read", "replace")
    ]
    file.write_text(json.dumps({"steps": steps}))
    assert list(documents.planned(file, "production")) == ["aws:iam/role:Role replace"]
    with pytest.raises(AccessError, match="is not a preview of development"):
        documents.planned(file, "development")
