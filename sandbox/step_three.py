"""Step 3 of the tutorial, done for real: who can switch to the role, and what they can do while they are in it."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Literal

from botocore.exceptions import ClientError

from sandbox.users import Accounts, Session, User

Decision = Literal["allowed", "denied"]

STRANGERS_ACCOUNT = "222222222222"
"""An account that nobody has trusted."""

_DENIED = ("AccessDenied", "403")


@dataclass(frozen=True)
class Attempt:
    """Something that somebody tried."""

    who: str
    what: str
    expected: Decision
    result: str
    """A :data:`Decision`, or the error that is neither."""

    @property
    def as_expected(self) -> bool:
        """Whether it came out as it has to."""
        return self.result == self.expected


def attempts(accounts: Accounts, role_arn: str, bucket: str, development: str) -> Iterator[Attempt]:
    """Try each thing once, and tell how it came out, one after the other.

    Args:
        accounts: sessions with the accounts.
        role_arn: the role that Developers may assume.
        bucket: the bucket that the role is about.
        development: the account of the groups.
    """
    production = role_arn.split(":")[4]
    role = role_arn.rpartition("/")[2]
    david = User("David", development, groups=("Developers",))
    theresa = User("Theresa", development, groups=("Testers",))
    nobody = User("Norman", development, power_user=False)
    stranger = User("Mallory", STRANGERS_ACCOUNT)
    with ExitStack() as context:
        for user in (david, theresa, nobody, stranger):
            accounts.make(user)
        # Buckets beside the role's: in Production with a name that begins the same, and in Development.
        near_miss = context.enter_context(_bucket(accounts.administrator(production), f"{bucket}-archive"))
        sandbox = context.enter_context(_bucket(accounts.administrator(development), f"{bucket}-development"))
        sessions = {
            user: context.enter_context(accounts.signed_in(user)) for user in (david, theresa, nobody, stranger)
        }

        in_role: list[Session] = []

        def switch(session: Session, name: str) -> None:
            given = session.sts.assume_role(RoleArn=role_arn, RoleSessionName=f"{name}-ProdUpdate")["Credentials"]
            in_role.append(accounts.session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]))

        who = "David (Developers)"
        yield _attempt(who, f"list {sandbox} in Development", "allowed", lambda: _list(sessions[david], sandbox))
        yield _attempt(who, f"switch to {role} in Production", "allowed", lambda: switch(sessions[david], "David"))
        if in_role:
            yield from _in_role(f"David in {role}", in_role[0], accounts.administrator(production), bucket)
            yield _attempt(f"David in {role}", f"list {near_miss}", "denied", lambda: _list(in_role[0], near_miss))
            yield _attempt(
                f"David in {role}", f"list {sandbox} in Development", "denied", lambda: _list(in_role[0], sandbox)
            )
            yield _attempt(f"David in {role}", "list Production's users", "denied", in_role[0].iam.list_users)
        for user, who in (
            (theresa, "Theresa (Testers)"),
            (nobody, "Norman (no group, no rights)"),
            (stranger, f"Mallory (account {STRANGERS_ACCOUNT})"),
        ):
            yield _attempt(who, f"switch to {role} in Production", "denied", partial(switch, sessions[user], user.name))


def _in_role(who: str, session: Session, administrator: Session, bucket: str) -> Iterator[Attempt]:
    key, content = f"step-3-{secrets.token_hex(8)}", b"an update of the application"

    def read() -> None:
        if session.s3.get_object(Bucket=bucket, Key=key)["Body"].read() != content:
            raise AssertionError("the object that was written is not the one that is read")

    try:
        yield _attempt(who, f"list {bucket}", "allowed", lambda: _list(session, bucket))
        yield _attempt(
            who,
            f"write an object of {bucket}",
            "allowed",
            lambda: session.s3.put_object(Bucket=bucket, Key=key, Body=content),
        )
        yield _attempt(who, f"read an object of {bucket}", "allowed", read)
        yield _attempt(
            who, f"delete an object of {bucket}", "allowed", lambda: session.s3.delete_object(Bucket=bucket, Key=key)
        )
    finally:
        # The bucket keeps versions: nothing is to be left of the attempt.
        listed = administrator.s3.list_object_versions(Bucket=bucket, Prefix=key)
        for version in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]:
            administrator.s3.delete_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])


@contextmanager
def _bucket(owner: Session, name: str) -> Iterator[str]:
    """A bucket that exists no longer than it is needed."""
    with suppress(owner.s3.exceptions.BucketAlreadyOwnedByYou):  # an interrupted run has left it
        owner.s3.create_bucket(Bucket=name)
    try:
        yield name
    finally:
        owner.s3.delete_bucket(Bucket=name)


def _attempt(who: str, what: str, expected: Decision, act: Callable[[], object]) -> Attempt:
    try:
        act()
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        return Attempt(who, what, expected, "denied" if code in _DENIED else f"{code}: {error}")
    except Exception as error:  # whatever it is, it is neither an allow nor a deny
        return Attempt(who, what, expected, f"{type(error).__name__}: {error}")
    return Attempt(who, what, expected, "allowed")


def _list(session: Session, bucket: str) -> object:
    return session.s3.list_objects_v2(Bucket=bucket)
