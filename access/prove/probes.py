"""The proof's own users, buckets, objects and roles: made for one proof, and removed again.

All that is made has the proof's run in its name, so that what an interrupted proof left can be found and removed later.
"""

import json
import re
import secrets
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from functools import partial

from botocore.exceptions import ClientError

from access.accounts import Account, Session
from access.credentials import Credentials
from access.prove.actions import NEIGHBOURS_KEY, ProbedBucket
from access.prove.expectations import Candidate, Role

USER_PATH = "/access-probe/"
"""The path of the users, which no other user has."""

_PREFIX = "access-probe-"
_RUN = re.compile(_PREFIX + "[0-9a-f]{8}")
_MOST_BUCKET_CHARACTERS, _MOST_ROLE_CHARACTERS = 63, 64


def new_run() -> str:
    """A name for a proof's things that no other proof has."""
    return _PREFIX + secrets.token_hex(4)


def user_name(run: str, index: int) -> str:
    """The name of one of the proof's users."""
    return f"{run}-{index}"


def make_user(account: Account, name: str, candidate: Candidate, partition: str) -> Session:
    """Make a user that is what the candidate is said to be, and sign in as him."""
    iam = account.administrator.iam
    iam.create_user(UserName=name, Path=USER_PATH)
    if candidate.managed_policy:
        arn = f"arn:{partition}:iam::aws:policy/{candidate.managed_policy}"
        iam.attach_user_policy(UserName=name, PolicyArn=arn)
    for group in candidate.principal.groups:
        iam.add_user_to_group(UserName=name, GroupName=group)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return account.session(Credentials(key["AccessKeyId"], key["SecretAccessKey"]))


def make_home_bucket(account: Account, run: str) -> str:
    """Make a bucket in an account that principals come from."""
    name = f"{account.account_id}-{run}"
    _create_bucket(account.administrator, name)
    return name


def make_neighbour_role(account: Account, role: Role, run: str) -> str:
    """Make a role whose name begins as another's, and that trusts the same accounts without any condition."""
    partition, path = role.arn.split(":")[1], role.arn.split("role", 1)[1].rpartition("/")[0] + "/"
    trusted = [f"arn:{partition}:iam::{account_id}:root" for account_id in role.trusted_accounts]
    statement = {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}
    made = account.administrator.iam.create_role(
        RoleName=_beside(role.name, run, _MOST_ROLE_CHARACTERS),
        Path=path,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    return made["Role"]["Arn"]


def probe_bucket(account: Account, role: Role, bucket: str, run: str) -> ProbedBucket:
    """Put objects into a role's bucket, and make a bucket whose name begins the same.

    Raises:
        botocore.exceptions.ClientError: the account's administrator may not: the bucket is another account's.
    """
    s3 = account.administrator.s3
    objects = {}
    for prefix in dict.fromkeys([*role.options.get("prefixes", ()), ""]):
        key = f"{prefix}{run}/object"
        objects[prefix] = (key, s3.put_object(Bucket=bucket, Key=key, Body=b"").get("VersionId", "null"))
    try:
        policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "NoSuchBucketPolicy":
            raise
        policy = None
    neighbour = _beside(bucket, run, _MOST_BUCKET_CHARACTERS)
    _create_bucket(account.administrator, neighbour)
    s3.put_object(Bucket=neighbour, Key=NEIGHBOURS_KEY, Body=b"")
    return ProbedBucket(objects, policy, neighbour)


def trust_policy(account: Account, role: Role) -> str:
    """The role's trust policy as it is, as JSON."""
    document = account.administrator.iam.get_role(RoleName=role.name)["Role"]["AssumeRolePolicyDocument"]
    return json.dumps(document)


def remove(
    account: Account, roles: Iterable[Role], pool: Executor, run: str = _PREFIX, users: Iterable[str] = ()
) -> list[str]:
    """Remove what a proof made in an account, and tell what that was.

    Args:
        account: which.
        roles: the account's roles that were tried; in their buckets there may be objects.
        pool: what works on several things at once.
        run: whose things; those of all proofs by default.
        users: users that AWS may not list yet, having been made just now.
    """
    session = account.administrator
    listed = [
        user["UserName"]
        for page in session.iam.get_paginator("list_users").paginate(PathPrefix=USER_PATH)
        for user in page["Users"]
        if user["UserName"].startswith(run)
    ]
    neighbours = [
        role["RoleName"]
        for page in session.iam.get_paginator("list_roles").paginate()
        for role in page["Roles"]
        if _is_of(run, role["RoleName"])
    ]
    buckets = [bucket["Name"] for bucket in session.s3.list_buckets()["Buckets"] if _is_of(run, bucket["Name"])]
    probed = {(bucket, f"{prefix}{run}") for role in roles for bucket in role.buckets for prefix in _prefixes(role)}
    removals = [
        *(partial(_remove_user, session, name) for name in sorted({*listed, *users})),
        *(partial(_remove_role, session, name) for name in neighbours),
        *(partial(_remove_bucket, session, name) for name in buckets),
        *(partial(_remove_objects, session, *at) for at in sorted(probed)),
    ]
    return [what for what in pool.map(lambda removal: removal(), removals) if what]


def _prefixes(role: Role) -> Sequence[str]:
    return [*role.options.get("prefixes", ()), ""]


def _beside(name: str, run: str, most: int) -> str:
    return f"{name[: most - len(run) - 1]}-{run}"


def _is_of(run: str, name: str) -> bool:
    found = _RUN.search(name)
    return found is not None and found[0].startswith(run)


def _create_bucket(session: Session, name: str) -> None:
    region = session.s3.meta.region_name
    if region == "us-east-1":  # the one region that may not be named
        session.s3.create_bucket(Bucket=name)
    else:
        session.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})  # type: ignore[typeddict-item]


def _remove_user(session: Session, name: str) -> str | None:
    iam = session.iam
    try:
        for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        for policy in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]:
            iam.detach_user_policy(UserName=name, PolicyArn=policy["PolicyArn"])
        for group in iam.list_groups_for_user(UserName=name)["Groups"]:
            iam.remove_user_from_group(UserName=name, GroupName=group["GroupName"])
        iam.delete_user(UserName=name)
    except iam.exceptions.NoSuchEntityException:
        return None
    return f"user {name}"


def _remove_role(session: Session, name: str) -> str:
    session.iam.delete_role(RoleName=name)
    return f"role {name}"


def _remove_bucket(session: Session, name: str) -> str:
    _remove_objects(session, name, "")
    session.s3.delete_bucket(Bucket=name)
    return f"bucket {name}"


def _remove_objects(session: Session, bucket: str, prefix: str) -> str | None:
    found = 0
    try:
        for page in session.s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
            for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                session.s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
                found += 1
    except ClientError as error:
        # A bucket that is another account's, or is gone: there is nothing of ours in it.
        if error.response.get("Error", {}).get("Code") not in ("AccessDenied", "NoSuchBucket"):
            raise
    return f"{found} objects of {bucket}" if found else None
