"""A team's list of roles, and a fake AWS of the people's account."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

from access.switch.published import Grantee, Published, PublishedRole, link, write_published
from tests.support.http_server import Request, Response

ARN = "arn:aws:iam::999999999999:role/UpdateApp"
AUDIT = "arn:aws:iam::999999999999:role/audit/Audit"
UPDATE_APP = PublishedRole("production/UpdateApp", ARN, trusts=["111111111111"])
PUBLISHED = Published(
    [UPDATE_APP, PublishedRole("production/Audit", AUDIT, requires_mfa=True, requires_external_id=True)],
    [
        Grantee("group", "Developers", "111111111111", allow=[ARN]),
        Grantee("group", "Testers", "111111111111", deny=[ARN]),
        Grantee("group", "Developers", "333333333333", allow=[AUDIT]),
        Grantee("permission set", "Dev", "111111111111", deny=[ARN]),
        Grantee("role", "ci/Deployer", "111111111111", allow=[ARN]),
    ],
)


@dataclass
class Aws:
    """STS and IAM of the people's account."""

    caller: str = "arn:aws:iam::111111111111:user/Theresa"
    groups: list[str] | None = field(default_factory=lambda: ["Testers", "Staff"])
    """The caller's groups; nothing if they are unreadable."""
    put: dict[str, str] = field(default_factory=dict)
    """The request of PutRolePolicy."""
    refusal: str = "AccessDenied"

    def respond(self, request: Request) -> Response:
        asked = {name: values[0] for name, values in parse_qs(request.body).items()}
        action = asked["Action"]
        if action == "GetCallerIdentity":
            return self._answer(action, f"<Arn>{self.caller}</Arn>")
        if action == "ListGroupsForUser" and self.groups is not None:
            members = "".join(f"<member><GroupName>{name}</GroupName></member>" for name in self.groups)
            return self._answer(action, f"<Groups>{members}</Groups><IsTruncated>false</IsTruncated>")
        if action == "PutRolePolicy" and not self.refusal:
            self.put = asked
            return self._answer(action, "")
        message = "not authorized to perform: sts:AssumeRole with an explicit deny"
        error = f"<Error><Code>{self.refusal or 'AccessDenied'}</Code><Message>{message}</Message></Error>"
        return Response(f"<ErrorResponse>{error}</ErrorResponse>", 403)

    def _answer(self, action: str, result: str) -> Response:
        date = {"Date": "Wed, 25 Nov 2026 13:00:00 GMT"}
        body = f"<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"
        return Response(body, headers=date)


def linked(home: Path, published: Published = PUBLISHED) -> Path:
    write_published(home / "roles.json", published)
    return link(home / "roles.json")
