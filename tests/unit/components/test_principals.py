"""Patterns of permission sets' roles: their matches, and whether other patterns admit any of these roles."""

import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.principals import _ONE, _SOME, _covers_some, is_permission_set_admitted, permission_set_patterns
from components.rules import matches

ACCOUNT, OTHER = "111111111111", "222222222222"
ROLES = f"arn:aws:iam::{ACCOUNT}:role"
SSO = f"{ROLES}/aws-reserved/sso.amazonaws.com"
REGIONS = ("", "eu-central-1/", "us-gov-west-1/", "ap-southeast-5/")
NAMES = st.text("aA_-=.@", min_size=1, max_size=32)


def role_of(name: str, region: str = "", suffix: str = "0123456789abcdef") -> str:
    return f"{SSO}/{region}AWSReservedSSO_{name}_{suffix}"


@settings(derandomize=True, deadline=None)
@given(name=NAMES, other=NAMES, region=st.sampled_from(REGIONS))
def test_patterns_match_a_permission_sets_roles_in_every_region_and_no_others(
    name: str, other: str, region: str
) -> None:
    patterns = permission_set_patterns("aws", [ACCOUNT], [name])
    for named in (name, other, f"{name}_{other}", f"{other}_{name}"):
        assert any(matches(pattern, role_of(named, region)) for pattern in patterns) == (named == name)


@pytest.mark.parametrize(
    "arn",
    [
        role_of("Dev").replace(ACCOUNT, OTHER),
        role_of("Dev").replace("arn:aws:", "arn:aws-cn:"),
        role_of("Dev").replace("role/", "user/"),
        role_of("Dev").replace("aws-reserved/", ""),
        f"{ROLES}/AWSReservedSSO_Dev_0123456789abcdef",
        f"{ROLES}/team/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_0123456789abcdef",
        f"{SSO}.example/AWSReservedSSO_Dev_0123456789abcdef",
        f"{SSO}/NotAWSReservedSSO_Dev_0123456789abcdef",
        role_of("Dev", suffix="0123456789abcde"),
        role_of("Dev", suffix="0123456789abcdef0"),
        role_of("dev"),
    ],
)
def test_similar_arns_do_not_match(arn: str) -> None:
    assert not any(matches(pattern, arn) for pattern in permission_set_patterns("aws", [ACCOUNT], ["Dev"]))


def test_there_are_two_patterns_for_each_account_and_name() -> None:
    assert len(set(permission_set_patterns("aws", [ACCOUNT, OTHER], ["Dev", "Ops"]))) == 8


OWN = permission_set_patterns("aws", [ACCOUNT], ["Dev"])


@pytest.mark.parametrize(
    ("trusted", "denied", "is_admitted"),
    [
        ([], [], True),
        (OWN, [], True),
        (OWN, OWN, False),
        ([], OWN, False),
        ([], [f"{ROLES}/*"], False),
        ([], [f"{SSO}/*"], False),
        ([], OWN[:1], True),
        (OWN[:1], OWN[:1], False),
        ([], [role_of("Dev")], True),
        ([role_of("Dev", "eu-west-1/")], [], True),
        ([f"{SSO}/eu-west-1/AWSReservedSSO_Dev_*"], [], True),
        ([f"{SSO}/*AWSReservedSSO_De?_*"], [], True),
        ([f"{SSO}/*AWSReservedSSO_Devx_*"], [], False),
        ([f"{SSO}/*AWSReservedSSO_Dev_*"], [], True),
        ([role_of("Dev", suffix="short")], [], False),
        (permission_set_patterns("aws", [ACCOUNT], ["Dev_x"]), [], False),
        ([], permission_set_patterns("aws", [ACCOUNT], ["Dev_x"]), True),
        (permission_set_patterns("aws", [OTHER], ["Dev"]), [], False),
        ([], permission_set_patterns("aws", [OTHER], ["Dev"]), True),
        (["arn:aws:iam::*:role/*"], [], True),
        (["arn:aws:iam::*:user/*"], [], False),
        ([f"{ROLES}/deploy"], [], False),
    ],
)
def test_a_permission_set_is_admitted_if_any_of_its_possible_roles_is(
    trusted: list[str], denied: list[str], is_admitted: bool
) -> None:
    assert is_permission_set_admitted("Dev", ACCOUNT, trusted, denied) == is_admitted


TEXTS = ["".join(letters) for length in range(6) for letters in product("aB/", repeat=length)]


@settings(derandomize=True, deadline=None, max_examples=300)
@given(pattern=st.text("aB/?*", max_size=4), role=st.text(f"a/{_ONE}{_SOME}", max_size=4))
def test_a_pattern_covers_some_of_the_roles_if_it_matches_one(pattern: str, role: str) -> None:
    meant = re.compile(role.replace(_ONE, "[a-z0-9-]").replace(_SOME, "[a-z0-9-]*"))
    expected = any(meant.fullmatch(text) and matches(pattern, text) for text in TEXTS)
    assert _covers_some(pattern, role) == expected
