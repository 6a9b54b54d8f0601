"""The S3 resource types: a bucket and its settings, each a resource of its own."""

import json
from typing import Any, cast

from botocore.exceptions import ClientError

from sandbox.provider.checks import each, length, one_of
from sandbox.provider.configuration import Aws
from sandbox.provider.resource import TAGS, Property, RefusedError, ResourceType
from sandbox.provider.values import Properties, Value, canonical_json, text

_BUCKET_OF = Property(str, required=True, replaces=True)
_REGION = Property(str, replaces=True)
_HOSTED_ZONES = {"us-east-1": "Z3AQBSTGFYJSTF"}  # AWS General Reference, "Amazon S3 endpoints and quotas"


def _create_bucket(aws: Aws, inputs: Properties) -> str:
    bucket = text(inputs["bucket"])
    if aws.region == "us-east-1":  # the one region that may not be named, and where S3 makes a bucket twice
        if _answer(lambda: aws.s3.head_bucket(Bucket=bucket), "403", "404") is not None:
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
    region = _answer(lambda: aws.s3.head_bucket(Bucket=bucket).get("BucketRegion", aws.region), "404", "NoSuchBucket")
    if region is None:
        return None
    acl = aws.s3.get_bucket_acl(Bucket=bucket)
    tags = _answer(lambda: aws.s3.get_bucket_tagging(Bucket=bucket)["TagSet"], "NoSuchTagSet")
    policy = _answer(lambda: aws.s3.get_bucket_policy(Bucket=bucket)["Policy"], "NoSuchBucketPolicy")
    versioning = aws.s3.get_bucket_versioning(Bucket=bucket)
    encryption = _encryption_rules(aws, bucket) or []
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
        "policy": canonical_json(json.loads(policy)) if policy else "",
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
        _answer(lambda: _empty_bucket(aws, bucket), "NoSuchBucket")
    _answer(lambda: aws.s3.delete_bucket(Bucket=bucket), "NoSuchBucket")


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


def _put_public_access_block(aws: Aws, inputs: Properties) -> str:
    bucket = text(inputs["bucket"])
    blocks = {theirs: bool(inputs.get(ours, False)) for ours, theirs in _ACCESS_BLOCKS.items()}
    aws.s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=cast(Any, blocks))
    return bucket


def _read_public_access_block(aws: Aws, bucket: str, olds: Properties) -> Properties | None:
    blocks: Any = _answer(
        lambda: aws.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"],
        "NoSuchPublicAccessBlockConfiguration",
        "NoSuchBucket",
    )
    if blocks is None:
        return None
    return {"bucket": bucket} | {ours: blocks.get(theirs, False) for ours, theirs in _ACCESS_BLOCKS.items()}


def _update_public_access_block(aws: Aws, bucket: str, olds: Properties, news: Properties) -> None:
    _put_public_access_block(aws, news)


def _delete_public_access_block(aws: Aws, bucket: str, olds: Properties) -> None:
    _answer(lambda: aws.s3.delete_public_access_block(Bucket=bucket), "NoSuchBucket")


def _put_ownership(aws: Aws, inputs: Properties) -> str:
    bucket, rule = text(inputs["bucket"]), cast(dict[str, Any], inputs["rule"])
    rules = [{"ObjectOwnership": rule["objectOwnership"]}]
    aws.s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=cast(Any, {"Rules": rules}))
    return bucket


def _read_ownership(aws: Aws, bucket: str, olds: Properties) -> Properties | None:
    controls = _answer(
        lambda: aws.s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"],
        "OwnershipControlsNotFoundError",
        "NoSuchBucket",
    )
    if controls is None:
        return None
    return {"bucket": bucket, "rule": {"objectOwnership": controls["Rules"][0]["ObjectOwnership"]}}


def _update_ownership(aws: Aws, bucket: str, olds: Properties, news: Properties) -> None:
    _put_ownership(aws, news)


def _delete_ownership(aws: Aws, bucket: str, olds: Properties) -> None:
    _answer(lambda: aws.s3.delete_bucket_ownership_controls(Bucket=bucket), "NoSuchBucket")


def _put_encryption(aws: Aws, inputs: Properties) -> str:
    bucket = text(inputs["bucket"])
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
    return bucket


def _encryption_rules(aws: Aws, bucket: str) -> list[Value] | None:
    rules: Any = _answer(
        lambda: aws.s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"],
        "ServerSideEncryptionConfigurationNotFoundError",
        "NoSuchBucket",
    )
    return None if rules is None else [_encryption_rule(rule) for rule in rules]


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


def _read_encryption(aws: Aws, bucket: str, olds: Properties) -> Properties | None:
    rules = _encryption_rules(aws, bucket)
    return None if rules is None else {"bucket": bucket, "expectedBucketOwner": "", "rules": rules}


def _update_encryption(aws: Aws, bucket: str, olds: Properties, news: Properties) -> None:
    _put_encryption(aws, news)


