"""Test reviews with manual changes: each that widens or narrows access is a finding, harmless ones are not."""

from dataclasses import replace
from typing import Any

import pytest

from access.known_principals import KnownPrincipal
from access.reading.values import Finding
from tests.support.deployed import Aws, allow, deny, document, root, trusts
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
from tests.support.rendered import DEVELOPMENT, PRODUCTION, ROLE, group, role, state

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

NARROWER: dict[str, tuple[Edit, str]] = {
    "the role is gone": (lambda aws: aws.production.roles.clear(), "there is no role UpdateApp"),
    "the role is moved": (
        lambda aws: aws.update_app.update(Arn=f"arn:aws:iam::{PRODUCTION}:role/moved/UpdateApp"),
        "there is no role UpdateApp",
    ),
    "the group is gone": (
        all_of(lambda aws: aws.development.groups.pop("Developers"), lambda aws: aws.development.users.pop("David")),
        "there is no group Developers",
    ),
    "the bucket is gone": (lambda aws: aws.production.buckets.clear(), "there is no bucket productionapp"),
    "trust is gone": (trust(document()), "Developers may not assume UpdateApp, though that is declared"),
    "trust requires MFA": (trust(trusts(root(DEVELOPMENT), **MFA)), "Developers may not assume UpdateApp in all"),
    "trust requires an external id": (
        trust(trusts(root(DEVELOPMENT), Condition={"StringEquals": {"sts:ExternalId": "x"}})),
        "Developers may not assume UpdateApp in all",
    ),
    "trust denies a user": (
        trust(
            document(
                trusts(root(DEVELOPMENT))["Statement"][0],
                {**trusts(f"arn:aws:iam::{DEVELOPMENT}:user/David")["Statement"][0], "Effect": "Deny"},
            )
        ),
        "Developers may not assume UpdateApp",
    ),
    "trust names one user": (
        trust(trusts(f"arn:aws:iam::{DEVELOPMENT}:user/David")),
        "Developers may not assume UpdateApp",
    ),
    "Developers' policy is gone": (
        lambda aws: aws.development.groups["Developers"]["GroupPolicyList"].clear(),
        "Developers may not assume UpdateApp",
    ),
    "Developers are denied": (of_group("Developers", deny("sts:*")), "Developers may not assume UpdateApp"),
    "a Developer is denied": (
        lambda aws: aws.development.put(aws.development.users["David"], "Y", deny("sts:AssumeRole")),
        "David may not assume UpdateApp",
    ),
    "a Developer is in a group that is denied": (
        all_of(
            of_group("Guests", deny("sts:*")), lambda aws: aws.development.users["David"]["GroupList"].append("Guests")
        ),
        "David may not assume UpdateApp",
    ),
    "a Developer is bounded": (
        lambda aws: aws.development.bound(aws.development.users["David"], aws.development.policy("B", allow("s3:*"))),
        "David may not assume UpdateApp",
    ),
    "the role's policy is detached": (
        lambda aws: aws.update_app["AttachedManagedPolicies"].clear(),
        "UpdateApp may not do",
    ),
    "the role may not write": (
        own(allow(["s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation", "s3:ListAllMyBuckets"], "*")),
        "UpdateApp may not do s3:",
    ),
    "objects of one letter only": (own(grants(f"{BUCKET}/a*")), "UpdateApp may not do s3:"),
    "listing of the empty prefix only": (
        own(grants(f"{BUCKET}/*", Condition={"StringEquals": {"s3:prefix": ""}})),
        "UpdateApp may not do s3:",
    ),
    "a Deny in the role": (inline(deny("s3:PutObject")), "UpdateApp may not do s3:"),
    "a Deny in the role, in the evening": (
        inline(deny("s3:*", Condition={"DateGreaterThan": {"aws:CurrentTime": "2099-01-01T00:00:00Z"}})),
        "UpdateApp may not do",
    ),
    "a boundary of the role": (
        lambda aws: aws.production.bound(aws.update_app, aws.production.policy("B", allow("s3:GetObject"))),
        "UpdateApp may not do",
    ),
    "the bucket denies the role": (
        bucket_policy({**statement({"AWS": ROLE}, "s3:PutObject", f"{BUCKET}/*"), "Effect": "Deny"}),
        "may not do s3:PutObject",
    ),
    "shorter sessions": (lambda aws: aws.update_app.update(MaxSessionDuration=1800), "may last 1800 seconds"),
}

