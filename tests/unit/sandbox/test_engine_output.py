"""Tests of the engine's output: each error is reported once, in one line, with the commands that resolve it."""

import json
from pathlib import Path

import pytest

from sandbox.command_line import parse, with_same_options
from sandbox.engine_output import EngineError, ProgressFilter, read_changes, read_errors
from sandbox.refusals import Failure, one_line

URN = "urn:pulumi:prod::acme::"
COMPONENT = f"{URN}cross-account-access:index:ApplicationBucket::live"
BUCKET = f"{URN}cross-account-access:index:ApplicationBucket$aws:s3/bucket:Bucket::live-bucket"
ROLE = f"{URN}cross-account-access:index:ReadWriteBucketRole$aws:iam/role:Role::Update-role"
GROUP = f"{URN}aws:iam/group:Group::Developers"
PARENTS = {
    COMPONENT: f"{URN}pulumi:pulumi:Stack::acme-prod",
    BUCKET: COMPONENT,
    f"{URN}cross-account-access:index:ReadWriteBucketRole::Update": f"{URN}pulumi:pulumi:Stack::acme-prod",
}
COMMAND = "python -m sandbox pulumi prod --"


def in_one_line(*errors: EngineError) -> str:
    """Return the message that the user sees."""
    text = one_line(Failure("prod", errors, PARENTS, "acme.prod.log"))
    assert "\n" not in text
    return text


def aws(urn: str, operation: str, code: str, message: str) -> EngineError:
    return EngineError(
        f"creating {urn}: operation {operation}: {code}: {message} (status code 409, request id x-1)", urn
    )


PROTECTED = (
    'resource "{}" cannot be deleted\nbecause it is protected. To unprotect the resource, either remove `protect`'
)


@pytest.mark.parametrize(
    "errors",
    [
        [EngineError(PROTECTED.format(BUCKET), BUCKET)],
        [EngineError(PROTECTED.format(BUCKET))],
        [EngineError("something else", ROLE), EngineError(PROTECTED.format(COMPONENT), COMPONENT)],
    ],
)
def test_a_protected_bucket_is_reported_with_the_commands_that_keep_or_delete_it(errors: list[EngineError]) -> None:
    message = in_one_line(*errors)
    assert message.startswith("bucket live is protected and would be deleted: put it back into the file; or ")
    assert f"{COMMAND} state delete --force --target-dependents {COMPONENT}" in message
    assert message.endswith(f"{COMMAND} state unprotect --all")


def test_another_protected_resource_is_named() -> None:
    assert in_one_line(EngineError(PROTECTED.format(ROLE), ROLE)) == (
        f"role Update-role is protected and would be deleted: put it back; or let the next run delete it: {COMMAND}"
        f" state unprotect '{ROLE}'"
    )


def test_a_resource_that_is_only_read_is_deleted_from_the_state_before_its_import() -> None:
    error = aws(GROUP, "CreateGroup", "EntityAlreadyExists", "Group with name Developers already exists.")
    stack = f"{URN}pulumi:pulumi:Stack::acme-prod"
    assert one_line(Failure("prod", [error], {**PARENTS, GROUP: stack}, "acme.prod.log")).endswith(
        f"import it: {COMMAND} state delete {GROUP}; then"
        f" {COMMAND} import aws:iam/group:Group Developers Developers --protect=false"
    )


def test_an_existing_resource_is_imported_or_managed_elsewhere() -> None:
    role = in_one_line(aws(ROLE, "CreateRole", "EntityAlreadyExists", "Role with name Update already exists."))
    assert role.endswith(
        f"{COMMAND} import aws:iam/role:Role Update-role Update --protect=false --parent"
        f" parent={URN}cross-account-access:index:ReadWriteBucketRole::Update"
    )
    group = in_one_line(aws(GROUP, "CreateGroup", "EntityAlreadyExists", "Group with name Developers already exists."))
    assert "write createGroup: false" in group
    assert group.endswith(f"{COMMAND} import aws:iam/group:Group Developers Developers --protect=false")
    bucket = in_one_line(
        aws(BUCKET, "CreateBucket", "BucketAlreadyExists", "The requested bucket name is not available")
    )
    assert "write createBucket: false" in bucket
    assert "import" not in bucket


def test_other_errors_after_edits_say_what_to_do() -> None:
    members = in_one_line(
        aws(GROUP, "DeleteGroup", "DeleteConflict", "Cannot delete entity, must remove users from group.")
    )
    assert "aws iam remove-user-from-group --group-name Developers" in members
    assert members.endswith("renamedFrom: Developers")
    attached = in_one_line(
        aws(ROLE, "DeleteRole", "DeleteConflict", "Cannot delete entity, must detach all policies first.")
    )
    assert attached.startswith("role Update-role can't be deleted: something outside this stack uses it")
    assert "not empty" in in_one_line(aws(BUCKET, "DeleteBucket", "BucketNotEmpty", "The bucket is not empty"))
    gone = in_one_line(aws(ROLE, "UpdateAssumeRolePolicy", "NoSuchEntity", "Role Update not found"))
    assert gone.startswith("role Update-role: NoSuchEntity: Role Update not found; ")
    assert gone.endswith(f"{COMMAND} refresh")
    unknown = in_one_line(
        EngineError('unknown stack "organization/acme/other"', f"{URN}pulumi:pulumi:StackReference::x")
    )
    assert (
        unknown == "the stack reads the outputs of other, which is not deployed; run `python -m sandbox up other` first"
    )


