"""Tests of state in an S3 bucket: the policy of ``access state-policy`` is sufficient, and each right is needed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.conftest import Sandbox
from tests.sandbox.state_bucket import ACCOUNTS, ARN, BUCKET, FOLDER, PROJECT, Cli, StateBucket, rights, without

STATE_KEYS = {stack: f"stacks/{PROJECT}/{stack}.json" for stack in ACCOUNTS}
LOCK = {"pid": 4711, "username": "somebody", "hostname": "laptop", "timestamp": "2026-01-01T00:00:00Z"}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Yield a sandbox without deployed stacks."""
    made = Sandbox(tmp_path_factory.mktemp("state"))
    yield made
    made.emulator.stop()


@pytest.fixture(scope="module")
def bucket(sandbox: Sandbox) -> StateBucket:
    return StateBucket(sandbox)


# Both stacks, with the real program.


@pytest.fixture(scope="module")
def deployed(sandbox: Sandbox, bucket: StateBucket) -> Cli:
    """Deploy both stacks from nothing, as docs/state.md describes."""
    cli = bucket.cli(whole=True)
    for stack in ACCOUNTS:
        cli.init(stack)
        cli.up(stack)
    return cli


def test_both_stacks_are_deployed_and_a_missing_right_is_noticed(deployed: Cli, bucket: StateBucket) -> None:
    for stack, key in STATE_KEYS.items():
        assert bucket.keys(key) == [key, f"{key}.bak"], stack
    assert bucket.keys("locks/") == []
    read = next(right for right in rights(bucket.policy()) if right[0] == "Read2Development")
    bucket.put(without(bucket.policy(), *read))
    assert denied(deployed.refused("development", "preview"))
    layout = next(item for item in rights(bucket.policy()) if item[0] == "ReadLayout")
    bucket.put(without(bucket.policy(), *layout))
    said = deployed.refused("production", "stack", "output")
    assert 'read ".pulumi/meta.yaml"' in said
    assert denied(said)
    bucket.put(bucket.policy())
    deployed.done("development", "preview", "--expect-no-changes")


@pytest.mark.usefixtures("deployed")
def test_no_keeper_writes_another_stacks_state(bucket: StateBucket) -> None:
    for stack, other in (("production", "development"), ("development", "production")):
        theirs, session = f"{FOLDER}/{STATE_KEYS[other]}", bucket.keeper(stack)
        for key in (theirs, f"{FOLDER}/locks/organization/{PROJECT}/{other}/mine.json", f"{FOLDER}/meta.yaml"):
            with pytest.raises(ClientError, match="AccessDenied"):
                session.s3.put_object(Bucket=BUCKET, Key=key, Body=b"")
            with pytest.raises(ClientError, match="AccessDenied"):
                session.s3.delete_object(Bucket=BUCKET, Key=key)
        with pytest.raises(ClientError, match="AccessDenied"):
            session.s3.list_objects_v2(Bucket=BUCKET, Prefix=FOLDER)
    bucket.keeper("development").s3.get_object(Bucket=BUCKET, Key=f"{FOLDER}/{STATE_KEYS['production']}")
    with pytest.raises(ClientError, match="AccessDenied"):
        bucket.keeper("production").s3.get_object(Bucket=BUCKET, Key=f"{FOLDER}/{STATE_KEYS['development']}")
    assert bucket.keys("stacks/") == [key for stack in sorted(ACCOUNTS) for key in bucket.keys(STATE_KEYS[stack])]


