"""The outputs' contract: all outputs of whole stacks, in three partitions, with two of everything.

With one role and one bucket, mix-ups of first and last, or of name and path, would stay unseen.
"""

import json
from typing import Any

import pytest

from stack.outputs import switch_role_url
from tests.unit.conftest import DNS_SUFFIXES, Ran, Run, is_secret, revealed

PROJECT = "cross-account-access"
OWNER, PEOPLE, PARTNER = "999999999999", "111111111111", "222222222222"
REGIONS = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}
LONG_AGO, FAR_AWAY, FURTHER = "2020-01-31T00:00:00Z", "2099-01-31T00:00:00Z", "2099-12-31T23:59:59Z"
HOSTS = {
    "aws": "signin.aws.amazon.com",
    "aws-us-gov": "signin.amazonaws-us-gov.com",
    "aws-cn": "signin.amazonaws.cn",
}


def key_of(partition: str, account: str = OWNER) -> str:
    return f"arn:{partition}:kms:{REGIONS[partition]}:{account}:key/1234abcd"


def role_arn(partition: str, name: str) -> str:
    return f"arn:{partition}:iam::{OWNER}:role/{name}"


def roles(partition: str) -> list[dict[str, Any]]:
    return [
        {"name": "UpdateApp", "path": "/delegated/", "buckets": ["app", "archive"], "trustedAccountId": PEOPLE},
        {
            "name": "Partner",
            "policyName": "partner",
            "bucket": "exchange",
            "createBucket": False,
            "trustedAccountIds": [PARTNER, PEOPLE],
            "trustedPrincipalArns": [f"arn:{partition}:iam::*:user/*"],
            "trustedPermissionSets": ["Exchange"],
            "deniedPermissionSets": ["Guests"],
            "externalId": "Example-987",
            "kmsKeyArns": [key_of(partition)],
        },
        {
            "name": "Reports",
            "policyName": "reports",
            "bucket": "archive",
            "trustedAccountId": PEOPLE,
            "generateExternalId": True,
            "access": "read",
            "prefixes": ["reports/"],
            "kmsKeyArns": [key_of(partition, PARTNER)],
        },
        {
            "name": "Own",
            "policyName": "own",
            "bucket": "own",
            "trustedAccountId": PEOPLE,
            "kmsKeyArns": [key_of(partition)],
        },
    ]


def administrator(partition: str) -> dict[str, str]:
    arn = f"arn:{partition}:iam::{OWNER}:role/Admin*"
    return {"principal": arn, "reason": "looks after the account", "until": FAR_AWAY}


def production(run: Run, partition: str = "aws", *, is_hidden: bool = False) -> Ran:
    return run(
        stack="production",
        partition=partition,
        config={
            "aws:region": REGIONS[partition],
            "aws:allowedAccountIds": [OWNER],
            f"{PROJECT}:roles": roles(partition),
            f"{PROJECT}:knownPrincipals": [administrator(partition)],
        },
        secret=[f"{PROJECT}:roles"] if is_hidden else [],
    )


@pytest.mark.parametrize("partition", REGIONS)
def test_a_stack_of_several_roles_exports(run: Run, partition: str) -> None:
    exports = dict(production(run, partition).exports)
    statements = exports.pop("resourcePolicyStatements")
    link = f"https://{HOSTS[partition]}/switchrole?account={OWNER}"
    output = [
        {key: value for key, value in role.items() if key not in ("name", "externalId", "createBucket")}
        for role in roles(partition)
    ]
    assert exports == {
        "contractVersion": 1,
        "knownPrincipals": [administrator(partition)],
        "roleArn": role_arn(partition, "delegated/UpdateApp"),
        "roleArns": {
            "UpdateApp": role_arn(partition, "delegated/UpdateApp"),
            "Partner": role_arn(partition, "Partner"),
            "Reports": role_arn(partition, "Reports"),
            "Own": role_arn(partition, "Own"),
        },
        "bucketNames": {"UpdateApp": "app", "Partner": "exchange", "Reports": "archive", "Own": "own"},
        "switchRoleUrls": {
            "UpdateApp": f"{link}&roleName=delegated%2FUpdateApp&displayName=delegated%2FUpdateApp",
            "Partner": None,
            "Reports": None,
            "Own": f"{link}&roleName=Own&displayName=Own",
        },
        "roleOptions": dict(zip(["UpdateApp", "Partner", "Reports", "Own"], output, strict=True)),
        "openRoles": ["UpdateApp", "Reports", "Own"],
        "externalIds": {"Partner": "Example-987", "Reports": "ANPAEXAMPLE"},
    }
    # For an existing bucket and its key, and for a key of another account; for nothing else.
    assert {role: sorted(own) for role, own in statements.items()} == {
        "Partner": [key_of(partition), f"arn:{partition}:s3:::exchange"],
        "Reports": [key_of(partition, PARTNER)],
    }
    domain = DNS_SUFFIXES[partition]
    assert json.loads(statements["Reports"][key_of(partition, PARTNER)]) == [
        {
            "Sid": f"UseKey{OWNER}Reports",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{partition}:iam::{OWNER}:root"},
            "Action": "kms:Decrypt",
            "Resource": "*",
            "Condition": {
                "StringEquals": {"kms:ViaService": f"s3.{REGIONS[partition]}.{domain}"},
                "ArnEquals": {"aws:PrincipalArn": role_arn(partition, "Reports")},
            },
        }
    ]


