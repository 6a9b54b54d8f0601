"""``python -m access``: what people do once the stacks are up.

Commands import what they need when they run: who switches into a role should not wait for what the proof needs.
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
exit codes: 0 as it should be; 1 something failed, or is not as it should be; 2 the command was not understood;
3 undecided (changes); 130 interrupted. The exit code of exec is its command's.
"""
_EXTRAS = {"yaml": "install cross-account-access[prove]"}
"""The modules that an installation without extras lacks, and the cure."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
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
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:  # what this machine refuses, e.g. to run a program
        print(f"access: {error.filename or 'this machine'}: {error.strerror or error}", file=sys.stderr)
        return 1
    except Exception as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing in _EXTRAS:
            print(f"access: this command needs {missing} too: {_EXTRAS[missing]}", file=sys.stderr)
            return 1
        from .aws_errors import AWS_ERRORS, describe  # botocore takes longer to load than a switch may

        if not isinstance(error, AWS_ERRORS):
            raise
        print(f"access: AWS: {describe(error)}", file=sys.stderr)
        return 1
    return code


def parser(prog: str = COMMAND) -> argparse.ArgumentParser:
    """Return the parser of all commands.

    Args:
        prog: how the command is called.
    """
    top = argparse.ArgumentParser(
        prog=prog,
        description="What people do once the stacks are up: switch into a role, and prove who can.",
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
