"""Tests of the sandbox's settings: the propagation of changes to IAM, and lenient mode."""

import json
from pathlib import Path

import pytest

from access.accounts import Session
from access.credentials import Credentials
from sandbox import toolchain
from sandbox.__main__ import main
from sandbox.deployment import Deployment
from sandbox.emulator import Emulator
from sandbox.layout import Layout
from sandbox.users import Accounts
from tests.support.refused import refused

ACCOUNT = "111111111111"
EVERYBODY = {"AWS": ACCOUNT}
UNKNOWN_KEY = ("403 InvalidClientTokenId", "403 InvalidAccessKeyId")
DENIED = "403 AccessDenied"

_RACES = 50
"""The attempts to hit the moment when the emulator has answered a change but not completed it."""


def document(**statement: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", **statement}})


def test_each_service_sees_a_change_after_its_own_delay(accounts: Accounts, folder: Path) -> None:
    def clock(seconds: int) -> None:
        delays = {"iam": 5, "sts": 10, "s3": 20}
        (folder / "propagation.json").write_text(json.dumps({"clock": seconds, "delays": delays}))

    iam = accounts.administrator(ACCOUNT).iam
    accounts.administrator(ACCOUNT).s3.create_bucket(Bucket="strict-propagation")
    clock(100)
    iam.create_user(UserName="slow")
    key = iam.create_access_key(UserName="slow")["AccessKey"]
    user: Session = accounts.session(Credentials(key["AccessKeyId"], key["SecretAccessKey"]))

    def outcomes() -> list[str]:
        """Return the errors with which IAM, STS and S3 refuse the user."""
        calls = [
            (user.iam.list_users, {}),
            (user.sts.assume_role, {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/slow", "RoleSessionName": "session"}),
            (user.s3.list_objects_v2, {"Bucket": "strict-propagation"}),
        ]
        return [refused(call, **parameters).partition(":")[0] for call, parameters in calls]  # type: ignore[arg-type]

    unknown, unknown_to_s3 = UNKNOWN_KEY
    assert outcomes() == [unknown, unknown, unknown_to_s3]
    clock(105)
    assert outcomes() == [DENIED, unknown, unknown_to_s3]
    clock(110)
    assert outcomes() == [DENIED, DENIED, unknown_to_s3]
    clock(120)
    assert outcomes() == [DENIED] * 3

    iam.create_role(RoleName="slow", AssumeRolePolicyDocument=document(Action="sts:AssumeRole", Principal=EVERYBODY))
    iam.put_user_policy(UserName="slow", PolicyName="all", PolicyDocument=document(Action="*", Resource="*"))
    assert outcomes() == [DENIED] * 3
    clock(130)
    user.iam.list_users()
    user.sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/slow", RoleSessionName="session")
    assert refused(user.s3.list_objects_v2, Bucket="strict-propagation").startswith(DENIED)
    clock(140)
    user.s3.list_objects_v2(Bucket="strict-propagation")

    # A removed right stays for the delay too.
    iam.delete_user_policy(UserName="slow", PolicyName="all")
    user.s3.list_objects_v2(Bucket="strict-propagation")
    clock(159)
    user.s3.list_objects_v2(Bucket="strict-propagation")
    assert refused(user.iam.list_users).startswith(DENIED)
    clock(160)
    assert outcomes() == [DENIED] * 3

    # Without the setting, changes are seen at once.
    (folder / "propagation.json").unlink()
    iam.put_user_policy(UserName="slow", PolicyName="all", PolicyDocument=document(Action="*", Resource="*"))
    user.s3.list_objects_v2(Bucket="strict-propagation")


def test_changes_from_before_the_delay_are_seen_at_once(accounts: Accounts, folder: Path) -> None:
    iam = accounts.administrator(ACCOUNT).iam
    iam.create_user(UserName="early")
    key = iam.create_access_key(UserName="early")["AccessKey"]
    user = accounts.session(Credentials(key["AccessKeyId"], key["SecretAccessKey"])).iam
    for _ in range(_RACES):
        iam.put_user_policy(UserName="early", PolicyName="all", PolicyDocument=document(Action="*", Resource="*"))
        (folder / "propagation.json").write_text(json.dumps({"clock": 0, "delays": {"iam": 5}}))
        iam.delete_user_policy(UserName="early", PolicyName="all")
        user.list_users()
        (folder / "propagation.json").unlink()
        assert refused(user.list_users).startswith(DENIED)


def test_the_emulator_records_its_calls(accounts: Accounts, folder: Path) -> None:
    iam, sts = accounts.administrator(ACCOUNT).iam, accounts.administrator(ACCOUNT).sts
    iam.get_account_authorization_details()
    assert refused(iam.get_user, UserName="nobody").startswith("404 NoSuchEntity")
    sts.get_caller_identity()
    calls = Emulator(Layout(folder)).calls()
    assert calls >= {("iam", "GetAccountAuthorizationDetails"), ("iam", "GetUser"), ("sts", "GetCallerIdentity")}
    assert {service for service, _ in calls} == {"iam", "sts"}


def test_a_lenient_emulator_only_checks_signatures(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    emulator = Emulator(layout, lenient=True)
    emulator.start(toolchain.emulator_python(print))
    try:
        accounts = Accounts(layout, emulator, "us-east-1")
        iam = accounts.administrator(ACCOUNT).iam
        trust = document(Action="sts:AssumeRole", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/missing"})
        iam.create_role(RoleName="lenient", AssumeRolePolicyDocument=trust)
        iam.create_user(UserName="lenient")
        for _ in range(3):
            iam.create_access_key(UserName="lenient")
        wrong = accounts.session(Credentials(ACCOUNT, "not the secret"))
        assert refused(wrong.iam.list_users).startswith("403 SignatureDoesNotMatch")
    finally:
        emulator.stop()


def test_up_switches_between_strict_and_lenient(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.commands.deploy", lambda *arguments: Deployment())
    monkeypatch.setattr("sandbox.commands.prove_access", lambda *arguments: True)
    layout = Layout(tmp_path)
    missing = document(Action="sts:AssumeRole", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/missing"})

    def done(*command: str) -> str:
        assert main(command, layout) == 0
        return capsys.readouterr().out

    def create(name: str) -> None:
        iam = Accounts(layout, Emulator(layout), "us-east-1").administrator(ACCOUNT).iam
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=missing)
        assert [role["RoleName"] for role in iam.list_roles()["Roles"]] == ["lenient"]

    try:
        assert ", lenient: accepts requests that AWS refuses" in done("up", "--lenient")
        endpoint = Emulator(layout).endpoint
        create("lenient")
        assert ", lenient: " in done("status")
        done("down")
        assert ", lenient: " in done("preview", "production")  # as it was
        assert ", lenient: " not in done("up")
        assert refused(create, name="strict").startswith("400 MalformedPolicyDocument: Invalid principal")
        assert ", lenient: " not in done("status")
        assert ", lenient: " in done("up", "--lenient")
        assert Emulator(layout).endpoint == endpoint
        Accounts(layout, Emulator(layout), "us-east-1").administrator(ACCOUNT).iam.delete_role(RoleName="lenient")
        create("lenient")
    finally:
        done("down", "--wipe")
