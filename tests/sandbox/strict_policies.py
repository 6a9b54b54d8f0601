"""Policies, roles and sessions for tests of how policies decide."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from access.accounts import Session
from access.credentials import Credentials
from sandbox.users import Accounts

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

ACCOUNT, OTHER_ACCOUNT = "111111111111", "222222222222"
BUCKET = "strict-conditions"
ANYBODY_HERE = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
DENIED = "403 AccessDenied"

Statement = dict[str, Any]
SignIn = Callable[[str], Session]


def document(*statements: Statement, version: str = "2012-10-17") -> str:
    return json.dumps({"Version": version, "Statement": [{"Effect": "Allow", **item} for item in statements]})


def allow(action: str | list[str], resource: str = "*", **condition: object) -> Statement:
    return {"Action": action, "Resource": resource, "Condition": condition}


def trust(*actions: str, principal: object = ANYBODY_HERE, **condition: object) -> str:
    return document({"Action": list(actions) or "sts:AssumeRole", "Principal": principal, "Condition": condition})


def make_role(iam: "IAMClient", name: str, trust_policy: str, *statements: Statement, **more: Any) -> str:  # noqa: ANN401
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy, **more)["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=document(*statements))
    return arn


def let(iam: "IAMClient", user: str, *statements: Statement, version: str = "2012-10-17") -> None:
    """Replace a user's rights."""
    iam.put_user_policy(UserName=user, PolicyName="rights", PolicyDocument=document(*statements, version=version))


def assume(accounts: Accounts, session: Session, RoleArn: str, **call: Any) -> Session:  # noqa: ANN401, N803
    given = session.sts.assume_role(RoleArn=RoleArn, **{"RoleSessionName": "session", **call})["Credentials"]
    return accounts.session(Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]))
