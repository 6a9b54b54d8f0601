"""Tests of the proof in a deployed sandbox: green as deployed, red after each outside change."""

import json
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import pytest
import yaml
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from access.accounts import Account
from access.participants import Participant
from access.prove.matrix import Proof
from access.prove.proof import Settings, prove
from access.prove.reports.summary import verdict
from access.stack_outputs import parse_stack_outputs
from tests.sandbox.conftest import Sandbox
from tests.sandbox.proof_mutations import BATCHES, DEVELOPER, ENTER, MUTATIONS, POWER_TESTER, TESTER, trust_elsewhere
from tests.sandbox.proved_roles import (
    ALLOW_NAME,
    CONFIG,
    DENY_NAME,
    DEVELOPMENT,
    ELSEWHERE,
    GUARDED,
    PRODUCTION,
    UPDATE_APP,
    Live,
    policy_arn,
)


@pytest.fixture(scope="module")
def deployed_roles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    sandbox = Sandbox(tmp_path_factory.mktemp("prove"))
    try:
        trust = {"Effect": "Allow", "Principal": {"AWS": DEVELOPMENT}, "Action": "sts:AssumeRole"}
        sandbox.accounts.administrator(DEVELOPMENT).iam.create_role(
            RoleName="Deployer",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )
        for stack, lists in CONFIG.items():
            sandbox.engine.prepare(stack, print)
            file = sandbox.engine.folder / f"Pulumi.{stack}.yaml"
            settings = yaml.safe_load(file.read_text())
            settings["config"] |= {f"cross-account-access:{name}": entries for name, entries in lists.items()}
            file.write_text(yaml.safe_dump(settings))
            sandbox.engine.up(stack, print)
        sandbox.write_profiles()
        yield Live(sandbox, {stack: sandbox.engine.outputs(stack) for stack in CONFIG})
    finally:
        sandbox.emulator.stop()


@pytest.fixture
def live(deployed_roles: Live) -> Iterator[Live]:
    """Yield the deployed stacks, and revert the test's changes afterwards."""
    production, development = deployed_roles.production, deployed_roles.development
    trusts = {role: json.dumps(deployed_roles.trust(role)) for role in ("UpdateApp", "Guarded")}
    policies = {"UpdateApp": "read-write-app-bucket", "Guarded": "guarded"}
    statements = {policy: deployed_roles.statements(policy) for policy in policies.values()}
    groups = {"Developers": ALLOW_NAME, "Testers": DENY_NAME}
    inline = {
        name: development.get_group_policy(GroupName=group, PolicyName=name)["PolicyDocument"]
        for group, name in groups.items()
    }
    yield deployed_roles
    for role, document in trusts.items():
        production.update_assume_role_policy(RoleName=role, PolicyDocument=document)
    for role, policy in policies.items():
        deployed_roles.put_identity_policy(statements[policy], policy)
        for attached in production.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            production.detach_role_policy(RoleName=role, PolicyArn=attached["PolicyArn"])
        production.attach_role_policy(RoleName=role, PolicyArn=policy_arn(policy))
    for group, name in groups.items():
        document = json.dumps(inline[name])
        development.put_group_policy(GroupName=group, PolicyName=name, PolicyDocument=document)


def test_the_deployment_is_proved_and_the_proof_leaves_nothing(deployed_roles: Live) -> None:
    proof = deployed_roles.proof()
    assert [cell for cell in proof.cells if not cell.matches] == []
    assert proof.holds
    assert proof.not_tried == ()
    assert {principal.name for principal in proof.principals} == {
        "member of development/Developers",
        "member of development/Developers, power user",
        "member of development/Testers",
        "member of development/Testers, power user",
        "member of development/Developers and Testers, power user",
        "role development/Deployer",
        "user of development in no group",
        "power user of development in no group",
        f"power user of {ELSEWHERE}, another account",
    }
    who = {(cell.principal, cell.role): cell.result for cell in proof.cells if cell.action == "assume the role"}
    assert {principal for (principal, role), result in who.items() if role == UPDATE_APP and result == "ALLOW"} == {
        "member of development/Developers",
        "member of development/Developers, power user",
        "role development/Deployer",
        "power user of development in no group",
    }
    assert {principal for (principal, role), result in who.items() if role == GUARDED and result == "ALLOW"} == {
        "member of development/Developers",
        "member of development/Developers, power user",
        "power user of development in no group",
    }
    can = {
        (cell.role, cell.action)
        for cell in proof.cells
        if cell.principal == "member of development/Developers" and cell.result == "ALLOW"
    }
    assert can == {
        (UPDATE_APP, "assume the role"),
        (UPDATE_APP, f"list the names of all buckets of {PRODUCTION}"),
        (UPDATE_APP, "find out in which region productionapp is"),
        (UPDATE_APP, "list productionapp"),
        (UPDATE_APP, "read an object of productionapp"),
        (UPDATE_APP, "write an object of productionapp"),
        (UPDATE_APP, "delete an object of productionapp"),
        (GUARDED, "assume the role"),
        (GUARDED, "find out in which region guarded is"),
        (GUARDED, "list guarded/reports/"),
        (GUARDED, "read an object of guarded/reports/"),
    }
    assert deployed_roles.sandbox.left_over_probes() == []
    ids = {cell.id: cell.target for cell in proof.cells}
    assert len(ids) == len(proof.cells)
    for what, bucket in (("s3:ListBucket on guarded/reports/", "guarded"), ("s3:ListBucket beside guarded", None)):
        assert ids[f"{PRODUCTION}/Guarded|development/Developers +power|{what}"] == bucket


