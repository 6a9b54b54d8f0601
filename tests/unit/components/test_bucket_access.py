"""The statements about buckets and keys for every option, as whole documents."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from components import ReadWriteBucketRoleArgs
from components.bucket_access import bucket_names, identity_statements, resource_policy_statements
from components.partition import Partition
from components.policies import document, render
from tests.support.bucket_laws import BUCKET_LAWS
from tests.support.policy_lint import ROLE_ARN, findings

Args = dict[str, Any]
"""Arguments about buckets and keys."""
AWS = Partition("aws", "amazonaws.com")

BUCKET, OTHER = "arn:aws:s3:::productionapp", "arn:aws:s3:::archive"
ONE: Args = {"bucket": "productionapp"}
TWO: Args = {"buckets": ["productionapp", "archive", "productionapp"]}
US_KEY = "arn:aws:kms:us-east-1:999999999999:key/1234abcd"
EU_KEY = "arn:aws:kms:eu-west-1:999999999999:key/1234abcd"
THROUGH_US_S3 = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
USE = ["kms:Decrypt", "kms:GenerateDataKey"]


def allow(sid: str, actions: object, resources: object, condition: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 (JSON)
    statement = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
    return statement | ({"Condition": condition} if condition else {})


ALL_NAMES = allow("ListAllBuckets", "s3:ListAllMyBuckets", "*")
LIST = allow("ListBucket", ["s3:GetBucketLocation", "s3:ListBucket"], BUCKET)
LOCATE = allow("LocateBucket", "s3:GetBucketLocation", BUCKET)
LIST_REPORTS = allow("ListBucket", "s3:ListBucket", BUCKET, {"StringLike": {"s3:prefix": "reports/*"}})
READ_WRITE = allow("ReadWriteObjects", ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], f"{BUCKET}/*")
READ_WRITE_REPORTS = {**READ_WRITE, "Resource": f"{BUCKET}/reports/*"}
PARTS = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
READ_WRITE_PARTS = [
    *("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"),
]

CASES: Mapping[str, tuple[Args, Sequence[Any]]] = {
    "the default is to read and write": (ONE, [ALL_NAMES, LIST, READ_WRITE]),
    "readWrite is the default": ({**ONE, "access": "readWrite"}, [ALL_NAMES, LIST, READ_WRITE]),
    "read": ({**ONE, "access": "read"}, [ALL_NAMES, LIST, allow("ReadObjects", "s3:GetObject", f"{BUCKET}/*")]),
    "write: objects are not listed": (
        {**ONE, "access": "write"},
        [
            ALL_NAMES,
            LOCATE,
            allow("WriteObjects", ["s3:DeleteObject", "s3:PutObject"], f"{BUCKET}/*"),
        ],
    ),
    "a list of one bucket is that bucket": ({"buckets": ["productionapp"]}, [ALL_NAMES, LIST, READ_WRITE]),
    "several buckets, sorted, each once": (
        TWO,
        [
            ALL_NAMES,
            {**LIST, "Resource": [OTHER, BUCKET]},
            {**READ_WRITE, "Resource": [f"{OTHER}/*", f"{BUCKET}/*"]},
        ],
    ),
    "the names of other buckets stay unknown": ({**ONE, "list_all_buckets": False}, [LIST, READ_WRITE]),
    "one prefix": ({**ONE, "prefixes": ["reports/"]}, [ALL_NAMES, LOCATE, LIST_REPORTS, READ_WRITE_REPORTS]),
    "several prefixes, in each of several buckets": (
        {**TWO, "prefixes": ["reports/", "invoices/"]},
        [
            ALL_NAMES,
            {**LOCATE, "Resource": [OTHER, BUCKET]},
            {
                **LIST_REPORTS,
                "Resource": [OTHER, BUCKET],
                "Condition": {"StringLike": {"s3:prefix": ["invoices/*", "reports/*"]}},
            },
            {
                **READ_WRITE,
                "Resource": [f"{arn}/{prefix}/*" for arn in (OTHER, BUCKET) for prefix in ("invoices", "reports")],
            },
        ],
    ),
    "read below a prefix": (
        {**ONE, "access": "read", "prefixes": ["reports/"]},
        [ALL_NAMES, LOCATE, LIST_REPORTS, allow("ReadObjects", "s3:GetObject", f"{BUCKET}/reports/*")],
    ),
    "write below a prefix: objects are not listed": (
        {**ONE, "access": "write", "prefixes": ["reports/"]},
        [
            ALL_NAMES,
            LOCATE,
            allow("WriteObjects", ["s3:DeleteObject", "s3:PutObject"], f"{BUCKET}/reports/*"),
        ],
    ),
    "older versions are listed and read, not deleted": (
        {**ONE, "object_versions": True},
        [
            ALL_NAMES,
            {**LIST, "Action": ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketVersions"]},
            {**READ_WRITE, "Action": ["s3:DeleteObject", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]},
        ],
    ),
    "older versions below a prefix": (
        {**ONE, "access": "read", "object_versions": True, "prefixes": ["reports/"]},
        [
            ALL_NAMES,
            LOCATE,
            {**LIST_REPORTS, "Action": ["s3:ListBucket", "s3:ListBucketVersions"]},
            allow("ReadObjects", ["s3:GetObject", "s3:GetObjectVersion"], f"{BUCKET}/reports/*"),
        ],
    ),
    "multipart uploads are seen and aborted": (
        {**ONE, "multipart_uploads": True},
        [
            ALL_NAMES,
            {**LIST, "Action": ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]},
            {**READ_WRITE, "Action": READ_WRITE_PARTS},
        ],
    ),
    "multipart uploads of a writer": (
        {**ONE, "access": "write", "multipart_uploads": True},
        [
            ALL_NAMES,
            allow("LocateBucket", ["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"], BUCKET),
            allow("WriteObjects", PARTS, f"{BUCKET}/*"),
        ],
    ),
    "multipart uploads below a prefix are not listed with others": (
        {**ONE, "multipart_uploads": True, "prefixes": ["reports/"]},
        [ALL_NAMES, LOCATE, LIST_REPORTS, {**READ_WRITE_REPORTS, "Action": READ_WRITE_PARTS}],
    ),
    "a key, through S3 only": (
        {**ONE, "kms_key_arns": [US_KEY]},
        [ALL_NAMES, LIST, READ_WRITE, allow("UseKeys", USE, US_KEY, THROUGH_US_S3)],
    ),
    "keys in two regions, through S3 in those regions": (
        {**ONE, "kms_key_arns": [US_KEY, EU_KEY, US_KEY]},
        [
            ALL_NAMES,
            LIST,
            READ_WRITE,
            allow(
                "UseKeys",
                USE,
                [EU_KEY, US_KEY],
                {"StringEquals": {"kms:ViaService": ["s3.eu-west-1.amazonaws.com", "s3.us-east-1.amazonaws.com"]}},
            ),
        ],
    ),
    "a reader's key only decrypts": (
        {**ONE, "access": "read", "kms_key_arns": [US_KEY]},
        [
            ALL_NAMES,
            LIST,
            allow("ReadObjects", "s3:GetObject", f"{BUCKET}/*"),
            allow("UseKeys", "kms:Decrypt", US_KEY, THROUGH_US_S3),
        ],
    ),
    "a writer's key decrypts too, to join parts": (
        {**ONE, "access": "write", "kms_key_arns": [US_KEY]},
        [
            ALL_NAMES,
            LOCATE,
            allow("WriteObjects", ["s3:DeleteObject", "s3:PutObject"], f"{BUCKET}/*"),
            allow("UseKeys", USE, US_KEY, THROUGH_US_S3),
        ],
    ),
}


def made(args: Args) -> ReadWriteBucketRoleArgs:
    return cast(ReadWriteBucketRoleArgs, {"name": "UpdateApp", **args})


def for_role(statement: Mapping[str, Any], sid: str, role: str = ROLE_ARN) -> Any:  # noqa: ANN401
    """Return the statement in the policy of a bucket or key: the same, limited to this role."""
    account, name = role.split(":")[4], role.rpartition("/")[2]
    return {
        **statement,
        "Sid": f"{sid}{account}{name}",
        "Principal": {"AWS": f"{role.partition(':role/')[0]}:root"},
        "Condition": {**statement.get("Condition", {}), "ArnEquals": {"aws:PrincipalArn": role}},
    }


@pytest.mark.parametrize(("args", "statements"), CASES.values(), ids=CASES)
def test_the_identity_policy_is(args: Args, statements: Sequence[Any]) -> None:
    assert identity_statements(AWS, made(args)) == statements
    assert findings(render(document(*identity_statements(AWS, made(args))))) == ()


@pytest.mark.parametrize(("args", "statements"), CASES.values(), ids=CASES)
def test_a_buckets_owner_gets_the_same_statements_about_the_bucket(args: Args, statements: Sequence[Any]) -> None:
    given = resource_policy_statements(AWS, ROLE_ARN, made(args))
    assert set(given) == {*(f"arn:aws:s3:::{name}" for name in bucket_names(made(args))), *args.get("kms_key_arns", ())}
    if len(bucket_names(made(args))) == 1:
        about_bucket = [each for each in statements if each["Sid"] not in ("ListAllBuckets", "UseKeys")]
        assert given[BUCKET] == [for_role(each, each["Sid"]) for each in about_bucket]
    for arn, own in given.items():
        assert findings(render(document(*own)), arn if ":kms:" in arn else "") == ()


def test_each_bucket_and_key_gets_its_own_statements() -> None:
    read = allow("ReadObjects", "s3:GetObject", f"{BUCKET}/*")
    use = allow("UseKey", "kms:Decrypt", "*", THROUGH_US_S3)
    in_europe = {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}
    args = made({**TWO, "access": "read", "kms_key_arns": [US_KEY, EU_KEY]})
    assert resource_policy_statements(AWS, ROLE_ARN, args) == {
        BUCKET: [for_role(LIST, "ListBucket"), for_role(read, "ReadObjects")],
        OTHER: [
            for_role({**LIST, "Resource": OTHER}, "ListBucket"),
            for_role({**read, "Resource": f"{OTHER}/*"}, "ReadObjects"),
        ],
        US_KEY: [for_role(use, "UseKey")],
        EU_KEY: [for_role({**use, "Condition": in_europe}, "UseKey")],
    }


def test_the_statements_of_any_two_roles_fit_into_one_policy() -> None:
    def sids(account: str, name: str) -> set[str]:
        statements = resource_policy_statements(AWS, f"arn:aws:iam::{account}:role/{name}", made(ONE))
        return {statement["Sid"] for own in statements.values() for statement in own}

    roles = [("999999999999", name) for name in ("UpdateApp", "Update.App", "Update-App", "team/Update_App")]
    all_sids = [sid for role in [*roles, ("888888888888", "UpdateApp")] for sid in sids(*role)]
    assert len(all_sids) == len(set(all_sids)) == 10
    assert all(sid.isalnum() for sid in all_sids)
    assert sids(*roles[0]) == {"ListBucket999999999999UpdateApp", "ReadWriteObjects999999999999UpdateApp"}


@pytest.mark.parametrize(
    ("partition", "region", "service"),
    [
        ("aws-cn", "cn-north-1", "s3.cn-north-1.amazonaws.com.cn"),
        ("aws-us-gov", "us-gov-west-1", "s3.us-gov-west-1.amazonaws.com"),
        ("aws-eusc", "eusc-de-east-1", "s3.eusc-de-east-1.amazonaws.eu"),
        ("aws-iso", "us-iso-east-1", "s3.us-iso-east-1.c2s.ic.gov"),
    ],
)
def test_each_partition_has_its_own_arns_and_s3_endpoint(partition: str, region: str, service: str) -> None:
    bucket, key = f"arn:{partition}:s3:::productionapp", f"arn:{partition}:kms:{region}:999999999999:key/1234abcd"
    role = f"arn:{partition}:iam::999999999999:role/UpdateApp"
    args = made({**ONE, "prefixes": ["reports/"], "kms_key_arns": [key]})
    world = Partition(partition, service.removeprefix(f"s3.{region}."))
    on_bucket = [
        {**LOCATE, "Resource": bucket},
        {**LIST_REPORTS, "Resource": bucket},
        {**READ_WRITE, "Resource": f"{bucket}/reports/*"},
    ]
    through_s3 = {"StringEquals": {"kms:ViaService": service}}
    assert identity_statements(world, args) == [ALL_NAMES, *on_bucket, allow("UseKeys", USE, key, through_s3)]
    assert resource_policy_statements(world, role, args) == {
        bucket: [for_role(statement, statement["Sid"], role) for statement in on_bucket],
        key: [for_role(allow("UseKey", USE, "*", through_s3), "UseKey", role)],
    }


@pytest.mark.parametrize(("partition", "region"), [("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")])
def test_the_linter_accepts_arns_of_other_partitions(partition: str, region: str) -> None:
    args = made({**ONE, "kms_key_arns": [f"arn:{partition}:kms:{region}:999999999999:key/1234abcd"]})
    assert findings(render(document(*identity_statements(Partition(partition, "amazonaws.com"), args)))) == ()


def test_the_names_of_several_buckets_stay_in_the_order_given() -> None:
    assert bucket_names(made({"buckets": ["b", "a", "b"]})) == ["b", "a"]


def test_every_access_option_has_a_document() -> None:
    options = {key for args, _ in CASES.values() for key in args}
    assert options == set(BUCKET_LAWS) - {"revoke_sessions_issued_before"}
