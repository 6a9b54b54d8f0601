"""Test reviews with manual changes in every form of a policy, with the outcome that AWS documents.

Sources: IAM User Guide, "Policy evaluation logic", "AWS JSON policy elements: Principal" and "... NotPrincipal",
"Condition operators", "Set operators for multi-valued context keys" and "Permissions boundaries for IAM entities".
"""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from access.reading.values import Finding
from tests.support.deployed import Aws, Document, allow, deny, document, root, trusts
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
from tests.support.rendered import DEVELOPMENT, PRODUCTION, ROLE, State, group, role, state

BOTH = [BUCKET, f"{BUCKET}/*"]
TRUST: dict[str, Any] = {
    "Sid": "T",
    "Effect": "Allow",
    "Principal": {"AWS": root(DEVELOPMENT)},
    "Action": "sts:AssumeRole",
}
OIDC = {
    "Effect": "Allow",
    "Principal": {"Federated": f"arn:aws:iam::{PRODUCTION}:oidc-provider/token.actions.githubusercontent.com"},
    "Action": "sts:AssumeRoleWithWebIdentity",
}
INSECURE = {"Bool": {"aws:SecureTransport": "false"}}
KEY = f"arn:aws:kms:us-east-1:{PRODUCTION}:key/1234abcd"
ENCRYPTED: dict[str, Any] = {"kms_key_arns": [KEY]}
WITH_MFA: dict[str, Any] = {"require_mfa": True}
WITH_ID: dict[str, Any] = {"external_id": "Example-987"}
PREFIXED: dict[str, Any] = {"prefixes": ["reports/"]}
GRANTEE_ROLE = [group("Deployer", kind="role", allow=[ROLE])]
PERMISSION_SET = [group("Dev", kind="permissionSet", allow=[ROLE])]


