"""The components as a program uses them: registered resources, outputs, and refused arguments."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from inspect import get_annotations
from typing import Any, cast

import pulumi
import pulumi_aws as aws
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
from components.validation import InvalidValue
from tests.support.silent_options import SILENT
from tests.unit import conftest
from tests.unit.conftest import DNS_SUFFIXES, Ran, Run, is_secret, revealed

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


@pytest.mark.parametrize(
    ("component", "token", "children"),
    [
        (
            role,
            "cross-account-access:index:ReadWriteBucketRole",
            {"access-policy", "access-policy-attachment", "access-role"},
        ),
        (grant, "cross-account-access:index:GroupAssumePolicy", {"access-policy"}),
        (members, "cross-account-access:index:GroupMembers", {"access-membership"}),
        (
            bucket,
            "cross-account-access:index:ApplicationBucket",
            {
                "access-bucket",
                "access-encryption",
                "access-ownership-controls",
                "access-policy",
                "access-public-access-block",
                "access-versioning",
            },
        ),
    ],
    ids=["ReadWriteBucketRole", "GroupAssumePolicy", "GroupMembers", "ApplicationBucket"],
)
def test_type_tokens_and_child_names_are_stable(
    run: Run, component: Callable[[], pulumi.ComponentResource], token: str, children: set[str]
) -> None:
    """Check names, because another token or name would replace deployed resources."""
    made = run(component).registrations
    assert (made["access"].type, made["access"].parent) == (token, STACK)
    assert {name: each.parent for name, each in made.items() if name not in (STACK, "access")} == dict.fromkeys(
        children, "access"
    )


# Options of the role itself; the others are left to AWS.

POLICY_ARN = "arn:aws:iam::999999999999:policy/boundary"
OPTIONS: Mapping[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "absent options are left to AWS": ({}, {}, {}),
    "the role and the policy have the path": (
        {"path": "/delegated/"},
        {"path": "/delegated/"},
        {"path": "/delegated/"},
    ),
    "the role has the description": ({"description": "Ünï code"}, {"description": "Ünï code"}, {}),
    "the role and the policy have the tags": (
        {"tags": {"cost_center": "7"}},
        {"tags": {"cost_center": "7"}},
        {"tags": {"cost_center": "7"}},
    ),
    "a session may last longer": ({"max_session_duration": 43200}, {"maxSessionDuration": 43200}, {}),
    "the role has the boundary": ({"permissions_boundary": POLICY_ARN}, {"permissionsBoundary": POLICY_ARN}, {}),
    "the policy has a name of its own": ({"policy_name": "update"}, {}, {"name": "update"}),
}


@pytest.mark.parametrize(("args", "of_role", "of_policy"), OPTIONS.values(), ids=OPTIONS)
def test_options_reach_the_role_and_the_policy(
    run: Run, args: dict[str, Any], of_role: dict[str, Any], of_policy: dict[str, Any]
) -> None:
    made = run_role(run, **args).registrations
    inputs = {name: dict(made[name].inputs) for name in ("access-role", "access-policy")}
    assert "Statement" in json.loads(inputs["access-role"].pop("assumeRolePolicy"))
    assert "Statement" in json.loads(inputs["access-policy"].pop("policy"))
    assert inputs == {
        "access-role": {"name": "UpdateApp", "forceDetachPolicies": True, **of_role},
        "access-policy": {"name": "read-write-app-bucket", **of_policy},
    }
    assert set(made) == {STACK, "access", "access-role", "access-policy", "access-policy-attachment"}


def test_every_option_of_the_role_itself_has_a_case() -> None:
    assert {"name", *(key for args, *_ in OPTIONS.values() for key in args)} == set(SILENT)


def test_older_sessions_lose_all_rights(run: Run) -> None:
    moment = "2026-11-24T09:30:00Z"
    without, having = (run_role(run, **args) for args in ({}, {"revoke_sessions_issued_before": moment}))
    assert having.document("access-policy") == {
        "Version": "2012-10-17",
        "Statement": [
            *without.document("access-policy")["Statement"],
            {
                "Sid": "RevokeOlderSessions",
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"DateLessThan": {"aws:TokenIssueTime": moment}},
            },
        ],
    }
    assert having.component_outputs == without.component_outputs


def demanding(external_id: str) -> dict[str, Any]:
    """Return the trust policy that demands an external id."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TrustAccount",
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
            }
        ],
    }


@pytest.mark.parametrize(
    ("args", "external_id"),
    [({"external_id": "Example-987"}, "Example-987"), ({"generate_external_id": True}, "ANPAEXAMPLE")],
    ids=["the given one", "the unique id of the policy"],
)
def test_an_external_id_is_demanded_and_is_an_output(run: Run, args: dict[str, Any], external_id: str) -> None:
    ran = run_role(run, **args)
    assert ran.document("access-role", "assumeRolePolicy") == demanding(external_id)
    assert ran.component_outputs["access"]["external_id"] == external_id


