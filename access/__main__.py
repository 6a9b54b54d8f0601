"""``python -m access``: day-to-day tools for deployed stacks.

Commands import what they need when they run, so that a switch into a role does not wait for the proof's imports.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from . import __version__
from .bypass import commands as bypass
from .changes import commands as changes
from .command_line import COMMAND
from .completion import commands as completion
from .errors import AccessError
from .lint import commands as lint
from .pipeline import commands as pipeline
from .prove import commands as prove
from .render import commands as render
from .state_policy import commands as state_policy
from .switch import commands as switch
from .switch import role_commands as roles

_EPILOG = """\
exit codes: 0 success; 1 failure or unexpected result; 2 the command was not understood; 3 undecided (changes);
130 interrupted. The exit code of exec is its command's.
"""
_EXTRAS = {"yaml": "install cross-account-access[prove]"}
"""The modules that an installation without extras lacks, with the cure."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    code = 0
    try:
        code = _run(arguments)
    finally:
        if not _flush(quiet=code != 0):
            sys.exit(code or 1)
    return code


def _run(arguments: Sequence[str] | None) -> int:
    try:
        words, command = switch.split_command(sys.argv[1:] if arguments is None else arguments)
        options = parser().parse_args(words, argparse.Namespace(command=command))
        code: int = options.run(options)
    except AccessError as error:
        print(f"access: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("access: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 1
    except Exception as error:
        line = _described(error)
        if not line:
            raise
        print(f"access: {line}", file=sys.stderr)
        return 1
    return code


def _flush(quiet: bool) -> bool:
    """Write all output and return whether that worked. A reader that has left, such as `head`, is not reported."""
    try:
        if sys.stdout:  # ``None`` if it was closed
            sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the interpreter flushes too
        if not quiet and not isinstance(error, BrokenPipeError):
            print(f"access: standard output: {error.strerror}", file=sys.stderr)
        return False
    return True


def _described(error: Exception) -> str | None:
    """Return an expected error on one line; ``None`` for a defect of this program."""
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if missing in _EXTRAS:
        return f"this command needs {missing} too: {_EXTRAS[missing]}"
    from .aws_errors import AWS_ERRORS, describe  # botocore loads too slowly for every switch

    if isinstance(error, AWS_ERRORS):  # some, such as a timeout, are OSErrors too
        return f"AWS: {describe(error)}"
    if isinstance(error, OSError):  # the machine refuses something, e.g. to run a program
        return f"{error.filename or 'this machine'}: {error.strerror or error}"
    return None


def parser(prog: str = COMMAND) -> argparse.ArgumentParser:
    """Return the parser of all commands.

    Args:
        prog: the command's name.
    """
    top = argparse.ArgumentParser(
        prog=prog,
        description="Day-to-day tools for deployed stacks: switch into a role, and prove who can.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"access {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for module in (switch, roles, prove, bypass, lint, render, changes, pipeline, state_policy):
        module.add_commands(commands)
    completion.add_commands(commands, top)
    return top


if __name__ == "__main__":
    sys.exit(main())
