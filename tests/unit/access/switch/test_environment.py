"""Variables carry a profile's settings into the role: all settings that have one."""

from datetime import UTC, datetime

import pytest
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES, DEFAULT_S3_CONFIG_VARS

from access.errors import AccessError
from access.switch.environment import KEYS, SETTINGS, lost_settings, role_variables
from access.switch.sessions import SessionCredentials

SESSION = SessionCredentials("A", "B", "C", datetime(2030, 1, 31, tzinfo=UTC))
ABOUT_CREDENTIALS = ("metadata_service_", "ec2_metadata_", "imds_")


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for variables in (*SETTINGS.values(), ("AWS_ENDPOINT_URL_S3",)):
        for name in variables:
            monkeypatch.delenv(name, raising=False)


def carried(**settings: str) -> dict[str, str]:
    variables = role_variables(SESSION, {name.replace("__", "."): value for name, value in settings.items()})
    assert [variables.pop(name) for name in KEYS] == ["A", "B", "C", "2030-01-31T00:00:00Z"]
    return variables


def test_all_variables_of_botocore() -> None:
    expected: dict[str, set[str]] = {}
    for name, (settings, variable, *_) in [*BOTOCORE_DEFAUT_SESSION_VARIABLES.items(), *DEFAULT_S3_CONFIG_VARS.items()]:
        for setting in settings if isinstance(settings, list | tuple) and not _is_nested(settings) else [settings]:
            text = ".".join(setting) if isinstance(setting, tuple) else setting
            if text and variable and name != "data_path" and not text.startswith(ABOUT_CREDENTIALS):
                expected.setdefault(text, set()).add(variable)
    expected["region"].add("AWS_REGION")  # the name in other tools
    expected["endpoint_url"] = {"AWS_ENDPOINT_URL"}  # botocore reads it elsewhere
    assert {setting: set(names) for setting, names in SETTINGS.items()} == expected


def _is_nested(settings: object) -> bool:
    return isinstance(settings, tuple) and len(settings) == 2 and settings[0] == "s3"


def test_settings_become_variables() -> None:
    assert carried(use_fips_endpoint="true", retry_mode="adaptive", s3__use_arn_region="true", output="json") == {
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_RETRY_MODE": "adaptive",
        "AWS_S3_USE_ARN_REGION": "true",
    }


def test_set_variables_take_precedence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "false")
    assert carried(region="us-east-1", use_fips_endpoint="true") == {}


def test_endpoints_of_services(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"services": "local", "services__s3__endpoint_url": "https://one", "endpoint_url": "https://all"}
    assert carried(**settings) == {"AWS_ENDPOINT_URL_S3": "https://one", "AWS_ENDPOINT_URL": "https://all"}
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://two")
    assert carried(**settings) == {"AWS_ENDPOINT_URL": "https://all"}
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://first")
    assert carried(**settings) == {}


def test_a_missing_services_section() -> None:
    with pytest.raises(AccessError, match=r"the profile names the section \[services local\], which does not exist"):
        carried(services="local")


def test_lost_settings() -> None:
    assert lost_settings({"s3.addressing_style": "path", "s3.use_arn_region": "true", "region": "x"}) == [
        "s3.addressing_style"
    ]
