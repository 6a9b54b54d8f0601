"""``python -m sandbox``: deploy a project's accounts on this machine and test them."""

import contextlib
import gc
import os
import sys
import traceback
import warnings
from collections.abc import Sequence

from botocore import exceptions
from botocore.parsers import ResponseParserError

from access.aws_errors import describe
from access.errors import AccessError
from sandbox import commands
from sandbox.command_line import parse, with_same_options
from sandbox.errors import SandboxError
from sandbox.isolation import clear_environment
from sandbox.layout import REPOSITORY, Layout, layout_of

_COMMANDS = {
    "up": commands.up,
    "preview": commands.preview,
    "pulumi": commands.pulumi,
    "outputs": commands.outputs,
    "env": commands.env,
    "status": commands.status,
    "down": commands.down,
}


def main(arguments: Sequence[str] | None = None, layout: Layout | None = None) -> int:
    """Run a command and return its exit code.

    Args:
        arguments: the command line's arguments.
        layout: the sandbox, by default the one in the project's folder.
    """
    options = parse(list(sys.argv[1:] if arguments is None else arguments))
    options.removed_variables = clear_environment()
    layout = layout or layout_of((options.project or REPOSITORY).absolute())
    try:
        return _COMMANDS[options.command](options, layout)
    except KeyboardInterrupt:
        reason, code = "interrupted; run it again to continue", 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        reason, code = _reason(error, layout), 1
    for line in with_same_options(reason, options).splitlines():
        print(f"sandbox: {line}", file=sys.stderr)
    return code


def _reason(error: Exception, layout: Layout) -> str:
    """Return the reason for a failure in one line, or in one line for each failed stack."""
    if isinstance(error, SandboxError | AccessError):
        return str(error)
    if isinstance(error, exceptions.HTTPClientError | exceptions.ConnectionError):
        return "the emulator stopped answering; run `python -m sandbox up` to continue"
    if isinstance(error, exceptions.BotoCoreError | exceptions.ClientError):
        return f"AWS: {describe(error)}; run it again to continue"
    if isinstance(error, ResponseParserError):
        return "AWS: an answer can't be read; run it again"  # the answer itself may hold keys
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    log = layout.directory / "defect.log"
    with contextlib.suppress(OSError):
        log.write_text(traceback.format_exc())
    return f"a defect of the sandbox, {type(error).__name__}: {' '.join(str(error).split())}; see {log}"


def _open_closed_streams() -> None:
    """Reopen standard streams that the caller has closed, so that no other file takes their numbers."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, PTH123 (for as long as the process lives)


if __name__ == "__main__":
    _open_closed_streams()
    # A failed program leaves coroutines that it never awaited; the reason for its failure is printed anyway.
    warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
    gc.disable()  # the process ends soon, and collecting garbage takes a tenth of the time of `up`
    exit_code = main()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    # The program of a killed engine still waits for the engine's answers: do not wait for it.
    os._exit(exit_code)
