"""Test ``access bypass`` with setups whose outcome AWS documents."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.bypass_accounts import (
    ASSUME,
    DENIED,
    ON_UPDATE_APP,
    TRUST,
    UPDATE_APP,
    paths_of,
    report,
    theresa_with,
    tutorial,
)
from tests.support.iam_accounts import (
    HERE,
    PRODUCTION,
    AccountDetails,
    Document,
    allow,
    arn,
    deny,
    document,
    root,
    trusts,
)

DEPLOYER = arn("role", "Deployer")
AROUND = "Theresa (Testers: deny) -> role Deployer -> UpdateApp"
NOT_MEANT = "role Deployer -> UpdateApp"
LEAVING = "Theresa (Testers: deny) -> iam:RemoveUserFromGroup on group Testers -> UpdateApp"
OKTA, GITHUB = arn("saml-provider", "Okta"), arn("oidc-provider", "token.actions.githubusercontent.com")
IDENTITY_CENTER = arn("saml-provider", "AWSSSO_0123456789abcdef_DO_NOT_DELETE")
BY_SAML, BY_OIDC = "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"
ADMINISTRATOR, READER = (arn("policy", f"{it}Access", "aws") for it in ("Administrator", "ReadOnly"))

Condition = Mapping[str, Mapping[str, Any]]


def assuming(
    condition: Condition, tags: Mapping[str, str] | None = None, of_role: Mapping[str, str] | None = None
) -> AccountDetails:
    """Let Theresa assume the role Deployer on a condition, and Deployer UpdateApp."""
    account = theresa_with(inline={"a": allow(ASSUME, DEPLOYER, Condition=condition)}, tags=tags)
    return account.role("Deployer", TRUST, inline={"deploy": ON_UPDATE_APP}, tags=of_role)


def leaving(condition: Condition, effect: str = "Allow") -> AccountDetails:
    """Let Theresa leave the group Testers if a condition holds, or unless it holds."""
    statement = {"Effect": effect, "Action": "iam:RemoveUserFromGroup", "Resource": "*", "Condition": condition}
    own = document(statement, {"Effect": "Allow", "Action": "iam:RemoveUserFromGroup", "Resource": "*"})
    own = own if effect == "Deny" else document(statement)
    return theresa_with(inline={"leave": own}, attached=["PowerUserAccess"])


def taking_over(condition: Condition, **david: Any) -> AccountDetails:  # noqa: ANN401
    """Let Theresa create access keys for users on a condition; Dora is a Developer."""
    account = AccountDetails().group("Developers", inline={"allow": ON_UPDATE_APP})
    account.group("Testers", inline={"deny": DENIED}).user("Dora", "Developers", **david)
    return account.user("Theresa", "Testers", inline={"a": allow("iam:CreateAccessKey", Condition=condition)})


def attaching(condition: Condition) -> AccountDetails:
    """Let Theresa attach policies to her own user on a condition, where some help and some don't."""
    own = {"attach": allow("iam:AttachUserPolicy", Condition=condition)}
    account = theresa_with(inline=own, attached=["PowerUserAccess"])
    return account.policy("logs", allow("logs:*")).policy("groups", allow("iam:RemoveUserFromGroup"))


def bounded(action: str, condition: Condition | None = None) -> AccountDetails:
    """Give Theresa a right in IAM, where the boundary of the role Deployer excludes UpdateApp."""
    rights = allow(f"iam:{action}", Condition=condition or {})
    account = theresa_with(inline={"a": allow(ASSUME, DEPLOYER), "b": rights})
    account.role("Deployer", TRUST, inline={"deploy": ON_UPDATE_APP}, boundary="bounds")
    return account.policy("bounds", allow("s3:*")).policy("wide", allow("*"))


def by_version(actions: list[str], older: Document, **elements: Any) -> AccountDetails:  # noqa: ANN401
    """Deny the role by a managed policy with an older version."""
    account = AccountDetails().group("Testers", attached=["never"]).policy("never", DENIED, older=older)
    rights = allow(actions, **elements)
    return account.user("Theresa", "Testers", inline={"a": rights}, attached=["PowerUserAccess"])


def guest(
    provider: str, action: str, call: str, *, on: str = "*", condition: Condition | None = None
) -> AccountDetails:
    """Let Theresa change an identity provider that a role trusts."""
    trust = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": action}
    trust = {**trust, "Condition": condition} if condition else trust
    account = theresa_with(inline={"a": allow(f"iam:{call}", on)})
    return account.role("Guest", document(trust), inline={"a": ON_UPDATE_APP})


