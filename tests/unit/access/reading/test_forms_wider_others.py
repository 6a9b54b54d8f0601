"""Test reviews with changes in every form that widen access by other roles, users and groups, as AWS documents it.

Sources: IAM User Guide, "Policy evaluation logic", "AWS JSON policy elements: Principal" and "... NotPrincipal",
"Condition operators", "Set operators for multi-valued context keys" and "Permissions boundaries for IAM entities".
"""

import pytest

from tests.support.deployed import allow, deny, document, root, trusts
from tests.support.edit_forms import (
    OIDC,
    TRUST,
    also_trusts,
    another_user,
    assert_only,
    findings_of,
    other_role,
    service,
    when,
)
from tests.support.edits import BUCKET, MFA, THIRD, Edit, all_of, of_group
from tests.support.rendered import DEVELOPMENT, PRODUCTION, ROLE

WIDER: dict[str, tuple[Edit, str]] = {
    "role trusts session of dev": (
        other_role("Other", trusts(f"arn:aws:sts::{DEVELOPMENT}:assumed-role/x/y")),
        "role Other may also let account 111111111111 in",
    ),
    "role trusts org": (
        other_role("Other", trusts("*", **when("StringEquals", "aws:PrincipalOrgID", "o-aaaaaaaaaa"))),
        "role Other may also let account 111111111111 in",
    ),
    "role trusts * + external id": (
        other_role("Other", trusts("*", **when("StringEquals", "sts:ExternalId", "x"))),
        "role Other may also let account 111111111111 in",
    ),
    "role trusts third with rights on bucket": (
        other_role("Other", trusts(root(THIRD)), allow("s3:GetObject", f"{BUCKET}/*")),
        "role Other may also let account 333333333333 in",
    ),
    "role trusts third without rights": (
        other_role("Other", trusts(root(THIRD))),
        "role Other may also let account 333333333333 in",
    ),
    "role trusts user of third": (
        other_role("Other", trusts(f"arn:aws:iam::{THIRD}:user/x")),
        "role Other may also let account 333333333333 in",
    ),
    "role NotPrincipal": (
        other_role(
            "Other", document({"Effect": "Allow", "NotPrincipal": {"AWS": root(THIRD)}, "Action": "sts:AssumeRole"})
        ),
        "role Other may also let account 111111111111 in",
    ),
    "role oidc with rights": (
        other_role("Other", document(OIDC), allow("s3:PutObject", f"{BUCKET}/*")),
        "role Other may also write objects of bucket productionapp",
    ),
    "role lambda with iam": (
        other_role("Other", document(service("lambda.amazonaws.com")), allow("iam:PutRolePolicy")),
        "role Other may also change role UpdateApp",
    ),
    "role with path trusts Development user": (
        other_role("Other", trusts(f"arn:aws:iam::{DEVELOPMENT}:user/Theresa"), path="team/"),
        "role Other may also let account 111111111111 in",
    ),
    "role trusts principal account condition": (
        other_role("Other", trusts("*", **when("StringEquals", "aws:PrincipalAccount", DEVELOPMENT))),
        "role Other may also let account 111111111111 in",
    ),
    "role trusts Development with MFA": (
        other_role("Other", trusts(root(DEVELOPMENT), **MFA)),
        "role Other may also let account 111111111111 in",
    ),
    "user of production with tag condition": (
        another_user(
            "N",
            content=allow("s3:GetObject", f"{BUCKET}/*", **when("StringEquals", "aws:PrincipalTag/x", "y")),
            account=PRODUCTION,
        ),
        "N may also read objects of bucket productionapp",
    ),
    "user of production via group": (
        all_of(
            lambda aws: aws.production.put(aws.production.group("G"), "Y", allow("s3:DeleteObject", f"{BUCKET}/*")),
            another_user("N", "G", account=PRODUCTION),
        ),
        "group G, N may also write objects of bucket productionapp",
    ),
    "user of production NotResource": (
        another_user(
            "N",
            content=document({"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::other*"}),
            account=PRODUCTION,
        ),
        "N may also read objects of, write objects of, list and change",
    ),
    "user of production NotAction": (
        another_user(
            "N", content=document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}), account=PRODUCTION
        ),
        "N may also read objects of, write objects of, list and change",
    ),
    "user of production wild bucket": (
        another_user("N", content=allow("s3:GetObject", "arn:aws:s3:::prod*/*"), account=PRODUCTION),
        "N may also read objects of bucket productionapp",
    ),
    "user of production one prefix": (
        another_user("N", content=allow("s3:PutObject", f"{BUCKET}/in/*"), account=PRODUCTION),
        "N may also write objects of bucket productionapp",
    ),
    "user of production may update trust with condition": (
        another_user("N", content=allow("iam:UpdateAssumeRolePolicy", "*", **MFA), account=PRODUCTION),
        "N may also change role UpdateApp",
    ),
    "user: attach role policy with PolicyARN": (
        another_user(
            "N",
            content=allow(
                "iam:AttachRolePolicy",
                ROLE,
                **when("ArnEquals", "iam:PolicyARN", "arn:aws:iam::aws:policy/AdministratorAccess"),
            ),
            account=PRODUCTION,
        ),
        "N may also change role UpdateApp",
    ),
    "user: SetDefaultPolicyVersion": (
        another_user("N", content=allow("iam:SetDefaultPolicyVersion", "*"), account=PRODUCTION),
        "N may also change the policies of role UpdateApp",
    ),
    "user: boundary delete": (
        another_user("N", content=allow("iam:DeleteRolePermissionsBoundary", ROLE), account=PRODUCTION),
        "N may also change role UpdateApp",
    ),
    "user: CreateUser attach": (
        another_user(
            "N", content=allow(["iam:CreateUser", "iam:AttachUserPolicy", "iam:CreateAccessKey"]), account=PRODUCTION
        ),
        "N may also extend their own rights",
    ),
    "user: self PutUserPolicy in production": (
        another_user("N", content=allow("iam:PutUserPolicy", "*"), account=PRODUCTION),
        "N may also extend their own rights",
    ),
    "user: self PutUserPolicy in dev": (
        another_user("N", content=allow("iam:PutUserPolicy", "*")),
        "N may also extend their own rights",
    ),
    "user of Development: AttachUserPolicy": (
        another_user("N", content=allow("iam:AttachUserPolicy", f"arn:aws:iam::{DEVELOPMENT}:user/*")),
        "N may also extend their own rights",
    ),
    "Testers may leave the group": (
        of_group("Testers", allow("iam:RemoveUserFromGroup", f"arn:aws:iam::{DEVELOPMENT}:group/Testers")),
        "group Testers, Theresa may also change group Testers",
    ),
    "Testers may delete the policy": (
        of_group("Testers", allow("iam:DeleteGroupPolicy", "*")),
        "group Testers, Theresa may also change group Developers",
    ),
    "user of Development: PutGroupPolicy": (
        another_user("N", content=allow("iam:PutGroupPolicy", f"arn:aws:iam::{DEVELOPMENT}:group/Dev*")),
        "N may also change group Developers",
    ),
    "user Development assume by wildcard acct": (
        another_user("N", content=allow("sts:AssumeRole", "arn:aws:iam::*:role/UpdateApp")),
        "N may also assume UpdateApp",
    ),
    "user Development assume ?": (
        another_user("N", content=allow("sts:AssumeRole", "arn:aws:iam::99999999999?:role/Upd*")),
        "N may also assume UpdateApp",
    ),
    "user Development NotAction": (
        another_user("N", content=document({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"})),
        "N may also assume UpdateApp",
    ),
    "user Development NotResource": (
        another_user(
            "N", content=document({"Effect": "Allow", "Action": "sts:*", "NotResource": "arn:aws:iam::*:role/Admin"})
        ),
        "N may also assume UpdateApp",
    ),
    "Tester with Deny on condition": (
        all_of(
            lambda aws: aws.development.put(
                aws.development.groups["Testers"],
                aws.development.groups["Testers"]["GroupPolicyList"][0]["PolicyName"],
                deny("sts:AssumeRole", ROLE, **when("Bool", "aws:MultiFactorAuthPresent", "false")),
            )
        ),
        "power users in Testers may also assume UpdateApp",
    ),
    "Theresa leaves Testers and may": (
        all_of(
            lambda aws: aws.development.users["Theresa"]["GroupList"].clear(),
            lambda aws: aws.development.put(aws.development.users["Theresa"], "Y", allow("sts:AssumeRole", ROLE)),
        ),
        "Theresa may also assume UpdateApp",
    ),
    "Developers may any account's role": (
        of_group("Developers", allow("sts:AssumeRole", "arn:aws:iam::*:role/*")),
        "group Developers may also do sts:AssumeRole on",
    ),
    "Developers may *": (
        of_group("Developers", allow("sts:AssumeRole")),
        "group Developers may also do sts:AssumeRole on *",
    ),
    "Developers may 9999*": (
        of_group("Developers", allow("sts:AssumeRole", "arn:aws:iam::9999*:role/Other")),
        "group Developers may also do sts:AssumeRole on",
    ),
    "Developers may third": (
        of_group("Developers", allow("sts:AssumeRole", f"arn:aws:iam::{THIRD}:role/x")),
        "group Developers may also do sts:AssumeRole on",
    ),
    "Developers TagSession on ROLE + trust": (
        all_of(
            of_group("Developers", allow("sts:TagSession", ROLE)), also_trusts({**TRUST, "Action": "sts:TagSession"})
        ),
        "Developers may also assume UpdateApp, in more circumstances",
    ),
    "Developers NotResource": (
        of_group(
            "Developers",
            document(
                {"Effect": "Allow", "Action": "sts:AssumeRole", "NotResource": f"arn:aws:iam::{DEVELOPMENT}:role/*"}
            ),
        ),
        "group Developers may also do sts:AssumeRole on everything but",
    ),
    "Developers managed policy": (
        lambda aws: aws.development.attach(
            aws.development.groups["Developers"],
            aws.development.policy("M", allow("sts:AssumeRole", f"arn:aws:iam::{PRODUCTION}:role/Other")),
        ),
        "group Developers may also do sts:AssumeRole on",
    ),
    "Developers admin": (
        lambda aws: aws.development.attach(aws.development.groups["Developers"], "AdministratorAccess"),
        "group Developers may also do sts:AssumeRole on *",
    ),
    "group admin for nobody": (
        lambda aws: aws.development.attach(aws.development.group("G"), "AdministratorAccess"),
        f"group G may also do anything in account {DEVELOPMENT}: assume UpdateApp; change group Developers",
    ),
}


@pytest.mark.parametrize("name", WIDER)
def test_wider_access_is_one_excess(name: str) -> None:
    edit, text = WIDER[name]
    assert_only(findings_of(edit), "excess", text)
