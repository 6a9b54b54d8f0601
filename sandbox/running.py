"""A sandbox that is set up and runs, for one command at a time."""

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
    """A sandbox that runs."""

    layout: Layout
    emulator: Emulator
    accounts: Accounts
    engines: Mapping[str, Engine]
    """By the project's name."""
    pool: Executor
    """Does things at once."""

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
        stacks: those to prepare.
        official: whether to use the official AWS plugin.
        say: prints what is going on.
        lenient: whether the emulator leaves AWS's strictness out; ``None`` as it did before.

    Raises:
        SandboxError: something can't be set up or started, another command is at work, or somebody deleted the
            sandbox's folder meanwhile.
    """
    layout.make()
    with alone(layout) as is_there, ThreadPoolExecutor() as pool:
        # The program's largest library takes a while to load; the processes that start meanwhile do not wait for it.
        pool.submit(__import__, "pulumi_aws")
        write_account_ids(layout, existing_accounts(projects))
        emulator = Emulator(layout, lenient=lenient)
        started = pool.submit(lambda: emulator.start(toolchain.emulator_python(say)))
        try:
            cli = toolchain.pulumi_cli(say)
            provider = toolchain.aws_plugin(cli, say, official)
            started.result()
            _introduce(cli, provider, emulator, say)
            engines = {it.name: Engine(layout, emulator, cli, project=it, official=official) for it in projects}
            list(pool.map(lambda stack: engines[stack.project.name].prepare(stack.name, say), stacks))
        except BaseException:
            if not started.exception() and started.result():
                emulator.stop()
            raise
        try:
            yield Running(layout, emulator, Accounts(layout, emulator, "us-east-1"), engines, pool)
        finally:
            if not is_there():
                raise SandboxError(
                    f"{layout.directory} was deleted while this command ran, and the accounts with it; run"
                    " `python -m sandbox down --wipe`, then `python -m sandbox up`"
                )


@contextmanager
def alone(layout: Layout) -> Iterator[Callable[[], bool]]:
    """Let no other command change the sandbox meanwhile. Gives what tells whether nobody has deleted it.

    Raises:
        SandboxError: another one is at work.
    """
    with layout.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SandboxError("another command is changing the sandbox; wait for it to end") from None
        yield lambda: os.fstat(lock.fileno()).st_nlink > 0


def _introduce(cli: Cli, provider: str, emulator: Emulator, say: Say) -> None:
    say(f"Pulumi CLI    {cli.command.version}, {cli.source}")
    say(f"AWS provider  {toolchain.PLUGIN_VERSION}, {provider}")
    say(f"AWS emulator  {emulator.description}")
