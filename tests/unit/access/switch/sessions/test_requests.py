"""Requests for a session: options of the role and of the command, names and limits."""

from datetime import datetime

import pytest

from access.switch.roles import Role
from access.switch.sessions import Choices
from tests.support.fake_sts import ARN, IN_ROLE, SECRETS, Aws, refused, session


def test_a_plain_session(aws: Aws) -> None:
    given = session()
    assert (given.access_key_id, given.secret_access_key) == ("ASIA1", "secret-of-the-session")
    assert given.session_token == "token-of-the-session"  # noqa: S105
    assert datetime.fromisoformat(given.expiration) == given.expires_at
    assert not [secret for secret in SECRETS if secret in repr(given)]
    assert aws.asked == [
        {"Action": "GetCallerIdentity"},
        {"Action": "AssumeRole", "RoleArn": ARN, "RoleSessionName": "David"},
    ]


def test_all_options(aws: Aws) -> None:
    session(
        Choices(
            external_id="an-external-id",
            source_identity="David",
            session_name="David-ProdUpdate",
            duration=7200,
            policy='{"Statement":[]}',
            tags={"team": "a", "cost": "b=c"},
        )
    )
    assert aws.asked[-1] == {
        "Action": "AssumeRole",
        "RoleArn": ARN,
        "RoleSessionName": "David-ProdUpdate",
        "DurationSeconds": "7200",
        "ExternalId": "an-external-id",
        "SourceIdentity": "David",
        "Policy": '{"Statement":[]}',
        "Tags.member.1.Key": "team",
        "Tags.member.1.Value": "a",
        "Tags.member.2.Key": "cost",
        "Tags.member.2.Value": "b=c",
    }


def test_requirements_of_the_role(aws: Aws) -> None:
    wants = Role(
        ARN,
        "UpdateApp",
        external_id="its-id",
        requires_source_identity=True,
        session_tags={"team": ["a"]},
        duration=900,
    )
    session(role=wants)
    assert aws.asked[-1] == {
        "Action": "AssumeRole",
        "RoleArn": ARN,
        "RoleSessionName": "David",
        "DurationSeconds": "900",
        "ExternalId": "its-id",
        "SourceIdentity": "David",
        "Tags.member.1.Key": "team",
        "Tags.member.1.Value": "a",
    }
    # Options take precedence.
    mine = Choices(external_id="mine", source_identity="Me", session_name="My", duration=901, tags={"team": "b"})
    session(mine, wants)
    assert aws.asked[-1] == {
        **aws.asked[-2],
        "RoleSessionName": "My",
        "DurationSeconds": "901",
        "ExternalId": "mine",
        "SourceIdentity": "Me",
        "Tags.member.1.Value": "b",
    }


def test_a_tag_with_several_values_must_be_chosen(aws: Aws) -> None:
    output = refused(role=Role(ARN, "UpdateApp", session_tags={"team": ["a", "b"]}))
    assert output == f"{ARN} requires the tag 'team': --tag team=a|b"
    assert "AssumeRole" not in aws.actions


def test_an_hour_at_most_from_role_to_role(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.caller = IN_ROLE
    session(Choices(duration=3600))
    assert capsys.readouterr().err == ""
    session(Choices(duration=7200, keep=False))
    assert "DurationSeconds" not in aws.asked[-1]
    assert capsys.readouterr().err == (
        "access: you are already in role 'Admin', where AWS allows an hour at most; using 3600 seconds, not 7200\n"
    )


def test_an_hour_at_most_from_a_user_session(
    aws: Aws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of GetSessionToken")
    session(Choices(duration=7200))
    assert "DurationSeconds" not in aws.asked[-1]
    assert capsys.readouterr().err.startswith("access: you start from a session, where AWS allows an hour")


def test_a_short_name(aws: Aws) -> None:
    aws.caller = "arn:aws:iam::111111111111:user/D"
    assert refused() == "your own name 'D' is too short for a session; use --session-name"


def test_the_region_of_aws_region(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert session().access_key_id == "ASIA1"
