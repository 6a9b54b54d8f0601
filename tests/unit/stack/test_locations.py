"""Errors in a stack's file name the file, the line and the key."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.validation import InvalidValue
from tests.unit.conftest import Run

PROJECT = "cross-account-access"
LINES = """\
# The account of the application.
config:
  aws:region: us-east-1
  aws:allowedAccountIds: ["999999999999"]
  cross-account-access:roles:
    - name: UpdateApp
      bucket: productionapp
      trustedAccountId: "111111111111"
      tags:
        team: blue
        cost.center: "7"
      sessionTags:
        team:
          - blue
          - green
    - {name: Read, policyName: read, buckets: [productionapp, archive], trustedAccountId: "111111111111"}
"""
WithFile = Callable[[str], Path]


@pytest.fixture
def with_file(tmp_path: Path) -> WithFile:
    """Return a function that writes the stack's file into a project folder."""

    def write(text: str) -> Path:
        (tmp_path / "Pulumi.production.yaml").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def refusal(run: Run, folder: Path, config: dict[str, Any] | None = None) -> str:
    """Return the error about a stack's file. The engine reads the file; the program only finds the line."""
    file = folder / "Pulumi.production.yaml"
    with pytest.raises(pulumi.RunError) as refused:
        run(config=yaml.safe_load(file.read_text())["config"] if config is None else config, folder=folder)
    return str(refused.value).partition(";")[0]


@pytest.mark.parametrize(
    ("old", "new", "refused"),
    [
        (
            "      bucket: productionapp\n",
            "      bucket: productionapp\n      trustedPermissionSets: [Dev]\n      requireMfa: true\n",
            "9: {}roles[0].requireMfa: True is not allowed",
        ),
        (
            "  cross-account-access:roles:",
            "  cross-account-access:permissionSets:\n    - name: Dev\n      allow:\n        - role: other/Role\n"
            "          until: tomorrow\n  cross-account-access:roles:",
            "9: {}permissionSets[0].allow[0].until: 'tomorrow' is not allowed",
        ),
        ('["999999999999"]', '["9"]', "4: aws:allowedAccountIds[0]: '9' is not allowed"),
        ("us-east-1", "us-esat-1", "3: aws:region: 'us-esat-1' is not allowed"),
        ("bucket: productionapp", "bucket: App", "7: {}roles[0].bucket: 'App' is not allowed"),
        ("bucket: productionapp", "bukket: app", "7: {}roles[0].bukket: there is no such key"),
        ("bucket: productionapp", "description: app", "6: {}roles[0].bucket is missing"),
        ('"111111111111"\n', "111111111111\n", "8: {}roles[0].trustedAccountId: 111111111111 is not allowed"),
        ("team: blue", "team: '*'", "10: {}roles[0].tags.team: '*' is not allowed"),
        ("          - green", "          - '*'", "15: {}roles[0].sessionTags.team[1]: '*' is not allowed"),
        ("archive]", "Archive]", "16: {}roles[1].buckets[1]: 'Archive' is not allowed"),
        ("name: Read", "name: updateapp", "16: {}roles[1].name: 'updateapp' is not allowed"),
        ("cross-account-access:roles", "cross-account-access:rolez", "5: {}rolez: there is no such key"),
        ("cross-account-access:roles", "cross-account-acess:roles", "5: cross-account-acess:roles: there is no such"),
        ("  cross-account-access:roles:", "cross-account-access:roles:", "5: {}roles: there is no such key"),
        (LINES[LINES.index("    - name") :], "    []", "5: {}roles is missing"),
    ],
)
def test_the_line_is_that_of_the_innermost_part(
    run: Run, with_file: WithFile, old: str, new: str, refused: str
) -> None:
    assert LINES.count(old) >= 1
    text = LINES.replace(old, new, 1)
    expected = f"Pulumi.production.yaml:{refused.format(PROJECT + ':')}"
    assert refusal(run, with_file(text)).startswith(expected)


def test_a_file_of_json_text_an_alias_and_a_merge_is_read_as_the_engine_reads_it(run: Run, with_file: WithFile) -> None:
    text = """\
base: &base
  trustedAccountId: "1111"
  bucket: &bucket App
config:
  aws:allowedAccountIds: '["999999999999"]'
  cross-account-access:roles:
    - <<: *base
      name: UpdateApp
"""
    folder = with_file(text)
    assert refusal(run, folder).startswith(f"Pulumi.production.yaml:2: {PROJECT}:roles[0].trustedAccountId: '1111'")
    as_text = text.replace("'[\"999999999999\"]'", "'[\"9\"]'")
    assert refusal(run, with_file(as_text)).startswith("Pulumi.production.yaml:5: aws:allowedAccountIds[0]: '9' is not")


def test_an_anchor_is_found_at_its_own_line(run: Run, with_file: WithFile) -> None:
    text = LINES.replace("bucket: productionapp", "bucket: &app App").replace("[productionapp, archive]", "[*app]")
    assert refusal(run, with_file(text)).startswith(f"Pulumi.production.yaml:7: {PROJECT}:roles[0].bucket: 'App'")


def test_a_file_in_another_folder_is_found(run: Run, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: cross-account-access\nstackConfigDir: stacks\n")
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.production.yaml").write_text("config:\n  aws:region: us-esat-1\n")
    config = {"aws:region": "us-esat-1", "aws:allowedAccountIds": ["999999999999"]}
    assert refusal(run, tmp_path, config).startswith("Pulumi.production.yaml:2: aws:region: 'us-esat-1'")


@pytest.mark.parametrize("text", ["", "config: {}\n", "config:\n", "nonsense\n"])
def test_an_empty_file_is_named(run: Run, with_file: WithFile, text: str) -> None:
    assert refusal(run, with_file(text), {}) == "Pulumi.production.yaml: aws:allowedAccountIds is missing"


@pytest.mark.parametrize("text", ["config:\n\taws:region: us-east-1\n", "config: [\n", "config: &a [*a]\n"])
def test_an_unreadable_file_does_not_hide_the_error(run: Run, with_file: WithFile, text: str) -> None:
    assert refusal(run, with_file(text), {}) == "Pulumi.production.yaml: aws:allowedAccountIds is missing"


def test_a_file_that_is_missing_is_named(run: Run, tmp_path: Path) -> None:
    assert refusal(run, tmp_path, {}) == "Pulumi.production.yaml: aws:allowedAccountIds is missing"


def test_without_a_folder_the_key_is_named(run: Run) -> None:
    with pytest.raises(InvalidValue, match=r"^aws:allowedAccountIds is missing"):
        run(config={})


def test_a_refused_export_of_another_stack_names_the_line_of_the_grant(run: Run, tmp_path: Path) -> None:
    text = """\
config:
  aws:allowedAccountIds: ["111111111111"]
  cross-account-access:groups:
    - name: Developers
      allow:
        - production/UpdateApp
        - production/UpdateApps
"""
    (tmp_path / "Pulumi.development.yaml").write_text(text)
    arn = "arn:aws:iam::999999999999:role/UpdateApp"
    with pytest.raises(InvalidValue) as refused:
        run(
            stack="development",
            config=yaml.safe_load(text)["config"],
            stacks={f"organization/{PROJECT}/production": {"roleArns": {"UpdateApp": arn}}},
            folder=tmp_path,
        )
    assert str(refused.value).startswith(
        f"Pulumi.development.yaml:7: {PROJECT}:groups[0].allow[1]: 'production/UpdateApps' is not allowed; stack"
    )
