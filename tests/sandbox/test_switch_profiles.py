"""Tests of profiles and credential processes that switch into the deployed role, and of `access whoami`."""

import json
import re
import subprocess
import sys

import pytest

from sandbox.layout import REPOSITORY
from tests.sandbox.person import (
    ARN,
    BY_NAME,
    DEVELOPER,
    DEVELOPMENT,
    IN_ROLE,
    WHO,
    Person,
    developer_keys,
    failed,
    ok,
)


def test_credential_process(developer: Person) -> None:
    output = json.loads(ok(developer.access("credential-process", ARN)))
    assert sorted(output) == ["AccessKeyId", "Expiration", "SecretAccessKey", "SessionToken", "Version"]
    # As SDKs use it: from any folder, repeatedly.
    inner = f"cd {REPOSITORY} && exec {sys.executable} -m access credential-process {ARN} --profile dev"
    profiles = f"[profile dev]\ncredential_process = {sys.executable} {developer.home / 'keys.py'}\n"
    profiles += f"[profile app]\ncredential_process = sh -c '{inner}'\n"
    (developer.home / "config").write_text(profiles)
    keys = {"Version": 1, **dict(zip(("AccessKeyId", "SecretAccessKey"), developer_keys(developer), strict=True))}
    (developer.home / "keys.py").write_text(f"print({json.dumps(keys)!r})")
    assert ok(developer.run(WHO, AWS_PROFILE="app", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")) == IN_ROLE


class TestProfile:
    def test_printed(self, developer: Person) -> None:
        done = developer.access("profile", "production/UpdateApp", "--external-id", "an-id", "--duration", "900")
        assert done.returncode == 0
        assert done.stdout.splitlines() == [
            "[profile production-UpdateApp]",
            f"role_arn = {ARN}",
            "credential_source = Environment",
            f"role_session_name = {DEVELOPER.name}",
            "external_id = an-id",
            "duration_seconds = 900",
            "region = us-east-1",
        ]
        assert "keep them in a profile" in done.stderr
        assert not (developer.home / "config").exists()

    def test_written_profiles_work(self, developer: Person) -> None:
        key, secret = developer_keys(developer)
        (developer.home / "credentials").write_text(
            f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
        )
        del developer.variables["AWS_ACCESS_KEY_ID"], developer.variables["AWS_SECRET_ACCESS_KEY"]
        config = developer.home / "config"
        before = "# mine\n[default]\nregion=eu-west-1\n"
        config.write_text(before)
        arguments = ("profile", ARN, "--name", "app", "--write")
        output = ok(developer.access(*arguments))
        assert output == f"profile app is in {config}; use it: --profile app, or AWS_PROFILE=app"
        written = config.read_text()
        assert written.startswith(f"{before}\n[profile app]\nrole_arn = {ARN}\nsource_profile = default\n")
        assert ok(developer.run(BY_NAME)) == IN_ROLE
        assert ok(developer.run(WHO, AWS_PROFILE="app")) == IN_ROLE
        # A second run changes nothing, and the profile names the role.
        ok(developer.access(*arguments))
        assert config.read_text() == written
        assert ok(developer.access("exec", "app", "--", *WHO)) == IN_ROLE
        assert ok(developer.access("profile", "app")) == written.removeprefix(f"{before}\n").rstrip("\n")

    def test_written_profiles_work_from_variables(self, developer: Person) -> None:
        assert developer.access("profile", ARN, "--name", "app", "--write").returncode == 0
        assert ok(developer.run(BY_NAME)) == IN_ROLE

    def test_profiles_inherit_settings(self, developer: Person) -> None:
        names = {"region": "AWS_REGION", "ca_bundle": "AWS_CA_BUNDLE", "endpoint_url": "AWS_ENDPOINT_URL"}
        lines = [f"{setting} = {developer.variables.pop(name)}" for setting, name in names.items()]
        key, secret = developer_keys(developer)
        lines += [f"aws_access_key_id = {key}", f"aws_secret_access_key = {secret}"]
        (developer.home / "config").write_text("\n".join(["[profile dev]", *lines, ""]))
        for name in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            del developer.variables[name]
        ok(developer.access("profile", ARN, "--name", "app", "--source-profile", "dev", "--write"))
        assert ok(developer.run(BY_NAME)) == IN_ROLE

    @pytest.mark.parametrize(
        ("arguments", "what"),
        [
            (["--source-identity", "David"], "a source identity"),
            (["--tag", "team=a"], "session tags"),
            (["--session-policy", "/dev/stdin"], "a session policy"),
        ],
    )
    def test_unsupported_options(self, developer: Person, arguments: list[str], what: str) -> None:
        command = [sys.executable, "-m", "access", "profile", ARN, *arguments]
        done = subprocess.run(
            command, cwd=REPOSITORY, env=developer.variables, input="{}", capture_output=True, text=True, check=False
        )
        assert failed(done).startswith(f"access: a profile can't have {what}; use `python -m access exec`, ")

    def test_no_source_credentials(self, developer: Person) -> None:
        output = failed(developer.access("profile", ARN, AWS_ACCESS_KEY_ID=""))
        assert output == "access: no source credentials found; use --source-profile NAME"
        output = failed(developer.access("profile", ARN, "--source-profile", "nobody"))
        assert output.startswith("access: there is no AWS profile 'nobody'")


class TestWhoami:
    def test_own_keys(self, developer: Person) -> None:
        assert ok(developer.access("whoami")).splitlines() == [
            f"who      arn:aws:iam::{DEVELOPMENT}:user/{DEVELOPER.name}",
            f"account  {DEVELOPMENT}",
            "from     the environment variables",
            "until    no end: these are long-term keys",
            "role     none: these are your own credentials",
        ]

    def test_in_a_role(self, developer: Person) -> None:
        output = ok(developer.access("exec", ARN, "--", sys.executable, "-m", "access", "whoami")).splitlines()
        assert output[:3] == [f"who      {IN_ROLE}", "account  999999999999", "from     the environment variables"]
        assert re.fullmatch(r"until    \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, [0-9]+ minutes from now", output[3])
        assert output[4:] == [
            f"role     UpdateApp of account 999999999999, as {DEVELOPER.name}",
            'back     leave the shell that `exec` started, or: eval "$(python -m access env --unset)"',
        ]

    def test_by_profile(self, developer: Person) -> None:
        assert developer.access("profile", ARN, "--name", "app", "--write").returncode == 0
        output = ok(developer.access("whoami", "--profile", "app")).splitlines()
        assert (output[0], output[-1]) == (f"who      {IN_ROLE}", "back     omit --profile")
        assert re.search(r"UTC, [0-9]+ minutes", output[3])
        keys = dict(zip(("aws_access_key_id", "aws_secret_access_key"), developer_keys(developer), strict=True))
        (developer.home / "credentials").write_text("[dev]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()))
        text = (developer.home / "config").read_text()
        (developer.home / "config").write_text(text.replace("credential_source = Environment", "source_profile = dev"))
        output = ok(developer.access("whoami", AWS_ACCESS_KEY_ID="", AWS_PROFILE="app")).splitlines()
        assert (output[2], output[-1]) == ("from     profile 'app'", "back     unset AWS_PROFILE AWS_DEFAULT_PROFILE")

    def test_no_credentials(self, developer: Person) -> None:
        assert "no AWS credentials were found" in failed(developer.access("whoami", AWS_ACCESS_KEY_ID=""))
        assert "there is no AWS profile 'x'" in failed(developer.access("whoami", "--profile", "x"))
        assert "does not answer" in failed(developer.access("whoami", AWS_ENDPOINT_URL="https://127.0.0.1:1"))
