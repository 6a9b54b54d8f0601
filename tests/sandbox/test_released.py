"""Tests that stacks deployed by the released version 0.1.0 are updated in place.

``data/released-….json`` have the state of that version in the sandbox (commit ec1b990): the tutorial's stacks, with
``members: [alice]`` on Developers. Physical names, ids and AWS's resources are the same as those of a deployment today.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.sandbox.conftest import Sandbox

DATA = Path(__file__).parent / "data"


def with_members(sandbox: Sandbox) -> None:
    """Add the members to the generated stack file."""
    file = sandbox.layout.project("cross-account-access") / "Pulumi.development.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["config"]["cross-account-access:groups"][0]["members"] = ["alice"]
    file.write_text(yaml.safe_dump(settings))


def steps(sandbox: Sandbox, stack: str) -> dict[str, str]:
    """Return the engine's operation on each changed resource of the last run, by type and name."""
    events = (sandbox.layout.directory / f"cross-account-access.{stack}.events").read_text().splitlines()
    metadata: list[Any] = [json.loads(line).get("resourcePreEvent", {}).get("metadata") for line in events]
    return {item["urn"].split("::", 2)[2]: item["op"] for item in metadata if item and item["op"] != "same"}


@pytest.mark.parametrize("stack", ["production", "development"])
def test_a_released_stack_is_updated_in_place(sandbox: Sandbox, stack: str, tmp_path: Path) -> None:
    sandbox.accounts.administrator("111111111111").iam.create_user(UserName="alice")
    for name in ("production", "development"):
        sandbox.engine.prepare(name, print)
        if name == "development":
            with_members(sandbox)
        sandbox.engine.up(name, print)
    exported = sandbox.engine.run(stack, "stack", "export")
    state = json.loads("\n".join(exported.lines))
    state["deployment"]["resources"] = json.loads((DATA / f"released-{stack}.json").read_text())["resources"]
    file = tmp_path / "released.json"
    file.write_text(json.dumps(state))
    assert sandbox.engine.run(stack, "stack", "import", "--file", str(file)).exit_code == 0

    sandbox.engine.up(stack, print)

    done = steps(sandbox, stack)
    assert {what: op for what, op in done.items() if "aws:" in what and op not in ("update", "read")} == {}
    expected = {"cross-account-access:index:GroupMembers::Developers-members"} if stack == "development" else set()
    assert {what for what, op in done.items() if op == "create"} == expected
    assert not sandbox.engine.up(stack, print).changed
