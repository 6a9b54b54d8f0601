"""A switch starts from the same credentials as every AWS tool: property tests against botocore."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import BotoCoreError, CredentialRetrievalError, InvalidConfigError
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from access.aws_session import new_session
from access.credentials import Credentials
from access.errors import AccessError
from access.switch.callers import Caller, find_source, parse_time
from access.switch.config_file import Profiles, read_profiles

SECRET = "wJalrXUtnFEMI/K7MDENG"  # noqa: S105 (a made-up one)


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of AWS's files; no variable of AWS is set."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return tmp_path


def keys(name: str, token: bool = False) -> str:
    lines = [f"aws_access_key_id = {name}", f"aws_secret_access_key = secret-of-{name}"]
    return "\n".join([*lines, f"aws_session_token = token-of-{name}" if token else ""])


KEY = "aws_secret_access_key"
KEY_OPTIONS = ("aws_access_key_id", KEY, "aws_session_token")
PROCESS = '{"Version": 1, "AccessKeyId": "P", "SecretAccessKey": "p"}'


def process(name: str) -> str:
    output = f'{{"Version": 1, "AccessKeyId": "{name}", "SecretAccessKey": "secret-of-{name}"}}'
    return f"credential_process = echo '{output}'\n"


NAMES = ("default", "dev", "base", "app")
ARN = "arn:aws:iam::999999999999:role/UpdateApp"
SETTINGS: Mapping[str, Sequence[str]] = {
    "aws_access_key_id": ("A", "B", ""),
    "aws_secret_access_key": ("a", "b", ""),
    "aws_session_token": ("t",),
    "aws_security_token": ("u",),
    "role_arn": (ARN,),
    "source_profile": (*NAMES, "nobody"),
    "credential_source": ("Environment", "EcsContainer", "Nowhere"),
    "credential_process": (f"echo '{PROCESS}'", "/nonexistent/helper", "echo {}"),
    "web_identity_token_file": ("/nonexistent/token",),
    "sso_start_url": ("https://x",),
    "sso_session": ("mine",),
    "sso_account_id": ("111111111111",),
    "region": ("eu-west-1", "us-east-1"),
    "endpoint_url": ("https://one", "https://two"),
    "use_fips_endpoint": ("true",),
    "use_dualstack_endpoint": ("true",),
    "sts_regional_endpoints": ("legacy",),
    "ca_bundle": ("/some/ca.pem",),
    "services": ("local", "nothing"),
    "s3": ("\n  addressing_style = path",),
}
SECTIONS = {"config": ("default", "DEFAULT", "profile dev", "profile base", "profile app", "profile default")}
SERVICES = "\n[services local]\nsts =\n  endpoint_url = https://three\n"


@st.composite
def files(draw: DrawFn) -> dict[str, str]:
    """Draw a configuration and a credentials file, with any settings in either."""
    made = {}
    for file in ("config", "credentials"):
        text = ""
        for section in draw(
            st.lists(st.sampled_from(SECTIONS.get(file, (*NAMES, "DEFAULT"))), unique=True, max_size=4)
        ):
            chosen = draw(st.dictionaries(st.sampled_from([*SETTINGS]), st.integers(0, 9), max_size=4))
            settings = {name: SETTINGS[name][number % len(SETTINGS[name])] for name, number in chosen.items()}
            if draw(st.booleans()):  # otherwise few would have keys
                settings |= {"aws_access_key_id": draw(st.sampled_from("AB")), KEY: "a"}
            if "role_arn" in settings:
                settings["role_arn"] = f"{ARN}-{section.rpartition(' ')[2]}"
                if draw(st.booleans()):
                    settings |= {"source_profile": draw(st.sampled_from(NAMES))}
                    settings.pop("credential_source", None)
            text += "\n".join([f"[{section}]", *(f"{name} = {value}" for name, value in settings.items()), ""])
        made[file] = text
    made["config"] += SERVICES
    return made


def text(sent: str | bytes) -> str:
    return sent.decode() if isinstance(sent, bytes) else sent


class Stopped(Exception):  # noqa: N818
    """Ends a call of STS before it leaves this machine."""


def started(session: Any, options: Mapping[str, Any]) -> tuple[Any, ...]:  # noqa: ANN401
    """Return the keys, address, region and CA with which a session of botocore calls STS."""
    seen: list[tuple[Any, ...]] = []

    def tell(request: Any, **others: object) -> None:  # noqa: ANN401
        seen.append((request.url, text(request.headers.get("Authorization", "")).partition("/")[0]))
        raise Stopped

    client = session.create_client("sts", **options)
    client.meta.events.register("before-send.sts", tell)
    with pytest.raises(Stopped):
        client.get_caller_identity()
    return (*seen, client.meta.region_name, client._endpoint.http_session._verify)


@settings(derandomize=True, max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    made=files(),
    named=st.sampled_from([None, *NAMES]),
    variables=st.fixed_dictionaries(
        {},
        optional={
            "AWS_ACCESS_KEY_ID": st.just("VARIABLES"),
            "AWS_PROFILE": st.sampled_from(["dev", "app"]),
            "AWS_DEFAULT_PROFILE": st.sampled_from(["base", "app"]),
            "AWS_SECURITY_TOKEN": st.just("security"),
        },
    ),
)
@example({"config": f"[default]\ncredential_process = echo '{PROCESS}'\n{keys('A')}", "credentials": ""}, None, {})
@example({"config": "", "credentials": f"[default]\naws_security_token = u\n{keys('A', token=True)}"}, None, {})
@example({"config": f"[DEFAULT]\n{keys('A')}\n[profile dev]\nregion = eu-west-1\n", "credentials": ""}, "dev", {})
@example({"config": "[default]\naws_access_key_id = A\n", "credentials": f"[default]\n{KEY} = a\n"}, None, {})
@example({"config": "", "credentials": ""}, None, {"AWS_ACCESS_KEY_ID": "VARIABLES", "AWS_SECURITY_TOKEN": "u"})
def test_the_same_credentials_as_botocore(
    aws: Path, made: Mapping[str, str], named: str | None, variables: Mapping[str, str]
) -> None:
    """Keys, token, region, endpoint and CA are the same as botocore's for the same files, or both refuse."""
    for name, written in made.items():
        (aws / name).write_text(written)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        if "AWS_ACCESS_KEY_ID" in variables:
            patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
            patch.setenv("AWS_SESSION_TOKEN", "session")
        theirs: Any
        try:
            session: Any = botocore.session.Session(profile=named)
            credentials = session.get_credentials()
            theirs = (credentials.access_key, credentials.secret_key, credentials.token)
            region = session.get_config_variable("region") or "us-west-2"
            theirs += started(session, {"region_name": region})
        except (BotoCoreError, AttributeError, OSError, KeyError, ValueError) as error:
            theirs = error
        if not isinstance(theirs, Exception) and credentials.method == "assume-role":
            return  # see the next test
        try:
            source = find_source(read_profiles(), named)
            ours: Any = (
                source.credentials.access_key_id,
                source.credentials.secret_access_key,
                source.credentials.session_token,
            )
            keys_options = dict(zip(KEY_OPTIONS, ours, strict=True))
            ours += started(source._session, {"region_name": source.region or "us-west-2", **keys_options})
        except (AccessError, BotoCoreError) as error:
            ours = error
        event("refused" if isinstance(theirs, Exception) else "found")
        assert isinstance(ours, Exception) == isinstance(theirs, Exception), (ours, theirs)
        if not isinstance(theirs, Exception):
            assert ours == theirs


