"""Test reviews with manual changes: narrower access is a lack, and harmless changes are no finding."""

import pytest

from tests.support.deployed import Aws, allow, deny, document, findings_of, root, trusts
from tests.support.edits import (
    BUCKET,
    MFA,
    THIRD,
    Edit,
    all_of,
    another_role,
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
