"""The environment variables with which AWS tools work in a role, and only there."""

import os
import re
from collections.abc import Mapping

from ..errors import AccessError
from .sessions import SessionCredentials

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION")
"""The variables of the session."""

_STALE = (
    *(
        "AWS_SECURITY_TOKEN",
        "AWS_ACCESS_KEY",
        "AWS_SECRET_KEY",
        "AWS_ACCOUNT_ID",
    ),  # older names, and the owner's account
    *("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CREDENTIAL_FILE"),
    *("AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    *("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    *("AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
)
"""The other variables from which AWS tools read credentials.

Source: AWS SDKs and Tools Reference Guide, "Environment variables list"; the older names are the Java SDK's.
"""

SETTINGS = {
    "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
    "account_id_endpoint_mode": ("AWS_ACCOUNT_ID_ENDPOINT_MODE",),
    "auth_scheme_preference": ("AWS_AUTH_SCHEME_PREFERENCE",),
    "ca_bundle": ("AWS_CA_BUNDLE",),
    "csm_client_id": ("AWS_CSM_CLIENT_ID",),
    "csm_enabled": ("AWS_CSM_ENABLED",),
    "csm_host": ("AWS_CSM_HOST",),
    "csm_port": ("AWS_CSM_PORT",),
    "defaults_mode": ("AWS_DEFAULTS_MODE",),
    "disable_host_prefix_injection": ("AWS_DISABLE_HOST_PREFIX_INJECTION",),
    "disable_request_compression": ("AWS_DISABLE_REQUEST_COMPRESSION",),
    "endpoint_discovery_enabled": ("AWS_ENDPOINT_DISCOVERY_ENABLED",),
    "endpoint_url": ("AWS_ENDPOINT_URL",),
    "ignore_configured_endpoint_urls": ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",),
    "max_attempts": ("AWS_MAX_ATTEMPTS",),
    "request_checksum_calculation": ("AWS_REQUEST_CHECKSUM_CALCULATION",),
    "request_min_compression_size_bytes": ("AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES",),
    "response_checksum_validation": ("AWS_RESPONSE_CHECKSUM_VALIDATION",),
    "retry_mode": ("AWS_RETRY_MODE",),
    "s3.s3_disable_multiregion_access_points": ("AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS",),
    "s3.us_east_1_regional_endpoint": ("AWS_S3_US_EAST_1_REGIONAL_ENDPOINT",),
    "s3.use_arn_region": ("AWS_S3_USE_ARN_REGION",),
    "s3_disable_express_session_auth": ("AWS_S3_DISABLE_EXPRESS_SESSION_AUTH",),
    "s3_us_east_1_regional_endpoint": ("AWS_S3_US_EAST_1_REGIONAL_ENDPOINT",),
    "s3_use_arn_region": ("AWS_S3_USE_ARN_REGION",),
    "sdk_ua_app_id": ("AWS_SDK_UA_APP_ID",),
    "sigv4a_signing_region_set": ("AWS_SIGV4A_SIGNING_REGION_SET",),
    "sts_regional_endpoints": ("AWS_STS_REGIONAL_ENDPOINTS",),
    "tcp_keepalive": ("BOTOCORE_TCP_KEEPALIVE",),
    "use_dualstack_endpoint": ("AWS_USE_DUALSTACK_ENDPOINT",),
    "use_fips_endpoint": ("AWS_USE_FIPS_ENDPOINT",),
}
"""The variables that carry a profile's settings into the role, where the profile no longer applies: all settings that
have one, except those of credentials. A test compares them with botocore's."""

_ENDPOINT_OF_A_SERVICE = re.compile(r"services\.(\w+)\.endpoint_url")
_WITHOUT_VARIABLE = re.compile(r"s3\..+|proxy_.+|proxies_config\..+|api_versions\..+|parameter_validation")
"""Settings that no variable carries."""


def role_variables(session: SessionCredentials, settings: Mapping[str, str]) -> dict[str, str]:
    """Return the variables to set.

    Args:
        session: the session's credentials.
        settings: the profile's settings; variables already set take precedence.

    Raises:
        AccessError: the profile names a services section that does not exist.
    """
    values = (session.access_key_id, session.secret_access_key, session.session_token, session.expiration)
    return dict(zip(KEYS, values, strict=True)) | _service_endpoints(settings) | _setting_variables(settings)


def lost_settings(settings: Mapping[str, str]) -> list[str]:
    """Return the settings that no variable carries into the role."""
    return sorted(name for name in settings if _WITHOUT_VARIABLE.fullmatch(name) and name not in SETTINGS)


def _setting_variables(settings: Mapping[str, str]) -> dict[str, str]:
    variables: dict[str, str] = {}
    for setting, names in SETTINGS.items():
        if setting in settings and not any(os.environ.get(name) for name in names):
            variables |= dict.fromkeys(names, settings[setting])
    return variables


def _service_endpoints(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of single services' endpoints, which precede the one for all services.

    Source: AWS SDKs and Tools Reference Guide, "Service-specific endpoints".
    """
    if "services" not in settings or os.environ.get("AWS_ENDPOINT_URL"):  # it precedes the files
        return {}
    if not any(name.startswith("services.") for name in settings):
        raise AccessError(
            f"the profile names the section [services {settings['services']}], which does not exist; add it"
        )
    matches = {_ENDPOINT_OF_A_SERVICE.fullmatch(name): value for name, value in settings.items()}
    variables = {f"AWS_ENDPOINT_URL_{match[1].upper()}": value for match, value in matches.items() if match}
    return {name: value for name, value in variables.items() if not os.environ.get(name)}


def stale_variables() -> list[str]:
    """Return the variables to remove. Those of bearer tokens end in a service's name."""
    return [*_STALE, *(name for name in os.environ if name.startswith("AWS_BEARER_TOKEN_"))]
