"""Profiles for other tools, and the credentials that whoami shows."""

from pathlib import Path

import pytest

from access.__main__ import main
from access.switch.profiles import profile_settings
from access.switch.sessions import Choices
from tests.support.fake_sts import ARN, DAVID, DEVICE, IN_ROLE, Aws, switch


@pytest.mark.parametrize(
    ("caller", "name"),
    [
        (DAVID, "David"),
        ("arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/d@example.com", "d@example.com"),
        ("arn:aws:sts::111111111111:assumed-role/Admin/botocore-session-1795568939", None),
        ("arn:aws:sts::111111111111:assumed-role/Runner/i-0123456789abcdef0", None),
    ],
    ids=["user", "Identity Center", "chain", "instance"],
)
def test_profiles_omit_the_names_of_short_lived_sessions(aws: Aws, caller: str, name: str | None) -> None:
    aws.caller = caller
    assert profile_settings(switch()).get("role_session_name") == name
    assert profile_settings(switch(Choices(session_name="me")))["role_session_name"] == "me"


def test_profiles_know_the_limit_of_an_hour(
    aws: Aws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert profile_settings(switch(Choices(duration=43200)))["duration_seconds"] == "43200"
    aws.caller = IN_ROLE
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER")  # David's key is cached
    assert "duration_seconds" not in profile_settings(switch(Choices(duration=43200)))
    assert "AWS allows an hour at most; using 3600 seconds, not 43200" in capsys.readouterr().err


def test_profiles_inherit_endpoints(aws: Aws, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(
        "[profile dev]\nuse_fips_endpoint = true\nservices = local\nretry_mode = adaptive\nregion = x\noutput = json\n"
        "aws_access_key_id = A\naws_secret_access_key = B\n[services local]\ns3 =\n  endpoint_url = https://one\n"
    )
    found = profile_settings(switch(Choices(profile="dev")))
    assert (found["use_fips_endpoint"], found["services"], found["retry_mode"]) == ("true", "local", "adaptive")
    assert not found.keys() & {"output", "aws_access_key_id", "aws_secret_access_key"}


def test_profiles_with_mfa_name_tools_that_cannot_ask(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", ARN, "--mfa-serial", DEVICE]) == 0
    output = capsys.readouterr()
    assert f"mfa_serial = {DEVICE}\n" in output.out
    assert "ask for the MFA code; Terraform, Pulumi and other Go programs can't, so run them with" in output.err


def test_whoami_shows_the_expiry_of_keys_in_a_file(
    aws: Aws, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = "[saml]\naws_access_key_id = A\naws_secret_access_key = B\naws_session_token = C\n"
    (tmp_path / "credentials").write_text(f"{keys}x_security_token_expires = 2099-01-31T12:00:00+00:00\n")
    assert main(["whoami", "--profile", "saml"]) == 0
    assert "until    2099-01-31 12:00:00 UTC" in capsys.readouterr().out
    # AWS accepts the keys, so the file is wrong.
    (tmp_path / "credentials").write_text(f"{keys}x_security_token_expires = 2020-01-31T12:00:00+00:00\n")
    assert main(["whoami", "--profile", "saml"]) == 0
    assert "until    not known" in capsys.readouterr().out
