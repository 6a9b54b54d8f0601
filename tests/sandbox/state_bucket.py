"""An S3 bucket with the stacks' state, in its own account, and the CLI that uses it."""

import configparser
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pulumi

from access.accounts import Session
from access.credentials import Credentials
from access.project.files import in_order, read_project
from access.state_policy.location import read_location
from access.state_policy.policy import keepers, state_policy
from sandbox.engine import Engine, Finished
from sandbox.generated import write_project_files
from sandbox.layout import REPOSITORY
from sandbox.users import User
from tests.sandbox.conftest import Sandbox

STATE = "444444444444"
ACCOUNTS = {"production": "999999999999", "development": "111111111111"}
BUCKET = "acme-state"
ARN = f"arn:aws:s3:::{BUCKET}"
FOLDER = ".pulumi"
PROJECT = "cross-account-access"
_STATEMENTS = [
    {
        "Effect": "Allow",
        "Action": ["s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"],
        "Resource": [ARN, f"{ARN}/*"],
    }
]
"""The rights of the keepers in their own accounts; the bucket's policy limits the keys."""

Policy = dict[str, Any]


def small() -> None:
    """Export a role, or read it from the other stack's state, without any resources."""
    if pulumi.get_stack() == "production":
        pulumi.export("roleArn", "arn:aws:iam::999999999999:role/UpdateApp")
    else:
        production = pulumi.StackReference(f"organization/{PROJECT}/production")
        pulumi.export("read", production.require_output("roleArn"))


class StateBucket:
    """The bucket, and the CLI with separate credentials for the state."""

    def __init__(self, sandbox: Sandbox, owner: str = STATE, name: str = BUCKET) -> None:
        self._sandbox, self.name = sandbox, name
        self.s3 = sandbox.accounts.administrator(owner).s3
        self.s3.create_bucket(Bucket=self.name)
        self.s3.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": "Enabled"})
        self.s3.put_object(Bucket=self.name, Key=f"{FOLDER}/meta.yaml", Body=b"version: 1\n")
        self.people = {stack: User(f"{stack}-state", account, power_user=False) for stack, account in ACCOUNTS.items()}
        self._keys: dict[str, Credentials] = {}
        self._write_profiles()
        self.put(self.policy())

    def policy(self) -> Policy:
        """Return the output of ``access state-policy``."""
        arns = {stack: [f"arn:aws:iam::{user.account_id}:user/{user.name}"] for stack, user in self.people.items()}
        stacks = in_order(read_project(REPOSITORY).stacks)
        return state_policy(read_location(f"s3://{self.name}"), keepers(stacks, arns, "aws"), "aws")

    def put(self, policy: Policy) -> None:
        """Set the bucket's policy."""
        self.s3.put_bucket_policy(Bucket=self.name, Policy=json.dumps(policy))

    def keys(self, under: str) -> list[str]:
        """Return the keys below ``.pulumi`` with this prefix."""
        listed = self.s3.list_objects_v2(Bucket=self.name, Prefix=f"{FOLDER}/{under}")
        return [item["Key"].removeprefix(f"{FOLDER}/") for item in listed.get("Contents", [])]

    def keeper(self, stack: str) -> Session:
        """Return a session of the keeper of a stack's state."""
        return self._sandbox.accounts.session(self._keys[stack])

    def write(self, key: str, body: bytes) -> None:
        """Write an object below ``.pulumi``, as the bucket's owner."""
        self.s3.put_object(Bucket=self.name, Key=f"{FOLDER}/{key}", Body=body)

    def remove(self, key: str) -> None:
        """Delete an object below ``.pulumi``, as the bucket's owner."""
        self.s3.delete_object(Bucket=self.name, Key=f"{FOLDER}/{key}")

    def delete(self) -> None:
        """Delete the bucket with its objects, as its owner."""
        self.s3.delete_bucket_policy(Bucket=self.name)
        listed = self.s3.list_object_versions(Bucket=self.name)
        for version in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]:
            self.s3.delete_object(Bucket=self.name, Key=version["Key"], VersionId=version["VersionId"])
        self.s3.delete_bucket(Bucket=self.name)

    def cli(self, *, whole: bool = False) -> "Cli":
        """Return the CLI with the real program, or with a small one."""
        return Cli(self._sandbox, None if whole else small)

    def _write_profiles(self) -> None:
        profiles, accounts = configparser.RawConfigParser(), self._sandbox.accounts
        for stack, user in self.people.items():
            accounts.make(user)
            document = json.dumps({"Version": "2012-10-17", "Statement": _STATEMENTS})
            iam = accounts.administrator(user.account_id).iam
            iam.put_user_policy(UserName=user.name, PolicyName="state", PolicyDocument=document)
            key = self._keys[stack] = accounts.new_key(user)
            profiles[f"profile {user.name}"] = {
                "aws_access_key_id": key.access_key_id,
                "aws_secret_access_key": key.secret_access_key,
            }
        path = self._sandbox.layout.aws_config
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            profiles.write(file)