BY_S3 = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
BY_KEY = {
    "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key_of("aws")},
    "bucketKeyEnabled": True,
}


@pytest.mark.parametrize(
    ("keys_of_roles", "rule"),
    [
        ([[key_of("aws")]], BY_KEY),
        ([[key_of("aws")], [key_of("aws")]], BY_KEY),
        ([[key_of("aws")], []], BY_S3),
        ([[], [key_of("aws")]], BY_S3),
        ([[key_of("aws"), f"{key_of('aws')}2"]], BY_S3),
        ([[key_of("aws")], [f"{key_of('aws')}2"]], BY_S3),
        ([[]], BY_S3),
    ],
    ids=["one", "the same", "one role has none", "the first has none", "two", "another", "none"],
)
def test_the_only_key_of_all_roles_of_a_bucket_is_its_default(
    run: Run, keys_of_roles: list[list[str]], rule: dict[str, Any]
) -> None:
    """Check the default key: a role that may not use it could no longer write."""
    roles = [
        {"name": f"R{number}", "bucket": "shared", "trustedAccountId": PEOPLE, **({"kmsKeyArns": keys} if keys else {})}
        for number, keys in enumerate(keys_of_roles)
    ]
    ran = run(config={"aws:allowedAccountIds": [OWNER], f"{PROJECT}:roles": roles})
    assert ran.registrations["shared-encryption"].inputs["rules"] == [rule]


@pytest.mark.parametrize("is_hidden", [True, False])
def test_an_external_id_in_a_secret_list_is_secret_everywhere_and_nothing_else_is(run: Run, is_hidden: bool) -> None:
    ran = production(run, is_hidden=is_hidden)
    hidden = {
        f"{name}.{key}"
        for name, made in ran.registrations.items()
        for key, value in made.inputs.items()
        if is_secret(value)
    }
    assert hidden == ({"Partner-role.assumeRolePolicy"} if is_hidden else set())
    demanded = ran.document("Partner-role", "assumeRolePolicy")["Statement"][1]["Condition"]["StringEquals"]
    assert demanded == {"sts:ExternalId": "Example-987"}
    outputs = ran.component_outputs
    given = {name: is_secret(outputs[name]["external_id"]) for name in ("UpdateApp", "Partner", "Reports", "Own")}
    assert given == {"UpdateApp": False, "Partner": is_hidden, "Reports": False, "Own": False}
    assert revealed(outputs["Partner"]["external_id"]) == "Example-987"
    shown = [value for made in ran.registrations.values() for value in made.inputs.values() if not is_secret(value)]
    shown += [value for own in outputs.values() for value in own.values() if not is_secret(value)]
    assert ("Example-987" in json.dumps(shown)) != is_hidden
    assert not any("Example-987" in json.dumps(value) for key, value in ran.exports.items() if key != "externalIds")


NO_LINK: dict[str, dict[str, Any]] = {
    "an external id": {"externalId": "Example-987"},
    "a generated one": {"generateExternalId": True},
    "a source identity": {"requireSourceIdentity": True},
    "session tags": {"sessionTags": {"team": ["blue"]}},
    "65 characters of path and name": {"path": f"/{'p' * 54}/"},
}


