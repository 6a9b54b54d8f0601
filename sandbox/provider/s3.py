"""The S3 resource types: buckets, and their settings as separate resources."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar, cast

from botocore.exceptions import ClientError

from sandbox.provider.checks import each, length, one_of
from sandbox.provider.configuration import Aws
from sandbox.provider.resource import TAGS, Property, RefusedError, ResourceType
from sandbox.provider.values import Properties, Value, canonical_json, text

_BUCKET_OF = Property(str, required=True, replaces=True)
_REGION = Property(str, replaces=True)
_NO_ENCRYPTION = "ServerSideEncryptionConfigurationNotFoundError"
_HOSTED_ZONES = {"us-east-1": "Z3AQBSTGFYJSTF"}  # AWS General Reference, "Amazon S3 endpoints and quotas"
_Answer = TypeVar("_Answer")


def _create_bucket(aws: Aws, inputs: Properties) -> str:
    bucket = text(inputs["bucket"])
    if (
        aws.region == "us-east-1"
    ):  # the one region that must not be named, and where S3 creates a bucket again without an error
        if _unless(("403", "404"), lambda: aws.s3.head_bucket(Bucket=bucket)) is not None:
            raise RefusedError(
                f"BucketAlreadyOwnedByYou: the account has a bucket {bucket} already; import it or take another name"
            )
        aws.s3.create_bucket(Bucket=bucket)
    else:
        aws.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=cast(Any, {"LocationConstraint": aws.region}))
    return bucket


def _complete_bucket(aws: Aws, bucket: str, inputs: Properties) -> None:
    if inputs.get("tagsAll"):
        _put_bucket_tags(aws, bucket, inputs)


def _read_bucket(aws: Aws, bucket: str, olds: Properties) -> Properties | None:
    found = _unless(("404", "NoSuchBucket"), lambda: aws.s3.head_bucket(Bucket=bucket))
    if found is None:
        return None
    region = found.get("BucketRegion", aws.region)
    acl = aws.s3.get_bucket_acl(Bucket=bucket)
    tags = _unless(("NoSuchTagSet",), lambda: aws.s3.get_bucket_tagging(Bucket=bucket)["TagSet"])
    policy = _unless(("NoSuchBucketPolicy",), lambda: _get_policy(aws, bucket)["policy"])
    versioning = aws.s3.get_bucket_versioning(Bucket=bucket)
    encryption = _unless((_NO_ENCRYPTION, "NoSuchBucket"), lambda: _encryption_rules(aws, bucket))
    return {
        "accelerationStatus": "",
        "acl": None,
        "arn": f"arn:{aws.partition}:s3:::{bucket}",
        "bucket": bucket,
        "bucketDomainName": f"{bucket}.s3.{aws.dns_suffix}",
        "bucketPrefix": "",
        "bucketRegion": region,
        "bucketRegionalDomainName": f"{bucket}.s3.{region}.{aws.dns_suffix}",
        "corsRules": [],
        "forceDestroy": olds.get("forceDestroy", False),
        "grants": [
            {
                "id": grant["Grantee"].get("ID", ""),
                "permissions": [grant["Permission"]],
                "type": grant["Grantee"]["Type"],
                "uri": grant["Grantee"].get("URI", ""),
            }
            for grant in acl["Grants"]
        ],
        "hostedZoneId": _HOSTED_ZONES.get(region, ""),
        "lifecycleRules": [],
        "logging": None,
        "objectLockConfiguration": None,
        "objectLockEnabled": False,
        "policy": policy or "",
        "replicationConfiguration": None,
        "requestPayer": "",
        "serverSideEncryptionConfiguration": {"rule": encryption[0]} if encryption else None,
        "tagsAll": {tag["Key"]: tag["Value"] for tag in tags or []},
        "versioning": {
            "enabled": versioning.get("Status") == "Enabled",
            "mfaDelete": versioning.get("MFADelete") == "Enabled",
        },
        "website": None,
        "websiteDomain": None,
        "websiteEndpoint": None,
    }


def _update_bucket(aws: Aws, bucket: str, olds: Properties, news: Properties) -> None:
    _put_bucket_tags(aws, bucket, news)


def _put_bucket_tags(aws: Aws, bucket: str, inputs: Properties) -> None:
    tags = inputs.get("tagsAll")
    if isinstance(tags, dict) and tags:
        tag_set = [{"Key": key, "Value": text(value)} for key, value in tags.items()]
        aws.s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": cast(Any, tag_set)})
    else:
        aws.s3.delete_bucket_tagging(Bucket=bucket)


def _delete_bucket(aws: Aws, bucket: str, olds: Properties) -> None:
    if olds.get("forceDestroy"):
        _unless(("NoSuchBucket",), lambda: _empty_bucket(aws, bucket))
    _unless(("NoSuchBucket",), lambda: aws.s3.delete_bucket(Bucket=bucket))


def _empty_bucket(aws: Aws, bucket: str) -> None:
    for page in aws.s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            aws.s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])


_ACCESS_BLOCKS = {
    "blockPublicAcls": "BlockPublicAcls",
    "blockPublicPolicy": "BlockPublicPolicy",
    "ignorePublicAcls": "IgnorePublicAcls",
    "restrictPublicBuckets": "RestrictPublicBuckets",
}


def _put_public_access_block(aws: Aws, bucket: str, inputs: Properties) -> None:
    blocks = {theirs: bool(inputs.get(ours, False)) for ours, theirs in _ACCESS_BLOCKS.items()}
    aws.s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=cast(Any, blocks))


def _get_public_access_block(aws: Aws, bucket: str) -> Properties:
    blocks = aws.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    return {ours: cast(bool, blocks.get(theirs, False)) for ours, theirs in _ACCESS_BLOCKS.items()}


def _put_ownership(aws: Aws, bucket: str, inputs: Properties) -> None:
    rules = [{"ObjectOwnership": cast(dict[str, Any], inputs["rule"])["objectOwnership"]}]
    aws.s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=cast(Any, {"Rules": rules}))


def _get_ownership(aws: Aws, bucket: str) -> Properties:
    controls = aws.s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]
    return {"rule": {"objectOwnership": controls["Rules"][0]["ObjectOwnership"]}}


def _put_encryption(aws: Aws, bucket: str, inputs: Properties) -> None:
    rules = []
    for rule in cast(list[dict[str, Any]], inputs["rules"]):
        default, theirs = rule.get("applyServerSideEncryptionByDefault"), dict[str, Any]()
        if default:
            theirs["ApplyServerSideEncryptionByDefault"] = {"SSEAlgorithm": default["sseAlgorithm"]}
            if default.get("kmsMasterKeyId"):
                theirs["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] = default["kmsMasterKeyId"]
        if rule.get("bucketKeyEnabled") is not None:
            theirs["BucketKeyEnabled"] = rule["bucketKeyEnabled"]
        if rule.get("blockedEncryptionTypes"):
            theirs["BlockedEncryptionTypes"] = {"EncryptionType": rule["blockedEncryptionTypes"]}
        rules.append(theirs)
    aws.s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": cast(Any, rules)})


def _get_encryption(aws: Aws, bucket: str) -> Properties:
    return {"expectedBucketOwner": "", "rules": _encryption_rules(aws, bucket)}


def _encryption_rules(aws: Aws, bucket: str) -> list[Value]:
    configuration = aws.s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    return [_encryption_rule(rule) for rule in configuration["Rules"]]


def _encryption_rule(rule: Any) -> Value:  # noqa: ANN401
    shown: Properties = {"bucketKeyEnabled": rule.get("BucketKeyEnabled", False)}
    default = rule.get("ApplyServerSideEncryptionByDefault")
    if default:
        shown["applyServerSideEncryptionByDefault"] = {
            "kmsMasterKeyId": default.get("KMSMasterKeyID", ""),
            "sseAlgorithm": default["SSEAlgorithm"],
        }
    blocked = rule.get("BlockedEncryptionTypes", {}).get("EncryptionType")
    return {**shown, "blockedEncryptionTypes": blocked} if blocked else shown


def _put_versioning(aws: Aws, bucket: str, inputs: Properties) -> None:
    status = _versioning_status(inputs)
    if status != "Disabled":  # AWS has no such status to set: it is that of a bucket never versioned
        aws.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=cast(Any, {"Status": status}))


def _get_versioning(aws: Aws, bucket: str) -> Properties:
    status = aws.s3.get_bucket_versioning(Bucket=bucket).get("Status", "Disabled")
    return {"expectedBucketOwner": "", "mfa": None, "versioningConfiguration": {"mfaDelete": "", "status": status}}


def _update_versioning(aws: Aws, bucket: str, olds: Properties, news: Properties) -> None:
    before, after = _versioning_status(olds), _versioning_status(news)
    if after == "Disabled" != before:
        raise RefusedError(f"versioning_configuration.status cannot be updated from '{before}' to '{after}'")
    _put_versioning(aws, bucket, news)


def _delete_versioning(aws: Aws, bucket: str, olds: Properties) -> None:
    if _versioning_status(olds) == "Disabled":
        return
    # Versioning can't be turned off again, only suspended (Amazon S3 User Guide, "Using versioning in S3 buckets").
    aws.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


def _versioning_status(properties: Properties) -> str:
    return text(cast(dict[str, Any], properties["versioningConfiguration"])["status"])


def _put_policy(aws: Aws, bucket: str, inputs: Properties) -> None:
    aws.s3.put_bucket_policy(Bucket=bucket, Policy=text(inputs["policy"]))


def _get_policy(aws: Aws, bucket: str) -> Properties:
    return {"policy": canonical_json(json.loads(aws.s3.get_bucket_policy(Bucket=bucket)["Policy"]))}


def _unless(missing: tuple[str, ...], call: Callable[[], _Answer]) -> _Answer | None:
    """Return a call's answer, or nothing if S3 refuses it with one of these codes of a missing resource."""
    try:
        return call()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in missing:
            return None
        raise


