"""Test reviews with changes in every form that widen access by the role or its bucket, as AWS documents it.

Sources: IAM User Guide, "Policy evaluation logic", "AWS JSON policy elements: Principal" and "... NotPrincipal",
"Condition operators", "Set operators for multi-valued context keys" and "Permissions boundaries for IAM entities".
"""

import pytest

from tests.support.deployed import allow, document, root
from tests.support.edit_forms import (
    BOTH,
    TRUST,
    also_trusts,
    assert_only,
    findings_of,
    policy_of_bucket,
    tls,
    trust_of,
    when,
)
from tests.support.edits import BUCKET, THIRD, Edit, all_of, bucket_policy, grants, inline, own, statement
from tests.support.rendered import DEVELOPMENT, PRODUCTION, ROLE

WIDER: dict[str, tuple[Edit, str]] = {
    "trust NotPrincipal": (
        trust_of({"Effect": "Allow", "NotPrincipal": {"AWS": root(THIRD)}, "Action": "sts:AssumeRole"}),
        "anybody in account 999999999999 with the right there may also",
    ),
    "trust sts:*": (
        trust_of({**TRUST, "Action": "sts:*"}),
        "anybody else in account 111111111111 with the right there may",
    ),
    "trust NotAction": (
        trust_of({k: v for k, v in {**TRUST, "NotAction": "sts:GetFederationToken"}.items() if k != "Action"}),
        "anybody else in account 111111111111 with the right there may",
    ),
    "trust TagSession for Dev": (
        also_trusts({**TRUST, "Action": "sts:TagSession"}),
        "anybody else in account 111111111111 with the right there may",
    ),
    "trust SetSourceIdentity for Dev": (
        also_trusts({**TRUST, "Action": ["sts:SetSourceIdentity"]}),
        "anybody else in account 111111111111 with the right there may",
    ),
    "trust AWS * with PrincipalOrgID": (
        also_trusts({**TRUST, "Principal": {"AWS": "*"}, **when("StringEquals", "aws:PrincipalOrgID", "o-abcdefghij")}),
        "anybody in account 999999999999 with the right there may also",
    ),
    "trust * with PrincipalArn of third": (
        also_trusts(
            {**TRUST, "Principal": "*", **when("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{THIRD}:role/x*")}
        ),
        "anybody in account 333333333333 with the right there may also",
    ),
    "trust * with PrincipalAccount list": (
        also_trusts({**TRUST, "Principal": "*", **when("StringEquals", "aws:PrincipalAccount", [DEVELOPMENT, THIRD])}),
        "anybody in account 333333333333 with the right there may also",
    ),
    "trust * StringNotEquals account dev": (
        also_trusts({**TRUST, "Principal": "*", **when("StringNotEquals", "aws:PrincipalAccount", DEVELOPMENT)}),
        "anybody in account 999999999999 with the right there may also",
    ),
    "trust * ForAllValues absent key": (
        also_trusts(
            {**TRUST, "Principal": "*", **when("ForAllValues:StringEquals", "aws:PrincipalOrgPaths", "o-a/r-b/*")}
        ),
        "anybody in account 999999999999 with the right there may also",
    ),
    "trust * IfExists": (
        also_trusts({**TRUST, "Principal": "*", **when("StringEqualsIfExists", "aws:PrincipalOrgID", "o-abcdefghij")}),
        "anybody in account 999999999999 with the right there may also",
    ),
    "trust * Null true": (
        also_trusts({**TRUST, "Principal": "*", **when("Null", "aws:PrincipalTag/team", "true")}),
        "anybody in account 999999999999 with the right there may also",
    ),
    "session principal of third": (
        also_trusts({**TRUST, "Principal": {"AWS": f"arn:aws:sts::{THIRD}:assumed-role/x/session"}}),
        "anybody in account 333333333333 with the right there may also",
    ),
    "session principal of production": (
        also_trusts({**TRUST, "Principal": {"AWS": f"arn:aws:sts::{PRODUCTION}:assumed-role/x/session"}}),
        "anybody in account 999999999999 with the right there may also",
    ),
    "role of production": (
        also_trusts({**TRUST, "Principal": {"AWS": f"arn:aws:iam::{PRODUCTION}:role/x"}}),
        "anybody in account 999999999999 with the right there may also",
    ),
    "cognito": (
        also_trusts(
            {
                **TRUST,
                "Principal": {"Federated": "cognito-identity.amazonaws.com"},
                "Action": "sts:AssumeRoleWithWebIdentity",
            }
        ),
        "Federated: cognito-identity.amazonaws.com may also begin",
    ),
    "service & AWS in one": (
        trust_of({**TRUST, "Principal": {"AWS": root(DEVELOPMENT), "Service": "ecs-tasks.amazonaws.com"}}),
        "principals of other accounts may also assume UpdateApp",
    ),
    "roles anywhere": (
        also_trusts(
            {
                **TRUST,
                "Principal": {"Service": "rolesanywhere.amazonaws.com"},
                "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
            }
        ),
        "principals of other accounts may also assume UpdateApp",
    ),
    "another account, with any session name": (
        trust_of(
            TRUST,
            {
                **TRUST,
                "Principal": {"AWS": f"arn:aws:iam::{THIRD}:root"},
                **when("StringLike", "sts:RoleSessionName", "*"),
            },
        ),
        "anybody in account 333333333333 with the right there may also",
    ),
    "list resource ?": (
        own(grants(f"{BUCKET}/*", list_resource="arn:aws:s3:::productionap?")),
        "UpdateApp may also do s3:GetBucketLocation and s3:ListBucket",
    ),
    "NotResource all but": (
        inline(document({"Effect": "Allow", "Action": "s3:PutObject", "NotResource": [f"{BUCKET}/*"]})),
        "UpdateApp may also do s3:PutObject on everything but",
    ),
    "NotAction s3": (
        inline(document({"Effect": "Allow", "NotAction": ["s3:*", "iam:*", "sts:*"], "Resource": "*"})),
        "UpdateApp may also do everything but iam:*, s3:* and sts:* on",
    ),
    "variables 2008": (
        inline(
            {
                "Version": "2008-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::other/${aws:username}"}
                ],
            }
        ),
        "UpdateApp may also do s3:GetObject on",
    ),
    "list versions": (inline(allow("s3:ListBucketVersions", BUCKET)), "UpdateApp may also do s3:ListBucketVersions on"),
    "GetObject access point": (
        inline(allow("s3:GetObject", f"arn:aws:s3:us-east-1:{PRODUCTION}:accesspoint/x/object/*")),
        "UpdateApp may also do s3:GetObject on",
    ),
    "sts chain": (
        inline(allow("sts:AssumeRole", f"arn:aws:iam::{THIRD}:role/*")),
        "UpdateApp may also do sts:AssumeRole on",
    ),
    "pass role": (
        inline(
            allow(
                "iam:PassRole",
                f"arn:aws:iam::{PRODUCTION}:role/Admin",
                **when("StringEquals", "iam:PassedToService", "ec2.amazonaws.com"),
            )
        ),
        "UpdateApp may also do iam:PassRole on",
    ),
    "only at night": (
        inline(allow("ec2:*", **when("DateGreaterThan", "aws:CurrentTime", "2099-01-01T00:00:00Z"))),
        "UpdateApp may also do ec2:* on *",
    ),
    "two statements deny not covering": (
        all_of(
            inline(
                document(
                    {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
                    {
                        "Effect": "Deny",
                        "NotAction": [
                            "s3:PutBucketPolicy",
                            "s3:GetObject",
                            "s3:PutObject",
                            "s3:DeleteObject",
                            "s3:ListBucket",
                            "s3:GetBucketLocation",
                            "s3:ListAllMyBuckets",
                        ],
                        "Resource": "*",
                    },
                )
            )
        ),
        "UpdateApp may also do s3:* on *",
    ),
    "Admin attached": (
        lambda aws: aws.production.attach(aws.update_app, "AdministratorAccess"),
        "UpdateApp may also do * on *",
    ),
    "PowerUser attached": (
        lambda aws: aws.production.attach(aws.update_app, "PowerUserAccess"),
        "UpdateApp may also do everything but account:*, iam:* and",
    ),
    "Deny with MFA leaves": (
        inline(
            document(
                {"Effect": "Allow", "Action": "iam:*", "Resource": "*"},
                {
                    "Effect": "Deny",
                    "Action": "iam:*",
                    "Resource": "*",
                    **when("BoolIfExists", "aws:MultiFactorAuthPresent", "false"),
                },
            )
        ),
        "UpdateApp may also do iam:* on *",
    ),
    "ec2 with tags condition": (
        inline(allow("ec2:*", **when("StringEquals", "aws:ResourceTag/team", "x"))),
        "UpdateApp may also do ec2:* on *",
    ),
    "bucket policy: NotPrincipal allow": (
        bucket_policy(
            {
                "Sid": "N",
                "Effect": "Allow",
                "NotPrincipal": {"AWS": root(THIRD)},
                "Action": "s3:GetObject",
                "Resource": f"{BUCKET}/*",
            }
        ),
        "everybody but account 333333333333, by the policy of bucket",
    ),
    "bucket policy: canonical user": (
        bucket_policy(
            statement(
                {"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"},
                "s3:GetObject",
                f"{BUCKET}/*",
            )
        ),
        "CanonicalUser:",
    ),
    "bucket policy: role of dev": (
        bucket_policy(statement({"AWS": f"arn:aws:iam::{DEVELOPMENT}:role/x"}, "s3:GetObject", f"{BUCKET}/*")),
        "arn:aws:iam::111111111111:role/x, by the policy of bucket",
    ),
    "bucket policy: session of dev": (
        bucket_policy(
            statement({"AWS": f"arn:aws:sts::{DEVELOPMENT}:assumed-role/x/y"}, "s3:GetObject", f"{BUCKET}/*")
        ),
        "arn:aws:sts::111111111111:assumed-role/x/y, by the policy of",
    ),
    "bucket policy: * with account condition": (
        bucket_policy(
            statement("*", "s3:GetObject", f"{BUCKET}/*", **when("StringEquals", "aws:PrincipalAccount", DEVELOPMENT))
        ),
        "anybody, by the policy of bucket productionapp, may also do",
    ),
    "bucket policy: * with SourceIp": (
        bucket_policy(
            statement("*", "s3:GetObject", f"{BUCKET}/*", **when("IpAddress", "aws:SourceIp", "203.0.113.0/24"))
        ),
        "anybody, by the policy of bucket productionapp, may also do",
    ),
    "bucket policy: * with referer": (
        bucket_policy(
            statement(
                {"AWS": "*"},
                "s3:GetObject",
                f"{BUCKET}/*",
                **when("StringLike", "aws:Referer", "https://example.com/*"),
            )
        ),
        "anybody, by the policy of bucket productionapp, may also do",
    ),
    "bucket policy: user of production": (
        bucket_policy(statement({"AWS": f"arn:aws:iam::{PRODUCTION}:user/x"}, "s3:*", BOTH)),
        "arn:aws:iam::999999999999:user/x, by the policy of bucket",
    ),
    "bucket policy: role more actions": (
        bucket_policy(statement({"AWS": ROLE}, "s3:PutBucketPolicy", BUCKET)),
        "arn:aws:iam::999999999999:role/UpdateApp, by the policy of",
    ),
    "bucket policy: role all": (
        bucket_policy(statement({"AWS": ROLE}, "s3:*", BOTH)),
        "arn:aws:iam::999999999999:role/UpdateApp, by the policy of",
    ),
    "bucket policy: session of UpdateApp all": (
        bucket_policy(statement({"AWS": f"arn:aws:sts::{PRODUCTION}:assumed-role/UpdateApp/David"}, "s3:*", BOTH)),
        "arn:aws:sts::999999999999:assumed-role/UpdateApp/David, by the",
    ),
    "bucket policy: cloudfront": (
        bucket_policy(
            statement(
                {"Service": "cloudfront.amazonaws.com"},
                "s3:GetObject",
                f"{BUCKET}/*",
                **when("StringEquals", "AWS:SourceArn", f"arn:aws:cloudfront::{THIRD}:distribution/E1"),
            )
        ),
        "Service: cloudfront.amazonaws.com, by the policy of bucket",
    ),
    "bucket policy: tls only objects": (
        policy_of_bucket(document(tls(Resource=f"{BUCKET}/*"))),
        "anybody with the right elsewhere may also do s3:* on",
    ),
    "bucket policy: TLS, but not for the role": (
        policy_of_bucket(
            document(
                tls(Condition={"Bool": {"aws:SecureTransport": "false"}, "StringNotEquals": {"aws:PrincipalArn": ROLE}})
            )
        ),
        "anybody with the right elsewhere may also do s3:* on",
    ),
    "bucket policy: tls only get": (
        policy_of_bucket(document(tls(Action="s3:GetObject"))),
        "anybody with the right elsewhere may also do s3:* on",
    ),
    "bucket policy: tls for one account": (
        policy_of_bucket(document(tls(Principal={"AWS": root(DEVELOPMENT)}))),
        "anybody with the right elsewhere may also do s3:* on",
    ),
    "ACL log delivery": (
        all_of(
            lambda aws: aws.bucket.update(ownership="BucketOwnerPreferred"),
            lambda aws: aws.bucket["grants"].append(
                {"Grantee": {"URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"}, "Permission": "WRITE"}
            ),
        ),
        "bucket productionapp is open by its ACL: WRITE to LogDelivery",
    ),
}


@pytest.mark.parametrize("name", WIDER)
def test_wider_access_is_one_excess(name: str) -> None:
    edit, text = WIDER[name]
    assert_only(findings_of(edit), "excess", text)
