"""The yardstick: both deployed stacks brought up with the Automation API alone, as its documentation does it."""

import os

import pulumi.automation as auto

from sandbox.emulator import Emulator
from sandbox.engine import STACKS, environment, run_program
from sandbox.layout import DEFAULT_LAYOUT
from sandbox.toolchain import installed_cli


def main() -> None:
    """Bring both stacks up."""
    cli = installed_cli()
    if cli:
        os.environ["PATH"] = f"{cli.path.parent}:{os.environ['PATH']}"
    for name in STACKS:
        variables = environment(DEFAULT_LAYOUT, Emulator(DEFAULT_LAYOUT), name)
        stack = auto.create_or_select_stack(
            name,
            project_name="cross-account-access",
            program=run_program,
            opts=auto.LocalWorkspaceOptions(work_dir=str(DEFAULT_LAYOUT.project), env_vars=variables),
        )
        stack.up()


if __name__ == "__main__":
    main()
