"""A team's list of roles: publish, link, read, choose a role, explain a refusal, revoke."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from access.__main__ import main
from access.errors import AccessError
from access.switch.callers import Caller
from access.switch.membership import Membership, reasons
from access.switch.published import Grantee, Published, PublishedRole, link, read_published, write_published
from tests.support.http_server import Request, Response, serving

REPOSITORY = Path(__file__).parents[4]
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
OUTPUTS: dict[str, dict[str, Any]] = {
    "production": {
        "contractVersion": 1,
        "roleArns": {"UpdateApp": ARN, "Audit": AUDIT},
        "roleOptions": {
            "UpdateApp": {"trustedAccountId": "111111111111", "expiresAt": "2099-01-01T00:00:00Z"},
            "Audit": {
                "trustedAccountIds": ["111111111111", "333333333333"],
                "requireMfa": True,
                "sessionTags": {"team": ["a", "b"], "cost": "[secret]"},
            },
        },
        "externalIds": {"Audit": "[secret]", "UpdateApp": "an-external-id"},
    },
    "development": {
        "contractVersion": 1,
        "assumableRoles": {"Developers": {"allow": [ARN], "deny": []}},
        "permissionSets": {"Dev": {"allow": [], "deny": [ARN]}},
        "granteeRoles": "[secret]",
    },
}
STACK_FILE = 'config:\n  aws:region: us-east-1\n  aws:allowedAccountIds: ["{}"]\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project's folder, and a Pulumi that prints the outputs and fails for secrets."""
    folder, pulumi = tmp_path / "project", tmp_path / "bin" / "pulumi"
    for made in (folder, pulumi.parent):
        made.mkdir()
    pulumi.write_text('#!/bin/sh\ncase "$*" in *secrets*) exit 3;; esac\ncat "${0%/*}/$5"\n')
    pulumi.chmod(0o755)
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (folder / "__main__.py").touch()
    for stack, account in (("production", "999999999999"), ("development", "111111111111")):
        (pulumi.parent / stack).write_text(json.dumps(OUTPUTS[stack]))
        (folder / f"Pulumi.{stack}.yaml").write_text(STACK_FILE.format(account))
    monkeypatch.setenv("PATH", f"{pulumi.parent}:/usr/bin:/bin")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty home."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith(("AWS_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("ACCESS_ROLES")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return folder


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


