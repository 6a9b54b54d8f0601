"""The environment in which AWS tools work in a role, and nowhere else."""

import os
from collections.abc import Mapping

from access.switch.sessions import SessionCredentials

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION")
"""The variables that make the session."""

_STALE = (
    *(
        "AWS_SECURITY_TOKEN",
        "AWS_ACCESS_KEY",
        "AWS_SECRET_KEY",
        "AWS_ACCOUNT_ID",
    ),  # older names of the above, and whose
    *("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CREDENTIAL_FILE"),
    *("AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    *("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    *("AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
)
"""The other variables from which AWS tools take credentials.

Source: AWS SDKs and Tools Reference Guide, "Environment variables list"; the older names are the Java SDK's.
"""

_SETTINGS = {
    "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
    "ca_bundle": ("AWS_CA_BUNDLE",),
    "endpoint_url": ("AWS_ENDPOINT_URL",),
}
"""Settings of a profile that have to live on in variables, as the profile is left behind."""


def role_variables(session: SessionCredentials, settings: Mapping[str, str]) -> dict[str, str]:
    """The variables to set.

    Args:
        session: the session's credentials.
        settings: what the profile in force says; a variable that is set already says it better.
    """
    values = (session.access_key_id, session.secret_access_key, session.session_token, session.expiration)
    variables = dict(zip(KEYS, values, strict=True))
    for setting, names in _SETTINGS.items():
        if setting in settings and not any(os.environ.get(name) for name in names):
            variables |= dict.fromkeys(names, settings[setting])
    return variables


def stale_variables() -> list[str]:
    """The variables to remove. Bearer tokens are named after the service that takes them."""
    return [*_STALE, *(name for name in os.environ if name.startswith("AWS_BEARER_TOKEN_"))]
