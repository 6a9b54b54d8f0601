"""Every option of the YAML files, deployed by the real engine and then tried: what it lets in, what it keeps out.

An attempt is written ``user > role > role``: the user switches into the one role and from there into the next.
"""

import inspect
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import pytest
import yaml
from botocore.exceptions import ClientError

from access.accounts import Session
from access.credentials import Credentials
from sandbox import toolchain
from sandbox.engine import Finished
from sandbox.users import POWER_USER, User
from stack.entries import GranteeEntry, GroupEntry, PermissionSetEntry, RoleEntry
from tests.sandbox.conftest import Sandbox
from tests.sandbox.mfa_device import MfaDevice
from tests.support import policy_lint

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_s3 import S3Client

Decision = Literal["allowed", "denied"]

PRODUCTION, DEVELOPMENT, ELSEWHERE = "999999999999", "111111111111", "222222222222"
ORGANIZATION = "o-exampleorg"
BOUNDARIES = {"only-read": ["s3:Get*", "s3:List*"], "only-write": ["s3:Delete*", "s3:Put*"]}
KEY = f"arn:aws:kms:us-east-1:{PRODUCTION}:key/11111111-2222-3333-4444-555555555555"


# The deployed entries.


def role(name: str, **options: object) -> dict[str, Any]:
    """Return an entry of ``roles`` with the options, and with the required ones."""
    needed: dict[str, object] = {"name": name, "policyName": name}
    if "buckets" not in options:
        needed["bucket"] = "options"
    if "trustedAccountIds" not in options:
        needed["trustedAccountId"] = DEVELOPMENT
    return needed | options


