"""Two accounts to test unverified facts about AWS: those of two profiles, or else the sandbox's.

``make aws-check`` runs only these tests and prints what each of them saw. The whole suite runs them in the sandbox,
whatever the environment says.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from access.accounts import Account, Session
from access.arn import partition_of
from access.interruption import Interruption
from access.prove.expectations import outsider_of
from access.prove.fixture import workers
from access.prove.inventory import Resource, Run
from access.prove.polling import Answer, Deadline, answer, poll_until_stable
from access.prove.probes import Probes
from access.prove.removal import describe_left, remove
from sandbox.existing_accounts import write_account_ids

PROFILES = {"production": "AWS_CHECK_PRODUCTION", "development": "AWS_CHECK_DEVELOPMENT"}
_SANDBOX = ("999999999999", "111111111111")
_SECONDS = 120.0
_REPORTS = "AWS_CHECK_REPORT" in os.environ


@dataclass
class Accounts:
    """The two accounts, and the test resources: with the names and the tag of a proof's resources, for an hour."""

    production: Account
    development: Account
    on_aws: bool
    """``False`` for the sandbox, where a change takes effect at once."""
    run: Run = field(default_factory=Run)
    roles: list[Resource] = field(default_factory=list)
    user: str = ""
    """The name of a user of Development who may assume the test roles, and nothing else."""
    session: Session | None = None

    def __post_init__(self) -> None:
        self.partition = partition_of(self.development.arn)
        self.probes = Probes(self.run, self.partition)

    def arn(self, account: Account, label: str) -> str:
        """Return the ARN of a test role."""
        return f"arn:{self.partition}:iam::{account.account_id}:role/{label}-{self.run.name}"

    def make_user(self, *labels: str) -> None:
        """Create the user, who may assume the roles with these labels."""
        arns = [self.arn(account, label) for account in (self.production, self.development) for label in labels]
        boundary = self.probes.create_boundary(self.development, arns)
        candidate = outsider_of(self.development.account_id)
        self.probes.create_user(self.development, 0, candidate, boundary)
        self.session = self.probes.activate_user(self.development, 0, "*")
        self.user = self.probes.user_name(0)

    def make_role(self, account: Account, label: str, *trusted: str, **settings: Any) -> str:  # noqa: ANN401
        """Create a role without rights that trusts these principals, and return its ARN."""
        condition = {"Condition": self.run.in_time | settings.pop("condition", {})}
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": [*trusted]}, **condition}
        self.roles.append(Resource(account, account.account_id, "role", f"{label}-{self.run.name}"))
        account.administrator.iam.create_role(
            RoleName=f"{label}-{self.run.name}",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
            Tags=self.run.tags,
            **settings,
        )
        return self.arn(account, label)

    def make_role_trusting_a_new_one(self, account: Account, label: str, *trusted: str, **settings: Any) -> str:  # noqa: ANN401
        """Create a role as soon as AWS knows all principals that it trusts."""
        deadline = self.deadline()
        while True:
            try:
                return self.make_role(account, label, *trusted, **settings)
            except account.administrator.iam.exceptions.MalformedPolicyDocumentException:
                if deadline.has_passed:
                    raise
                deadline.pause()

    def assume(self, arn: str, session: Session | None = None, **settings: Any) -> Mapping[str, Any]:  # noqa: ANN401
        """Assume a role as the user, or in another session, and return the credentials."""
        by = session or self.session
        assert by
        given = by.sts.assume_role(RoleArn=arn, **{"RoleSessionName": self.user, **settings})
        return given["Credentials"]

    def policy(self, *statements: tuple[str, str]) -> str:
        """Return a policy that allows and denies assuming roles, for an hour."""
        shared = {"Action": "sts:AssumeRole", "Condition": self.run.in_time}
        listed = [{"Effect": effect, "Resource": resource, **shared} for effect, resource in statements]
        return json.dumps({"Version": "2012-10-17", "Statement": listed})

    def poll(self, arn: str, expected: str, **settings: Any) -> Answer:  # noqa: ANN401
        """Return the result of assuming a role once AWS knows all test resources."""
        wanted: Any = expected
        return poll_until_stable(lambda: answer(lambda: self.assume(arn, **settings)), wanted, self.deadline())

    def deadline(self) -> Deadline:
        """Return how long a change may take to have an effect."""
        return Deadline(_SECONDS if self.on_aws else 0)

    def remove(self) -> None:
        """Remove all test resources.

        Raises:
            AssertionError: something is left.
        """
        with Interruption() as interruption, workers(concurrency=8) as pool:
            left = remove([*self.roles, *self.probes.resources], pool, interruption).left
        assert not left, f"{describe_left(left)}; to remove the rest: access prove … --clean"


def _profiles() -> dict[str, str]:
    return {name: os.environ[variable] for name, variable in PROFILES.items() if os.environ.get(variable)}


@pytest.fixture(scope="session")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Accounts]:
    """Return the accounts, and remove the test resources at the end."""
    profiles = _profiles()
    if _REPORTS:
        where = ", ".join(f"{name}: profile {profile}" for name, profile in profiles.items())
        print(where or "in the sandbox, because no profiles are named")
    if profiles:
        assert profiles.keys() == PROFILES.keys(), f"name both profiles: {', '.join(PROFILES.values())}"
        made = Accounts(Account(profiles["production"]), Account(profiles["development"]), on_aws=True)
        assert made.production.account_id != made.development.account_id, "the profiles lead to one account; name two"
        yield from _removed(made)
        return
    from tests.sandbox.conftest import Sandbox  # the process forgets the environment

    sandbox = Sandbox(Path(tmp_path_factory.mktemp("aws")))
    try:
        sandbox.write_profiles()
        write_account_ids(sandbox.layout, _SANDBOX)
        config = sandbox.layout.aws_config
        yield from _removed(Accounts(Account("production", config), Account("development", config), on_aws=False))
        assert sandbox.left_over_probes() == []
    finally:
        sandbox.emulator.stop()


def _removed(made: Accounts) -> Iterator[Accounts]:
    try:
        yield made
    finally:
        made.remove()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Print what a test of this folder saw, if requested."""
    if not _REPORTS or not report.nodeid.startswith("tests/aws/"):
        return
    seen = report.user_properties if report.when == "call" else []
    for claim, what in seen:
        print(f"\n{'as said  ' if report.passed else 'OTHERWISE'}  {claim}\n           seen: {what}")
    if report.failed and not seen:
        kind = "OTHERWISE" if report.when == "call" else "NOT TRIED"
        print(f"\n{kind}  {report.nodeid.rpartition('::')[2]}: {report.longreprtext.splitlines()[-1]}")
