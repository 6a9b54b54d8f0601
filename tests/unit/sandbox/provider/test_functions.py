"""Tests of the stand-in provider's functions."""

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.provider.values import Properties, to_struct
from tests.support.stand_in_provider import IDENTITY, LONG_AGO, OFFLINE, AbortedError, answer, new_provider, stubbed
from tests.support.stubbed_aws import members


def test_the_caller_identity_is_returned() -> None:
    provider, request = new_provider(), provider_pb2.InvokeRequest(tok="aws:index/getCallerIdentity:getCallerIdentity")
    with stubbed(provider, "sts") as sts:
        sts.add_response("get_caller_identity", IDENTITY, {})
        found = answer(provider, "Invoke", request)
    account = "999999999999"
    assert found == {"return": {"accountId": account, "arn": IDENTITY["Arn"], "id": account, "userId": "U"}}


@pytest.mark.parametrize(
    ("region", "partition", "suffix", "reverse"),
    [
        ("us-east-1", "aws", "amazonaws.com", "com.amazonaws"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com", "com.amazonaws"),
        ("cn-north-1", "aws-cn", "amazonaws.com.cn", "cn.com.amazonaws"),
        ("eusc-de-east-1", "aws-eusc", "amazonaws.eu", "eu.amazonaws"),
        ("us-iso-east-1", "aws-iso", "c2s.ic.gov", "gov.ic.c2s"),
        ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov", "gov.sgov.sc2s"),
        ("eu-isoe-west-1", "aws-iso-e", "cloud.adc-e.uk", "uk.adc-e.cloud"),
        ("us-isof-south-1", "aws-iso-f", "csp.hci.ic.gov", "gov.ic.hci.csp"),
    ],
)
def test_the_partition_is_returned(region: str, partition: str, suffix: str, reverse: str) -> None:
    request = provider_pb2.InvokeRequest(tok="aws:index/getPartition:getPartition")
    assert answer(new_provider(region=region), "Invoke", request) == {
        "return": {"dnsSuffix": suffix, "id": partition, "partition": partition, "reverseDnsPrefix": reverse}
    }


@pytest.mark.parametrize(
    ("function", "operation", "kind"), [("getRoles", "list_roles", "Role"), ("getUsers", "list_users", "User")]
)
def test_all_pages_of_users_or_roles_are_listed(function: str, operation: str, kind: str) -> None:
    def page(name: str, marker: str = "") -> dict[str, Any]:
        arn = f"arn:aws:iam::999999999999:{kind.lower()}/{name}"
        item = {"Path": "/", f"{kind}Name": name, f"{kind}Id": "A" * 16, "Arn": arn, "CreateDate": LONG_AGO}
        return {f"{kind}s": [item], "IsTruncated": bool(marker), **({"Marker": marker} if marker else {})}

    provider, request = new_provider(), provider_pb2.InvokeRequest(tok=f"aws:iam/{function}:{function}")
    with stubbed(provider, "iam") as iam:
        iam.add_response(operation, page("a", marker="more"), {})
        iam.add_response(operation, page("b"), {"Marker": "more"})
        found = answer(provider, "Invoke", request)
    arns = [f"arn:aws:iam::999999999999:{kind.lower()}/{name}" for name in ("a", "b")]
    assert found == {"return": {"arns": arns, "id": "us-east-1", "names": ["a", "b"]}}


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("getRoles", {"pathPrefix": "/team/"}, "pathPrefix: the sandbox's stand-in provider expects no arguments"),
        ("getGroup", {}, "no arguments: the sandbox's stand-in provider expects groupName"),
    ],
)
def test_unsupported_arguments_of_a_function_are_named(function: str, arguments: Properties, message: str) -> None:
    request = provider_pb2.InvokeRequest(tok=f"aws:iam/{function}:{function}", args=to_struct(arguments))
    with pytest.raises(AbortedError, match=f"function aws:iam/{function}:{function}: {message}"):
        answer(OFFLINE, "Invoke", request)


def test_a_group_is_returned_with_all_pages_of_its_users() -> None:
    provider = new_provider()
    request = provider_pb2.InvokeRequest(tok="aws:iam/getGroup:getGroup", args=to_struct({"groupName": "g"}))
    with stubbed(provider, "iam") as iam:
        iam.add_response("get_group", members("u", marker="more"), {"GroupName": "g"})
        iam.add_response("get_group", members("a"), {"GroupName": "g", "Marker": "more"})
        found = answer(provider, "Invoke", request)["return"]
    users = [
        {"arn": f"arn:aws:iam::999999999999:user/{name}", "path": "/", "userId": "A" * 16, "userName": name}
        for name in ("u", "a")
    ]
    group = {"arn": "arn:aws:iam::999999999999:group/g", "groupId": "A" * 16, "groupName": "g", "id": "A" * 16}
    assert found == {**group, "path": "/", "users": users}


def test_a_group_that_does_not_exist_is_an_error() -> None:
    provider = new_provider()
    request = provider_pb2.InvokeRequest(tok="aws:iam/getGroup:getGroup", args=to_struct({"groupName": "g"}))
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError, match="GetGroup: NoSuchEntity: no g"):
        iam.add_client_error("get_group", "NoSuchEntity", "no g")
        answer(provider, "Invoke", request)
