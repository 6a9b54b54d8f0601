"""Refused arguments of the components: values, types, sizes and outputs that are known later."""

from collections.abc import Callable, Mapping
from functools import partial
from inspect import get_annotations
from typing import Any

import pytest

from components import (
    ApplicationBucket,
    ApplicationBucketArgs,
    GroupAssumePolicy,
    GroupAssumePolicyArgs,
    GroupMembers,
    GroupMembersArgs,
    ReadWriteBucketRoleArgs,
)
from components.validation import InvalidValue
from tests.support.component_programs import ARGS, GRANT, KEY_ARN, ROLE_ARN, STACK, bucket, output, role, run_role
from tests.unit.conftest import Run

WRONG: Mapping[str, tuple[dict[str, Any], str]] = {
    "no name": ({"name": None}, "name"),
    "a typo in an argument's name": ({"require_mfaa": True}, "require_mfaa"),
    "a role's name with a slash": ({"name": "delegated/UpdateApp"}, "name"),
    "too long a policy name": ({"policy_name": "p" * 129}, "policy_name"),
    "a path without its last slash": ({"path": "/delegated"}, "path"),
    "a description beyond Latin-1": ({"description": "Ω"}, "description"),
    "a tag name reserved by AWS": ({"tags": {"aws:team": "blue"}}, "tags.aws:team"),
    "a session of less than an hour": ({"max_session_duration": 3599}, "max_session_duration"),
    "a boundary that is not a policy": ({"permissions_boundary": ROLE_ARN}, "permissions_boundary"),
    "a time without a zone": ({"revoke_sessions_issued_before": "2026-11-24"}, "revoke_sessions_issued_before"),
    "an account's name": ({"trusted_account_id": "development"}, "trusted_account_id"),
    "one account and several": ({"trusted_account_ids": ["222222222222"]}, "trusted_account_id"),
    "no account": ({"trusted_account_id": None}, "trusted_account_id"),
    "a group as a principal": (
        {"trusted_principal_arns": ["arn:aws:iam::111111111111:group/Developers"]},
        "trusted_principal_arns[0]",
    ),
    "a trusted principal of an account that is not trusted": (
        {"trusted_principal_arns": ["arn:aws:iam::222222222222:user/alice"]},
        "trusted_principal_arns[0]",
    ),
    "an account as a denied principal": (
        {"denied_principal_arns": ["arn:aws:iam::111111111111:user/bob", "111111111111"]},
        "denied_principal_arns[1]",
    ),
    "MFA of less than a quarter of an hour": ({"require_mfa": True, "mfa_max_age": 899}, "mfa_max_age"),
    "an MFA age without MFA": ({"mfa_max_age": 900}, "mfa_max_age"),
    "an MFA age if MFA is not required": ({"require_mfa": False, "mfa_max_age": 900}, "mfa_max_age"),
    "an external id of one letter": ({"external_id": "a"}, "external_id"),
    "an external id both given and generated": (
        {"external_id": "Example-987", "generate_external_id": True},
        "generate_external_id",
    ),
    "an organization's name": ({"organization_id": "example"}, "organization_id"),
    "all addresses": ({"source_ip_ranges": ["203.0.113.0/24", "0.0.0.0/0"]}, "source_ip_ranges[1]"),
    "a tag value that is not a list": ({"session_tags": {"team": "blue"}}, "session_tags.team"),
    "an end without a zone": ({"expires_at": "2027-01-31T00:00:00"}, "expires_at"),
    "a bucket's name in upper case": ({"bucket": "ProductionApp"}, "bucket"),
    "one bucket and several": ({"buckets": ["archive"]}, "bucket"),
    "no bucket": ({"bucket": None}, "bucket"),
    "an unknown access": ({"access": "readwrite"}, "access"),
    "a prefix with a wildcard": ({"prefixes": ["reports/", "*"]}, "prefixes[1]"),
    "an alias of a key": ({"kms_key_arns": ["arn:aws:kms:us-east-1:999999999999:alias/app"]}, "kms_key_arns[0]"),
}


@pytest.mark.parametrize(("args", "key"), WRONG.values(), ids=WRONG)
def test_a_wrong_argument_is_refused_before_anything_is_registered(run: Run, args: dict[str, Any], key: str) -> None:
    def program() -> None:
        with pytest.raises(InvalidValue) as raised:
            role({**ARGS, **args})
        assert raised.value.key == key

    assert list(run(program).registrations) == [STACK]


def test_a_wrong_bucket_is_refused_before_anything_is_registered(run: Run) -> None:
    def program() -> None:
        with pytest.raises(InvalidValue, match=r"^name: 'ProductionApp' "):
            bucket("ProductionApp")

    assert list(run(program).registrations) == [STACK]


