"""Tests of the stand-in provider's configuration."""

import json
from typing import Any

import grpc
import pytest
from botocore.stub import Stubber
from pulumi.runtime.proto import provider_pb2

from sandbox.provider.configuration import Aws, Configuration, ConfigurationError
from sandbox.provider.service import AwsProvider
from sandbox.provider.values import Properties, secret, to_struct
from tests.support.stand_in_provider import IDENTITY, AbortedError, answer, client


def test_every_key_of_a_configuration_is_parsed() -> None:
    values = {
        "accessKey": "999999999999",
        "allowedAccountIds": '[1234, "000000005678"]',
        "defaultTags": '{"tags":{"env":"dev"}}',
        "endpoints": '[{"iam":"http://127.0.0.1:1"},{"s3":"http://127.0.0.1:2"}]',
        "maxRetries": "2",
        "region": "eu-west-1",
        "s3UsePathStyle": "true",
        "secretKey": "hidden",
        "skipMetadataApiCheck": "true",
        "token": "hidden",
    }
    assert Configuration.parse(values) == Configuration(
        region="eu-west-1",
        access_key="999999999999",
        secret_key="hidden",  # noqa: S106
        token="hidden",  # noqa: S106
        allowed_account_ids=("000000001234", "000000005678"),
        endpoints={"iam": "http://127.0.0.1:1", "s3": "http://127.0.0.1:2"},
        default_tags={"env": "dev"},
        max_attempts=2,
        path_style=True,
    )


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.setenv(variable, "eu-west-1")
    assert Configuration.parse({}) == Configuration(region="eu-west-1")
    assert Configuration.parse({"region": "us-east-1"}) == Configuration(region="us-east-1")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "aws:region is missing"),
        ({"region": ""}, "aws:region is missing"),
        ({"region": "us-esat-1"}, "aws:region: 'us-esat-1' is not an AWS region"),
        ({"region": "aws-global"}, "aws:region: 'aws-global' is not an AWS region"),
        ({"region": "us-east-1", "profile": "me"}, "aws:profile is not supported by the sandbox's stand-in provider"),
        ({"region": "us-east-1", "allowedAccountIds": "[1"}, "aws:allowedAccountIds: '[1' is not a JSON list"),
        ({"region": "us-east-1", "allowedAccountIds": "1"}, "aws:allowedAccountIds: '1' is not a JSON list"),
        ({"region": "us-east-1", "endpoints": "{}"}, "aws:endpoints: '{}' is not a JSON list"),
        ({"region": "us-east-1", "endpoints": '["x"]'}, "aws:endpoints: 'x' is not an object"),
        ({"region": "us-east-1", "defaultTags": "[]"}, "aws:defaultTags: '[]' is not a JSON dict"),
        (
            {"region": "us-east-1", "defaultTags": '{"tags":["a"]}'},
            "aws:defaultTags: the tags ['a'] are not an object with text values",
        ),
        (
            {"region": "us-east-1", "defaultTags": '{"tags":{"a":1}}'},
            "aws:defaultTags: the tags {'a': 1} are not an object",
        ),
        ({"region": "us-east-1", "maxRetries": "many"}, "aws:maxRetries: 'many' is not a whole number"),
    ],
)
def test_a_wrong_configuration_is_refused(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], message: str
) -> None:
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(ConfigurationError) as refused:
        Configuration.parse(values)
    assert str(refused.value).startswith(message)
    variables = {f"aws:config:{key}": value for key, value in values.items()}
    with pytest.raises(AbortedError) as aborted:
        answer(AwsProvider({}), "Configure", provider_pb2.ConfigureRequest(variables=variables))
    assert aborted.value.args == (grpc.StatusCode.UNKNOWN, f"configuring the provider: {refused.value}")


def test_an_unknown_region_can_be_allowed() -> None:
    values = {"region": "xx-new-1", "skipRegionValidation": "true"}
    assert Configuration.parse(values).region == "xx-new-1"


def test_secrets_are_not_shown() -> None:
    shown = repr(
        Configuration.parse({"region": "us-east-1", "accessKey": "hidden", "secretKey": "hidden", "token": "hidden"})
    )
    assert "hidden" not in shown


def test_check_config_marks_secrets_and_refuses_unknown_keys() -> None:
    news: Properties = {"accessKey": "a", "profile": "me", "region": "us-east-1", "secretKey": "b", "token": "c"}
    found = answer(AwsProvider({}), "CheckConfig", provider_pb2.CheckRequest(news=to_struct(news)))
    assert found["inputs"] == {**news, "accessKey": secret("a"), "secretKey": secret("b"), "token": secret("c")}
    assert [failure["property"] for failure in found["failures"]] == ["profile"]
    assert "aws:profile is not supported" in found["failures"][0]["reason"]


def test_a_changed_configuration_replaces_no_provider() -> None:
    olds = to_struct({"region": "us-east-1", "maxRetries": "2"})
    news = to_struct({"region": "eu-west-1", "maxRetries": "3"})
    assert answer(AwsProvider({}), "DiffConfig", provider_pb2.DiffRequest(olds=olds, news=news)) == {
        "changes": "DIFF_SOME",
        "diffs": ["maxRetries", "region"],
    }
    assert answer(AwsProvider({}), "DiffConfig", provider_pb2.DiffRequest(olds=olds, news=olds)) == {
        "changes": "DIFF_NONE"
    }


@pytest.mark.parametrize("allowed", ["[111111111111]", '["111111111111", 222222222222]'])
def test_a_wrong_account_is_refused(monkeypatch: pytest.MonkeyPatch, allowed: str) -> None:
    with pytest.raises(AbortedError) as aborted:
        configure(monkeypatch, allowed)
    accounts = ", ".join(map(str, json.loads(allowed)))
    message = f"AWS account ID not allowed: 999999999999; allowed: {accounts}"
    assert aborted.value.args == (grpc.StatusCode.UNKNOWN, f"configuring the provider: {message}")


def test_an_allowed_account_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    _, found = configure(monkeypatch, "[999999999999]")
    assert found == {"acceptSecrets": True, "supportsPreview": True, "supportsAutonamingConfiguration": True}


def configure(monkeypatch: pytest.MonkeyPatch, allowed: str) -> tuple[AwsProvider, dict[str, Any]]:
    """Return a provider configured for account 999999999999, and its answer."""
    sts = client("sts")
    monkeypatch.setattr(Aws, "_client", lambda _aws, _service: sts)
    variables = {"aws:config:region": "us-east-1", "aws:config:allowedAccountIds": allowed}
    provider = AwsProvider({})
    with Stubber(sts) as stub:
        stub.add_response("get_caller_identity", IDENTITY, {})
        return provider, answer(provider, "Configure", provider_pb2.ConfigureRequest(variables=variables))
