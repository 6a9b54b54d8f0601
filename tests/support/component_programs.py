"""Small programs that use the components."""

from collections.abc import Mapping
from functools import partial
from typing import Any, cast

import pulumi

from components import (
    ApplicationBucket,
    GroupAssumePolicy,
    GroupAssumePolicyArgs,
    GroupMembers,
    ReadWriteBucketRole,
    ReadWriteBucketRoleArgs,
)
from tests.unit.conftest import Ran, Run

STACK = "cross-account-access-production"
ARGS: dict[str, Any] = {"name": "UpdateApp", "trusted_account_id": "111111111111", "bucket": "productionapp"}
ROLE_ARN = "arn:aws:iam::999999999999:role/UpdateApp"
KEY_ARN = "arn:aws:kms:us-east-1:999999999999:key/1234abcd"


def role(args: Mapping[str, Any] = ARGS) -> ReadWriteBucketRole:
    return ReadWriteBucketRole("access", cast(ReadWriteBucketRoleArgs, args))


def bucket(name: str = "productionapp", logical_name: str = "access") -> ApplicationBucket:
    return ApplicationBucket(logical_name, {"name": name})


GRANT: dict[str, Any] = {"group": "Developers", "effect": "Allow", "role_arns": [ROLE_ARN], "policy_name": "may"}


def grant() -> GroupAssumePolicy:
    return GroupAssumePolicy("access", cast(GroupAssumePolicyArgs, GRANT))


def members() -> GroupMembers:
    return GroupMembers("access", {"group": "Developers", "members": ["alice"]})


def run_role(run: Run, **args: object) -> Ran:
    return run(partial(role, {**ARGS, **args}))


def output(value: object) -> pulumi.Output[Any]:
    return pulumi.Output.from_input(value)


# Options of the role itself; the others are left to AWS.

POLICY_ARN = "arn:aws:iam::999999999999:policy/boundary"
