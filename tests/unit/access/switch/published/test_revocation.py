"""Revoke the sessions of a role of the team's list."""

import json
from pathlib import Path

import pytest

from access.__main__ import main
from tests.support.role_list import ARN, Aws, linked


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
