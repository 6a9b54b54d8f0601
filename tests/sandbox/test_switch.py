"""Switch into the deployed role, as a user of Developers and of Testers, over real HTTP."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest

from access.credentials import Credentials
from sandbox.layout import REPOSITORY
from sandbox.users import User
from tests.sandbox.conftest import Sandbox

ARN = "arn:aws:iam::999999999999:role/UpdateApp"
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
DEVELOPMENT = "111111111111"
DEVELOPER = User("switch-developer", DEVELOPMENT, ("Developers",))
TESTER = User("switch-tester", DEVELOPMENT, ("Testers",))
IN_ROLE = f"arn:aws:sts::999999999999:assumed-role/UpdateApp/{DEVELOPER.name}"

WHO = [sys.executable, "-c", "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"]
BY_NAME = [*WHO[:-1], WHO[-1].replace("boto3.client", "boto3.Session(profile_name='app').client")]
LIST = [
    sys.executable,
    "-c",
    "import boto3; boto3.client('s3').list_objects_v2(Bucket='productionapp'); print('listed')",
]
VARIABLES = [sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"]


@pytest.fixture(scope="module")
def keys(read_only: Sandbox) -> Iterator[dict[User, Credentials]]:
    """Create two users with an access key each; remove both afterwards."""
    made = {}
    for user in (DEVELOPER, TESTER):
        read_only.accounts.make(user)
        made[user] = read_only.accounts.new_key(user)
    yield made
    iam = read_only.accounts.administrator(DEVELOPMENT).iam
    for user in (DEVELOPER, TESTER):
        iam.delete_access_key(UserName=user.name, AccessKeyId=made[user].access_key_id)
        for group in user.groups:
            iam.remove_user_from_group(UserName=user.name, GroupName=group)
        for policy in iam.list_attached_user_policies(UserName=user.name)["AttachedPolicies"]:
            iam.detach_user_policy(UserName=user.name, PolicyArn=policy["PolicyArn"])
        iam.delete_user(UserName=user.name)


@dataclass
class Person:
    """A user with a home."""

    variables: dict[str, str]
    home: Path

    def access(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.run([sys.executable, "-m", "access", *arguments], **variables)

    def run(self, command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
        everything = {**self.variables, **variables}
        return subprocess.run(command, cwd=REPOSITORY, env=everything, capture_output=True, text=True, check=False)

    def begin(self, *command: str) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "access", "exec", ARN, "--", *command]
        return subprocess.Popen(words, cwd=REPOSITORY, env=self.variables, stdout=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the cache of all tests, so that each session begins once."""
    return tmp_path_factory.mktemp("cache")


def person(sandbox: Sandbox, key: Credentials, home: Path, cache: Path) -> Person:
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PULUMI_"))},
        **sandbox.engine.environment("development"),
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        "AWS_CONFIG_FILE": str(home / "config"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials"),
        "HOME": str(home),
        "PATH": f"{sandbox.cli.path.parent}:{os.environ['PATH']}",
        "XDG_CACHE_HOME": str(cache),
    }
    return Person(variables, home)


@pytest.fixture
def developer(read_only: Sandbox, keys: dict[User, Credentials], tmp_path: Path, cache: Path) -> Person:
    return person(read_only, keys[DEVELOPER], tmp_path, cache)


@pytest.fixture
def tester(read_only: Sandbox, keys: dict[User, Credentials], tmp_path: Path, cache: Path) -> Person:
    return person(read_only, keys[TESTER], tmp_path, cache)


def ok(done: subprocess.CompletedProcess[str]) -> str:
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.rstrip("\n")


def failed(done: subprocess.CompletedProcess[str]) -> str:
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    return line


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


def developer_keys(developer: Person) -> tuple[str, str]:
    return developer.variables["AWS_ACCESS_KEY_ID"], developer.variables["AWS_SECRET_ACCESS_KEY"]


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


@dataclass
class SignIn:
    """The sign-in endpoint, which the emulator lacks."""

    address: str = ""
    status: int = 200
    answer: bytes = b'{"SigninToken": "sign-in+token"}'
    asked: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)


