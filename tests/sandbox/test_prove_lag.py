"""Test proofs while services see changes to IAM with different delays: they are slow, and never wrong."""

import json
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from access.accounts import Account
from access.participants import Participant
from access.prove.matrix import Cell, Proof
from access.prove.proof import Settings, prove
from access.stack_outputs import parse_stack_outputs
from sandbox.profiles import OUTSIDER
from tests.sandbox.conftest import Sandbox, copy_of

PRODUCTION, DEVELOPMENT, ELSEWHERE = "999999999999", "111111111111", "222222222222"
POLICY = f"arn:aws:iam::{PRODUCTION}:policy/read-write-app-bucket"
DENY = {"GroupName": "Testers", "PolicyName": "deny-assume-S3-role-in-production"}
FULL_ACCESS = {"RoleName": "UpdateApp", "PolicyArn": "arn:aws:iam::aws:policy/IAMFullAccess"}


@dataclass
class SandboxClock:
    """The clock that the sandbox's propagation goes by. Whoever waits lets it go on, so that nobody waits in truth.

    Threads wait side by side: together they take as long as the one that waits longest.
    """

    sandbox: Sandbox
    lags: Mapping[str, int]
    seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _waited: dict[int, float] = field(default_factory=dict)
    """The time until which each thread has waited."""

    def __post_init__(self) -> None:
        self._write()

    def now(self) -> float:
        with self._lock:
            return self.seconds

    def wait(self, ended: threading.Event, seconds: float) -> None:
        with self._lock:
            until = self._waited.get(threading.get_ident(), self.seconds) + seconds
            self._waited[threading.get_ident()] = until
            if until > self.seconds:
                self.seconds = until
                self._write()

    def _write(self) -> None:
        new = self.sandbox.layout.directory / "propagation.new"
        new.write_text(json.dumps({"clock": self.seconds, "delays": self.lags}))
        new.replace(new.with_name("propagation.json"))


