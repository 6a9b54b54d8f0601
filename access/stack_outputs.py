"""A stack's outputs, as the Pulumi CLI tells them."""

import json
import shutil
import subprocess
from dataclasses import dataclass

from access.errors import AccessError

CONTRACT_VERSION = 1
"""The version of the outputs' contract that is understood."""


@dataclass(frozen=True)
class StackOutputs:
    """The outputs that say what a stack consists of."""

    role_arns: tuple[str, ...]
    """The roles that other accounts may assume."""
    groups: tuple[str, ...]
    """The names of the groups that may or may not assume roles of other accounts."""
    grantee_roles: tuple[str, ...]
    """The names of the roles that may or may not."""


def read_stack_outputs(stack: str) -> StackOutputs:
    """The outputs of a stack that is up.

    Raises:
        AccessError: the CLI can't be run, does not know the stack, or the stack speaks another contract.
    """
    pulumi = shutil.which("pulumi")
    if not pulumi:
        raise AccessError("pulumi is not on PATH; install it (https://www.pulumi.com/docs/install/)")
    command = [pulumi, "stack", "output", "--json", "--stack", stack, "--non-interactive"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        told = done.stderr.strip().removeprefix("error: ").splitlines() or [f"exit code {done.returncode}"]
        raise AccessError(f"the outputs of stack {stack!r} can't be read: {told[0]}")
    outputs = json.loads(done.stdout)
    if outputs.get("contractVersion") != CONTRACT_VERSION:
        raise AccessError(
            f"stack {stack!r} has contractVersion {outputs.get('contractVersion')}, not {CONTRACT_VERSION};"
            " is it up, and of this project?"
        )
    return StackOutputs(
        role_arns=tuple(outputs.get("roleArns", {}).values()),
        groups=tuple(outputs.get("assumableRoles", {})),
        grantee_roles=tuple(outputs.get("granteeRoles", {})),
    )
