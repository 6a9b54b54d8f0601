"""Build the profile with which AWS tools switch to a role by themselves.

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
    """Return the profile's settings.

    Raises:
        AccessError: the role requires what a profile can't express, or no source credentials are known.
    """
    choices = switch.choices
    unsupported = {
        "a source identity": choices.source_identity or switch.role.requires_source_identity,
        "session tags": choices.tags or switch.role.session_tags,
        "a session policy": choices.policy,
    }
    for feature, is_wanted in unsupported.items():
        if is_wanted:
            raise AccessError(
                f"a profile can't have {feature}; use `{COMMAND} exec`, or a profile with"
                " `credential_process = access credential-process …`"
            )
    with switch.one_line_errors():
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
    given = {name: value for name, value in settings.items() if value}
    for name, value in given.items():
        if not value.isprintable():
            raise AccessError(f"{name} {value!r} can't be written to a profile; remove its control characters")
    return given


def _start(switch: Switch) -> dict[str, str]:
    """Return the setting that makes AWS tools start from the current credentials."""
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
    raise AccessError("no source credentials found; use --source-profile NAME")


def _session_name(switch: Switch) -> str | None:
    """Return the name of the sessions; nothing where it would be the name of a short-lived session.

    Identity Center names sessions after people. Source: IAM Identity Center User Guide, "Logging IAM
    Identity Center API calls with AWS CloudTrail".
    """
    given = switch.choices.session_name or switch.role.session_name
    role = switch.caller.role if not given else None
    return None if role and not role.startswith("AWSReservedSSO_") else switch.session_name


def _inherited(switch: Switch) -> dict[str, str | None]:
    """Return the settings that a profile does not take from its source profile."""
    settings = switch.source.settings
    whole = {name: settings[name] for name in (*SETTINGS, "services") if name in settings and "." not in name}
    return {**whole, "region": switch.source.region}