HARMLESS: dict[str, Edit] = {
    "nothing": lambda aws: None,
    "a user without rights": user(DEVELOPMENT),
    "another Developer": user(DEVELOPMENT, None, "Developers"),
    "a Tester with all rights": user(DEVELOPMENT, None, "Testers"),
    "rights on other things": user(DEVELOPMENT, allow(["ec2:*", "s3:*"])),
    "a role of Development for a service": another_role(
        DEVELOPMENT,
        document({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}),
        allow("s3:*"),
    ),
    "a role of production without rights on the bucket": another_role(
        PRODUCTION,
        document({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}),
        allow("dynamodb:*"),
    ),
    "an auditor of production": user(PRODUCTION, attach="SecurityAudit"),
    "the same trust in another form": trust(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Principal": {"AWS": DEVELOPMENT}, "Action": ["sts:AssumeRole"]},
        }
    ),
    "the same rights in another form": own(
        document(
            {"Effect": "Allow", "Action": ["s3:ListAllMyBuckets"], "Resource": ["*"]},
            {"Effect": "Allow", "Action": "s3:GetBucketLocation", "Resource": BUCKET},
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET},
            {"Effect": "Allow", "Action": ["s3:getobject", "s3:PUTOBJECT"], "Resource": f"{BUCKET}/*"},
            {"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": [f"{BUCKET}/*", f"{BUCKET}/x*"]},
        )
    ),
    "an allowed action is allowed again": inline(allow("s3:GetObject", f"{BUCKET}/reports/*")),
    "an action that nobody allows is denied": inline(deny("ec2:*")),
    "an unattached policy": lambda aws: aws.production.policy("Loose", allow("*")),
    "a group without members": of_group("Empty", allow("ec2:*")),
    "a boundary that allows everything": lambda aws: aws.production.bound(
        aws.update_app, aws.production.policy("B", allow("s3:*"))
    ),
    "rights beyond the boundary": all_of(
        lambda aws: aws.production.bound(aws.update_app, aws.production.policy("B", allow("s3:*"))),
        inline(allow("ec2:*")),
    ),
    "a user with a boundary": all_of(
        user(DEVELOPMENT, allow("*")),
        lambda aws: aws.development.bound(aws.development.user("Norman"), aws.development.policy("B", allow("s3:*"))),
    ),
    "a service-linked role": lambda aws: aws.production.put(
        aws.production.role("AWSServiceRoleForConfig", trusts("*"), "aws-service-role/config.amazonaws.com/"),
        "Y",
        allow("s3:*"),
    ),
    "another bucket, not of the stack": lambda aws: aws.production.buckets.update(another={}),
    "the bucket denies others rights that they never had": bucket_policy(
        {**statement({"AWS": root(THIRD)}, "s3:*", [BUCKET, f"{BUCKET}/*"]), "Effect": "Deny"}
    ),
}