@pytest.mark.parametrize("options", NO_LINK.values(), ids=NO_LINK)
def test_there_is_no_link_to_roles_that_the_console_can_not_switch_to(run: Run, options: dict[str, Any]) -> None:
    role = {"name": "UpdateApp", "bucket": "app", "trustedAccountId": PEOPLE, **options}
    config = {"aws:allowedAccountIds": [OWNER], f"{PROJECT}:roles": [role]}
    assert run(config=config).exports["switchRoleUrls"] == {"UpdateApp": None}


def test_there_is_a_link_to_roles_that_the_console_can_switch_to(run: Run) -> None:
    options = {
        "path": f"/{'p' * 53}/",
        "requireMfa": True,
        "requireSourceIdentity": False,
        "sourceIpRanges": ["203.0.113.0/24"],
    }
    role = {"name": "UpdateApp", "bucket": "app", "trustedAccountId": PEOPLE, **options}
    ran = run(config={"aws:allowedAccountIds": [OWNER], f"{PROJECT}:roles": [role]})
    assert ran.exports["switchRoleUrls"]["UpdateApp"].endswith("p%2FUpdateApp")


def test_there_is_no_link_in_a_partition_whose_console_is_not_known() -> None:
    assert switch_role_url("arn:aws-eusc:iam::999999999999:role/UpdateApp") is None


@pytest.mark.parametrize("partition", REGIONS)
def test_a_stack_of_groups_and_roles_exports(run: Run, partition: str) -> None:
    exported = dict(production(run, partition).exports)
    update, reports, own = (exported["roleArns"][name] for name in ("UpdateApp", "Reports", "Own"))
    elsewhere = f"arn:{partition}:iam::333333333333:role/Audit"
    lists = {
        "groups": [
            {
                "name": "Developers",
                "allow": ["production/UpdateApp", "production/Own", elsewhere],
                "deny": ["production/Reports"],
                "sourceIdentity": True,
                "bindSessionName": True,
            },
            {"name": "Testers", "deny": ["production/UpdateApp"], "sessionTags": False},
            {
                "name": "Guests",
                "allow": [{"role": "production/Own", "until": FAR_AWAY}, {"role": elsewhere, "until": FURTHER}],
            },
        ],
        "granteeRoles": [
            {"name": "deploy", "allow": ["production/Own"], "sessionTags": True},
            {"name": "audit", "deny": ["production/Own"]},
        ],
        "permissionSets": [
            {
                "name": "Developers",
                "allow": ["production/UpdateApp", {"role": elsewhere, "until": FAR_AWAY}, "production/Own"],
                "deny": ["production/Reports"],
                "sessionTags": True,
            },
            {"name": "Testers", "deny": ["production/UpdateApp"]},
        ],
    }
    ran = run(
        stack="development",
        partition=partition,
        config={
            "aws:region": REGIONS[partition],
            "aws:allowedAccountIds": [PEOPLE],
            **{f"{PROJECT}:{name}": entries for name, entries in lists.items()},
        },
        stacks={f"organization/{PROJECT}/production": exported},
    )
    assert ran.exports == {
        "contractVersion": 1,
        "assumableRoles": {
            "Developers": {"allow": [own, update, elsewhere], "deny": [reports]},
            "Testers": {"allow": [], "deny": [update]},
            "Guests": {"allow": [own, elsewhere], "deny": []},
        },
        "grantOptions": {
            "Developers": {"bindSessionName": True, "sourceIdentity": True},
            "Guests": {"until": {own: FAR_AWAY, elsewhere: FURTHER}},
            "deploy": {"sessionTags": True},
            "permission set Developers": {"sessionTags": True, "until": {elsewhere: FAR_AWAY}},
        },
        "granteeRoles": {"deploy": {"allow": [own], "deny": []}, "audit": {"allow": [], "deny": [own]}},
        "permissionSets": {
            "Developers": {"allow": sorted([own, update, elsewhere]), "deny": [reports]},
            "Testers": {"allow": [], "deny": [update]},
        },
    }
    assert {
        made.inputs["name"]: [each["Sid"] for each in ran.document(name)["Statement"]]
        for name, made in ran.registrations.items()
        if made.type == "aws:iam/policy:Policy"
    } == {
        "allow-assume-roles-Developers": [
            "AllowAssumeRole",
            "TagSession",
            "AllowAssumeRoleUntil20990131T000000Z",
            "TagSessionUntil20990131T000000Z",
        ],
        "deny-assume-roles-Developers": ["DenyAssumeRole"],
        "deny-assume-roles-Testers": ["DenyAssumeRole"],
    }


