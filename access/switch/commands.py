"""The commands that switch into a role: profile, exec, env, credential-process, console, whoami."""

import argparse
import os
import re
import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..command_line import COMMAND, Commands, check_unix
from ..errors import AccessError
from .options import ROLE, add_role, add_session_options, add_switch_options, chosen_switch, matching
from .shells import SHELLS

# Commands import the rest when they run: --help and errors should not wait for botocore.
if TYPE_CHECKING:
    from .sessions import Switch

_CHANGED, _IN = "ACCESS_CHANGED", "ACCESS_IN"
"""Variables in which `env` records, for its next run in the same shell, the variables it changed and the role."""

_EXEC_FLAGS = ("--no-cache", "-h", "--help")
"""The options of `exec` without a value."""

_PROFILE = """\
Prints the profile with which AWS tools (aws, boto3, Terraform, …) switch to the role by themselves and renew the
session when it expires. Where the role requires MFA, aws and boto3 ask for the code; Terraform, Pulumi and other Go
programs can't. This is the recommended way. The other commands do what a profile can't: a source identity, session
tags, a session policy, one session for several tools.
"""
_EXEC = """\
Runs a command with the role's credentials and no others; the exit code is the command's. Without a command, it starts
a shell whose prompt names the role. Without a role, it lets you choose one in the terminal.
"""


def add_commands(commands: Commands) -> None:
    """Declare the commands."""
    profile = commands.add_parser(
        "profile", help="the recommended way: an AWS profile that switches to a role", description=_PROFILE
    )
    add_role(profile)
    profile.add_argument(
        "--name",
        type=matching(r"[\w.+=,@:/-]+", "letters, digits and .+=,@:/_-"),
        help="the profile's name; by default that of stack and role, or of the ARN's role",
    )
    profile.add_argument(
        "--source-profile",
        dest="profile",
        metavar="NAME",
        help="the profile to start from; by default, the current credentials",
    )
    profile.add_argument("--write", action="store_true", help="write it to ~/.aws/config (or AWS_CONFIG_FILE)")
    add_session_options(profile)
    profile.set_defaults(run=_profile, keep=True)

    run = commands.add_parser(
        "exec",
        help="run a command in a role",
        description=_EXEC,
        usage=f"{COMMAND} exec [ROLE] [OPTION ...] [-- COMMAND [ARGUMENT ...]]",
    )
    run.add_argument("role", nargs="?", metavar="ROLE", help=ROLE)
    add_switch_options(run)
    run.set_defaults(run=_exec)

    env = commands.add_parser(
        "env",
        help="print lines that put a shell into a role",
        description=f'For a shell to evaluate: eval "$({COMMAND} env ROLE)"; in fish, … | source;'
        " in PowerShell, … | Out-String | Invoke-Expression. Run it again to renew the session; --unset restores the"
        " variables from before. If this command fails, so does the eval.",
    )
    env.add_argument("role", nargs="?", metavar="ROLE", help=ROLE)
    env.add_argument("--shell", choices=SHELLS, help="by default, the shell that runs this")
    env.add_argument("--unset", action="store_true", help="print lines that restore the shell")
    add_switch_options(env)
    env.set_defaults(run=_env)

    process = commands.add_parser(
        "credential-process",
        help="print a role's credentials as JSON, for credential_process in ~/.aws/config",
        description="For a profile with `credential_process = access credential-process ROLE --profile NAME`, from"
        " which AWS tools take the credentials. It asks for an MFA code on the terminal.",
    )
    add_role(process)
    add_switch_options(process)
    process.set_defaults(run=_credential_process)

    console = commands.add_parser(
        "console",
        help="print a link that opens the AWS console in a role",
        description="Prints a sign-in link, or opens it. For fifteen minutes the link is as good as a password.",
        epilog="AWS_SIGNIN_ENDPOINT_URL: another sign-in address than AWS's, e.g. an emulator's. It receives the"
        " session's keys, so it must be an https:// address, or on this machine.",
    )
    add_role(console)
    console.add_argument("--open", action="store_true", help="open it in the browser instead of printing it")
    add_switch_options(console)
    console.set_defaults(run=_console)

    whoami = commands.add_parser("whoami", help="show who you are, until when, and how to get back")
    whoami.add_argument("--profile", metavar="NAME", help="the profile to show; by default, the current credentials")
    whoami.set_defaults(run=_whoami)