ROLES = [
    role("Plain"),
    role("Mallorys", trustedAccountId=ELSEWHERE),
    role("BothAccounts", trustedAccountIds=[DEVELOPMENT, ELSEWHERE]),
    role("Davids", trustedPrincipalArns=[f"arn:aws:iam::{DEVELOPMENT}:user/Da*"]),
    role("Users", trustedPrincipalArns=[f"arn:aws:iam::{DEVELOPMENT}:user/*"]),
    role("Roles", trustedPrincipalArns=[f"arn:aws:iam::{DEVELOPMENT}:role/*"]),
    role("Named", trustedPrincipalArns=[f"arn:aws:iam::{DEVELOPMENT}:{item}" for item in ("user/David", "user/Dvaid")]),
    role(
        "NotNamed", deniedPrincipalArns=[f"arn:aws:iam::{DEVELOPMENT}:role/{item}" for item in ("Deployer", "Deploier")]
    ),
    role("NotSams", deniedPrincipalArns=[f"arn:aws:iam::{DEVELOPMENT}:user/Sa?"]),
    role("NotDeployers", deniedPrincipalArns=[f"arn:aws:iam::{DEVELOPMENT}:role/Deployer"]),
    role("Sets", trustedPermissionSets=["Dev", "Ops"]),
    role("NotSets", deniedPermissionSets=["Dev"]),
    role("Mfa", requireMfa=True),
    role("RecentMfa", requireMfa=True, mfaMaxAge=900),
    role("ExternalId", externalId="agreed"),
    role("OtherExternalId", externalId="agreed-with-others"),
    role("GeneratedId", generateExternalId=True),
    role("AlsoGeneratedId", generateExternalId=True),
    role("Organization", trustedAccountIds=[DEVELOPMENT, ELSEWHERE], organizationId=ORGANIZATION),
    role("Here", sourceIpRanges=["127.0.0.0/8", "::1/128"]),
    role("There", sourceIpRanges=["203.0.113.0/24", "2001:db8::/32"]),
    role("SourceIdentity", requireSourceIdentity=True),
    role("Tagged", sessionTags={"project": ["api", "web"]}),
    role("OtherTags", sessionTags={"project": ["shop"]}),
    role("MoreTags", sessionTags={"project": ["web"], "admin": ["yes"]}),
    role("Current", expiresAt="2099-01-01T00:00:00Z"),
    role("Expired", expiresAt="2020-01-01T00:00:00Z"),
    role("Path", path="/delegated/"),
    role("Described", description="What it is for.", policyName="a-name-of-its-own"),
    role("Labelled", tags={"team": "web"}),
    role("Long", maxSessionDuration=7200),
    role("BoundedToRead", permissionsBoundary=f"arn:aws:iam::{PRODUCTION}:policy/only-read"),
    role("BoundedToWrite", permissionsBoundary=f"arn:aws:iam::{PRODUCTION}:policy/only-write"),
    role("Revoked", revokeSessionsIssuedBefore="2099-01-01T00:00:00Z"),
    role("LongAgoRevoked", revokeSessionsIssuedBefore="2020-01-01T00:00:00Z"),
    role("Revocable"),
    role("OtherBucket", bucket="options-other"),
    role("TwoBuckets", buckets=["options", "options-other"]),
    role("Reader", access="read"),
    role("Writer", access="write"),
    role("Prefixes", prefixes=["reports/", "drafts/"]),
    role("OtherPrefixes", prefixes=["archive/"]),
    role("Versions", objectVersions=True),
    role("Multipart", multipartUploads=True),
    role("NoListing", listAllBuckets=False),
    role("Keys", kmsKeyArns=[KEY]),
    role("Existing", bucket="options-existing", createBucket=False),
    role("AlsoExisting", bucket="options-existing", createBucket=False),
    role("Foreign", buckets=["options-foreign", "options-delegated"], createBucket=False),
    role("AlsoForeign", buckets=["options-foreign", "options-delegated"], createBucket=False),
]
GROUPS: list[dict[str, Any]] = [
    {
        "name": "Developers",
        "allow": [
            *(f"production/{name}" for name in ("Plain", "Tagged", "Named", "NotNamed", "SourceIdentity")),
            {"role": "production/Long", "until": "2099-01-01T00:00:00Z"},
            {"role": "production/Current", "until": "2020-01-01T00:00:00Z"},
        ],
        "allowPolicyPrefix": "may-",
    },
    {
        "name": "Testers",
        "deny": [f"production/{name}" for name in ("Plain", "Users", "NotSams")],
        "denyPolicyPrefix": "never-",
    },
    {
        "name": "Mixed",
        "allow": ["production/Plain", "production/Reader"],
        "deny": ["production/OtherBucket", "production/Writer"],
    },
    {"name": "Kept", "allow": ["production/Plain"], "createGroup": False},
    {"name": "Crew", "allow": ["production/Plain"], "members": ["Mia"], "renamedFrom": "Hands"},
    {"name": "Bound", "allow": ["production/Plain"], "bindSessionName": True},
    {"name": "Known", "allow": ["production/SourceIdentity"], "sourceIdentity": True},
    {"name": "Taggers", "allow": ["production/Tagged"], "sessionTags": True},
]
GRANTEE_ROLES: list[dict[str, Any]] = [
    {
        "name": "Deployer",
        "allow": [f"production/{name}" for name in ("Plain", "Users", "Roles", "NotSams", "NotDeployers", "Tagged")],
        "allowPolicyPrefix": "may-",
    },
    {"name": "Operator", "deny": ["production/Plain"], "denyPolicyPrefix": "never-"},
    {"name": "Tagger", "allow": ["production/Tagged"], "sessionTags": True},
]
PERMISSION_SETS: list[dict[str, Any]] = [
    {"name": "Night", "allow": ["production/Plain", "production/Tagged"]},
    {"name": "Guards", "deny": ["production/Plain"]},
    {"name": "Taggers", "allow": ["production/Tagged"], "sessionTags": True},
]
SSO = "aws-reserved/sso.amazonaws.com"
OF_DEV, OF_DEV_ABROAD = (
    f"{SSO}/AWSReservedSSO_Dev_0123456789abcdef",
    f"{SSO}/eu-west-1/AWSReservedSSO_Dev_fedcba9876543210",
)
OF_DEV_X, OF_OPS = (
    f"{SSO}/AWSReservedSSO_Dev_x_0123456789abcdef",
    f"{SSO}/us-west-2/AWSReservedSSO_Ops_0123456789abcdef",
)
OF_NIGHT, OF_DAY, OF_GUARDS, OF_TAGGERS = (
    f"{SSO}/eu-west-1/AWSReservedSSO_{name}_0123456789abcdef" for name in ("Night", "Day", "Guards", "Taggers")
)
DEVELOPMENT_ROLES = {
    **{"Deployer": False, "Operator": True, "Tagger": False, "Idler": False},
    **dict.fromkeys((OF_DEV, OF_DEV_ABROAD, OF_DEV_X, OF_OPS, OF_GUARDS), True),
    **dict.fromkeys((OF_NIGHT, OF_DAY, OF_TAGGERS), False),
}
"""Roles of the development account that are managed elsewhere; ``True`` for those with a power user's rights."""
USERS = [
    User("David", DEVELOPMENT),
    User("Sam", DEVELOPMENT),
    User("Theresa", DEVELOPMENT, groups=("Testers",)),
    User("Max", DEVELOPMENT, groups=("Mixed",)),
    User("Mallory", ELSEWHERE),
    User("Gina", DEVELOPMENT, groups=("Developers",), power_user=False),
    User("Mona", DEVELOPMENT, groups=("Mixed",), power_user=False),
    User("Ella", DEVELOPMENT, groups=("Kept",), power_user=False),
    User("Bella", DEVELOPMENT, groups=("Bound",), power_user=False),
    User("Kim", DEVELOPMENT, groups=("Known",), power_user=False),
    User("Tanja", DEVELOPMENT, groups=("Taggers",), power_user=False),
    *(User(name, DEVELOPMENT, power_user=False) for name in ("Norman", "Paul", "Mia", "Eve", "Ivy")),
]
WITH_MFA = "David with MFA"


# The attempts.


@dataclass(frozen=True)
class Act:
    """An attempt to assume a role or, if ``do`` is given, to use it."""

    call: dict[str, Any] = field(default_factory=dict)
    """The arguments of AssumeRole."""
    do: "Callable[[S3Client], object] | None" = None


def enter(**call: object) -> Act:
    return Act(call)


def within(do: "Callable[[S3Client], object]", **call: object) -> Act:
    return Act(call, do)


def lists(bucket: str, prefix: str = "", **call: object) -> Act:
    return within(lambda s3: s3.list_objects_v2(Bucket=bucket, Prefix=prefix), **call)


def puts(key: str) -> Act:
    return within(lambda s3: s3.put_object(Bucket="options", Key=key, Body=b""))


def gets(key: str) -> Act:
    return within(lambda s3: s3.get_object(Bucket="options", Key=key))


def deletes(key: str) -> Act:
    return within(lambda s3: s3.delete_object(Bucket="options", Key=key))


