"""Tests of switching into the deployed role, as a user of Developers and of Testers, over real HTTP."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.layout import REPOSITORY
from tests.sandbox.conftest import Sandbox
from tests.sandbox.person import (
    ARN,
    DEVELOPER,
    DEVELOPMENT,
    IN_ROLE,
    KEYS,
    LIST,
    TESTER,
    VARIABLES,
    WHO,
    Person,
    failed,
    ok,
)


def all_arguments() -> str:
    """Return the arguments of all processes, which every user of this machine can read."""
    command = ["/bin/ps", "-axww", "-o", "args="]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class TestExec:
    def test_a_developer_is_in_the_role(self, developer: Person) -> None:
        assert ok(developer.access("exec", ARN, "--", *WHO)) == IN_ROLE
        assert ok(developer.access("exec", ARN, "--no-cache", "--session-name", "me", "--", *WHO)).endswith("/me")
        assert ok(developer.access("exec", ARN, "--", *LIST)) == "listed"

    def test_a_tester_is_refused_and_the_command_does_not_run(self, tester: Person) -> None:
        output = failed(tester.access("exec", ARN, "--", "echo", "run"))
        assert output.startswith(
            f"access: arn:aws:iam::{DEVELOPMENT}:user/{TESTER.name} may not switch to {ARN} (an explicit deny); "
        )

    def test_by_stack(self, developer: Person) -> None:
        assert ok(developer.access("exec", "production/UpdateApp", "--", *WHO)) == IN_ROLE
        assert failed(developer.access("exec", "production/Update", "--", *WHO)).endswith("it has UpdateApp")

    def test_only_the_role_s_credentials(self, developer: Person) -> None:
        stale = {
            "AWS_SECURITY_TOKEN": "",  # an old name of the token; a value would override the caller's
            **dict.fromkeys(("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN"), "stale"),
            **dict.fromkeys(("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_BEARER_TOKEN_BEDROCK"), "stale"),
            "AWS_PROFILE": "stale",
        }
        (developer.home / "config").write_text("[profile stale]\nregion = eu-west-1\n")
        found = json.loads(ok(developer.access("exec", ARN, "--", *VARIABLES, **stale)))
        assert not found.keys() & stale.keys()
        kept = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "AWS_CONFIG_FILE", "PATH")
        assert {name: found[name] for name in kept} == {name: developer.variables[name] for name in kept}
        assert found["AWS_ACCESS_KEY_ID"] != developer.variables["AWS_ACCESS_KEY_ID"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found["AWS_CREDENTIAL_EXPIRATION"])
        added = {name for name in found if name.startswith("AWS_")} - developer.variables.keys()
        assert added == {"AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION"}
        assert not [name for name in found if name.startswith("ACCESS_") and name != "ACCESS_ROLES"]

    def test_settings_of_the_profile_apply_in_the_role(self, developer: Person) -> None:
        """Its region, endpoint and certificates become variables."""
        names = {
            "region": "AWS_REGION",
            "ca_bundle": "AWS_CA_BUNDLE",
            "endpoint_url": "AWS_ENDPOINT_URL",
            "aws_access_key_id": "AWS_ACCESS_KEY_ID",
            "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY",
        }
        lines = [f"{setting} = {developer.variables.pop(name)}" for setting, name in names.items()]
        del developer.variables["AWS_DEFAULT_REGION"]
        (developer.home / "config").write_text("\n".join(["[profile dev]", *lines, ""]))
        assert ok(developer.access("exec", ARN, "--profile", "dev", "--", *WHO)) == IN_ROLE
        assert ok(developer.access("exec", ARN, "--", *WHO, AWS_PROFILE="dev")) == IN_ROLE

    def test_a_session_policy_narrows(self, developer: Person) -> None:
        policy = developer.home / "policy.json"
        policy.write_text(
            '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}'
        )
        done = developer.access("exec", ARN, "--session-policy", str(policy), "--", *LIST)
        assert "AccessDenied" in done.stderr
        policy.write_text("{")
        assert "is not JSON" in failed(developer.access("exec", ARN, "--session-policy", str(policy), "--", "true"))

    @pytest.mark.parametrize(
        ("command", "code"),
        [
            (["sh", "-c", "exit 7"], 7),
            (["sh", "-c", "kill -TERM $$"], -signal.SIGTERM),
            (["sh", "-c", "kill -PIPE $$"], -signal.SIGPIPE),
            (["no-such-command"], 127),
            (["/etc/passwd"], 126),
        ],
    )
    def test_the_exit_code_is_the_command_s(self, developer: Person, command: list[str], code: int) -> None:
        done = developer.access("exec", ARN, "--", *command)
        assert (done.returncode, done.stdout) == (code, "")
        assert done.stderr.splitlines() == {
            127: ["access: no-such-command: command not found"],
            126: ["access: /etc/passwd: can't be run: Permission denied"],
        }.get(code, [])

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
    def test_signals_reach_the_command(self, developer: Person, number: signal.Signals) -> None:
        name = number.name.removeprefix("SIG")
        with developer.begin("sh", "-c", f"trap 'exit 42' {name}; echo $$; while :; do sleep 0.01; done") as process:
            assert process.stdout
            assert int(process.stdout.readline()) == process.pid  # it replaced this program
            process.send_signal(number)
        assert process.returncode == 42

    def test_the_command_follows_the_dashes(self, developer: Person) -> None:
        words = ["--no-cache", "-h", "--", "--profile", "x y"]
        assert ok(developer.access("exec", ARN, "--", "echo", *words)) == " ".join(words)
        assert ok(developer.access("exec", ARN, "--duration", "900", "--", "echo", *words)) == " ".join(words)
        assert failed(developer.access("exec", ARN)).startswith("access: no command is given: exec ROLE -- COMMAND")
        assert developer.access("exec", ARN, "echo").returncode == 2

    def test_a_role_cannot_assume_itself(self, developer: Person) -> None:
        again = [sys.executable, "-m", "access", "exec", ARN, "--duration", "7200", "--", "true"]
        done = developer.access("exec", ARN, "--", *again)
        assert done.returncode == 1
        longer, denied = done.stderr.splitlines()
        assert longer.endswith("using 3600 seconds, not 7200")
        assert denied.startswith(f"access: {IN_ROLE} may not switch to {ARN}; ")

    def test_no_secret_is_shown(self, developer: Person) -> None:
        waiting = [
            *VARIABLES[:-1],
            f"{VARIABLES[-1]}; sys.stdout.flush(); time.sleep(60)".replace("os", "os, sys, time", 1),
        ]
        with developer.begin(*waiting) as process:
            assert process.stdout
            found = json.loads(process.stdout.readline())
            arguments = all_arguments()
            process.kill()
        secrets = [
            found["AWS_SECRET_ACCESS_KEY"],
            found["AWS_SESSION_TOKEN"],
            developer.variables["AWS_SECRET_ACCESS_KEY"],
        ]
        assert "time.sleep(60)" in arguments
        assert not [secret for secret in secrets if secret in arguments]
        output = developer.access("whoami").stdout
        for variables in (
            {"AWS_ENDPOINT_URL": "https://127.0.0.1:1"},
            {"AWS_PROFILE": "x"},
            {"AWS_DEFAULT_REGION": "a b"},
        ):
            output += failed(developer.access("exec", ARN, "--no-cache", "--", "true", **variables))
        assert not [secret for secret in secrets if secret in output]


class TestErrors:
    def test_errors_take_seconds(self, developer: Person) -> None:
        began = time.monotonic()
        output = failed(developer.access("exec", ARN, "--", "true", AWS_ENDPOINT_URL="https://127.0.0.1:1"))
        assert (
            output == "access: https://127.0.0.1:1 does not answer; check the network, HTTPS_PROXY and AWS_ENDPOINT_URL"
        )
        assert time.monotonic() - began < 5

    @pytest.mark.parametrize(
        ("variables", "expected"),
        [
            ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "the secret key of the environment variables does not belong to its"),
            ({"AWS_ACCESS_KEY_ID": "AKIAUNKNOWN"}, "AWS does not know the access key of the environment variables"),
            ({"AWS_ACCESS_KEY_ID": ""}, "no AWS credentials were found; set AWS_ACCESS_KEY_ID"),
            (
                {"AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z"},
                "the credentials of the environment variables expired",
            ),
            (
                {"AWS_CA_BUNDLE": "/etc/ssl/certs/ca-certificates.crt"},
                "has a certificate that is not trusted here",
            ),
        ],
    )
    def test_in_one_line(self, developer: Person, variables: dict[str, str], expected: str) -> None:
        assert expected in failed(developer.access("exec", ARN, "--no-cache", "--", "true", **variables))

    def test_no_such_role(self, developer: Person) -> None:
        output = failed(developer.access("exec", f"{ARN}s", "--", "true"))
        assert output.startswith(f"access: arn:aws:iam::{DEVELOPMENT}:user/{DEVELOPER.name} may not switch to {ARN}s; ")
        assert "no such role" in output

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--duration", "1h"],
            ["--duration", "899"],
            ["--tag", "team"],
            ["--session-name", "a b"],
            ["--source-identity", "a/b"],
            ["--external-id", "!"],
            ["--mfa-serial", "x"],
        ],
    )
    def test_invalid_options(self, developer: Person, arguments: list[str]) -> None:
        done = developer.access("exec", ARN, *arguments, "--", "true")
        assert done.returncode == 2
        assert f"argument {arguments[0]}: {arguments[1]!r} is not allowed; write " in done.stderr.splitlines()[-1]


class TestEnv:
    def test_into_the_role_and_back(self, developer: Person) -> None:
        python, who = sys.executable, f'{WHO[0]} -c "{WHO[2]}"'
        script = f"""
            export AWS_PROFILE=nobody AWS_SECURITY_TOKEN=stale
            touch "$AWS_CONFIG_FILE"; echo '[profile nobody]' > "$AWS_CONFIG_FILE"; unset AWS_SECURITY_TOKEN
            eval "$({python} -m access env {ARN})" && {who}
            echo "${{AWS_PROFILE-none}} ${{AWS_CREDENTIAL_EXPIRATION:+expires}}"
            eval "$({python} -m access env --unset)"
            echo "${{AWS_ACCESS_KEY_ID+key}} ${{AWS_SECRET_ACCESS_KEY+secret}} ${{AWS_SESSION_TOKEN-none}}"
            echo "${{AWS_CREDENTIAL_EXPIRATION-none}}"
        """
        output = ok(developer.run(["bash", "-c", script], SHELL="/usr/bin/fish"))
        assert output.splitlines() == [IN_ROLE, "none expires", "key secret none", "none"]

    def test_no_shell_or_no_role(self, developer: Person) -> None:
        assert "SHELL is 'tcsh'" in failed(developer.access("env", ARN, SHELL="/bin/tcsh"))
        done = developer.access("env", "--shell", "bash")
        assert (done.returncode, done.stdout) == (1, "false\n")  # for the shell that evaluates it
        assert done.stderr.startswith("access: no roles found: ")


class TestPublished:
    """A list of roles, and users without Pulumi and the project."""

    @pytest.fixture
    def elsewhere(self, developer: Person, tmp_path: Path) -> Path:
        """Publish the list, and take Pulumi and its state away from the developer."""
        file = tmp_path / "share" / "roles.json"
        file.parent.mkdir()
        assert developer.access("publish", str(file), "production", "development").returncode == 0
        for name in [name for name in developer.variables if name.startswith("PULUMI_")]:
            del developer.variables[name]
        del developer.variables["ACCESS_ROLES"]
        developer.variables |= {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(REPOSITORY)}
        return file

    def test_a_list_replaces_the_state(self, developer: Person, elsewhere: Path) -> None:
        linked = developer.access("roles", "--from", str(elsewhere))
        assert linked.returncode == 0, linked.stderr
        assert (developer.home / ".config/cross-account-access/roles.json").readlink() == elsewhere
        assert ok(developer.access("exec", "production/UpdateApp", "--", *WHO)) == IN_ROLE
        assert "external" not in elsewhere.read_text()

    def test_roles_and_refusals_of_each_user(self, developer: Person, tester: Person, elsewhere: Path) -> None:
        for someone in (developer, tester):
            done = someone.access("roles", ACCESS_ROLES=str(elsewhere))
            assert (done.returncode, done.stdout) == (
                0,
                f"production/UpdateApp  {ARN}  Testers: deny; Developers: allow\n",
            )
        output = failed(tester.access("exec", ARN, "--", "true", ACCESS_ROLES=str(elsewhere)))
        assert output.endswith("UpdateApp is allowed to Developers, and denied to Testers; your groups can't be read")


def test_revoke_and_begin_new_sessions(deployed: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deployed.write_profiles()
    david = Person(
        {**os.environ, **deployed.engine.environment("development"), "HOME": str(tmp_path)} | {"AWS_PROFILE": "David"},
        tmp_path,
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del david.variables[name]
    david.variables["PATH"] = f"{deployed.cli.path.parent}:{os.environ['PATH']}"
    assert ok(david.access("exec", ARN, "--", *LIST)) == "listed"
    session = {name: json.loads(ok(david.access("exec", ARN, "--", *VARIABLES)))[name] for name in KEYS}

    refused = failed(david.access("revoke", "production/UpdateApp", "--profile", "David"))
    assert "of account 111111111111 (profile 'David'), but role UpdateApp is in 999999999999" in refused
    output = ok(david.access("revoke", "production/UpdateApp"))  # with the profile production
    (moment,) = re.findall(r'^    revokeSessionsIssuedBefore: "(.*)"$', output, re.MULTILINE)

    old = david.run(LIST, **session)
    assert "AccessDenied" in old.stderr
    assert ok(david.access("forget")) == "0 kept sessions dropped"  # revoke dropped it
    iam = deployed.accounts.administrator("999999999999").iam
    policy = json.dumps(
        iam.get_role_policy(RoleName="UpdateApp", PolicyName="AWSRevokeOlderSessions")["PolicyDocument"]
    )
    assert moment in policy

    # Pretend that half a minute has passed.
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    iam.put_role_policy(
        RoleName="UpdateApp",
        PolicyName="AWSRevokeOlderSessions",
        PolicyDocument=policy.replace(moment, now),
    )
    assert ok(david.access("exec", ARN, "--", *LIST)) == "listed"
    assert "AccessDenied" in david.run(LIST, **session).stderr
