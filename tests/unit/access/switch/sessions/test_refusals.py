"""Messages of refusals: each is one line and names the profile and the remedy."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from botocore.exceptions import TokenRetrievalError, UnauthorizedSSOTokenError

from access.switch.config_file import read_profiles
from access.switch.failures import one_line_error
from access.switch.roles import find_role
from access.switch.sessions import Choices
from tests.support.fake_sts import ARN, DAVID, Aws, refused, session

DENIED = "User: arn:aws:iam::111111111111:user/David is not authorized to perform: {} on resource: " + ARN


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("AccessDenied", DENIED.format("sts:AssumeRole"), rf"^{DAVID} may not switch to {ARN}; the usual reasons: "),
        (
            "AccessDenied",
            DENIED.format("sts:AssumeRole") + " with an explicit deny in an identity-based policy",
            rf"^{DAVID} may not switch to {ARN} \(an explicit deny\); .*group.*MFA.*--mfa-serial.*--external-id",
        ),
        ("AccessDenied", DENIED.format("sts:SetSourceIdentity"), "with this source identity; use your own name"),
        ("AccessDenied", DENIED.format("sts:TagSession"), "with tags; check --tag, and that your group allows them"),
        ("ExpiredToken", "x", "the credentials of the environment variables have expired; get new ones"),
        ("InvalidClientTokenId", "x", "AWS does not know the access key of the environment variables"),
        ("SignatureDoesNotMatch", "x", "the secret key of the environment variables does not belong to its access key"),
        ("RequestExpired", "x", "this machine's clock is wrong, so AWS refuses its signatures; set the clock"),
        (
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            "the session is too long: The requested .*; use a shorter --duration",
        ),
        ("RegionDisabledException", "x", "STS is not active in this region; set AWS_REGION to another"),
        ("PackedPolicyTooLarge", "too large", "AWS refuses the session policy or the tags: too large"),
        ("MalformedPolicyDocument", "Syntax", "AWS refuses the session policy or the tags: Syntax"),
        ("InternalFailure", "Sorry", rf"^{ARN} can't be assumed: InternalFailure \(AssumeRole\): Sorry$"),
    ],
)
def test_refusals(aws: Aws, code: str, message: str, expected: str) -> None:
    aws.refusals["AssumeRole"] = (code, message)
    assert re.search(expected, refused(Choices(session_name="David", external_id="an-external-id")))


@pytest.mark.parametrize(
    ("hours", "expected"), [(-3, "180 minutes fast"), (3, "180 minutes slow")], ids=["fast", "slow"]
)
def test_a_wrong_clock(aws: Aws, hours: int, expected: str) -> None:
    aws.clock += timedelta(hours=hours)
    aws.refusals["AssumeRole"] = ("SignatureDoesNotMatch", "Signature expired: 20300101T000000Z is now earlier than …")
    assert refused(Choices(session_name="David")) == (
        f"this machine's clock is {expected}, so AWS refuses its signatures; set the clock"
    )


def test_a_renamed_user_is_known_next_time(aws: Aws) -> None:
    session(Choices(keep=False))
    aws.caller = "arn:aws:iam::111111111111:user/Dave"
    aws.refusals["AssumeRole"] = ("AccessDenied", DENIED.format("sts:AssumeRole"))
    assert refused(Choices(keep=False)).startswith("arn:aws:iam::111111111111:user/Dave may not")
    aws.refusals.clear()
    session(Choices(keep=False))
    assert aws.asked[-1]["RoleSessionName"] == "Dave"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "http://127.0.0.1:1 does not answer; check the network"),
        ({"AWS_PROFILE": "nobody"}, "there is no AWS profile 'nobody'; check --profile"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, "no region is set; set AWS_REGION"),
    ],
)
def test_no_answer(aws: Aws, monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str], expected: str) -> None:
    for name, value in variables.items():
        if value:
            monkeypatch.setenv(name, value)
        else:
            monkeypatch.delenv(name)
    assert refused().startswith(expected)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        # aws-cli#6046: a role needs source_profile or credential_source, as for AWS tools.
        ("credential_process = true", "profile 'app' can't be used: Partial credentials found in assume-role, missing"),
        # boto3#2546
        ("credential_source = Ec2InstanceMetadata", "profile 'app' can't be used: Error when retrieving credentials"),
        (
            "source_profile = base\nregion = us east 1",
            "'us east 1' is not a region; check AWS_REGION and the profile's",
        ),
    ],
    ids=["process", "instance", "region"],
)
def test_messages_name_the_wrong_profile(
    aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str, expected: str
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    keys = "[profile base]\naws_access_key_id = A\naws_secret_access_key = B\n"
    (tmp_path / "config").write_text(f"{keys}[profile app]\nrole_arn = {ARN}\n{settings}\n")
    assert refused(role=find_role("app", read_profiles())).startswith(expected)


SSO = """\
[sso-session dev]
sso_start_url = https://example.awsapps.com/start
sso_region = us-east-1
[profile people]
sso_session = dev
sso_account_id = 111111111111
sso_role_name = Dev
[profile old]
sso_start_url = https://example.awsapps.com/start
sso_region = us-east-1
sso_account_id = 111111111111
sso_role_name = Dev
[profile between]
role_arn = arn:aws:iam::111111111111:role/Between
source_profile = people
"""


@pytest.mark.parametrize(
    ("profile", "start"), [("people", "people"), ("old", "old"), ("between", "people")], ids=["session", "old", "chain"]
)
def test_a_missing_sign_in(aws: Aws, tmp_path: Path, profile: str, start: str) -> None:
    (tmp_path / "config").write_text(SSO)
    assert refused(Choices(profile=profile)) == (
        f"profile {profile!r} is not signed in, or no longer; run `aws sso login --profile {start}`"
    )
    assert not aws.asked


@pytest.mark.parametrize(
    "error",
    [
        TokenRetrievalError(provider="sso", error_msg="Token has expired and refresh failed"),
        UnauthorizedSSOTokenError(),
    ],
)
def test_an_expired_sign_in(error: Exception) -> None:
    assert str(one_line_error(error, "profile 'a b'", "a b")) == (
        "profile 'a b' is not signed in, or no longer; run `aws sso login --profile 'a b'`"
    )


@pytest.mark.parametrize("profile", ["signed-in", "between"])
def test_a_sign_in_without_its_package(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str) -> None:
    monkeypatch.setattr("botocore.credentials.EC", None)  # as without awscrt
    arn = "arn:aws:iam::111111111111:user/David"
    between = "role_arn = arn:aws:iam::111111111111:role/Between\nsource_profile = signed-in"
    text = f"[profile signed-in]\nlogin_session = {arn}\n[profile between]\n{between}\n"
    (tmp_path / "config").write_text(text)
    output = refused(Choices(profile=profile))
    assert output.startswith(f"profile {profile!r} can't be used: botocore[crt] is not installed; add it: ")
    assert "pipx inject --force cross-account-access 'botocore[crt]'" in output