KEY = f"arn:aws:kms:us-east-1:{PRODUCTION}:key/1234abcd"
DEV = "AWSReservedSSO_Dev_0123456789abcdef"
SAML = document(
    {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{DEVELOPMENT}:saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE"},
        "Action": "sts:AssumeRoleWithSAML",
    }
)
OTHER_STACKS: dict[str, tuple[dict[str, Any], Edit, str, str]] = {
    "MFA is no longer required": (
        {"require_mfa": True},
        trust(trusts(root(DEVELOPMENT))),
        "excess",
        "Developers may also assume UpdateApp, in more circumstances than declared: without MFA",
    ),
    "another external id": (
        {"external_id": "Example-987"},
        trust(trusts(root(DEVELOPMENT), Condition={"StringEquals": {"sts:ExternalId": "another"}})),
        "excess",
        "with external id another",
    ),
    "the end is gone": (
        {"expires_at": "2027-01-31T00:00:00Z"},
        trust(trusts(root(DEVELOPMENT))),
        "excess",
        "in more circumstances than declared: at times such as",
    ),
    "addresses are no longer checked": (
        {"source_ip_ranges": ["8.8.8.0/24"]},
        trust(trusts(root(DEVELOPMENT))),
        "excess",
        "in more circumstances than declared",
    ),
    "another organization": (
        {"organization_id": "o-abcdefghij"},
        trust(trusts(root(DEVELOPMENT))),
        "excess",
        "in more circumstances than declared",
    ),
    "other principals": (
        {"trusted_principal_arns": [f"arn:aws:iam::{DEVELOPMENT}:role/deploy"]},
        trust(trusts(root(DEVELOPMENT))),
        "excess",
        "anybody else in account",
    ),
    "a principal is no longer denied": (
        {"denied_principal_arns": [f"arn:aws:iam::{DEVELOPMENT}:user/David"]},
        trust(trusts(root(DEVELOPMENT))),
        "excess",
        "Developers may also assume UpdateApp",
    ),
    "a source identity is no longer required": (
        {"require_source_identity": True},
        trust(trusts(root(DEVELOPMENT))),
        "excess",
        "Developers may also assume UpdateApp",
    ),
    "another prefix": (
        {"prefixes": ["reports/"]},
        inline(allow("s3:GetObject", f"{BUCKET}/*")),
        "excess",
        f"UpdateApp may also do s3:GetObject on {BUCKET}/*",
    ),
    "a read-only role that writes": (
        {"access": "read"},
        inline(allow("s3:PutObject", f"{BUCKET}/reports/*")),
        "excess",
        "UpdateApp may also do s3:PutObject",
    ),
    "the boundary is gone": (
        {"permissions_boundary": "arn:aws:iam::aws:policy/PowerUserAccess"},
        lambda aws: aws.update_app.pop("PermissionsBoundary"),
        "excess",
        "UpdateApp is not bounded by arn:aws:iam::aws:policy/PowerUserAccess, though that is declared: it has none",
    ),
    "another boundary": (
        {"permissions_boundary": "arn:aws:iam::aws:policy/PowerUserAccess"},
        lambda aws: aws.production.bound(aws.update_app, aws.production.policy("B", allow("*"))),
        "excess",
        f"it has arn:aws:iam::{PRODUCTION}:policy/B",
    ),
    "sessions are no longer revoked": (
        {"revoke_sessions_issued_before": "2026-11-01T00:00:00Z"},
        own(grants(f"{BUCKET}/*")),
        "excess",
        "in sessions begun at times such as",
    ),
    "a user of production may decrypt": (
        {"kms_key_arns": [KEY]},
        user(PRODUCTION, allow("kms:*", KEY)),
        "excess",
        f"Norman may also decrypt with, encrypt with, share and disable key {KEY}",
    ),
    "as declared, with everything": (
        {"require_mfa": True, "external_id": "Example-987", "prefixes": ["reports/"], "kms_key_arns": [KEY]},
        lambda aws: None,
        "",
        "",
    ),
}
"""The role's options, a change, and the kind and text of a finding."""