def production(name: str, trust: Document, *rights: Document, of_target: Document | None = None) -> AccountDetails:
    """Return the account of UpdateApp, which could assume itself if it trusted its account, with another role."""
    account = AccountDetails(PRODUCTION)
    account.role("UpdateApp", of_target or TRUST, inline={"a": allow(ASSUME, UPDATE_APP)})
    return account.role(name, trust, inline={str(number): it for number, it in enumerate(rights)})


def equals(key: str, value: str, operator: str = "StringEquals") -> Condition:
    return {operator: {key: value}}


OF_PRODUCTION = trusts(root(), root(PRODUCTION))
TEAM = "aws:PrincipalTag/team"
RED, BLUE = {"team": "red"}, {"team": "blue"}
TAGGED = trusts(root(), Action=[ASSUME, "sts:TagSession"])
OWN_TEAM = equals("aws:ResourceTag/team", "${aws:PrincipalTag/team}")
TAKEN = "Theresa (Testers: deny) -> Dora, by iam:CreateAccessKey -> UpdateApp"
UNBOUNDED = "Theresa (Testers: deny) -> role Deployer, by iam:{} -> UpdateApp"
ATTACHED = "Theresa (Testers: deny) -> iam:AttachUserPolicy on Theresa -> iam:{} -> UpdateApp"
OPEN_OIDC = "whether token.actions.githubusercontent.com issues a token that the role accepts"