def uses_upload(do: "Callable[[S3Client, Any], object]") -> Act:
    """Return the act of using a new multipart upload, which every writer may start."""

    def begin_and_do(s3: "S3Client") -> object:
        begun = s3.create_multipart_upload(Bucket="options", Key="upload")
        return do(s3, {"Bucket": "options", "Key": "upload", "UploadId": begun["UploadId"]})

    return within(begin_and_do)


def get_version(s3: "S3Client") -> object:
    version = s3.get_object(Bucket="options", Key="kept")["VersionId"]
    return s3.get_object(Bucket="options", Key="kept", VersionId=version)


def put_encrypted(s3: "S3Client") -> object:
    return s3.put_object(Bucket="options", Key="key", Body=b"", ServerSideEncryption="aws:kms", SSEKMSKeyId=KEY)


def tagged(**tags: str) -> Act:
    return enter(Tags=[{"Key": key, "Value": value} for key, value in tags.items()])


def policy(action: str | list[str], resource: str = "*", **condition: object) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


ENTER = enter()
OWN_NAME = "the name of who switches"
AS_ONESELF = enter(SourceIdentity=OWN_NAME)
GENERATED_ID = "what the output externalIds tells of GeneratedId"
AS_TEAM_WEB = lists("options", Policy=policy("s3:*", StringEquals={"aws:PrincipalTag/team": "web"}))

