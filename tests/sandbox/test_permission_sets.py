"""Tests of the proof for permission sets: it assumes their roles where it can, and says where it can't."""

import configparser
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from access.accounts import Account
from access.iam.account_reader import read_account
from access.lint.deployed_policies import deployed_policies
from access.participants import Participant
from access.project.yaml_file import read_yaml
from access.prove.matrix import ASSUME, Cell, Proof
from access.prove.proof import Settings, prove
from access.stack_outputs import StackOutputs, parse_stack_outputs
from sandbox.identity_center import provision
from sandbox.users import User
from tests.sandbox.conftest import Sandbox
from tests.support.refused import refused

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

PRODUCTION, DEVELOPMENT = "999999999999", "111111111111"
BOTH = ["production/UpdateApp", "production/OnlyDev"]
CONFIG: dict[str, dict[str, Any]] = {
    "production": {
        "roles": [
            {"name": "UpdateApp", "bucket": "productionapp", "trustedAccountId": DEVELOPMENT},
            {"name": "OnlyDev", "bucket": "dev", "trustedAccountId": DEVELOPMENT, "trustedPermissionSets": ["Dev"]},
        ]
    },
    "development": {
        "groups": [
            {"name": "Guests", "allow": [{"role": "production/UpdateApp", "until": "2020-01-31T18:00:00Z"}]},
            {"name": "Temps", "allow": [{"role": "production/UpdateApp", "until": "2099-01-31T18:00:00Z"}]},
        ],
        "permissionSets": [
            {"name": "Dev", "allow": BOTH},
            {"name": "Dev_x", "allow": BOTH},
            {"name": "Audit", "deny": BOTH},
            {"name": "Late", "allow": [{"role": "production/UpdateApp", "until": "2020-01-31T18:00:00Z"}]},
            {"name": "Closed", "allow": ["production/UpdateApp"]},
            {"name": "Unassigned", "allow": ["production/UpdateApp"]},
        ],
    },
}
SAML = {"Federated": f"arn:aws:iam::{DEVELOPMENT}:saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE"}