def test_state_is_read_with_the_profile_in_the_url(deployed: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    with_profile = Cli.environment
    deployed.done("production", "stack", "output")
    with monkeypatch.context() as patch:
        patch.setattr(
            Cli,
            "environment",
            lambda cli, stack: {
                **with_profile(cli, stack),
                "PULUMI_BACKEND_URL": f"s3://{BUCKET}?region=us-east-1&use_path_style=true",
            },
        )
        assert "is not authorized to perform: s3:GetObject" in deployed.refused("production", "stack", "output")


# Without one right, with a small program.


@dataclass(frozen=True)
class Right:
    """A right of the policy, and the command that fails without it."""

    statement: str
    action: str
    target: str
    command: tuple[str, ...]
    stack: str = "production"
    stays: str = ""
    """The prefix of the keys that the command silently fails to delete."""
    missing: str = ""
    """The prefix of the keys that the command silently fails to write."""
    gone: str = ""
    """The key that is deleted first."""
    says: str = ""
    """The reason for which the command fails even with the right."""

    def __str__(self) -> str:
        return f"{self.statement} {self.action.removeprefix('s3:')} {self.target.replace(f'{PROJECT}/', '')}"


STATE, TAGS = STATE_KEYS["production"], f"stacks/{PROJECT}/production.pulumi-tags"
HISTORY, LOCKS, BACKUPS = (f"{item}/{PROJECT}/production/" for item in ("history", "locks/organization", "backups"))
UP, RM, TAG = ("up", "--skip-preview"), ("stack", "rm", "--yes", "--force"), ("stack", "tag")
RIGHTS = [
    Right("ReadLayout", "s3:GetObject", "meta.yaml", ("stack", "output")),
    Right("Keep", "s3:GetObject", STATE, ("stack", "output")),
    Right("Keep", "s3:PutObject", STATE, UP),
    Right("Keep", "s3:DeleteObject", STATE, RM, stays=f"{STATE}"),
    Right("Keep", "s3:GetObject", TAGS, ("preview",)),
    Right("Keep", "s3:PutObject", TAGS, (*TAG, "set", "team", "b")),
    Right("Keep", "s3:DeleteObject", TAGS, (*TAG, "rm", "team")),
    Right("Keep", "s3:GetObject", f"{HISTORY}*", ("stack", "history")),
    Right("Keep", "s3:PutObject", f"{HISTORY}*", UP),
    Right("Keep", "s3:DeleteObject", f"{HISTORY}*", RM, stays=HISTORY),
    Right("Keep", "s3:GetObject", f"{LOCKS}*", ("cancel",)),
    Right("Keep", "s3:PutObject", f"{LOCKS}*", UP),
    Right("Keep", "s3:DeleteObject", f"{LOCKS}*", ("cancel",)),
    Right("BackUp", "s3:PutObject", f"{STATE}.bak", UP, missing=f"{STATE}.bak"),
    Right("BackUp", "s3:PutObject", f"{BACKUPS}*", UP),
    Right("List", "s3:ListBucket", STATE, ("stack", "select", "--create"), gone=STATE),
    Right("List", "s3:ListBucket", TAGS, ("preview",), gone=TAGS),
    Right("List", "s3:ListBucket", HISTORY, ("stack", "history")),
    Right("List", "s3:ListBucket", LOCKS, UP),
    Right("Read", "s3:GetObject", STATE, ("preview",), stack="development"),
    Right("List", "s3:ListBucket", STATE, ("preview",), stack="development", gone=STATE, says="unknown stack"),
]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StateBucket, Cli]]:
    """Yield a bucket and both stacks, with a small program."""
    made = Sandbox(tmp_path_factory.mktemp("small"))
    bucket = StateBucket(made)
    cli = bucket.cli()
    for stack in ACCOUNTS:
        cli.init(stack)
        cli.up(stack)
    cli.done("production", *TAG, "set", "team", "a")
    yield bucket, cli
    made.emulator.stop()


@pytest.fixture(scope="module")
def first(small: tuple[StateBucket, Cli]) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return all objects in the bucket, and the stacks' files."""
    bucket, cli = small
    objects = {
        key: bucket.s3.get_object(Bucket=BUCKET, Key=f"{FOLDER}/{key}")["Body"].read() for key in bucket.keys("")
    }
    return objects, {stack: cli.file(stack).read_text() for stack in ACCOUNTS}


@pytest.fixture
def fresh(small: tuple[StateBucket, Cli], first: tuple[dict[str, bytes], dict[str, str]]) -> tuple[StateBucket, Cli]:
    """Return the bucket and the files in their original state, with the whole policy."""
    (bucket, cli), (objects, files) = small, first
    bucket.put(bucket.policy())
    for key in set(bucket.keys("")) - objects.keys():
        bucket.remove(key)
    for key, body in objects.items():
        bucket.write(key, body)
    for stack, text in files.items():
        cli.file(stack).write_text(text)
    return bucket, cli


@pytest.mark.every_right
@pytest.mark.parametrize("right", RIGHTS, ids=str)
def test_a_command_fails_without_a_right_and_succeeds_with_it(fresh: tuple[StateBucket, Cli], right: Right) -> None:
    bucket, cli = fresh
    if right.command == ("cancel",):
        bucket.write(f"{LOCKS}stuck.json", json.dumps(LOCK).encode())
    for key in bucket.keys(right.missing) if right.missing else [right.gone] if right.gone else []:
        bucket.remove(key)
    bucket.put(without(bucket.policy(), *found(bucket, right)))
    if right.stays or right.missing:
        cli.done(right.stack, *right.command)
        assert bool(bucket.keys(right.stays or right.missing)) == bool(right.stays)
        return
    assert denied(cli.refused(right.stack, *right.command))
    bucket.put(bucket.policy())
    if right.says:
        assert right.says in cli.refused(right.stack, *right.command)
        return
    cli.run(right.stack, "cancel")  # a failed write may have left a lock
    if right.command == ("cancel",):
        assert bucket.keys(LOCKS) == []
    cli.done(right.stack, *right.command)


def found(bucket: StateBucket, right: Right) -> tuple[str, str, str]:
    """Return a right as it is in the policy."""
    number = list(ACCOUNTS).index(right.stack) + 1
    sid = right.statement if right.statement == "ReadLayout" else f"{right.statement}{number}{right.stack.capitalize()}"
    prefix = f"{FOLDER}/" if right.statement == "List" else f"{ARN}/{FOLDER}/"
    exact = (sid, right.action, f"{prefix}{right.target}")
    assert exact in rights(bucket.policy())
    return exact


def denied(output: str) -> bool:
    """Return ``True`` if S3 has refused a call; the answer to a HEAD has no other message."""
    return "AccessDenied" in output or "Forbidden" in output


