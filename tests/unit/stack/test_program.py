"""The program of both stacks, with the tracked YAML files."""

from typing import Any

import pulumi
import pytest

from tests.unit.conftest import Ran, Registration, Run, tracked_config

ROLE_ARN = "arn:aws:iam::999999999999:role/UpdateApp"
PRODUCTION_OUTPUTS = {
    "contractVersion": 1,
    "roleArn": ROLE_ARN,
    "roleArns": {"UpdateApp": ROLE_ARN},
    "bucketNames": {"UpdateApp": "productionapp"},
    "switchRoleUrls": {
        "UpdateApp": "https://signin.aws.amazon.com/switchrole"
        "?account=999999999999&roleName=UpdateApp&displayName=UpdateApp"
    },
    "roleOptions": {"UpdateApp": {"bucket": "productionapp", "trustedAccountId": "111111111111"}},
    "openRoles": ["UpdateApp"],
}
STACKS = {"organization/cross-account-access/production": PRODUCTION_OUTPUTS}


@pytest.fixture
def production(run: Run) -> Ran:
    return run(stack="production", config=tracked_config("production"))


@pytest.fixture
def development(run: Run) -> Ran:
    return run(stack="development", config=tracked_config("development"), stacks=STACKS)


def types_and_parents(ran: Ran) -> dict[str, tuple[str, str]]:
    everything = ran.registrations.items()
    return {name: (made.type, made.parent) for name, made in everything if made.type != "pulumi:pulumi:Stack"}


def test_production_exports_the_contract(production: Ran) -> None:
    assert production.exports == PRODUCTION_OUTPUTS


def test_development_exports_the_contract(development: Ran) -> None:
    assert development.exports == {
        "contractVersion": 1,
        "assumableRoles": {
            "Developers": {"allow": [ROLE_ARN], "deny": []},
            "Testers": {"allow": [], "deny": [ROLE_ARN]},
        },
    }


def test_production_consists_of_the_role_and_its_bucket(production: Ran) -> None:
    stack = "cross-account-access-production"
    assert types_and_parents(production) == {
        "productionapp": ("cross-account-access:index:ApplicationBucket", stack),
        "productionapp-bucket": ("aws:s3/bucket:Bucket", "productionapp"),
        "productionapp-public-access-block": (
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            "productionapp",
        ),
        "productionapp-ownership-controls": ("aws:s3/bucketOwnershipControls:BucketOwnershipControls", "productionapp"),
        "productionapp-versioning": ("aws:s3/bucketVersioning:BucketVersioning", "productionapp"),
        "productionapp-encryption": (
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            "productionapp",
        ),
        "productionapp-policy": ("aws:s3/bucketPolicy:BucketPolicy", "productionapp"),
        "UpdateApp": ("cross-account-access:index:ReadWriteBucketRole", stack),
        "UpdateApp-role": ("aws:iam/role:Role", "UpdateApp"),
        "UpdateApp-policy": ("aws:iam/policy:Policy", "UpdateApp"),
        "UpdateApp-policy-attachment": ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "UpdateApp"),
    }


def test_the_bucket_and_nothing_else_is_protected(production: Ran) -> None:
    protected = {name for name, resource in production.registrations.items() if resource.protect}
    assert protected == {"productionapp-bucket"}


def test_development_consists_of_groups_and_their_policies(development: Ran) -> None:
    stack = "cross-account-access-development"
    allow = "Developers-allow-assume-S3-role-in-production"
    deny = "Testers-deny-assume-S3-role-in-production"
    assert types_and_parents(development) == {
        "Developers": ("aws:iam/group:Group", stack),
        allow: ("cross-account-access:index:GroupAssumePolicy", stack),
        f"{allow}-policy": ("aws:iam/groupPolicy:GroupPolicy", allow),
        "Testers": ("aws:iam/group:Group", stack),
        deny: ("cross-account-access:index:GroupAssumePolicy", stack),
        f"{deny}-policy": ("aws:iam/groupPolicy:GroupPolicy", deny),
    }


@pytest.mark.parametrize(
    ("group", "effect"), [("Developers", "Allow"), ("Testers", "Deny")], ids=["Developers may", "Testers may not"]
)
def test_a_group_policy_is_the_tutorials(development: Ran, group: str, effect: str) -> None:
    policy_name = f"{effect.lower()}-assume-S3-role-in-production"
    policy = development.registrations[f"{group}-{policy_name}-policy"]
    assert {key: policy.inputs[key] for key in ("name", "group")} == {"name": policy_name, "group": group}
    assert group in policy.dependencies
    assert development.document(f"{group}-{policy_name}-policy") == {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": f"{effect}AssumeRole", "Effect": effect, "Action": "sts:AssumeRole", "Resource": ROLE_ARN}
        ],
    }


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn"])
def test_the_role_is_the_tutorials_in_every_partition(run: Run, partition: str) -> None:
    ran = run(stack="production", config=tracked_config("production"), partition=partition)
    assert ran.registrations["UpdateApp-role"].inputs["name"] == "UpdateApp"
    assert ran.document("UpdateApp-role", "assumeRolePolicy") == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TrustAccount",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{partition}:iam::111111111111:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    assert ran.registrations["UpdateApp-policy"].inputs["name"] == "read-write-app-bucket"
    assert ran.document("UpdateApp-policy") == {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "ListAllBuckets", "Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"},
            {
                "Sid": "ListBucket",
                "Effect": "Allow",
                "Action": ["s3:GetBucketLocation", "s3:ListBucket"],
                "Resource": f"arn:{partition}:s3:::productionapp",
            },
            {
                "Sid": "ReadWriteObjects",
                "Effect": "Allow",
                "Action": ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
                "Resource": f"arn:{partition}:s3:::productionapp/*",
            },
        ],
    }


