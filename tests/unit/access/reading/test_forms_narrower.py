"""Test reviews with changes in every form that narrow access, with the outcome that AWS documents.

Sources: IAM User Guide, "Policy evaluation logic", "AWS JSON policy elements: Principal" and "... NotPrincipal",
"Condition operators", "Set operators for multi-valued context keys" and "Permissions boundaries for IAM entities".
"""

import pytest

from tests.support.deployed import allow, deny, document, root, trusts
from tests.support.edit_forms import (
    BOTH,
    TRUST,
    assert_only,
    changed_own,
    denied,
    findings_of,
    of_david,
    trust_of,
    when,
)
from tests.support.edits import BUCKET, MFA, Edit, bucket_policy, inline, of_group, trust
from tests.support.rendered import DEVELOPMENT, PRODUCTION, ROLE

NARROWER: dict[str, tuple[Edit, str]] = {
    "trust of a deleted principal": (trust(trusts("AIDAEXAMPLE")), "Developers may not assume UpdateApp"),
    "trust denies by a tag": (
        trust_of(
            TRUST,
            {
                **TRUST,
                "Effect": "Deny",
                "Principal": {"AWS": "*"},
                **when("StringNotEquals", "aws:PrincipalTag/team", "blue"),
            },
        ),
        "Developers may not assume UpdateApp in all declared circumstances",
    ),
    "trust denies by user name": (
        trust_of(TRUST, {**TRUST, "Effect": "Deny", **when("StringEquals", "aws:username", "David")}),
        "Developers may not assume UpdateApp",
    ),
    "trust of short sessions": (
        trust_of({**TRUST, **when("NumericLessThan", "sts:DurationSeconds", "900")}),
        "Developers may not assume UpdateApp in all declared circumstances",
    ),
    "trust RoleSessionName condition": (
        trust_of({**TRUST, **when("StringLike", "sts:RoleSessionName", "${aws:username}")}),
        "Developers may not assume UpdateApp in all declared circumstances",
    ),
    "trust RoleSessionName like": (
        trust_of({**TRUST, **when("StringLike", "sts:RoleSessionName", "ticket-*")}),
        "Developers may not assume UpdateApp in all declared circumstances",
    ),
    "trust PrincipalArn condition": (
        trust_of({**TRUST, **when("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{DEVELOPMENT}:user/David")}),
        "Developers may not assume UpdateApp in all declared circumstances",
    ),
    "trust PrincipalTag condition": (
        trust_of({**TRUST, **when("StringEquals", "aws:PrincipalTag/team", "blue")}),
        "Developers may not assume UpdateApp in all declared circumstances",
    ),
    "trust deny if no MFA (BoolIfExists)": (
        trust_of(
            TRUST,
            {
                **TRUST,
                "Effect": "Deny",
                "Principal": "*",
                **when("BoolIfExists", "aws:MultiFactorAuthPresent", "false"),
            },
        ),
        "Developers may not assume UpdateApp in all declared circumstances",
    ),
    "trust deny NotPrincipal David": (
        trust_of(
            TRUST,
            {
                "Effect": "Deny",
                "NotPrincipal": {"AWS": [f"arn:aws:iam::{DEVELOPMENT}:user/David", root(DEVELOPMENT)]},
                "Action": "sts:AssumeRole",
            },
        ),
        "Developers may not assume UpdateApp in all declared circumstances",
    ),
    "trust SourceIp": (
        trust_of({**TRUST, **when("IpAddress", "aws:SourceIp", "10.0.0.0/8")}),
        "Developers may not assume UpdateApp in all declared circumstances",
    ),
    "trust date past": (
        trust_of({**TRUST, **when("DateLessThan", "aws:CurrentTime", "2026-01-01T00:00:00Z")}),
        "Developers may not assume UpdateApp in all declared circumstances",
    ),
    "trust Null tag false": (
        trust_of({**TRUST, **when("Null", "aws:PrincipalTag/team", "false")}),
        "Developers may not assume UpdateApp in all declared circumstances",
    ),
    "trust of session principal only": (
        trust(trusts(f"arn:aws:sts::{DEVELOPMENT}:assumed-role/x/David")),
        "Developers may not assume UpdateApp, though that is declared",
    ),
    "trust of a role only": (
        trust(trusts(f"arn:aws:iam::{DEVELOPMENT}:role/David")),
        "Developers may not assume UpdateApp, though that is declared",
    ),
    "trust variable in 2008": (
        trust(
            {
                "Version": "2008-10-17",
                "Statement": [{**TRUST, **when("StringEquals", "sts:RoleSessionName", "${aws:username}")}],
            }
        ),
        "Developers may not assume UpdateApp in all declared circumstances",
    ),
    "trust condition TokenIssueTime": (
        trust_of({**TRUST, **when("DateGreaterThan", "aws:TokenIssueTime", "2026-01-01T00:00:00Z")}),
        "Developers may not assume UpdateApp in all declared circumstances",
    ),
    "trust PrincipalType": (
        trust_of({**TRUST, **when("StringEquals", "aws:PrincipalType", "AssumedRole")}),
        "Developers may not assume UpdateApp, though that is declared",
    ),
    "own policy MFA": (
        changed_own(lambda d: d["Statement"][-1].update(Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})),
        "UpdateApp may not do s3:DeleteObject, s3:GetObject and",
    ),
    "Deny NotResource": (
        inline(document({"Effect": "Deny", "Action": "s3:*", "NotResource": [f"{BUCKET}/public/*", BUCKET]})),
        "UpdateApp may not do s3:ListAllMyBuckets on *; s3:",
    ),
    "Deny NotAction": (
        inline(document({"Effect": "Deny", "NotAction": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"})),
        "UpdateApp may not do s3:ListAllMyBuckets on *; s3:",
    ),
    "Deny not from vpc": (
        inline(deny("s3:*", **when("StringNotEquals", "aws:SourceVpc", "vpc-1"))),
        "UpdateApp may not do s3:ListAllMyBuckets on *; s3:",
    ),
    "Deny IfExists region": (
        inline(deny("*", **when("StringNotEqualsIfExists", "aws:RequestedRegion", "eu-west-1"))),
        "UpdateApp may not do s3:ListAllMyBuckets on *; s3:",
    ),
    "Deny put without SSE": (
        inline(deny("s3:PutObject", f"{BUCKET}/*", **when("Null", "s3:x-amz-server-side-encryption", "true"))),
        "UpdateApp may not do s3:PutObject on",
    ),
    "boundary with deny": (
        lambda aws: aws.production.bound(
            aws.update_app,
            aws.production.policy(
                "B",
                document(
                    {"Effect": "Allow", "Action": "*", "Resource": "*"},
                    {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"},
                ),
            ),
        ),
        "UpdateApp may not do s3:DeleteObject on",
    ),
    "boundary NotAction": (
        lambda aws: aws.production.bound(
            aws.update_app,
            aws.production.policy("B", document({"Effect": "Allow", "NotAction": "s3:DeleteObject", "Resource": "*"})),
        ),
        "UpdateApp may not do s3:DeleteObject on",
    ),
    "boundary another bucket": (
        lambda aws: aws.production.bound(
            aws.update_app, aws.production.policy("B", allow("s3:*", "arn:aws:s3:::other*"))
        ),
        "UpdateApp may not do s3:ListAllMyBuckets on *; s3:",
    ),
    "Deny with ForAllValues, which an absent key meets": (
        inline(deny("s3:GetObject", f"{BUCKET}/*", **when("ForAllValues:StringEquals", "aws:TagKeys", "x"))),
        "UpdateApp may not do s3:GetObject on",
    ),
    "Deny this role's sessions by userid": (
        inline(deny("s3:*", **when("StringLike", "aws:userid", "*:David"))),
        "UpdateApp may not do s3:ListAllMyBuckets on *; s3:",
    ),
    "bucket policy: deny all but": (
        bucket_policy(
            {
                "Sid": "N",
                "Effect": "Deny",
                "NotPrincipal": {"AWS": [root(PRODUCTION), f"arn:aws:iam::{PRODUCTION}:user/x"]},
                "Action": "s3:*",
                "Resource": BOTH,
            }
        ),
        "UpdateApp may not do s3:GetBucketLocation and s3:ListBucket on",
    ),
    "bucket policy: deny NotPrincipal role only (sessions denied)": (
        bucket_policy(
            {"Sid": "N", "Effect": "Deny", "NotPrincipal": {"AWS": [ROLE]}, "Action": "s3:*", "Resource": BOTH}
        ),
        "UpdateApp may not do s3:GetBucketLocation and s3:ListBucket on",
    ),
    "bucket policy: deny not vpce": (
        bucket_policy(denied("*", "s3:*", BOTH, **when("StringNotEquals", "aws:SourceVpce", "vpce-1"))),
        "UpdateApp may not do s3:GetBucketLocation and s3:ListBucket on",
    ),
    "bucket policy: deny session": (
        bucket_policy(denied({"AWS": f"arn:aws:sts::{PRODUCTION}:assumed-role/UpdateApp/David"}, "s3:*", BOTH)),
        "UpdateApp may not do s3:GetBucketLocation and s3:ListBucket on",
    ),
    "bucket policy: deny unencrypted": (
        bucket_policy(
            denied(
                "*",
                "s3:PutObject",
                f"{BUCKET}/*",
                **when("StringNotEquals", "s3:x-amz-server-side-encryption", "aws:kms"),
            )
        ),
        "UpdateApp may not do s3:PutObject on",
    ),
    "bucket policy: deny delete for all": (
        bucket_policy(denied("*", "s3:DeleteObject", f"{BUCKET}/*")),
        "UpdateApp may not do s3:DeleteObject on",
    ),
    "bucket policy: deny PrincipalArn": (
        bucket_policy(denied("*", "s3:*", BOTH, **when("ArnEquals", "aws:PrincipalArn", ROLE))),
        "UpdateApp may not do s3:GetBucketLocation and s3:ListBucket on",
    ),
    "bucket policy: deny but org": (
        bucket_policy(denied("*", "s3:*", BOTH, **when("StringNotEquals", "aws:PrincipalOrgID", "o-aaaaaaaaaa"))),
        "UpdateApp may not do s3:GetBucketLocation and s3:ListBucket on",
    ),
    "bucket policy: deny TLS version": (
        bucket_policy(denied("*", "s3:*", BOTH, **when("NumericLessThan", "s3:TlsVersion", "1.2"))),
        "UpdateApp may not do s3:GetBucketLocation and s3:ListBucket on",
    ),
    "bucket policy: deny its own account": (
        bucket_policy(denied({"AWS": root(PRODUCTION)}, "s3:PutObject", f"{BUCKET}/*")),
        "UpdateApp may not do s3:PutObject on",
    ),
    "bucket policy: deny prefix": (
        bucket_policy(denied("*", "s3:GetObject", f"{BUCKET}/secret/*")),
        "UpdateApp may not do s3:GetObject on",
    ),
    "David deny inline with MFA": (
        of_david(deny("*", **when("BoolIfExists", "aws:MultiFactorAuthPresent", "false"))),
        "David may not assume UpdateApp, though that is declared",
    ),
    "David's boundary allows sts on other": (
        lambda aws: aws.development.bound(
            aws.development.users["David"],
            aws.development.policy("B", allow("sts:*", f"arn:aws:iam::{PRODUCTION}:role/Other")),
        ),
        "David may not assume UpdateApp, though that is declared",
    ),
    "Developers deny for a while": (
        of_group(
            "Developers", deny("sts:AssumeRole", **when("DateLessThan", "aws:CurrentTime", "2027-01-01T00:00:00Z"))
        ),
        "Developers may not assume UpdateApp in all declared circumstances",
    ),
    "Developers deny with wildcards": (
        of_group("Developers", deny("sts:Assume*", "arn:aws:iam::*:role/Update???")),
        "Developers may not assume UpdateApp, though that is declared",
    ),
    "Developers deny NotResource": (
        of_group(
            "Developers", document({"Effect": "Deny", "Action": "*", "NotResource": f"arn:aws:iam::{DEVELOPMENT}:*"})
        ),
        "Developers may not assume UpdateApp, though that is declared",
    ),
    "Developers deny NotAction": (
        of_group("Developers", document({"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"})),
        "Developers may not assume UpdateApp, though that is declared",
    ),
    "Developers' allow with condition": (
        lambda aws: aws.development.groups["Developers"]["GroupPolicyList"][0].update(
            PolicyDocument=allow("sts:AssumeRole", ROLE, **MFA)
        ),
        "Developers may not assume UpdateApp in all declared circumstances",
    ),
}


@pytest.mark.parametrize("name", NARROWER)
def test_narrower_access_is_one_lack(name: str) -> None:
    edit, text = NARROWER[name]
    assert_only(findings_of(edit), "lack", text)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (inline(deny("s3:*")), "is denied by X of inline policy Y"),
        (bucket_policy(denied("*", "s3:*", BOTH)), "is denied by B of the policy of bucket productionapp"),
        (
            lambda aws: aws.production.bound(aws.update_app, aws.production.policy("B", allow("ec2:*"))),
            f"is bounded by arn:aws:iam::{PRODUCTION}:policy/B",
        ),
    ],
    ids=["the role's own", "the bucket's", "the boundary"],
)
def test_one_cause_is_one_lack_that_names_the_cause(edit: Edit, reason: str) -> None:
    [found] = findings_of(edit)
    assert found.because[-1] == reason
