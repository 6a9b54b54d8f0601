"""Users in the emulator's accounts, and sessions of any principal there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from access.accounts import Session
from access.aws_session import new_session
from access.credentials import Credentials
from sandbox.emulator import Emulator
from sandbox.layout import Layout
from sandbox.strict import IDENTITY_CENTER

if TYPE_CHECKING:
    from botocore.awsrequest import AWSRequest
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iam.type_defs import TagTypeDef

POWER_USER = "arn:aws:iam::aws:policy/PowerUserAccess"
"""The managed policy of the tutorial's users: everything except IAM, so also ``sts:AssumeRole`` on any role."""

OWN_RIGHTS = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"
"""The managed policy of the sandbox's people: they may read IAM, and assume only granted roles."""

ADMINISTRATOR_ACCESS = "arn:aws:iam::aws:policy/AdministratorAccess"
"""The managed policy of an account's administrator."""

ADMINISTRATOR = "sandbox-administrator"
"""The user of an account's profile. Its path differs from that of the sandbox's people."""
ADMINISTRATORS_PATH = "/sandbox/administrators/"

PATH = "/sandbox/"
TAG: "TagTypeDef" = {"Key": "made-by", "Value": "sandbox"}
"""The path of the sandbox's own users, and the tag of everything that the sandbox creates besides the stacks."""

_MOST_ACCESS_KEYS = 2  # IAM User Guide, "IAM and AWS STS quotas"


@dataclass(frozen=True)
class User:
    """An IAM user in one of the accounts."""

    name: str
    account_id: str
    groups: tuple[str, ...] = ()
    power_user: bool = True
    own: bool = False
    """``True`` for one of the sandbox's own people."""


class Accounts:
    """Sessions with the emulator's accounts."""

    def __init__(self, layout: Layout, emulator: Emulator, region: str) -> None:
        self._emulator = emulator
        self._settings: Any = {
            "endpoint_url": emulator.endpoint,
            "verify": str(layout.ca_bundle),
            "region_name": region,
        }
        self._session = boto3.Session(botocore_session=new_session(config_file=Path(os.devnull)))
        self._administrators: dict[str, Session] = {}

    def administrator(self, account_id: str) -> Session:
        """Return a session of the account's root."""
        if account_id not in self._administrators:
            credentials = Credentials(account_id, self._emulator.secret_of(account_id))
            self._administrators[account_id] = self.session(credentials)
        return self._administrators[account_id]

    def identity_center(self, account_id: str) -> "IAMClient":
        """Return a client that calls an account's IAM as IAM Identity Center: nobody else may change its roles."""
        client = self.session(Credentials(account_id, self._emulator.secret_of(account_id))).iam
        secret = self._emulator.secret_of(IDENTITY_CENTER)
        client.meta.events.register("before-sign.iam", partial(_add_header, IDENTITY_CENTER, secret))
        return client

    def session(self, credentials: Credentials) -> Session:
        """Return a session with these credentials."""
        return Session(
            partial(
                self._session.client,
                aws_access_key_id=credentials.access_key_id,
                aws_secret_access_key=credentials.secret_access_key,
                aws_session_token=credentials.session_token,
                **self._settings,
            )
        )

    def make(self, user: User) -> None:
        """Create the user, or complete an existing one."""
        iam, name = self.administrator(user.account_id).iam, user.name
        try:
            if user.own:
                iam.create_user(UserName=name, Path=PATH, Tags=[TAG])
            else:
                iam.create_user(UserName=name)
            has_rights, joined = False, []
        except iam.exceptions.EntityAlreadyExistsException:
            has_rights = bool(iam.list_attached_user_policies(UserName=name)["AttachedPolicies"])
            joined = [group["GroupName"] for group in iam.list_groups_for_user(UserName=name)["Groups"]]
        if user.power_user and not has_rights:
            iam.attach_user_policy(UserName=name, PolicyArn=OWN_RIGHTS if user.own else POWER_USER)
        for group in user.groups:
            if group not in joined:
                iam.add_user_to_group(UserName=name, GroupName=group)

    def make_administrator(self, account_id: str) -> User:
        """Create the account's administrator, unless it exists, and return it.

        Source: AWS Security Token Service API Reference, "AssumeRole": root can't assume a role.
        """
        iam = self.administrator(account_id).iam
        try:
            attached = iam.list_attached_user_policies(UserName=ADMINISTRATOR)["AttachedPolicies"]
        except iam.exceptions.NoSuchEntityException:
            iam.create_user(UserName=ADMINISTRATOR, Path=ADMINISTRATORS_PATH, Tags=[TAG])
            attached = []
        if ADMINISTRATOR_ACCESS not in [policy["PolicyArn"] for policy in attached]:
            iam.attach_user_policy(UserName=ADMINISTRATOR, PolicyArn=ADMINISTRATOR_ACCESS)
        return User(ADMINISTRATOR, account_id)

    def remove(self, user: User) -> None:
        """Remove the user, with its keys, policies and memberships."""
        iam, name = self.administrator(user.account_id).iam, user.name
        for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        for attached in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]:
            iam.detach_user_policy(UserName=name, PolicyArn=attached["PolicyArn"])
        for policy in iam.list_user_policies(UserName=name)["PolicyNames"]:
            iam.delete_user_policy(UserName=name, PolicyName=policy)
        for group in iam.list_groups_for_user(UserName=name)["Groups"]:
            iam.remove_user_from_group(UserName=name, GroupName=group["GroupName"])
        iam.delete_user(UserName=name)

    def new_key(self, user: User) -> Credentials:
        """Create an access key of the user."""
        iam = self.administrator(user.account_id).iam
        _make_room(iam, user.name)
        key = iam.create_access_key(UserName=user.name)["AccessKey"]
        return Credentials(key["AccessKeyId"], key["SecretAccessKey"])

    @contextmanager
    def signed_in(self, user: User) -> Iterator[Session]:
        """Yield a session of the user, with an access key that is deleted afterwards."""
        key = self.new_key(user)
        try:
            yield self.session(key)
        finally:
            iam = self.administrator(user.account_id).iam
            iam.delete_access_key(UserName=user.name, AccessKeyId=key.access_key_id)


def _add_header(name: str, value: str, request: "AWSRequest", **_: object) -> None:
    request.headers[name] = value


def _make_room(iam: "IAMClient", user_name: str) -> None:
    """Delete the oldest key of a user with the maximum number of keys: an interrupted run has left it."""
    keys = iam.list_access_keys(UserName=user_name)["AccessKeyMetadata"]
    if len(keys) >= _MOST_ACCESS_KEYS:
        oldest = min(keys, key=lambda key: key["CreateDate"])
        iam.delete_access_key(UserName=user_name, AccessKeyId=oldest["AccessKeyId"])