def test_every_right_of_the_policy_is_tested(bucket: StateBucket) -> None:
    """Test that all rights of Production are covered, and those of Development that differ in more than the name."""
    wanted = {
        item
        for item in rights(bucket.policy())
        if "Production" in item[0] or "production" in item[2] or "meta" in item[2]
    }
    assert {found(bucket, right) for right in RIGHTS} == wanted


# The bucket's account.


@pytest.mark.every_right
@pytest.mark.parametrize(
    ("statement", "action", "stack"),
    [
        ("OnlyOwn999999999999", "put_object", "development"),
        ("OnlyOwn999999999999", "get_object", "development"),
        ("OnlyOwn999999999999", "delete_object", "development"),
        ("ReadOnly111111111111", "put_object", "production"),
        ("ReadOnly111111111111", "delete_object", "production"),
    ],
)
def test_the_denials_keep_out_administrators_of_the_buckets_account(
    sandbox: Sandbox, statement: str, action: str, stack: str
) -> None:
    owner = statement[-12:]
    bucket = StateBucket(sandbox, owner, f"acme-state-of-{owner}")
    key = f"{FOLDER}/{STATE_KEYS[stack]}"
    bucket.s3.delete_bucket_policy(Bucket=bucket.name)
    bucket.write(STATE_KEYS[stack], b"{}")
    bucket.put(bucket.policy())
    administrator = sandbox.accounts.make_administrator(owner)
    with sandbox.accounts.signed_in(administrator) as session:
        call = getattr(session.s3, action)
        with pytest.raises(ClientError, match="AccessDenied"):
            call(Bucket=bucket.name, Key=key)
        policy = bucket.policy()
        bucket.put({**policy, "Statement": [item for item in policy["Statement"] if item["Sid"] != statement]})
        call(Bucket=bucket.name, Key=key)
    bucket.delete()


# Repairs, as in docs/state.md.


@pytest.mark.every_right
def test_a_stuck_lock_is_named_and_cancelled_by_the_keeper(fresh: tuple[StateBucket, Cli]) -> None:
    bucket, cli = fresh
    bucket.write(f"{LOCKS}stuck.json", json.dumps(LOCK).encode())
    output = cli.refused("production", *UP)
    assert "the stack is currently locked by 1 lock(s)" in output
    assert "somebody@laptop (pid 4711)" in output
    cli.done("development", "preview")  # it only reads
    assert denied(cli.refused("development", "cancel", "--stack", f"organization/{PROJECT}/production"))
    cli.done("production", "cancel")
    assert bucket.keys(LOCKS) == []
    cli.done("production", *UP)


@pytest.mark.every_right
def test_an_earlier_version_of_the_state_is_restored(fresh: tuple[StateBucket, Cli]) -> None:
    """Test the restore by the state's account, from the bucket's versions."""
    bucket, cli = fresh
    key, before = f"{FOLDER}/{STATE}", cli.done("production", "stack", "output", "--json").lines
    listed = bucket.s3.list_object_versions(Bucket=BUCKET, Prefix=key)["Versions"]
    version = next(item["VersionId"] for item in listed if item["Key"] == key and item["IsLatest"])
    bucket.write(STATE, b"half of a sta")
    cli.refused("production", "stack", "output")
    bucket.s3.copy_object(Bucket=BUCKET, Key=key, CopySource=f"{BUCKET}/{key}?versionId={version}")
    assert cli.done("production", "stack", "output", "--json").lines == before
    cli.done("production", "preview", "--expect-no-changes")


@pytest.mark.every_right
def test_an_earlier_update_is_restored_from_the_history(fresh: tuple[StateBucket, Cli], tmp_path: Path) -> None:
    """Test the restore by the state's keeper."""
    bucket, cli = fresh
    name = next(key for key in bucket.keys(HISTORY) if key.endswith(".checkpoint.json"))
    body = bucket.keeper("production").s3.get_object(Bucket=BUCKET, Key=f"{FOLDER}/{name}")["Body"].read()
    kept = json.loads(body)
    file = tmp_path / "state.json"
    file.write_text(json.dumps({"version": kept["version"], "deployment": kept["checkpoint"]["latest"]}))
    empty = {"version": 3, "deployment": {"manifest": kept["checkpoint"]["latest"]["manifest"]}}
    (tmp_path / "empty.json").write_text(json.dumps(empty))
    cli.done("production", "stack", "import", "--file", str(tmp_path / "empty.json"))
    assert cli.done("production", "stack", "output", "--json").lines == ("{}",)
    cli.done("production", "stack", "import", "--file", str(file))
    assert "UpdateApp" in "".join(cli.done("production", "stack", "output", "--json").lines)


@pytest.mark.every_right
def test_both_stacks_need_the_same_passphrase(fresh: tuple[StateBucket, Cli], monkeypatch: pytest.MonkeyPatch) -> None:
    _, cli = fresh
    environment = Cli.environment
    monkeypatch.setattr(
        Cli, "environment", lambda cli, stack: {**environment(cli, stack), "PULUMI_CONFIG_PASSPHRASE": "another"}
    )
    assert "incorrect passphrase" in cli.refused("development", "preview")
