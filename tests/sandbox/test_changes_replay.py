"""Replays of gained requests in the emulator, which refuses them before the change and allows them after it."""

import functools
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError

from access.accounts import Session
from access.arn import account_of, name_of
from access.changes.comparison import compare
from access.changes.values import Change
from sandbox.users import Accounts, User
from tests.support.changed_states import WIDER
from tests.support.rendered import DEVELOPMENT, PRODUCTION, ROLE, State, parsed

SENT = {"principal", "sts:externalid", "sts:rolesessionname", "aws:multifactorauthpresent"}
"""The condition keys that a request can set here; the emulator sets time, network and organization."""
_POWER = "power users in "


GAINS = (
    *("Testers let in", "Testers no longer kept out", "Testers taken out", "MFA dropped", "no external id"),
    *("a trust one character wider", "a principal that was denied", "a third account", "any session name"),
)
"""The changes whose gains can be replayed: by a user, of a role that exists before and after."""


@functools.cache
def gains() -> Mapping[str, Change]:
    """Return a gain of each change that can be replayed. It takes a second, so not during collection."""
    found = {}
    for name, (before, after, _) in WIDER.items():
        for change in compare(parsed(before), parsed(after)).gained:
            witness = change.witness or {}
            is_user = ":user/" in str(witness.get("principal")) and change.kind in ("group", "account")
            if is_user and change.what == "assume UpdateApp" and not witness.get("aws:multifactorauthpresent"):
                if witness.keys() <= SENT:
                    found[name] = change
                break
    return found


def test_every_gain_that_can_be_replayed_is_replayed() -> None:
    assert gains().keys() == {*GAINS}


@pytest.mark.parametrize("name", GAINS)
def test_a_gain_is_refused_before_and_allowed_after(accounts: Accounts, name: str) -> None:
    change, (before, after, _) = gains()[name], WIDER[name]
    witness: Any = change.witness
    user = User(name_of(witness["principal"]), account_of(witness["principal"]), power_user=False)
    group = change.who.removeprefix(_POWER) if change.kind == "group" else None
    request = {"RoleArn": ROLE, "RoleSessionName": witness.get("sts:rolesessionname") or "replayed"}
    if witness.get("sts:externalid"):
        request["ExternalId"] = witness["sts:externalid"]
    allowed = []
    for state in (before, after):
        _deploy(accounts, state, group)
        _join(accounts, user, group, has_right=change.kind == "account" or change.who.startswith(_POWER))
        with accounts.signed_in(user) as session:
            allowed.append(_is_allowed(session, request))
    accounts.remove(user)
    assert allowed == [False, True]


def _is_allowed(session: Session, request: Mapping[str, Any]) -> bool:
    try:
        session.sts.assume_role(**request)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied"
        return False
    return True


def _deploy(accounts: Accounts, state: State, group: str | None) -> None:
    """Deploy a state's role, and the policies of one of its groups."""
    stacks = state["stacks"]
    iam = accounts.administrator(PRODUCTION).iam
    [trust] = [json.dumps(role["trust"]) for role in stacks["production"]["roles"] if role["arn"] == ROLE]
    try:
        iam.create_role(RoleName="UpdateApp", AssumeRolePolicyDocument=trust)
    except iam.exceptions.EntityAlreadyExistsException:
        iam.update_assume_role_policy(RoleName="UpdateApp", PolicyDocument=trust)
    if group:
        iam = accounts.administrator(DEVELOPMENT).iam
        with suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_group(GroupName=group)
        for old in iam.list_group_policies(GroupName=group)["PolicyNames"]:
            iam.delete_group_policy(GroupName=group, PolicyName=old)
        for grantee in stacks["development"]["grantees"]:
            for policy in grantee["policies"] if grantee["name"] == group else ():
                iam.put_group_policy(
                    GroupName=group, PolicyName=policy["name"], PolicyDocument=json.dumps(policy["document"])
                )


def _join(accounts: Accounts, user: User, group: str | None, has_right: bool) -> None:
    """Create the user in the group, with the right from another policy if ``has_right``."""
    accounts.make(User(user.name, user.account_id, (group,) if group else (), power_user=False))
    if has_right:
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam = accounts.administrator(user.account_id).iam
        iam.put_user_policy(UserName=user.name, PolicyName="elsewhere", PolicyDocument=document)
