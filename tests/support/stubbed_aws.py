"""Stubbed answers of AWS, and inputs that fit them."""

from typing import Any

from botocore.stub import Stubber
from google.protobuf.message import Message
from pulumi.runtime.proto import provider_pb2

from sandbox.provider.values import DEFAULTS, Properties, Value, to_struct
from tests.support.stand_in_provider import (
    ACCESS_BLOCK,
    ATTACHMENT,
    BUCKET,
    BUCKET_POLICY,
    ENCRYPTION,
    LONG_AGO,
    MEMBERS,
    MEMBERSHIP,
    OWNERSHIP,
    POLICY_ARN,
    ROLE,
    TRUST,
    USER_GROUPS,
    VERSIONING,
    urn,
)

ACCESS_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
OF_A_BUCKET: dict[str, tuple[str, ...]] = {
    ACCESS_BLOCK: ACCESS_BLOCKS,
    OWNERSHIP: ("rule",),
    ENCRYPTION: ("rules",),
    VERSIONING: ("versioningConfiguration",),
    BUCKET_POLICY: ("policy",),
}
"""The settings of a bucket, and the inputs that are updated in place."""
RULE_OF_AES: Properties = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}


def encrypted(**default: Value) -> Properties:
    return {"bucket": "b", "rules": [{"applyServerSideEncryptionByDefault": default}]}


def versioned(**configuration: Value) -> Properties:
    return {"bucket": "b", "versioningConfiguration": configuration}


NEW_ROLE: dict[str, Any] = {
    "Path": "/",
    "RoleName": "r",
    "RoleId": "A" * 16,
    "Arn": "arn:aws:iam::999999999999:role/r",
    "CreateDate": LONG_AGO,
}


def add_role(stub: Stubber, **changes: Any) -> None:  # noqa: ANN401
    """Stub the calls that read a role without policies."""
    role = {**NEW_ROLE, "AssumeRolePolicyDocument": TRUST, **changes}
    stub.add_response("get_role", {"Role": role}, {"RoleName": "r"})
    stub.add_response("list_attached_role_policies", {"AttachedPolicies": []}, {"RoleName": "r"})
    stub.add_response("list_role_policies", {"PolicyNames": []}, {"RoleName": "r"})


ROLE_INPUTS: Properties = {DEFAULTS: [], "name": "r", "assumeRolePolicy": TRUST, "tagsAll": {"env": "dev"}}
CREATE_ROLE = provider_pb2.CreateRequest(urn=urn(ROLE), properties=to_struct(ROLE_INPUTS))


def add_free_role(stub: Stubber) -> None:
    """Stub the call before the creation of a role."""
    stub.add_client_error("get_role", "NoSuchEntity", expected_params={"RoleName": "r"})


def add_created_role(stub: Stubber) -> None:
    add_free_role(stub)
    asked = {
        "RoleName": "r",
        "Path": "/",
        "AssumeRolePolicyDocument": TRUST,
        "Description": "",
        "MaxSessionDuration": 3600,
        "Tags": [{"Key": "env", "Value": "dev"}],
    }
    stub.add_response("create_role", {"Role": NEW_ROLE}, asked)


def add_free_bucket(stub: Stubber) -> None:
    """Stub the calls before a bucket's creation: one for every type, one for us-east-1, which refuses no second one."""
    for _ in range(2):
        stub.add_client_error("head_bucket", "404", http_status_code=404, expected_params={"Bucket": "b"})


def version(number: int, *, default: bool = False) -> dict[str, Any]:
    return {
        "VersionId": f"v{number}",
        "IsDefaultVersion": default,
        "CreateDate": LONG_AGO.replace(day=number),
    }


def members(*names: str, marker: str = "") -> dict[str, Any]:
    """Return a page of GetGroup's answer."""
    ids = {"Path": "/", "CreateDate": LONG_AGO}
    group = {"GroupName": "g", "GroupId": "A" * 16, "Arn": "arn:aws:iam::999999999999:group/g", **ids}
    users = [
        {"UserName": name, "UserId": "A" * 16, "Arn": f"arn:aws:iam::999999999999:user/{name}", **ids} for name in names
    ]
    return {"Group": group, "Users": users, "IsTruncated": bool(marker), **({"Marker": marker} if marker else {})}


OLDS: dict[str, Properties] = {
    ATTACHMENT: {"role": "r", "policyArn": POLICY_ARN},
    MEMBERSHIP: {**MEMBERS, "users": ["u"]},
    USER_GROUPS: {"user": "u", "groups": ["g"]},
    VERSIONING: {"versioningConfiguration": {"status": "Enabled"}},
}


ROLE_TAGS = [{"Key": "env", "Value": "dev"}]


def add_refused_role(stub: Stubber, code: str = "EntityAlreadyExists", status: int = 409) -> None:
    """Stub a creation that ends with an error after the name was free."""
    add_free_role(stub)
    stub.add_client_error("create_role", code, "no answer", status)


def create_bucket(region: str) -> Message:
    inputs: Properties = {DEFAULTS: [], "bucket": "b", "region": region, "tags": {"k": "v"}, "tagsAll": {"k": "v"}}
    return provider_pb2.CreateRequest(urn=urn(BUCKET), properties=to_struct(inputs))