OTHER_GRANTEES: dict[str, tuple[list[dict[str, Any]], Edit, str, str]] = {
    "another member": (
        [group("Developers", allow=[ROLE], members=["David"])],
        user(DEVELOPMENT, None, "Developers"),
        "excess",
        "Norman (now in Developers) may also assume UpdateApp",
    ),
    "a missing member": (
        [group("Developers", allow=[ROLE], members=["David", "Doris"])],
        lambda aws: aws.development.users.pop("Doris"),
        "lack",
        "Doris",
    ),
    "a missing denied member": (
        [group("Testers", deny=[ROLE], members=["Tina"])],
        lambda aws: aws.development.users["Tina"]["GroupList"].clear(),
        "excess",
        "Tina, where other policies allow it, may also assume UpdateApp",
    ),
    "a grantee role has more rights": (
        [group("Deployer", kind="role", allow=[ROLE])],
        lambda aws: aws.development.put(
            aws.development.roles["Deployer"], "Y", allow("sts:*", f"arn:aws:iam::{PRODUCTION}:role/*")
        ),
        "excess",
        "role Deployer may also do sts:*",
    ),
    "a grantee role is bounded": (
        [group("Deployer", kind="role", allow=[ROLE])],
        lambda aws: aws.development.bound(
            aws.development.roles["Deployer"], aws.development.policy("B", allow("s3:*"))
        ),
        "lack",
        "role Deployer may not assume UpdateApp",
    ),
    "a grantee role is gone": (
        [group("Deployer", kind="role", allow=[ROLE])],
        lambda aws: aws.development.roles.clear(),
        "lack",
        "there is no role Deployer",
    ),
    "a permission set's policy is wider": (
        [group("Dev", kind="permissionSet", allow=[ROLE])],
        lambda aws: aws.development.policy(
            "allow-assume", allow("sts:AssumeRole", f"arn:aws:iam::{PRODUCTION}:role/*")
        ),
        "excess",
        f"permission set Dev may also do sts:AssumeRole on arn:aws:iam::{PRODUCTION}:role/*",
    ),
    "a permission set's policy is gone": (
        [group("Dev", kind="permissionSet", allow=[ROLE])],
        lambda aws: aws.development.policies.clear(),
        "lack",
        "permission set Dev may not assume UpdateApp",
    ),
    "a permission set's Deny is not in force": (
        [group("Dev", kind="permissionSet", deny=[ROLE])],
        lambda aws: aws.development.put(
            aws.development.role(DEV, SAML, "aws-reserved/sso.amazonaws.com/"), "Y", allow("sts:AssumeRole")
        ),
        "excess",
        f"role {DEV} may also assume UpdateApp",
    ),
    "as declared, of each kind": (
        [
            group("Developers", allow=[ROLE], members=["David"]),
            group("Testers", deny=[ROLE], members=["Theresa"]),
            group("Deployer", kind="role", allow=[ROLE]),
            group("Dev", kind="permissionSet", allow=[ROLE]),
        ],
        lambda aws: aws.development.attach(
            aws.development.role(DEV, SAML, "aws-reserved/sso.amazonaws.com/"),
            aws.development.arn("policy", "allow-assume"),
        ),
        "",
        "",
    ),
}
"""The grantees, a change, and the kind and text of a finding."""


def findings_of(aws: Aws, *known: KnownPrincipal) -> list[Finding]:
    return [finding for reading in aws.review(*known).readings for finding in reading.findings]


@pytest.mark.parametrize("name", WIDER)
def test_wider_access_is_an_excess(name: str) -> None:
    edit, text = WIDER[name]
    aws = Aws()
    edit(aws)
    found = findings_of(aws)
    assert [each for each in found if each.kind == "excess" and text in each.text], [
        (each.kind, each.text) for each in found
    ]


@pytest.mark.parametrize("name", NARROWER)
def test_narrower_access_is_a_lack(name: str) -> None:
    edit, text = NARROWER[name]
    aws = Aws()
    edit(aws)
    found = findings_of(aws)
    assert [each for each in found if each.kind == "lack" and text in each.text], [
        (each.kind, each.text) for each in found
    ]
    if name not in ("the role is moved", "the role may not write"):  # these are wider too
        assert not [each.text for each in found if each.kind == "excess"]


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_changes_are_no_finding(name: str) -> None:
    aws = Aws()
    HARMLESS[name](aws)
    assert findings_of(aws) == []
    assert aws.review().holds