def split_command(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the words before ``--``, and the command after it, which `exec` runs.

    Raises:
        SystemExit: a command is given without ``--``; the line printed shows how to write it.
    """
    if not words or words[0] != "exec":
        return list(words), []
    if "--" in words:
        at = list(words).index("--")
        return list(words[:at]), list(words[at + 1 :])
    at = _command_start(words)
    if at < len(words):
        right = f"{COMMAND} {shlex.join(words[:at])} -- {shlex.join(words[at:])}"
        print(f"access: the command follows --; write: {right}", file=sys.stderr)
        sys.exit(2)
    return list(words), []


def _command_start(words: Sequence[str]) -> int:
    """Return where a command starts without ``--``: at the second word that is not an option or its value."""
    at, positional = 1, 0
    while at < len(words):
        if words[at].startswith("-"):
            at += 1 if "=" in words[at] or words[at] in _EXEC_FLAGS else 2
            continue
        if positional:
            break
        positional += 1
        at += 1
    return at


def _profile(options: argparse.Namespace) -> int:
    from .config_file import config_path, render, write_profile
    from .profiles import profile_settings

    switch = chosen_switch(options)
    settings = profile_settings(switch)
    name = options.name or switch.role.name
    if options.write:
        state = "is in" if write_profile(name, settings) else "was already in"
        print(f"profile {name} {state} {config_path()}; use it: --profile {name}, or AWS_PROFILE={name}")
    else:
        print(render(name, settings), end="")
    if "mfa_serial" in settings:
        print(
            "access: the AWS CLI and boto3 ask for the MFA code; Terraform, Pulumi and other Go programs can't, so run"
            f" them with {COMMAND} exec",
            file=sys.stderr,
        )
    if settings.get("credential_source") == "Environment":
        print(
            "access: the profile starts from keys in environment variables, and AWS_PROFILE does not override those;"
            " keep them in a profile, and use --source-profile",
            file=sys.stderr,
        )
    return 0


def _exec(options: argparse.Namespace) -> int:
    from .environment import role_variables, stale_variables

    switch = chosen_switch(options)
    if not options.command:
        _check_terminal()
    variables = role_variables(switch.session(), switch.source.settings)
    _warn_of_lost_settings(switch)
    stale = {*stale_variables(), _CHANGED, _IN}
    environment = {name: value for name, value in os.environ.items() if name not in stale} | variables
    if options.command:
        return _replace_process(options.command, environment)
    from .shells import shell_in_role

    print("access: this shell is in the role; `exit` leaves it", file=sys.stderr)
    command, more = shell_in_role(switch.role.arn.rpartition("/")[2])
    return _replace_process(command, environment | more)


def _check_terminal() -> None:
    """Check that there is a terminal for a shell."""
    if not (sys.stdin and sys.stdin.isatty()):
        raise AccessError("no command is given: exec ROLE -- COMMAND; a shell in the role needs a terminal")


def _warn_of_lost_settings(switch: "Switch") -> None:
    from .environment import lost_settings

    lost = ", ".join(lost_settings(switch.source.settings))
    if lost:
        print(f"access: the profile's {lost} does not apply in the role: no variable carries it", file=sys.stderr)


def _replace_process(command: list[str], environment: dict[str, str]) -> int:
    """Replace this process by the command, which gets its own signals; return a code only if it can't be run."""
    import signal

    for stream in filter(None, (sys.stdout, sys.stderr)):  # none where it was closed
        stream.flush()
    # Python ignores these, and a command would go on to do so: `yes | head` would not end.
    ignored = [getattr(signal, name) for name in ("SIGPIPE", "SIGXFSZ") if hasattr(signal, name)]
    before = [signal.signal(number, signal.SIG_DFL) for number in ignored]
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606
    except FileNotFoundError:
        print(f"access: {command[0]}: command not found", file=sys.stderr)
        return 127
    except OSError as error:
        print(f"access: {command[0]}: can't be run: {error.strerror}", file=sys.stderr)
        return 126
    finally:
        for number, handler in zip(ignored, before, strict=True):
            signal.signal(number, handler)


def _env(options: argparse.Namespace) -> int:
    from .shells import default_shell, failing_line

    check_unix()
    shell = options.shell or default_shell()
    if options.unset:
        print("\n".join(_leave_lines(shell)))
        return 0
    try:
        lines = _enter_lines(shell, options)
    except BaseException:
        print(failing_line(shell))  # the shell evaluates this; it ignores this program's exit code
        raise
    print("\n".join(lines))
    return 0


def _enter_lines(shell: str, options: argparse.Namespace) -> list[str]:
    from .environment import role_variables, stale_variables
    from .shells import rerun_line, save_lines, set_lines, unset_lines

    is_named = bool(options.role)
    switch = chosen_switch(options)
    if not switch.start_profile and not switch.role.credential_source and _is_in(switch.role.arn):
        # A role's session can't begin the next one, so restore the shell and run again.
        words = [*sys.argv[1:], *([] if is_named else [options.role])]
        return [*_leave_lines(shell), rerun_line(shell, [sys.executable, "-m", __name__.partition(".")[0], *words])]
    session = switch.session()
    variables = role_variables(session, switch.source.settings)
    _warn_of_lost_settings(switch)
    stale = stale_variables()
    earlier = _changed()
    new = [name for name in (*stale, *variables) if name not in earlier and (name in variables or name in os.environ)]
    marks = {_CHANGED: " ".join([*earlier, *new]), _IN: f"{session.access_key_id} {switch.role.arn}"}
    return [*save_lines(shell, new), *unset_lines(shell, stale), *set_lines(shell, variables | marks)]


def _leave_lines(shell: str) -> list[str]:
    from .environment import KEYS
    from .shells import restore_lines, unset_lines

    changed = _changed()
    lines = restore_lines(shell, changed) if changed else unset_lines(shell, KEYS)
    return [*lines, *unset_lines(shell, (_CHANGED, _IN))]


def _changed() -> list[str]:
    """Return the variables that `env` changed in this shell, which keeps their earlier values."""
    return [
        name for name in os.environ.get(_CHANGED, "").split() if re.fullmatch(r"(AWS|BOTOCORE)_\w+", name, re.ASCII)
    ]


def _is_in(role_arn: str) -> bool:
    """Return whether `env` put this shell into a role, and the keys are still the role's."""
    return os.environ.get(_IN) == f"{os.environ.get('AWS_ACCESS_KEY_ID')} {role_arn}"


def _credential_process(options: argparse.Namespace) -> int:
    import json

    session = chosen_switch(options).session()
    output = {
        "Version": 1,
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "SessionToken": session.session_token,
        "Expiration": session.expiration,
    }
    print(json.dumps(output))
    return 0


def _console(options: argparse.Namespace) -> int:
    from .console_link import console_link, open_in_browser, sign_in_address

    switch = chosen_switch(options)
    partition = switch.role.arn.split(":")[1]
    sign_in = sign_in_address(partition)
    link = console_link(switch.session(), sign_in, partition, switch.source.region)
    if options.open:
        open_in_browser(link)
        print("access: opened in the browser", file=sys.stderr)
    else:
        print(link)
    return 0


def _whoami(options: argparse.Namespace) -> int:
    from .whoami import describe_caller

    check_unix()
    for label, value in describe_caller(options.profile):
        print(f"{label:8} {value}")
    return 0