def test_the_policy_is_attached_to_the_role(production: Ran) -> None:
    attachment = production.registrations["UpdateApp-policy-attachment"]
    assert attachment.inputs["role"] == "UpdateApp"
    assert {"UpdateApp-policy", "UpdateApp-role"} <= set(attachment.dependencies)


def test_the_bucket_is_hardened(production: Ran) -> None:
    def inputs(part: str) -> dict[str, Any]:
        registration: Registration = production.registrations[f"productionapp-{part}"]
        return dict(registration.inputs)

    assert inputs("bucket") == {"bucket": "productionapp"}
    assert inputs("public-access-block") == {
        "bucket": "productionapp",
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    assert inputs("ownership-controls") == {
        "bucket": "productionapp",
        "rule": {"objectOwnership": "BucketOwnerEnforced"},
    }
    assert inputs("versioning") == {"bucket": "productionapp", "versioningConfiguration": {"status": "Enabled"}}
    assert inputs("encryption") == {
        "bucket": "productionapp",
        "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}],
    }
    assert production.document("productionapp-policy") == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "DenyInsecureTransport",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": ["arn:aws:s3:::productionapp", "arn:aws:s3:::productionapp/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }
    assert "productionapp-public-access-block" in production.registrations["productionapp-policy"].dependencies


def test_existing_resources_are_left_alone(run: Run) -> None:
    role = {"name": "UpdateApp", "bucket": "theirs", "trustedAccountId": "111111111111", "createBucket": False}
    group = {"name": "Developers", "createGroup": False, "allow": ["production/UpdateApp"]}
    config = {
        "aws:allowedAccountIds": ["333333333333"],
        "cross-account-access:roles": [role],
        "cross-account-access:groups": [group],
    }
    ran = run(stack="third", config=config, stacks=STACKS)
    made = {resource.type for resource in ran.registrations.values()}
    assert "aws:s3/bucket:Bucket" not in made
    assert "aws:iam/group:Group" not in made
    assert "aws:iam/group:Group Developers" in ran.read
    assert ran.registrations["Developers-allow-assume-S3-role-in-production-policy"].inputs["group"] == "Developers"
    assert ran.exports.keys() == PRODUCTION_OUTPUTS.keys() | {"assumableRoles", "resourcePolicyStatements"}


def test_roles_of_other_projects_and_organizations_are_reached(run: Run) -> None:
    arn = "arn:aws:iam::444444444444:role/Ops"
    group = {"name": "Developers", "allow": ["staging/Ops", "infra/live/Ops", "acme/infra/live/Ops"]}
    names = ["organization/cross-account-access/staging", "organization/infra/live", "acme/infra/live"]
    ran = run(
        stack="development",
        config={"aws:allowedAccountIds": ["111111111111"], "cross-account-access:groups": [group]},
        stacks={name: {"roleArns": {"Ops": f"{arn}{index}"}} for index, name in enumerate(names)},
    )
    assert ran.document("Developers-allow-assume-S3-role-in-staging-policy")["Statement"][0]["Resource"] == f"{arn}0"
    live = ran.document("Developers-allow-assume-S3-role-in-live-policy")["Statement"][0]["Resource"]
    assert live == [f"{arn}1", f"{arn}2"]


def test_policies_too_long_together_for_a_group_are_refused(run: Run) -> None:
    arn = "arn:aws:iam::444444444444:role/"
    names = [f"Role{number:02}{'x' * 50}" for number in range(30)]
    stacks = {
        f"organization/cross-account-access/{stack}": {"roleArns": {name: arn + name for name in names}}
        for stack in ("live", "staging")
    }
    config = {
        "aws:allowedAccountIds": ["111111111111"],
        "cross-account-access:groups": [
            {"name": "Ops", "allow": [f"{stack}/{role}" for stack in ("live", "staging") for role in names]}
        ],
    }
    with pytest.raises(
        pulumi.RunError, match=r"group Ops: '\d+ characters' .* IAM allows 5120 .*-in-live \d+, .*-in-staging \d+"
    ):
        run(stack="development", config=config, stacks=stacks)
    config["cross-account-access:groups"] = [{"name": "Ops", "allow": [f"live/{role}" for role in names]}]
    assert len(run(stack="development", config=config, stacks=stacks).registrations) == 4
