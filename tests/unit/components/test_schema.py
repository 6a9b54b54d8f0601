"""The components for programs in other languages: the schema, and accepted and refused values."""

import ast
import json
import re
from collections.abc import Mapping, Sequence
from inspect import get_annotations, getdoc
from typing import Any, NotRequired, Union, get_args, get_origin

import pulumi
import pytest

from components import (
    ApplicationBucket,
    ApplicationBucketArgs,
    GroupAssumePolicy,
    GroupAssumePolicyArgs,
    GroupMembers,
    GroupMembersArgs,
    ReadWriteBucketRole,
    ReadWriteBucketRoleArgs,
)
from components.__main__ import provider
from tests.unit.conftest import REPOSITORY

COMPONENTS = {
    ApplicationBucket: ApplicationBucketArgs,
    GroupAssumePolicy: GroupAssumePolicyArgs,
    GroupMembers: GroupMembersArgs,
    ReadWriteBucketRole: ReadWriteBucketRoleArgs,
}
PROVIDER = provider()
SCHEMA = json.loads(PROVIDER.schema or "")
RESOURCES = {token.rpartition(":")[2]: resource for token, resource in SCHEMA["resources"].items()}
SIMPLE = {str: "string", int: "integer", bool: "boolean"}


def camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def property_of(hint: Any, *, plain: bool = True) -> dict[str, Any]:  # noqa: ANN401 (an annotation)
    """Return the expected schema of a field with this annotation."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is NotRequired:
        return property_of(arguments[0], plain=plain)
    if origin is Union:  # pulumi.Input: a value or an output of it
        return property_of(arguments[0], plain=False)
    known: dict[str, Any] = {"plain": True} if plain else {}
    if origin is Sequence:
        return known | {"type": "array", "items": property_of(arguments[0])}
    if origin is Mapping:
        return known | {"type": "object", "additionalProperties": property_of(arguments[1])}
    return known | {"type": SIMPLE[hint]}


def without_descriptions(value: Any) -> Any:  # noqa: ANN401 (JSON)
    if not isinstance(value, dict):
        return value
    return {key: without_descriptions(item) for key, item in value.items() if key != "description"}


def unwrapped(text: str | None) -> str:
    """Return the paragraphs of a docstring, each on one line."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in (text or "").split("\n\n"))


def docstrings() -> dict[str, set[str]]:
    """Return the docstrings of all fields and outputs in the sources, by name."""
    found: dict[str, set[str]] = {}
    for file in (REPOSITORY / "components").glob("*.py"):
        for definition in ast.parse(file.read_text()).body:
            if isinstance(definition, ast.ClassDef):
                for field, text in zip(definition.body, definition.body[1:], strict=False):
                    if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
                        name = camel_case(ast.unparse(field.target))
                        found.setdefault(name, set()).add(unwrapped(ast.literal_eval(text.value)))
    return found


def test_the_schema_has_the_four_components_and_nothing_else() -> None:
    assert SCHEMA["name"] == "cross-account-access"
    assert set(SCHEMA["resources"]) == {f"cross-account-access:index:{component.__name__}" for component in COMPONENTS}
    assert all(resource["isComponent"] for resource in RESOURCES.values())
    assert SCHEMA["types"] == {}, "every argument has a type that all languages have"


@pytest.mark.parametrize(("component", "args"), COMPONENTS.items(), ids=[it.__name__ for it in COMPONENTS])
def test_the_arguments_are_those_of_the_typed_dict(component: type, args: type) -> None:
    resource = RESOURCES[component.__name__]
    hints = get_annotations(args)  # a TypedDict's hold those of its bases
    described = {name: without_descriptions(known) for name, known in resource["inputProperties"].items()}
    assert described == {camel_case(name): property_of(hint) for name, hint in hints.items()}
    required: frozenset[str] = vars(args)["__required_keys__"]
    assert resource["requiredInputs"] == sorted(map(camel_case, required))


@pytest.mark.parametrize("component", COMPONENTS, ids=[it.__name__ for it in COMPONENTS])
def test_the_outputs_are_those_of_the_class(component: type) -> None:
    resource = RESOURCES[component.__name__]
    names = [camel_case(name) for name in get_annotations(component)]
    assert sorted(resource["properties"]) == resource["required"] == sorted(names)


@pytest.mark.parametrize("component", COMPONENTS, ids=[it.__name__ for it in COMPONENTS])
def test_descriptions_are_the_docstrings_with_camel_case_names(component: type) -> None:
    resource = RESOURCES[component.__name__]
    sources = docstrings()
    assert resource["description"] == unwrapped(getdoc(component))
    for name, known in {**resource["inputProperties"], **resource["properties"]}.items():
        description = known["description"]
        assert description in {
            re.sub(r"``\w+``", lambda field: camel_case(field[0]), text) for text in sources[name]
        }, name
        assert not re.search(r"[a-z]_[a-z]", description), name
        assert description == " ".join(description.split()), name


ROLE = {"name": "UpdateApp", "bucket": "productionapp", "trustedAccountId": "111111111111"}


def refusal(inputs: Mapping[str, Any]) -> pulumi.InputPropertyError:
    """Return the error that a caller in another language gets."""
    with pytest.raises(pulumi.InputPropertyError) as refused:
        PROVIDER.construct("UpdateApp", "cross-account-access:index:ReadWriteBucketRole", dict(inputs))
    return refused.value


def test_a_refused_value_is_reported_under_its_camel_case_name() -> None:
    refused = refusal({**ROLE, "trustedAccountId": "1111"})
    assert refused.property_path == "trustedAccountId"
    assert refused.reason == (
        "'1111' is not allowed; write the twelve digits of the account id in quotes, e.g. \"111111111111\""
    )
    refused = refusal({key: value for key, value in ROLE.items() if key != "trustedAccountId"})
    assert refused.property_path == "trustedAccountId"
    assert refused.reason == "is missing; give trustedAccountId or trustedAccountIds"


def test_whole_floats_are_accepted_and_fractions_refused() -> None:
    assert refusal({**ROLE, "maxSessionDuration": 7200.0, "mfaMaxAge": 900.0}).property_path == "mfaMaxAge"
    assert refusal({**ROLE, "maxSessionDuration": 7200.5}).reason == "7200.5 is not allowed; write a whole number"
