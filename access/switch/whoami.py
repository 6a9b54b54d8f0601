"""Who somebody is at the moment, until when, and how to get back."""

import os
from datetime import UTC, datetime

from ..command_line import COMMAND
from .callers import Source, find_source, identify
from .config_file import active_profile, read_profiles
from .failures import in_words
from .session_cache import chain_cache


def told(profile: str | None) -> list[tuple[str, str]]:
    """What there is to tell, each with what it is about.

    Args:
        profile: whose credentials to tell of; by default, those in force.

    Raises:
        AccessError: there are none, or AWS does not know them.
    """
    with in_words(f"profile {profile or active_profile()!r}", profile):
        profiles = read_profiles()
        source = find_source(profiles, profile, cache=chain_cache(profiles, profile))
    with in_words(source.name, profile):
        caller = identify(source, None)
    lines = [("who", caller.arn), ("account", caller.account_id), ("from", source.name), ("until", _until(source))]
    if not caller.role:
        return [*lines, ("role", "none: these are your own credentials")]
    role = f"{caller.role} of account {caller.account_id}, as {caller.name}"
    return [*lines, ("role", role), ("back", _back(source, profile))]


def _until(source: Source) -> str:
    expires_at = source.credentials.expires_at
    if expires_at and expires_at > datetime.now(UTC):  # or AWS, which knows the keys, knows better
        minutes = int((expires_at - datetime.now(UTC)).total_seconds() // 60)
        return f"{expires_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC, {minutes} minutes from now"
    return "not known: AWS does not tell" if source.credentials.session_token else "no end: these are long-term keys"


def _back(source: Source, named: str | None) -> str:
    if source.from_environment:
        return f'leave the shell that `exec` began, or: eval "$({COMMAND} env --unset)"'
    if named:
        return "leave --profile away"
    if os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE"):
        return "unset AWS_PROFILE AWS_DEFAULT_PROFILE"
    return "the default profile is in the role; name another with --profile or AWS_PROFILE"