def test_a_stack_of_groups_alone_exports_no_roles_and_one_of_roles_alone_no_groups(run: Run) -> None:
    exported = production(run).exports
    assert not {"assumableRoles", "granteeRoles", "permissionSets", "grantOptions"} & set(exported)
    config = {
        "aws:allowedAccountIds": [PEOPLE],
        f"{PROJECT}:granteeRoles": [{"name": "ops", "allow": ["production/Own"]}],
    }
    ran = run(stack="development", config=config, stacks={f"organization/{PROJECT}/production": exported})
    assert set(ran.exports) == {"contractVersion", "granteeRoles"}


UNUSABLE: dict[str, tuple[dict[str, Any], str | None]] = {
    "nothing is wrong": ({"requireMfa": True, "expiresAt": FAR_AWAY, "revokeSessionsIssuedBefore": LONG_AGO}, None),
    "it has expired": (
        {"expiresAt": LONG_AGO},
        f"nobody can use role R: it expired at {LONG_AGO}; set expiresAt to a future moment, or remove it",
    ),
    "its sessions are revoked for years": (
        {"revokeSessionsIssuedBefore": FAR_AWAY},
        f"nobody can use role R: sessions that begin before {FAR_AWAY} have no rights; set revokeSessionsIssuedBefore",
    ),
    "all trusted principals are denied": (
        {
            "trustedPrincipalArns": [f"arn:aws:iam::{PEOPLE}:user/a*", f"arn:aws:iam::{PARTNER}:role/x"],
            "deniedPrincipalArns": ["arn:aws:iam::*:user/*", "arn:aws:iam::*:role/x"],
        },
        "nobody can use role R: deniedPrincipalArns deny everybody that it trusts; remove some of them",
    ),
    "all are denied": (
        {"deniedPrincipalArns": ["arn:aws:iam::*:user/*", "arn:aws:iam::*:role/*"]},
        "nobody can use role R: deniedPrincipalArns deny everybody that it",
    ),
    "its permission sets are denied too": (
        {"trustedPermissionSets": ["Dev"], "deniedPermissionSets": ["Dev", "Ops"]},
        "nobody can use role R: deniedPermissionSets deny everybody that it trusts; remove some of them",
    ),
    "its permission sets are denied by name and by pattern": (
        {
            "trustedPermissionSets": ["Dev", "Ops"],
            "deniedPermissionSets": ["Dev"],
            "deniedPrincipalArns": ["arn:aws:iam::*:role/aws-reserved/*"],
        },
        "nobody can use role R: deniedPrincipalArns and deniedPermissionSets deny everybody that it",
    ),
    "one of its permission sets is denied": (
        {"trustedPermissionSets": ["Dev", "Ops"], "deniedPermissionSets": ["Dev"]},
        None,
    ),
    "all users are denied": ({"deniedPrincipalArns": ["arn:aws:iam::*:user/*"]}, None),
    "all users are denied, and no role has MFA": (
        {"deniedPrincipalArns": ["arn:aws:iam::*:user/*"], "requireMfa": True},
        "nobody can use role R: deniedPrincipalArns deny everybody that it",
    ),
    "roles have no MFA": (
        {"trustedPrincipalArns": ["arn:aws:iam::*:role/*"], "requireMfa": True},
        f"nobody in {PEOPLE} can use role R: trustedPrincipalArns names only roles of {PEOPLE}, and no role can meet",
    ),
    "one of two accounts has no name": (
        {"trustedPrincipalArns": [f"arn:aws:iam::{PARTNER}:user/x"]},
        f"nobody in {PEOPLE} can use role R: trustedPrincipalArns names nobody in {PEOPLE}; name somebody, or stop",
    ),
}


@pytest.mark.parametrize(("options", "warning"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_role_that_nobody_can_use_gives_a_warning(run: Run, options: dict[str, Any], warning: str | None) -> None:
    role = {"name": "R", "bucket": "app", "trustedAccountIds": [PEOPLE, PARTNER], **options}
    warnings = run(config={"aws:allowedAccountIds": [OWNER], f"{PROJECT}:roles": [role]}).warnings
    assert [line[: len(warning or "")] for line in warnings][:1] == ([warning] if warning else [])
    assert len(warnings) <= 2  # one for each account, if the warning names the account