@pytest.fixture
def sign_in() -> Iterator[SignIn]:
    answering = SignIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            answering.asked.append((self.path, parse_qs(body)))
            self.send_response(answering.status)
            self.send_header("Content-Length", str(len(answering.answer)))
            self.end_headers()
            self.wfile.write(answering.answer)

        def log_message(self, format: str, *arguments: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    answering.address = f"http://127.0.0.1:{server.server_port}"
    yield answering
    server.shutdown()
    server.server_close()


BROWSER = """\
import http.client, json, subprocess, sys, urllib.parse

address = urllib.parse.urlsplit(sys.argv[2])
def get(path):
    connection = http.client.HTTPConnection(address.netloc)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders())

found = {"wrong path": get("/"), "first": get(address.path), "second": get(address.path)}
found["seen by all"] = subprocess.run(["ps", "-axww", "-o", "args="], capture_output=True, text=True).stdout
open(sys.argv[1], "w").write(json.dumps(found))
"""


class TestConsole:
    def test_a_link(self, developer: Person, sign_in: SignIn) -> None:
        link = urlsplit(ok(developer.access("console", ARN, AWS_SIGNIN_ENDPOINT_URL=sign_in.address)))
        assert f"{link.scheme}://{link.netloc}{link.path}" == f"{sign_in.address}/federation"
        assert parse_qs(link.query) == {
            "Action": ["login"],
            "Destination": ["https://console.aws.amazon.com/console/home?region=us-east-1"],
            "SigninToken": ["sign-in+token"],
        }
        ((path, body),) = sign_in.asked
        assert path == "/federation"  # the secrets are in the body
        assert (sorted(body), body["Action"]) == (["Action", "Session"], ["getSigninToken"])
        keys = json.loads(body["Session"][0])
        session = boto3.Session(keys["sessionId"], keys["sessionKey"], keys["sessionToken"], region_name="us-east-1")
        sts = session.client(
            "sts",
            endpoint_url=developer.variables["AWS_ENDPOINT_URL"],
            verify=developer.variables["AWS_CA_BUNDLE"],
        )
        assert sts.get_caller_identity()["Arn"] == IN_ROLE

    def test_open_hides_the_link(self, developer: Person, sign_in: SignIn) -> None:
        script, seen = developer.home / "browser.py", developer.home / "seen"
        script.write_text(BROWSER)
        variables = {
            "AWS_SIGNIN_ENDPOINT_URL": sign_in.address,
            "BROWSER": f"{sys.executable} {script} {seen} %s",
        }
        done = developer.access("console", ARN, "--open", **variables)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "access: opened in the browser\n")
        found = json.loads(seen.read_text())
        status, headers = found["first"]
        assert (status, headers["Cache-Control"], headers["Referrer-Policy"]) == (302, "no-store", "no-referrer")
        assert headers["Location"].startswith(f"{sign_in.address}/federation?")
        assert headers["Location"].endswith("SigninToken=sign-in%2Btoken")
        assert (found["wrong path"][0], found["second"][0]) == (404, 404)
        assert str(script) in found["seen by all"]
        assert "sign-in" not in found["seen by all"]

    def test_no_browser(self, developer: Person, sign_in: SignIn) -> None:
        variables = {"AWS_SIGNIN_ENDPOINT_URL": sign_in.address, "BROWSER": "false %s", "PATH": "/bin"}
        output = failed(developer.access("console", ARN, "--open", **variables))
        assert output == "access: there is no browser to open; omit --open to print the link"

    @pytest.mark.parametrize(
        ("status", "answer", "reason"),
        [
            (400, b"Invalid Credentials Parameter", "refuses the sign-in of the role's session (HTTP 400)"),
            (200, b"<html>", "did not return a sign-in token"),
            (200, b"{}", "did not return a sign-in token"),
            (200, b"[]", "did not return a sign-in token"),
        ],
    )
    def test_refused(self, developer: Person, sign_in: SignIn, status: int, answer: bytes, reason: str) -> None:
        sign_in.status, sign_in.answer = status, answer
        output = failed(developer.access("console", ARN, AWS_SIGNIN_ENDPOINT_URL=sign_in.address))
        assert output == f"access: {urlsplit(sign_in.address).netloc} {reason}"

    def test_no_answer(self, developer: Person) -> None:
        output = failed(developer.access("console", ARN, AWS_SIGNIN_ENDPOINT_URL="http://127.0.0.1:1"))
        assert output == "access: 127.0.0.1:1 does not answer; check the network, HTTPS_PROXY and AWS_CA_BUNDLE"
