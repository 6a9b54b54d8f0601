"""Set up and start a sandbox for one command at a time."""

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from access.project.files import Project
from sandbox import toolchain
from sandbox.emulator import Emulator
from sandbox.engine import Engine
from sandbox.errors import SandboxError
from sandbox.existing_accounts import existing_accounts, write_account_ids
from sandbox.layout import Layout
from sandbox.stacks import KnownStack
from sandbox.toolchain import Cli, Say
from sandbox.users import Accounts


@dataclass(frozen=True)
class Running:
    """A running sandbox."""

    layout: Layout
    emulator: Emulator
    accounts: Accounts
    engines: Mapping[str, Engine]
    """The engines, by project name."""
    pool: Executor
    """Runs tasks concurrently."""

    def engine(self, stack: KnownStack) -> Engine:
        """Return the engine of the stack's project."""
        return self.engines[stack.project.name]


@contextmanager
def running(
    layout: Layout,
    projects: Sequence[Project],
    stacks: Sequence[KnownStack],
    official: bool,
    say: Say,
    lenient: bool | None = None,
) -> Iterator[Running]:
    """Set up what is missing, start the emulator and prepare stacks. If that fails, stop the emulator again.

    Args:
        layout: the sandbox.
        projects: all projects in it.
        stacks: the stacks to prepare.
        official: use the official AWS plugin.
        say: prints progress.
        lenient: run the emulator without AWS's strictness; ``None``: as at its last start.

    Raises:
        SandboxError: something can't be set up or started, another command is running, or the sandbox's folder was
            deleted meanwhile.
    """
    layout.make()
    with locked(layout) as still_exists, ThreadPoolExecutor() as pool:
        # The program's largest library loads slowly; loading it here overlaps with the start of other processes.
        pool.submit(__import__, "pulumi_aws")
        write_account_ids(layout, existing_accounts(projects))
        emulator = Emulator(layout, lenient=lenient)
        started = pool.submit(lambda: emulator.start(toolchain.emulator_python(say)))
        try:
            cli = toolchain.pulumi_cli(say)
            provider = toolchain.aws_plugin(cli, say, official)
            started.result()
            _show_versions(cli, provider, emulator, say)
            engines = {
                project.name: Engine(layout, emulator, cli, project=project, official=official) for project in projects
            }
            list(pool.map(lambda stack: engines[stack.project.name].prepare(stack.name, say), stacks))
        except BaseException:
            if not started.exception() and started.result():
                emulator.stop()
            raise
        try:
            yield Running(layout, emulator, Accounts(layout, emulator, "us-east-1"), engines, pool)
        finally:
            if not still_exists():
                raise SandboxError(
                    f"{layout.directory} was deleted while this command ran, and the accounts with it; run"
                    " `python -m sandbox down --wipe`, then `python -m sandbox up`"
                )


@contextmanager
def locked(layout: Layout) -> Iterator[Callable[[], bool]]:
    """Lock the sandbox against other commands, and yield a function that returns ``True`` while the lock's file exists.

    Raises:
        SandboxError: another command holds the lock.
    """
    with layout.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SandboxError("another command is changing the sandbox; wait until it ends") from None
        yield lambda: os.fstat(lock.fileno()).st_nlink > 0


def _show_versions(cli: Cli, provider: str, emulator: Emulator, say: Say) -> None:
    say(f"Pulumi CLI    {cli.command.version}, {cli.source}")
    say(f"AWS provider  {toolchain.PLUGIN_VERSION}, {provider}")
    say(f"AWS emulator  {emulator.description}")
