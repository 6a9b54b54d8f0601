"""The steps that sign in, with fakes of GitHub and STS."""

import base64
import json
import re
import stat
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.http_server import Request, Response, serving
from tests.support.workflows import Runner


def token(sub: str) -> str:
    body = base64.urlsafe_b64encode(json.dumps({"sub": sub}).encode()).decode().rstrip("=")
    return f"head.{body}.signature"


@dataclass
class Accounts:
    """GitHub, which issues tokens, and STS, which accepts them."""

    token: str = field(default_factory=lambda: token("repo:acme/access:environment:preview"))
    refuses: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)

    def respond(self, request: Request) -> Response:
        """Answer."""
        if request.path.startswith("/token"):
            assert request.path == "/token?api-version=2.0&audience=sts.amazonaws.com"
            assert request.headers["Authorization"] == "Bearer of-the-job"
            return Response(json.dumps({"value": self.token}))
        assert "Authorization" not in request.headers  # only the token counts
        asked = dict(urllib.parse.parse_qsl(request.body))
        self.asked.append(asked)
        kind = {"Content-Type": "text/xml"}
        if self.refuses:
            code = "<Code>AccessDenied</Code><Message>Not authorized</Message>"
            return Response(f"<ErrorResponse><Error>{code}</Error></ErrorResponse>", 403, kind)
        account = asked["RoleArn"].split(":")[4]
        return Response(
            "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
            f"<AccessKeyId>ASIA{account}</AccessKeyId><SecretAccessKey>secret-of-{account}</SecretAccessKey>"
            "<SessionToken>session</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration>"
            "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
            headers=kind,
        )


@pytest.fixture
def aws(runner: Runner) -> Iterator[Accounts]:
    accounts = Accounts()
    with serving(accounts.respond) as address:
        runner.environment |= {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{address}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-the-job",
            "AWS_ENDPOINT_URL_STS": address,
        }
        yield accounts


@pytest.mark.parametrize(
    ("workflow", "job", "name", "stacks"),
    [
        ("preview", "preview", "Sign in, to read", "development"),
        ("deploy", "deploy", "Sign in, to deploy", "development"),
        ("deploy", "prove", "Sign in, to read", "production development"),
        ("drift", "refresh", "Sign in, to read", "development"),
        ("drift", "accounts", "Sign in, to read", "production development"),
    ],
)
def test_the_jobs_token_is_traded_for_a_session_in_each_account(
    runner: Runner, aws: Accounts, workflow: str, job: str, name: str, stacks: str
) -> None:
    runner.expressions |= {"matrix.stack": stacks, "needs.stacks.outputs.names": stacks}
    done = runner.run(workflow, job, name)
    assert (done.returncode, done.stderr) == (0, "")
    ids = {"production": "999999999999", "development": "111111111111"}
    purpose = "deploy" if name.endswith("deploy") else "read"
    wanted = [f"arn:aws:iam::{ids[stack]}:role/pipeline/access-{purpose}" for stack in stacks.split()]
    assert [asked["RoleArn"] for asked in aws.asked] == wanted
    assert {asked["WebIdentityToken"] for asked in aws.asked} == {aws.token}
    assert {asked["RoleSessionName"] for asked in aws.asked} == {f"{purpose}-42-1"}
    credentials = Path(runner.environment["AWS_SHARED_CREDENTIALS_FILE"])
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600
    assert re.findall(r"^\[(.*)\]", credentials.read_text(), re.MULTILINE) == ["default", *stacks.split()]
    assert f"secret-of-{ids[stacks.split()[0]]}" in credentials.read_text().partition(f"[{stacks.split()[0]}]")[0]
    assert "[profile development]\nregion = us-east-1\n" in Path(runner.environment["AWS_CONFIG_FILE"]).read_text()
    output = done.stdout + (runner.folder / "temporary" / "env").read_text()
    assert not any(secret in output for secret in ("secret-of", "ASIA", aws.token, "of-the-job"))


def test_a_role_that_refuses_the_job_is_named_with_the_jobs_subject(runner: Runner, aws: Accounts) -> None:
    runner.expressions["matrix.stack"] = "production"
    aws.refuses = True
    done = runner.run("preview", "preview", "Sign in, to read")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "access: production: this job can't assume arn:aws:iam::999999999999:role/pipeline/access-read (AccessDenied);"
        " compare the job's sub, 'repo:acme/access:environment:preview', with the role's trust policy, which"
        " examples/pipeline-roles creates\n"
    )
    aws.token = "no.token"  # noqa: S105
    assert "the job's sub, unreadable, with" in runner.run("preview", "preview", "Sign in, to read").stderr
    assert runner.said("env") == {}


def test_a_job_without_the_right_to_a_token_gets_an_error(runner: Runner) -> None:
    runner.expressions["matrix.stack"] = "production"
    done = runner.run("preview", "preview", "Sign in, to read")
    assert done.stderr == (
        "access: GitHub gives this job no token; it needs id-token: write, and forks never have it\n"
    )
    runner.expressions["matrix.stack"] = "elsewhere"
    assert "there is no stack 'elsewhere'" in runner.run("preview", "preview", "Sign in, to read").stderr
