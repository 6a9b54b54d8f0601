"""The profile with which AWS tools switch to a role by themselves.

Source: AWS SDKs and Tools Reference Guide, "Assume role credential provider".
"""

import os

from access.command_line import COMMAND
from access.errors import AccessError
from access.switch.config_file import active_profile, read_keys
from access.switch.sessions import Switch

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
    duration = choices.duration or switch.role.duration
    with switch.in_words():
        settings = {
            "role_arn": switch.role.arn,
            **_start(switch),
            "role_session_name": switch.session_name,
            "external_id": switch.external_id,
            "mfa_serial": switch.mfa_serial,
            "duration_seconds": str(duration) if duration else None,
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
    if name in switch.profiles or read_keys(name):
        return {"source_profile": name}
    if any(os.environ.get(variable) for variable in _CONTAINER):
        return {"credential_source": "EcsContainer"}
    raise AccessError("which credentials to start from is not known; say --source-profile NAME")


def _inherited(switch: Switch) -> dict[str, str | None]:
    """What a profile does not take from the one that it starts from."""
    settings = switch.source.settings
    return {
        "region": switch.source.region,
        "ca_bundle": settings.get("ca_bundle"),
        "endpoint_url": settings.get("endpoint_url"),
    }
