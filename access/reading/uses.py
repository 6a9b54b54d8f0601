"""The uses of buckets, keys, roles, groups and policies that are reserved for the declared roles.

Source: Service Authorization Reference, "Actions, resources, and condition keys" of Amazon S3, AWS KMS and IAM.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..arn import account_of, partition_of
from ..changes.rendered import Document
from .deployed import Principal


@dataclass(frozen=True)
class Target:
    """A resource, and its uses."""

    name: str
    """E.g. ``bucket productionapp``."""
    service: str
    """The prefix of its actions, e.g. ``s3``."""
    arns: tuple[str, ...]
    uses: Mapping[str, Sequence[str]]
    """Actions by verb, e.g. ``list``."""
    policy: Document | None = None
    """The resource's policy, which may deny uses."""


_BUCKET_USES: Mapping[str, Sequence[str]] = {
    "read objects of": (
        *("s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectVersionForReplication", "s3:RestoreObject"),
        *("s3:GetObjectTorrent", "s3:GetObjectVersionTorrent"),
    ),
    "write objects of": (
        *("s3:PutObject*", "s3:DeleteObject*", "s3:AbortMultipartUpload", "s3:UpdateObjectEncryption"),
        *("s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags", "s3:InitiateReplication"),
        *("s3:ObjectOwnerOverrideToBucketOwner", "s3:BypassGovernanceRetention"),
    ),
    "list": ("s3:ListBucket*", "s3:ListMultipartUploadParts"),
    "change": (
        *("s3:PutBucket*", "s3:DeleteBucket*"),
        *(f"s3:Put{of}Configuration" for of in ("Accelerate", "Analytics", "Encryption", "Inventory", "Lifecycle")),
        *(f"s3:Put{of}Configuration" for of in ("IntelligentTiering", "Metrics", "Replication")),
    ),
}
"""The actions that read settings of a bucket or an object are not included."""

_KEY_USES: Mapping[str, Sequence[str]] = {
    "decrypt with": ("kms:Decrypt", "kms:ReEncrypt*"),
    "encrypt with": ("kms:Encrypt", "kms:GenerateDataKey*"),
    "share": ("kms:CreateGrant", "kms:PutKeyPolicy"),
    "disable": ("kms:DisableKey", "kms:ScheduleKeyDeletion", "kms:DeleteImportedKeyMaterial"),
}

_ROLE_USES: Mapping[str, Sequence[str]] = {
    "change": (
        *("iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:DeleteRole"),
        *("iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:DeleteRolePolicy", "iam:DetachRolePolicy"),
        *("iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary"),
    )
}
_GROUP_USES: Mapping[str, Sequence[str]] = {
    "change": (
        *("iam:AddUserToGroup", "iam:RemoveUserFromGroup", "iam:UpdateGroup", "iam:DeleteGroup"),
        *("iam:PutGroupPolicy", "iam:AttachGroupPolicy", "iam:DeleteGroupPolicy", "iam:DetachGroupPolicy"),
    )
}
_POLICY_USES: Mapping[str, Sequence[str]] = {"change": ("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion")}


def bucket(name: str, partition: str, policy: Document | None) -> Target:
    """Return the target for a bucket and its objects."""
    arn = f"arn:{partition}:s3:::{name}"
    return Target(f"bucket {name}", "s3", (arn, f"{arn}/*"), _BUCKET_USES, policy)


def key(arn: str) -> Target:
    """Return the target for a KMS key."""
    return Target(f"key {arn}", "kms", (arn,), _KEY_USES)


def role(arn: str, name: str) -> Target:
    """Return the target for a role."""
    return Target(f"role {name}", "iam", (arn,), _ROLE_USES)


def group(name: str, partition: str, account_id: str) -> Target:
    """Return the target for a group, whatever its path."""
    start = f"arn:{partition}:iam::{account_id}:group/"
    return Target(f"group {name}", "iam", (f"{start}{name}", f"{start}*/{name}"), _GROUP_USES)


def policies(arns: Sequence[str], holder: str) -> Target:
    """Return the target for managed policies of a holder."""
    return Target(f"the policies of {holder}", "iam", tuple(arns), _POLICY_USES)


def own_rights(principal: Principal) -> Iterator[tuple[Sequence[str], tuple[str, ...]]]:
    """Yield the actions, each with its resources, by which a principal can extend its own rights."""
    arn, partition, account_id = principal.arn, partition_of(principal.arn), account_of(principal.arn)
    groups = [group(name, partition, account_id) for name in principal.groups]
    arns = tuple(text for target in groups for text in target.arns)
    if arns:
        yield ("iam:PutGroupPolicy", "iam:AttachGroupPolicy"), arns
    if not principal.is_group:
        kind = "User" if ":user/" in arn else "Role"
        yield (f"iam:Put{kind}Policy", f"iam:Attach{kind}Policy"), (arn,)
    own = tuple(each for each in principal.attached if account_of(each) == account_id)
    if own:
        yield _POLICY_USES["change"], own
