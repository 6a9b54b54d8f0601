"""Tests of the sandbox's profiles: each account's administrator is a user, because root can't assume a role."""

import configparser

import pytest

from access.accounts import Account
from sandbox.users import ADMINISTRATOR, ADMINISTRATOR_ACCESS, User
from tests.sandbox.conftest import Sandbox

ACCOUNTS = {"production": "999999999999", "development": "111111111111", "outsider": "222222222222"}


def signed_in(sandbox: Sandbox) -> dict[str, str]:
    return {profile: Account(profile, sandbox.layout.aws_config).arn for profile in ACCOUNTS}


@pytest.fixture
def expected() -> dict[str, str]:
    path = f"user/sandbox/administrators/{ADMINISTRATOR}"
    return {profile: f"arn:aws:iam::{account_id}:{path}" for profile, account_id in ACCOUNTS.items()}


def test_administrators_are_users_and_keep_their_keys(sandbox: Sandbox, expected: dict[str, str]) -> None:
    sandbox.write_profiles()
    assert signed_in(sandbox) == expected
    kept = sandbox.layout.aws_config.read_text()
    sandbox.write_profiles()
    assert sandbox.layout.aws_config.read_text() == kept
    assert sandbox.layout.aws_config.stat().st_mode & 0o777 == 0o600


def test_profiles_of_an_older_sandbox_and_a_user_without_rights_are_repaired(
    sandbox: Sandbox, expected: dict[str, str]
) -> None:
    profiles = configparser.RawConfigParser()
    for profile, account_id in ACCOUNTS.items():
        profiles[f"profile {profile}"] = {
            "endpoint_url": sandbox.emulator.endpoint,
            "ca_bundle": str(sandbox.layout.ca_bundle),
            "region": "us-east-1",
            "aws_access_key_id": account_id,
            "aws_secret_access_key": sandbox.emulator.secret_of(account_id),
            "made_by": "sandbox",
        }
    with sandbox.layout.aws_config.open("w") as file:
        profiles.write(file)
    assert signed_in(sandbox)["production"].endswith(":root")
    sandbox.write_profiles()
    assert signed_in(sandbox) == expected

    iam = sandbox.accounts.administrator(ACCOUNTS["production"]).iam
    iam.detach_user_policy(UserName=ADMINISTRATOR, PolicyArn=ADMINISTRATOR_ACCESS)
    sandbox.accounts.remove(User(ADMINISTRATOR, ACCOUNTS["outsider"]))
    sandbox.write_profiles()
    assert signed_in(sandbox) == expected
    for profile in ACCOUNTS:
        Account(profile, sandbox.layout.aws_config).administrator.iam.list_users()