def _delete_encryption(aws: Aws, bucket: str, olds: Properties) -> None:
    _answer(lambda: aws.s3.delete_bucket_encryption(Bucket=bucket), "NoSuchBucket")


def _put_versioning(aws: Aws, inputs: Properties) -> str:
    bucket, versioning = text(inputs["bucket"]), cast(dict[str, Any], inputs["versioningConfiguration"])
    if versioning["status"] != "Disabled":  # AWS takes no such status: it is that of a bucket never versioned
        aws.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": versioning["status"]})
    return bucket


def _read_versioning(aws: Aws, bucket: str, olds: Properties) -> Properties | None:
    status: Any = _answer(lambda: aws.s3.get_bucket_versioning(Bucket=bucket).get("Status", "Disabled"), "NoSuchBucket")
    if status is None:
        return None
    return {
        "bucket": bucket,
        "expectedBucketOwner": "",
        "mfa": None,
        "versioningConfiguration": {"mfaDelete": "", "status": status},
    }


def _update_versioning(aws: Aws, bucket: str, olds: Properties, news: Properties) -> None:
    before, after = (cast(dict[str, Any], values["versioningConfiguration"])["status"] for values in (olds, news))
    if after == "Disabled" != before:
        raise RefusedError(f"versioning_configuration.status cannot be updated from '{before}' to '{after}'")
    _put_versioning(aws, news)


def _delete_versioning(aws: Aws, bucket: str, olds: Properties) -> None:
    if cast(dict[str, Any], olds["versioningConfiguration"])["status"] == "Disabled":
        return
    # Versioning can't be turned off again, only suspended (Amazon S3 User Guide, "Using versioning in S3 buckets").
    suspended = cast(Any, {"Status": "Suspended"})
    _answer(lambda: aws.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=suspended), "NoSuchBucket")


def _put_bucket_policy(aws: Aws, inputs: Properties) -> str:
    bucket = text(inputs["bucket"])
    aws.s3.put_bucket_policy(Bucket=bucket, Policy=text(inputs["policy"]))
    return bucket


def _read_bucket_policy(aws: Aws, bucket: str, olds: Properties) -> Properties | None:
    policy = _answer(lambda: aws.s3.get_bucket_policy(Bucket=bucket)["Policy"], "NoSuchBucketPolicy", "NoSuchBucket")
    return None if policy is None else {"bucket": bucket, "policy": canonical_json(json.loads(policy))}


def _update_bucket_policy(aws: Aws, bucket: str, olds: Properties, news: Properties) -> None:
    _put_bucket_policy(aws, news)


def _delete_bucket_policy(aws: Aws, bucket: str, olds: Properties) -> None:
    _answer(lambda: aws.s3.delete_bucket_policy(Bucket=bucket), "NoSuchBucket")


def _answer(ask: Any, *absent: str) -> Any:  # noqa: ANN401 (the answer is whatever the call gives)
    """What the call answers, or nothing where S3 says with one of these codes that it is not there."""
    try:
        return ask()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in absent:
            return None
        raise


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
    ResourceType(
        token="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",  # noqa: S106
        inputs={
            "bucket": _BUCKET_OF,
            "region": _REGION,
            **{name: Property(bool, default=False) for name in _ACCESS_BLOCKS},
        },
        computed=(),
        create=_put_public_access_block,
        read=_read_public_access_block,
        update=_update_public_access_block,
        delete=_delete_public_access_block,
    ),
    ResourceType(
        token="aws:s3/bucketOwnershipControls:BucketOwnershipControls",  # noqa: S106
        inputs={
            "bucket": _BUCKET_OF,
            "region": _REGION,
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
        computed=(),
        create=_put_ownership,
        read=_read_ownership,
        update=_update_ownership,
        delete=_delete_ownership,
    ),
    ResourceType(
        token="aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",  # noqa: S106
        inputs={
            "bucket": _BUCKET_OF,
            "region": _REGION,
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
        computed=("expectedBucketOwner",),
        create=_put_encryption,
        read=_read_encryption,
        update=_update_encryption,
        delete=_delete_encryption,
    ),
    ResourceType(
        token="aws:s3/bucketVersioning:BucketVersioning",  # noqa: S106
        inputs={
            "bucket": _BUCKET_OF,
            "region": _REGION,
            "versioningConfiguration": Property(
                dict,
                required=True,
                fields={"status": Property(str, required=True, checks=(one_of("Enabled", "Suspended", "Disabled"),))},
            ),
        },
        computed=("expectedBucketOwner", "mfa"),
        create=_put_versioning,
        read=_read_versioning,
        update=_update_versioning,
        delete=_delete_versioning,
    ),
    ResourceType(
        token="aws:s3/bucketPolicy:BucketPolicy",  # noqa: S106
        inputs={"bucket": _BUCKET_OF, "region": _REGION, "policy": Property(str, required=True, policy=True)},
        computed=(),
        create=_put_bucket_policy,
        read=_read_bucket_policy,
        update=_update_bucket_policy,
        delete=_delete_bucket_policy,
    ),
)
"""The S3 resource types that are served."""
