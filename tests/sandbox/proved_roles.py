"""The two roles that tests/sandbox/test_prove.py proves: their settings, their proof, and changes to them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from access.accounts import Account
from access.participants import Participant
from access.prove.matrix import Proof
from access.prove.proof import Settings, prove
from access.stack_outputs import parse_stack_outputs
from sandbox.profiles import OUTSIDER
from tests.sandbox.conftest import Sandbox

PRODUCTION, DEVELOPMENT, ELSEWHERE = "999999999999", "111111111111", "222222222222"
UPDATE_APP, GUARDED = (f"arn:aws:iam::{PRODUCTION}:role/{name}" for name in ("UpdateApp", "Guarded"))
CONFIG: dict[str, dict[str, Any]] = {
    "production": {
        "roles": [
            {"name": "UpdateApp", "bucket": "productionapp", "trustedAccountId": DEVELOPMENT},
            {
                "name": "Guarded",
                "policyName": "guarded",
                "bucket": "guarded",
                "access": "read",
                "prefixes": ["reports/"],
                "listAllBuckets": False,
                "trustedAccountId": DEVELOPMENT,
                "trustedPrincipalArns": [f"arn:aws:iam::{DEVELOPMENT}:user/*"],
                "externalId": "agreed",
            },
        ]
    },
    "development": {
        "groups": [
            {"name": "Developers", "allow": ["production/UpdateApp", "production/Guarded"]},
            {"name": "Testers", "deny": ["production/UpdateApp", "production/Guarded"]},
        ],
        "granteeRoles": [{"name": "Deployer", "allow": ["production/UpdateApp", "production/Guarded"]}],
    },
}
ALLOW_NAME, DENY_NAME = "allow-assume-S3-role-in-production", "deny-assume-S3-role-in-production"


def policy_arn(name: str) -> str:
    return f"arn:aws:iam::{PRODUCTION}:policy/{name}"


@dataclass(frozen=True)
class Live:
    """The deployed stacks, and changes to them."""

    sandbox: Sandbox

    @property
    def production(self) -> Any:  # noqa: ANN401 (an IAM client, called with documents that mypy does not know)
        return self.sandbox.accounts.administrator(PRODUCTION).iam

    @property
    def development(self) -> Any:  # noqa: ANN401
        return self.sandbox.accounts.administrator(DEVELOPMENT).iam

    outputs: Mapping[str, Mapping[str, Any]]
    """The outputs, by stack."""

    def proof(self, *roles: str, stacks: Sequence[str] = tuple(CONFIG), **options: Any) -> Proof:  # noqa: ANN401
        """Return the proof of some of the roles, by default all, with some of the stacks and with changed options."""
        config = self.sandbox.layout.aws_config
        exported = {stack: parse_stack_outputs(stack, outputs) for stack, outputs in self.outputs.items()}
        production = exported["production"]
        arns = {name: arn for name, arn in production.role_arns.items() if not roles or name in roles}
        changed = {name: {**known, **options} for name, known in production.role_options.items()}
        exported["production"] = replace(production, role_arns=arns, role_options=changed)
        participants = [Participant(Account(stack, config), exported[stack]) for stack in stacks]
        outsider = Participant(Account(OUTSIDER, config))
        return prove([*participants, outsider], Settings(create_probes=True, wait_seconds=0))

    def trust(self, role: str) -> Any:  # noqa: ANN401 (JSON)
        return self.production.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]

    def put_trust(self, role: str, change: Callable[[Any], None]) -> None:
        document = self.trust(role)
        change(document)
        self.production.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(document))

    def statements(self, policy: str) -> dict[str, Any]:
        """Return the statements of one of the roles' policies, by Sid."""
        arn = policy_arn(policy)
        version = self.production.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        found = self.production.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        return {statement["Sid"]: statement for statement in found["Statement"]}

    def put_identity_policy(self, statements: dict[str, Any], policy: str) -> None:
        arn = policy_arn(policy)
        text = json.dumps({"Version": "2012-10-17", "Statement": list(statements.values())})
        self.production.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)
        for version in self.production.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:  # at most five versions are allowed
                self.production.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])

    def change_identity_policy(self, change: Callable[[Any], None], policy: str) -> None:
        statements = self.statements(policy)
        change(statements)
        self.put_identity_policy(statements, policy)

    def put_group_policy(self, group: str, name: str, effect: str, resource: str | list[str]) -> None:
        statement = {"Effect": effect, "Action": "sts:AssumeRole", "Resource": resource}
        document = json.dumps({"Version": "2012-10-17", "Statement": statement})
        self.development.put_group_policy(GroupName=group, PolicyName=name, PolicyDocument=document)