@pytest.mark.parametrize("name", OTHER_STACKS)
def test_options_of_a_role_are_compared(name: str) -> None:
    options, edit, kind, text = OTHER_STACKS[name]
    aws = Aws(state(roles=[role(**options)]))
    edit(aws)
    found = findings_of(aws)
    assert bool([each for each in found if each.kind == kind and text in each.text]) is bool(kind), found
    assert bool(found) is bool(kind)


@pytest.mark.parametrize("name", OTHER_GRANTEES)
def test_grantees_of_each_kind_are_compared(name: str) -> None:
    grantees, edit, kind, text = OTHER_GRANTEES[name]
    aws = Aws(state(grantees=grantees))
    edit(aws)
    found = findings_of(aws)
    assert bool([each for each in found if each.kind == kind and text in each.text]) is bool(kind), found
    assert bool(found) is bool(kind)


ADMINISTRATOR = f"arn:aws:iam::{PRODUCTION}:user/Norman"
KNOWN = KnownPrincipal(f"arn:aws:iam::{PRODUCTION}:user/Nor*", "manages the account", "2027-01-31T00:00:00Z")


def administered() -> Aws:
    aws = Aws()
    aws.production.attach(aws.production.user("Norman"), "AdministratorAccess")
    return aws


def test_a_known_principal_is_listed_and_is_not_a_finding() -> None:
    aws = administered()
    assert len(findings_of(aws)) == 1
    review = aws.review(KNOWN)
    assert review.holds
    assert [each.matched for each in review.known] == [(ADMINISTRATOR,)]


def test_the_file_of_a_stack_names_known_principals() -> None:
    aws = administered()
    entry = {"principal": ADMINISTRATOR, "reason": "manages the account"}
    aws.declared["stacks"]["production"]["outputs"] = {"knownPrincipals": [entry]}
    review = aws.review()
    assert review.holds
    assert review.known == (KnownPrincipal(ADMINISTRATOR, "manages the account", None, (ADMINISTRATOR,)),)


@pytest.mark.parametrize(
    "known",
    [
        replace(KNOWN, until="2026-11-25T12:00:00Z"),
        replace(KNOWN, pattern=f"arn:aws:iam::{PRODUCTION}:user/nor*"),
        replace(KNOWN, pattern=f"arn:aws:iam::{PRODUCTION}:role/*"),
    ],
    ids=["it is over", "another name", "roles"],
)
def test_unmatched_principals_remain_findings(known: KnownPrincipal) -> None:
    review = administered().review(known)
    assert not review.holds
    assert review.known == ()


def test_a_role_of_a_stack_is_never_an_exception() -> None:
    aws = Aws()
    inline(allow("iam:*"))(aws)
    assert findings_of(aws, KnownPrincipal(ROLE, "no"))


def test_principals_with_the_same_access_share_a_finding() -> None:
    aws = Aws()
    for number in range(7):
        aws.production.attach(aws.production.user(f"Norman{number}"), "AdministratorAccess")
    names = "Norman0, Norman1, Norman2, Norman3, Norman4 and 2 more"
    assert [finding.text for finding in findings_of(aws)] == [
        f"{names} may also do anything in account {PRODUCTION}: read objects of, write objects of, list and change"
        " bucket productionapp; change role UpdateApp; change the policies of role UpdateApp"
    ]


def test_an_unreadable_account_is_undecided() -> None:
    aws = Aws()
    aws.production.unreadable.add("get_account_authorization_details")
    assert [(each.kind, each.text) for each in findings_of(aws)] == [
        (
            "undecided",
            f"the users, groups and roles of {PRODUCTION} could not be read:"
            " iam:GetAccountAuthorizationDetails is missing",
        )
    ]


def test_an_unreadable_bucket_is_undecided() -> None:
    aws = Aws()
    aws.bucket["policy"] = None
    aws.production.unreadable.add("get_bucket_policy")
    assert [(each.kind, each.text) for each in findings_of(aws)] == [
        ("undecided", "the policy of bucket productionapp could not be read: s3:GetBucketPolicy is missing")
    ]