# The option, the attempt, who succeeds, and who is refused because of the option.
ATTEMPTS = [
    # Who may assume the role.
    ("roles.trustedAccountId", "from Development", ENTER, "David > Plain", "David > Mallorys"),
    ("roles.trustedAccountId", "from elsewhere", ENTER, "Mallory > Mallorys", "Mallory > Plain"),
    ("roles.trustedAccountIds", "from Development", ENTER, "David > BothAccounts", "David > Mallorys"),
    ("roles.trustedAccountIds", "from elsewhere", ENTER, "Mallory > BothAccounts", "Mallory > Plain"),
    ("roles.trustedPrincipalArns", "named so", ENTER, "David > Davids", "Sam > Davids"),
    ("roles.trustedPrincipalArns", "named otherwise", ENTER, "Sam > Plain", "Sam > Davids"),
    ("roles.trustedPrincipalArns", "a user", ENTER, "Sam > Users", "Sam > Roles"),
    ("roles.trustedPrincipalArns", "out of a role", ENTER, "Sam > Deployer > Plain", "Sam > Deployer > Users"),
    ("roles.trustedPrincipalArns", "a role", ENTER, "Sam > Deployer > Roles", "Sam > Roles"),
    ("roles.deniedPrincipalArns", "out of a role", ENTER, "Sam > Deployer > Plain", "Sam > Deployer > NotDeployers"),
    ("roles.deniedPrincipalArns", "named so", ENTER, "Sam > Plain", "Sam > NotSams"),
    ("roles.deniedPrincipalArns", "named otherwise", ENTER, "David > NotSams", "Sam > NotSams"),
    ("roles.trustedPermissionSets", "us-east-1", ENTER, f"Sam > {OF_DEV} > Sets", f"Sam > {OF_DEV_X} > Sets"),
    ("roles.trustedPermissionSets", "a region", ENTER, f"Sam > {OF_DEV_ABROAD} > Sets", f"Sam > {OF_DEV_X} > Sets"),
    ("roles.trustedPermissionSets", "another", ENTER, f"Sam > {OF_OPS} > Sets", "Sam > Deployer > Sets"),
    ("roles.trustedPermissionSets", "a user", ENTER, "Sam > Plain", "Sam > Sets"),
    ("roles.deniedPermissionSets", "us-east-1", ENTER, f"Sam > {OF_DEV} > Plain", f"Sam > {OF_DEV} > NotSets"),
    ("roles.deniedPermissionSets", "a region", ENTER, f"Sam > {OF_OPS} > NotSets", f"Sam > {OF_DEV_ABROAD} > NotSets"),
    ("roles.deniedPermissionSets", "another", ENTER, f"Sam > {OF_DEV_X} > NotSets", f"Sam > {OF_DEV} > NotSets"),
    ("roles.requireMfa", "without", ENTER, "David > Plain", "David > Mfa"),
    ("roles.requireMfa", "with", ENTER, f"{WITH_MFA} > Mfa", "David > Mfa"),
    ("roles.mfaMaxAge", "just now", ENTER, f"{WITH_MFA} > RecentMfa", "David > RecentMfa"),
    ("roles.externalId", "without", ENTER, "David > Plain", "David > ExternalId"),
    ("roles.externalId", "with", enter(ExternalId="agreed"), "David > ExternalId", "David > OtherExternalId"),
    ("roles.generateExternalId", "without", ENTER, "David > Plain", "David > GeneratedId"),
    (
        "roles.generateExternalId",
        "with",
        enter(ExternalId=GENERATED_ID),
        "David > GeneratedId",
        "David > AlsoGeneratedId",
    ),
    ("roles.organizationId", "a member", ENTER, "David > Organization", "Mallory > Organization"),
    ("roles.organizationId", "not a member", ENTER, "Mallory > BothAccounts", "Mallory > Organization"),
    ("roles.sourceIpRanges", "from this machine", ENTER, "David > Here", "David > There"),
    ("roles.requireSourceIdentity", "without", ENTER, "David > Plain", "David > SourceIdentity"),
    ("roles.requireSourceIdentity", "with", AS_ONESELF, "David > SourceIdentity", "David > Plain"),
    (
        "roles.requireSourceIdentity",
        "another's",
        enter(SourceIdentity="Sam"),
        "Sam > SourceIdentity",
        "David > SourceIdentity",
    ),
    ("roles.sessionTags", "without", ENTER, "David > Plain", "David > Tagged"),
    ("roles.sessionTags", "with", tagged(project="web"), "David > Tagged", "David > Plain"),
    ("roles.sessionTags", "with another value", tagged(project="shop"), "David > OtherTags", "David > Tagged"),
    ("roles.sessionTags", "with one more", tagged(project="web", admin="yes"), "David > MoreTags", "David > Tagged"),
    ("roles.expiresAt", "before and after", ENTER, "David > Current", "David > Expired"),
    # The role and its sessions.
    ("roles.name", "by name", ENTER, "David > Plain", "David > Nobody"),
    ("roles.path", "with rights on the path", ENTER, "Paul > Path", "Paul > Plain"),
    ("roles.tags", "list as team web", AS_TEAM_WEB, "David > Labelled", "David > Plain"),
    ("roles.permissionsBoundary", "get", gets("kept"), "David > BoundedToRead", "David > BoundedToWrite"),
    ("roles.permissionsBoundary", "put", puts("new"), "David > Plain", "David > BoundedToRead"),
    ("roles.revokeSessionsIssuedBefore", "list", lists("options"), "David > LongAgoRevoked", "David > Revoked"),
    # The buckets, and the actions on them.
    ("roles.bucket", "list", lists("options"), "David > Plain", "David > OtherBucket"),
    ("roles.bucket", "list another", lists("options-other"), "David > OtherBucket", "David > Plain"),
    ("roles.buckets", "list one", lists("options"), "David > TwoBuckets", "David > OtherBucket"),
    ("roles.buckets", "list the other", lists("options-other"), "David > TwoBuckets", "David > Plain"),
    ("roles.access", "list", lists("options"), "David > Reader", "David > Writer"),
    ("roles.access", "get", gets("kept"), "David > Reader", "David > Writer"),
    ("roles.access", "put", puts("new"), "David > Writer", "David > Reader"),
    ("roles.access", "delete", deletes("gone"), "David > Writer", "David > Reader"),
    ("roles.access", "get by default", gets("kept"), "David > Plain", "David > Writer"),
    ("roles.access", "put by default", puts("new"), "David > Plain", "David > Reader"),
    ("roles.prefixes", "list all", lists("options"), "David > Plain", "David > Prefixes"),
    ("roles.prefixes", "get elsewhere", gets("kept"), "David > Plain", "David > Prefixes"),
    ("roles.prefixes", "put elsewhere", puts("new"), "David > Plain", "David > Prefixes"),
    ("roles.prefixes", "delete elsewhere", deletes("gone"), "David > Plain", "David > Prefixes"),
    ("roles.prefixes", "list one", lists("options", "reports/"), "David > Prefixes", "David > OtherPrefixes"),
    ("roles.prefixes", "get in one", gets("reports/kept"), "David > Prefixes", "David > OtherPrefixes"),
    ("roles.prefixes", "put in the other", puts("drafts/new"), "David > Prefixes", "David > OtherPrefixes"),
    ("roles.objectVersions", "get one", within(get_version), "David > Versions", "David > Plain"),
    (
        "roles.objectVersions",
        "list them",
        within(lambda s3: s3.list_object_versions(Bucket="options")),
        "David > Versions",
        "David > Plain",
    ),
    (
        "roles.multipartUploads",
        "list them",
        within(lambda s3: s3.list_multipart_uploads(Bucket="options")),
        "David > Multipart",
        "David > Plain",
    ),
    (
        "roles.multipartUploads",
        "list parts",
        uses_upload(lambda s3, begun: s3.list_parts(**begun)),
        "David > Multipart",
        "David > Plain",
    ),
    (
        "roles.multipartUploads",
        "abort one",
        uses_upload(lambda s3, begun: s3.abort_multipart_upload(**begun)),
        "David > Multipart",
        "David > Plain",
    ),
    ("roles.listAllBuckets", "list", within(lambda s3: s3.list_buckets()), "David > Plain", "David > NoListing"),
    # The rights of the account's groups.
    ("groups.name", "a member", ENTER, "Gina > Plain", "Norman > Plain"),
    ("groups.allow", "a role", ENTER, "Gina > Plain", "Gina > OtherBucket"),
    ("groups.allow", "until a moment", ENTER, "Gina > Long", "Gina > Current"),
    ("groups.deny", "a role", ENTER, "Theresa > OtherBucket", "Theresa > Plain"),
    ("groups.createGroup", "a member of one that was there", ENTER, "Ella > Plain", "Norman > Plain"),
    ("groups.members", "a member", ENTER, "Mia > Plain", "Eve > Plain"),
    ("groups.bindSessionName", "another's name", enter(RoleSessionName="Eve"), "Gina > Plain", "Bella > Plain"),
    ("groups.bindSessionName", "their own name", ENTER, "Bella > Plain", "Norman > Plain"),
    ("groups.sourceIdentity", "their own", AS_ONESELF, "Kim > SourceIdentity", "Gina > SourceIdentity"),
    ("groups.sessionTags", "with", tagged(project="web"), "Tanja > Tagged", "Gina > Tagged"),
    # The rights of the account's roles.
    ("granteeRoles.name", "out of the role", ENTER, "Sam > Deployer > Plain", "Sam > Idler > Plain"),
    ("granteeRoles.allow", "a role", ENTER, "Sam > Deployer > Plain", "Sam > Deployer > OtherBucket"),
    ("granteeRoles.deny", "a role", ENTER, "Sam > Operator > OtherBucket", "Sam > Operator > Plain"),
    (
        "granteeRoles.sessionTags",
        "with",
        tagged(project="web"),
        "Sam > Tagger > Tagged",
        "Sam > Deployer > Tagged",
    ),
    # The rights of the account's permission sets.
    ("permissionSets.name", "out of its role", ENTER, f"Sam > {OF_NIGHT} > Plain", f"Sam > {OF_DAY} > Plain"),
    ("permissionSets.allow", "a role", ENTER, f"Sam > {OF_NIGHT} > Plain", f"Sam > {OF_NIGHT} > OtherBucket"),
    ("permissionSets.deny", "a role", ENTER, f"Sam > {OF_GUARDS} > OtherBucket", f"Sam > {OF_GUARDS} > Plain"),
    (
        "permissionSets.sessionTags",
        "with",
        tagged(project="web"),
        f"Sam > {OF_TAGGERS} > Tagged",
        f"Sam > {OF_NIGHT} > Tagged",
    ),
]


