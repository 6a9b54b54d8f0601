"""Access to buckets: the statements of the role's identity policy, and of the policies of buckets and keys."""

import hashlib
import re
from collections.abc import Iterable, Sequence

from .args import ReadWriteBucketRoleArgs
from .partition import Partition
from .policies import Condition, OneOrMore, Statement, one_or_more, statement

PRESETS = ("read", "write", "readWrite")
"""The values of ``access``."""

# Actions by intent. Source: Amazon S3 User Guide, "Required permissions for Amazon S3 API operations".
_LOCATE = ["s3:GetBucketLocation"]
_LIST, _LIST_VERSIONS, _LIST_UPLOADS = ["s3:ListBucket"], ["s3:ListBucketVersions"], ["s3:ListBucketMultipartUploads"]
_READ, _READ_VERSIONS = ["s3:GetObject"], ["s3:GetObjectVersion"]
_WRITE, _MANAGE_UPLOADS = (
    ["s3:DeleteObject", "s3:PutObject"],
    ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
)
_DECRYPT, _ENCRYPT = ["kms:Decrypt"], ["kms:GenerateDataKey"]
_OBJECTS_SID = {"read": "ReadObjects", "write": "WriteObjects", "readWrite": "ReadWriteObjects"}


def bucket_names(args: ReadWriteBucketRoleArgs) -> list[str]:
    """Return the names of the buckets, in the order given, from resolved arguments."""
    one = args.get("bucket")
    return [str(name) for name in dict.fromkeys([*([one] if one else ()), *args.get("buckets", ())])]


def identity_statements(partition: Partition, args: ReadWriteBucketRoleArgs) -> list[Statement]:
    """Return the statements of the role's identity policy.

    Args:
        partition: the role's partition.
        args: the resolved arguments.
    """
    statements: list[Statement] = []
    if args.get("list_all_buckets", True):
        # Cannot be narrowed to one bucket; without it the console and a bare `aws s3 ls` show nothing.
        statements.append(statement("ListAllBuckets", "Allow", ["s3:ListAllMyBuckets"], ["*"]))
    statements += _bucket_statements(partition, bucket_names(args), args)
    keys = [str(arn) for arn in args.get("kms_key_arns", ())]
    if keys:
        through_s3 = _only_through_s3(partition, keys)
        statements.append(statement("UseKeys", "Allow", _key_actions(args), keys, condition=through_s3))
    return statements


def resource_policy_statements(
    partition: Partition, role_arn: str, args: ReadWriteBucketRoleArgs
) -> dict[str, list[Statement]]:
    """Return the statements that buckets and keys of other accounts need in their policies, by ARN.

    The principal is the role's account, and a condition names the role, so that the statements still hold when the role
    is created again. The Sids name the role, because one policy may serve several roles.
    """
    statements = {
        f"arn:{partition.name}:s3:::{name}": _bucket_statements(partition, [name], args) for name in bucket_names(args)
    }
    for arn in (str(arn) for arn in args.get("kms_key_arns", ())):
        # In a key's policy the resource is the key.
        through_s3 = _only_through_s3(partition, [arn])
        statements[arn] = [statement("UseKey", "Allow", _key_actions(args), ["*"], condition=through_s3)]
    return {arn: [_for_role(role_arn, each) for each in allowing] for arn, allowing in statements.items()}


def _for_role(role_arn: str, allowing: Statement) -> Statement:
    """Return a statement of an identity policy as a resource policy has it, for a role of another account."""
    is_role: Condition = {"ArnEquals": {"aws:PrincipalArn": role_arn}}
    return statement(
        allowing["Sid"] + _sid_suffix(role_arn),
        allowing["Effect"],
        _as_list(allowing["Action"]),
        _as_list(allowing["Resource"]),
        principal={"AWS": f"{role_arn.partition(':role/')[0]}:root"},
        condition={**allowing.get("Condition", {}), **is_role},
    )


def _sid_suffix(role_arn: str) -> str:
    """Return a Sid suffix that is unique to a role: its account and name, in letters and digits."""
    account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    letters = re.sub("[^A-Za-z0-9]", "", name)
    distinct = "" if letters == name else hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{account}{distinct}{letters}"


def _as_list(values: OneOrMore) -> list[str]:
    return [values] if isinstance(values, str) else values


def _bucket_statements(partition: Partition, names: Sequence[str], args: ReadWriteBucketRoleArgs) -> list[Statement]:
    access, prefixes = args.get("access", "readWrite"), args.get("prefixes", ())
    listing, locating, objects = [], [*_LOCATE], []
    if access != "write":
        listing += _LIST
        objects += _READ
        if args.get("object_versions"):
            listing += _LIST_VERSIONS
            objects += _READ_VERSIONS
    if access != "read":
        objects += _WRITE
        if args.get("multipart_uploads"):
            objects += _MANAGE_UPLOADS
            if not prefixes:  # no condition key narrows it to a prefix
                locating += _LIST_UPLOADS

    arns = [f"arn:{partition.name}:s3:::{name}" for name in names]
    if not prefixes:
        sid = "ListBucket" if listing else "LocateBucket"
        bucket = [statement(sid, "Allow", [*listing, *locating], arns)]
    else:
        bucket = [statement("LocateBucket", "Allow", locating, arns)]
        if listing:
            inside: Condition = {"StringLike": {"s3:prefix": one_or_more(f"{prefix}*" for prefix in prefixes)}}
            bucket.append(statement("ListBucket", "Allow", listing, arns, condition=inside))
    resources = [f"{arn}/{prefix}*" for arn in arns for prefix in (prefixes or [""])]
    return [*bucket, statement(_OBJECTS_SID[access], "Allow", objects, resources)]


def _key_actions(args: ReadWriteBucketRoleArgs) -> list[str]:
    """Return the KMS actions that a role needs.

    Writing needs kms:Decrypt too: the CLI and SDKs upload large files in parts, which S3 reads to join them (Amazon S3
    User Guide, "Using server-side encryption with AWS KMS keys (SSE-KMS)", permissions; AWS re:Post, "Why can't I
    upload a large file to my Amazon S3 bucket that has AWS KMS encryption").
    """
    return _DECRYPT if args.get("access") == "read" else [*_DECRYPT, *_ENCRYPT]


def _only_through_s3(partition: Partition, key_arns: Iterable[str]) -> Condition:
    """Return the condition that the request comes through S3 in the keys' regions (AWS KMS, "kms:ViaService")."""
    regions = {arn.split(":")[3] for arn in key_arns}
    return {
        "StringEquals": {"kms:ViaService": one_or_more(f"s3.{region}.{partition.dns_suffix}" for region in regions)}
    }
