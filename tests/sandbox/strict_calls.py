"""Calls of IAM for tests of what the sandbox refuses: those that the table of errors names, and their documents."""

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore import xform_name

from sandbox.strict.table import rows

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

ACCOUNT = "111111111111"
VERSION = "2012-10-17"
ALL: dict[str, Any] = {"Effect": "Allow", "Action": "*", "Resource": "*"}
BY_ACCOUNT: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}}


def document(*statements: object, **more: object) -> str:
    return json.dumps({"Version": VERSION, "Statement": statements, **more})


POLICY, TRUST = document(ALL), document(BY_ACCOUNT)


def make_role(iam: "IAMClient", name: str, **more: Any) -> str:  # noqa: ANN401
    return iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, **more)["Role"]["Arn"]


def documented(test: str) -> list[str]:
    """Return the IAM calls for which the table names a test."""
    return [row.call for row in rows() if row.service == "iam" and row.state.endswith(f"::{test}")]


def call_of(iam: "IAMClient", name: str, **given: object) -> Any:  # noqa: ANN401
    """Return a call with all required parameters, which name missing resources unless given."""
    model = iam.meta.service_model.operation_model(name)
    shape: Any = model.input_shape
    needed = {*shape.required_members, *({"UserName"} & shape.members.keys())}
    if name == "CreateUser":
        needed.add("PermissionsBoundary")
    parameters = {member: {**MISSING, **given}.get(member, "missing") for member in needed}
    return partial(getattr(iam, xform_name(name)), **parameters)


MISSING: dict[str, object] = {
    "AccessKeyId": "AKIAMISSINGMISSING00",
    "AuthenticationCode1": "123456",
    "AuthenticationCode2": "123456",
    "PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/missing",
    "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/missing",
    "PolicyDocument": POLICY,
    "SerialNumber": f"arn:aws:iam::{ACCOUNT}:mfa/missing",
    "TagKeys": ["team"],
    "Tags": [{"Key": "team", "Value": "web"}],
    "VersionId": "v1",
}
