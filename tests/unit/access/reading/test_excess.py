"""Test reviews with manual changes that widen access: each is an excess."""

import pytest

from tests.support.deployed import Aws, allow, deny, document, findings_of, root, trusts
from tests.support.edits import (
    BUCKET,
    MFA,
    THIRD,
    Edit,
    all_of,
    another_role,
    attached,
    bucket_policy,
    grants,
    inline,
    of_group,
    own,
    statement,
    trust,
    user,
)
from tests.support.rendered import DEVELOPMENT, PRODUCTION, ROLE

WIDER: dict[str, tuple[Edit, str]] = {
    # The role can extend its own rights.
    "PutRolePolicy on itself": (
        inline(allow("iam:PutRolePolicy", ROLE)),
        f"UpdateApp may also do iam:PutRolePolicy on {ROLE}",
    ),
    "CreatePolicyVersion": (inline(allow("iam:CreatePolicyVersion", "*")), "iam:CreatePolicyVersion on *"),
    "CreateUser and AttachUserPolicy": (
        inline(allow(["iam:CreateUser", "iam:AttachUserPolicy"])),
        "UpdateApp may also do iam:AttachUserPolicy and iam:CreateUser on *",
    ),
    "assume an administrator": (
        inline(allow("sts:AssumeRole", f"arn:aws:iam::{PRODUCTION}:role/Admin")),
        "do sts:AssumeRole",
    ),
    "UpdateAssumeRolePolicy": (inline(allow("iam:UpdateAssumeRolePolicy", ROLE)), "iam:UpdateAssumeRolePolicy"),
    "everything": (inline(allow("*")), "UpdateApp may also do * on *"),
    # The role has other rights.
    "another attached policy": (attached(allow("ec2:*")), "do ec2:* on *"),
    "AWS's policy attached": (lambda aws: aws.production.attach(aws.update_app, "AmazonEC2FullAccess"), "and ec2:*"),
    "NotAction": (
        inline(document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})),
        "do everything but iam:*",
    ),
    "NotResource": (
        inline(document({"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "x"})),
        "do s3:GetObject",
    ),
    "lambda and PassRole": (inline(allow(["lambda:*", "iam:PassRole"])), "do iam:PassRole and lambda:* on *"),
    "PutBucketAcl": (inline(allow("s3:PutBucketAcl", BUCKET)), f"do s3:PutBucketAcl on {BUCKET}"),
    "DeleteBucket": (inline(allow("s3:DeleteBucket", BUCKET)), "do s3:DeleteBucket"),
    "PutLifecycleConfiguration": (inline(allow("s3:PutLifecycleConfiguration", BUCKET)), "PutLifecycleConfiguration"),
    "PutReplicationConfiguration": (inline(allow("s3:PutReplicationConfiguration", BUCKET)), "PutReplication"),
    "buckets with the same prefix": (own(grants(f"{BUCKET}*/*")), "arn:aws:s3:::productionapp*/*"),
    "another bucket": (
        inline(allow("s3:GetObject", "arn:aws:s3:::other/*")),
        "do s3:GetObject on arn:aws:s3:::other/*",
    ),
    "old versions": (inline(allow("s3:GetObjectVersion", f"{BUCKET}/*")), "do s3:GetObjectVersion"),
    "object ACLs": (inline(allow("s3:PutObjectAcl", f"{BUCKET}/*")), "do s3:PutObjectAcl"),
    "multipart uploads": (inline(allow("s3:AbortMultipartUpload", f"{BUCKET}/*")), "do s3:AbortMultipartUpload"),
    "a wildcard within an action": (inline(allow("s3:*Object", f"{BUCKET}/*")), "do s3:*Object on"),
    "with a condition": (inline(allow("s3:GetBucketPolicy", BUCKET, **MFA)), "do s3:GetBucketPolicy"),
    "keys": (inline(allow("kms:Decrypt")), "do kms:Decrypt on *"),
    "credentials of its own": (inline(allow("sts:GetFederationToken")), "GetFederationToken"),
    # The bucket is open to others than the role.
    "its policy lets Development read": (
        bucket_policy(statement({"AWS": root(DEVELOPMENT)}, "s3:GetObject", f"{BUCKET}/*")),
        f"account {DEVELOPMENT}, by the policy of bucket productionapp, may also do s3:GetObject",
    ),
    "its policy lets anybody read": (
        bucket_policy(statement("*", "s3:GetObject", f"{BUCKET}/*")),
        "anybody, by the policy",
    ),
    "its policy lets another account write": (
        bucket_policy(statement({"AWS": root(THIRD)}, "s3:PutObject", f"{BUCKET}/*")),
        f"account {THIRD}, by the policy",
    ),
    "its policy lets an organization in": (
        bucket_policy(
            statement(
                "*", "s3:*", [BUCKET, f"{BUCKET}/*"], Condition={"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}
            )
        ),
        "anybody, by the policy",
    ),
    "its policy lets a service in": (
        bucket_policy(statement({"Service": "cloudtrail.amazonaws.com"}, "s3:PutObject", f"{BUCKET}/*")),
        "cloudtrail.amazonaws.com, by the policy",
    ),
    "its policy no longer requires TLS": (
        lambda aws: aws.bucket.pop("policy"),
        "anybody with the right elsewhere may also",
    ),
    "an ACL for everybody": (
        all_of(
            lambda aws: aws.bucket.update(ownership="ObjectWriter"),
            lambda aws: aws.bucket["grants"].append(
                {"Grantee": {"URI": "http://acs.amazonaws.com/groups/global/AllUsers"}, "Permission": "READ"}
            ),
        ),
        "bucket productionapp is open by its ACL: READ to AllUsers",
    ),
    "an ACL for another account": (
        all_of(
            lambda aws: aws.bucket.update(ownership="BucketOwnerPreferred"),
            lambda aws: aws.bucket["grants"].append({"Grantee": {"ID": "other"}, "Permission": "FULL_CONTROL"}),
        ),
        "is open by its ACL: FULL_CONTROL to other",
    ),
    "ACLs are enabled again": (lambda aws: aws.bucket.update(ownership="ObjectWriter"), "its ACL is in force"),
    "public access is no longer blocked": (
        lambda aws: aws.bucket.pop("block"),
        "its public access block lacks blockPublicAcls",
    ),
    "one guard is off": (
        lambda aws: aws.bucket["block"].update(RestrictPublicBuckets=False),
        "its public access block lacks restrictPublicBuckets",
    ),
    # A second path to the role or bucket.
    "another role of production": (
        another_role(PRODUCTION, trusts(root(DEVELOPMENT)), allow("s3:GetObject", f"{BUCKET}/*")),
        f"role Other may also let account {DEVELOPMENT} in",
    ),
    "another role without rights": (
        another_role(PRODUCTION, trusts(root(DEVELOPMENT))),
        f"let account {DEVELOPMENT} in",
    ),
    "another role for a user of Development": (
        another_role(PRODUCTION, trusts(f"arn:aws:iam::{DEVELOPMENT}:user/David")),
        f"let account {DEVELOPMENT} in",
    ),
    "another role for everybody": (another_role(PRODUCTION, trusts("*")), "let every other account in"),
    "a service's role reaches the bucket": (
        another_role(
            PRODUCTION,
            document({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}),
            allow("s3:*", [BUCKET, f"{BUCKET}/*"]),
        ),
        "role Other may also read objects of, write objects of, list and change bucket productionapp",
    ),
    "a user of production reaches the bucket": (
        user(PRODUCTION, allow("s3:GetObject")),
        "Norman may also read objects of bucket productionapp",
    ),
    "a user of production reads all of S3": (
        user(PRODUCTION, attach="AmazonS3ReadOnlyAccess"),
        "Norman may also read objects of and list bucket productionapp",
    ),
    "an administrator of production": (
        user(PRODUCTION, attach="AdministratorAccess"),
        f"Norman may also do anything in account {PRODUCTION}: read objects of, write objects of, list and change"
        " bucket productionapp; change role UpdateApp; change the policies of role UpdateApp",
    ),
    "an administrator of production, but for IAM": (
        user(PRODUCTION, document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})),
        "Norman may also read objects of, write objects of, list and change bucket productionapp",
    ),
    "a user may change the trust": (
        user(PRODUCTION, allow("iam:UpdateAssumeRolePolicy")),
        "Norman may also change role UpdateApp",
    ),
    "a user may change the policy": (
        user(PRODUCTION, allow("iam:CreatePolicyVersion", f"arn:aws:iam::{PRODUCTION}:policy/read-write-app-bucket")),
        "Norman may also change the policies of role UpdateApp",
    ),
    "a user may join groups": (
        user(DEVELOPMENT, allow("iam:AddUserToGroup", f"arn:aws:iam::{DEVELOPMENT}:group/Developers")),
        "Norman may also change group Developers",
    ),
    # The trust policy is wider than declared.
    "a third account": (trust(trusts(root(DEVELOPMENT), root(THIRD))), f"account {THIRD}"),
    "a third account, as digits": (trust(trusts(root(DEVELOPMENT), THIRD)), f"account {THIRD}"),
    "a role of another account": (trust(trusts(root(DEVELOPMENT), f"arn:aws:iam::{THIRD}:role/x")), f"account {THIRD}"),
    "a user of another account": (trust(trusts(root(DEVELOPMENT), f"arn:aws:iam::{THIRD}:user/x")), f"account {THIRD}"),
    "an account with an external id": (
        lambda aws: aws.update_app["AssumeRolePolicyDocument"]["Statement"].append(
            trusts(root(THIRD), Condition={"StringEquals": {"sts:ExternalId": "x"}})["Statement"][0]
        ),
        f"account {THIRD}",
    ),
    "everybody": (trust(trusts("*")), "principals of other accounts"),
    "everybody but the outsider": (
        trust(
            document(trusts("*")["Statement"][0], {**trusts(root("222222222222"))["Statement"][0], "Effect": "Deny"})
        ),
        "principals of other accounts",
    ),
    "its own account": (trust(trusts(root(DEVELOPMENT), root(PRODUCTION))), f"account {PRODUCTION}"),
    "a service": (
        lambda aws: aws.update_app["AssumeRolePolicyDocument"]["Statement"].append(
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ),
        "Service: lambda.amazonaws.com may also begin sessions of UpdateApp",
    ),
    "an OIDC provider": (
        lambda aws: aws.update_app["AssumeRolePolicyDocument"]["Statement"].append(
            {
                "Effect": "Allow",
                "Principal": {
                    "Federated": f"arn:aws:iam::{PRODUCTION}:oidc-provider/token.actions.githubusercontent.com"
                },
                "Action": "sts:AssumeRoleWithWebIdentity",
            }
        ),
        "token.actions.githubusercontent.com may also begin sessions",
    ),
    "a SAML provider": (
        lambda aws: aws.update_app["AssumeRolePolicyDocument"]["Statement"].append(
            {
                "Effect": "Allow",
                "Principal": {"Federated": f"arn:aws:iam::{PRODUCTION}:saml-provider/Okta"},
                "Action": "sts:AssumeRoleWithSAML",
            }
        ),
        "saml-provider/Okta may also begin sessions",
    ),
    "tags may be passed": (
        lambda aws: aws.update_app["AssumeRolePolicyDocument"]["Statement"].append(
            {**trusts(root(DEVELOPMENT))["Statement"][0], "Action": "sts:TagSession"}
        ),
        "",
    ),
    "longer sessions": (
        lambda aws: aws.update_app.update(MaxSessionDuration=43200),
        "may last 43200 seconds; declared: 3600",
    ),
    # Groups and other principals have more rights.
    "Testers' Deny is gone": (
        lambda aws: aws.development.groups["Testers"]["GroupPolicyList"].clear(),
        "power users in Testers",
    ),
    "Testers' Deny is gone and they may": (
        all_of(
            lambda aws: aws.development.groups["Testers"]["GroupPolicyList"].clear(),
            of_group("Testers", allow("sts:AssumeRole", ROLE)),
        ),
        "Testers may also assume UpdateApp",
    ),
    "Testers' Deny is for another role": (
        lambda aws: aws.development.put(
            aws.development.groups["Testers"],
            aws.development.groups["Testers"]["GroupPolicyList"][0]["PolicyName"],
            deny("sts:AssumeRole", f"{ROLE}2"),
        ),
        "power users in Testers",
    ),
    "Developers may assume another role of production": (
        all_of(
            another_role(PRODUCTION, trusts(root(DEVELOPMENT))),
            of_group("Developers", allow("sts:AssumeRole", f"arn:aws:iam::{PRODUCTION}:role/Other")),
        ),
        f"group Developers may also do sts:AssumeRole on arn:aws:iam::{PRODUCTION}:role/Other",
    ),
    "Developers may assume any role of production": (
        of_group("Developers", allow("sts:AssumeRole", f"arn:aws:iam::{PRODUCTION}:role/*")),
        f"group Developers may also do sts:AssumeRole on arn:aws:iam::{PRODUCTION}:role/*",
    ),
    "Developers may use production's keys": (
        of_group("Developers", allow("kms:Decrypt", f"arn:aws:kms:us-east-1:{PRODUCTION}:key/1")),
        "group Developers may also do kms:Decrypt",
    ),
    "a user may": (user(DEVELOPMENT, allow("sts:AssumeRole", ROLE)), "Norman may also assume UpdateApp"),
    "another group may": (of_group("Others", allow("sts:AssumeRole", ROLE)), "group Others may also assume UpdateApp"),
    "Developers may change groups": (
        of_group("Developers", allow("iam:*")),
        "group Developers, David may also change group Developers",
    ),
    "another group of production": (
        lambda aws: aws.production.attach(aws.production.group("Ops"), "PowerUserAccess"),
        "group Ops may also read objects of, write objects of, list and change bucket productionapp",
    ),
    "a user may, by another group": (
        all_of(
            user(DEVELOPMENT, None, "Admins"),
            lambda aws: aws.development.attach(aws.development.group("Admins"), "AdministratorAccess"),
        ),
        f"group Admins, Norman may also do anything in account {DEVELOPMENT}: assume UpdateApp; change group",
    ),
    "a power user": (user(DEVELOPMENT, attach="PowerUserAccess"), "Norman may also assume UpdateApp"),
    "a user may with MFA": (
        user(DEVELOPMENT, allow("sts:AssumeRole", ROLE, **MFA)),
        "Norman may also assume UpdateApp",
    ),
    "a role of Development may": (
        another_role(DEVELOPMENT, trusts(root(DEVELOPMENT)), allow("sts:*")),
        "role Other may also assume UpdateApp",
    ),
    "a role of Identity Center may": (
        lambda aws: aws.development.put(
            aws.development.role(
                "AWSReservedSSO_Dev_0123456789abcdef", trusts(), path="aws-reserved/sso.amazonaws.com/"
            ),
            "Y",
            allow("sts:AssumeRole"),
        ),
        "role AWSReservedSSO_Dev_0123456789abcdef may also assume UpdateApp",
    ),
}


@pytest.mark.parametrize("name", WIDER)
def test_wider_access_is_an_excess(name: str) -> None:
    edit, text = WIDER[name]
    aws = Aws()
    edit(aws)
    found = findings_of(aws)
    assert [each for each in found if each.kind == "excess" and text in each.text], [
        (each.kind, each.text) for each in found
    ]