@pytest.fixture
def aws(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    answering = Aws()
    with serving(answering.respond) as address:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "AKIASTART",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_ENDPOINT_URL": address,
            "AWS_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        yield answering


def linked(home: Path, published: Published = PUBLISHED) -> Path:
    write_published(home / "roles.json", published)
    return link(home / "roles.json")


class TestPublish:
    def test_all_stacks_of_a_folder(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["publish", "roles of us.json"]) == 0
        last = capsys.readouterr().out.splitlines()[-1]
        assert last == f"access roles --from '{project}/roles of us.json'"
        text = (project / "roles of us.json").read_text()
        assert json.loads(text) == {
            "version": 1,
            "roles": [
                {
                    "name": "production/UpdateApp",
                    "arn": ARN,
                    "trusts": ["111111111111"],
                    "requires_external_id": True,
                    "expires_at": "2099-01-01T00:00:00Z",
                },
                {
                    "name": "production/Audit",
                    "arn": AUDIT,
                    "trusts": ["111111111111", "333333333333"],
                    "requires_mfa": True,
                    "requires_external_id": True,
                    "session_tags": {"team": ["a", "b"]},
                },
            ],
            "grantees": [
                {"kind": "group", "name": "Developers", "account": "111111111111", "allow": [ARN]},
                {"kind": "permission set", "name": "Dev", "account": "111111111111", "deny": [ARN]},
            ],
        }

    def test_no_secrets(self, project: Path) -> None:
        assert main(["publish", "roles.json"]) == 0
        text = (project / "roles.json").read_text()
        assert "an-external-id" not in text
        assert "[secret]" not in text

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            (["roles.json", "development"], "these stacks have no role to publish"),
            (["roles.json", "staging"], "the outputs of stack 'staging' can't be read"),
            (["missing/roles.json"], "missing/roles.json can't be written: No such file or directory"),
        ],
    )
    def test_publish_errors(
        self, project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
    ) -> None:
        assert main(["publish", *arguments]) == 1
        assert expected in capsys.readouterr().err
        assert not (project / "roles.json").exists()

    def test_outside_a_project(
        self, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.chdir(project.parent)
        assert main(["publish", "roles.json"]) == 1
        assert "there is no Pulumi.yaml here" in capsys.readouterr().err
        assert main(["publish", "roles.json", "production", "development"]) == 0
        assert all("account" not in it for it in json.loads(Path("roles.json").read_text())["grantees"])


class TestLink:
    def test_link_and_read(self, home: Path) -> None:
        made = linked(home)
        assert link(home / "roles.json") == made
        assert made.readlink() == home / "roles.json"
        assert read_published().role("production/UpdateApp") == read_published().role(ARN) == UPDATE_APP
        write_published(home / "roles.json", Published([UPDATE_APP]))
        assert read_published() == Published([UPDATE_APP], [])  # the current content

    def test_a_relative_path(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write_published(home / "roles.json", PUBLISHED)
        monkeypatch.chdir(home)
        assert link(Path("roles.json")).readlink() == home / "roles.json"

    def test_several_teams(self, home: Path) -> None:
        linked(home)
        write_published(home / "others.json", Published([PublishedRole("other/X", AUDIT)]))
        link(home / "others.json")
        assert [role.name for role in read_published().roles] == ["other/X", "production/UpdateApp", "production/Audit"]

    def test_a_name_that_is_taken(self, home: Path) -> None:
        made = linked(home)
        (home / "more").mkdir()
        write_published(home / "more" / "roles.json", PUBLISHED)
        with pytest.raises(AccessError, match=f"^{made} already leads to another file; remove it first"):
            link(home / "more" / "roles.json")
        assert made.readlink() == home / "roles.json"

    def test_without_a_home(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write_published(home / "roles.json", PUBLISHED)
        monkeypatch.setattr("pathlib.Path.home", lambda: (_ for _ in ()).throw(RuntimeError))
        with pytest.raises(AccessError, match=r"there is no home folder for the link to .*; set ACCESS_ROLES="):
            link(home / "roles.json")
        assert read_published() == Published([], [])
        monkeypatch.setenv("ACCESS_ROLES", str(home / "roles.json"))
        assert read_published().role(ARN) == UPDATE_APP


ROLE_ENTRY = {"name": "production/UpdateApp", "arn": ARN}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("[]", "it has no roles"),
        ('{"version": 2, "roles": []}', "its version is 2, not 1"),
        (json.dumps({"version": 1, "roles": {}}), "must be lists"),
        (json.dumps({"version": 1, "roles": [1]}), "is not a list of roles"),
        (json.dumps({"version": 1, "roles": [{"name": "a/b"}]}), "arn"),
        (json.dumps({"version": 1, "roles": [{**ROLE_ENTRY, "arn": "arn:aws:iam::1:user/x"}]}), "is not a role"),
        (json.dumps({"version": 1, "roles": [{**ROLE_ENTRY, "name": "a/\x1b[2J"}]}), "is not a role"),
        (json.dumps({"version": 1, "roles": [{**ROLE_ENTRY, "trusts": ["\x1b"]}]}), "a value that is not text"),
        (json.dumps({"version": 1, "roles": [], "grantees": [{"kind": "x", "name": "y"}]}), "'y' is not a grantee"),
    ],
)
def test_an_invalid_list(home: Path, text: str, expected: str) -> None:
    file = home / "roles.json"
    file.write_text(text)
    with pytest.raises(AccessError) as caught:
        link(file)
    assert str(caught.value).startswith(f"{file} is not a list of roles")
    assert expected in str(caught.value)
    assert str(caught.value).isprintable()
    assert not (home / ".config").exists()


def test_a_broken_link(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    linked(home)
    (home / "roles.json").unlink()
    assert main(["roles"]) == 1
    assert "roles.json, a list of roles, does not exist; remove the link" in capsys.readouterr().err


def membership(arn: str = "arn:aws:iam::111111111111:user/David", groups: list[str] | None = None) -> Membership:
    return Membership(Caller(arn), groups)


def session(role: str) -> str:
    return f"arn:aws:sts::111111111111:assumed-role/{role}/David"


ALLOWED = "UpdateApp is allowed to Developers, role ci/Deployer"


@pytest.mark.parametrize(
    ("who", "role", "expected"),
    [
        (membership(groups=["Testers", "Staff"]), ARN, ["your groups: Testers (deny), Staff", ALLOWED]),
        (
            membership(groups=["Testers", "Developers"]),
            ARN,
            ["your groups: Testers (deny), Developers (allow)", ALLOWED],
        ),
        (membership(groups=[]), ARN, ["you are in no group", ALLOWED]),
        (membership(groups=["Developers"]), ARN, []),  # refused for another reason
        (
            membership(),
            ARN,
            [f"{ALLOWED}, and denied to Testers, permission set Dev", "your groups can't be read"],
        ),
        (
            membership(session("AWSReservedSSO_Dev_0123456789abcdef"), []),
            ARN,
            ["you are in role AWSReservedSSO_Dev_0123456789abcdef (deny)", ALLOWED],
        ),
        (membership(session("Developers"), []), ARN, ["you are in role Developers", ALLOWED]),
        (membership(session("Deployer"), []), ARN, []),
        (
            membership("arn:aws:iam::333333333333:user/David", ["Developers"]),
            ARN,
            ["UpdateApp trusts 111111111111, and your account is 333333333333"],
        ),
        (membership("arn:aws:iam::333333333333:user/David", ["Developers"]), AUDIT, []),
        (membership(groups=["Developers"]), AUDIT, []),  # no grantees known in this account
        (membership(groups=["Testers"]), f"{ARN}2", []),
    ],
)
def test_reasons(who: Membership, role: str, expected: list[str]) -> None:
    assert reasons(role, PUBLISHED, who) == expected


class TestRefusal:
    def test_the_refusal_names_groups(self, home: Path, aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
        linked(home)
        for name in ("production/UpdateApp", ARN):
            assert main(["exec", name, "--", "true"]) == 1
            assert capsys.readouterr().err == (
                f"access: {aws.caller} may not switch to {ARN} (an explicit deny); your groups: Testers (deny), Staff;"
                f" {ALLOWED}\n"
            )

    def test_an_invalid_list_does_not_hide_the_refusal(
        self, home: Path, aws: Aws, capsys: pytest.CaptureFixture[str]
    ) -> None:
        linked(home)
        (home / "roles.json").write_text("")
        assert main(["exec", ARN, "--", "true"]) == 1
        assert "(an explicit deny); the usual reasons" in capsys.readouterr().err

    def test_a_missing_external_id(self, home: Path, aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
        role = PublishedRole("production/UpdateApp", ARN, requires_external_id=True)
        linked(home, Published([role], PUBLISHED.grantees))
        assert main(["env", "production/UpdateApp", "--shell", "bash"]) == 1
        assert "requires an external id, which is not published" in capsys.readouterr().err
        assert main(["env", "production/UpdateApp", "--shell", "bash", "--external-id", "an-id"]) == 1
        assert "may not switch" in capsys.readouterr().err


class TestRoles:
    def test_roles_of_a_user(self, home: Path, aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
        linked(home)
        (home / ".aws").mkdir()
        (home / ".aws" / "config").write_text(f"[profile app]\nrole_arn = {ARN}\nsource_profile = me\n")
        aws.groups = ["Developers"]
        assert main(["roles"]) == 0
        printed = capsys.readouterr()
        assert printed.out.splitlines() == [
            f"production/UpdateApp  {ARN}  Developers: allow",
            f"app                   {ARN}  profile, from me",
        ]
        assert printed.err == "access: not for you: production/Audit (MFA; external id)\n"

    def test_unreadable_groups(self, home: Path, aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
        linked(home)
        aws.groups = None
        assert main(["roles"]) == 0
        assert capsys.readouterr().out.splitlines() == [
            f"production/UpdateApp  {ARN}    Testers, Dev: deny; Developers, ci/Deployer: allow",
            f"production/Audit      {AUDIT}  MFA; external id",
        ]

    def test_an_untrusted_account(self, home: Path, aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
        linked(home, Published([UPDATE_APP], [Grantee("group", "Developers", allow=[ARN])]))
        aws.caller, aws.groups = "arn:aws:iam::333333333333:user/Theresa", ["Developers"]
        assert main(["roles"]) == 0
        assert capsys.readouterr().out == ""

    def test_without_credentials(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        linked(home)
        assert main(["roles"]) == 0
        printed = capsys.readouterr()
        assert len(printed.out.splitlines()) == 2
        assert printed.err.startswith("access: your rights to these roles are unknown: no AWS credentials were found")

    def test_no_role_for_the_user(self, home: Path, aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
        linked(home)
        assert main(["env", "--shell", "bash"]) == 1
        output = "you may assume none of the known roles: production/UpdateApp, production/Audit"
        assert output in capsys.readouterr().err

    def test_no_roles(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["roles"]) == 0
        printed = capsys.readouterr()
        assert printed.out == ""
        assert "no list of your team's roles is linked; link one: access roles --from FILE" in printed.err


ON_TERMINAL = [sys.executable, "-c", "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"]


def chosen(typed: str, *arguments: str) -> tuple[int, list[str]]:
    """Choose a role on a terminal; return the exit code and the terminal's output."""
    command = [*ON_TERMINAL, sys.executable, "-m", "access", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY) as terminal:
        assert terminal.stdin
        assert terminal.stdout
        never = threading.Timer(20, terminal.kill)  # in case there is no prompt
        never.start()
        shown = b""
        while not shown.endswith(b"which role? "):
            (letter,) = terminal.stdout.read(1)
            shown += bytes([letter])
        terminal.stdin.write(typed.encode())
        terminal.stdin.flush()
        shown += terminal.stdout.read()
        never.cancel()
    return terminal.returncode, shown.decode().splitlines()


class TestChoice:
    @pytest.mark.parametrize("typed", ["1\n", "production/UpdateApp\n"])
    def test_by_number_or_name(self, home: Path, aws: Aws, typed: str) -> None:
        linked(home)
        aws.groups = ["Developers"]
        code, shown = chosen(typed, "exec", "--session-name", "me", "--", "true")
        assert shown[0] == f" 1  production/UpdateApp  {ARN}  Developers: allow"
        assert shown[1] == f"which role? {typed.strip()}"
        assert f"may not switch to {ARN}" in shown[2]  # AWS was asked
        assert code == 1

    @pytest.mark.parametrize("typed", ["2\n", "0\n", "\n", "production/Audit\n", "\x04"])
    def test_an_invalid_choice(self, home: Path, aws: Aws, typed: str) -> None:
        linked(home)
        aws.groups = ["Developers"]
        code, shown = chosen(typed, "exec", "--", "true")
        assert "is not one of these roles; type a number, 1 to 1, or a name" in shown[-1]
        assert code == 1

    def test_without_a_terminal(self, home: Path, aws: Aws) -> None:
        linked(home)
        aws.groups = ["Developers"]
        done = subprocess.run(
            [sys.executable, "-m", "access", "exec", "--", "true"],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            start_new_session=True,
            check=False,
        )
        assert done.returncode == 1
        assert "no role is given; `access roles` lists them" in done.stderr


class TestRevoke:
    @pytest.fixture(autouse=True)
    def administrator(self, aws: Aws) -> None:
        aws.caller, aws.refusal = "arn:aws:iam::999999999999:user/Admin", ""

    def test_all_current_sessions(self, home: Path, aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
        linked(home)
        assert main(["revoke", "production/UpdateApp"]) == 0
        assert aws.put["RoleName"] == "UpdateApp"
        assert aws.put["PolicyName"] == "AWSRevokeOlderSessions"
        moment = "2026-11-25T13:00:30Z"  # AWS's clock and half a minute
        assert json.loads(aws.put["PolicyDocument"]) == {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Deny",
                    "Action": ["*"],
                    "Resource": ["*"],
                    "Condition": {"DateLessThan": {"aws:TokenIssueTime": moment}},
                }
            ],
        }
        output = capsys.readouterr().out
        assert f'    revokeSessionsIssuedBefore: "{moment}"' in output.splitlines()
        assert "under UpdateApp in Pulumi.production.yaml" in output

    def test_another_account(self, aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
        aws.caller = "arn:aws:iam::111111111111:user/Admin"
        assert main(["revoke", ARN]) == 1
        assert "of account 111111111111 (" in capsys.readouterr().err
        assert not aws.put

    @pytest.mark.parametrize(
        ("refusal", "expected"),
        [
            ("AccessDenied", f"may not revoke sessions of {ARN}; that requires iam:PutRolePolicy on the role"),
            ("NoSuchEntity", f"there is no role {ARN}"),
            ("UnmodifiableEntity", "only AWS can change"),
            ("LimitExceeded", "access: AWS: LimitExceeded (PutRolePolicy)"),
        ],
    )
    def test_refused(self, aws: Aws, capsys: pytest.CaptureFixture[str], refusal: str, expected: str) -> None:
        aws.refusal = refusal
        assert main(["revoke", ARN]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert expected in line

    def test_the_profile_named_like_the_stack(self, home: Path, aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
        linked(home)
        (home / ".aws").mkdir()
        (home / ".aws" / "config").write_text("[profile production]\ncredential_process = false\n")
        assert main(["revoke", "production/UpdateApp"]) == 1
        assert "profile 'production'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["exec", ARN, "--", "true"],
        ["env", ARN],
        ["profile", ARN],
        ["credential-process", ARN],
        ["console", ARN],
        ["whoami"],
        ["roles"],
        ["forget"],
        ["revoke", ARN],
    ],
    ids=lambda it: it[0],
)
def test_on_windows(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr("access.command_line._IS_WINDOWS", True)
    assert main(arguments) == 1
    output = "access: this command works on Linux, macOS and WSL; on Windows, install and run it in WSL\n"
    assert capsys.readouterr().err == output


def test_errors_of_this_machine(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "/some/python")

    monkeypatch.setattr("access.switch.whoami.describe_caller", refuse)
    assert main(["whoami"]) == 1
    assert capsys.readouterr().err == "access: /some/python: Permission denied\n"
