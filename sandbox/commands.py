"""The sandbox's commands. Each takes the parsed options and the sandbox's layout, and returns the exit code."""

import argparse
import functools
import json
import shlex
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from access.project.files import Project, read_project
from sandbox import toolchain
from sandbox.command_line import with_same_options
from sandbox.deployment import deploy
from sandbox.emulator import Emulator
from sandbox.engine import Engine
from sandbox.environment import environment
from sandbox.errors import SandboxError
from sandbox.identity_center import permission_sets_in, withdraw
from sandbox.isolation import REDIRECTING_VARIABLES, no_proxy_variables
from sandbox.layout import REPOSITORY, Layout
from sandbox.people import leave_groups, named_groups
from sandbox.proof import prove_access, start_rendering
from sandbox.running import locked, running
from sandbox.stacks import KnownStack, check_place, check_stacks, find_stack, known_stacks, missing_file_message

_say = functools.partial(print, flush=True)


def up(options: argparse.Namespace, layout: Layout) -> int:
    """Deploy stacks, and prove who can do what in all deployed stacks."""
    projects, stacks = _read(options, layout)
    check_stacks(stacks)
    chosen = _chosen(stacks, options.stacks)
    prepared = [stack for stack in stacks if stack in chosen or stack.deployed]
    official = options.provider == toolchain.OFFICIAL
    with running(layout, projects, prepared, official, _say, options.lenient) as sandbox:
        renderings = start_rendering(chosen, sandbox.pool)
        result = deploy(sandbox, stacks, chosen, _say)
        holds = not result.failures and prove_access(layout, result.outputs, result.strangers, chosen, renderings)
    for stack in stacks:
        if not stack.file:
            _say(with_same_options(missing_file_message(stack), options))
    if result.failures:
        raise SandboxError("\n".join(result.failures))
    _say("deployed" if result.changed else "nothing to change")
    return 0 if holds else 1


def preview(options: argparse.Namespace, layout: Layout) -> int:
    """Show what ``up`` would change."""
    projects, stacks = _read(options, layout)
    check_stacks(stacks)
    chosen, failures = _chosen(stacks, options.stacks), []
    with running(layout, projects, chosen, options.provider == toolchain.OFFICIAL, _say) as sandbox:
        for stack in chosen:
            engine = sandbox.engine(stack)
            _say(f"\n{stack.label}")
            try:
                engine.check(stack.name, engine.run(stack.name, "preview", say=_say))
            except SandboxError as error:
                failures.append(str(error))
    if failures:
        raise SandboxError("\n".join(failures))
    return 0


def pulumi(options: argparse.Namespace, layout: Layout) -> int:
    """Run a command of the Pulumi CLI on a stack."""
    projects, stacks = _read(options, layout)
    stack = find_stack(stacks, options.stack)
    check_place(stack)
    with running(layout, projects, [stack], options.provider == toolchain.OFFICIAL, lambda line: None) as sandbox:
        if options.arguments[0] == "destroy" and stack.deployed and stack.deployed.account_id:
            # AWS does not delete a group with members, or a policy that is attached to a role.
            others = [other.file for other in stacks if other.file and other is not stack]
            account_id = stack.deployed.account_id
            leave_groups(sandbox.accounts, account_id, named_groups(others))
            withdraw(sandbox.accounts, account_id, permission_sets_in(others, account_id))
        engine = sandbox.engine(stack)
        engine.forget_deployment(stack.name)
        engine.check(stack.name, engine.run(stack.name, *options.arguments, say=_say))
    return 0


def down(options: argparse.Namespace, layout: Layout) -> int:
    """Stop the emulator, and delete everything that is deployed if ``--wipe`` is given."""
    if not layout.directory.exists():
        print("the sandbox was never started")
        return 0
    with locked(layout):
        print("the emulator is stopped" if Emulator(layout).stop() else "the emulator was not running")
        if options.wipe:
            shutil.rmtree(layout.directory)
            print("everything that was deployed is deleted")
    return 0


def outputs(options: argparse.Namespace, layout: Layout) -> int:
    """Show what the deployed stacks export."""
    _, stacks = _read(options, layout)
    exported = _read_outputs(layout, [stack for stack in stacks if stack.deployed])
    if options.json:
        print(json.dumps(exported, indent=2))
        return 0
    for label, values in exported.items():
        print(f"\noutputs of {label}")
        for name, value in values.items():
            print(f"  {name:16} {value if isinstance(value, str) else json.dumps(value)}")
    return 0


def env(options: argparse.Namespace, layout: Layout) -> int:
    """Print the lines that set a shell's variables."""
    _, stacks = _read(options, layout)
    stack, cli = find_stack(stacks, options.stack), toolchain.installed_cli()
    official = options.provider == toolchain.OFFICIAL
    variables = environment(layout, Emulator(layout), stack.project.name, stack.name, official) | no_proxy_variables()
    if not cli or not cli.runs_python:
        text = f"# pulumi can't run Python programs here: python -m sandbox pulumi {stack.label} -- preview does"
        print(with_same_options(text, options))
    for name in sorted({*REDIRECTING_VARIABLES, *options.removed_variables} - variables.keys()):
        if name.isidentifier():  # a shell has no variables of other names
            print(f"unset {name}")
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
    if cli and shutil.which("pulumi") != str(cli.path):
        print(f'export PATH={shlex.quote(str(cli.path.parent))}:"$PATH"')
    return 0


def status(options: argparse.Namespace, layout: Layout) -> int:
    """Show what is running and what is deployed."""
    _, stacks = _read(options, layout)
    emulator = Emulator(layout)
    print(f"emulator     {f'{emulator.description} (process {emulator.pid})' if emulator.running else 'not running'}")
    for stack in stacks:
        state = "deployed" if stack.deployed else "not deployed"
        print(f"{stack.label:12} account {stack.account_id}, {state}{'' if stack.file else ', its file is missing'}")
    return 0


def _read(options: argparse.Namespace, layout: Layout) -> tuple[list[Project], list[KnownStack]]:
    """Read all projects, the ones given with ``--with`` first."""
    projects = [read_project(folder) for folder in [*options.beside, options.project or REPOSITORY]]
    return projects, known_stacks(layout, projects)


def _chosen(stacks: Sequence[KnownStack], names: Sequence[str]) -> list[KnownStack]:
    """Return the named stacks in the order of their deployment; by default all that have a file.

    Raises:
        SandboxError: there is no such stack, or its file is missing.
    """
    named = [find_stack(stacks, name) for name in names]
    for stack in named:
        if not stack.file:
            raise SandboxError(missing_file_message(stack))
    return [stack for stack in stacks if stack.file and (not names or stack in named)]


def _read_outputs(layout: Layout, stacks: Sequence[KnownStack]) -> dict[str, dict[str, Any]]:
    cli = toolchain.installed_cli()
    if not cli or not stacks:
        raise SandboxError("nothing is deployed; run `python -m sandbox up`")
    emulator = Emulator(layout)
    with ThreadPoolExecutor() as pool:
        exported = pool.map(
            lambda stack: Engine(layout, emulator, cli, project=stack.project).outputs(stack.name), stacks
        )
        return dict(zip((stack.label for stack in stacks), exported, strict=True))
