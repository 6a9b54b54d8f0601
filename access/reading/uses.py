"""Uses of what the stacks give, in which nobody but the declared roles should have a part.

Source: Service Authorization Reference, "Actions, resources, and condition keys" of Amazon S3, AWS KMS and IAM.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..arn import account_of, partition_of
from ..changes.rendered import Document
from .deployed import Principal


@dataclass(frozen=True)
class Target:
    """Something that may be used, and how."""

    name: str
    """E.g. ``bucket productionapp``."""
    service: str
    """As actions begin, e.g. ``s3``."""
    arns: tuple[str, ...]
    uses: Mapping[str, Sequence[str]]
    """Actions, by the verb that people use for them."""
    policy: Document | None = None
    """Its own policy, which may deny uses."""


_OF_BUCKETS: Mapping[str, Sequence[str]] = {
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
"""Reading the settings of a bucket or an object is not among them."""

_OF_KEYS: Mapping[str, Sequence[str]] = {
    "decrypt with": ("kms:Decrypt", "kms:ReEncrypt*"),
    "encrypt with": ("kms:Encrypt", "kms:GenerateDataKey*"),
    "share": ("kms:CreateGrant", "kms:PutKeyPolicy"),
    "disable": ("kms:DisableKey", "kms:ScheduleKeyDeletion", "kms:DeleteImportedKeyMaterial"),
}

_OF_ROLES: Mapping[str, Sequence[str]] = {
    "change": (
        *("iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:DeleteRole"),
        *("iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:DeleteRolePolicy", "iam:DetachRolePolicy"),
        *("iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary"),
    )
}
_OF_GROUPS: Mapping[str, Sequence[str]] = {
    "change": (
        *("iam:AddUserToGroup", "iam:RemoveUserFromGroup", "iam:UpdateGroup", "iam:DeleteGroup"),
        *("iam:PutGroupPolicy", "iam:AttachGroupPolicy", "iam:DeleteGroupPolicy", "iam:DetachGroupPolicy"),
    )
}
_OF_POLICIES: Mapping[str, Sequence[str]] = {"change": ("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion")}


def bucket(name: str, partition: str, policy: Document | None) -> Target:
    """Return a bucket, with its objects."""
    arn = f"arn:{partition}:s3:::{name}"
    return Target(f"bucket {name}", "s3", (arn, f"{arn}/*"), _OF_BUCKETS, policy)


def key(arn: str) -> Target:
    """Return a key of KMS."""
    return Target(f"key {arn}", "kms", (arn,), _OF_KEYS)


def role(arn: str, name: str) -> Target:
    """Return a role, which administrators may change."""
    return Target(f"role {name}", "iam", (arn,), _OF_ROLES)


def group(name: str, partition: str, account_id: str) -> Target:
    """Return a group, whatever its path."""
    start = f"arn:{partition}:iam::{account_id}:group/"
    return Target(f"group {name}", "iam", (f"{start}{name}", f"{start}*/{name}"), _OF_GROUPS)


def policies(arns: Sequence[str], of: str) -> Target:
    """Return some managed policies."""
    return Target(f"the policies of {of}", "iam", tuple(arns), _OF_POLICIES)


def own_rights(principal: Principal) -> Iterator[tuple[Sequence[str], tuple[str, ...]]]:
    """Yield the actions, and on what, by which a principal gives itself rights."""
    arn, partition, account_id = principal.arn, partition_of(principal.arn), account_of(principal.arn)
    groups = [group(name, partition, account_id) for name in principal.groups]
    arns = tuple(text for it in groups for text in it.arns)
    if arns:
        yield ("iam:PutGroupPolicy", "iam:AttachGroupPolicy"), arns
    if not principal.is_group:
        kind = "User" if ":user/" in arn else "Role"
        yield (f"iam:Put{kind}Policy", f"iam:Attach{kind}Policy"), (arn,)
    own = tuple(it for it in principal.attached if account_of(it) == account_id)
    if own:
        yield _OF_POLICIES["change"], own