def when(operator: str, key: str, value: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a condition."""
    return {"Condition": {operator: {key: value}}}


def denied(who: Any, action: str | list[str], resource: str | list[str], **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a Deny statement of a bucket's policy."""
    return {**statement(who, action, resource, **more), "Effect": "Deny"}


def tls(**more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the bucket's own statement with changes."""
    made = {"Sid": "Tls", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": BOTH, "Condition": INSECURE}
    return {**made, **more}


def service(name: str) -> dict[str, Any]:
    """Return a statement that trusts a service."""
    return {"Effect": "Allow", "Principal": {"Service": name}, "Action": "sts:AssumeRole"}


def trust_of(*statements: dict[str, Any]) -> Edit:
    """Replace the trust policy by these statements."""
    return trust(document(*statements))


def also_trusts(*statements: dict[str, Any]) -> Edit:
    """Add statements to the trust policy."""
    return lambda aws: aws.update_app["AssumeRolePolicyDocument"]["Statement"].extend(statements)


def changed_own(change: Callable[[Any], Any]) -> Edit:
    """Change the role's own policy."""

    def edit(aws: Aws) -> None:
        made = copy.deepcopy(aws.production.policies["read-write-app-bucket"]["PolicyVersionList"][-1]["Document"])
        change(made)
        aws.production.policy("read-write-app-bucket", made)

    return edit


def policy_of_bucket(content: Document) -> Edit:
    """Replace the bucket's policy."""
    return lambda aws: aws.bucket.update(policy=content)


def other_role(
    name: str, trusted: Document, content: Document | None = None, path: str = "", account: str = PRODUCTION
) -> Edit:
    """Add another role."""

    def edit(aws: Aws) -> None:
        made = aws.accounts[account].role(name, trusted, path)
        if content:
            aws.accounts[account].put(made, "Y", content)

    return edit


def another_user(name: str, *groups: str, content: Document | None = None, account: str = DEVELOPMENT) -> Edit:
    """Add another user."""

    def edit(aws: Aws) -> None:
        made = aws.accounts[account].user(name, *groups)
        if content:
            aws.accounts[account].put(made, "Y", content)

    return edit


def of_david(content: Document) -> Edit:
    """Add an inline policy to a Developer."""
    return lambda aws: aws.development.put(aws.development.users["David"], "Y", content)


WITHIN = state(roles=[role(trusted_account_id=PRODUCTION)], grantees=[])
"""A role that trusts its own account."""


def _addresses(*ranges: str) -> Edit:
    """Replace the addresses in the trust policy."""

    def edit(aws: Aws) -> None:
        for each in aws.update_app["AssumeRolePolicyDocument"]["Statement"]:
            for keys in each.get("Condition", {}).values():
                keys.update({"aws:SourceIp": [*ranges]} if "aws:SourceIp" in keys else {})

    return edit


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

OTHER_STACKS: dict[str, tuple[State, Edit, str, str]] = {
    "grantee role trust third": (
        state(grantees=GRANTEE_ROLE),
        lambda aws: aws.development.roles["Deployer"].update(
            AssumeRolePolicyDocument=trusts(root(DEVELOPMENT), root(THIRD))
        ),
        "excess",
        "role Deployer may also let account 333333333333 in",
    ),
    "grantee role trust everybody": (
        state(grantees=GRANTEE_ROLE),
        lambda aws: aws.development.roles["Deployer"].update(AssumeRolePolicyDocument=trusts("*")),
        "excess",
        "role Deployer may also let account 999999999999 in",
    ),
    "grantee role trust production": (
        state(grantees=GRANTEE_ROLE),
        lambda aws: aws.development.roles["Deployer"].update(AssumeRolePolicyDocument=trusts(root(PRODUCTION))),
        "excess",
        "role Deployer may also let account 999999999999 in",
    ),
    "grantee role deny": (
        state(grantees=GRANTEE_ROLE),
        lambda aws: aws.development.put(aws.development.roles["Deployer"], "Y", deny("sts:*")),
        "lack",
        "role Deployer may not assume UpdateApp, though that is",
    ),
    "grantee role more local": (
        state(grantees=GRANTEE_ROLE),
        lambda aws: aws.development.put(aws.development.roles["Deployer"], "Y", allow(["ec2:*", "s3:*"])),
        "",
        "",
    ),
    "grantee role admin": (
        state(grantees=GRANTEE_ROLE),
        lambda aws: aws.development.attach(aws.development.roles["Deployer"], "AdministratorAccess"),
        "excess",
        "role Deployer may also do sts:AssumeRole on *",
    ),
    "grantee role path": (
        state(grantees=GRANTEE_ROLE),
        lambda aws: aws.development.roles["Deployer"].update(Arn=f"arn:aws:iam::{DEVELOPMENT}:role/ci/Deployer"),
        "",
        "",
    ),
    "user may change grantee role": (
        state(grantees=GRANTEE_ROLE),
        another_user("N", content=allow("iam:PutRolePolicy", f"arn:aws:iam::{DEVELOPMENT}:role/Deployer")),
        "excess",
        "N may also change role Deployer",
    ),
    "user may change trust of grantee role": (
        state(grantees=GRANTEE_ROLE),
        another_user("N", content=allow("iam:UpdateAssumeRolePolicy", "*")),
        "excess",
        "N may also change role Deployer",
    ),
    "user may change permission set's policy": (
        state(grantees=PERMISSION_SET),
        another_user("N", content=allow("iam:CreatePolicyVersion", "*")),
        "excess",
        "N may also change the policies of permission set Dev",
    ),
    "member bounded": (
        state(grantees=[group("Developers", allow=[ROLE], members=["David"])]),
        lambda aws: aws.development.bound(aws.development.users["David"], aws.development.policy("B", allow("s3:*"))),
        "lack",
        "David may not assume UpdateApp, though that is declared",
    ),
    "kms role schedules deletion": (
        state(roles=[role(**ENCRYPTED)]),
        inline(allow("kms:ScheduleKeyDeletion", KEY)),
        "excess",
        "UpdateApp may also do kms:ScheduleKeyDeletion on",
    ),
    "kms role via service dropped": (
        state(roles=[role(**ENCRYPTED)]),
        inline(allow(["kms:Decrypt", "kms:GenerateDataKey"], KEY)),
        "excess",
        "UpdateApp may also do kms:Decrypt and kms:GenerateDataKey on",
    ),
    "kms role CreateGrant of production": (
        state(roles=[role(**ENCRYPTED)]),
        other_role("Other", document(service("ec2.amazonaws.com")), allow("kms:CreateGrant", KEY)),
        "excess",
        "role Other may also share key",
    ),
    "kms user deletes key": (
        state(roles=[role(**ENCRYPTED)]),
        another_user("N", content=allow("kms:ScheduleKeyDeletion", KEY), account=PRODUCTION),
        "excess",
        "N may also disable key",
    ),
    "kms denied": (
        state(roles=[role(**ENCRYPTED)]),
        inline(deny("kms:Decrypt")),
        "lack",
        "UpdateApp may not do kms:Decrypt on",
    ),
    "kms describe": (
        state(roles=[role(**ENCRYPTED)]),
        another_user("N", content=allow(["kms:DescribeKey", "kms:List*"]), account=PRODUCTION),
        "",
        "",
    ),
    "kms other key": (
        state(roles=[role(**ENCRYPTED)]),
        another_user("N", content=allow("kms:*", KEY + "0"), account=PRODUCTION),
        "",
        "",
    ),
    "MFA BoolIfExists": (
        state(roles=[role(**WITH_MFA)]),
        trust(trusts(root(DEVELOPMENT), **when("BoolIfExists", "aws:MultiFactorAuthPresent", "true"))),
        "excess",
        "Developers may also assume UpdateApp, in more circumstances",
    ),
    "MFA Null": (
        state(roles=[role(**WITH_MFA)]),
        trust(trusts(root(DEVELOPMENT), **when("Null", "aws:MultiFactorAuthPresent", "false"))),
        "excess",
        "Developers may also assume UpdateApp, in more circumstances",
    ),
    "MFA but one user": (
        state(roles=[role(**WITH_MFA)]),
        also_trusts({**TRUST, "Principal": {"AWS": f"arn:aws:iam::{DEVELOPMENT}:user/David"}}),
        "excess",
        "Developers may also assume UpdateApp, in more circumstances",
    ),
    "MFA same form list": (
        state(roles=[role(**WITH_MFA)]),
        trust(trusts(root(DEVELOPMENT), **when("Bool", "aws:MultiFactorAuthPresent", ["true"]))),
        "",
        "",
    ),
    "MFA bool cap": (
        state(roles=[role(**WITH_MFA)]),
        trust(trusts(root(DEVELOPMENT), **when("Bool", "AWS:multifactorauthpresent", True))),
        "",
        "",
    ),
    "external id StringLike": (
        state(roles=[role(**WITH_ID)]),
        trust(trusts(root(DEVELOPMENT), **when("StringLike", "sts:ExternalId", "Example-*"))),
        "excess",
        "Developers may also assume UpdateApp, in more circumstances",
    ),
    "external id IfExists": (
        state(roles=[role(**WITH_ID)]),
        trust(trusts(root(DEVELOPMENT), **when("StringEqualsIfExists", "sts:ExternalId", "Example-987"))),
        "excess",
        "Developers may also assume UpdateApp, in more circumstances",
    ),
    "external id ignore case": (
        state(roles=[role(**WITH_ID)]),
        trust(trusts(root(DEVELOPMENT), **when("StringEqualsIgnoreCase", "sts:ExternalId", "example-987"))),
        "excess",
        "Developers may also assume UpdateApp, in more circumstances",
    ),
    "external id or": (
        state(roles=[role(**WITH_ID)]),
        trust(trusts(root(DEVELOPMENT), **when("StringEquals", "sts:ExternalId", ["Example-987", "x"]))),
        "excess",
        "Developers may also assume UpdateApp, in more circumstances",
    ),
    "prefix list cond gone": (
        state(roles=[role(**PREFIXED)]),
        changed_own(lambda d: [s.pop("Condition", None) for s in d["Statement"]] and None),
        "excess",
        "UpdateApp may also do s3:ListBucket on",
    ),
    "prefix list like": (
        state(roles=[role(**PREFIXED)]),
        changed_own(
            lambda d: (
                [s.update(Condition={"StringLike": {"s3:prefix": "*"}}) for s in d["Statement"] if "Condition" in s]
                and None
            )
        ),
        "excess",
        "UpdateApp may also do s3:ListBucket on",
    ),
    "prefix IfExists": (
        state(roles=[role(**PREFIXED)]),
        changed_own(
            lambda d: (
                [
                    s.update(Condition={op + "IfExists": v for op, v in s["Condition"].items()})
                    for s in d["Statement"]
                    if "Condition" in s
                ]
                and None
            )
        ),
        "excess",
        "UpdateApp may also do s3:ListBucket on",
    ),
    "the role's own account: a user that the trust names": (
        WITHIN,
        also_trusts({**TRUST, "Principal": {"AWS": f"arn:aws:iam::{PRODUCTION}:user/Norman"}}),
        "excess",
        f"principals of account {PRODUCTION} that it names may also assume UpdateApp",
    ),
    "the role's own account: a user that the trust names besides the account": (
        WITHIN,
        trust(trusts(root(PRODUCTION), f"arn:aws:iam::{PRODUCTION}:user/Norman")),
        "excess",
        f"principals of account {PRODUCTION} that it names may also assume UpdateApp",
    ),
    "the role's own account: a user of another one": (
        WITHIN,
        another_user("N", content=allow("sts:AssumeRole", ROLE)),
        "",
        "",
    ),
    "a user may change the boundary": (
        state(roles=[role(permissions_boundary=f"arn:aws:iam::{PRODUCTION}:policy/Limit")]),
        all_of(
            lambda aws: aws.production.policy("Limit", allow("s3:*")),
            another_user(
                "N", account=PRODUCTION, content=allow("iam:CreatePolicyVersion", "arn:aws:iam::*:policy/Limit")
            ),
        ),
        "excess",
        "N may also change the policies of role UpdateApp",
    ),
    "addresses, split": (
        state(roles=[role(source_ip_ranges=["8.8.8.0/24"])]),
        _addresses("8.8.8.0/25", "8.8.8.128/25"),
        "",
        "",
    ),
    "addresses, fewer": (
        state(roles=[role(source_ip_ranges=["8.8.8.0/24"])]),
        _addresses("8.8.8.0/25"),
        "lack",
        "Developers may not assume UpdateApp in all declared circumstances",
    ),
}
"""The stacks, a change, and the kind and text of a finding."""


def findings_of(edit: Edit, declared: State | None = None) -> list[Finding]:
    aws = Aws(declared)
    edit(aws)
    return [finding for reading in aws.review().readings for finding in reading.findings]


def assert_only(found: list[Finding], kind: str, text: str) -> None:
    texts = [(each.kind, each.text) for each in found]
    assert bool([each for each in found if text in each.text]) is bool(kind), texts
    assert {each.kind for each in found} == ({kind} if kind else set()), texts


@pytest.mark.parametrize("name", WIDER)
def test_wider_access_is_one_excess(name: str) -> None:
    edit, text = WIDER[name]
    assert_only(findings_of(edit), "excess", text)


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


@pytest.mark.parametrize("name", HARMLESS)
def test_equivalent_changes_are_no_finding(name: str) -> None:
    assert_only(findings_of(HARMLESS[name]), "", "")


@pytest.mark.parametrize("name", UNDECIDED)
def test_undecidable_conditions_are_reported(name: str) -> None:
    edit, text = UNDECIDED[name]
    assert_only(findings_of(edit), "undecided", text)


@pytest.mark.parametrize("name", OTHER_STACKS)
def test_options_and_grantees(name: str) -> None:
    declared, edit, kind, text = OTHER_STACKS[name]
    assert_only(findings_of(edit, declared), kind, text)
