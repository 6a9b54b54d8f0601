"""Explain a refusal with the groups of a team's list of roles."""

from pathlib import Path

import pytest

from access.__main__ import main
from access.switch.callers import Caller
from access.switch.membership import Membership, reasons
from access.switch.published import Published, PublishedRole
from tests.support.role_list import ARN, AUDIT, PUBLISHED, Aws, linked


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
