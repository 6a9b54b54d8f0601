"""Describe the current credentials: their owner, when they expire, and how to get back."""

import os
from datetime import UTC, datetime

from ..command_line import COMMAND
from .callers import Source, find_source, identify
from .config_file import active_profile, read_profiles
from .failures import one_line_errors
from .session_cache import chain_cache


def describe_caller(profile: str | None) -> list[tuple[str, str]]:
    """Return labels and values that describe credentials.

    Args:
        profile: the profile to describe; by default, the current credentials.

    Raises:
        AccessError: there are no credentials, or AWS does not know them.
    """
    with one_line_errors(f"profile {profile or active_profile()!r}", profile):
        profiles = read_profiles()
        source = find_source(profiles, profile, cache=chain_cache(profiles, profile))
    with one_line_errors(source.name, profile):
        caller = identify(source, None)
    rows = [("who", caller.arn), ("account", caller.account_id), ("from", source.name), ("until", _until(source))]
    if not caller.role:
        return [*rows, ("role", "none: these are your own credentials")]
    role = f"{caller.role} of account {caller.account_id}, as {caller.name}"
    return [*rows, ("role", role), ("back", _back(source, profile))]


def _until(source: Source) -> str:
    expires_at = source.credentials.expires_at
    if expires_at and expires_at > datetime.now(UTC):  # otherwise trust AWS, which just accepted the keys
        minutes = int((expires_at - datetime.now(UTC)).total_seconds() // 60)
        return f"{expires_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC, {minutes} minutes from now"
    return "not known: AWS does not say" if source.credentials.session_token else "no end: these are long-term keys"


def _back(source: Source, profile: str | None) -> str:
    if source.from_environment:
        return f'leave the shell that `exec` started, or: eval "$({COMMAND} env --unset)"'
    if profile:
        return "omit --profile"
    if os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE"):
        return "unset AWS_PROFILE AWS_DEFAULT_PROFILE"
    return "the default profile is in the role; name another with --profile or AWS_PROFILE"