def document(**statement: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", **statement}})


@dataclass(frozen=True)
class World:
    """The deployed stacks, and the roles of the permission sets."""

    sandbox: Sandbox
    outputs: dict[str, StackOutputs]

    @property
    def iam(self) -> "IAMClient":
        """Development's IAM, as Identity Center calls it."""
        return self.sandbox.accounts.identity_center(DEVELOPMENT)

    def role(self, name: str) -> str:
        roles = self.iam.list_roles(PathPrefix="/aws-reserved/")["Roles"]
        return next(
            item["RoleName"] for item in roles if f"AWSReservedSSO_{name}_" in item["RoleName"][: len(name) + 16]
        )

    def proof(self, *people: str) -> Proof:
        config = self.sandbox.layout.aws_config
        participants = [Participant(Account(stack, config), exported) for stack, exported in self.outputs.items()]
        accounts = [Account(name, config) for name in people]
        return prove(participants, Settings(create_probes=not people, wait_seconds=0), accounts)

    def entering(self, proof: Proof) -> dict[tuple[str, str], Cell]:
        """Return the cells about assuming a role, by principal and role name."""
        return {(cell.principal, cell.role.rpartition("/")[2]): cell for cell in proof.cells if cell.action == ASSUME}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    sandbox = Sandbox(tmp_path_factory.mktemp("permission-sets"))
    try:
        for stack, lists in CONFIG.items():
            sandbox.engine.prepare(stack, print)
            file = sandbox.engine.folder / f"Pulumi.{stack}.yaml"
            settings = yaml.safe_load(file.read_text())
            settings["config"] |= {f"cross-account-access:{name}": entries for name, entries in lists.items()}
            file.write_text(yaml.safe_dump(settings))
            sandbox.engine.up(stack, print)
        development = sandbox.engine.project.stack("development")
        assert development
        generated = read_yaml(sandbox.engine.folder / "Pulumi.development.yaml")
        provision(sandbox.accounts, replace(development, file=generated))
        sandbox.write_profiles()
        outputs = {stack: parse_stack_outputs(stack, sandbox.engine.outputs(stack)) for stack in CONFIG}
        made = World(sandbox, outputs)
        trust = document(Principal=SAML, Action="sts:AssumeRoleWithSAML")
        made.iam.update_assume_role_policy(RoleName=made.role("Closed"), PolicyDocument=trust)
        gone = made.role("Unassigned")
        attached = made.iam.list_attached_role_policies(RoleName=gone)["AttachedPolicies"]
        made.iam.detach_role_policy(RoleName=gone, PolicyArn=attached[0]["PolicyArn"])
        made.iam.delete_role(RoleName=gone)
        yield made
    finally:
        sandbox.emulator.stop()


def test_each_permission_set_is_tested_or_the_reason_is_given(world: World) -> None:
    proof = world.proof()
    assert proof.holds, [cell for cell in proof.cells if not cell.matches]
    entering = world.entering(proof)
    tested = {
        who.removeprefix("permission set development/"): (cell.result, cell.because)
        for (who, role), cell in entering.items()
        if who.startswith("permission set") and role == "UpdateApp"
    }
    assert tested == {
        "Dev": ("ALLOW", "permission set Dev: allow"),
        "Dev_x": ("ALLOW", "permission set Dev_x: allow"),
        "Audit": ("DENY", "permission set Audit: deny"),
        "Late": ("DENY", "permission set Late: until 2020-01-31T18:00:00Z"),
    }
    only_dev = {
        who: cell.because for (who, role), cell in entering.items() if (role, cell.result) == ("OnlyDev", "ALLOW")
    }
    assert only_dev == {"permission set development/Dev": "permission set Dev: allow"}
    assert entering["permission set development/Dev_x", "OnlyDev"].because == "trustedPermissionSets: others only"
    assert entering["member of development/Guests", "UpdateApp"].because == "Guests: until 2020-01-31T18:00:00Z"
    assert entering["member of development/Temps", "UpdateApp"].result == "ALLOW"
    assert "permission set development/Unassigned: it has no role in this account: assign it in Identity Center" in (
        proof.not_tried
    )
    assert [line for line in proof.not_tried if line.startswith("permission set development/Closed: only Identity")]
    assert not [name for name in world.sandbox.left_over_probes() if name]


def test_an_unreferenced_policy_is_found(world: World) -> None:
    role = world.role("Dev")
    [attached] = world.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert attached["PolicyName"] == "allow-assume-roles-Dev"
    world.iam.detach_role_policy(RoleName=role, PolicyArn=attached["PolicyArn"])
    try:
        proof = world.proof()
    finally:
        world.iam.attach_role_policy(RoleName=role, PolicyArn=attached["PolicyArn"])
    wrong = {(cell.principal, cell.role.rpartition("/")[2], cell.result) for cell in proof.cells if not cell.matches}
    who = "permission set development/Dev"
    assert wrong == {(who, "UpdateApp", "DENY"), (who, "OnlyDev", "DENY")}


def test_a_signed_in_user_is_recognized_by_the_permission_set(world: World) -> None:
    accounts, role = world.sandbox.accounts, world.role("Dev")
    trust = world.iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    opened = document(Principal={"AWS": DEVELOPMENT}, Action="sts:AssumeRole")
    world.iam.update_assume_role_policy(RoleName=role, PolicyDocument=opened)
    user = User("Sam", DEVELOPMENT)
    accounts.make(user)
    with accounts.signed_in(user) as sam:
        arn = world.iam.get_role(RoleName=role)["Role"]["Arn"]
        given = sam.sts.assume_role(RoleArn=arn, RoleSessionName="sam@example.com")["Credentials"]
    accounts.remove(user)
    world.iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
    profiles = configparser.RawConfigParser()
    profiles.read(world.sandbox.layout.aws_config)
    profiles["profile sam"] = {
        **profiles["profile development"],
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }
    with world.sandbox.layout.aws_config.open("w") as file:
        profiles.write(file)
    entering = world.entering(world.proof("sam"))
    assert {role: (cell.result, cell.because) for (_, role), cell in entering.items()} == {
        "UpdateApp": ("ALLOW", "permission set Dev: allow"),
        "OnlyDev": ("ALLOW", "permission set Dev: allow"),
    }


def test_lint_checks_the_policies_of_permission_sets(world: World) -> None:
    state = read_account(world.sandbox.accounts.administrator(DEVELOPMENT), DEVELOPMENT)
    found = {
        policy.where: json.loads(policy.document or "")
        for policy in deployed_policies(state, world.outputs["development"])
    }
    allowed = ("Dev", "Dev_x", "Late", "Closed", "Unassigned")
    assert {where for where in found if "permission set" in where} == {
        *(f"policy allow-assume-roles-{name} of permission set {name}" for name in allowed),
        "policy deny-assume-roles-Audit of permission set Audit",
    }
    [statement] = found["policy deny-assume-roles-Audit of permission set Audit"]["Statement"]
    assert statement["Sid"] == "DenyAssumeRole"


def test_only_identity_center_may_change_its_roles(world: World) -> None:
    iam, role = world.sandbox.accounts.administrator(DEVELOPMENT).iam, world.role("Dev")
    assert refused(iam.delete_role, RoleName=role).startswith("400 UnmodifiableEntity: ")
    iam.meta.events.register("before-sign.iam", forge)
    try:
        assert refused(iam.delete_role, RoleName=role).startswith("400 UnmodifiableEntity: ")
    finally:
        iam.meta.events.unregister("before-sign.iam", forge)


def forge(request: Any, **_: object) -> None:  # noqa: ANN401 (botocore's request)
    request.headers["x-sandbox-identity-center"] = "guessed"