def test_a_secret_external_id_is_in_the_trust_and_everywhere_secret(run: Run) -> None:
    ran = run(lambda: role({**ARGS, "external_id": pulumi.Output.secret("Example-987")}))
    assert ran.document("access-role", "assumeRolePolicy") == demanding("Example-987")
    made, given = ran.registrations, ran.component_outputs["access"]
    assert is_secret(made["access-role"].inputs["assumeRolePolicy"])
    assert is_secret(given["external_id"])
    assert revealed(given["external_id"]) == "Example-987"
    everything = [value for each in made.values() for value in each.inputs.values()] + list(given.values())
    assert [value for value in everything if "Example-987" in json.dumps(value) and not is_secret(value)] == []


def test_a_secret_external_id_hides_nothing_else(run: Run) -> None:
    ran = run(lambda: role({**ARGS, "external_id": pulumi.Output.secret("Example-987")}))
    policy, given = ran.registrations["access-policy"].inputs["policy"], ran.component_outputs["access"]
    assert not any(is_secret(value) for value in (policy, given["arn"], given["resource_policy_statements"]))


Wrap = Callable[[str], object]
INPUTS: Mapping[str, Callable[[Wrap], object]] = {
    "trusted_principal_arns": lambda wrap: [wrap("arn:aws:iam::111111111111:user/alice")],
    "denied_principal_arns": lambda wrap: [wrap("arn:aws:iam::111111111111:user/bob")],
    "external_id": lambda wrap: wrap("Example-987"),
    "bucket": lambda wrap: wrap("archive"),
    "kms_key_arns": lambda wrap: [wrap(KEY_ARN)],
    "permissions_boundary": lambda wrap: wrap(POLICY_ARN),
    "tags": lambda wrap: {"team": wrap("blue")},
}


@pytest.mark.parametrize(("key", "value"), INPUTS.items(), ids=INPUTS)
def test_outputs_of_other_resources_are_treated_like_plain_values(
    run: Run, key: str, value: Callable[[Wrap], object]
) -> None:
    as_output = run(lambda: role({**ARGS, key: value(output)}))
    as_plain = run_role(run, **{key: value(str)})
    assert as_output.registrations == as_plain.registrations
    assert as_output.component_outputs == as_plain.component_outputs


def test_buckets_may_be_outputs(run: Run) -> None:
    def program() -> None:
        args = {key: value for key, value in ARGS.items() if key != "bucket"}
        role({**args, "buckets": [output("productionapp"), "archive"]})

    listing = run(program).document("access-policy")["Statement"][1]
    assert listing["Resource"] == ["arn:aws:s3:::archive", "arn:aws:s3:::productionapp"]


def test_a_roles_outputs_are_its_arn_its_external_id_and_statements_for_others(run: Run) -> None:
    given = run_role(run, access="read", kms_key_arns=[KEY_ARN]).component_outputs["access"]
    statements = {arn: json.loads(text) for arn, text in given["resource_policy_statements"].items()}
    only = {
        "Principal": {"AWS": "arn:aws:iam::999999999999:root"},
        "Condition": {"ArnEquals": {"aws:PrincipalArn": ROLE_ARN}},
    }
    assert {**given, "resource_policy_statements": statements} == {
        "arn": ROLE_ARN,
        "external_id": "",
        "resource_policy_statements": {
            "arn:aws:s3:::productionapp": [
                {
                    "Sid": "ListBucket999999999999UpdateApp",
                    "Effect": "Allow",
                    "Action": ["s3:GetBucketLocation", "s3:ListBucket"],
                    "Resource": "arn:aws:s3:::productionapp",
                    **only,
                },
                {
                    "Sid": "ReadObjects999999999999UpdateApp",
                    "Effect": "Allow",
                    "Action": "s3:GetObject",
                    "Resource": "arn:aws:s3:::productionapp/*",
                    **only,
                },
            ],
            KEY_ARN: [
                {
                    "Sid": "UseKey999999999999UpdateApp",
                    "Effect": "Allow",
                    "Action": "kms:Decrypt",
                    "Resource": "*",
                    **only,
                    "Condition": {
                        "StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"},
                        "ArnEquals": {"aws:PrincipalArn": ROLE_ARN},
                    },
                }
            ],
        },
    }


def test_a_buckets_outputs_are_its_name_and_its_arn(run: Run) -> None:
    ran = run(bucket)
    arn = ran.component_outputs["access"]["arn"]
    assert arn
    assert ran.component_outputs["access"] == {"name": "productionapp", "arn": arn}


# Refused values.

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


async def later(value: object) -> object:
    return value


def test_an_awaitable_is_treated_like_a_plain_value(run: Run) -> None:
    as_plain = run_role(run, bucket="archive")
    assert run(lambda: role({**ARGS, "bucket": later("archive")})).registrations == as_plain.registrations


# Partitions.


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
