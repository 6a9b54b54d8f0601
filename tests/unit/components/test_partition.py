"""The components in two partitions: ARNs of another one are refused."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from components import ApplicationBucket, GroupAssumePolicy, ReadWriteBucketRole, ReadWriteBucketRoleArgs
from components.validation import InvalidValue
from tests.support.component_programs import ARGS, GRANT, KEY_ARN, POLICY_ARN, bucket, output, role
from tests.unit import conftest
from tests.unit.conftest import DNS_SUFFIXES, Run


def in_china(make: Callable[..., object], args: Mapping[str, Any], name: str = "china") -> object:
    provider = aws.Provider("aws-cn", region="cn-north-1")
    return make(name, args, pulumi.ResourceOptions(provider=provider))


@pytest.fixture
def two_partitions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let providers named after another partition work there; return the providers that are called."""
    asked: list[str] = []

    def call(self: conftest.Aws, args: pulumi.runtime.MockCallArgs) -> dict[Any, Any]:
        asked.append(args.provider)
        partition = "aws-cn" if "::aws-cn::" in args.provider else "aws"
        return {"id": partition, "partition": partition, "dnsSuffix": DNS_SUFFIXES[partition], "reverseDnsPrefix": ""}

    monkeypatch.setattr(conftest.Aws, "call", call)
    return asked


def test_each_provider_is_asked_once_for_its_partition(run: Run, two_partitions: list[str]) -> None:
    def program() -> None:
        role()
        bucket("archive", "archive")
        ReadWriteBucketRole("second", cast(ReadWriteBucketRoleArgs, {**ARGS, "name": "Second"}))
        provider = aws.Provider("aws-cn", region="cn-north-1")
        opts = pulumi.ResourceOptions(provider=provider)
        ReadWriteBucketRole("china", cast(ReadWriteBucketRoleArgs, ARGS), opts)
        ApplicationBucket("china-bucket", {"name": "china"}, opts)

    ran = run(program)
    assert len(two_partitions) == 2
    resources = {
        name: ran.document(f"{name}-policy")["Statement"][-1]["Resource"] for name in ("access", "second", "china")
    }
    assert resources == {
        "access": "arn:aws:s3:::productionapp/*",
        "second": "arn:aws:s3:::productionapp/*",
        "china": "arn:aws-cn:s3:::productionapp/*",
    }
    assert ran.document("china-bucket-policy")["Statement"][0]["Resource"][0] == "arn:aws-cn:s3:::china"


@pytest.mark.parametrize(
    ("make", "args", "key"),
    [
        (ReadWriteBucketRole, {**ARGS, "denied_principal_arns": ["arn:aws:iam::*:user/*"]}, "denied_principal_arns[0]"),
        (
            ReadWriteBucketRole,
            {**ARGS, "trusted_principal_arns": ["arn:aws:iam::*:user/*"]},
            "trusted_principal_arns[0]",
        ),
        (ReadWriteBucketRole, {**ARGS, "kms_key_arns": [KEY_ARN]}, "kms_key_arns[0]"),
        (ReadWriteBucketRole, {**ARGS, "permissions_boundary": POLICY_ARN}, "permissions_boundary"),
        (GroupAssumePolicy, GRANT, "role_arns[0]"),
        (ApplicationBucket, {"name": "productionapp", "kms_key_arn": KEY_ARN}, "kms_key_arn"),
    ],
)
@pytest.mark.parametrize("wrap", [lambda value: value, output], ids=["plain", "output"])
def test_an_arn_outside_of_the_providers_partition_is_refused(
    run: Run,
    two_partitions: list[str],
    make: Any,  # noqa: ANN401 (a component)
    args: dict[str, Any],
    key: str,
    wrap: Callable[[object], object],
) -> None:
    name, is_list = key.removesuffix("[0]"), key.endswith("]")
    value = [wrap(args[name][0])] if is_list else wrap(args[name])
    assert len(run(partial(make, "access", {**args, name: value})).registrations) > 1
    with pytest.raises(InvalidValue, match="it is in another partition; here ARNs begin with arn:aws-cn:") as refused:
        run(partial(in_china, make, {**args, name: value}))
    assert refused.value.key == key
