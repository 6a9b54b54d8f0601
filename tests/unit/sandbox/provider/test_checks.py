"""Tests of the stand-in provider's check of inputs."""

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.provider.resource import checked_inputs
from sandbox.provider.service import RESOURCE_TYPES
from sandbox.provider.values import DEFAULTS, UNKNOWN, Properties, to_struct
from tests.support.stand_in_provider import (
    ATTACHMENT,
    BUCKET,
    ENCRYPTION,
    GROUP,
    GROUP_POLICY,
    MEMBERSHIP,
    MINIMAL,
    OFFLINE,
    OWNERSHIP,
    POLICY,
    ROLE,
    ROLE_POLICY,
    SEED,
    TRUST,
    VERSIONING,
    answer,
    checked,
    urn,
)
from tests.support.stubbed_aws import RULE_OF_AES, encrypted, versioned

WRONG: list[tuple[str, Properties, str, str]] = [
    (ROLE, {}, "assumeRolePolicy", 'Missing required argument: "assumeRolePolicy" is required.'),
    (POLICY, {"policy": None}, "policy", 'Missing required argument: "policy" is required.'),
    (ROLE, {"assumeRolePolicy": TRUST, "maxSessionDuration": "1h"}, "maxSessionDuration", "must be of type int."),
    (ROLE, {"assumeRolePolicy": TRUST, "maxSessionDuration": True}, "maxSessionDuration", "must be of type int."),
    (ROLE, {"assumeRolePolicy": TRUST, "tags": "env"}, "tags", "must be of type dict."),
    (ROLE, {"assumeRolePolicy": "{"}, "assumeRolePolicy", "contains an invalid JSON policy: not a JSON object."),
    (POLICY, {"policy": "[]"}, "policy", "contains an invalid JSON policy: not a JSON object."),
    (POLICY, {"policy": {}}, "policy", "must be of type str."),
    (BUCKET, {"acl": "private"}, "acl", "stand-in provider supports; supported: bucket, forceDestroy, region, tags."),
    (BUCKET, {"forceDestroy": "yes"}, "forceDestroy", "must be of type bool."),
    (ENCRYPTION, {"bucket": "b", "rules": {}}, "rules", "must be of type list."),
    (MEMBERSHIP, {"group": "g"}, "users", 'Missing required argument: "users" is required.'),
    (MEMBERSHIP, {"group": "g", "users": "u"}, "users", "must be of type list."),
    (MEMBERSHIP, {"group": "g", "users": ["u", {}]}, "users", "must be a list of texts."),
]


@pytest.mark.parametrize(("token", "inputs", "name", "reason"), WRONG)
def test_wrong_inputs_fail_the_check_and_the_property_is_named(
    token: str, inputs: Properties, name: str, reason: str
) -> None:
    request = provider_pb2.CheckRequest(urn=urn(token, "pol"), news=to_struct(inputs), randomSeed=SEED)
    failures = answer(OFFLINE, "Check", request)["failures"]
    assert len(failures) == 1
    message = failures[0]["reason"]
    assert f'"{name}"' in message and reason in message and message.endswith(f"Examine values at 'pol.{name}'.")


LENGTH, ONE, RANGE, OF = "expected length of", "expected", "to be in the range", "to be one of"
MAX = "maxSessionDuration"
STATUSES = '["Enabled" "Suspended" "Disabled"]'
KEYS_ALLOWED = '(must have 1 to 128 characters and not begin with "aws:")'
CHARACTERS = r"(must match [\w+=,.@-])"
PATH = '(must begin and end with "/", and have no spaces)'
RULE = "rules[0].applyServerSideEncryptionByDefault"
OWNERSHIPS = '"BucketOwnerPreferred" "ObjectWriter" "BucketOwnerEnforced"'


