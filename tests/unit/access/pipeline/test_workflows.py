"""The rules of every workflow: its rights, and whose code it runs."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.support.workflows import NAMES, read

WORKFLOWS: Mapping[str, dict[Any, Any]] = {name: read(name) for name in NAMES}
JOBS = {(name, job): content for name, workflow in WORKFLOWS.items() for job, content in workflow["jobs"].items()}
STEPS = [(*key, step) for key, job in JOBS.items() for step in job["steps"]]

ON = {
    "access": "pull_request",
    "deploy": {"push": {"branches": ["main"]}},
    "drift": {"schedule": [{"cron": "17 4 * * *"}], "workflow_dispatch": None},
    "preview": "pull_request",
    "prove": "pull_request",
}
"""The allowed events: never pull_request_target or workflow_run, which give a change the rights of the base."""
READ = {"contents": "read"}
SIGNED_IN = {**READ, "id-token": "write"}
PERMISSIONS = {
    ("access", "changes"): READ,
    ("access", "comment"): {**READ, "pull-requests": "write"},
    ("preview", "stacks"): READ,
    ("preview", "preview"): SIGNED_IN,
    ("prove", "prove"): READ,
    ("deploy", "stacks"): READ,
    ("deploy", "deploy"): SIGNED_IN,
    ("deploy", "prove"): SIGNED_IN,
    ("drift", "stacks"): READ,
    ("drift", "refresh"): SIGNED_IN,
    ("drift", "accounts"): SIGNED_IN,
    ("drift", "issue"): {**READ, "issues": "write"},
}
ENVIRONMENTS = {("preview", "preview"): "preview", ("deploy", "deploy"): "${{ matrix.stack }}"}
TOKENS = {("access", "Write the comment"), ("drift", "Open, update or close the issue")}
ACTIONS = {
    "actions/checkout": "3d3c42e5aac5ba805825da76410c181273ba90b1",
    "actions/setup-python": "5fda3b95a4ea91299a34e894583c3862153e4b97",
    "actions/upload-artifact": "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f",
    "actions/download-artifact": "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c",
    "pulumi/actions": "8e5e406f4007fca908480587cb9893c07090f58d",
}


def test_each_runs_when_it_should_with_the_least_rights() -> None:
    # YAML 1.1 reads `on` as a boolean
    assert {name: workflow[True] for name, workflow in WORKFLOWS.items()} == ON
    assert all(workflow["permissions"] == {} for workflow in WORKFLOWS.values())
    assert {key: job["permissions"] for key, job in JOBS.items()} == PERMISSIONS
    assert {key: job["environment"] for key, job in JOBS.items() if "environment" in job} == ENVIRONMENTS
    assert all(job["timeout-minutes"] <= 45 for job in JOBS.values())  # a session lasts an hour


def test_a_newer_run_cancels_only_runs_that_read() -> None:
    cut_off = {name: workflow["concurrency"]["cancel-in-progress"] for name, workflow in WORKFLOWS.items()}
    assert cut_off == {"access": True, "deploy": False, "drift": True, "preview": True, "prove": True}


@pytest.mark.parametrize(("workflow", "job", "step"), STEPS, ids=[f"{a} {b} {c['name']}" for a, b, c in STEPS])
def test_a_step_is_an_action_of_a_known_commit_or_a_command_of_ours(
    workflow: str, job: str, step: dict[str, Any]
) -> None:
    if "uses" in step:
        action, _, commit = step["uses"].partition("@")
        assert ACTIONS[action] == commit
        if action == "actions/checkout":
            assert step["with"]["persist-credentials"] is False
        if action == "pulumi/actions":
            assert step["with"] == {"pulumi-version": "3.259.0"}
    else:
        assert re.match(r"make |(\.venv/bin/python|python3) -m access |pulumi (preview|up|refresh) ", step["run"])
        assert "${{" not in step["run"]  # the shell would read what GitHub fills in
        assert not re.search(r"[;&`]|\$\(", step["run"])
    assert ("GITHUB_TOKEN" in step.get("env", {})) == ((workflow, step["name"]) in TOKENS)


def values(content: object) -> Iterator[str]:
    if isinstance(content, dict):
        for value in content.values():
            yield from values(value)
    elif isinstance(content, list):
        for value in content:
            yield from values(value)
    else:
        yield str(content)


def test_there_are_no_stored_secrets() -> None:
    for workflow in WORKFLOWS.values():
        assert not [value for value in values(workflow) if "secrets." in value]


def test_without_a_state_backend_no_account_is_used() -> None:
    for (workflow, name), job in JOBS.items():
        if job["permissions"] == SIGNED_IN:
            assert "stacks" in job["needs"], name
            assert "vars.PULUMI_BACKEND_URL != ''" in JOBS[workflow, "stacks"]["if"]


def test_forks_run_no_job_that_needs_a_session() -> None:
    own = "github.event.pull_request.head.repo.full_name == github.repository"
    for (workflow, name), job in JOBS.items():
        if ON[workflow] == "pull_request" and job["permissions"] != READ:
            assert own in job["if"], name


def test_stacks_are_deployed_one_after_the_other_until_one_fails() -> None:
    strategy = JOBS["deploy", "deploy"]["strategy"]
    assert (strategy["max-parallel"], strategy["fail-fast"]) == (1, True)
    assert JOBS["deploy", "prove"]["needs"] == ["stacks", "deploy"]


def test_the_checked_plan_is_deployed() -> None:
    names = [step["name"] for step in JOBS["deploy", "deploy"]["steps"]]
    assert names[-3:] == [
        "Plan",
        "Refuse documents that are not the reviewed ones",
        "Deploy the plan, and nothing else",
    ]
    plan, _, deploy = JOBS["deploy", "deploy"]["steps"][-3:]
    assert '--save-plan "$RUNNER_TEMP/plan.json"' in plan["run"]
    assert '--plan "$RUNNER_TEMP/plan.json"' in deploy["run"]
    assert not deploy.get("if")  # a failed step before it stops it


def test_a_preview_does_not_change_the_state() -> None:
    for _, _, step in STEPS:
        if "pulumi preview" in step.get("run", ""):
            assert "--refresh" not in step["run"]
        if "pulumi refresh" in step.get("run", ""):
            assert "--preview-only --expect-no-changes" in step["run"]