@pytest.mark.parametrize(
    ("args", "key"),
    [
        (lambda: {"trusted_principal_arns": [output("111111111111")]}, "trusted_principal_arns[0]"),
        (lambda: {"denied_principal_arns": [output("*")]}, "denied_principal_arns[0]"),
        (lambda: {"denied_principal_arns": [output("arn:aws:iam::222222222222:user/*")]}, "denied_principal_arns[0]"),
        (lambda: {"external_id": output("a")}, "external_id"),
        (lambda: {"bucket": output("ProductionApp")}, "bucket"),
        (lambda: {"kms_key_arns": [output("alias/app")]}, "kms_key_arns[0]"),
        (lambda: {"permissions_boundary": output("boundary")}, "permissions_boundary"),
        (lambda: {"tags": {"team": output("blue!")}}, "tags.team"),
    ],
    ids=[
        "trusted principal",
        "denied principal",
        "a denied principal's account",
        "external id",
        "bucket",
        "key",
        "permissions boundary",
        "tag",
    ],
)
def test_an_output_is_checked_when_it_is_known(run: Run, args: Callable[[], dict[str, Any]], key: str) -> None:
    with pytest.raises(InvalidValue) as raised:
        run(lambda: role({**ARGS, **args()}))
    assert raised.value.key == key


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            {"trusted_principal_arns": [f"arn:aws:iam::111111111111:user/{index:064}" for index in range(90)]},
            r"trust policy of role UpdateApp: '[0-9]+ characters' .* IAM allows 8192; the longest statements:"
            r" TrustAccount [0-9]+",
        ),
        (
            {"prefixes": [f"{index:0200}/" for index in range(30)]},
            r"identity policy of role UpdateApp: '[0-9]+ characters' .* IAM allows 6144; the longest statements:"
            r" ReadWriteObjects [0-9]+, ListBucket [0-9]+, LocateBucket [0-9]+",
        ),
    ],
    ids=["trust policy", "identity policy"],
)
def test_too_long_a_document_is_refused_with_its_longest_statements(
    run: Run, args: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidValue, match=f"^{message}$"):
        run_role(run, **args)


def principals(count: int) -> list[str]:
    return [f"arn:aws:iam::111111111111:user/{index:064}" for index in range(count)]


@pytest.mark.parametrize(("count", "is_warned"), [(18, False), (20, True)])
def test_a_trust_policy_over_the_default_quota_gives_one_warning(run: Run, count: int, is_warned: bool) -> None:
    ran = run_role(run, trusted_principal_arns=principals(count))
    size = len(ran.registrations["access-role"].inputs["assumeRolePolicy"])
    assert (size > 2048) == is_warned
    assert ran.warnings == (
        f"role UpdateApp: its trust policy has {size} characters, and IAM allows 2048 unless the account's quota for"
        " the role trust policy length has been raised",
    ) * int(is_warned)


@pytest.mark.parametrize(
    ("make", "args", "key"),
    [
        (ApplicationBucket, {"name": "productionapp", "kms_key_arn": "arn:aws:kms:x"}, "kms_key_arn"),
        (ApplicationBucket, {"name": "productionapp", "kms_key_arn": KEY_ARN.replace("key/", "alias/")}, "kms_key_arn"),
        (GroupMembers, {"members": ["alice"], "group": "a b"}, "group"),
    ],
)
def test_an_output_of_another_component_is_checked_when_it_is_known(
    run: Run,
    make: Any,  # noqa: ANN401 (a component)
    args: dict[str, Any],
    key: str,
) -> None:
    for value in (args[key], output(args[key])):
        with pytest.raises(InvalidValue) as refused:
            run(partial(make, "access", {**args, key: value}))
        assert refused.value.key == key


# Every argument: another type is refused, and None counts as not given.

EVERY: Mapping[str, tuple[type, Callable[[Any], object], dict[str, Any]]] = {
    "role": (ReadWriteBucketRoleArgs, role, ARGS),
    "grant": (GroupAssumePolicyArgs, partial(GroupAssumePolicy, "access"), GRANT),
    "members": (GroupMembersArgs, partial(GroupMembers, "access"), {"group": "Developers", "members": ["alice"]}),
    "bucket": (ApplicationBucketArgs, partial(ApplicationBucket, "access"), {"name": "productionapp"}),
}
ARGUMENTS = [(what, name) for what, (declared, _, _) in EVERY.items() for name in get_annotations(declared)]


@pytest.mark.parametrize(("what", "name"), ARGUMENTS)
@pytest.mark.parametrize(
    "value", ["false", 0, object(), b"x", [None], [[]], {"a": None}], ids=lambda value: repr(value).partition(" at ")[0]
)
def test_an_argument_of_another_type_is_refused_before_anything_is_registered(
    run: Run, what: str, name: str, value: object
) -> None:
    declared, make, args = EVERY[what]
    hint = str(get_annotations(declared)[name])
    if isinstance(value, str) and "bool" not in hint and "str" in hint and "Sequence" not in hint:
        return  # text may be allowed

    def program() -> None:
        with pytest.raises(InvalidValue) as refused:
            make({**args, name: value})
        assert refused.value.key.startswith(name)

    assert list(run(program).registrations) == [STACK]


@pytest.mark.parametrize(("what", "name"), [(what, name) for what, name in ARGUMENTS if name not in EVERY[what][2]])
def test_none_counts_as_not_given(run: Run, what: str, name: str) -> None:
    _, make, args = EVERY[what]
    without, having = (run(partial(make, given)) for given in (args, {**args, name: None}))
    assert having.registrations == without.registrations
    assert having.component_outputs == without.component_outputs