@pytest.fixture(scope="module")
def deployed(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    made = copy_of(template, tmp_path_factory.mktemp("lag"))
    try:
        made.write_profiles()
        yield made
    finally:
        made.emulator.stop()


@contextmanager
def lagging(sandbox: Sandbox, lags: Mapping[str, int]) -> Iterator[SandboxClock]:
    """Let services lag while the context lasts. Earlier changes are known everywhere."""
    clock = SandboxClock(sandbox, lags)
    try:
        yield clock
    finally:
        (sandbox.layout.directory / "propagation.json").unlink()


@dataclass(frozen=True)
class Documents:
    """The deployed documents that the tests change."""

    trust: Any
    statements: Any
    deny: Any


def read(sandbox: Sandbox) -> Documents:
    production, development = (sandbox.accounts.administrator(item).iam for item in (PRODUCTION, DEVELOPMENT))
    version = production.get_policy(PolicyArn=POLICY)["Policy"]["DefaultVersionId"]
    document: Any = production.get_policy_version(PolicyArn=POLICY, VersionId=version)["PolicyVersion"]["Document"]
    return Documents(
        production.get_role(RoleName="UpdateApp")["Role"]["AssumeRolePolicyDocument"],
        document,
        development.get_group_policy(**DENY)["PolicyDocument"],
    )


def put(sandbox: Sandbox, documents: Documents) -> None:
    production, development = (sandbox.accounts.administrator(item).iam for item in (PRODUCTION, DEVELOPMENT))
    production.update_assume_role_policy(RoleName="UpdateApp", PolicyDocument=json.dumps(documents.trust))
    production.create_policy_version(
        PolicyArn=POLICY, PolicyDocument=json.dumps(documents.statements), SetAsDefault=True
    )
    for version in production.list_policy_versions(PolicyArn=POLICY)["Versions"]:
        if not version["IsDefaultVersion"]:
            production.delete_policy_version(PolicyArn=POLICY, VersionId=version["VersionId"])
    development.put_group_policy(**DENY, PolicyDocument=json.dumps(documents.deny))


def widen(sandbox: Sandbox, right: Documents, services: Collection[str]) -> None:
    """Widen the access: at STS to another account and to Testers, at S3 and IAM to more actions."""
    wide: Any = json.loads(json.dumps([right.trust, right.statements, right.deny]))
    if "sts" in services:
        wide[0]["Statement"][0]["Principal"]["AWS"] = [f"arn:aws:iam::{item}:root" for item in (DEVELOPMENT, ELSEWHERE)]
        wide[2]["Statement"] = [statement | {"Effect": "Allow"} for statement in wide[2]["Statement"]]
    if "s3" in services:
        for statement in wide[1]["Statement"]:
            if statement["Sid"] == "ReadWriteObjects":
                statement["Action"] = ["s3:*Object*"]
    put(sandbox, Documents(*wide))
    if "iam" in services:
        sandbox.accounts.administrator(PRODUCTION).iam.attach_role_policy(**FULL_ACCESS)


def mend(sandbox: Sandbox, right: Documents) -> None:
    put(sandbox, right)
    iam = sandbox.accounts.administrator(PRODUCTION).iam
    if len(iam.list_attached_role_policies(RoleName="UpdateApp")["AttachedPolicies"]) > 1:
        iam.detach_role_policy(**FULL_ACCESS)


def proof_of(sandbox: Sandbox, clock: SandboxClock, wait_seconds: float = 65) -> Proof:
    config = sandbox.layout.aws_config
    participants = [
        *(
            Participant(Account(stack, config), parse_stack_outputs(stack, sandbox.engine.outputs(stack)))
            for stack in ("production", "development")
        ),
        Participant(Account(OUTSIDER, config)),
    ]
    return prove(participants, Settings(create_probes=True, wait_seconds=wait_seconds, clock=clock))


DEVELOPER, TESTER = "member of development/Developers", "member of development/Testers"
WIDENED = {
    "sts": {
        (TESTER, "assume the role"),
        (f"{TESTER}, power user", "assume the role"),
        (f"{DEVELOPER} and Testers, power user", "assume the role"),
        (f"power user of {ELSEWHERE}, another account", "assume the role"),
    },
    "s3": {(DEVELOPER, f"{what} an object of productionapp") for what in ("tag", "read a version of")},
    "iam": {
        (DEVELOPER, what)
        for what in (f"list the users of {PRODUCTION}", "read the role UpdateApp", "change who may assume UpdateApp")
    },
}


def allowed(proof: Proof) -> set[tuple[str, str]]:
    return {(cell.principal, cell.action) for cell in proof.cells if cell.result == "ALLOW"}


def unexpected(proof: Proof) -> list[Cell]:
    return [cell for cell in proof.cells if not cell.matches]


@pytest.mark.parametrize("service", WIDENED)
def test_access_that_was_just_opened_is_found(deployed: Sandbox, service: str) -> None:
    right = read(deployed)
    try:
        with lagging(deployed, dict.fromkeys(WIDENED, 20) | {service: 60}) as clock:
            widen(deployed, right, [service])
            proof = proof_of(deployed, clock)
    finally:
        mend(deployed, right)
    assert allowed(proof) >= WIDENED[service]
    assert {cell.result for cell in unexpected(proof)} == {"ALLOW"}


@pytest.mark.parametrize("lags", [{"sts": 60, "s3": 45, "iam": 1}, {"sts": 5, "s3": 20, "iam": 60}], ids=str)
def test_access_that_was_just_closed_is_denied(deployed: Sandbox, lags: Mapping[str, int]) -> None:
    right = read(deployed)
    widen(deployed, right, WIDENED)
    with lagging(deployed, lags) as clock:
        mend(deployed, right)
        proof = proof_of(deployed, clock)
    assert unexpected(proof) == []
    assert proof.holds
    assert clock.seconds >= max(lags.values())
    assert deployed.left_over_probes() == []


@pytest.mark.parametrize("service", WIDENED)
def test_without_enough_time_nothing_is_proved_and_nothing_is_wrong(deployed: Sandbox, service: str) -> None:
    right = read(deployed)
    try:
        with lagging(deployed, {service: 10_000}) as clock:
            widen(deployed, right, [service])
            proof = proof_of(deployed, clock, wait_seconds=5)
    finally:
        mend(deployed, right)
    assert not proof.holds
    denied = {(cell.principal, cell.action) for cell in proof.cells if cell.result == cell.expected == "DENY"}
    assert not denied & WIDENED[service]
    undecided = {cell.operation.partition(":")[0] for cell in unexpected(proof)}
    assert undecided == {service}