class Cli(Engine):
    """The CLI with the bucket as its backend: ``s3://…?profile=…``. Everything else is as in any sandbox."""

    def __init__(self, sandbox: Sandbox, program: Any = None) -> None:  # noqa: ANN401 (a program or none)
        super().__init__(sandbox.layout, sandbox.emulator, sandbox.cli, program=program)
        for stack in ACCOUNTS:
            write_project_files(self.folder, self.project, stack, sandbox.emulator.endpoint)

    def environment(self, stack: str) -> dict[str, str]:
        """Return the sandbox's variables, with state in the bucket."""
        options = {"region": "us-east-1", "profile": f"{stack}-state", "use_path_style": "true"}
        return {**super().environment(stack), "PULUMI_BACKEND_URL": f"s3://{BUCKET}?{urlencode(options)}"}

    def file(self, stack: str) -> Path:
        return self.folder / f"Pulumi.{stack}.yaml"

    def init(self, stack: str) -> Finished:
        return self.done(stack, "stack", "init")

    def up(self, stack: str, *options: str) -> Finished:  # type: ignore[override]
        return self.done(stack, "up", "--skip-preview", *options)

    def done(self, stack: str, *arguments: str) -> Finished:
        """Run a command that succeeds."""
        finished = self.run(stack, *arguments)
        assert finished.exit_code == 0, (arguments, finished.errors, finished.lines)
        return finished

    def refused(self, stack: str, *arguments: str) -> str:
        """Return the output of a command that fails."""
        finished = self.run(stack, *arguments)
        assert finished.exit_code != 0, arguments
        return "\n".join([*(error.message for error in finished.errors), *finished.lines])


def rights(policy: Policy) -> Iterator[tuple[str, str, str]]:
    """Yield all rights that a policy allows: the statement, the action, and the resource or the listed prefix."""
    for statement in policy["Statement"]:
        if statement["Effect"] == "Allow":
            for action in _listed(statement["Action"]):
                for target in _targets(statement):
                    yield statement["Sid"], action, target


def without(policy: Policy, sid: str, action: str, target: str) -> Policy:
    """Return the policy without one right."""
    kept: list[Mapping[str, Any]] = []
    for statement in policy["Statement"]:
        if statement["Sid"] != sid:
            kept.append(statement)
            continue
        for number, allowed in enumerate(_listed(statement["Action"])):
            targets = [other for other in _targets(statement) if (allowed, other) != (action, target)]
            if targets:
                kept.append({**_with_targets(statement, targets), "Action": allowed, "Sid": f"{sid}x{number}"})
    return {**policy, "Statement": kept}


def _listed(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _targets(statement: Mapping[str, Any]) -> list[str]:
    prefixes = statement.get("Condition", {}).get("StringEquals", {}).get("s3:prefix")
    return _listed(prefixes or statement["Resource"])


def _with_targets(statement: Mapping[str, Any], targets: list[str]) -> dict[str, Any]:
    if "Condition" in statement:
        return {**statement, "Condition": {"StringEquals": {"s3:prefix": targets}}}
    return {**statement, "Resource": targets}
