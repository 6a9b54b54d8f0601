"""A fake STS that records requests for a session, and sessions from it."""

import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qsl

import pytest

from access.errors import AccessError
from access.switch.config_file import read_profiles
from access.switch.roles import Role
from access.switch.sessions import Choices, SessionCredentials, Switch
from tests.support.http_server import Request, Response

ARN = "arn:aws:iam::999999999999:role/UpdateApp"
DAVID = "arn:aws:iam::111111111111:user/David"
DEVICE = "arn:aws:iam::111111111111:mfa/David"
IN_ROLE = "arn:aws:sts::111111111111:assumed-role/Admin/David"
SECRETS = ("secret-to-start-from", "secret-of-the-session", "token-of-the-session", "an-external-id", "123456")


class Aws:
    """A fake STS and IAM that records requests."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.caller = DAVID
        self.devices = [DEVICE]
        self.refusals: dict[str, tuple[str, str]] = {}
        """An error's code and message, by action."""
        self.clock = datetime.now(UTC)
        """The date of refusals."""
        self.seconds = 3600
        self.sessions = 0

    def respond(self, request: Request) -> Response:
        asked = dict(parse_qsl(request.body))
        asked.pop("Version")
        self.asked.append(asked)
        action = asked["Action"]
        if action in self.refusals:
            code, message = self.refusals[action]
            body = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
            return Response(body, 403, {"Date": format_datetime(self.clock, usegmt=True)})
        result = getattr(self, action)()
        return Response(f"<{action}Response><{action}Result>{result}</{action}Result></{action}Response>")

    def GetCallerIdentity(self) -> str:  # noqa: N802
        return f"<Arn>{self.caller}</Arn>"

    def ListMFADevices(self) -> str:  # noqa: N802
        members = "".join(f"<member><SerialNumber>{device}</SerialNumber></member>" for device in self.devices)
        return f"<MFADevices>{members}</MFADevices><IsTruncated>false</IsTruncated>"

    def AssumeRole(self) -> str:  # noqa: N802
        self.sessions += 1
        expires_at = datetime.now(UTC) + timedelta(seconds=self.seconds)
        return (
            f"<Credentials><AccessKeyId>ASIA{self.sessions}</AccessKeyId>"
            "<SecretAccessKey>secret-of-the-session</SecretAccessKey><SessionToken>token-of-the-session</SessionToken>"
            f"<Expiration>{expires_at:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>"
        )

    @property
    def actions(self) -> list[str]:
        return [asked["Action"] for asked in self.asked]


def switch(choices: Choices | None = None, role: Role | None = None) -> Switch:
    return Switch(role or Role(ARN, "UpdateApp"), choices or Choices(), read_profiles())


def session(choices: Choices | None = None, role: Role | None = None) -> SessionCredentials:
    return switch(choices, role).session()


def refused(choices: Choices | None = None, role: Role | None = None) -> str:
    with pytest.raises(AccessError) as caught:
        session(choices, role)
    output = str(caught.value)
    assert "\n" not in output
    assert not [secret for secret in SECRETS if secret in output]
    assert caught.value.__cause__ is None
    return output


ON_TERMINAL = [sys.executable, "-c", "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"]
