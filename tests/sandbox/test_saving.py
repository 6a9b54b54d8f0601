"""What the emulator has confirmed is there after it was killed."""

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


def held(folder: Path, *arguments: str) -> dict[str, Any]:
    """Run ``random_changes.py``, and return what it prints."""
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


def test_after_random_calls_every_store_comes_back_as_it_was(tmp_path: Path) -> None:
    used: set[str] = set()
    for seed in range(3):  # each goes on where the one before was cut off
        made = held(tmp_path, "make", str(seed), str(CALLS))
        used |= {*made["used"]}
        assert held(tmp_path, "show")["stores"] == made["stores"], seed
    assert used >= USED


def test_what_an_older_sandbox_saved_is_taken_over(tmp_path: Path) -> None:
    services = tmp_path / "services"
    services.mkdir()
    user = {"UserName": "Old", "Path": "/"}
    users = {"__scoped__": True, "data": {f"{ACCOUNT}\0'Old'": user}}
    (services / "iam.json").write_text(json.dumps({"__ministack_format__": 2, "payload": {"users": users}}))
    for _ in range(2):
        assert held(tmp_path, "show")["stores"]["iam users"] == {f"('{ACCOUNT}', 'Old')": user}
        assert not (services / "iam.json").exists()


def killed(sandbox: Sandbox, at: Callable[[], object] = lambda: None) -> None:
    """Kill the emulator at a moment."""
    pid = sandbox.emulator.pid
    assert pid is not None
    at()
    os.kill(pid, signal.SIGKILL)
    while sandbox.emulator.pid is not None:
        pass


def test_what_was_confirmed_is_there_after_a_kill_at_any_moment(sandbox: Sandbox) -> None:
    """Three clients put and delete policies until the emulator is killed under them."""
    iam = sandbox.accounts.administrator(ACCOUNT).iam
    clients = [Client(sandbox, f"group{number}") for number in range(3)]
    for client in clients:
        iam.create_group(GroupName=client.group)
    for changes in (5, 11, 18, 30):
        moment = threading.Barrier(1 + len(clients), timeout=60)
        threads = [threading.Thread(target=client.work, args=(changes, moment)) for client in clients]
        for thread in threads:
            thread.start()
        killed(sandbox, moment.wait)
        for thread in threads:
            thread.join()
        with (sandbox.layout.emulator_state / "services" / "iam.jsonl").open("a") as journal:
            journal.write("""[["users","('111111111111', 'Cut')",{"User""")  # as if it was writing then
        sandbox.emulator.start(toolchain.emulator_python(print))
        for client in clients:
            client.look(set(iam.list_group_policies(GroupName=client.group)["PolicyNames"]))
        assert iam.list_users()["Users"] == []


class Client:
    """Somebody who changes the policies of a group, and knows what was confirmed."""

    def __init__(self, sandbox: Sandbox, group: str) -> None:
        self.sandbox, self.group = sandbox, group
        self.confirmed: set[str] = set()
        self.unanswered = ""

    def work(self, changes: int, moment: threading.Barrier) -> None:
        """Make changes; after that many let the emulator be killed, and go on until it is."""
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

    def look(self, there: set[str]) -> None:
        """Check that what was confirmed is as it was; what was not answered is as it was or as it was to be."""
        assert there ^ self.confirmed <= {self.unanswered}
        self.confirmed = there


def test_a_session_outlives_a_kill(sandbox: Sandbox) -> None:
    iam = sandbox.accounts.administrator(ACCOUNT).iam
    iam.create_role(RoleName="Deployer", AssumeRolePolicyDocument=EVERYBODY)
    paul = User("Paul", ACCOUNT, power_user=True)
    sandbox.accounts.make(paul)
    key = sandbox.accounts.new_key(paul)
    sts = sandbox.accounts.session(Credentials(key.access_key_id, key.secret_access_key)).sts
    given = sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/Deployer", RoleSessionName="kept")["Credentials"]
    killed(sandbox)
    sandbox.emulator.start(toolchain.emulator_python(print))
    credentials = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    identity = sandbox.accounts.session(credentials).sts.get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/Deployer/kept"


def test_what_a_deleted_user_leaves_in_policies_of_buckets_outlives_a_kill(sandbox: Sandbox) -> None:
    administrator = sandbox.accounts.administrator(ACCOUNT)
    iam, s3 = administrator.iam, administrator.s3
    user = iam.create_user(UserName="Paul")["User"]
    s3.create_bucket(Bucket="outlives")
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::outlives/*"}
    policy = {"Version": "2012-10-17", "Statement": {**statement, "Principal": {"AWS": user["Arn"]}}}
    s3.put_bucket_policy(Bucket="outlives", Policy=json.dumps(policy))
    iam.delete_user(UserName="Paul")
    killed(sandbox)
    sandbox.emulator.start(toolchain.emulator_python(print))
    left = json.loads(s3.get_bucket_policy(Bucket="outlives")["Policy"])
    assert left["Statement"]["Principal"] == {"AWS": user["UserId"]}


def test_a_state_that_is_broken_is_not_gone_on_with(sandbox: Sandbox) -> None:
    sandbox.emulator.stop()
    journal = sandbox.layout.emulator_state / "services" / "iam.jsonl"
    journal.write_text("{}\n[[]]\n")
    with pytest.raises(SandboxError, match="the emulator does not start"):
        sandbox.emulator.start(toolchain.emulator_python(print))
    printed = sandbox.layout.emulator_log.read_text().splitlines()[-1]
    assert printed.startswith(f"the accounts' state can't be loaded: {journal}, line 2, is broken: ")
    assert journal.read_text() == "{}\n[[]]\n"
