"""Time the proof: the cells tested in a second, and the growth with the number of principals.

Run it with ``make benchmark``, or alone on a running sandbox: ``python -m benchmarks.prove``. The role is the
tutorial's; the benchmark creates groups that may assume it, and deletes them again. Each cell is tested twice.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from access.accounts import Account
from access.participants import Participant
from access.prove.proof import Settings, prove
from access.stack_outputs import StackOutputs, parse_stack_outputs
from benchmarks.figures import Figure, show
from sandbox.emulator import Emulator
from sandbox.engine import Engine
from sandbox.isolation import clear_environment
from sandbox.layout import REPOSITORY, layout_of
from sandbox.toolchain import installed_cli

TITLE = "the proof, each cell tested twice"
STACKS = ("production", "development")
GROUPS = (3, 11, 23)
"""The numbers of groups. With two members of each and four more principals, there are 10, 26 and 50 principals."""


@contextmanager
def teams(account: Account, role_arn: str, count: int) -> Iterator[list[str]]:
    """Create groups that may assume a role, and delete them after the context."""
    iam, names = account.administrator.iam, [f"Benchmark{number:02}" for number in range(count)]
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role_arn}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    try:
        for name in names:
            iam.create_group(GroupName=name)
            iam.put_group_policy(GroupName=name, PolicyName="allow", PolicyDocument=document)
        yield names
    finally:
        for name in names:
            iam.delete_group_policy(GroupName=name, PolicyName="allow")
            iam.delete_group(GroupName=name)


def figures() -> Iterator[Figure]:
    """Run the benchmark."""
    clear_environment()
    layout = layout_of(REPOSITORY)
    cli, emulator = installed_cli(), Emulator(layout)
    if not cli or not emulator.running:
        sys.exit("the sandbox is not running: run `make up` first")
    engine, config = Engine(layout, emulator, cli), layout.aws_config
    production, development = (parse_stack_outputs(stack, engine.outputs(stack)) for stack in STACKS)
    accounts = {name: Account(name, config) for name in STACKS}
    role_arn = production.role_arns["UpdateApp"]
    first = 0.0
    for count in GROUPS:
        with teams(accounts["development"], role_arn, count) as names:
            groups = {name: {"allow": [role_arn], "deny": []} for name in names}
            exported: StackOutputs = replace(development, groups=groups)  # type: ignore[arg-type]
            participants = [
                Participant(accounts["production"], production),
                Participant(accounts["development"], exported),
            ]
            start = time.monotonic()
            proof = prove(participants, Settings(create_probes=True, wait_seconds=0))
            seconds = time.monotonic() - start
        if not proof.holds:
            sys.exit("the proof does not hold; run `make up` to see why")
        principals, cells = len(proof.principals), len(proof.cells)
        first = first or seconds / cells
        name = f"{principals:3} principals x {cells / principals:4.1f} actions: {cells:5} cells"
        yield Figure(name, seconds, seconds / cells / first, "the first line, for each cell")


if __name__ == "__main__":
    show(TITLE, figures())