# Options without an attempt, and the reasons.


def allow(sid: str, actions: str | list[str], resource: str, **condition: object) -> dict[str, object]:
    """Return the expected statement."""
    statement = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


def statements(document: Any) -> dict[str, Any]:  # noqa: ANN401 (JSON)
    return {statement["Sid"]: statement for statement in document["Statement"]}


@dataclass(frozen=True)
class Gap:
    """A decision in which the emulator differs from AWS."""

    reason: str
    act: Act
    who: str
    emulator: Decision
    """The emulator's decision; AWS decides the opposite."""
    read: "Callable[[World], object]"
    """Reads the deployed value that AWS's decision depends on."""
    live: object


EMULATOR_CANNOT = {
    "roles.kmsKeyArns": Gap(
        "S3 encrypts without calling KMS, so neither the key nor the role's right to it is checked",
        within(put_encrypted),
        "David > Plain",
        "allowed",
        lambda world: world.identity_policy("Keys")["UseKeys"],
        allow(
            "UseKeys",
            ["kms:Decrypt", "kms:GenerateDataKey"],
            KEY,
            StringEquals={"kms:ViaService": "s3.us-east-1.amazonaws.com"},
        ),
    ),
}
"""Options that the emulator can't fully test: its wrong decision, and the deployed value that AWS decides by."""

NOT_ABOUT_ACCESS: "dict[str, tuple[Callable[[World], object], object]]" = {
    "roles.policyName": (
        lambda world: world.iam().list_attached_role_policies(RoleName="Described")["AttachedPolicies"],
        [{"PolicyName": "a-name-of-its-own", "PolicyArn": f"arn:aws:iam::{PRODUCTION}:policy/a-name-of-its-own"}],
    ),
    "roles.description": (lambda world: world.role("Described")["Description"], "What it is for."),
    "roles.createBucket": (
        lambda world: world.s3().get_bucket_versioning(Bucket="options-existing").get("Status", "as it was"),
        "as it was",
    ),
    "roles.maxSessionDuration": (lambda world: world.role("Long")["MaxSessionDuration"], 7200),
    "groups.renamedFrom": (
        lambda world: (
            {group["GroupName"] for group in world.iam(DEVELOPMENT).list_groups()["Groups"]} & {"Crew", "Hands"}
        ),
        {"Crew"},
    ),
    "groups.allowPolicyPrefix": (lambda world: world.inline_policies("group", "Developers"), ["may-production"]),
    "groups.denyPolicyPrefix": (lambda world: world.inline_policies("group", "Testers"), ["never-production"]),
    "granteeRoles.allowPolicyPrefix": (lambda world: world.inline_policies("role", "Deployer"), ["may-production"]),
    "granteeRoles.denyPolicyPrefix": (lambda world: world.inline_policies("role", "Operator"), ["never-production"]),
}
"""Options without effect on access: the function that reads the deployed value, and the expected value."""


# The accounts.


