"""The law of each option of a role's access to buckets."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from components.partition import Partition
from components.read_write_bucket_role import checked_role_args, identity_policy
from tests.support.bucket_accesses import (
    BUCKETS,
    EVER,
    LISTING,
    NEAR_MOMENTS,
    ON_BUCKETS,
    ON_KEYS,
    ON_NOTHING,
    ON_OBJECTS,
    READING,
    REVOKED,
    THROUGH_S3,
    US_KEY,
    WRITING,
    Access,
)
from tests.support.option_laws import Allows, Around, Law, others, some
from tests.support.policy_evaluator import Policy
from tests.support.role_calls import Args


@st.composite
def near_accesses(draw: DrawFn, args: Args) -> Around[Access]:
    """Draw a legitimate access, or one with one wrong value, and all that differ from it in one more value."""
    prefix = draw(st.sampled_from(args.get("prefixes", ("reports/",))))
    key = draw(st.sampled_from(args.get("kms_key_arns", (US_KEY,))))
    action = draw(st.sampled_from((*sorted(EVER), *ON_NOTHING[:1] * 2)))
    if action in ON_NOTHING:
        return Around(Access(action), {"action": ON_NOTHING, "issued": NEAR_MOMENTS})
    near: dict[str, Iterable[Any]] = {"action": (*ON_BUCKETS, *ON_OBJECTS, *ON_KEYS), "issued": NEAR_MOMENTS}
    if action in ON_KEYS:
        access = Access(action, kms_key=key, via=THROUGH_S3[key])
        services = ("ec2.us-east-1.amazonaws.com", "s3.us-east-1.amazonaws.com.cn")
        near |= {"kms_key": THROUGH_S3, "via": (None, *sorted(THROUGH_S3.values()), *services)}
    else:
        bucket = draw(st.sampled_from(args.get("buckets", (args.get("bucket"),))))
        access = Access(action, bucket, prefix=prefix if action in LISTING else None)
        access = replace(access, key=f"{prefix}a" if action in ON_OBJECTS else None)
        texts = (prefix, f"{prefix}a:b/*", prefix[:-1], prefix.upper(), f"a{prefix}", f"/{prefix}", "a?*")
        near |= {"bucket": BUCKETS, "key": (None, *filter(None, texts)), "prefix": (None, "", *texts)}
    return Around(draw(st.just(access) | st.sampled_from(Around(access, near))), near)


def may(args: Args) -> Allows[Access]:
    """Return the access of a role's identity policy."""
    policy = identity_of(args)
    return lambda access: policy.allows(access.request)


def identity_of(args: Args, partition: str = "aws") -> Policy:
    return Policy("identity", identity_policy(Partition(partition, "amazonaws.com"), args))  # type: ignore[arg-type]


def reads(args: Args) -> bool:
    return args.get("access", "readWrite") in ("read", "readWrite")


def writes(args: Args) -> bool:
    return args.get("access", "readWrite") in ("write", "readWrite")


def keeps_access(args: Args, access: Access) -> bool:
    if not writes(args):
        return access.action not in WRITING
    joins_parts = access.action == "kms:Decrypt"  # S3 does this for uploaders
    return reads(args) or access.action not in READING or joins_parts


def keeps_prefixes(args: Args, access: Access) -> bool:
    if access.action == "s3:ListBucketMultipartUploads":  # it can't be limited to a prefix
        return False
    begins = access.prefix if access.action in LISTING else access.key
    if access.action in LISTING or access.key is not None:
        return begins is not None and any(begins.startswith(prefix) for prefix in args["prefixes"])
    return True


def adds_versions(_args: Args, access: Access, before: Allows[Access]) -> bool:
    """Return whether an access reads an older version of an object that may be read."""
    current = {"s3:ListBucketVersions": "s3:ListBucket", "s3:GetObjectVersion": "s3:GetObject"}.get(access.action)
    return current is not None and before(replace(access, action=current))


