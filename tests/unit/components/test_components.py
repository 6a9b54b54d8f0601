"""The components as a program uses them: registered resources and outputs."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pytest

from tests.support.component_programs import (
    ARGS,
    KEY_ARN,
    POLICY_ARN,
    ROLE_ARN,
    STACK,
    bucket,
    grant,
    members,
    output,
    role,
    run_role,
)
from tests.support.silent_options import SILENT
from tests.unit.conftest import Run, is_secret, revealed


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


async def later(value: object) -> object:
    return value


def test_an_awaitable_is_treated_like_a_plain_value(run: Run) -> None:
    as_plain = run_role(run, bucket="archive")
    assert run(lambda: role({**ARGS, "bucket": later("archive")})).registrations == as_plain.registrations
