"""Tests of the stand-in provider's inputs and outputs against the SDK."""

import inspect
import re
from typing import Any, cast

import pulumi_aws
import pytest

from sandbox.provider.service import RESOURCE_TYPES


def sdk_class(token: str) -> type[Any]:
    _, path, name = token.split(":")
    service = path.partition("/")[0]
    return cast(type[Any], getattr(getattr(pulumi_aws, service), name))


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.title() for other in others)


@pytest.mark.filterwarnings("ignore:.* deprecated in favor of:DeprecationWarning")
@pytest.mark.parametrize("token", RESOURCE_TYPES)
def test_every_input_and_output_exists_in_the_sdk(token: str) -> None:
    kind, sdk = RESOURCE_TYPES[token], sdk_class(token)
    assert sdk.pulumi_type == token
    inputs = {camel(name) for name in inspect.signature(sdk._internal_init).parameters}
    outputs = {camel(name) for name, value in vars(sdk).items() if isinstance(value, property)}
    served = {*kind.inputs, *kind.computed}
    assert set(kind.inputs) - inputs == set()
    assert served - outputs == set()


@pytest.mark.filterwarnings("ignore:.* deprecated in favor of:DeprecationWarning")
@pytest.mark.parametrize("token", RESOURCE_TYPES)
def test_inputs_that_the_sdk_requires_are_required(token: str) -> None:
    source = inspect.getsource(sdk_class(token)._internal_init)
    required = {camel(name) for name in re.findall("Missing required property '(.*)'", source)}
    assert {name for name, prop in RESOURCE_TYPES[token].inputs.items() if prop.required} == required