def adds_multipart(args: Args, access: Access, before: Allows[Access]) -> bool:
    """Return whether an access sees or aborts uploads where the role may write."""
    twin = {
        "s3:AbortMultipartUpload": "s3:PutObject",
        "s3:ListMultipartUploadParts": "s3:PutObject",
        "s3:ListBucketMultipartUploads": "s3:GetBucketLocation" if "prefixes" not in args else None,
    }.get(access.action)
    return writes(args) and twin is not None and before(replace(access, action=twin))


def adds_keys(args: Args, access: Access, _before: Allows[Access]) -> bool:
    """Return whether S3 uses one of the keys for an access that the role has."""
    return (
        access.kms_key in args["kms_key_arns"]
        and access.via in {THROUGH_S3[key] for key in args["kms_key_arns"]}
        and (access.action == "kms:Decrypt" or (access.action == "kms:GenerateDataKey" and writes(args)))
        and access.issued >= args.get("revoke_sessions_issued_before", "")
    )


READ = Access("s3:GetObject", "productionapp", "reports/a")
BUCKET_LAWS: Mapping[str, Law[Access]] = {
    "buckets": Law(
        values=some(*BUCKETS),
        example=["productionapp", "production"],
        allowed=replace(READ, bucket="production"),
        refused=replace(READ, bucket="productionapp-archive"),
        keeps=lambda args, access: access.bucket is None or access.bucket in args["buckets"],
        without={"buckets": BUCKETS},
    ),
    "bucket": Law(
        values=st.sampled_from(BUCKETS),
        example="productionapp",
        allowed=READ,
        refused=replace(READ, bucket="productionapp-archive"),
        keeps=lambda args, access: access.bucket in (None, args["bucket"]),
        without={"buckets": BUCKETS},
    ),
    "access": Law(
        values=st.sampled_from(("read", "write", "readWrite")),
        example="read",
        allowed=READ,
        refused=replace(READ, action="s3:PutObject"),
        keeps=keeps_access,
    ),
    "prefixes": Law(
        values=some("reports/", "reports", "a", "invoices/2026/", "a:b-", most=3),
        example=["reports/"],
        allowed=Access("s3:ListBucket", "productionapp", prefix="reports/"),
        refused=Access("s3:ListBucket", "productionapp"),
        keeps=keeps_prefixes,
    ),
    "object_versions": Law(
        values=st.just(True),
        example=True,
        allowed=replace(READ, action="s3:GetObjectVersion"),
        refused=replace(READ, action="s3:DeleteObjectVersion"),
        adds=adds_versions,
    ),
    "multipart_uploads": Law(
        values=st.just(True),
        example=True,
        allowed=replace(READ, action="s3:AbortMultipartUpload"),
        refused=replace(READ, action="s3:PutObjectAcl"),
        adds=adds_multipart,
    ),
    "list_all_buckets": Law(
        values=st.just(False),
        example=False,
        allowed=READ,
        refused=Access("s3:ListAllMyBuckets"),
        keeps=lambda args, access: access.action != "s3:ListAllMyBuckets",
    ),
    "kms_key_arns": Law(
        values=some(*THROUGH_S3),
        example=[US_KEY],
        allowed=Access("kms:Decrypt", kms_key=US_KEY, via="s3.us-east-1.amazonaws.com"),
        refused=Access("kms:Decrypt", kms_key=US_KEY),
        adds=adds_keys,
    ),
    "revoke_sessions_issued_before": Law(
        values=st.just(REVOKED),
        example=REVOKED,
        allowed=READ,
        refused=replace(READ, issued="2026-11-24T09:29:59Z"),
        keeps=lambda args, access: access.issued >= args["revoke_sessions_issued_before"],
    ),
}


@st.composite
def bucket_args(draw: DrawFn, name: str = "") -> Args:
    """Draw valid arguments with this option."""
    bucket = "bucket" if name == "bucket" else "buckets"
    args = draw(others(BUCKET_LAWS, name, "buckets", "bucket"))
    args |= {key: draw(BUCKET_LAWS[key].values) for key in (bucket, name) if key}
    for option, access in (
        ("object_versions", "write"),
        ("multipart_uploads", "read"),
    ):  # refused, because they have no effect
        if args.get(option) and args.get("access") == access:
            del args["access" if name == option else option]
    checked_role_args({"name": "UpdateApp", "trusted_account_id": "111111111111", **args})
    return args
