"""The credentials that a switch starts from are those that every AWS tool would take."""

import os
from collections.abc import Mapping
from pathlib import Path

import botocore.session
import pytest
from botocore.exceptions import CredentialRetrievalError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.credentials import Credentials
from access.errors import AccessError
from access.switch.callers import Caller, find_source, parse_time
from access.switch.config_file import read_profiles

SECRET = "wJalrXUtnFEMI/K7MDENG"  # noqa: S105 (a made-up one)


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for AWS's files; nothing else is set."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return tmp_path


def keys(name: str, token: bool = False) -> str:
    lines = [f"aws_access_key_id = {name}", f"aws_secret_access_key = secret-of-{name}"]
    return "\n".join([*lines, f"aws_session_token = token-of-{name}" if token else ""])


def process(name: str) -> str:
    told = f'{{"Version": 1, "AccessKeyId": "{name}", "SecretAccessKey": "secret-of-{name}"}}'
    return f"credential_process = echo '{told}'\n"


PLACES = ("variables", "file", "file_token", "config", "process", "default", "AWS_PROFILE", "named")


@settings(derandomize=True, max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(there=st.fixed_dictionaries({name: st.booleans() for name in PLACES}))
def test_as_botocore_finds_them(aws: Path, there: Mapping[str, bool]) -> None:
    profile = "dev" if there["AWS_PROFILE"] or there["named"] else "default"
    header = "[default]" if profile == "default" else f"[profile {profile}]"
    config = [header, keys("CONFIG") if there["config"] else "", process("PROCESS") if there["process"] else ""]
    (aws / "config").write_text("\n".join(config))
    file = f"[{profile}]\n{keys('FILE', token=there['file_token'])}" if there["file"] else ""
    (aws / "credentials").write_text(f"{file}\n" + (f"[other]\n{keys('OTHER')}" if there["default"] else ""))
    named = "dev" if there["named"] else None
    with pytest.MonkeyPatch.context() as patch:
        if there["variables"]:
            patch.setenv("AWS_ACCESS_KEY_ID", "VARIABLES")
            patch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-VARIABLES")
        if there["AWS_PROFILE"]:
            patch.setenv("AWS_PROFILE", "dev")
        expected = botocore.session.Session(profile=named).get_credentials()
        if expected is None:
            with pytest.raises(AccessError, match="no AWS credentials were found"):
                find_source(read_profiles(), named)
            return
        found = find_source(read_profiles(), named).credentials
        assert (found.access_key_id, found.secret_access_key, found.session_token) == (
            expected.access_key,
            expected.secret_key,
            expected.token,
        )


def test_a_profile_that_starts_from_itself(aws: Path) -> None:
    (aws / "config").write_text("[profile dev]\nrole_arn = arn\nsource_profile = dev\n")
    (aws / "credentials").write_text(f"[dev]\n{keys('DEV')}")
    assert find_source(read_profiles(), "dev").credentials.access_key_id == "DEV"


def test_credential_source(aws: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (aws / "credentials").write_text(f"[default]\n{keys('FILE')}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "VARIABLES")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    assert find_source(read_profiles(), None, "Environment").credentials.access_key_id == "VARIABLES"
    with pytest.raises(AccessError, match="credential_source 'Nowhere' is not known"):
        find_source(read_profiles(), None, "Nowhere")
    # Not the keys in variables: those of the container, which there is none of.
    with pytest.raises(AccessError, match="no AWS credentials were found"):
        find_source(read_profiles(), None, "EcsContainer")


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"AWS_ACCESS_KEY_ID": "A"}, "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not"),
        (
            {
                "AWS_ACCESS_KEY_ID": "A",
                "AWS_SECRET_ACCESS_KEY": SECRET,
                "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z",
            },
            "the credentials of the environment variables expired at 2020-01-01 00:00 UTC; begin again without them",
        ),
        ({}, "no AWS credentials were found; set AWS_ACCESS_KEY_ID"),
    ],
    ids=["half", "expired", "none"],
)
def test_what_can_not_be_used(
    aws: Path, monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str], reason: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(AccessError, match=reason) as caught:
        find_source(read_profiles(), None)
    assert SECRET not in str(caught.value)


def test_a_profile_that_asks_for_its_own_credentials(aws: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``credential_process = python -m access credential-process …`` and no --profile, without end otherwise."""
    seen = aws / "seen"
    (aws / "config").write_text(
        f"[profile dev]\ncredential_process = sh -c 'echo $ACCESS_CREDENTIALS_OF > {seen}; false'\n"
    )
    with pytest.raises(CredentialRetrievalError):
        find_source(read_profiles(), "dev")
    assert "ACCESS_CREDENTIALS_OF" not in os.environ
    monkeypatch.setenv("ACCESS_CREDENTIALS_OF", seen.read_text().strip())
    with pytest.raises(AccessError, match=r"profile 'dev' gets its credentials from this command; .* --profile"):
        find_source(read_profiles(), "dev")
    assert os.environ["ACCESS_CREDENTIALS_OF"] == seen.read_text().strip()


@pytest.mark.parametrize(
    ("arn", "account", "name", "role"),
    [
        ("arn:aws:iam::111111111111:user/David", "111111111111", "David", None),
        ("arn:aws:iam::111111111111:user/team/a/David", "111111111111", "David", None),
        ("arn:aws-cn:iam::111111111111:root", "111111111111", "root", None),
        (
            "arn:aws:sts::111111111111:assumed-role/Admin/david@example.com",
            "111111111111",
            "david@example.com",
            "Admin",
        ),
        ("arn:aws:sts::111111111111:federated-user/David", "111111111111", "David", None),
    ],
)
def test_who_a_caller_is(arn: str, account: str, name: str, role: str | None) -> None:
    caller = Caller(arn)
    assert (caller.account_id, caller.name, caller.role) == (account, name, role)


def test_moments() -> None:
    assert str(parse_time("2030-01-31T12:00:00Z")) == "2030-01-31 12:00:00+00:00"
    assert str(parse_time("2030-01-31T12:00:00")) == "2030-01-31 12:00:00+00:00"
    assert parse_time("soon") is parse_time(None) is None


def test_nothing_secret_is_shown() -> None:
    assert SECRET not in repr(Credentials("A", SECRET, SECRET))