class World:
    """The accounts with all entries deployed, and all users signed in."""

    def __init__(self, sandbox: Sandbox, signed_in: ExitStack) -> None:
        self.sandbox = sandbox
        self.accounts = sandbox.accounts
        self.identity_center = sandbox.accounts.identity_center(DEVELOPMENT)
        self._sessions: dict[str, Session] = {}
        self._join_organization()
        self._create_resources_managed_elsewhere()
        for stack in ("production", "development"):
            sandbox.engine.prepare(stack, print)
        self.up("production", roles=ROLES)
        lists = {"groups": GROUPS, "granteeRoles": GRANTEE_ROLES, "permissionSets": PERMISSION_SETS}
        printed = "\n".join(self.up("development", **lists).lines)
        for name, effect in (("Night", "allow"), ("Guards", "deny"), ("Taggers", "allow")):
            policy_arn = f"arn:aws:iam::{DEVELOPMENT}:policy/{effect}-assume-roles-{name}"
            role_name = f"AWSReservedSSO_{name}_0123456789abcdef"
            self.identity_center.attach_role_policy(RoleName=role_name, PolicyArn=policy_arn)
        self.warned = set(
            re.findall(r"Testers\b.*: the Deny on production/(\w+) does not bind Deployer, which", printed)
        )
        self.useless = set(re.findall(r"warning: (.+) can't use production/(\w+), though allowed: (.+);", printed))
        self.missing = set(re.findall(r"production/\w+ names \S+, which does not exist", printed))
        outputs = sandbox.engine.outputs("production")
        self.role_arns: dict[str, str] = outputs["roleArns"]
        self._generated_id = outputs["externalIds"]["GeneratedId"]
        self.resource_policy_statements: dict[str, dict[str, str]] = outputs["resourcePolicyStatements"]
        self.put_bucket_policy("options-foreign", self.exported("Foreign", "options-foreign"))
        for key in ("kept", "reports/kept"):
            self.s3().put_object(Bucket="options", Key=key, Body=b"")
        for user in USERS:
            self.accounts.make(user)
            self._sessions[user.name] = signed_in.enter_context(self.accounts.signed_in(user))

    def _create_resources_managed_elsewhere(self) -> None:
        for name, actions in BOUNDARIES.items():
            self.iam().create_policy(PolicyName=name, PolicyDocument=policy(actions))
        self.s3().create_bucket(Bucket="options-existing")
        for bucket in ("options-foreign", "options-delegated"):
            self.s3(ELSEWHERE).create_bucket(Bucket=bucket)
        development = self.iam(DEVELOPMENT)
        development.create_group(GroupName="Kept")
        for name, power_user in DEVELOPMENT_ROLES.items():
            everybody = {"Sid": "All", "Effect": "Allow", "Principal": {"AWS": DEVELOPMENT}, "Action": "sts:AssumeRole"}
            trusting = json.dumps({"Version": "2012-10-17", "Statement": [everybody]})
            path, _, own_name = f"/{name}".rpartition("/")
            development.create_role(RoleName=own_name, Path=f"{path}/", AssumeRolePolicyDocument=trusting)
            if power_user:
                self.identity_center.attach_role_policy(RoleName=own_name, PolicyArn=POWER_USER)
        for user in USERS:
            if not user.groups:
                self.accounts.make(user)
        delegated = policy("sts:AssumeRole", f"arn:aws:iam::{PRODUCTION}:role/delegated/*")
        development.put_user_policy(UserName="Paul", PolicyName="delegated", PolicyDocument=delegated)

    def _join_organization(self) -> None:
        """Put Development into an organization in the emulator's state, because it does not serve Organizations."""
        organizations = {"__scoped__": True, "data": {f"{DEVELOPMENT}\0'self'": {"Id": ORGANIZATION}}}
        self.sandbox.emulator.stop()
        services = self.sandbox.layout.emulator_state / "services"
        services.mkdir(exist_ok=True)
        (services / "organizations.json").write_text(json.dumps({"orgs": organizations}))
        self.sandbox.emulator.start(toolchain.emulator_python(print))

    def up(self, stack: str, *arguments: str, **lists: list[dict[str, Any]]) -> Finished:
        """Replace these lists in the stack's file, and deploy it."""
        file = self.sandbox.engine.folder / f"Pulumi.{stack}.yaml"
        settings = yaml.safe_load(file.read_text())
        settings["config"] |= {f"cross-account-access:{name}": entries for name, entries in lists.items()}
        file.write_text(yaml.safe_dump(settings))
        finished = self.sandbox.engine.run(stack, "up", "--yes", "--skip-preview", *arguments)
        assert finished.exit_code == 0, finished.lines
        return finished

    def iam(self, account_id: str = PRODUCTION) -> "IAMClient":
        return self.accounts.administrator(account_id).iam

    def s3(self, account_id: str = PRODUCTION) -> "S3Client":
        return self.accounts.administrator(account_id).s3

    def role(self, name: str) -> Any:  # noqa: ANN401 (as boto3 gives it)
        return self.iam().get_role(RoleName=name)["Role"]

    def identity_policy(self, name: str) -> dict[str, Any]:
        arn = f"arn:aws:iam::{PRODUCTION}:policy/{name}"
        version = self.iam().get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        return statements(self.iam().get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])

    def inline_policies(self, kind: str, name: str) -> list[str]:
        """Return the names of the inline policies of a group or role of Development."""
        iam = self.iam(DEVELOPMENT)
        listed = iam.list_group_policies(GroupName=name) if kind == "group" else iam.list_role_policies(RoleName=name)
        return listed["PolicyNames"]

    def exported(self, role_name: str, bucket: str) -> list[dict[str, Any]]:
        """Return the statements that the stack exports for the bucket's policy."""
        text = self.resource_policy_statements[role_name][f"arn:aws:s3:::{bucket}"]
        exported: list[dict[str, Any]] = json.loads(text)
        return exported

    def put_bucket_policy(self, bucket: str, exported: list[dict[str, Any]], owner: str = ELSEWHERE) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": exported})
        self.s3(owner).put_bucket_policy(Bucket=bucket, Policy=document)

    def session(self, who: str) -> Session:
        """Return the cached session from a call without special arguments."""
        if who not in self._sessions:
            self._sessions[who] = self._sign_in_with_mfa() if who == WITH_MFA else self.assume(who)
        return self._sessions[who]

    def assume(self, who: str, **call: Any) -> Session:  # noqa: ANN401 (what AssumeRole takes)
        """Return a new session, by default named after the user."""
        behind, _, role_name = who.rpartition(" > ")
        account_id = DEVELOPMENT if role_name in DEVELOPMENT_ROLES else PRODUCTION
        call = {
            "RoleArn": self.role_arns.get(role_name, f"arn:aws:iam::{account_id}:role/{role_name}"),
            "RoleSessionName": who.split()[0],
            **call,
        }
        if call.get("ExternalId") == GENERATED_ID:
            call["ExternalId"] = self._generated_id
        if call.get("SourceIdentity") == OWN_NAME:
            call["SourceIdentity"] = who.split()[0]
        given = self.session(behind).sts.assume_role(**call)["Credentials"]
        return self.accounts.session(Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]))

    def _sign_in_with_mfa(self) -> Session:
        device = MfaDevice(self.iam(DEVELOPMENT), "David")
        sts = self.session("David").sts
        given = sts.get_session_token(SerialNumber=device.serial_number, TokenCode=device.next_code())["Credentials"]
        return self.accounts.session(Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]))

    def decide(self, act: Act, who: str) -> Decision:
        """Return the decision on an attempt, of which only the last step may be refused."""
        do = act.do
        if do is None:
            self.session(who.rpartition(" > ")[0])
            return decision(lambda: self.assume(who, **act.call))
        session = self.assume(who, **act.call) if act.call else self.session(who)
        return decision(lambda: do(session.s3))


