"""Wrong configurations of a stack, each with the key and the hint of its message."""

from collections.abc import Mapping
from typing import Any

ROLE = {"name": "UpdateApp", "bucket": "productionapp", "trustedAccountId": "111111111111"}
GROUP = {"name": "Developers", "allow": ["production/UpdateApp"]}
SETS = {"trustedPermissionSets": ["Dev"]}
ROLE_NAME = "production/UpdateApp"
PREFIX = "cross-account-access"


def roles(*entries: Mapping[str, Any]) -> dict[str, Any]:
    return {"aws:allowedAccountIds": ["999999999999"], f"{PREFIX}:roles": list(entries)}


def groups(*entries: Mapping[str, Any]) -> dict[str, Any]:
    return {"aws:allowedAccountIds": ["111111111111"], f"{PREFIX}:groups": list(entries)}


def without(entry: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != key}


ADMIN = {"principal": "arn:aws:iam::999999999999:role/Admin", "reason": "looks after the account"}


def known(**other: str) -> dict[str, Any]:
    return {**roles(ROLE), f"{PREFIX}:knownPrincipals": [{**ADMIN, **other}]}


WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("short account id", roles({**ROLE, "trustedAccountId": "1111"}), "roles[0].trustedAccountId", "'1111'"),
    (
        "account id as a number",
        roles({**ROLE, "trustedAccountId": 111111111111}),
        "roles[0].trustedAccountId",
        "quotes",
    ),
    (
        "principal of an account that is not trusted",
        roles({**ROLE, "deniedPrincipalArns": ["arn:aws:iam::*:role/*", "arn:aws:iam::111111111112:role/deploy"]}),
        "roles[0].deniedPrincipalArns[1]",
        "it trusts 111111111111",
    ),
    (
        "a known principal of another account",
        known(principal="arn:aws:iam::111111111111:role/Admin"),
        "knownPrincipals[0].principal",
        "name principals of this account, 999999999999",
    ),
    (
        "everybody is known",
        known(principal="arn:aws:iam::999999999999:role/*"),
        "knownPrincipals[0].principal",
        "it matches everybody",
    ),
    ("a known principal of any account", known(principal="arn:aws:iam::*:role/Admin"), "[0].principal", "this account"),
    (
        "a known account",
        known(principal="arn:aws:iam::999999999999:root"),
        "knownPrincipals[0].principal",
        "write the ARN",
    ),
    (
        "a known principal without a reason",
        {**roles(ROLE), f"{PREFIX}:knownPrincipals": [without(ADMIN, "reason")]},
        "knownPrincipals[0].reason",
        "missing",
    ),
    ("a reason of two lines", known(reason="a\nb"), "knownPrincipals[0].reason", "on one line"),
    ("a known principal until some day", known(until="tomorrow"), "knownPrincipals[0].until", "a UTC time"),
    (
        "a principal known twice",
        {**roles(ROLE), f"{PREFIX}:knownPrincipals": [ADMIN, ADMIN]},
        "knownPrincipals[1].principal",
        "knownPrincipals[0]",
    ),
    ("missing key", roles(without(ROLE, "bucket")), "roles[0].bucket", "missing"),
    ("unknown key", roles({**ROLE, "bukket": "x"}), "roles[0].bukket: there is no such key", "did you mean bucket?"),
    (
        "unknown project key",
        {**roles(ROLE), f"{PREFIX}:rolez": []},
        "rolez: there is no",
        f"did you mean {PREFIX}:roles?",
    ),
    ("upper-case bucket", roles({**ROLE, "bucket": "ProductionApp"}), "roles[0].bucket", "lower-case"),
    ("bucket like an address", roles({**ROLE, "bucket": "192.168.0.1"}), "roles[0].bucket", "IP address"),
    ("reserved bucket", roles({**ROLE, "bucket": "app-s3alias"}), "roles[0].bucket", "reserved by S3"),
    ("role name with a space", roles({**ROLE, "name": "Update App"}), "roles[0].name", "1 to 64"),
    ("long policy name", roles({**ROLE, "policyName": "p" * 129}), "roles[0].policyName", "1 to 128"),
    ("flag as text", roles({**ROLE, "createBucket": "no"}), "roles[0].createBucket", "true or false"),
    (
        "two roles of one name",
        roles(ROLE, {**ROLE, "name": "updateapp", "policyName": "p"}),
        "roles[1].name",
        "roles[0]",
    ),
    (
        "two policies of one name",
        roles({**ROLE, "policyName": "p"}, {**ROLE, "name": "Other", "policyName": "P"}),
        "roles[1].policyName",
        "policyName",
    ),
    (
        "a bucket both created and not created",
        roles(ROLE, {**ROLE, "name": "Other", "policyName": "p", "createBucket": False}),
        "roles[1].createBucket",
        "productionapp",
    ),
    (
        "allowed and denied",
        groups({**GROUP, "deny": ["cross-account-access/production/UpdateApp"]}),
        "groups[0].deny[0]",
        "groups[0].allow[0]",
    ),
    ("nothing allowed or denied", groups({"name": "Developers"}), "groups[0].allow", "at least one"),
    ("role without its stack", groups({**GROUP, "allow": ["UpdateApp"]}), "groups[0].allow[0]", "stack/role"),
    ("role of this stack", groups({**GROUP, "allow": ["development/Own"]}), "groups[0].allow[0]", "another stack"),
    ("allow as text", groups({**GROUP, "allow": "production/UpdateApp"}), "groups[0].allow", "list"),
    ("two groups of one name", groups(GROUP, {**GROUP, "name": "developers"}), "groups[1].name", "groups[0]"),
    ("entry that is not a mapping", groups("Developers"), "groups[0]", "mapping"),  # type: ignore[arg-type]
    (
        "no roles and no groups",
        roles(),
        "roles",
        "needs one of roles, groups, granteeRoles, permissionSets; to remove all: `pulumi destroy`",
    ),
    ("answered account id", {**roles(ROLE), f"{PREFIX}:trustedAccountId": "1111"}, ":trustedAccountId", "digits"),
    ("answered bucket", {**roles(ROLE), f"{PREFIX}:bucket": "ProductionApp"}, f"{PREFIX}:bucket", "lower-case"),
    ("only a bucket answered", {**roles(), f"{PREFIX}:bucket": "app"}, "roles[0].trustedAccountId", "missing"),
    (
        "an answer for two roles",
        {**roles(ROLE, {**ROLE, "name": "Other", "policyName": "p"}), f"{PREFIX}:bucket": "app"},
        f"{PREFIX}:bucket",
        "a single role only",
    ),
    ("no allowed accounts", {f"{PREFIX}:roles": [ROLE]}, "aws:allowedAccountIds", "111111111111"),
    *(
        (
            f"allowed accounts as {text}",
            {**roles(ROLE), "aws:allowedAccountIds": value},
            "aws:allowedAccountIds: ",
            "list the account",
        )
        for text, value in (("text", "999999999999"), ("nothing", []), ("a mapping", {"a": 1}), ("not JSON", "[9"))
    ),
    ("no such region", {**roles(ROLE), "aws:region": "us-esat-1"}, "aws:region: 'us-esat-1'", "us-east-1"),
    ("not similar to a region", {**roles(ROLE), "aws:region": "Frankfurt"}, "aws:region", "write one like us-east-1"),
    ("roles as text", {**roles(), f"{PREFIX}:roles": "UpdateApp"}, f"{PREFIX}:roles: 'UpdateApp'", "write a list"),
    ("roles as a mapping", {**roles(), f"{PREFIX}:roles": {"a": 1}}, f"{PREFIX}:roles", "write a list"),
    ("another project's roles", {**roles(), "cross-account-acess:roles": [ROLE]}, "cross-account-acess:roles", PREFIX),
    ("another project's accounts", {**roles(ROLE), "x:accounts": {}}, "x:accounts: there is no", f"{PREFIX}:accounts"),
    ("a value that was forgotten", roles({**ROLE, "externalId": None}), "roles[0].externalId", "remove the key"),
    ("mistyped key alone", roles({**ROLE, "trustedAcountId": "1"}), "roles[0].trustedAcountId", "trustedAccountId"),
    (
        "versions of a role that does not read",
        roles({**ROLE, "access": "write", "objectVersions": True}),
        "roles[0].objectVersions",
        "access is write, so the role reads nothing",
    ),
    (
        "uploads of a role that does not write",
        roles({**ROLE, "access": "read", "multipartUploads": True}),
        "roles[0].multipartUploads",
        "access is read, so the role writes nothing",
    ),
    (
        "a key of another region",
        {**roles({**ROLE, "kmsKeyArns": ["arn:aws:kms:eu-west-1:999999999999:key/1"]}), "aws:region": "us-east-1"},
        "roles[0].kmsKeyArns[0]",
        "created in us-east-1",
    ),
    (
        "a boundary of another account",
        roles({**ROLE, "permissionsBoundary": "arn:aws:iam::111111111111:policy/b"}),
        "roles[0].permissionsBoundary",
        "a policy of this account, 999999999999",
    ),
    *(
        (
            f"another partition in {key}",
            {**roles({**ROLE, key: [value] if key.endswith("s") else value}), "aws:region": region},
            f"roles[0].{key}",
            f"here ARNs begin with arn:{partition}:",
        )
        for region, partition, key, value in (
            ("us-east-1", "aws", "trustedPrincipalArns", "arn:aws-us-gov:iam::*:user/*"),
            ("us-gov-west-1", "aws-us-gov", "deniedPrincipalArns", "arn:aws:iam::*:role/*"),
            ("cn-north-1", "aws-cn", "kmsKeyArns", "arn:aws:kms:us-east-1:999999999999:key/1"),
            ("us-isob-east-1", "aws-iso-b", "permissionsBoundary", "arn:aws:iam::999999999999:policy/b"),
        )
    ),
    (
        "a bucket of the account's namespace",
        roles({**ROLE, "bucket": "logs-999999999999-us-east-1-an"}),
        "roles[0].bucket",
        "-an",
    ),
    (
        "one of several",
        roles({**without(ROLE, "bucket"), "buckets": ["logs", "logs-an"]}),
        "roles[0].buckets[1]",
        "-an",
    ),
    *(
        (f"{key} where nothing is allowed", groups({"name": "Testers", "deny": [ROLE_NAME], key: True}), key, "allow")
        for key in ("bindSessionName", "sourceIdentity", "sessionTags")
    ),
    (
        "a prefix for roles that are not allowed",
        groups({"name": "Testers", "deny": [ROLE_NAME], "allowPolicyPrefix": "may-"}),
        "groups[0].allowPolicyPrefix",
        "it needs a role under allow",
    ),
    (
        "a prefix for roles that are not denied",
        groups({**GROUP, "denyPolicyPrefix": "may-not-"}),
        "groups[0].denyPolicyPrefix",
        "it needs a role under deny",
    ),
    (
        "the same names",
        groups({**GROUP, "deny": ["production/Other"], "allowPolicyPrefix": "x-", "denyPolicyPrefix": "X-"}),
        "groups[0]: Deny",
        "groups[0]: Allow is the same",
    ),
    (
        "a prefix that is not allowed in names",
        groups({**GROUP, "allowPolicyPrefix": "a b"}),
        "allowPolicyPrefix",
        "1 to 128",
    ),
    (
        "a role that only AWS can change",
        {
            **groups(GROUP),
            f"{PREFIX}:granteeRoles": [{"name": "AWSReservedSSO_Dev_0123456789abcdef", "allow": [ROLE_NAME]}],
        },
        "granteeRoles[0].name",
        "name their permission set instead, under permissionSets",
    ),
    (
        "a role of a service",
        {**groups(GROUP), f"{PREFIX}:granteeRoles": [{"name": "AWSServiceRoleForSupport", "allow": [ROLE_NAME]}]},
        "granteeRoles[0].name",
        "service-linked roles",
    ),
    *(
        (
            f"{key} of people who come in through Identity Center",
            roles({**ROLE, **SETS, **output}),
            f"roles[0].{key}",
            hint,
        )
        for key, output, hint in (
            ("requireMfa", {"requireMfa": True}, "remove it, or trustedPermissionSets"),
            ("mfaMaxAge", {"mfaMaxAge": 900}, "arrive as a role, which has no MFA"),
            ("requireSourceIdentity", {"requireSourceIdentity": True}, "no user name"),
        )
    ),
    (
        "a pattern for a permission set",
        roles({**ROLE, "trustedPermissionSets": ["Dev", "De*"]}),
        "roles[0].trustedPermissionSets[1]",
        "1 to 32 letters",
    ),
    ("no permission sets", roles({**ROLE, "deniedPermissionSets": []}), "roles[0].deniedPermissionSets", "at least"),
    (
        "a role of Identity Center without its path",
        roles({**ROLE, "deniedPrincipalArns": ["arn:aws:iam::111111111111:role/AWSReservedSSO_Dev_*"]}),
        "roles[0].deniedPrincipalArns[0]",
        "under trustedPermissionSets or deniedPermissionSets",
    ),
    *(
        (
            f"{key} of a permission set",
            {**groups(), f"{PREFIX}:permissionSets": [{"name": "Dev", "allow": [ROLE_NAME], key: True}]},
            f"permissionSets[0].{key}: there is no such key",
            "known: name, allow, deny, sessionTags",
        )
        for key in ("bindSessionName", "sourceIdentity")
    ),
    (
        "too long a permission set name",
        {**groups(), f"{PREFIX}:permissionSets": [{"name": "p" * 33, "allow": [ROLE_NAME]}]},
        "permissionSets[0].name",
        "1 to 32 letters",
    ),
    (
        "two permission sets of one name",
        {**groups(), f"{PREFIX}:permissionSets": [{"name": name, "allow": [ROLE_NAME]} for name in ("Dev", "dev")]},
        "permissionSets[1].name",
        "permissionSets[0].name is the same",
    ),
    (
        "tags without allowed roles",
        {**groups(), f"{PREFIX}:permissionSets": [{"name": "Dev", "deny": [ROLE_NAME], "sessionTags": True}]},
        "permissionSets[0].sessionTags",
        "it needs a role under allow",
    ),
    ("a number for a role", groups({**GROUP, "allow": [5]}), "groups[0].allow[0]: 5", "write text"),
    ("nothing for a role", groups({**GROUP, "deny": [None]}), "groups[0].deny[0]: None", "write text"),
    *(
        (f"an end: {what}", groups({**GROUP, "allow": [entry]}), f"groups[0].allow[0].{key}", hint)
        for what, entry, key, hint in (
            ("no moment", {"role": ROLE_NAME, "until": "soon"}, "until: 'soon'", "write a UTC time"),
            ("a day alone", {"role": ROLE_NAME, "until": "2027-01-31"}, "until", "write a UTC time"),
            ("no such day", {"role": ROLE_NAME, "until": "2027-02-31T00:00:00Z"}, "until", "write a UTC time"),
            ("none", {"role": ROLE_NAME}, "until is missing", "write {role: stack/role, until:"),
            ("no role", {"until": "2027-01-31T18:00:00Z"}, "role is missing", "write {role: stack/role, until:"),
            ("a typo", {"role": ROLE_NAME, "untill": "2027-01-31T18:00:00Z"}, "untill", "did you mean until?"),
        )
    ),
    (
        "an end: no role of another stack",
        groups({**GROUP, "allow": [{"role": "UpdateApp", "until": "2027-01-31T18:00:00Z"}]}),
        "groups[0].allow[0]",
        "write stack/role",
    ),
    (
        "an end of a Deny",
        groups({**GROUP, "deny": ["production/Other", {"role": "production/X", "until": "2027-01-31T18:00:00Z"}]}),
        "groups[0].deny[1].until",
        "a Deny has no end",
    ),
    (
        "the same role with and without an end",
        groups({**GROUP, "allow": [ROLE_NAME, {"role": ROLE_NAME, "until": "2027-01-31T18:00:00Z"}]}),
        "groups[0].allow[1]",
        "groups[0].allow[0] names it too, with another end",
    ),
    (
        "two grantees of one name",
        {**groups(), f"{PREFIX}:granteeRoles": [{"name": name, "allow": [ROLE_NAME]} for name in ("ops", "Ops")]},
        "granteeRoles[1].name",
        "granteeRoles[0].name is the same",
    ),
    (
        "a role's own name for a session",
        {**groups(), f"{PREFIX}:granteeRoles": [{**GROUP, "sourceIdentity": True}]},
        "granteeRoles[0].sourceIdentity: there is no such key",
        "known: name, allow, deny",
    ),
    ("wrong allowed account", {**roles(ROLE), "aws:allowedAccountIds": ["9"]}, "aws:allowedAccountIds[0]", "twelve"),
]