SETUPS: dict[str, tuple[AccountDetails, list[str]]] = {
    # Known tags (IAM User Guide, "Controlling access to and for IAM users and roles using tags")
    "principal's tag": (assuming(equals(TEAM, "red"), RED), [AROUND, NOT_MEANT]),
    "another tag": (assuming(equals(TEAM, "red"), BLUE), [NOT_MEANT]),
    "no tag": (assuming(equals(TEAM, "red")), [NOT_MEANT]),
    "no tag, if it exists": (assuming(equals(TEAM, "red", "StringEqualsIfExists")), [AROUND, NOT_MEANT]),
    "no tag, negated": (assuming(equals(TEAM, "red", "StringNotEquals")), [AROUND, NOT_MEANT]),
    "no tag is required": (assuming(equals(TEAM, "true", "Null")), [AROUND, NOT_MEANT]),
    "key in capitals": (assuming(equals("aws:principaltag/TEAM", "red"), RED), [AROUND, NOT_MEANT]),
    "tag in capitals": (assuming(equals(TEAM, "red"), {"Team": "red"}), [AROUND, NOT_MEANT]),
    "tag in the resource": (
        theresa_with(
            inline={"a": allow(ASSUME, arn("role", "${aws:PrincipalTag/job}"))}, tags={"job": "Deployer"}
        ).role("Deployer", TRUST, inline={"a": ON_UPDATE_APP}),
        [AROUND, NOT_MEANT],
    ),
    "role without the tag": (assuming(equals("iam:ResourceTag/team", "red"), RED), [NOT_MEANT]),
    "role's tag": (assuming(equals("aws:ResourceTag/team", "red"), of_role=RED), [AROUND, NOT_MEANT]),
    "same team": (assuming(OWN_TEAM, RED, RED), [AROUND, NOT_MEANT]),
    "other team": (assuming(OWN_TEAM, RED, BLUE), [NOT_MEANT]),
    "tag of a role's session": (
        tutorial().role("Deployer", TRUST, inline={"a": allow(ASSUME, Condition=equals(TEAM, "red"))}, tags=RED),
        [AROUND, NOT_MEANT],
    ),
    "session's tag may be another": (
        tutorial().role("Deployer", TAGGED, inline={"a": allow(ASSUME, Condition=equals(TEAM, "red"))}, tags=BLUE),
        [f"{AROUND} if {TEAM}", f"{NOT_MEANT} if {TEAM}"],
    ),
    "user's tag": (taking_over(equals("iam:ResourceTag/team", "red"), tags=RED), [TAKEN]),
    "user's other tag": (taking_over(equals("iam:ResourceTag/team", "red"), tags=BLUE), []),
    "users without the tag": (taking_over(equals("aws:ResourceTag/team", "red", "StringNotEquals")), [TAKEN]),
    "groups have no tags": (leaving(equals("aws:ResourceTag/team", "red")), []),
    "groups have no tags, denied": (leaving(equals("aws:ResourceTag/team", "red", "StringNotEquals"), "Deny"), []),
    # Keys that are certainly missing (IAM User Guide, "AWS global condition context keys")
    "service's request": (leaving(equals("aws:SourceArn", "arn:aws:s3:::x", "ArnLike")), []),
    "service's request, if it exists": (
        leaving(equals("aws:SourceArn", "arn:aws:s3:::x", "ArnLikeIfExists")),
        [LEAVING],
    ),
    "tags in a request without any": (leaving(equals("aws:RequestTag/team", "red")), []),
    "no tags in the request": (leaving(equals("aws:RequestTag/team", "true", "Null")), [LEAVING]),
    "tags are missing, denied": (leaving(equals("aws:RequestTag/team", "red", "StringNotEquals"), "Deny"), []),
    "tags are missing, not denied": (leaving(equals("aws:RequestTag/team", "red"), "Deny"), [LEAVING]),
    "another service's key": (leaving(equals("ec2:InstanceType", "t3.micro")), []),
    "another service's key, if it exists": (
        leaving(equals("ec2:InstanceType", "x", "StringEqualsIfExists")),
        [LEAVING],
    ),
    "external id in a call of IAM": (leaving(equals("sts:ExternalId", "agreed")), []),
    "passed to a service": (leaving(equals("iam:PassedToService", "ec2.amazonaws.com")), []),
    "passed to no service": (leaving(equals("iam:PassedToService", "true", "Null")), [LEAVING]),
    "attribute of a provider": (leaving(equals("saml:aud", "https://signin.aws.amazon.com/saml")), []),
    "TLS": (leaving(equals("aws:SecureTransport", "true", "Bool")), [LEAVING]),
    "no TLS, denied": (leaving(equals("aws:SecureTransport", "false", "Bool"), "Deny"), [LEAVING]),
    "own account": (leaving(equals("aws:ResourceAccount", HERE)), [LEAVING]),
    "another account": (leaving(equals("aws:ResourceAccount", PRODUCTION)), []),
    "organization": (leaving(equals("aws:PrincipalOrgID", "o-1")), [f"{LEAVING} if aws:PrincipalOrgID"]),
    # iam:PolicyARN is the attached policy ("IAM and AWS STS condition context keys")
    "harmless policy of AWS": (attaching(equals("iam:PolicyARN", READER, "ArnEquals")), []),
    "harmless policy": (attaching(equals("iam:PolicyARN", arn("policy", "logs"), "ArnEquals")), []),
    "policy that helps": (
        attaching(equals("iam:PolicyARN", arn("policy", "*"), "ArnLike")),
        [ATTACHED.format("RemoveUserFromGroup on group Testers")],
    ),
    "administrator": (
        attaching(equals("iam:PolicyARN", ADMINISTRATOR, "ArnEquals")),
        [
            *(
                ATTACHED.format(f"{it} on group Testers")
                for it in ("DeleteGroupPolicy", "PutGroupPolicy", "RemoveUserFromGroup")
            ),
            "Theresa (Testers: deny) -> iam:AttachUserPolicy on Theresa -> David, by iam:CreateAccessKey -> UpdateApp",
        ],
    ),
    "all but the administrator's": (
        attaching(equals("iam:PolicyARN", ADMINISTRATOR, "ArnNotEquals")),
        [
            *(
                ATTACHED.format(f"{it} on group Testers")
                for it in ("DeleteGroupPolicy", "PutGroupPolicy", "RemoveUserFromGroup")
            ),
            "Theresa (Testers: deny) -> iam:AttachUserPolicy on Theresa -> David, by iam:CreateAccessKey -> UpdateApp",
        ],
    ),
    "the Deny may be detached": (
        by_version(["iam:DetachGroupPolicy"], DENIED, Condition=equals("iam:PolicyARN", arn("policy", "never"))),
        ["Theresa (Testers: deny) -> iam:DetachGroupPolicy on group Testers -> UpdateApp"],
    ),
    "another may be detached": (
        by_version(["iam:DetachGroupPolicy"], DENIED, Condition=equals("iam:PolicyARN", arn("policy", "logs"))),
        [],
    ),
    # Permissions boundaries ("Permissions boundaries for IAM entities")
    "bounded": (bounded("ListRoles"), []),
    "boundary is removed": (
        bounded("DeleteRolePermissionsBoundary"),
        [UNBOUNDED.format("DeleteRolePermissionsBoundary")],
    ),
    "boundary is replaced": (
        bounded("PutRolePermissionsBoundary"),
        [UNBOUNDED.format("PutRolePermissionsBoundary")],
    ),
    "boundary is replaced by one policy alone": (
        bounded(
            "PutRolePermissionsBoundary",
            equals("iam:PermissionsBoundary", arn("policy", "bounds"), "ArnEquals"),
        ),
        [],
    ),
    "boundary is changed": (
        bounded("CreatePolicyVersion"),
        [UNBOUNDED.format("CreatePolicyVersion on policy bounds")],
    ),
    "boundary of one's own": (
        theresa_with(
            inline={"a": allow([ASSUME, "iam:DeleteUserPermissionsBoundary", "iam:RemoveUserFromGroup"])},
            boundary="bounds",
        ).policy("bounds", allow("iam:DeleteUserPermissionsBoundary")),
        [
            "Theresa (Testers: deny) -> iam:DeleteUserPermissionsBoundary on Theresa"
            " -> iam:RemoveUserFromGroup on group Testers -> UpdateApp"
        ],
    ),
    "boundary keeps itself": (
        theresa_with(
            inline={"a": allow([ASSUME, "iam:DeleteUserPermissionsBoundary", "iam:RemoveUserFromGroup"])},
            boundary="bounds",
        ).policy("bounds", allow("iam:RemoveUserFromGroup")),
        [],
    ),
    "whoever has the boundary is changed": (
        bounded(
            "DeleteRolePermissionsBoundary",
            equals("iam:PermissionsBoundary", arn("policy", "bounds"), "ArnEquals"),
        ),
        [UNBOUNDED.format("DeleteRolePermissionsBoundary")],
    ),
    "whoever has no such boundary is not changed": (
        bounded(
            "DeleteRolePermissionsBoundary",
            equals("iam:PermissionsBoundary", arn("policy", "wide"), "ArnEquals"),
        ),
        [],
    ),
    # Versions ("Versioning IAM policies")
    "older version without the Deny": (
        by_version(["iam:SetDefaultPolicyVersion"], allow("s3:*")),
        ["Theresa (Testers: deny) -> iam:SetDefaultPolicyVersion on policy never -> UpdateApp"],
    ),
    "older version with the Deny": (by_version(["iam:SetDefaultPolicyVersion"], deny(ASSUME)), []),
    "another policy's versions": (
        by_version(["iam:SetDefaultPolicyVersion"], allow("s3:*"), resource=arn("policy", "logs")),
        [],
    ),
    # Providers ("Create a role for SAML 2.0 federation"; IAM API Reference, "UpdateSAMLProvider")
    "SAML": (guest(OKTA, BY_SAML, "UpdateSAMLProvider"), ["UpdateSAMLProvider on saml-provider Okta"]),
    "SAML with an audience": (
        guest(OKTA, BY_SAML, "UpdateSAMLProvider", condition=equals("SAML:aud", "https://signin.aws.amazon.com/saml")),
        ["UpdateSAMLProvider on saml-provider Okta"],
    ),
    "SAML from an address": (
        guest(OKTA, BY_SAML, "UpdateSAMLProvider", condition=equals("aws:SourceIp", "203.0.113.0/24", "IpAddress")),
        ["UpdateSAMLProvider on saml-provider Okta if aws:SourceIp"],
    ),
    "another provider": (guest(OKTA, BY_SAML, "UpdateSAMLProvider", on=arn("saml-provider", "Other")), []),
    "trust for another call": (guest(OKTA, ASSUME, "UpdateSAMLProvider"), []),
    "IAM Identity Center": (
        guest(IDENTITY_CENTER, BY_SAML, "UpdateSAMLProvider"),
        [
            "UpdateSAMLProvider on saml-provider AWSSSO_0123456789abcdef_DO_NOT_DELETE if whether IAM Identity Center"
            " lets its provider be changed"
        ],
    ),
    "OIDC audience": (
        guest(GITHUB, BY_OIDC, "AddClientIDToOpenIDConnectProvider"),
        [f"AddClientIDToOpenIDConnectProvider on oidc-provider token.actions.githubusercontent.com if {OPEN_OIDC}"],
    ),
    "OIDC thumbprint": (
        guest(GITHUB, BY_OIDC, "UpdateOpenIDConnectProviderThumbprint"),
        [f"UpdateOpenIDConnectProviderThumbprint on oidc-provider token.actions.githubusercontent.com if {OPEN_OIDC}"],
    ),
}


