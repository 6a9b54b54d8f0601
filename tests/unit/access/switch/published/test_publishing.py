"""Publish a team's list of roles from a project's folder, and link it."""

import json
from pathlib import Path
from typing import Any

import pytest

from access.__main__ import main
from access.errors import AccessError
from access.switch.published import Published, PublishedRole, link, read_published, write_published
from tests.support.role_list import ARN, AUDIT, PUBLISHED, UPDATE_APP, linked

OUTPUTS: dict[str, dict[str, Any]] = {
    "production": {
        "contractVersion": 1,
        "roleArns": {"UpdateApp": ARN, "Audit": AUDIT},
        "roleOptions": {
            "UpdateApp": {"trustedAccountId": "111111111111", "expiresAt": "2099-01-01T00:00:00Z"},
            "Audit": {
                "trustedAccountIds": ["111111111111", "333333333333"],
                "requireMfa": True,
                "sessionTags": {"team": ["a", "b"], "cost": "[secret]"},
            },
        },
        "externalIds": {"Audit": "[secret]", "UpdateApp": "an-external-id"},
    },
    "development": {
        "contractVersion": 1,
        "assumableRoles": {"Developers": {"allow": [ARN], "deny": []}},
        "permissionSets": {"Dev": {"allow": [], "deny": [ARN]}},
        "granteeRoles": "[secret]",
    },
}
STACK_FILE = 'config:\n  aws:region: us-east-1\n  aws:allowedAccountIds: ["{}"]\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project's folder, and a Pulumi that prints the outputs and fails for secrets."""
    folder, pulumi = tmp_path / "project", tmp_path / "bin" / "pulumi"
    for made in (folder, pulumi.parent):
        made.mkdir()
    pulumi.write_text('#!/bin/sh\ncase "$*" in *secrets*) exit 3;; esac\ncat "${0%/*}/$5"\n')
    pulumi.chmod(0o755)
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (folder / "__main__.py").touch()
    for stack, account in (("production", "999999999999"), ("development", "111111111111")):
        (pulumi.parent / stack).write_text(json.dumps(OUTPUTS[stack]))
        (folder / f"Pulumi.{stack}.yaml").write_text(STACK_FILE.format(account))
    monkeypatch.setenv("PATH", f"{pulumi.parent}:/usr/bin:/bin")
    monkeypatch.chdir(folder)
    return folder


class TestPublish:
    def test_all_stacks_of_a_folder(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["publish", "roles of us.json"]) == 0
        last = capsys.readouterr().out.splitlines()[-1]
        assert last == f"access roles --from '{project}/roles of us.json'"
        text = (project / "roles of us.json").read_text()
        assert json.loads(text) == {
            "version": 1,
            "roles": [
                {
                    "name": "production/UpdateApp",
                    "arn": ARN,
                    "trusts": ["111111111111"],
                    "requires_external_id": True,
                    "expires_at": "2099-01-01T00:00:00Z",
                },
                {
                    "name": "production/Audit",
                    "arn": AUDIT,
                    "trusts": ["111111111111", "333333333333"],
                    "requires_mfa": True,
                    "requires_external_id": True,
                    "session_tags": {"team": ["a", "b"]},
                },
            ],
            "grantees": [
                {"kind": "group", "name": "Developers", "account": "111111111111", "allow": [ARN]},
                {"kind": "permission set", "name": "Dev", "account": "111111111111", "deny": [ARN]},
            ],
        }

    def test_no_secrets(self, project: Path) -> None:
        assert main(["publish", "roles.json"]) == 0
        text = (project / "roles.json").read_text()
        assert "an-external-id" not in text
        assert "[secret]" not in text

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            (["roles.json", "development"], "these stacks have no role to publish"),
            (["roles.json", "staging"], "the outputs of stack 'staging' can't be read"),
            (["missing/roles.json"], "missing/roles.json can't be written: No such file or directory"),
        ],
    )
    def test_publish_errors(
        self, project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
    ) -> None:
        assert main(["publish", *arguments]) == 1
        assert expected in capsys.readouterr().err
        assert not (project / "roles.json").exists()

    def test_outside_a_project(
        self, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.chdir(project.parent)
        assert main(["publish", "roles.json"]) == 1
        assert "there is no Pulumi.yaml here" in capsys.readouterr().err
        assert main(["publish", "roles.json", "production", "development"]) == 0
        assert all("account" not in it for it in json.loads(Path("roles.json").read_text())["grantees"])


class TestLink:
    def test_link_and_read(self, home: Path) -> None:
        made = linked(home)
        assert link(home / "roles.json") == made
        assert made.readlink() == home / "roles.json"
        assert read_published().role("production/UpdateApp") == read_published().role(ARN) == UPDATE_APP
        write_published(home / "roles.json", Published([UPDATE_APP]))
        assert read_published() == Published([UPDATE_APP], [])  # the current content

    def test_a_relative_path(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write_published(home / "roles.json", PUBLISHED)
        monkeypatch.chdir(home)
        assert link(Path("roles.json")).readlink() == home / "roles.json"

    def test_several_teams(self, home: Path) -> None:
        linked(home)
        write_published(home / "others.json", Published([PublishedRole("other/X", AUDIT)]))
        link(home / "others.json")
        assert [role.name for role in read_published().roles] == ["other/X", "production/UpdateApp", "production/Audit"]

    def test_a_name_that_is_taken(self, home: Path) -> None:
        made = linked(home)
        (home / "more").mkdir()
        write_published(home / "more" / "roles.json", PUBLISHED)
        with pytest.raises(AccessError, match=f"^{made} already leads to another file; remove it first"):
            link(home / "more" / "roles.json")
        assert made.readlink() == home / "roles.json"

    def test_without_a_home(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write_published(home / "roles.json", PUBLISHED)
        monkeypatch.setattr("pathlib.Path.home", lambda: (_ for _ in ()).throw(RuntimeError))
        with pytest.raises(AccessError, match=r"there is no home folder for the link to .*; set ACCESS_ROLES="):
            link(home / "roles.json")
        assert read_published() == Published([], [])
        monkeypatch.setenv("ACCESS_ROLES", str(home / "roles.json"))
        assert read_published().role(ARN) == UPDATE_APP
