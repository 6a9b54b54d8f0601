"""Create the users, roles, buckets and objects of a proof, each recorded in the inventory first."""

import json
from collections.abc import Iterable, Sequence
from threading import Lock

from botocore.exceptions import ClientError

from ..accounts import Account, Session
from ..aws_errors import error_code
from ..credentials import Credentials
from .actions import NEIGHBOURS_KEY, ProbedBucket, ProbedObject
from .expectations import Candidate, Role
from .inventory import INLINE_POLICY, PATH, Kind, Resource, Run

_MAX_BUCKET_LENGTH, _MAX_ROLE_LENGTH, _MAX_POLICY_LENGTH = 63, 64, 6144
"""Sources: Amazon S3 User Guide, "Bucket naming rules"; IAM User Guide, "IAM and AWS STS quotas"."""
_ASSUME = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]


class Probes:
    """The resources of one proof. Its users can assume the tested roles, and begin no session after an hour."""

    def __init__(self, run: Run, partition: str) -> None:
        """Start without any resource."""
        self.run = run
        self._partition = partition
        self._lock = Lock()
        self._resources: list[Resource] = []

    @property
    def resources(self) -> list[Resource]:
        """Everything that was created, or may have been."""
        with self._lock:
            return list(self._resources)

    def user_name(self, number: int) -> str:
        """Return the name of one of the proof's users."""
        return f"{self.run.name}-{number}"

    def create_boundary(self, account: Account, role_arns: Sequence[str]) -> str:
        """Create the permissions boundary of an account's users and return its ARN.

        Whatever rights a user gets, even by mistake, it can only assume these roles, and read the location of the
        proof's own bucket and its own user; after an hour, not even that. If the roles are too many for a policy, all
        roles of their accounts are allowed instead.
        """
        document = self._document(account, sorted(role_arns))
        if len(document) > _MAX_POLICY_LENGTH:
            all_roles = sorted({f"{arn.partition(':role/')[0]}:role/*" for arn in role_arns})
            document = self._document(account, all_roles)
        arn = f"arn:{self._partition}:iam::{account.account_id}:policy{PATH}{self.run.name}"
        self._record(account, "policy", arn)
        account.administrator.iam.create_policy(
            PolicyName=self.run.name,
            Path=PATH,
            PolicyDocument=document,
            Description="The most that users of access prove may do",
            Tags=self.run.tags,
        )
        return arn

    def create_user(self, account: Account, number: int, candidate: Candidate, boundary: str) -> None:
        """Create a user in the candidate's groups. It has no rights before :meth:`activate_user`."""
        iam, name = account.administrator.iam, self.user_name(number)
        self._record(account, "user", name)
        iam.create_user(UserName=name, Path=PATH, PermissionsBoundary=boundary, Tags=self.run.tags)
        for group in candidate.principal.groups:
            iam.add_user_to_group(UserName=name, GroupName=group)

    def activate_user(self, account: Account, number: int, assumable: str | Sequence[str]) -> Session:
        """Let a user assume roles, and return a session as that user.

        This is the last change: a service that knows these rights and this key knows all others too.
        """
        iam, name = account.administrator.iam, self.user_name(number)
        document = self._document(account, assumable)
        iam.put_user_policy(UserName=name, PolicyName=INLINE_POLICY, PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return account.session(Credentials(key["AccessKeyId"], key["SecretAccessKey"]))

    def control_role_arn(self, account_id: str) -> str:
        """Return the ARN of an account's control role."""
        return f"arn:{self._partition}:iam::{account_id}:role/{self.run.name}"

    def create_control_role(self, account: Account, trusted: Iterable[str]) -> None:
        """Create a role without rights that all of the proof's users may assume.

        If a user is refused it, STS does not know the user's rights yet, and other refusals prove nothing.
        """
        self._create_role(account, self.run.name, "/", trusted)

    def neighbour_arn(self, role: Role) -> str:
        """Return the ARN of a role's neighbour, whose name has the same prefix."""
        path = role.arn.split(":role", 1)[1].rpartition("/")[0]
        name = self._neighbour_name(role.name, _MAX_ROLE_LENGTH)
        return f"arn:{self._partition}:iam::{role.account_id}:role{path}/{name}"

    def create_neighbour_role(self, account: Account, role: Role) -> None:
        """Create a role's neighbour. It trusts the same accounts, without the role's conditions."""
        path = role.arn.split(":role", 1)[1].rpartition("/")[0] + "/"
        self._create_role(account, self._neighbour_name(role.name, _MAX_ROLE_LENGTH), path, role.trusted_accounts)

    def home_bucket(self, account: Account) -> str:
        """Return the name of the proof's bucket in an account with callers."""
        return f"{account.account_id}-{self.run.name}"

    def create_home_bucket(self, account: Account) -> None:
        """Create that bucket."""
        self._create_bucket(account, self.home_bucket(account))

    def create_probes_in(self, account: Account, role: Role, bucket: str) -> ProbedBucket:
        """Put objects into a role's bucket, and create a bucket with the same name prefix.

        Raises:
            botocore.exceptions.ClientError: the account's administrator lacks a right.
        """
        s3 = account.administrator.s3
        objects = {}
        for prefix in role.probed_prefixes:
            keys = {name: f"{prefix}{self.run.name}/{name}" for name in ("object", "deleted", "written")}
            for key in keys.values():
                self._record(account, "object", key, bucket)
            put = s3.put_object(Bucket=bucket, Key=keys["object"], Body=b"", Metadata=self.run.mark)
            s3.put_object(Bucket=bucket, Key=keys["deleted"], Body=b"", Metadata=self.run.mark)
            objects[prefix] = ProbedObject(**keys, version=put.get("VersionId", "null"))
        policy = _bucket_policy(account, bucket)
        neighbour = self._neighbour_name(bucket, _MAX_BUCKET_LENGTH)
        self._create_bucket(account, neighbour)
        s3.put_object(Bucket=neighbour, Key=NEIGHBOURS_KEY, Body=b"", Metadata=self.run.mark)
        return ProbedBucket(objects, self.run.mark, policy, neighbour)

    def _create_role(self, account: Account, name: str, path: str, trusted: Iterable[str]) -> None:
        self._record(account, "role", name)
        principals = [f"arn:{self._partition}:iam::{account_id}:root" for account_id in trusted]
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": principals},
            "Action": "sts:AssumeRole",
            "Condition": self.run.in_time,
        }
        account.administrator.iam.create_role(
            RoleName=name,
            Path=path,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
            Description="A role without rights, made by access prove",
            Tags=self.run.tags,
        )

    def _create_bucket(self, account: Account, name: str) -> None:
        s3 = account.administrator.s3
        region = s3.meta.region_name
        self._record(account, "bucket", name)
        if region == "us-east-1":  # the one region that may not be named
            s3.create_bucket(Bucket=name)
        else:
            s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})  # type: ignore[typeddict-item]
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": self.run.tags})

    def _record(self, account: Account, kind: Kind, name: str, bucket: str = "") -> None:
        with self._lock:
            self._resources.append(Resource(account, account.account_id, kind, name, bucket))

    def _neighbour_name(self, name: str, max_length: int) -> str:
        return f"{name[: max_length - len(self.run.name) - 1]}-{self.run.name}"

    def _document(self, account: Account, assumable: str | Sequence[str]) -> str:
        iam = f"arn:{self._partition}:iam::{account.account_id}"
        allowed = (
            (_ASSUME, assumable),
            ("s3:GetBucketLocation", f"arn:{self._partition}:s3:::{self.home_bucket(account)}"),
            ("iam:GetUser", f"{iam}:user{PATH}{self.run.name}-*"),
        )
        statements = [
            {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": self.run.in_time}
            for action, resource in allowed
        ]
        return json.dumps({"Version": "2012-10-17", "Statement": statements})


def trust_policy(account: Account, role: Role) -> str:
    """Return the role's present trust policy as JSON."""
    document = account.administrator.iam.get_role(RoleName=role.name)["Role"]["AssumeRolePolicyDocument"]
    return json.dumps(document)


def why_live(account: Account, bucket: str) -> str:
    """Return why a write to a bucket would have effects elsewhere, or could not be undone; otherwise empty.

    Sources: Amazon S3 User Guide, "Amazon S3 Event Notifications", "Replicating objects", "Object Lock considerations",
    "Configuring MFA delete".

    Raises:
        botocore.exceptions.ClientError: the bucket's settings can't be read.
    """
    s3 = account.administrator.s3
    notifications = s3.get_bucket_notification_configuration(Bucket=bucket)
    reasons = ["it has event notifications"] if set(notifications) - {"ResponseMetadata"} else []
    for reads, missing, reason in (
        (s3.get_bucket_replication, "ReplicationConfigurationNotFoundError", "it is replicated"),
        (s3.get_object_lock_configuration, "ObjectLockConfigurationNotFoundError", "it has Object Lock"),
    ):
        try:
            reads(Bucket=bucket)
        except ClientError as error:
            if error_code(error) != missing:
                raise
        else:
            reasons.append(reason)
    if s3.get_bucket_versioning(Bucket=bucket).get("MFADelete") == "Enabled":
        reasons.append("its versions can be deleted with MFA only")
    return " and ".join(reasons)


def _bucket_policy(account: Account, bucket: str) -> str | None:
    try:
        return account.administrator.s3.get_bucket_policy(Bucket=bucket)["Policy"]
    except ClientError as error:
        if error_code(error) != "NoSuchBucketPolicy":
            raise
        return None