Calls = list[tuple[str, str, str]]


def fake_sts(seen: Calls) -> Callable[..., AWSResponse]:
    """Return a handler that answers AssumeRole and records key, role and address."""

    def answer(request: Any, **others: object) -> AWSResponse:  # noqa: ANN401
        asked = dict(parse_qsl(text(request.body)))
        key = text(request.headers["Authorization"]).partition("Credential=")[2].partition("/")[0]
        name = asked["RoleArn"].rpartition("/")[2]
        seen.append((key, name, request.url))
        keys = f"<AccessKeyId>OF-{name}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        end = "<SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>"
        result = f"<AssumeRoleResult><Credentials>{keys}{end}</Credentials></AssumeRoleResult>"
        body = f"<AssumeRoleResponse>{result}</AssumeRoleResponse>".encode()
        return AWSResponse(request.url, 200, HTTPHeaders(), SimpleNamespace(stream=lambda: [body], status=200))

    return answer


@settings(derandomize=True, max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=files(), keys_there=st.booleans())
def test_the_same_start_of_a_role_as_botocore(aws: Path, made: Mapping[str, str], keys_there: bool) -> None:
    """A profile's role is assumed with the same credentials, at the same address, as by botocore."""
    for name, written in made.items():
        (aws / name).write_text(written)
    if "[profile app]" not in made["config"]:
        app = f"[profile app]\nrole_arn = {ARN}-app\nsource_profile = dev\n"
        (aws / "config").write_text(app + made["config"])
    profiles = read_or_none()
    if profiles is None or "role_arn" not in profiles.get("app", {}) or "web_identity_token_file" in profiles["app"]:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        if keys_there:
            patch.setenv("AWS_ACCESS_KEY_ID", "VARIABLES")
            patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        by_them: Calls = []
        by_us: Calls = []
        their_error = our_error = None
        try:
            session: Any = botocore.session.Session(profile="app")
            session.register("before-send.sts.AssumeRole", fake_sts(by_them))
            session.get_credentials().get_frozen_credentials()
        except (BotoCoreError, AttributeError, OSError, KeyError, ValueError) as error:
            their_error = error

        def ours(profile: str | None = None) -> Any:  # noqa: ANN401
            made = new_session(profile)
            made.register("before-send.sts.AssumeRole", fake_sts(by_us))
            return made

        patch.setattr("access.aws_session.new_session", ours)
        try:
            source = find_source(profiles, role_profile="app")
            source.sts.assume_role(RoleArn=profiles["app"]["role_arn"], RoleSessionName="David")
        except (AccessError, BotoCoreError) as error:
            our_error = error
        event("refused" if their_error else f"{len(by_them)} roles")
        assert (our_error is None) == (their_error is None), (our_error, their_error)
        assert by_us == by_them or our_error


