"""Sign a job in to AWS accounts: trade its OpenID Connect token for a session in a role of each account.

No AWS key is stored anywhere. A session goes into a file in the job's own temporary folder, as a profile with the
stack's name, and never into a variable, which every program of the job could read. The first is also the default
profile, with which Pulumi reads and writes the state.
Source: GitHub Docs, "OpenID Connect reference"; STS API Reference, "AssumeRoleWithWebIdentity".
"""

import base64
import json
import os
import re
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from ..aws_session import new_session
from ..credentials import Credentials
from ..errors import AccessError
from ..github import answer, variable
from ..project.files import Stack
from ..render.running import partition_of_region

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

Purpose = Literal["read", "deploy"]

ROLE = "pipeline/access-{}"
"""The roles that examples/pipeline-roles creates in each account, with their path."""
AUDIENCE = "sts.amazonaws.com"
_SECONDS = 3600
"""One hour, a role's default maximum; a job ends earlier."""


def sign_in(stacks: Sequence[Stack], purpose: Purpose, environment: Mapping[str, str]) -> list[str]:
    """Begin a session in each stack's account, write the profiles, and pass their files to the following steps.

    Returns:
        A line about each stack.

    Raises:
        AccessError: this job may not ask for a token, or an account does not let it in.
    """
    folder = Path(variable(environment, "RUNNER_TEMP"))
    variables = Path(variable(environment, "GITHUB_ENV"))
    token = _token(environment)
    name = f"{variable(environment, 'GITHUB_RUN_ID')}-{variable(environment, 'GITHUB_RUN_ATTEMPT')}"
    done, profiles, config = [], [], ""
    for stack in stacks:
        role = f"arn:{partition_of_region(stack.region)}:iam::{stack.account_id}:role/{ROLE.format(purpose)}"
        session = _session(stack, role, f"{purpose}-{name}", token)
        profiles.append(
            f"[{stack.name}]\naws_access_key_id = {session.access_key_id}\n"
            f"aws_secret_access_key = {session.secret_access_key}\naws_session_token = {session.session_token}\n"
        )
        config += f"[profile {stack.name}]\nregion = {stack.region}\n"
        done.append(f"{stack.name}: signed in as {role}")
    default = re.sub(r"^\[.*\]", "[default]", profiles[0])
    files = {"AWS_SHARED_CREDENTIALS_FILE": "".join([default, *profiles]), "AWS_CONFIG_FILE": config}
    for key, text in files.items():
        _write(folder / key.lower(), text)
    with variables.open("a", encoding="utf-8") as file:
        file.writelines(f"{key}={folder / key.lower()}\n" for key in files)
    return done


def _token(environment: Mapping[str, str]) -> str:
    permission = "id-token: write"
    try:
        url, bearer = environment["ACTIONS_ID_TOKEN_REQUEST_URL"], environment["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
    except KeyError:
        raise AccessError(f"GitHub gives this job no token; it needs {permission}, and forks never have it") from None
    request = urllib.request.Request(f"{url}&audience={urllib.parse.quote(AUDIENCE)}")  # noqa: S310 (GitHub's address)
    token: str = answer(request, bearer, "an OpenID Connect token", permission)["value"]
    return token


def _session(stack: Stack, role: str, name: str, token: str) -> Credentials:
    config = Config(signature_version=UNSIGNED, retries={"mode": "standard", "max_attempts": 5})
    client: STSClient = new_session().create_client("sts", region_name=stack.region, config=config)
    try:
        keys = client.assume_role_with_web_identity(
            RoleArn=role, RoleSessionName=name, WebIdentityToken=token, DurationSeconds=_SECONDS
        )["Credentials"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise AccessError(
            f"{stack.name}: this job can't assume {role} ({code}); compare the job's sub, {_subject(token)}, with the"
            " role's trust policy, which examples/pipeline-roles creates"
        ) from None
    return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


def _subject(token: str) -> str:
    """Return the claim that trust policies check, which is not secret."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return repr(claims["sub"])
    except (IndexError, ValueError, KeyError, TypeError):
        return "unreadable"


def _write(path: Path, text: str) -> None:
    """Write a file that nobody else may read."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
