"""The profile with which AWS tools switch to a role by themselves.

Source: AWS SDKs and Tools Reference Guide, "Assume role credential provider".
"""

import os

from ..command_line import COMMAND
from ..errors import AccessError
from .config_file import active_profile
from .environment import SETTINGS
from .sessions import DEFAULT_SECONDS, Switch

_CONTAINER = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")


def profile_settings(switch: Switch) -> dict[str, str]:
    """What the profile has to say.

    Raises:
        AccessError: the role wants what a profile can't carry, or it is not known where to start from.
    """
    choices = switch.choices
    wanted = {
        "a source identity": choices.source_identity or switch.role.requires_source_identity,
        "session tags": choices.tags or switch.role.session_tags,
        "a session policy": choices.policy,
    }
    for what, is_wanted in wanted.items():
        if is_wanted:
            raise AccessError(
                f"a profile can't carry {what}; `{COMMAND} exec` can, and so can a profile with"
                " `credential_process = access credential-process …`"
            )
    with switch.in_words():
        duration = switch.duration
        settings = {
            "role_arn": switch.role.arn,
            **_start(switch),
            "role_session_name": _session_name(switch),
            "external_id": switch.external_id,
            "mfa_serial": switch.mfa_serial,
            "duration_seconds": str(duration) if duration != DEFAULT_SECONDS else None,
            **_inherited(switch),
        }
    said = {name: value for name, value in settings.items() if value}
    for name, value in said.items():
        if not value.isprintable():
            raise AccessError(f"{name} {value!r} can't stand in a profile")
    return said


def _start(switch: Switch) -> dict[str, str]:
    """Where AWS tools are to take the credentials to start from: from where they take them now."""
    if switch.start_profile:
        return {"source_profile": switch.start_profile}
    if switch.role.credential_source:
        return {"credential_source": switch.role.credential_source}
    if os.environ.get("AWS_ACCESS_KEY_ID"):
        return {"credential_source": "Environment"}
    name = active_profile()
    if name in switch.profiles:
        return {"source_profile": name}
    if any(os.environ.get(variable) for variable in _CONTAINER):
        return {"credential_source": "EcsContainer"}
    raise AccessError("which credentials to start from is not known; say --source-profile NAME")


def _session_name(switch: Switch) -> str | None:
    """Return what the sessions are called; nothing where they would be called after a session that is soon gone.

    The sessions of Identity Center are called after people. Source: IAM Identity Center User Guide, "Logging IAM
    Identity Center API calls with AWS CloudTrail".
    """
    said = switch.choices.session_name or switch.role.session_name
    role = switch.caller.role if not said else None
    return None if role and not role.startswith("AWSReservedSSO_") else switch.session_name


def _inherited(switch: Switch) -> dict[str, str | None]:
    """Return what a profile does not take from the one that it starts from."""
    settings = switch.source.settings
    whole = {name: settings[name] for name in (*SETTINGS, "services") if name in settings and "." not in name}
    return {**whole, "region": switch.source.region}
