"""Keep the caller's own AWS, Pulumi and proxy settings out of the sandbox."""

import os

REDIRECTING_VARIABLES = (
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_CSM_ENABLED",
    "AWS_DATA_PATH",
    "AWS_DEFAULT_PROFILE",
    "AWS_ENDPOINT_URL_IAM",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
    "AWS_SIGNIN_ENDPOINT_URL",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "PULUMI_ACCESS_TOKEN",
    "PULUMI_API",
    "PULUMI_CONFIG_PASSPHRASE_FILE",
    "PULUMI_DEBUG_PROVIDERS",
    "PULUMI_STACK",
)
"""Variables that send AWS tools and Pulumi elsewhere, whatever else is set. Shells may hold them unexported."""

_PREFIXES = ("AWS_", "OTEL_", "PULUMI_")
_KEPT = ("HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "LOGNAME", "PATH", "TERM", "TMPDIR", "TZ", "USER")
_HERE = ("127.0.0.1", "localhost")


def child_environment() -> dict[str, str]:
    """Return the caller's variables that the sandbox's processes may have: none can redirect a request."""
    return {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("LC_")}


def clear_environment() -> list[str]:
    """Remove the caller's AWS and Pulumi settings from this process, including those of ``~/.aws``.

    Proxies stay, because set-up may need one for downloads, but requests to this machine bypass them.

    Returns:
        The names of the variables that were removed.
    """
    removed = [name for name in os.environ if name.startswith(_PREFIXES) or name.lower().endswith("grpc_proxy")]
    for name in removed:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ |= no_proxy_variables()
    return removed


def no_proxy_variables() -> dict[str, str]:
    """Return the variables that make tools bypass the proxy for 127.0.0.1; other hosts are as before."""
    named = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    hosts = [host.strip() for host in named.split(",") if host.strip()]
    value = "*" if "*" in hosts else ",".join(dict.fromkeys([*hosts, *_HERE]))
    return {"NO_PROXY": value, "no_proxy": value}
