"""All parts together allow what the tutorial allows, and no option is without a law."""

import inspect
from collections.abc import Iterable
from typing import Any

import pulumi
import pytest

from components import GroupAssumePolicyArgs, ReadWriteBucketRole, ReadWriteBucketRoleArgs
from components.group_assume_policy import assume_role_policy
from components.read_write_bucket_role import checked_role_args, identity_policy
from components.trust import trust_policy
from components.validation import InvalidValue
from tests.support.bucket_laws import BUCKET_LAWS, identity_of
from tests.support.grant_laws import GRANT, GRANT_LAWS, grant_of
from tests.support.option_laws import EVERYTHING
from tests.support.policy_evaluator import Policy, Request, may_assume
from tests.support.rendered import AWS
from tests.support.role_calls import ALICE, DEPLOY, ROLE, Args, Call
from tests.support.silent_options import GRANT_SILENT, SILENT
from tests.support.trust_laws import TRUST_LAWS, trust_of
from tests.unit import conftest
from tests.unit.conftest import Run

# All parts together.


@pytest.mark.parametrize(
    ("principal", "groups", "may_switch"),
    [
        ("arn:aws:iam::111111111111:user/David", ["Developers"], True),
        ("arn:aws:iam::111111111111:user/Theresa", ["Testers"], False),
        ("arn:aws:iam::111111111111:user/both", ["Developers", "Testers"], False),
        ("arn:aws:iam::111111111111:user/Norman", [], False),
        ("arn:aws:iam::111111111111:user/administrator", ["Administrators"], True),
        ("arn:aws:iam::111111111111:user/administrator", ["Administrators", "Testers"], False),
        ("arn:aws:iam::222222222222:user/Mallory", ["Administrators"], False),
        ("arn:aws:iam::222222222222:user/Mallory", ["Developers"], False),
    ],
)
def test_the_tutorial(principal: str, groups: list[str], may_switch: bool) -> None:
    policies = {
        "Developers": grant_of(GRANT),
        "Testers": grant_of({**GRANT, "effect": "Deny"}),
        "Administrators": EVERYTHING,
    }
    trust = trust_of({"trusted_account_id": "111111111111"})
    identity = [policies[group] for group in groups]
    assert may_assume(Call(principal).request, identity, trust) == may_switch


@pytest.mark.parametrize(
    ("trust", "grant", "call", "allowed"),
    [
        ({"session_tags": {"team": ["blue"]}}, {"session_tags": True}, Call(tags=(("team", "blue"),)), True),
        ({"session_tags": {"team": ["blue"]}}, {}, Call(tags=(("team", "blue"),)), False),
        ({"session_tags": {"team": ["blue"]}}, {"session_tags": True}, Call(), False),
        ({"session_tags": {"team": ["blue"]}}, {"session_tags": True}, Call(tags=(("team", "red"),)), False),
        ({}, {"session_tags": True}, Call(tags=(("team", "blue"),)), False),
        ({}, {"session_tags": True}, Call(), True),
        ({"require_source_identity": True}, {"source_identity": True}, Call(source_identity="alice"), True),
        ({"require_source_identity": True}, {}, Call(source_identity="alice"), False),
        ({"require_source_identity": True}, {"source_identity": True}, Call(), False),
        ({"require_source_identity": True}, {"source_identity": True}, Call(source_identity="bob"), False),
        ({"require_source_identity": True}, {"source_identity": True}, Call(DEPLOY, source_identity="deploy"), False),
        ({}, {"source_identity": True}, Call(source_identity="alice"), False),
        ({}, {"bind_session_name": True}, Call(session_name="alice"), True),
        ({}, {"bind_session_name": True}, Call(session_name="bob"), False),
    ],
)
def test_tags_source_identity_and_session_name_need_both_accounts(
    trust: Args, grant: Args, call: Call, allowed: bool
) -> None:
    trust_policy_of_role = trust_of({"trusted_account_id": "111111111111", **trust})
    assert may_assume(call.request, [grant_of({**GRANT, **grant})], trust_policy_of_role) == allowed


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn"])
def test_policies_of_one_partition_allow_nothing_in_another(partition: str) -> None:
    trust = trust_of({"trusted_account_id": "111111111111"}, partition)
    identity = identity_of({"bucket": "productionapp"}, partition)
    for other in ("aws", "aws-us-gov", "aws-cn"):
        assert trust.allows(Request(ALICE.replace("arn:aws:", f"arn:{other}:"), "sts:AssumeRole", ROLE)) == (
            other == partition
        )
        asked = Request(ROLE, "s3:GetObject", f"arn:{other}:s3:::productionapp/a")
        assert identity.allows(asked) == (other == partition)


