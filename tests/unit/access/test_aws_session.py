"""The faster session has the same data as botocore's own."""

import json
from pathlib import Path

import botocore.session
import pytest
from botocore.exceptions import (
    CredentialRetrievalError,
    InvalidEndpointConfigurationError,
    InvalidRegionError,
    UnknownServiceError,
)

from access import aws_session
from access.aws_session import new_session


@pytest.fixture(autouse=True)
def no_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_DATA_PATH", raising=False)


@pytest.mark.parametrize("service", ["sts", "iam", "sso", "sso-oidc", "signin"])
def test_services(service: str) -> None:
    ours, theirs = (session.get_component("data_loader") for session in (new_session(), botocore.session.Session()))
    for kind in ("service-2", "endpoint-rule-set-1"):
        assert ours.load_service_model(service, kind) == theirs.load_service_model(service, kind)


def test_regions() -> None:
    aws_session._loader.cache_clear()  # botocore adds derived values to the data it reads
    ours, theirs = new_session(), botocore.session.Session()
    for name in ("endpoints", "partitions"):
        assert ours.get_component("data_loader").load_data(name) == theirs.get_component("data_loader").load_data(name)
    for region in ("us-east-1", "cn-north-1", "us-gov-west-1", "eu-central-2"):
        addresses = [session.create_client("sts", region).meta.endpoint_url for session in (ours, theirs)]
        assert addresses[0] == addresses[1]


def test_an_unknown_service() -> None:
    with pytest.raises(UnknownServiceError):
        new_session().create_client("nothing")


def test_a_data_folder_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = botocore.session.Session().get_component("data_loader").load_service_model("sts", "service-2")
    folder = tmp_path / "mine" / "2020-01-01"
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text(json.dumps(model))
    monkeypatch.setenv("AWS_DATA_PATH", f"/nonexistent:{tmp_path}")
    assert new_session().get_component("data_loader").load_service_model("mine", "service-2") == model


def test_a_given_configuration_file_is_the_only_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, elsewhere = tmp_path / "own", tmp_path / "elsewhere"
    own.write_text("[profile production]\naws_access_key_id = own\naws_secret_access_key = own\n")
    elsewhere.write_text(
        "[production]\naws_access_key_id = other\naws_secret_access_key = other\nendpoint_url = http://other\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(elsewhere))
    session = new_session("production", own)
    assert session.get_credentials().access_key == "own"
    assert "endpoint_url" not in session.get_scoped_config()


@pytest.mark.parametrize(
    ("helper", "reason"),
    [
        ("echo wJalrXUtnFEMI", "it answered with something unreadable"),
        ("echo []", "it answered with something unreadable"),
        ("printf \\\\377", "it answered with something unreadable"),
        ("/nonexistent/helper", "/nonexistent/helper can't be used: No such file or directory"),
        ("false", ""),  # in botocore's own words
    ],
)
def test_a_failing_credential_process(tmp_path: Path, helper: str, reason: str) -> None:
    (tmp_path / "config").write_text(f"[profile dev]\ncredential_process = {helper}\n")
    with pytest.raises(CredentialRetrievalError) as caught:
        new_session("dev").get_credentials()
    assert str(caught.value).endswith(f": {reason}")
    assert "wJalr" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("endpoint", ["nonsense", "http://me:wJalrXUtnFEMI@[::1"])
def test_an_invalid_endpoint(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(InvalidEndpointConfigurationError, match="check AWS_ENDPOINT_URL") as caught:
        new_session().create_client("sts")
    with pytest.raises(InvalidRegionError):  # as usual
        new_session().create_client("sts", "no region")
    assert "wJalr" not in str(caught.value)
