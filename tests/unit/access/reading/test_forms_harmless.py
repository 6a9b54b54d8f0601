"""Test reviews with changes in every form that alter no access, or that nobody can decide, as AWS documents it.

Sources: IAM User Guide, "Policy evaluation logic", "AWS JSON policy elements: Principal" and "... NotPrincipal",
"Condition operators", "Set operators for multi-valued context keys" and "Permissions boundaries for IAM entities".
"""

import pytest

from tests.support.deployed import allow, deny, document, root, trusts
from tests.support.edit_forms import (
    BOTH,
    INSECURE,
    OIDC,
    TRUST,
    another_user,
    assert_only,
    changed_own,
    denied,
    findings_of,
    of_david,
    other_role,
    policy_of_bucket,
    service,
    tls,
    trust_of,
    when,
)
from tests.support.edits import (
    BUCKET,
    MFA,
    THIRD,
    Edit,
    all_of,
    bucket_policy,
    grants,
    inline,
    of_group,
    own,
    statement,
    trust,
)
from tests.support.rendered import DEVELOPMENT, PRODUCTION, ROLE

HARMLESS: dict[str, Edit] = {
    "Developers may do all of sts on the role": of_group("Developers", allow("sts:*", ROLE)),
    "Developers may not pass tags": of_group("Developers", deny(["sts:TagSession", "sts:SetSourceIdentity"])),
    "trust denies tags": trust_of(TRUST, {**TRUST, "Effect": "Deny", "Action": "sts:TagSession"}),
    "trust of a principal that was deleted, and of the account": trust(trusts(root(DEVELOPMENT), "AIDAEXAMPLE")),
    "an empty condition, on what is allowed": inline(allow("s3:GetBucketLocation", BUCKET, Condition={})),
    "bucket policy: TLS with IfExists, of a key that is always there": policy_of_bucket(
        document(tls(Condition={"BoolIfExists": {"AWS:SECURETRANSPORT": False}}))
    ),
    "bucket policy: TLS with NotAction": policy_of_bucket(
        document({**{key: value for key, value in tls().items() if key != "Action"}, "NotAction": "iam:*"})
    ),
    "user of production, denied by the bucket": all_of(
        another_user("N", content=allow("s3:GetObject", f"{BUCKET}/*"), account=PRODUCTION),
        bucket_policy(denied({"AWS": f"arn:aws:iam::{PRODUCTION}:user/N"}, "s3:*", BOTH)),
    ),
    "role of Development that is denied": other_role(
        "Other",
        document(service("ec2.amazonaws.com")),
        document(
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"},
            {"Effect": "Deny", "Action": "*", "Resource": ROLE},
        ),
        account=DEVELOPMENT,
    ),
    "trust 2008 without variables": trust({"Version": "2008-10-17", "Statement": [TRUST]}),
    "trust Id & Sid other": trust({"Id": "x", "Version": "2012-10-17", "Statement": [{**TRUST, "Sid": "Other"}]}),
    "trust action case": trust_of({**TRUST, "Action": "STS:assumerole"}),
    "trust also a Developer's user named": trust_of(
        {**TRUST, "Principal": {"AWS": [root(DEVELOPMENT), f"arn:aws:iam::{DEVELOPMENT}:user/David"]}}
    ),
    "trust * limited to Development account": trust_of(
        {**TRUST, "Principal": {"AWS": "*"}, **when("StringEquals", "aws:PrincipalAccount", DEVELOPMENT)}
    ),
    "trust * limited to Development ArnLike": trust_of(
        {**TRUST, "Principal": "*", **when("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{DEVELOPMENT}:*")}
    ),
    "trust allows action it can't have": trust_of({**TRUST, "Action": ["sts:AssumeRole", "sts:GetCallerIdentity"]}),
    "trust deny web identity": trust_of(TRUST, {**OIDC, "Effect": "Deny"}),
    "trust with a dead OIDC action": trust_of({**TRUST, "Action": ["sts:AssumeRole", "sts:AssumeRoleWithSAML"]}),
    "deny Null of always present": inline(deny("s3:*", f"{BUCKET}/*", **when("Null", "aws:SecureTransport", "true"))),
    "role allowed the same by wildcards narrower": inline(allow("s3:GetObject", f"{BUCKET}/*", **MFA)),
    "deny plain http for the role (already by bucket)": inline(
        deny("s3:*", BOTH, **when("Bool", "aws:SecureTransport", "false"))
    ),
    "deny other resources": inline(deny("s3:*", "arn:aws:s3:::other/*")),
    "allow and deny the same": inline(
        document(
            {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "ec2:*", "Resource": "*"},
        )
    ),
    "deny with impossible condition": inline(
        deny("s3:*", **when("StringEquals", "aws:PrincipalArn", f"arn:aws:iam::{PRODUCTION}:role/Other"))
    ),
    "allow with impossible condition": inline(
        allow("ec2:*", **when("StringEquals", "aws:PrincipalArn", f"arn:aws:iam::{PRODUCTION}:role/Other"))
    ),
    "allow for another account impossible": inline(
        allow("ec2:*", **when("StringEquals", "aws:PrincipalAccount", THIRD))
    ),
    "duplicate Sids": changed_own(lambda d: [it.update(Sid="A") for it in d["Statement"]] and None),
    "own policy inline instead": all_of(
        lambda aws: inline(aws.production.policies["read-write-app-bucket"]["PolicyVersionList"][-1]["Document"])(aws),
        lambda aws: aws.update_app["AttachedManagedPolicies"].clear(),
    ),
    "split over two policies": all_of(
        own(allow(["s3:ListAllMyBuckets"])),
        inline(
            document(
                {"Effect": "Allow", "Action": ["s3:GetBucketLocation", "s3:ListBucket"], "Resource": BUCKET},
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
                    "Resource": f"{BUCKET}/*",
                },
            )
        ),
    ),
    "wide but bounded to the same": all_of(
        inline(allow("*")),
        lambda aws: aws.production.bound(aws.update_app, aws.production.policy("B", grants(f"{BUCKET}/*"))),
    ),
    "a version that is not in force": lambda aws: aws.production.policies["read-write-app-bucket"][
        "PolicyVersionList"
    ].append({"VersionId": "v9", "IsDefaultVersion": False, "Document": allow("*")}),
    "object wildcard ** ": own(grants(f"{BUCKET}/**")),
    "bucket policy: deny everyone but the role by PrincipalArn": bucket_policy(
        denied("*", "s3:GetObject", f"{BUCKET}/*", **when("ArnNotEquals", "aws:PrincipalArn", ROLE))
    ),
    "bucket policy: same split": policy_of_bucket(
        document(tls(Sid="A", Resource=BUCKET), tls(Sid="B", Resource=f"{BUCKET}/*"))
    ),
    "bucket policy: principal AWS *": policy_of_bucket(document(tls(Principal={"AWS": "*"}))),
    "bucket policy: 2008": policy_of_bucket({**document(tls()), "Version": "2008-10-17"}),
    "bucket policy: resource wildcard": policy_of_bucket(
        document(tls(Resource=[BUCKET, f"{BUCKET}/*", f"{BUCKET}/x"]))
    ),
    "bucket policy: deny Dev": bucket_policy(denied({"AWS": root(DEVELOPMENT)}, "s3:*", BOTH)),
    "bucket policy: allow own account root": bucket_policy(statement({"AWS": root(PRODUCTION)}, "s3:*", BOTH)),
    "bucket policy: allow role what it has": bucket_policy(statement({"AWS": ROLE}, "s3:GetObject", f"{BUCKET}/*")),
    "bucket policy: allow that is denied": bucket_policy(
        statement("*", "s3:GetObject", f"{BUCKET}/*", Condition=INSECURE)
    ),
    "bucket policy: deny role what it never had": bucket_policy(denied({"AWS": ROLE}, "s3:PutBucketPolicy", BUCKET)),
    "ACL grants ignored as enforced": lambda aws: aws.bucket["grants"].append(
        {"Grantee": {"URI": "http://acs.amazonaws.com/groups/global/AllUsers"}, "Permission": "READ"}
    ),
    "role trusts own account": other_role("Other", trusts(root(PRODUCTION))),
    "role trusts Development but denies": other_role("Other", document(TRUST, {**TRUST, "Effect": "Deny"})),
    "role oidc no rights": other_role("Other", document(OIDC), allow("ecr:*")),
    "role of Development trusts dev": other_role(
        "Other", trusts(root(DEVELOPMENT)), allow("ec2:*"), account=DEVELOPMENT
    ),
    "role of production for service, other bucket": other_role(
        "Other", document(service("ec2.amazonaws.com")), allow("s3:*", ["arn:aws:s3:::other", "arn:aws:s3:::other/*"])
    ),
    "role settings of bucket": other_role(
        "Other",
        document(service("ec2.amazonaws.com")),
        allow(["s3:GetBucketLocation", "s3:GetEncryptionConfiguration"], BUCKET),
    ),
    "role admin, but bounded": all_of(
        other_role("Other", document(service("ec2.amazonaws.com")), allow("*")),
        lambda aws: aws.production.bound(aws.production.role("Other"), aws.production.policy("B", allow("ec2:*"))),
    ),
    "role admin but denied bucket+iam": other_role(
        "Other",
        document(service("ec2.amazonaws.com")),
        document(
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": ["s3:*", "iam:*", "sts:*"], "Resource": "*"},
        ),
    ),
    "Testers may, but denied": of_group("Testers", allow("sts:AssumeRole", ROLE)),
    "Testers admin of sts on others": of_group("Testers", allow("sts:GetCallerIdentity")),
    "Developers TagSession without trust": of_group("Developers", allow("sts:TagSession", ROLE)),
    "Developers allowed twice": of_group("Developers", allow("sts:AssumeRole", ROLE)),
    "David allowed directly": of_david(allow("sts:AssumeRole", ROLE)),
    "David denied other": of_david(deny("sts:AssumeRole", f"arn:aws:iam::{PRODUCTION}:role/Other")),
    "Developers own account role": of_group(
        "Developers", allow("sts:AssumeRole", f"arn:aws:iam::{DEVELOPMENT}:role/Build")
    ),
    "user denied & allowed": another_user(
        "N",
        content=document(
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": ["sts:*", "iam:*"], "Resource": "*"},
        ),
    ),
    "user with TagSession only": another_user("N", content=allow("sts:TagSession", ROLE)),
    "user with AssumeRoleWithSAML": another_user("N", content=allow("sts:AssumeRoleWithSAML", ROLE)),
    "user of production assume": another_user("N", content=allow("sts:AssumeRole", ROLE), account=PRODUCTION),
    "user similar name": another_user("N", content=allow("sts:AssumeRole", f"{ROLE}2")),
    "user path in role": another_user(
        "N", content=allow("sts:AssumeRole", f"arn:aws:iam::{PRODUCTION}:role/x/UpdateApp")
    ),
    "self-service keys": another_user(
        "N",
        content=allow(
            ["iam:CreateAccessKey", "iam:ChangePassword"], f"arn:aws:iam::{DEVELOPMENT}:user/${{aws:username}}"
        ),
    ),
    "user of Development reads iam": another_user("N", content=allow(["iam:Get*", "iam:List*"])),
    "David path": lambda aws: aws.development.users["David"].update(Arn=f"arn:aws:iam::{DEVELOPMENT}:user/team/David"),
    "Developers path": lambda aws: aws.development.groups["Developers"].update(
        Arn=f"arn:aws:iam::{DEVELOPMENT}:group/team/Developers"
    ),
    "policy renamed in group": lambda aws: aws.development.groups["Developers"]["GroupPolicyList"][0].update(
        PolicyName="renamed"
    ),
    "group policy as managed": lambda aws: aws.development.attach(
        aws.development.groups["Developers"],
        aws.development.policy("M", aws.development.groups["Developers"]["GroupPolicyList"].pop()["PolicyDocument"]),
    ),
    "Deny of Testers doubled": of_group("Testers", deny("sts:AssumeRole", f"arn:aws:iam::{PRODUCTION}:role/*")),
    "Testers deny all": of_group("Testers", deny("sts:*")),
    "David removed from Developers": lambda aws: aws.development.users["David"]["GroupList"].clear(),
}

