"""The commands with which a person switches to a role."""

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..command_line import COMMAND, Commands, check_unix
from ..errors import AccessError
from .role_commands import choose_role
from .shells import SHELLS

# All else is imported by the commands that need it: a command line should answer before botocore is loaded.
if TYPE_CHECKING:
    from .sessions import Choices, Switch

_ROLE = "stack/role, as your team published it or the stack tells it; an ARN; or an AWS profile that has a role_arn"

_CHANGED, _IN = "ACCESS_CHANGED", "ACCESS_IN"
"""What `env` tells its next run in the same shell: which variables it has changed, and into which role."""

_PROFILE = """\
Prints the profile with which AWS tools (aws, boto3, Terraform, …) switch to the role by themselves and begin the
session anew when it expires. Where the role wants MFA, aws and boto3 ask for the code; Terraform, Pulumi and other Go
programs can't. This is the recommended way; the other commands are for what a profile can't do: a source identity,
session tags, a session policy, one session that different tools share.
"""
_EXEC = """\
Runs a command with the credentials of the role, and no others; its exit code is the command's. Without a command, it
is a shell in the role, which its prompt names. Without a role, you choose one on the terminal.
"""


def add_commands(commands: Commands) -> None:
    """Declare the commands."""
    profile = commands.add_parser(
        "profile", help="the recommended way: an AWS profile that switches to a role", description=_PROFILE
    )
    _add_role(profile)
    profile.add_argument(
        "--name",
        type=_matching(r"[\w.+=,@:/-]+", "letters, digits and .+=,@:/_-"),
        help="what to call it; by default after stack and role, or after the role of an ARN",
    )
    profile.add_argument(
        "--source-profile", dest="profile", metavar="NAME", help="the profile to start from; by default, as it is now"
    )
    profile.add_argument("--write", action="store_true", help="put it into ~/.aws/config (or AWS_CONFIG_FILE)")
    _add_session_options(profile)
    profile.set_defaults(run=_profile, keep=True)

    run = commands.add_parser(
        "exec",
        help="run a command in a role",
        description=_EXEC,
        usage=f"{COMMAND} exec [ROLE] [OPTION ...] [-- COMMAND [ARGUMENT ...]]",
    )
    run.add_argument("role", nargs="?", metavar="ROLE", help=_ROLE)
    _add_switch_options(run)
    run.set_defaults(run=_exec)

    env = commands.add_parser(
        "env",
        help="print lines with which a shell is in a role",
        description=f'For a shell to evaluate: eval "$({COMMAND} env ROLE)"; in fish, … | source;'
        " in PowerShell, … | Out-String | Invoke-Expression. The same again renews the session; --unset puts back what"
        " was there before. If it fails, so does what the shell evaluates.",
    )
    env.add_argument("role", nargs="?", metavar="ROLE", help=_ROLE)
    env.add_argument("--shell", choices=SHELLS, help="by default, the one that runs this")
    env.add_argument("--unset", action="store_true", help="lines with which the shell is as before")
    _add_switch_options(env)
    env.set_defaults(run=_env)

    process = commands.add_parser(
        "credential-process",
        help="print a role's credentials as JSON, for credential_process in ~/.aws/config",
        description="For a profile with `credential_process = access credential-process ROLE --profile NAME`; AWS tools"
        " take the credentials from there. An MFA code is asked for on the terminal.",
    )
    _add_role(process)
    _add_switch_options(process)
    process.set_defaults(run=_credential_process)

    console = commands.add_parser(
        "console",
        help="a link that opens the AWS console in a role",
        description="Prints a sign-in link, which is as good as a password for fifteen minutes; or opens it.",
        epilog="AWS_SIGNIN_ENDPOINT_URL: the address to sign in at in place of AWS's own, e.g. that of an emulator."
        " It is sent the session's keys, so it has to be an https:// address, or one of this machine.",
    )
    _add_role(console)
    console.add_argument("--open", action="store_true", help="open it in the browser, and do not print it")
    _add_switch_options(console)
    console.set_defaults(run=_console)

    whoami = commands.add_parser("whoami", help="who am I now, until when, and how do I get back")
    whoami.add_argument("--profile", metavar="NAME", help="whose credentials to tell of; by default, those in force")
    whoami.set_defaults(run=_whoami)


