"""The entries of the YAML files that tests/sandbox/test_options.py deploys: at least one with each option."""

from typing import Any

from sandbox.users import User

PRODUCTION, DEVELOPMENT, ELSEWHERE = "999999999999", "111111111111", "222222222222"
ORGANIZATION = "o-exampleorg"
BOUNDARIES = {"only-read": ["s3:Get*", "s3:List*"], "only-write": ["s3:Delete*", "s3:Put*"]}
KEY = f"arn:aws:kms:us-east-1:{PRODUCTION}:key/11111111-2222-3333-4444-555555555555"


def role(name: str, **options: object) -> dict[str, Any]:
    """Return an entry of ``roles`` with the options, and with the required ones."""
    needed: dict[str, object] = {"name": name, "policyName": name}
    if "buckets" not in options:
        needed["bucket"] = "options"
    if "trustedAccountIds" not in options:
        needed["trustedAccountId"] = DEVELOPMENT
    return needed | options


ROLES = [
    role("Plain"),
    role("Mallorys", trustedAccountId=ELSEWHERE),
    role("BothAccounts", trustedAccountIds=[DEVELOPMENT, ELSEWHERE]),
    role("Davids", trustedPrincipalArns=[f"arn:aws:iam::{DEVELOPMENT}:user/Da*"]),
    role("Users", trustedPrincipalArns=[f"arn:aws:iam::{DEVELOPMENT}:user/*"]),
    role("Roles", trustedPrincipalArns=[f"arn:aws:iam::{DEVELOPMENT}:role/*"]),
    role("Named", trustedPrincipalArns=[f"arn:aws:iam::{DEVELOPMENT}:{item}" for item in ("user/David", "user/Dvaid")]),
    role(
        "NotNamed", deniedPrincipalArns=[f"arn:aws:iam::{DEVELOPMENT}:role/{item}" for item in ("Deployer", "Deploier")]
    ),
    role("NotSams", deniedPrincipalArns=[f"arn:aws:iam::{DEVELOPMENT}:user/Sa?"]),
    role("NotDeployers", deniedPrincipalArns=[f"arn:aws:iam::{DEVELOPMENT}:role/Deployer"]),
    role("Sets", trustedPermissionSets=["Dev", "Ops"]),
    role("NotSets", deniedPermissionSets=["Dev"]),
    role("Mfa", requireMfa=True),
    role("RecentMfa", requireMfa=True, mfaMaxAge=900),
    role("ExternalId", externalId="agreed"),
    role("OtherExternalId", externalId="agreed-with-others"),
    role("GeneratedId", generateExternalId=True),
    role("AlsoGeneratedId", generateExternalId=True),
    role("Organization", trustedAccountIds=[DEVELOPMENT, ELSEWHERE], organizationId=ORGANIZATION),
    role("Here", sourceIpRanges=["127.0.0.0/8", "::1/128"]),
    role("There", sourceIpRanges=["203.0.113.0/24", "2001:db8::/32"]),
    role("SourceIdentity", requireSourceIdentity=True),
    role("Tagged", sessionTags={"project": ["api", "web"]}),
    role("OtherTags", sessionTags={"project": ["shop"]}),
    role("MoreTags", sessionTags={"project": ["web"], "admin": ["yes"]}),
    role("Current", expiresAt="2099-01-01T00:00:00Z"),
    role("Expired", expiresAt="2020-01-01T00:00:00Z"),
    role("Path", path="/delegated/"),
    role("Described", description="What it is for.", policyName="a-name-of-its-own"),
    role("Labelled", tags={"team": "web"}),
    role("Long", maxSessionDuration=7200),
    role("BoundedToRead", permissionsBoundary=f"arn:aws:iam::{PRODUCTION}:policy/only-read"),
    role("BoundedToWrite", permissionsBoundary=f"arn:aws:iam::{PRODUCTION}:policy/only-write"),
    role("Revoked", revokeSessionsIssuedBefore="2099-01-01T00:00:00Z"),
    role("LongAgoRevoked", revokeSessionsIssuedBefore="2020-01-01T00:00:00Z"),
    role("Revocable"),
    role("OtherBucket", bucket="options-other"),
    role("TwoBuckets", buckets=["options", "options-other"]),
    role("Reader", access="read"),
    role("Writer", access="write"),
    role("Prefixes", prefixes=["reports/", "drafts/"]),
    role("OtherPrefixes", prefixes=["archive/"]),
    role("Versions", objectVersions=True),
    role("Multipart", multipartUploads=True),
    role("NoListing", listAllBuckets=False),
    role("Keys", kmsKeyArns=[KEY]),
    role("Existing", bucket="options-existing", createBucket=False),
    role("AlsoExisting", bucket="options-existing", createBucket=False),
    role("Foreign", buckets=["options-foreign", "options-delegated"], createBucket=False),
    role("AlsoForeign", buckets=["options-foreign", "options-delegated"], createBucket=False),
]
GROUPS: list[dict[str, Any]] = [
    {
        "name": "Developers",
        "allow": [
            *(f"production/{name}" for name in ("Plain", "Tagged", "Named", "NotNamed", "SourceIdentity")),
            {"role": "production/Long", "until": "2099-01-01T00:00:00Z"},
            {"role": "production/Current", "until": "2020-01-01T00:00:00Z"},
        ],
        "allowPolicyPrefix": "may-",
    },
    {
        "name": "Testers",
        "deny": [f"production/{name}" for name in ("Plain", "Users", "NotSams")],
        "denyPolicyPrefix": "never-",
    },
    {
        "name": "Mixed",
        "allow": ["production/Plain", "production/Reader"],
        "deny": ["production/OtherBucket", "production/Writer"],
    },
    {"name": "Kept", "allow": ["production/Plain"], "createGroup": False},
    {"name": "Crew", "allow": ["production/Plain"], "members": ["Mia"], "renamedFrom": "Hands"},
    {"name": "Bound", "allow": ["production/Plain"], "bindSessionName": True},
    {"name": "Known", "allow": ["production/SourceIdentity"], "sourceIdentity": True},
    {"name": "Taggers", "allow": ["production/Tagged"], "sessionTags": True},
]
GRANTEE_ROLES: list[dict[str, Any]] = [
    {
        "name": "Deployer",
        "allow": [f"production/{name}" for name in ("Plain", "Users", "Roles", "NotSams", "NotDeployers", "Tagged")],
        "allowPolicyPrefix": "may-",
    },
    {"name": "Operator", "deny": ["production/Plain"], "denyPolicyPrefix": "never-"},
    {"name": "Tagger", "allow": ["production/Tagged"], "sessionTags": True},
]
PERMISSION_SETS: list[dict[str, Any]] = [
    {"name": "Night", "allow": ["production/Plain", "production/Tagged"]},
    {"name": "Guards", "deny": ["production/Plain"]},
    {"name": "Taggers", "allow": ["production/Tagged"], "sessionTags": True},
]
SSO = "aws-reserved/sso.amazonaws.com"
OF_DEV, OF_DEV_ABROAD = (
    f"{SSO}/AWSReservedSSO_Dev_0123456789abcdef",
    f"{SSO}/eu-west-1/AWSReservedSSO_Dev_fedcba9876543210",
)
OF_DEV_X, OF_OPS = (
    f"{SSO}/AWSReservedSSO_Dev_x_0123456789abcdef",
    f"{SSO}/us-west-2/AWSReservedSSO_Ops_0123456789abcdef",
)
OF_NIGHT, OF_DAY, OF_GUARDS, OF_TAGGERS = (
    f"{SSO}/eu-west-1/AWSReservedSSO_{name}_0123456789abcdef" for name in ("Night", "Day", "Guards", "Taggers")
)
DEVELOPMENT_ROLES = {
    **{"Deployer": False, "Operator": True, "Tagger": False, "Idler": False},
    **dict.fromkeys((OF_DEV, OF_DEV_ABROAD, OF_DEV_X, OF_OPS, OF_GUARDS), True),
    **dict.fromkeys((OF_NIGHT, OF_DAY, OF_TAGGERS), False),
}
"""Roles of the development account that are managed elsewhere; ``True`` for those with a power user's rights."""
USERS = [
    User("David", DEVELOPMENT),
    User("Sam", DEVELOPMENT),
    User("Theresa", DEVELOPMENT, groups=("Testers",)),
    User("Max", DEVELOPMENT, groups=("Mixed",)),
    User("Mallory", ELSEWHERE),
    User("Gina", DEVELOPMENT, groups=("Developers",), power_user=False),
    User("Mona", DEVELOPMENT, groups=("Mixed",), power_user=False),
    User("Ella", DEVELOPMENT, groups=("Kept",), power_user=False),
    User("Bella", DEVELOPMENT, groups=("Bound",), power_user=False),
    User("Kim", DEVELOPMENT, groups=("Known",), power_user=False),
    User("Tanja", DEVELOPMENT, groups=("Taggers",), power_user=False),
    *(User(name, DEVELOPMENT, power_user=False) for name in ("Norman", "Paul", "Mia", "Eve", "Ivy")),
]
WITH_MFA = "David with MFA"
