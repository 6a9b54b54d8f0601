"""The options of the commands that switch into a role, and the switch that they describe."""

import argparse
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..command_line import check_unix
from ..errors import AccessError
from .role_commands import choose_role

if TYPE_CHECKING:
    from .sessions import Choices, Switch

ROLE = "stack/role, from your team's list or the stack's outputs; an ARN; or an AWS profile that has a role_arn"


def add_role(command: argparse.ArgumentParser) -> None:
    """Add the role, which has to be given."""
    command.add_argument("role", metavar="ROLE", help=ROLE)


def add_switch_options(command: argparse.ArgumentParser) -> None:
    """Add the options of commands that begin a session."""
    command.add_argument(
        "--profile", metavar="NAME", help="the profile to start from; by default, the current credentials"
    )
    add_session_options(command)
    command.add_argument(
        "--no-cache", dest="keep", action="store_false", help="begin a new session, which replaces one that is kept"
    )


def add_session_options(command: argparse.ArgumentParser) -> None:
    """Add the options of a session. The characters are those of the API reference of AssumeRole."""
    command.add_argument(
        "--mfa-serial",
        metavar="ARN",
        type=matching(r"[\w+=/:,.@-]{9,256}", "an MFA device's ARN or serial number"),
        help="your MFA device; by default the profile's, or your only one if the role requires MFA",
    )
    command.add_argument(
        "--external-id",
        metavar="ID",
        type=matching(r"[\w+=,.@:/-]{2,1224}", "2 to 1224 letters, digits and +=,.@:/-"),
        help="by default, the stack's or the profile's",
    )
    name = matching(r"[\w+=,.@-]{2,64}", "2 to 64 letters, digits and +=,.@-")
    command.add_argument(
        "--source-identity", metavar="NAME", type=name, help="by default your own name, if the role requires one"
    )
    command.add_argument("--session-name", metavar="NAME", type=name, help="by default the profile's, or your own name")
    command.add_argument(
        "--duration",
        metavar="SECONDS",
        type=_duration,
        help="900 to 43200; by default the profile's, or 3600; from role to role at most 3600",
    )
    command.add_argument(
        "--session-policy", metavar="FILE", help="a policy document that limits what the session may do"
    )
    command.add_argument(
        "--tag", metavar="NAME=VALUE", type=_tag, action="append", default=[], help="a session tag; may be repeated"
    )


def chosen_switch(options: argparse.Namespace) -> "Switch":
    """Return the switch that parsed options describe; without a role, let the user choose one.

    Raises:
        AccessError: there is no such role, or a file can't be read.
    """
    import gc

    from .config_file import read_profiles
    from .roles import find_role
    from .sessions import Switch

    check_unix()
    gc.disable()  # a tenth of botocore's loading time; this process soon ends, or is replaced
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
    """Read a session policy, without white space, which AWS counts."""
    import json
    from pathlib import Path

    try:
        return json.dumps(json.loads(Path(path).read_text(encoding="utf-8")), separators=(",", ":"))
    except OSError as error:
        raise AccessError(f"the session policy {path} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise AccessError(f"the session policy {path} is not JSON: {error}") from None


def matching(pattern: str, form: str) -> Callable[[str], str]:
    """Return a check of an option's form."""

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
