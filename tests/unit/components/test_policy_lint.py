"""The policy linter finds faults in bad documents, and none in the components' documents."""

import json
from typing import Any

import pulumi_aws as aws
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from components.bucket_access import resource_policy_statements
from components.group_assume_policy import assume_role_policy
from components.policies import document, render
from components.read_write_bucket_role import identity_policy
from components.trust import trust_policy
from tests.support.bucket_laws import bucket_args
from tests.support.grant_laws import GRANT_LAWS, grant_args
from tests.support.option_laws import STABLE
from tests.support.policy_lint import ROLE_ARN, findings
from tests.support.rendered import AWS
from tests.support.trust_laws import trust_args
from tests.unit.conftest import Run

KEY_ARN = "arn:aws:kms:us-east-1:999999999999:key/1234abcd"
GOOD = {"Sid": "Good", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::productionapp/*"}
TRUST = {"Sid": "Good", "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111111111111"}}
MFA = "aws:MultiFactorAuthPresent"
KEY = {**TRUST, "Action": "kms:Decrypt", "Resource": "*"}


def one(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    ("statement", "stands_on", "kind"),
    [
        ({**GOOD, "Action": "s3:GetObjects"}, "", "UNKNOWN_ACTION"),
        ({**GOOD, "Action": "s4:GetObject"}, "", "UNKNOWN_PREFIX"),
        ({**GOOD, "Resource": "arn:aws:s3:::productionapp"}, "", "RESOURCE_MISMATCH"),
        ({**GOOD, "Resource": "*"}, "", "RESOURCE_STAR"),
        ({**GOOD, "Resource": "productionapp/*"}, "", "INVALID_ARN"),
        ({**GOOD, "Sid": "Not good"}, "", "INVALID_SID"),
        ({**GOOD, "Condition": {"StringEquals": {"s3:prefix": "a"}}}, "", "UNKNOWN_CONDITION_FOR_ACTION"),
        ({**GOOD, "Condition": {"StringLikes": {"aws:PrincipalArn": "a"}}}, "", "UNKNOWN_OPERATOR"),
        ({**GOOD, "Condition": {"DateLessThan": {"aws:CurrentTime": "tomorrow"}}}, "", "MISMATCHED_TYPE"),
        ({**GOOD, "Condition": {"IpAddress": {"aws:SourceIp": "nowhere"}}}, "", "MISMATCHED_TYPE"),
        ({**TRUST, "Action": "sts:AssumeRoles"}, ROLE_ARN, "UNKNOWN_ACTION"),
        ({**TRUST, "Action": "s3:GetObject"}, ROLE_ARN, "RESOURCE_MISMATCH"),
        ({**TRUST, "Principal": {"AWS": "Developers"}}, ROLE_ARN, "UNKNOWN_PRINCIPAL"),
        ({**TRUST, "Condition": {"Bool": {MFA: "yes"}}}, ROLE_ARN, "MISMATCHED_TYPE_OPERATION_TO_NULL"),
        ({**TRUST, "Condition": {"StringEquals": {"sts:ExternalIds": "a"}}}, ROLE_ARN, "UNKNOWN_CONDITION_FOR_ACTION"),
        (TRUST, "", "MALFORMED"),
        ({**KEY, "Action": "kms:Decrypts"}, KEY_ARN, "UNKNOWN_ACTION"),
        (KEY, "", "RESOURCE_STAR"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isupper() else "",
)
def test_a_bad_document_is_found(statement: dict[str, Any], stands_on: str, kind: str) -> None:
    assert findings(one(statement), stands_on)[0].split()[0] == kind


@pytest.mark.parametrize(
    ("statement", "stands_on"),
    [
        (GOOD, ""),
        (TRUST, ROLE_ARN),
        (KEY, KEY_ARN),
        ({**GOOD, "Condition": {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}}}, ""),
        ({**GOOD, "Resource": "arn:aws:s3:::productionapp/a:b/*"}, ""),
    ],
    ids=["identity policy", "trust policy", "key's policy", "IPv6 range", "colon in an object's key"],
)
def test_a_good_document_is_not(statement: dict[str, Any], stands_on: str) -> None:
    assert findings(one(statement), stands_on) == ()


def test_a_bad_document_fails_the_test_that_registers_it(run: Run) -> None:
    bad = one({**GOOD, "Action": "s3:GetObjects"})
    with pytest.raises(AssertionError, match=r"'bad\.policy': \('UNKNOWN_ACTION Unknown action s3:GetObjects'"):
        run(lambda: aws.iam.Policy("bad", policy=bad))


@STABLE
@given(data=st.data())
def test_every_trust_is_clean(data: DataObject) -> None:
    args: Any = data.draw(trust_args())
    assert findings(render(trust_policy("aws", args)), ROLE_ARN) == ()


@STABLE
@given(data=st.data())
def test_every_access_is_clean(data: DataObject) -> None:
    args: Any = data.draw(bucket_args())
    assert findings(render(identity_policy(AWS, args))) == ()
    for arn, statements in resource_policy_statements(AWS, ROLE_ARN, args).items():
        assert findings(render(document(*statements)), arn if ":kms:" in arn else "") == ()


@STABLE
@given(data=st.data())
def test_every_grant_is_clean(data: DataObject) -> None:
    args: Any = data.draw(st.sampled_from(sorted(GRANT_LAWS)).flatmap(grant_args))
    assert findings(render(assume_role_policy(args))) == ()