def decision(do: Callable[[], object]) -> Decision:
    try:
        do()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "AccessDenied":
            raise
        return "denied"
    return "allowed"


def changed(finished: Finished) -> dict[str, int]:
    return {operation: count for operation, count in finished.changes.items() if operation != "same"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    sandbox = Sandbox(tmp_path_factory.mktemp("options"))
    try:
        with ExitStack() as signed_in:
            yield World(sandbox, signed_in)
    finally:
        sandbox.emulator.stop()


# Every option has an attempt.


def camel_case(name: str) -> str:
    return re.sub("_(.)", lambda match: match[1].upper(), name)


def test_every_option_is_tested_or_listed_as_beyond_the_emulator() -> None:
    lists = {"roles": RoleEntry, "groups": GroupEntry, "granteeRoles": GranteeEntry}
    lists["permissionSets"] = PermissionSetEntry
    options = {f"{key}.{camel_case(name)}" for key, entry in lists.items() for name in inspect.get_annotations(entry)}
    attempted = {option for option, *_ in ATTEMPTS}
    assert attempted | set(EMULATOR_CANNOT) | set(NOT_ABOUT_ACCESS) == options
    assert set(NOT_ABOUT_ACCESS).isdisjoint({*attempted, *EMULATOR_CANNOT})


def test_compared_roles_differ_only_in_the_option() -> None:
    entries = {entry["name"]: entry for entry in ROLES}
    same = {"buckets": "bucket", "trustedAccountIds": "trustedAccountId"}
    for option, _, _, allowed, denied in ATTEMPTS:
        one, other = (entries.get(who.rpartition(" > ")[2], {}) for who in (allowed, denied))
        if option.startswith("roles.") and one and other:
            differing = {key for key in one.keys() | other.keys() if one.get(key) != other.get(key)}
            named = {f"roles.{same.get(key, key)}" for key in differing - {"name", "policyName"}}
            assert named <= {f"roles.{same.get(option[6:], option[6:])}"}, (allowed, denied)


# The decisions.


@pytest.mark.parametrize(
    ("act", "allowed", "denied"), [row[2:] for row in ATTEMPTS], ids=[f"{row[0]}: {row[1]}" for row in ATTEMPTS]
)
def test_an_option_allows_and_denies(world: World, act: Act, allowed: str, denied: str) -> None:
    assert (world.decide(act, allowed), world.decide(act, denied)) == ("allowed", "denied")


@pytest.mark.parametrize("gap", EMULATOR_CANNOT.values(), ids=EMULATOR_CANNOT)
def test_options_beyond_the_emulator_are_deployed(world: World, gap: Gap) -> None:
    assert gap.read(world) == gap.live
    assert world.decide(gap.act, gap.who) == gap.emulator, f"no gap any more, make it an attempt: {gap.reason}"


@pytest.mark.parametrize(("read", "expected"), NOT_ABOUT_ACCESS.values(), ids=NOT_ABOUT_ACCESS)
def test_options_without_effect_on_access_are_deployed(
    world: World, read: Callable[[World], object], expected: object
) -> None:
    assert read(world) == expected


@pytest.mark.parametrize(
    ("user", "decisions"),
    [
        (
            "Mona",
            {"Plain": "allowed", "Reader": "allowed", "OtherBucket": "denied", "Writer": "denied", "Long": "denied"},
        ),
        (
            "Max",
            {"Plain": "allowed", "Reader": "allowed", "OtherBucket": "denied", "Writer": "denied", "Long": "allowed"},
        ),
    ],
    ids=["rights from the group only", "rights besides the group's"],
)
def test_a_group_is_allowed_some_roles_and_denied_others(
    world: World, user: str, decisions: dict[str, Decision]
) -> None:
    assert {name: world.decide(ENTER, f"{user} > {name}") for name in decisions} == decisions


def test_a_deny_on_a_group_is_bypassed_through_another_role_unless_the_role_forbids_it(world: World) -> None:
    for name in ("Plain", "NotSams", "Users"):
        assert world.decide(ENTER, f"Theresa > {name}") == "denied"
    assert world.decide(ENTER, "Theresa > Deployer > Plain") == "allowed"
    assert world.decide(ENTER, "Theresa > Deployer > NotSams") == "allowed"
    assert world.decide(ENTER, "Theresa > Deployer > Users") == "denied"
    assert world.warned == {"Plain", "NotSams"}


def test_a_linter_finds_nothing_in_the_deployed_documents(world: World) -> None:
    documents = {
        f"{entry['name']}: {kind}": (
            json.dumps({"Version": "2012-10-17", "Statement": list(found.values())}),
            stands_on,
        )
        for entry in ROLES
        for kind, found, stands_on in (
            ("trust", statements(world.role(entry["name"])["AssumeRolePolicyDocument"]), policy_lint.ROLE_ARN),
            ("access", world.identity_policy(entry.get("path", "/")[1:] + entry["policyName"]), ""),
        )
    }
    assert len(documents) == 2 * len(ROLES)
    wrong = {name: policy_lint.findings(text, stands_on) for name, (text, stands_on) in documents.items()}
    assert {name: findings for name, findings in wrong.items() if findings} == {}


def test_up_warns_about_missing_principals(world: World) -> None:
    assert world.missing == {
        f"production/Named names arn:aws:iam::{DEVELOPMENT}:user/Dvaid, which does not exist",
        f"production/NotNamed names arn:aws:iam::{DEVELOPMENT}:role/Deploier, which does not exist",
    }


def test_up_warns_once_about_unusable_grants(world: World) -> None:
    assert world.useless == {
        ("Developers", "SourceIdentity", "the role requires a source identity"),
        ("Developers, Deployer and permission set Night", "Tagged", "the role requires session tags"),
        ("Developers", "Current", "that ended at 2020-01-01T00:00:00Z"),
        ("Deployer", "Users", "it is not among the role's trustedPrincipalArns"),
        ("Deployer", "NotDeployers", "it is among the role's deniedPrincipalArns"),
    }


def test_an_existing_bucket_is_left_unchanged(world: World) -> None:
    assert world.decide(lists("options-existing"), "David > Existing") == "allowed"
    assert world.decide(lists("options-existing"), "David > Plain") == "denied"
    assert world.s3().get_bucket_versioning(Bucket="options")["Status"] == "Enabled"
    assert "Status" not in world.s3().get_bucket_versioning(Bucket="options-existing")


def test_the_exported_statements_open_a_bucket_of_another_account(world: World) -> None:
    bucket, who = "options-delegated", "David > Foreign"
    acts = [
        lists(bucket),
        within(lambda s3: s3.put_object(Bucket=bucket, Key="new", Body=b"")),
        within(lambda s3: s3.get_object(Bucket=bucket, Key="new")),
        within(lambda s3: s3.delete_object(Bucket=bucket, Key="new")),
    ]
    assert {world.decide(act, who) for act in acts} == {"denied"}
    of_one = world.exported("Foreign", bucket)
    world.put_bucket_policy(bucket, of_one)
    assert [world.decide(act, who) for act in acts] == ["allowed"] * 4
    assert [world.decide(lists(bucket), f"David > {other}") for other in ("Plain", "AlsoForeign")] == ["denied"] * 2
    of_both = [*of_one, *world.exported("AlsoForeign", bucket)]
    assert len({statement["Sid"] for statement in of_both}) == len(of_both)
    world.put_bucket_policy(bucket, of_both)
    assert [world.decide(lists(bucket), f"David > {other}") for other in ("Foreign", "AlsoForeign")] == ["allowed"] * 2


def test_sessions_from_before_the_next_up_are_revoked(world: World) -> None:
    older, new = lists("options"), lists("options", DurationSeconds=3600)
    assert world.decide(older, "David > Revocable") == "allowed"
    now = (datetime.now(UTC) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")  # rounded up
    revoked = {"Revocable": {"revokeSessionsIssuedBefore": now}}
    finished = world.up("production", roles=[entry | revoked.get(entry["name"], {}) for entry in ROLES])
    assert changed(finished) == {"update": 1}
    assert world.decide(older, "David > Revocable") == "denied"
    assert world.decide(new, "David > Revocable") == "allowed"
    assert world.decide(older, "David > Plain") == "allowed"


def test_members_follow_the_file_or_stay_if_it_lists_none(world: World) -> None:
    iam = world.iam(DEVELOPMENT)
    iam.add_user_to_group(GroupName="Crew", UserName="Eve")
    iam.add_user_to_group(GroupName="Developers", UserName="Ivy")
    assert world.decide(ENTER, "Eve > Plain") == "allowed"
    assert changed(world.up("development", "--refresh")) == {"update": 1}
    members = {name: iam.get_group(GroupName=name)["Users"] for name in ("Crew", "Developers")}
    assert {name: {user["UserName"] for user in users} for name, users in members.items()} == {
        "Crew": {"Mia"},
        "Developers": {"Gina", "Ivy"},
    }
    decisions = {user: world.decide(ENTER, f"{user} > Plain") for user in ("Mia", "Eve", "Ivy")}
    assert decisions == {"Mia": "allowed", "Eve": "denied", "Ivy": "allowed"}
