"""The effect of each option of a role's access to buckets, tested with an evaluator instead of comparing documents."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from components.bucket_access import resource_policy_statements
from tests.support.bucket_accesses import EVER, LISTING, THROUGH_S3
from tests.support.bucket_laws import BUCKET_LAWS, bucket_args, identity_of, may, near_accesses
from tests.support.option_laws import STABLE, check_example, check_law, document
from tests.support.policy_evaluator import Decision, Policy, may_across_accounts
from tests.support.rendered import AWS
from tests.support.role_calls import OWNER, ROLE, ROLES


@pytest.mark.parametrize("name", BUCKET_LAWS)
@STABLE
@given(data=st.data())
def test_an_access_option_keeps_its_law(name: str, data: DataObject) -> None:
    args = data.draw(bucket_args(name))
    check_law(name, BUCKET_LAWS[name], args, data.draw(near_accesses(args)), may)


@pytest.mark.parametrize("name", BUCKET_LAWS)
def test_an_access_option_makes_a_difference(name: str) -> None:
    base = {} if name.startswith("bucket") else {"buckets": ["productionapp"]}
    check_example(name, BUCKET_LAWS[name], base, may)


@STABLE
@given(data=st.data())
def test_nothing_is_allowed_elsewhere(data: DataObject) -> None:
    args = data.draw(bucket_args())
    for access in filter(may(args), data.draw(near_accesses(args))):
        assert access.action in EVER
        if access.action == "s3:ListAllMyBuckets":
            continue
        if access.kms_key:
            assert access.kms_key in args.get("kms_key_arns", ())
            continue
        assert access.bucket in args["buckets"]
        begins = access.key if access.key is not None else access.prefix if access.action in LISTING else None
        assert begins is None or begins.startswith(tuple(args.get("prefixes", ("",))))


@STABLE
@given(data=st.data())
def test_read_and_write_together_are_read_write(data: DataObject) -> None:
    args = data.draw(bucket_args())
    read, write, both = (may({**args, "access": access}) for access in ("read", "write", "readWrite"))
    for access in data.draw(near_accesses(args)):
        assert both(access) == (read(access) or write(access))


@STABLE
@given(data=st.data())
def test_the_policies_of_buckets_and_keys_allow_the_role_the_same_access(data: DataObject) -> None:
    args = data.draw(bucket_args())
    args.pop("revoke_sessions_issued_before", None)
    made = resource_policy_statements(AWS, ROLE, args)  # type: ignore[arg-type]
    policies = {arn: Policy("resource", document(*statements)) for arn, statements in made.items()}
    assert set(policies) == {f"arn:aws:s3:::{name}" for name in args["buckets"]} | set(args.get("kms_key_arns", ()))
    identity = identity_of(args)
    for access in data.draw(near_accesses(args)):
        another_regions = access.kms_key and access.via in set(THROUGH_S3.values()) - {THROUGH_S3[access.kms_key]}
        if another_regions:  # S3 does not use keys of another region, so the result does not matter
            continue
        own = access.kms_key or f"arn:aws:s3:::{access.bucket}"
        for arn, policy in policies.items():
            if arn == own:
                allowed = identity.allows(access.request)
                assert policy.allows(access.request) == allowed
                assert may_across_accounts(access.request, [identity], policy, "222222222222") == allowed
            elif ":s3:" in arn:  # a key's policy applies to its own key
                assert policy.decide(access.request) is Decision.IMPLICIT_DENY
            assert not policy.allows(replace(access, principal=ROLES[1]).request)
            assert not policy.allows(replace(access, principal=f"arn:aws:iam::{OWNER}:root").request)


@STABLE
@given(data=st.data())
def test_the_tutorials_role_has_the_tutorials_access_to_its_bucket(data: DataObject) -> None:
    args = {"bucket": "productionapp"}
    allows = may(args)
    for access in data.draw(near_accesses(args)):
        on_bucket = access.resource == "arn:aws:s3:::productionapp"
        on_object = access.resource.startswith("arn:aws:s3:::productionapp/")
        assert allows(access) == (
            access.action == "s3:ListAllMyBuckets"
            or (on_bucket and access.action in ("s3:ListBucket", "s3:GetBucketLocation"))
            or (on_object and access.action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"))
        )
