"""The tutorial's users, and others who must be refused, in the emulator's accounts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import boto3
from mypy_boto3_iam import IAMClient
from mypy_boto3_s3 import S3Client
from mypy_boto3_sts import STSClient

from sandbox.emulator import Emulator
from sandbox.layout import Layout

POWER_USER = "arn:aws:iam::aws:policy/PowerUserAccess"
"""The managed policy that the tutorial gives its users: everything but IAM, so ``sts:AssumeRole`` on any role too."""

_MOST_ACCESS_KEYS = 2  # IAM User Guide, "IAM and AWS STS quotas"


@dataclass(frozen=True)
class User:
    """An IAM user of one of the accounts."""

    name: str
    account_id: str
    groups: tuple[str, ...] = ()
    power_user: bool = True


class Accounts:
    """Sessions with the emulator's accounts."""

    def __init__(self, layout: Layout, emulator: Emulator, region: str) -> None:
        self._ca_bundle = str(layout.ca_bundle)
        self._endpoint = emulator.endpoint
        self._region = region

    def administrator(self, account_id: str) -> "Session":
        """A session as the account's root."""
        return self.session(account_id, "sandbox")

    def session(self, access_key: str, secret_key: str, token: str | None = None) -> "Session":
        """A session with these credentials."""
        session = boto3.Session(access_key, secret_key, token, region_name=self._region)
        return Session(session, self._endpoint, self._ca_bundle)

    def make(self, user: User) -> None:
        """Make the user as described, unless it is so already."""
        iam = self.administrator(user.account_id).iam
        if user.name not in [known["UserName"] for known in iam.list_users()["Users"]]:
            iam.create_user(UserName=user.name)
        attached = iam.list_attached_user_policies(UserName=user.name)["AttachedPolicies"]
        if user.power_user and not attached:
            iam.attach_user_policy(UserName=user.name, PolicyArn=POWER_USER)
        joined = [group["GroupName"] for group in iam.list_groups_for_user(UserName=user.name)["Groups"]]
        for group in user.groups:
            if group not in joined:
                iam.add_user_to_group(UserName=user.name, GroupName=group)

    @contextmanager
    def signed_in(self, user: User) -> Iterator["Session"]:
        """A session as the user, with an access key that exists no longer than the session."""
        iam = self.administrator(user.account_id).iam
        _make_room(iam, user.name)
        key = iam.create_access_key(UserName=user.name)["AccessKey"]
        try:
            yield self.session(key["AccessKeyId"], key["SecretAccessKey"])
        finally:
            iam.delete_access_key(UserName=user.name, AccessKeyId=key["AccessKeyId"])


class Session:
    """Clients of one principal, each made when it is first needed."""

    def __init__(self, session: boto3.Session, endpoint: str, ca_bundle: str) -> None:
        self._session = session
        self._endpoint = endpoint
        self._ca_bundle = ca_bundle

    @cached_property
    def iam(self) -> IAMClient:
        """IAM."""
        return self._session.client("iam", endpoint_url=self._endpoint, verify=self._ca_bundle)

    @cached_property
    def s3(self) -> S3Client:
        """S3."""
        return self._session.client("s3", endpoint_url=self._endpoint, verify=self._ca_bundle)

    @cached_property
    def sts(self) -> STSClient:
        """STS."""
        return self._session.client("sts", endpoint_url=self._endpoint, verify=self._ca_bundle)


def _make_room(iam: IAMClient, user_name: str) -> None:
    """Remove the oldest key of a user who has all that IAM allows: an interrupted run has left it."""
    keys = iam.list_access_keys(UserName=user_name)["AccessKeyMetadata"]
    if len(keys) >= _MOST_ACCESS_KEYS:
        oldest = min(keys, key=lambda key: key["CreateDate"])
        iam.delete_access_key(UserName=user_name, AccessKeyId=oldest["AccessKeyId"])