def split_command(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the words of the command line, and apart from them the command that `exec` is to run, which follows --."""
    at = list(words).index("--") if words and words[0] == "exec" and "--" in words else len(words)
    return list(words[:at]), list(words[at + 1 :])


def _add_role(command: argparse.ArgumentParser) -> None:
    command.add_argument("role", metavar="ROLE", help=_ROLE)


def _add_switch_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--profile", metavar="NAME", help="whose credentials to start from; by default, those in force"
    )
    _add_session_options(command)
    command.add_argument(
        "--no-cache", dest="keep", action="store_false", help="begin a new session; where one is kept, it is replaced"
    )


def _add_session_options(command: argparse.ArgumentParser) -> None:
    """What makes a session. The characters that AWS allows: API reference of AssumeRole."""
    command.add_argument(
        "--mfa-serial",
        metavar="ARN",
        type=_matching(r"[\w+=/:,.@-]{9,256}", "an MFA device's ARN or serial number"),
        help="your MFA device; by default, what the profile says, or your only one where the role wants one",
    )
    command.add_argument(
        "--external-id",
        metavar="ID",
        type=_matching(r"[\w+=,.@:/-]{2,1224}", "2 to 1224 letters, digits and +=,.@:/-"),
        help="by default, what the stack or the profile says",
    )
    name = _matching(r"[\w+=,.@-]{2,64}", "2 to 64 letters, digits and +=,.@-")
    command.add_argument(
        "--source-identity", metavar="NAME", type=name, help="by default your own name, where the role wants one"
    )
    command.add_argument(
        "--session-name", metavar="NAME", type=name, help="by default what the profile says, or your own name"
    )
    command.add_argument(
        "--duration",
        metavar="SECONDS",
        type=_duration,
        help="900 to 43200; by default what the profile says, or 3600; from role to role 3600 at most",
    )
    command.add_argument(
        "--session-policy", metavar="FILE", help="a policy document; the session can do only what it allows too"
    )
    command.add_argument(
        "--tag", metavar="NAME=VALUE", type=_tag, action="append", default=[], help="of the session; may be repeated"
    )


def _profile(options: argparse.Namespace) -> int:
    from .config_file import config_path, render, write_profile
    from .profiles import profile_settings

    switch = _switch(options)
    settings = profile_settings(switch)
    name = options.name or switch.role.name
    if options.write:
        there = "is in" if write_profile(name, settings) else "was already in"
        print(f"profile {name} {there} {config_path()}; use it: --profile {name}, or AWS_PROFILE={name}")
    else:
        print(render(name, settings), end="")
    if "mfa_serial" in settings:
        print(
            "access: the AWS CLI and boto3 ask for the MFA code; Terraform, Pulumi and other Go programs can't: run"
            f" them with {COMMAND} exec",
            file=sys.stderr,
        )
    if settings.get("credential_source") == "Environment":
        print(
            "access: it starts from the keys that are in environment variables now, and AWS_PROFILE does not go before"
            " those; better keep them in a profile, and say --source-profile",
            file=sys.stderr,
        )
    return 0


def _exec(options: argparse.Namespace) -> int:
    from .environment import role_variables, stale_variables

    switch = _switch(options)
    if not options.command:
        _check_terminal()
    variables = role_variables(switch.session(), switch.source.settings)
    _tell_lost(switch)
    stale = {*stale_variables(), _CHANGED, _IN}
    environment = {name: value for name, value in os.environ.items() if name not in stale} | variables
    if options.command:
        return _become(options.command, environment)
    from .shells import shell_in_role

    print("access: this shell is in the role; `exit` leaves it", file=sys.stderr)
    command, more = shell_in_role(switch.role.arn.rpartition("/")[2])
    return _become(command, environment | more)


def _check_terminal() -> None:
    """Check that somebody is there to type commands."""
    if not sys.stdin.isatty():
        raise AccessError("say what to run: exec ROLE -- COMMAND; a shell in the role needs a terminal")


def _tell_lost(switch: "Switch") -> None:
    from .environment import lost_settings

    lost = ", ".join(lost_settings(switch.source.settings))
    if lost:
        print(f"access: in the role, the profile's {lost} is left behind: no variable carries it", file=sys.stderr)


def _become(command: list[str], environment: dict[str, str]) -> int:
    """Become the command, so that signals and its exit code are its own; what is returned is that it can't be run."""
    import signal

    sys.stdout.flush()
    sys.stderr.flush()
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
        print("\n".join(_lines_back(shell)))
        return 0
    try:
        lines = _lines_into(shell, options)
    except BaseException:
        print(failing_line(shell))  # a shell goes by what it evaluates, not by this program's exit code
        raise
    print("\n".join(lines))
    return 0


def _lines_into(shell: str, options: argparse.Namespace) -> list[str]:
    from .environment import role_variables, stale_variables
    from .shells import again_line, save_lines, set_lines, unset_lines

    said = bool(options.role)
    switch = _switch(options)
    if not switch.start_profile and not switch.role.credential_source and _is_in(switch.role.arn):
        # The session of a role can't begin the next one: go back to where it began.
        words = [*sys.argv[1:], *([] if said else [options.role])]
        return [*_lines_back(shell), again_line(shell, [sys.executable, "-m", __name__.partition(".")[0], *words])]
    session = switch.session()
    variables = role_variables(session, switch.source.settings)
    _tell_lost(switch)
    stale = stale_variables()
    before = _changed()
    now = [name for name in (*stale, *variables) if name not in before and (name in variables or name in os.environ)]
    marks = {_CHANGED: " ".join([*before, *now]), _IN: f"{session.access_key_id} {switch.role.arn}"}
    return [*save_lines(shell, now), *unset_lines(shell, stale), *set_lines(shell, variables | marks)]


def _lines_back(shell: str) -> list[str]:
    from .environment import KEYS
    from .shells import restore_lines, unset_lines

    changed = _changed()
    lines = restore_lines(shell, changed) if changed else unset_lines(shell, KEYS)
    return [*lines, *unset_lines(shell, (_CHANGED, _IN))]


def _changed() -> list[str]:
    """Return the variables that `env` has changed in this shell, which keeps their values from before."""
    return [
        name for name in os.environ.get(_CHANGED, "").split() if re.fullmatch(r"(AWS|BOTOCORE)_\w+", name, re.ASCII)
    ]


def _is_in(role_arn: str) -> bool:
    """Return whether `env` has put this shell into a role, and nobody has set other keys since."""
    return os.environ.get(_IN) == f"{os.environ.get('AWS_ACCESS_KEY_ID')} {role_arn}"


def _credential_process(options: argparse.Namespace) -> int:
    import json

    session = _switch(options).session()
    told = {
        "Version": 1,
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "SessionToken": session.session_token,
        "Expiration": session.expiration,
    }
    print(json.dumps(told))
    return 0


def _console(options: argparse.Namespace) -> int:
    from .console_link import console_link, open_in_browser, sign_in_address

    switch = _switch(options)
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
    from .whoami import told

    check_unix()
    for what, value in told(options.profile):
        print(f"{what:8} {value}")
    return 0


def _switch(options: argparse.Namespace) -> "Switch":
    import gc

    from .config_file import read_profiles
    from .roles import find_role
    from .sessions import Switch

    check_unix()
    gc.disable()  # a tenth of the time that loading botocore takes; this process soon ends, or becomes another
    profiles = read_profiles()
    options.role = options.role or choose_role(options.profile, profiles)
    return Switch(find_role(options.role, profiles), _choices(options), profiles)


def _choices(options: argparse.Namespace) -> "Choices":
    from .sessions import Choices

    return Choices(
        profile=options.profile,
        mfa_serial=options.mfa_serial,
        external_id=options.external_id,
        source_identity=options.source_identity,
        session_name=options.session_name,
        duration=options.duration,
        policy=_policy(options.session_policy) if options.session_policy else None,
        tags=dict(options.tag),
        keep=options.keep,
    )


def _policy(path: str) -> str:
    """A session policy, without the white space that AWS would count."""
    import json
    from pathlib import Path

    try:
        return json.dumps(json.loads(Path(path).read_text(encoding="utf-8")), separators=(",", ":"))
    except OSError as error:
        raise AccessError(f"the session policy {path} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise AccessError(f"the session policy {path} is not JSON: {error}") from None


def _matching(pattern: str, form: str) -> Callable[[str], str]:
    """A check that text on the command line is of a form."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise argparse.ArgumentTypeError(f"{text!r} is not allowed; write {form}")
        return text

    return check


def _duration(text: str) -> int:
    if not text.isdecimal() or not 900 <= int(text) <= 43200:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; write a number of seconds, 900 to 43200")
    return int(text)


def _tag(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not name or not separator:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; write NAME=VALUE")
    return name, value