def test_every_change_is_in_one_batch() -> None:
    for role, batches in BATCHES.items():
        assert sorted(chain.from_iterable(batches)) == sorted(MUTATIONS[role])
        for batch in batches:
            blamed = [cell for what in batch for cell in MUTATIONS[role][what][1]]
            assert len(blamed) == len({(principal, action) for principal, action, _ in blamed})


@pytest.mark.parametrize(
    ("role", "batch"), [(role, batch) for role, batches in BATCHES.items() for batch in batches], ids=str
)
def test_the_proof_is_red_and_names_the_cell(live: Live, role: str, batch: Sequence[str]) -> None:
    for what in batch:
        MUTATIONS[role][what][0](live)
    proof = live.proof(role)
    assert not proof.holds
    red = {(cell.principal, cell.action, cell.result) for cell in proof.cells if not cell.matches}
    for what in batch:
        assert set(MUTATIONS[role][what][1]) <= red, what


def narrow(live: Live, operator: str, key: str, value: str) -> None:
    """Add a condition to UpdateApp's trust policy."""
    live.put_trust("UpdateApp", lambda document: document["Statement"][0].update(Condition={operator: {key: value}}))


def test_a_role_that_nobody_could_assume_is_not_proved(live: Live) -> None:
    proof = live.proof("UpdateApp", stacks=["production"])
    assert all(cell.matches for cell in proof.cells)
    assert not proof.holds
    assert verdict(proof) == (
        "Nobody could assume UpdateApp, so its rights were not tested;"
        f" add a principal of {DEVELOPMENT} that may assume it"
    )


def test_a_proof_without_a_stranger_says_so(live: Live) -> None:
    config = live.sandbox.layout.aws_config
    participants = [
        Participant(Account(stack, config), parse_stack_outputs(stack, outputs))
        for stack, outputs in live.outputs.items()
    ]
    proof = prove(participants, Settings(create_probes=True, wait_seconds=0))
    assert proof.not_tried == ("principals of an account outside the stacks: use --outsider PROFILE",)
    assert verdict(proof) == "Everything tested is as expected"


def test_an_allow_that_the_trust_policy_blocks_is_on_the_first_line(live: Live) -> None:
    trust_elsewhere(live)
    proof = live.proof("UpdateApp", trustedAccountId=ELSEWHERE)
    assert verdict(proof).startswith(
        f"Developers of {DEVELOPMENT} may assume UpdateApp, which does not trust {DEVELOPMENT}"
    )
    assert not proof.holds


@pytest.mark.parametrize(
    ("option", "value", "operator", "key", "demanded", "left_out"),
    [
        (
            "sourceIpRanges",
            ["203.0.113.0/24"],
            "IpAddress",
            "aws:SourceIp",
            "203.0.113.0/24",
            "assuming UpdateApp, and its rights: sourceIpRanges: not testable from here",
        ),
        (
            "organizationId",
            "o-exampleorg",
            "StringEquals",
            "aws:PrincipalOrgID",
            "o-exampleorg",
            "assuming UpdateApp, and its rights: organizationId: not testable from here",
        ),
        (
            "requireMfa",
            True,
            "Bool",
            "aws:MultiFactorAuthPresent",
            "true",
            "the rights of UpdateApp: no tested principal may assume it (requireMfa, and this is without MFA)",
        ),
    ],
)
def test_untested_conditions_are_named_by_their_option(
    live: Live, option: str, value: object, operator: str, key: str, demanded: str, left_out: str
) -> None:
    narrow(live, operator, key, demanded)
    proof = live.proof("UpdateApp", **{option: value})  # type: ignore[arg-type]
    assert proof.not_tried == (left_out,)
    assert proof.holds
    assert verdict(proof) == "Everything tested is as expected"
    assert "DENY" in {cell.result for cell in proof.cells if cell.principal == POWER_TESTER and cell.action == ENTER}
    assert not live.proof("UpdateApp").holds, "without the option, it is a trust that is too narrow"


