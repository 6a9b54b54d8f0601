"""The attempts that try each option: what it lets in, and what it keeps out.

An attempt is written ``user > role > role``: the user switches into the one role and from there into the next.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.sandbox.option_entries import (
    DEVELOPMENT,
    KEY,
    OF_DAY,
    OF_DEV,
    OF_DEV_ABROAD,
    OF_DEV_X,
    OF_GUARDS,
    OF_NIGHT,
    OF_OPS,
    OF_TAGGERS,
    PRODUCTION,
    WITH_MFA,
)
from tests.sandbox.option_world import GENERATED_ID, OWN_NAME, Act, Decision, World, policy

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


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


ENTER = enter()
AS_ONESELF = enter(SourceIdentity=OWN_NAME)
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