def read_or_none() -> Profiles | None:
    try:
        return read_profiles()
    except AccessError:
        return None


def test_a_profile_that_starts_from_itself(aws: Path) -> None:
    (aws / "config").write_text("[profile dev]\nrole_arn = arn\nsource_profile = dev\n")
    (aws / "credentials").write_text(f"[dev]\n{keys('DEV')}")
    assert find_source(read_profiles(), role_profile="dev").credentials.access_key_id == "DEV"


def test_credential_source(aws: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (aws / "credentials").write_text(f"[default]\n{keys('FILE')}")
    config = "[profile app]\nrole_arn = arn\ncredential_source = {}\n"
    (aws / "config").write_text(config.format("Environment"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "VARIABLES")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    assert find_source(read_profiles(), role_profile="app").credentials.access_key_id == "VARIABLES"
    (aws / "config").write_text(config.format("Nowhere"))
    with pytest.raises(InvalidConfigError, match="Nowhere"):
        find_source(read_profiles(), role_profile="app")
    # Not the keys in variables, but the container's, and there is no container.
    (aws / "config").write_text(config.format("EcsContainer"))
    with pytest.raises(CredentialRetrievalError, match="No credentials found in credential_source"):
        find_source(read_profiles(), role_profile="app")


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
            "the credentials of the environment variables expired at 2020-01-01 00:00 UTC; remove them",
        ),
        ({}, "no AWS credentials were found; set AWS_ACCESS_KEY_ID"),
    ],
    ids=["half", "expired", "none"],
)
def test_unusable_credentials(
    aws: Path, monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str], reason: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(AccessError, match=reason) as caught:
        find_source(read_profiles(), None)
    assert SECRET not in str(caught.value)


def test_a_profile_that_reads_itself(aws: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``credential_process = python -m access credential-process …`` without --profile would never end."""
    seen = aws / "seen"
    (aws / "config").write_text(
        f"[profile dev]\ncredential_process = sh -c 'echo $ACCESS_CREDENTIALS_OF > {seen}; false'\n"
    )
    with pytest.raises(CredentialRetrievalError):
        find_source(read_profiles(), "dev")
    assert "ACCESS_CREDENTIALS_OF" not in os.environ
    monkeypatch.setenv("ACCESS_CREDENTIALS_OF", seen.read_text().strip())
    with pytest.raises(AccessError, match=r"profile 'dev' gets its credentials from this command; .*--profile"):
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
def test_caller(arn: str, account: str, name: str, role: str | None) -> None:
    caller = Caller(arn)
    assert (caller.account_id, caller.name, caller.role) == (account, name, role)


def test_times() -> None:
    assert str(parse_time("2030-01-31T12:00:00Z")) == "2030-01-31 12:00:00+00:00"
    assert str(parse_time("2030-01-31T12:00:00")) == "2030-01-31 12:00:00+00:00"
    assert parse_time("soon") is parse_time(None) is None


def test_no_secret_is_shown() -> None:
    assert SECRET not in repr(Credentials("A", SECRET, SECRET))
