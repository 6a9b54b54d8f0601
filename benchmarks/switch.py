"""Time ``access exec ARN -- true`` against a running sandbox with both stacks deployed.

Run it with ``python -m benchmarks.switch``. Machines are noisy, so all commands take turns in random order, and each
figure is the median of its runs. There are two yardsticks from the same runs: a bare botocore script that assumes the
role and runs the same command, and ``aws sts assume-role`` of the AWS CLI v1, installed into a temporary folder.
"""

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from access.project.files import read_project
from benchmarks.figures import Figure, show
from sandbox.emulator import Emulator
from sandbox.environment import environment
from sandbox.layout import REPOSITORY, layout_of
from sandbox.users import Accounts, User

TITLE = "access exec ARN -- true"
RUNS = 25
AWS_CLI = "awscli==1.46.3"
LAYOUT = layout_of(REPOSITORY)
ACCOUNTS = {stack.name: stack.account_id for stack in read_project(REPOSITORY).stacks}
ROLE = f"arn:aws:iam::{ACCOUNTS['production']}:role/UpdateApp"
BARE = """\
import os, sys
import botocore.session

sts = botocore.session.get_session().create_client("sts")
given = sts.assume_role(RoleArn=sys.argv[1], RoleSessionName="benchmark")["Credentials"]
os.environ["AWS_ACCESS_KEY_ID"] = given["AccessKeyId"]
os.environ["AWS_SECRET_ACCESS_KEY"] = given["SecretAccessKey"]
os.environ["AWS_SESSION_TOKEN"] = given["SessionToken"]
os.execvp(sys.argv[2], sys.argv[2:])
"""
FIRST_TIME = "access exec, the first time"
EXEC = [sys.executable, "-m", "access", "exec", ROLE]


@contextmanager
def developer() -> Iterator[dict[str, str]]:
    """Create a user who may switch to the role, yield the user's environment variables, and delete the user."""
    emulator = Emulator(LAYOUT)
    if not emulator.running:
        sys.exit("the sandbox is not running; run `python -m sandbox up`")
    variables = environment(LAYOUT, emulator, "cross-account-access", "development")
    user = User("benchmark-switch", ACCOUNTS["development"], ("Developers",), power_user=False)
    accounts = Accounts(LAYOUT, emulator, variables["AWS_REGION"])
    iam = accounts.administrator(user.account_id).iam
    accounts.make(user)
    key = accounts.new_key(user)
    try:
        keys = {"AWS_ACCESS_KEY_ID": key.access_key_id, "AWS_SECRET_ACCESS_KEY": key.secret_access_key}
        yield {**os.environ, **variables, **keys}
    finally:
        iam.delete_access_key(UserName=user.name, AccessKeyId=key.access_key_id)
        for group in user.groups:
            iam.remove_user_from_group(UserName=user.name, GroupName=group)
        iam.delete_user(UserName=user.name)


def install_aws_cli(folder: Path) -> str:
    """Install the AWS CLI v1 into its own virtual environment, and return its path."""
    print(f"installing {AWS_CLI}", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)  # noqa: S603
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", AWS_CLI]
    subprocess.run(pip, check=True)  # noqa: S603
    return str(folder / "bin" / "aws")


def seconds(command: Sequence[str], variables: Mapping[str, str]) -> float:
    """Return the seconds that a command takes."""
    start = time.monotonic()
    done = subprocess.run(command, cwd=REPOSITORY, env=variables, stdout=subprocess.DEVNULL, check=False)  # noqa: S603
    taken = time.monotonic() - start
    if done.returncode:
        sys.exit(f"{' '.join(command[:4])} … failed; see above")
    return taken


def figures() -> Iterator[Figure]:
    """Run the benchmark, and restore the sandbox."""
    with tempfile.TemporaryDirectory() as folder, developer() as variables:
        aws = install_aws_cli(Path(folder) / "aws")
        assume = [aws, "sts", "assume-role", "--role-arn", ROLE, "--role-session-name", "benchmark"]
        commands = {
            "bare botocore script": [sys.executable, "-c", BARE, ROLE, "true"],
            "AWS CLI v1, assume-role alone": assume,
            FIRST_TIME: [*EXEC, "--", "true"],
            "access exec, a new session": [*EXEC, "--no-cache", "--", "true"],
            "access exec, the session kept": [*EXEC, "--", "true"],
        }
        warm = {**variables, "XDG_CACHE_HOME": folder}
        seconds([*EXEC, "--", "true"], warm)
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(RUNS):
            print(f"run {number + 1} of {RUNS}", file=sys.stderr)
            for name in random.sample(list(commands), len(commands)):
                cold = {**variables, "XDG_CACHE_HOME": str(Path(folder) / str(number))}
                taken[name].append(seconds(commands[name], cold if name == FIRST_TIME else warm))
    medians = {name: statistics.median(runs) for name, runs in taken.items()}
    bare, *_ = medians.values()
    for name, median in medians.items():
        yield Figure(name, median, median / bare, "the bare script")


if __name__ == "__main__":
    show(TITLE, figures())