def _bucket_setting(
    name: str,
    inputs: Mapping[str, Property],
    put: Callable[[Aws, str, Properties], None],
    get: Callable[[Aws, str], Properties],
    delete: Callable[[Aws, str, Properties], object],
    missing: str = "NoSuchBucket",
    computed: tuple[str, ...] = (),
) -> ResourceType:
    """Return the type of a bucket's setting, which is a resource with the bucket's name as its id.

    Args:
        name: the type's name.
        inputs: the inputs besides the bucket and its region.
        put: sets the setting.
        get: returns the outputs besides the bucket.
        delete: removes the setting.
        missing: the code with which S3 refuses to return a setting that is not set.
        computed: outputs that are not inputs.
    """

    def create(aws: Aws, news: Properties) -> str:
        bucket = text(news["bucket"])
        put(aws, bucket, news)
        return bucket

    def read(aws: Aws, bucket: str, olds: Properties) -> Properties | None:
        outputs = _unless((missing, "NoSuchBucket"), lambda: get(aws, bucket))
        return None if outputs is None else {"bucket": bucket, **outputs}

    return ResourceType(
        token=f"aws:s3/{name[0].lower()}{name[1:]}:{name}",
        inputs={"bucket": _BUCKET_OF, "region": _REGION, **inputs},
        computed=computed,
        create=create,
        read=read,
        update=lambda aws, bucket, olds, news: put(aws, bucket, news),
        delete=lambda aws, bucket, olds: cast(None, _unless(("NoSuchBucket",), lambda: delete(aws, bucket, olds))),
    )


