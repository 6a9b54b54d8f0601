"""The stacks that a workflow lists, those that wait, and a stale ACCESS.md."""

import json
import re
from pathlib import Path
from typing import Any

from tests.support.repositories import git
from tests.support.workflows import Runner, listed, read


def merge(folder: Path, change: Any) -> None:  # noqa: ANN401 (a function)
    """Check out a change of the stack files, merged into main as GitHub does for its checks."""
    git(folder, "switch", "-q", "-c", "feature")
    for stack in ("production", "development"):
        file = folder / f"Pulumi.{stack}.yaml"
        file.write_text(change(stack, file.read_text()))
    git(folder, "commit", "-q", "-a", "-m", "Change")
    git(folder, "switch", "-q", "--detach", "main")
    git(folder, "merge", "-q", "--no-ff", "-m", "$(touch stolen)", "feature")


def role_and_grant(stack: str, text: str) -> str:
    """Return a production file with a new role, or a development file with its grant to Testers."""
    if stack == "production":
        return text + '    - name: Reader\n      bucket: productionlogs\n      trustedAccountId: "111111111111"\n'
    return text + "      allow: [production/Reader]\n"


def test_a_grant_of_a_role_of_the_same_pull_request_waits_and_is_green(runner: Runner) -> None:
    merge(runner.folder, role_and_grant)
    runner.environment["GITHUB_SHA"] = git(runner.folder, "rev-parse", "HEAD")
    assert listed(runner, "preview") == ["production"]
    assert runner.said("output")["names"] == "production development"
    summary = (runner.folder / "temporary" / "summary.md").read_text()
    assert re.search(
        r"development \| 111111111111 \| `[0-9a-f]{64}` \| waits for production/Reader of the same", summary
    )
    assert not list(runner.folder.rglob("stolen"))


def test_once_it_is_merged_nothing_waits(runner: Runner) -> None:
    merge(runner.folder, role_and_grant)
    assert listed(runner, "deploy") == ["production", "development"]
    git(runner.folder, "commit", "-q", "--allow-empty", "-m", "Next")
    runner.environment["GITHUB_SHA"] = git(runner.folder, "rev-parse", "HEAD")
    assert listed(runner, "preview") == ["production", "development"]


def test_stacks_are_in_the_order_of_references_and_no_workflow_names_them(runner: Runner) -> None:
    file = runner.folder / "Pulumi.archive.yaml"  # its name comes first in the alphabet
    file.write_text(
        'config:\n  aws:region: us-east-1\n  aws:allowedAccountIds: ["333333333333"]\n'
        "  cross-account-access:groups:\n    - name: Archivists\n      allow: [production/UpdateApp]\n"
    )
    assert listed(runner, "drift") == ["production", "archive", "development"]
    for name in ("preview", "prove", "deploy", "drift"):
        assert "production" not in json.dumps(list(read(name)["jobs"].values()))


def test_the_hash_changes_with_the_documents_only(runner: Runner) -> None:
    def hashes() -> dict[str, str]:
        listed(runner, "deploy")
        rows = json.loads(runner.said("output")["matrix"])["include"]
        return {row["stack"]: row["documents"] for row in rows}

    before = hashes()
    file = runner.folder / "Pulumi.development.yaml"
    file.write_text("# A comment\n" + file.read_text())
    assert hashes() == before
    file.write_text(file.read_text().replace("      deny:", "      allow:"))
    after = hashes()
    assert (after["production"], after["development"] != before["development"]) == (before["production"], True)


def test_a_stale_access_md_is_not_deployed(runner: Runner) -> None:
    step = "Check that ACCESS.md, which people review, is not stale"
    assert runner.run("deploy", "stacks", step).returncode == 0
    merge(runner.folder, lambda _, text: text.replace("      deny:", "      allow:"))
    assert runner.run("deploy", "stacks", step).returncode == 1
