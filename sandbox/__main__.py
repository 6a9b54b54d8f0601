"""``python -m sandbox``: both accounts on this machine, deployed and tried."""

import argparse
import fcntl
import functools
import gc
import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from access.accounts import Account
from access.participants import Participant
from access.prove.interruption import Interruption
from access.prove.leftovers import find_leftovers
from access.prove.matrix import Proof
from access.prove.proof import Settings, prove
from access.prove.removal import remove
from access.prove.reports import text_report
from access.prove.stage import workers
from access.stack_outputs import parse_stack_outputs
from access.terminal import Progress, in_colour
from sandbox import toolchain
from sandbox.emulator import Emulator
from sandbox.engine import STACKS, Engine, account_id, environment
from sandbox.errors import SandboxError
from sandbox.isolation import LEADING_ELSEWHERE, forget_environment, without_proxy_here
from sandbox.layout import DEFAULT_LAYOUT, Layout
from sandbox.profiles import OUTSIDER, write_profiles
from sandbox.users import Accounts

_EPILOG = """\
exit codes: 0 as asked, and everybody can do what he should and nothing else; 1 something failed or is otherwise;
2 the command was not understood; 130 interrupted (run it again: it goes on where it was)
"""


def main(arguments: Sequence[str] | None = None, layout: Layout = DEFAULT_LAYOUT) -> int:
    """Run a command and return its exit code."""
    options = _parser().parse_args(arguments)
    options.forgotten = forget_environment()
    try:
        code: int = options.run(options, layout)
    except SandboxError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("sandbox: interrupted; run it again and it goes on where it was", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="Both accounts of the tutorial on this machine: an AWS emulator, and the program deployed in it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    up = commands.add_parser("up", help="start the emulator, deploy both stacks, try who can do what")
    up.set_defaults(run=_up)

    down = commands.add_parser("down", help="stop the emulator; what was deployed stays")
    down.add_argument("--wipe", action="store_true", help="also forget all that was deployed")
    down.set_defaults(run=_down)

    outputs = commands.add_parser("outputs", help="show what the stacks export")
    outputs.add_argument("--json", action="store_true", help='as JSON: {"production": {...}, "development": {...}}')
    outputs.set_defaults(run=_outputs)

    env = commands.add_parser("env", help="print export lines with which aws, boto3 and pulumi work on an account")
    env.add_argument("account", choices=STACKS, help="whose administrator to be")
    env.set_defaults(run=_env)

    status = commands.add_parser("status", help="show what runs and what is deployed")
    status.set_defaults(run=_status)
    return parser


def _up(options: argparse.Namespace, layout: Layout) -> int:
    layout.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    say = functools.partial(print, flush=True)
    with _alone(layout), ThreadPoolExecutor() as pool:
        # The program's largest library takes a while to load; the processes that start meanwhile do not wait for it.
        pool.submit(__import__, "pulumi_aws")
        emulator = Emulator(layout)
        engine = _set_up(layout, emulator, pool, say)

        def deploy(stack: str) -> bool:
            say(f"\n{stack} (account {account_id(stack)})")
            return engine.up(stack, say).changed

        changed = deploy("production")
        outputs = {"production": pool.submit(engine.outputs, "production")}
        changed |= deploy("development")
        outputs["development"] = pool.submit(engine.outputs, "development")
        region = environment(layout, emulator, "development")["AWS_REGION"]
        write_profiles(layout, emulator, Accounts(layout, emulator, region))
        proof = _prove(layout, {stack: read.result() for stack, read in outputs.items()})
    print("deployed" if changed else "nothing had to be changed")
    return 0 if proof.holds else 1


def _set_up(layout: Layout, emulator: Emulator, pool: ThreadPoolExecutor, say: toolchain.Say) -> Engine:
    """Start the emulator and prepare the stacks. If that fails, stop the emulator again."""
    started = pool.submit(lambda: emulator.start(toolchain.emulator_python(say)))
    try:
        cli = toolchain.pulumi_cli(say)
        provider = toolchain.aws_plugin(cli, say)
        started.result()
        say(f"Pulumi CLI    {cli.command.version}, {cli.source}")
        say(f"AWS provider  {toolchain.PLUGIN_VERSION}, {provider}")
        say(f"AWS emulator  {emulator.endpoint}")
        engine = Engine(layout, emulator, cli)
        list(pool.map(lambda stack: engine.prepare(stack, say), STACKS))
    except BaseException:
        if not started.exception() and started.result():
            emulator.stop()
        raise
    return engine


def _down(options: argparse.Namespace, layout: Layout) -> int:
    if not layout.directory.exists():
        print("the sandbox was never started")
        return 0
    with _alone(layout):
        emulator = Emulator(layout)
        was_running = emulator.pid is not None
        emulator.stop()
        print("the emulator is stopped" if was_running else "the emulator was not running")
        if options.wipe:
            shutil.rmtree(layout.directory)
            print("all that was deployed is forgotten")
    return 0


def _outputs(options: argparse.Namespace, layout: Layout) -> int:
    outputs = _read_outputs(_engine(layout))
    if not any(outputs.values()):
        raise SandboxError("nothing is deployed; run `python -m sandbox up`")
    if options.json:
        print(json.dumps(outputs, indent=2))
    else:
        _show_outputs(outputs)
    return 0


def _env(options: argparse.Namespace, layout: Layout) -> int:
    variables = environment(layout, Emulator(layout), options.account)
    variables |= without_proxy_here()
    for name in sorted({*LEADING_ELSEWHERE, *options.forgotten} - variables.keys()):
        if name.isidentifier():  # a shell has no variables of other names
            print(f"unset {name}")
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
    cli = toolchain.installed_cli()
    if cli and shutil.which("pulumi") != str(cli.path):
        print(f'export PATH={shlex.quote(str(cli.path.parent))}:"$PATH"')
    return 0


def _status(options: argparse.Namespace, layout: Layout) -> int:
    emulator = Emulator(layout)
    print(f"emulator     {f'{emulator.endpoint} (process {emulator.pid})' if emulator.running else 'not running'}")
    deployed = _read_outputs(_engine(layout)) if layout.backend.exists() else {}
    for stack in STACKS:
        print(f"{stack:12} account {account_id(stack)}, {'deployed' if deployed.get(stack) else 'not deployed'}")
    return 0


def _engine(layout: Layout) -> Engine:
    cli = toolchain.installed_cli()
    if not cli or not layout.directory.exists():
        raise SandboxError("the sandbox was never started; run `python -m sandbox up`")
    return Engine(layout, Emulator(layout), cli)


def _read_outputs(engine: Engine) -> dict[str, dict[str, Any]]:
    with ThreadPoolExecutor() as pool:
        return dict(zip(STACKS, pool.map(engine.outputs, STACKS), strict=True))


def _show_outputs(outputs: dict[str, dict[str, Any]]) -> None:
    for stack, values in outputs.items():
        print(f"\noutputs of {stack}")
        for name, value in values.items():
            print(f"  {name:16} {value if isinstance(value, str) else json.dumps(value)}")


def _prove(layout: Layout, outputs: Mapping[str, Mapping[str, Any]]) -> Proof:
    """Do step 3 of the tutorial: settle who can switch to the role, and what can be done in it."""
    print("\nstep 3: who can switch to the role, and what can be done in it", flush=True)
    participants = [
        *(
            Participant(Account(stack, layout.aws_config), parse_stack_outputs(stack, told))
            for stack, told in outputs.items()
        ),
        Participant(Account(OUTSIDER, layout.aws_config)),
    ]
    progress = Progress()
    try:
        _remove_leftovers(participants)
        # The emulator does at once what it confirms: there is nothing to wait for.
        proof = prove(participants, Settings(create_probes=True, patience=0), progress=progress.show)
    finally:
        progress.end()
    print(text_report.render(proof, colour=in_colour(sys.stdout)))
    return proof


def _remove_leftovers(participants: Sequence[Participant]) -> None:
    """Remove what the proof of an interrupted ``up`` left in the accounts."""
    leftovers = find_leftovers(participants).things
    if leftovers:
        with Interruption() as interruption, workers(at_once=8) as pool:
            remove(leftovers, pool, interruption)


@contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    """Let no other command change the sandbox meanwhile."""
    with layout.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SandboxError("another command is changing the sandbox; wait for it to end") from None
        yield


if __name__ == "__main__":
    gc.disable()  # the process ends soon; looking for what could be freed takes a tenth of the time of `up`
    exit_code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # A program that was being run for an engine that was killed still waits for its answers: do not wait for it.
    os._exit(exit_code)