@pytest.mark.parametrize(
    ("code", "cure"),
    [
        ("AccessDenied", "get the right to do it, then run it again to continue"),
        ("ExpiredToken", "sign in again, then run it again to continue"),
        ("Throttling", "wait a little, then run it again to continue"),
        ("SlowDown", "wait a little, then run it again to continue"),
        ("ServiceFailure", "run it again to continue"),
    ],
)
def test_errors_that_the_next_run_recovers_from_say_so(code: str, cure: str) -> None:
    error = aws(ROLE, "CreateRole", code, "not now")
    assert in_one_line(error) == f"role Update-role: {code}: not now; {cure}"
    assert in_one_line(error, error) == f"role Update-role: {code}: not now (1 more in acme.prod.log); {cure}"


def test_an_answer_that_is_not_from_aws_asks_for_another_run() -> None:
    page = "operation CreateRole: the answer did not come from AWS (status code 200, text/html); is there a proxy?"
    assert in_one_line(EngineError(f"creating {ROLE}: {page}", ROLE)) == (
        "role Update-role: the answer did not come from AWS (status code 200, text/html); is there a proxy?; run it"
        " again to continue"
    )


@pytest.mark.parametrize(
    ("reason", "cure"),
    [
        ("no space left on device", "free some space"),
        ("permission denied", "make it and its folder writable"),
        ("read-only file system", "make it and its folder writable"),
    ],
)
def test_a_state_file_that_can_not_be_written_is_named(reason: str, cure: str) -> None:
    file = "/home/x/.sandbox/backend/.pulumi/stacks/acme/prod.json"
    error = EngineError(f"saving snapshot: writing blob: open {file}: {reason}")
    assert in_one_line(error) == (f"{file} can't be written ({reason}); {cure}, then run it again to continue")


def test_unknown_errors_are_reported_without_request_details() -> None:
    refused = aws(ROLE, "CreateRole", "MalformedPolicyDocument", "Invalid principal\nin policy")
    assert in_one_line(refused) == "role Update-role: MalformedPolicyDocument: Invalid principal in policy"
    assert in_one_line(refused, refused) == f"{in_one_line(refused)}; 1 more in acme.prod.log"
    traceback = EngineError("Traceback (most recent call last):\n  File x\nValueError: no such thing")
    assert in_one_line(traceback) == "the program raised ValueError: no such thing; the traceback is in acme.prod.log"
    deep = EngineError("Traceback (most recent call last):\n  File x\nRecursionError: maximum recursion depth exceeded")
    assert in_one_line(deep).startswith(
        "a value is nested too deeply, in the configuration or in the outputs of a stack"
    )


def event(severity: str, message: str, urn: str = "") -> str:
    return json.dumps(
        {"diagnosticEvent": {"severity": severity, "message": message, "urn": urn}}, separators=(",", ":")
    )


def test_general_errors_are_dropped(tmp_path: Path) -> None:
    events = tmp_path / "events"
    lines = [
        event("debug", "error: not one"),
        event("error", "Preview failed: 1 error occurred:\n\t* the reason\n\n", ROLE),
        event("error", "Preview failed: the reason", ROLE),
        event("error", "preview failed\n"),
        event("error", "\n"),
        '{"summaryEvent":{"resourceChanges":{"same":1}}}',
        '{"diagnosticEvent":{"severity":"error","mess',
    ]
    events.write_text("\n".join(lines))
    assert read_errors(events, ["error: printed"])[0].message.endswith("the reason")
    assert all("preview failed" not in error.message for error in read_errors(events, []))
    assert read_changes(events) == {"same": 1}
    events.write_text(event("error", "update failed"))
    assert read_errors(events, []) == (EngineError("update failed"),)
    assert read_errors(tmp_path / "none", ["x", "error: 1 error occurred:", "    * why", ""]) == (EngineError("why"),)
    assert read_errors(tmp_path / "none", ["x"]) == ()


def test_progress_has_no_errors_and_each_warning_once() -> None:
    printed = """\
Updating (prod):

 +  aws:iam:Role Update-role creating (0s)
    pulumi:pulumi:Stack acme-prod running warning: first of it
 +  aws:iam:Role Update-role **creating failed** error: refused
    pulumi:pulumi:Stack acme-prod  1 error; 2 warnings
Diagnostics:
  pulumi:pulumi:Stack (acme-prod):
    warning: first of it
    and the rest
    error: update failed

  aws:iam:Role (Update-role):
    error: refused
    for a reason

Outputs:
    roleArn: "x"
Resources:
    1 errored
"""
    shown = ProgressFilter()
    assert [text for line in printed.splitlines() for text in shown.lines(line)] == [
        "Updating (prod):",
        "",
        " +  aws:iam:Role Update-role creating (0s)",
        "warning: first of it",
        "and the rest",
    ]
    good = ProgressFilter()
    lines = [line for line in printed.splitlines() if "error" not in line and "refused" not in line]
    assert [text for line in lines for text in good.lines(line)][-3:] == ["Outputs:", '    roleArn: "x"', "Resources:"]


def test_suggested_commands_have_the_same_options() -> None:
    text = "run `python -m sandbox up`; or python -m sandbox pulumi prod -- destroy"
    assert with_same_options(text, parse(["status"])) == text
    options = parse(["up", "--project", "my project", "--with", "../lib"])
    assert with_same_options(text, options) == (
        "run `python -m sandbox up --project 'my project' --with ../lib`; or python -m sandbox pulumi --project"
        " 'my project' --with ../lib prod -- destroy"
    )
    parsed = parse(["pulumi", "--project", "p", "prod", "--", "state", "delete", "--force", "x", "--", "y"])
    assert (parsed.stack, parsed.arguments) == ("prod", ["state", "delete", "--force", "x", "--", "y"])


@pytest.mark.parametrize("arguments", [["pulumi", "prod"], ["up", "--", "destroy"], ["pulumi", "prod", "destroy"]])
def test_pulumi_arguments_follow_two_dashes(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        parse(arguments)
