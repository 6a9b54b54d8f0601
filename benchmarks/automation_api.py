"""The yardstick: update both deployed stacks with the Automation API, as its documentation does."""

import os

import pulumi.automation as auto

from sandbox.emulator import Emulator
from sandbox.engine import run_program
from sandbox.environment import environment
from sandbox.layout import REPOSITORY, layout_of
from sandbox.toolchain import installed_cli

PROJECT = "cross-account-access"


def main() -> None:
    """Update both stacks."""
    cli = installed_cli()
    if cli:
        os.environ["PATH"] = f"{cli.path.parent}:{os.environ['PATH']}"
    layout = layout_of(REPOSITORY)
    for name in ("production", "development"):
        variables = environment(layout, Emulator(layout), PROJECT, name)
        stack = auto.create_or_select_stack(
            name,
            project_name=PROJECT,
            program=run_program,
            opts=auto.LocalWorkspaceOptions(work_dir=str(layout.project(PROJECT)), env_vars=variables),
        )
        stack.up()


if __name__ == "__main__":
    main()