def test_a_broken_trust_policy_is_reported_once(live: Live) -> None:
    trust_elsewhere(live)
    proof = live.proof("UpdateApp")
    red = {(cell.principal, cell.action) for cell in proof.cells if not cell.matches}
    assert {action for _, action in red} == {ENTER}
    # The stranger who can assume the role is a separate failure.
    assert verdict(proof).endswith("; 2 wrong, 3 echoes of them, of 17 cells")
    assert len(proof.not_tried) == 1
    assert proof.not_tried[0].startswith(
        "the rights of UpdateApp for principals that could not assume it: member of development/Developers, "
    )


@pytest.mark.parametrize(("operation", "code"), [("PutObject", "SlowDown"), ("ListUsers", "ExpiredToken")])
def test_a_failed_call_is_never_green(live: Live, monkeypatch: pytest.MonkeyPatch, operation: str, code: str) -> None:
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def failing(self: Any, name: str, arguments: Any) -> Any:  # noqa: ANN401 (botocore's own)
        if name == operation:
            raise ClientError({"Error": {"Code": code, "Message": "later"}}, name)
        return call(self, name, arguments)

    with monkeypatch.context() as faults:
        faults.setattr(BaseClient, "_make_api_call", failing)
        try:
            assert not live.proof("UpdateApp").holds
        except ClientError as error:
            assert operation == "PutObject"
            assert error.response["Error"]["Code"] == code
    assert live.sandbox.left_over_probes() == []


def test_the_message_of_an_expected_refusal_is_kept(deployed_roles: Live) -> None:
    proof = deployed_roles.proof("UpdateApp")
    details = {(cell.principal, cell.action): cell.detail for cell in proof.cells if cell.result == "DENY"}
    assert all(detail.startswith("AccessDenied (") for detail in details.values())
    for who in (TESTER, POWER_TESTER):
        assert "with an explicit deny in an identity-based policy" in details[who, ENTER]
    assert (
        "policy allows the s3:PutBucketPolicy action"
        in details[DEVELOPER, "replace the bucket policy of productionapp"]
    )
    without = {(operation.partition(":")[0]) for operation in operations_without_control(proof)}
    assert without == {"iam"}


def operations_without_control(proof: Proof) -> list[str]:
    return [cell.operation for cell in proof.cells if "no control: " in cell.detail]


def test_a_refusal_by_s3_proves_nothing_if_s3_allows_nothing(live: Live) -> None:
    live.production.detach_role_policy(RoleName="UpdateApp", PolicyArn=policy_arn("read-write-app-bucket"))
    proof = live.proof("UpdateApp")
    inside = [cell for cell in proof.cells if cell.principal == DEVELOPER and cell.operation.startswith("s3:")]
    assert {(cell.expected, cell.result) for cell in inside} == {("ALLOW", "DENY"), ("DENY", "INCONCLUSIVE")}
    assert all("S3 allowed this session nothing" in cell.detail for cell in inside if cell.result == "INCONCLUSIVE")


def test_a_refusal_for_another_reason_proves_no_deny(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test the message that AWS may send across accounts; the sandbox sends the one about a Deny only."""
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def reworded(self: Any, name: str, arguments: Any) -> Any:  # noqa: ANN401 (botocore's own)
        try:
            return call(self, name, arguments)
        except ClientError as error:
            details = error.response["Error"]
            details["Message"] = details["Message"].replace(
                "with an explicit deny in an identity-based policy",
                "because no identity-based policy allows the sts:AssumeRole action",
            )
            raise

    monkeypatch.setattr(BaseClient, "_make_api_call", reworded)
    proof = live.proof("UpdateApp")
    undecided = [cell for cell in proof.cells if not cell.matches]
    assert {cell.because for cell in undecided} == {"Testers: deny"}
    assert {cell.result for cell in undecided} == {"INCONCLUSIVE"}
    assert all(cell.detail.startswith("not refused by the Deny: AccessDenied") for cell in undecided)


def test_a_deny_on_every_role_is_distinguished_from_unknown_rights(live: Live) -> None:
    live.put_group_policy("Testers", DENY_NAME, "Deny", "*")
    proof = live.proof("UpdateApp")
    entered = {cell.principal: cell for cell in proof.cells if cell.action == ENTER}
    assert (entered[TESTER].result, entered[POWER_TESTER].result) == ("DENY", "DENY")
    assert "no control" not in entered[POWER_TESTER].detail