S3_TYPES = (
    ResourceType(
        token="aws:s3/bucket:Bucket",  # noqa: S106 (a type's token)
        inputs={
            "bucket": Property(str, replaces=True, checks=(length(1, 63),)),
            "forceDestroy": Property(bool, default=False),
            "region": _REGION,
            "tags": TAGS,
        },
        computed=(
            "accelerationStatus",
            "acl",
            "arn",
            "bucketDomainName",
            "bucketPrefix",
            "bucketRegion",
            "bucketRegionalDomainName",
            "corsRules",
            "grants",
            "hostedZoneId",
            "lifecycleRules",
            "logging",
            "objectLockConfiguration",
            "objectLockEnabled",
            "policy",
            "replicationConfiguration",
            "requestPayer",
            "serverSideEncryptionConfiguration",
            "versioning",
            "website",
            "websiteDomain",
            "websiteEndpoint",
        ),
        create=_create_bucket,
        read=_read_bucket,
        update=_update_bucket,
        delete=_delete_bucket,
        planned_id=lambda aws, inputs: text(inputs["bucket"]),
        autoname="bucket",
        lower_case=True,
        complete=_complete_bucket,
    ),
    _bucket_setting(
        "BucketPublicAccessBlock",
        {name: Property(bool, default=False) for name in _ACCESS_BLOCKS},
        _put_public_access_block,
        _get_public_access_block,
        lambda aws, bucket, olds: aws.s3.delete_public_access_block(Bucket=bucket),
        missing="NoSuchPublicAccessBlockConfiguration",
    ),
    _bucket_setting(
        "BucketOwnershipControls",
        {
            "rule": Property(
                dict,
                required=True,
                fields={
                    "objectOwnership": Property(
                        str,
                        required=True,
                        checks=(one_of("BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced"),),
                    )
                },
            ),
        },
        _put_ownership,
        _get_ownership,
        lambda aws, bucket, olds: aws.s3.delete_bucket_ownership_controls(Bucket=bucket),
        missing="OwnershipControlsNotFoundError",
    ),
    _bucket_setting(
        "BucketServerSideEncryptionConfiguration",
        {
            "rules": Property(
                list,
                required=True,
                fields={
                    "applyServerSideEncryptionByDefault": Property(
                        dict,
                        fields={
                            "kmsMasterKeyId": Property(str),
                            "sseAlgorithm": Property(
                                str, required=True, checks=(one_of("aws:kms", "aws:kms:dsse", "AES256"),)
                            ),
                        },
                    ),
                    "blockedEncryptionTypes": Property(list, checks=(each(one_of("NONE", "SSE-C")),)),
                    "bucketKeyEnabled": Property(bool),
                },
            ),
        },
        _put_encryption,
        _get_encryption,
        lambda aws, bucket, olds: aws.s3.delete_bucket_encryption(Bucket=bucket),
        missing=_NO_ENCRYPTION,
        computed=("expectedBucketOwner",),
    ),
    replace(
        _bucket_setting(
            "BucketVersioning",
            {
                "versioningConfiguration": Property(
                    dict,
                    required=True,
                    fields={
                        "status": Property(str, required=True, checks=(one_of("Enabled", "Suspended", "Disabled"),))
                    },
                ),
            },
            _put_versioning,
            _get_versioning,
            _delete_versioning,
            computed=("expectedBucketOwner", "mfa"),
        ),
        update=_update_versioning,
    ),
    _bucket_setting(
        "BucketPolicy",
        {"policy": Property(str, required=True, policy=True)},
        _put_policy,
        _get_policy,
        lambda aws, bucket, olds: aws.s3.delete_bucket_policy(Bucket=bucket),
        missing="NoSuchBucketPolicy",
    ),
)
"""The S3 resource types."""