def test_a_generated_external_id_is_demanded(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    new_resource = conftest.Aws.new_resource

    def with_policy_id(self: conftest.Aws, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        name, state = new_resource(self, args)
        return name, {**state, "policyId": "ANPAEXAMPLE"}

    monkeypatch.setattr(conftest.Aws, "new_resource", with_policy_id)
    args: ReadWriteBucketRoleArgs = {
        "name": "UpdateApp",
        "trusted_account_id": "111111111111",
        "bucket": "productionapp",
    }
    ran = run(lambda: ReadWriteBucketRole("UpdateApp", {**args, "generate_external_id": True}))
    trust = Policy("trust", ran.document("UpdateApp-role", "assumeRolePolicy"))
    assert trust.allows(Call(external_id="ANPAEXAMPLE").request)
    assert not trust.allows(Call().request)
    assert not trust.allows(Call(external_id="ANPAEXAMPLE2").request)


# Options that change no document, and options that must not be empty.

FALSE_BY_DEFAULT = (
    "require_mfa",
    "generate_external_id",
    "require_source_identity",
    "object_versions",
    "multipart_uploads",
)


def documents(args: Args) -> tuple[object, object]:
    """Return the role's documents."""
    known: Any = {"trusted_account_id": "111111111111", "bucket": "productionapp", **args}
    return trust_policy("aws", known), identity_policy(AWS, known)


@pytest.mark.parametrize("name", SILENT)
def test_an_option_of_the_role_resource_changes_no_document(name: str) -> None:
    assert documents({name: SILENT[name]}) == documents({})


@pytest.mark.parametrize("name", GRANT_SILENT)
def test_an_option_of_the_grants_resource_changes_no_document(name: str) -> None:
    without: Any = {key: value for key, value in GRANT.items() if key != name}
    having: Any = {**without, name: GRANT_SILENT[name]}
    assert assume_role_policy(having) == assume_role_policy(without)


@pytest.mark.parametrize("name", FALSE_BY_DEFAULT)
def test_false_is_the_same_as_absent(name: str) -> None:
    assert documents({name: False}) == documents({})


@pytest.mark.parametrize(
    "name",
    [
        *("trusted_account_ids", "trusted_principal_arns", "denied_principal_arns", "source_ip_ranges", "session_tags"),
        *("trusted_permission_sets", "denied_permission_sets"),
        *("external_id", "organization_id", "expires_at", "buckets", "prefixes", "kms_key_arns"),
    ],
)
def test_an_empty_list_is_refused(name: str) -> None:
    """Check empty lists, which would otherwise mean no limit."""
    args: Args = {"name": "UpdateApp", "trusted_account_id": "111111111111", "bucket": "productionapp"}
    checked_role_args(args)
    with pytest.raises(InvalidValue):
        checked_role_args({**args, name: {} if name == "session_tags" else "" if "_id" in name else []})


@pytest.mark.parametrize(
    ("declared", "known"),
    [
        (ReadWriteBucketRoleArgs, {*TRUST_LAWS, "generate_external_id", *BUCKET_LAWS, *SILENT}),
        (GroupAssumePolicyArgs, {*GRANT_LAWS, *GRANT_SILENT, "effect"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_every_option_has_a_law(declared: type, known: Iterable[str]) -> None:
    assert set(inspect.get_annotations(declared)) <= set(known)