@pytest.mark.parametrize("name", SETUPS)
def test_setups_are_decided_as_aws_documents(name: str) -> None:
    account, lines = SETUPS[name]
    found = [line for line in paths_of(report(account)) if line != "role Guest -> UpdateApp"]
    assert found == [_whole(line) for line in lines]


def _whole(line: str) -> str:
    """Return the complete line of a table entry that only names a call on a provider."""
    if " -> " in line:
        return line
    call, _, condition = line.partition(" if ")
    return f"Theresa (Testers: deny) -> role Guest, by iam:{call} -> UpdateApp" + (
        f" if {condition}" if condition else ""
    )


HOP = f"role Hop of {PRODUCTION}"


@pytest.mark.parametrize(
    ("account", "trust", "lines"),
    [
        (
            production("Hop", TRUST, allow(ASSUME), of_target=OF_PRODUCTION),
            OF_PRODUCTION,
            [f"Theresa (Testers: deny) -> {HOP} -> UpdateApp", "role Hop -> UpdateApp"],
        ),
        (production("Hop", TRUST, allow(ASSUME)), TRUST, []),
        (production("Hop", trusts(root("222222222222")), allow("iam:*")), TRUST, []),
        (
            production("Hop", TRUST, allow(["iam:UpdateAssumeRolePolicy", ASSUME])),
            TRUST,
            [f"Theresa (Testers: deny) -> {HOP} -> UpdateApp, by iam:UpdateAssumeRolePolicy"],
        ),
        (
            production("Hop", TRUST, allow("iam:PutRolePolicy", arn("role", "Hop", PRODUCTION))),
            TRUST,
            [
                f"Theresa (Testers: deny) -> {HOP} -> iam:PutRolePolicy on role Hop"
                " -> UpdateApp, by iam:UpdateAssumeRolePolicy"
            ],
        ),
        (
            production("Hop", trusts(arn("role", "Outer", PRODUCTION)), allow(ASSUME), of_target=OF_PRODUCTION).role(
                "Outer", TRUST, inline={}
            ),
            OF_PRODUCTION,
            [
                f"Theresa (Testers: deny) -> role Outer of {PRODUCTION} -> {HOP} -> UpdateApp",
                "role Hop -> UpdateApp",
            ],
        ),
    ],
    ids=["assumed", "untrusted", "unreachable", "trust is changed", "changes itself", "by another"],
)
def test_paths_through_roles_of_production(account: AccountDetails, trust: Document, lines: list[str]) -> None:
    assert paths_of(report(tutorial(), trust, account)) == lines


