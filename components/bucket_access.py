"""What a role may do in which buckets: the statements of its identity policy, and those of the buckets and keys."""

from collections.abc import Iterable, Sequence
from typing import NotRequired, TypedDict

import pulumi

from .policies import Condition, OneOrMore, Statement, one_or_more

PRESETS = ("read", "write", "readWrite")
"""What ``access`` may be."""


class BucketAccessArgs(TypedDict):
    """Which buckets, and what may be done there."""

    bucket: NotRequired[pulumi.Input[str]]
    """The name of the bucket. It need not exist yet."""
    buckets: NotRequired[Sequence[pulumi.Input[str]]]
    """The names of several buckets, in place of ``bucket``."""
    access: NotRequired[str]
    """``read``: list and get objects; ``write``: put and delete them; ``readWrite``, the default: both."""
    prefixes: NotRequired[Sequence[str]]
    """Only objects whose keys begin with one of these, e.g. ``reports/``. All objects by default."""
    object_versions: NotRequired[bool]
    """Whether what may be read includes older versions. They cannot be deleted. ``False`` by default."""
    multipart_uploads: NotRequired[bool]
    """Whether what may be written includes seeing and aborting multipart uploads. ``False`` by default."""
    list_all_buckets: NotRequired[bool]
    """Whether the names of all of the account's buckets may be listed, which the console needs. ``True`` by default."""
    kms_key_arns: NotRequired[Sequence[pulumi.Input[str]]]
    """The keys with which the buckets' objects are encrypted, where those are keys of AWS KMS."""


def bucket_names(args: BucketAccessArgs) -> list[str]:
    """The names of the buckets, of resolved values, in the order given."""
    one = args.get("bucket")
    return [str(name) for name in dict.fromkeys([*([one] if one else ()), *args.get("buckets", ())])]


def identity_statements(partition: str, args: BucketAccessArgs) -> list[Statement]:
    """The statements of the role's identity policy.

    Args:
        partition: ``aws``, ``aws-us-gov``, ``aws-cn``, …
        args: resolved values.
    """
    statements: list[Statement] = []
    if args.get("list_all_buckets", True):
        # Cannot be narrowed to one bucket; without it the console and a bare `aws s3 ls` show nothing.
        statements.append(_allow("ListAllBuckets", ["s3:ListAllMyBuckets"], ["*"]))
    statements += _bucket_statements(partition, bucket_names(args), args)
    keys = [str(arn) for arn in args.get("kms_key_arns", ())]
    if keys:
        statements.append(_allow("UseKeys", _key_actions(args), keys, _only_through_s3(keys)))
    return statements


def resource_policy_statements(partition: str, role_arn: str, args: BucketAccessArgs) -> dict[str, list[Statement]]:
    """What the policies of the buckets and keys have to say, by ARN, where another account owns them."""
    principal: dict[str, OneOrMore] = {"AWS": role_arn}
    statements = {}
    for name in bucket_names(args):
        statements[f"arn:{partition}:s3:::{name}"] = _bucket_statements(partition, [name], args)
    for arn in (str(arn) for arn in args.get("kms_key_arns", ())):
        # In a key's policy the resource is the key.
        statements[arn] = [_allow("UseKey", _key_actions(args), ["*"], _only_through_s3([arn]))]
    return {arn: [{**statement, "Principal": principal} for statement in own] for arn, own in statements.items()}


def _bucket_statements(partition: str, names: Sequence[str], args: BucketAccessArgs) -> list[Statement]:
    arns = [f"arn:{partition}:s3:::{name}" for name in names]
    prefixes = args.get("prefixes", ())
    read, write = _reads(args), _writes(args)
    versions, multipart = args.get("object_versions", False), args.get("multipart_uploads", False)

    listing = ["s3:ListBucket"] * read + ["s3:ListBucketVersions"] * (read and versions)
    locating = ["s3:GetBucketLocation"]
    if write and multipart and not prefixes:  # no condition key narrows it to a prefix
        locating.append("s3:ListBucketMultipartUploads")
    objects = ["s3:GetObject"] * read + ["s3:GetObjectVersion"] * (read and versions)
    objects += ["s3:DeleteObject", "s3:PutObject"] * write
    objects += ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"] * (write and multipart)

    if prefixes:
        patterns = [f"{prefix}*" for prefix in prefixes]
        bucket = [_allow("LocateBucket", locating, arns)]
        if listing:
            bucket.append(_allow("ListBucket", listing, arns, {"StringLike": {"s3:prefix": one_or_more(patterns)}}))
    else:
        patterns = ["*"]
        bucket = [_allow("ListBucket" if listing else "LocateBucket", [*listing, *locating], arns)]
    resources = [f"{arn}/{pattern}" for arn in arns for pattern in patterns]
    return [*bucket, _allow(_OBJECTS_SID[args.get("access", "readWrite")], objects, resources)]


_OBJECTS_SID = {"read": "ReadObjects", "write": "WriteObjects", "readWrite": "ReadWriteObjects"}


def _reads(args: BucketAccessArgs) -> bool:
    return args.get("access", "readWrite") != "write"


def _writes(args: BucketAccessArgs) -> bool:
    return args.get("access", "readWrite") != "read"


def _key_actions(args: BucketAccessArgs) -> list[str]:
    """Source: Amazon S3 User Guide, "Using server-side encryption with AWS KMS keys (SSE-KMS)", its permissions."""
    decrypt = _reads(args) or args.get("multipart_uploads", False)  # the parts are read to be joined
    return ["kms:Decrypt"] * decrypt + ["kms:GenerateDataKey"] * _writes(args)


_DOMAINS = {
    "aws-cn": "amazonaws.com.cn",
    "aws-eusc": "amazonaws.eu",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
}
"""Of the partitions that have one of their own. Source: botocore, ``data/partitions.json``."""


def _only_through_s3(key_arns: Iterable[str]) -> Condition:
    """Only requests that S3 makes for the role, in the keys' regions (AWS KMS, "kms:ViaService")."""
    services = set()
    for arn in key_arns:
        _, partition, _, region, *_ = arn.split(":")
        services.add(f"s3.{region}.{_DOMAINS.get(partition, 'amazonaws.com')}")
    return {"StringEquals": {"kms:ViaService": one_or_more(services)}}


def _allow(sid: str, actions: Iterable[str], resources: Iterable[str], condition: Condition | None = None) -> Statement:
    statement: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": one_or_more(actions),
        "Resource": one_or_more(resources),
    }
    if condition:
        statement["Condition"] = condition
    return statement
