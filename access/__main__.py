"""``python -m access``: what people do once the stacks are up.

Commands import what they need when they run: who switches into a role should not wait for what the proof needs.
"""

import argparse
import os
import sys
from collections.abc import Sequence

import access.bypass.commands
import access.changes.commands
import access.completion.commands
import access.lint.commands
import access.prove.commands
import access.render.commands
import access.switch.commands
import access.switch.role_commands
from access import __version__
from access.command_line import COMMAND
from access.errors import AccessError

_EPILOG = """\
exit codes: 0 as it should be; 1 something failed, or is not as it should be; 2 the command was not understood;
3 undecided (changes); 130 interrupted. The exit code of exec is its command's.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    try:
        words, command = access.switch.commands.split_command(sys.argv[1:] if arguments is None else arguments)
        options = _parser().parse_args(words, argparse.Namespace(command=command))
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
    except Exception as error:
        from access.aws_errors import AWS_ERRORS, describe  # botocore takes longer to load than a switch may

        if not isinstance(error, AWS_ERRORS):
            raise
        print(f"access: AWS: {describe(error)}", file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=COMMAND,
        description="What people do once the stacks are up: switch into a role, and prove who can.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"access {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in (
        access.switch.commands,
        access.switch.role_commands,
        access.prove.commands,
        access.bypass.commands,
        access.lint.commands,
        access.render.commands,
        access.changes.commands,
    ):
        module.add_commands(commands)
    access.completion.commands.add_commands(commands, parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