UNDECIDED: dict[str, tuple[Edit, str]] = {
    "trust with an unsupported condition": (
        trust_of({**TRUST, **when("BinaryEquals", "aws:x", "QmlpQQ==")}),
        "whether Developers may assume UpdateApp: aws:x with BinaryEquals can't be decided",
    ),
    "bucket policy: Deny with such a condition": (
        bucket_policy(denied("*", "s3:GetObject", f"{BUCKET}/*", **when("BinaryEquals", "aws:x", "QmlpQQ=="))),
        "s3:GetObject",
    ),
    "rights with such a condition": (
        inline(allow("ec2:*", **when("BinaryEquals", "aws:x", "QmlpQQ=="))),
        "whether UpdateApp may do ec2:* on *: aws:x with BinaryEquals can't be decided",
    ),
    "objects of a variable": (
        changed_own(lambda made: made["Statement"][-1].update(Resource=f"{BUCKET}/${{aws:username}}/*")),
        "a variable in Resource can't be decided",
    ),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_equivalent_changes_are_no_finding(name: str) -> None:
    assert_only(findings_of(HARMLESS[name]), "", "")


@pytest.mark.parametrize("name", UNDECIDED)
def test_undecidable_conditions_are_reported(name: str) -> None:
    edit, text = UNDECIDED[name]
    assert_only(findings_of(edit), "undecided", text)
