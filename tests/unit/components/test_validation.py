"""Arguments of a component: their names and types, and what is said of a wrong one."""

import inspect
from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict, is_typeddict

import pulumi
import pytest

import components.args
from components import rules, validation
from components.rules import Rule
from components.validation import MISSING, InvalidValue, check_known, check_type, checked
from tests.unit.conftest import Run


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, "one is missing; give one or other"),
        ({"one": "", "other": []}, "one is missing; give one or other"),
        ({"one": "a", "other": ["b"]}, "one: 'a' is not allowed; other is given too; remove one of the two"),
        ({"one": "a"}, None),
        ({"other": ["b"]}, None),
        ({"one": "a", "other": []}, None),
    ],
)
def test_exactly_one_of_two_arguments_is_given(args: dict[str, object], message: str | None) -> None:
    if message is None:
        validation.check_exactly_one(args, "one", "other")
        return
    with pytest.raises(InvalidValue, match=f"^{message}$"):
        validation.check_exactly_one(args, "one", "other")


class Args(TypedDict):
    name: str
    on: NotRequired[bool]
    seconds: NotRequired[int]
    path: NotRequired[pulumi.Input[str]]
    names: NotRequired[Sequence[pulumi.Input[str]]]
    tags: NotRequired[Mapping[str, Sequence[str]]]


RULES: Mapping[str, Rule] = {"name": rules.role_name, "path": rules.path}


def test_given_arguments_are_checked_and_none_counts_as_not_given() -> None:
    assert checked({"name": "r", "path": None, "on": False}, Args, RULES) == {"name": "r", "on": False}


@pytest.mark.parametrize(
    ("args", "refusal"),
    [
        ({"path": "/"}, "name is missing; it has no default; add it"),
        ({"name": None}, "name is missing; it has no default; add it"),
        ({"nam": "r"}, "nam: there is no such key; did you mean name?"),
        ({"name": "r", "xyz": 1}, "xyz: there is no such key; known: name, on, seconds, path, names, tags"),
        ({"name": "r", "path": ""}, "path: '' is not allowed; a path begins and ends with / "),
        ({"name": "r", "on": "false"}, "on: 'false' is not allowed; write true or false"),
        ({"name": "r", "on": 0}, "on: 0 is not allowed; write true or false"),
        ({"name": "r", "seconds": True}, "seconds: True is not allowed; write a whole number"),
        ({"name": "r", "seconds": 1.5}, "seconds: 1.5 is not allowed; write a whole number"),
        ({"name": 12}, "name: 12 is not allowed; write text; a number needs quotes to be text"),
        ({"name": "r", "names": "a"}, "names: 'a' is not allowed; write a list"),
        ({"name": "r", "names": ["a", 1]}, "names[1]: 1 is not allowed; write text"),
        ({"name": "r", "tags": ["a"]}, "tags: ['a'] is not allowed; write a mapping"),
        ({"name": "r", "tags": {"a": "b"}}, "tags.a: 'b' is not allowed; write a list"),
    ],
)
def test_arguments_have_their_declared_names_and_types(args: dict[str, object], refusal: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        checked(args, Args, RULES)
    assert str(refused.value).startswith(refusal)


def test_an_output_is_accepted_where_one_is_declared(run: Run) -> None:
    def program() -> None:
        output = pulumi.Output.from_input("x")
        checked({"name": "r", "path": output, "names": [output]}, Args, RULES)
        for wrong in ({"name": output}, {"name": "r", "on": output}, {"name": "r", "tags": {"a": [output]}}):
            with pytest.raises(InvalidValue, match="an output is not allowed"):
                checked(wrong, Args, RULES)

    run(program)


@pytest.mark.parametrize("args", [args for args in vars(components.args).values() if is_typeddict(args)])
def test_every_declared_type_is_checked(args: type) -> None:
    for name, hint in inspect.get_annotations(args).items():
        with pytest.raises(InvalidValue):
            check_type(name, object(), hint)


def test_an_unknown_key_is_named_with_the_probable_one() -> None:
    check_known({"name": "r"}, ["name"])
    with pytest.raises(
        InvalidValue, match="trustedAcountId: there is no such key; did you mean trustedAccountId"
    ) as it:
        check_known({"trustedAcountId": 1}, ["name", "trustedAccountId", "trustedAccountIds"])
    assert it.value.key == "trustedAcountId"
    assert str(InvalidValue("a", MISSING, "add it")) == "a is missing; add it"
