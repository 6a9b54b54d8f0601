"""Tests that confirmed changes survive a kill of the emulator."""

import itertools
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from access.credentials import Credentials
from sandbox import toolchain
from sandbox.errors import SandboxError
from sandbox.layout import REPOSITORY
from sandbox.users import User
from tests.sandbox.conftest import Sandbox

ACCOUNT = "111111111111"
EVERYBODY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}},
    }
)
ALL = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
CALLS = 800
USED = {
    "iam access_keys",
    "iam account_aliases",
    "iam account_password_policy",
    "iam credential_reports",
    "iam group_inline_policies",
    "iam groups",
    "iam instance_profiles",
    "iam login_profiles",
    "iam mfa_devices",
    "iam oidc_providers",
    "iam policies",
    "iam roles",
    "iam saml_providers",
    "iam service_linked_role_deletion_tasks",
    "iam sla_jobs",
    "iam user_inline_policies",
    "iam users",
    "s3 bucket_encryption",
    "s3 bucket_policies",
    "s3 bucket_tags",
    "s3 bucket_versioning",
    "s3 buckets",
    "sts sessions",
}
"""The stores that random calls reach."""


def saved_state(folder: Path, *arguments: str) -> dict[str, Any]:
    """Run ``random_changes.py``, and return its output."""
    variables = {
        **os.environ,
        "AUTH": "false",
        "PERSIST_STATE": "1",
        "PYTHONPATH": str(REPOSITORY),
        "S3_DATA_DIR": str(folder / "objects"),
        "S3_PERSIST": "1",
        "STATE_DIR": str(folder / "services"),
    }
    script = REPOSITORY / "tests" / "sandbox" / "random_changes.py"
    command = [str(toolchain.emulator_python(print)), "-P", str(script), *arguments]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_store_is_restored_after_random_calls(tmp_path: Path) -> None:
    used: set[str] = set()
    for seed in range(3):  # each continues from the state of the one before
        changed = saved_state(tmp_path, "make", str(seed), str(CALLS))
        used |= {*changed["used"]}
        assert saved_state(tmp_path, "show")["stores"] == changed["stores"], seed
    assert used >= USED


def test_the_state_of_an_older_sandbox_is_imported(tmp_path: Path) -> None:
    services = tmp_path / "services"
    services.mkdir()
    user = {"UserName": "Old", "Path": "/"}
    users = {"__scoped__": True, "data": {f"{ACCOUNT}\0'Old'": user}}
    (services / "iam.json").write_text(json.dumps({"__ministack_format__": 2, "payload": {"users": users}}))
    for _ in range(2):
        assert saved_state(tmp_path, "show")["stores"]["iam users"] == {f"('{ACCOUNT}', 'Old')": user}
        assert not (services / "iam.json").exists()


def kill_emulator(sandbox: Sandbox, at: Callable[[], object] = lambda: None) -> None:
    """Kill the emulator at a moment."""
    pid = sandbox.emulator.pid
    assert pid is not None
    at()
    os.kill(pid, signal.SIGKILL)
    while sandbox.emulator.pid is not None:
        pass


def test_confirmed_changes_survive_a_kill_at_any_moment(sandbox: Sandbox) -> None:
    """Test with three clients that put and delete policies until the emulator is killed."""
    iam = sandbox.accounts.administrator(ACCOUNT).iam
    clients = [Client(sandbox, f"group{number}") for number in range(3)]
    for client in clients:
        iam.create_group(GroupName=client.group)
    for changes in (5, 11, 18, 30):
        moment = threading.Barrier(1 + len(clients), timeout=60)
        threads = [threading.Thread(target=client.work, args=(changes, moment)) for client in clients]
        for thread in threads:
            thread.start()
        kill_emulator(sandbox, moment.wait)
        for thread in threads:
            thread.join()
        with (sandbox.layout.emulator_state / "services" / "iam.jsonl").open("a") as journal:
            journal.write("""[["users","('111111111111', 'Cut')",{"User""")  # as if it was killed while writing
        sandbox.emulator.start(toolchain.emulator_python(print))
        for client in clients:
            client.check(set(iam.list_group_policies(GroupName=client.group)["PolicyNames"]))
        assert iam.list_users()["Users"] == []


class Client:
    """A client that changes a group's policies, and records the confirmed changes."""

    def __init__(self, sandbox: Sandbox, group: str) -> None:
        self.sandbox, self.group = sandbox, group
        self.confirmed: set[str] = set()
        self.unanswered = ""

    def work(self, changes: int, moment: threading.Barrier) -> None:
        """Make changes until the emulator is killed, which may happen after the given number of changes."""
        iam = self.sandbox.accounts.administrator(ACCOUNT).iam
        with suppress(BotoCoreError, ClientError):
            for number in itertools.count():
                if number == changes:
                    moment.wait()
                self.unanswered = name = f"policy{number % 7}"
                if name in self.confirmed:
                    iam.delete_group_policy(GroupName=self.group, PolicyName=name)
                else:
                    iam.put_group_policy(GroupName=self.group, PolicyName=name, PolicyDocument=ALL)
                self.confirmed ^= {name}

    def check(self, policies: set[str]) -> None:
        """Check that all confirmed changes were kept. The unanswered change may be done or not."""
        assert policies ^ self.confirmed <= {self.unanswered}
        self.confirmed = policies


def test_sessions_survive_a_kill(sandbox: Sandbox) -> None:
    iam = sandbox.accounts.administrator(ACCOUNT).iam
    iam.create_role(RoleName="Deployer", AssumeRolePolicyDocument=EVERYBODY)
    paul = User("Paul", ACCOUNT, power_user=True)
    sandbox.accounts.make(paul)
    key = sandbox.accounts.new_key(paul)
    sts = sandbox.accounts.session(Credentials(key.access_key_id, key.secret_access_key)).sts
    given = sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/Deployer", RoleSessionName="kept")["Credentials"]
    kill_emulator(sandbox)
    sandbox.emulator.start(toolchain.emulator_python(print))
    credentials = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    identity = sandbox.accounts.session(credentials).sts.get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/Deployer/kept"


def test_a_deleted_users_unique_id_in_bucket_policies_survives_a_kill(sandbox: Sandbox) -> None:
    administrator = sandbox.accounts.administrator(ACCOUNT)
    iam, s3 = administrator.iam, administrator.s3
    user = iam.create_user(UserName="Paul")["User"]
    s3.create_bucket(Bucket="outlives")
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::outlives/*"}
    policy = {"Version": "2012-10-17", "Statement": {**statement, "Principal": {"AWS": user["Arn"]}}}
    s3.put_bucket_policy(Bucket="outlives", Policy=json.dumps(policy))
    iam.delete_user(UserName="Paul")
    kill_emulator(sandbox)
    sandbox.emulator.start(toolchain.emulator_python(print))
    left = json.loads(s3.get_bucket_policy(Bucket="outlives")["Policy"])
    assert left["Statement"]["Principal"] == {"AWS": user["UserId"]}


def test_a_broken_state_is_refused(sandbox: Sandbox) -> None:
    sandbox.emulator.stop()
    journal = sandbox.layout.emulator_state / "services" / "iam.jsonl"
    journal.write_text("{}\n[[]]\n")
    with pytest.raises(SandboxError, match="the emulator does not start"):
        sandbox.emulator.start(toolchain.emulator_python(print))
    printed = sandbox.layout.emulator_log.read_text().splitlines()[-1]
    assert printed.startswith(f"the accounts' state can't be loaded: {journal}, line 2, is broken: ")
    assert journal.read_text() == "{}\n[[]]\n"