def test_the_identity_provider_of_the_role_itself_is_changed() -> None:
    okta = arn("saml-provider", "Okta", PRODUCTION)
    trust = document(*TRUST["Statement"], {"Effect": "Allow", "Principal": {"Federated": okta}, "Action": BY_SAML})
    account = AccountDetails(PRODUCTION).role("UpdateApp", trust)
    account.role("Hop", TRUST, inline={"a": allow("iam:UpdateSAMLProvider", okta)})
    assert paths_of(report(tutorial(), trust, account)) == [
        f"Theresa (Testers: deny) -> {HOP} -> UpdateApp, by iam:UpdateSAMLProvider on saml-provider Okta"
    ]


def test_roles_of_services_are_listed_by_service() -> None:
    trust = document(
        {"Effect": "Allow", "Principal": {"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]}, "Action": ASSUME}
    )
    account = (
        tutorial().role("Worker", trust, inline={"a": ON_UPDATE_APP}).role("Idle", trust, inline={"a": allow("s3:*")})
    )
    account.role("Other", trust, inline={"a": allow(ASSUME, UPDATE_APP)})
    assert [line for line in report(account).not_seen if line.startswith("code that ") and "amazonaws" in line] == [
        f"code that {service}.amazonaws.com runs, also after iam:PassRole, with"
        f" role Other of {HERE}, role Worker of {HERE}"
        for service in ("ec2", "lambda")
    ]