OUT_OF_BOUNDS: list[tuple[str, Properties, str, str]] = [
    (ROLE, {MAX: 3599}, MAX, f"expected max_session_duration {RANGE} (3600 - 43200), got 3599"),
    (ROLE, {MAX: 43201}, MAX, f"expected max_session_duration {RANGE} (3600 - 43200), got 43201"),
    (ROLE, {"name": "r" * 65}, "name", f"{LENGTH} name {RANGE} (1 - 64), got {'r' * 65}"),
    (ROLE, {"name": ""}, "name", f"{LENGTH} name {RANGE} (1 - 64), got "),
    (ROLE, {"name": "a b"}, "name", f"invalid value for name {CHARACTERS}"),
    (ROLE, {"name": "é"}, "name", f"invalid value for name {CHARACTERS}"),
    (ROLE, {"name": "a\n"}, "name", f"invalid value for name {CHARACTERS}"),
    (ROLE, {"description": "d" * 1001}, "description", f"{LENGTH} description {RANGE} (0 - 1000), got {'d' * 1001}"),
    (POLICY, {"description": "d" * 1001}, "description", f"{LENGTH} description {RANGE} (0 - 1000), got {'d' * 1001}"),
    (POLICY, {"name": "p" * 129}, "name", f"{LENGTH} name {RANGE} (1 - 128), got {'p' * 129}"),
    (POLICY, {"name": "a/b"}, "name", f"invalid value for name {CHARACTERS}"),
    (GROUP, {"name": "a:b"}, "name", f"invalid value for name {CHARACTERS}"),
    (GROUP_POLICY, {"name": "a b"}, "name", f"invalid value for name {CHARACTERS}"),
    (ROLE_POLICY, {"name": "a b"}, "name", f"invalid value for name {CHARACTERS}"),
    (ROLE, {"path": "team/"}, "path", f"invalid value for path {PATH}"),
    (POLICY, {"path": "/team"}, "path", f"invalid value for path {PATH}"),
    (GROUP, {"path": "/my team/"}, "path", f"invalid value for path {PATH}"),
    (BUCKET, {"bucket": "b" * 64}, "bucket", f"{LENGTH} bucket {RANGE} (1 - 63), got {'b' * 64}"),
    (ROLE, {"tags": {"n": 1}}, "tags", '"tags.n" must be of type str'),
    (POLICY, {"tags": {"n": "v" * 257}}, "tags", 'invalid value in tags: that of "n" has more than 256 characters'),
    (BUCKET, {"tags": {"aws:n": ""}}, "tags", f'invalid key in tags: "aws:n" {KEYS_ALLOWED}'),
    (BUCKET, {"tags": {"": "v"}}, "tags", f'invalid key in tags: "" {KEYS_ALLOWED}'),
    (VERSIONING, versioned(status="On"), "versioningConfiguration.status", f"{ONE} status {OF} {STATUSES}, got On"),
    (VERSIONING, versioned(), "versioningConfiguration.status", 'Missing required argument: "status" is required'),
    (OWNERSHIP, {"rule": {}}, "rule.objectOwnership", 'Missing required argument: "objectOwnership" is required'),
    (
        OWNERSHIP,
        {"rule": {"objectOwnership": "Me"}},
        "rule.objectOwnership",
        f"{ONE} object_ownership {OF} [{OWNERSHIPS}], got Me",
    ),
    (
        ENCRYPTION,
        encrypted(sseAlgorithm="DES"),
        f"{RULE}.sseAlgorithm",
        f'{ONE} sse_algorithm {OF} ["aws:kms" "aws:kms:dsse" "AES256"], got DES',
    ),
    (ENCRYPTION, encrypted(), f"{RULE}.sseAlgorithm", 'Missing required argument: "sseAlgorithm" is required'),
    (
        ENCRYPTION,
        encrypted(sseAlgorithm="AES256", algorithm="x"),
        f"{RULE}.algorithm",
        '"algorithm" is not an argument that the sandbox\'s stand-in provider supports;'
        " supported: kmsMasterKeyId, sseAlgorithm",
    ),
    (ENCRYPTION, {"rules": ["AES256"]}, "rules", '"rules" must be a list of objects'),
]


@pytest.mark.parametrize(("token", "inputs", "place", "reason"), OUT_OF_BOUNDS)
def test_invalid_values_fail_the_check(token: str, inputs: Properties, place: str, reason: str) -> None:
    given = {**MINIMAL.get(token, {"bucket": "b"}), **inputs}
    _, failures = checked_inputs(RESOURCE_TYPES[token], "thing", given, {}, SEED, {})
    assert [message for _, message in failures] == [f"{reason}. Examine values at 'thing.{place}'."]


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        (ROLE, {"maxSessionDuration": 43200, "name": "r" * 64, "description": "", "path": "/", "tags": {"k": ""}}),
        (POLICY, {"name": "a_Z+=,.@-9", "path": "/team/a-b/", "tags": {"k": UNKNOWN}}),
        (ENCRYPTION, {"rules": [UNKNOWN]}),
        (ENCRYPTION, encrypted(sseAlgorithm=UNKNOWN, kmsMasterKeyId=UNKNOWN)),
        (VERSIONING, versioned(status="Disabled")),
        (MEMBERSHIP, {"users": ["u", UNKNOWN]}),
        (MEMBERSHIP, {"users": []}),
    ],
)
def test_values_at_the_limits_and_unknown_parts_pass_the_check(token: str, inputs: Properties) -> None:
    checked(token, {**MINIMAL.get(token, {"bucket": "b"}), **inputs})


def test_null_inputs_are_ignored() -> None:
    inputs: Properties = {"bucket": "b", "rules": [{"bucketKeyEnabled": None, **RULE_OF_AES}], "tags": None}
    without_null: Properties = {"bucket": "b", "rules": [RULE_OF_AES]}
    assert checked(ENCRYPTION, inputs) == checked(ENCRYPTION, without_null)


def test_all_errors_are_reported_at_once() -> None:
    _, failures = checked_inputs(RESOURCE_TYPES[ATTACHMENT], "att", {"polcyArn": "x", "role": 1}, {}, SEED, {})
    assert [name for name, _ in failures] == ["policyArn", "polcyArn", "role"]


@pytest.mark.parametrize("token", RESOURCE_TYPES)
def test_unknown_values_pass_the_check(token: str) -> None:
    inputs: Properties = dict.fromkeys(RESOURCE_TYPES[token].inputs, UNKNOWN)
    tags: Properties = {"tagsAll": UNKNOWN} if "tags" in inputs else {}
    assert checked(token, inputs) == {DEFAULTS: [], **inputs, **tags}
