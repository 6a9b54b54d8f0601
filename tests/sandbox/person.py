"""A user who types commands of `access` in the sandbox, as a member of Developers or of Testers."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from access.credentials import Credentials
from sandbox.layout import REPOSITORY
from sandbox.users import User

if TYPE_CHECKING:
    from tests.sandbox.conftest import Sandbox

ARN = "arn:aws:iam::999999999999:role/UpdateApp"
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
DEVELOPMENT = "111111111111"
DEVELOPER = User("switch-developer", DEVELOPMENT, ("Developers",))
TESTER = User("switch-tester", DEVELOPMENT, ("Testers",))
IN_ROLE = f"arn:aws:sts::999999999999:assumed-role/UpdateApp/{DEVELOPER.name}"

WHO = [sys.executable, "-c", "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"]
BY_NAME = [*WHO[:-1], WHO[-1].replace("boto3.client", "boto3.Session(profile_name='app').client")]
LIST = [
    sys.executable,
    "-c",
    "import boto3; boto3.client('s3').list_objects_v2(Bucket='productionapp'); print('listed')",
]
VARIABLES = [sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"]


@dataclass
class Person:
    """A user with a home."""

    variables: dict[str, str]
    home: Path

    def access(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.run([sys.executable, "-m", "access", *arguments], **variables)

    def run(self, command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
        everything = {**self.variables, **variables}
        return subprocess.run(command, cwd=REPOSITORY, env=everything, capture_output=True, text=True, check=False)

    def begin(self, *command: str) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "access", "exec", ARN, "--", *command]
        return subprocess.Popen(words, cwd=REPOSITORY, env=self.variables, stdout=subprocess.PIPE, text=True)


def person(sandbox: "Sandbox", key: Credentials, home: Path, cache: Path) -> Person:
    """Return a user who has only these keys."""
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PULUMI_"))},
        **sandbox.engine.environment("development"),
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        "AWS_CONFIG_FILE": str(home / "config"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials"),
        "HOME": str(home),
        "PATH": f"{sandbox.cli.path.parent}:{os.environ['PATH']}",
        "XDG_CACHE_HOME": str(cache),
    }
    return Person(variables, home)


def ok(done: subprocess.CompletedProcess[str]) -> str:
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.rstrip("\n")


def failed(done: subprocess.CompletedProcess[str]) -> str:
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    return line


def developer_keys(developer: Person) -> tuple[str, str]:
    return developer.variables["AWS_ACCESS_KEY_ID"], developer.variables["AWS_SECRET_ACCESS_KEY"]
