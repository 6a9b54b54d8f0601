"""Fixtures of the sandbox tests: sandboxes with the real engine and real HTTP."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from access.accounts import Session
from access.credentials import Credentials
from sandbox import toolchain
from sandbox.deployment import update_profiles
from sandbox.emulator import Emulator
from sandbox.engine import Engine
from sandbox.isolation import clear_environment
from sandbox.layout import Layout
from sandbox.running import Running
from sandbox.stacks import known_stacks
from sandbox.strict.table import missing
from sandbox.users import Accounts, User
from tests.sandbox.person import DEVELOPER, DEVELOPMENT, TESTER, Person, person
from tests.sandbox.strict_policies import SignIn

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

clear_environment()


@pytest.fixture(scope="session", autouse=True)
def every_call_is_in_the_table() -> Iterator[None]:
    """Fail at the end if an emulator received a call that docs/strictness.md does not list."""
    seen: set[tuple[str, str]] = set()
    stop = Emulator.stop

    def record_and_stop(emulator: Emulator) -> bool:
        seen.update(emulator.calls())
        return stop(emulator)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Emulator, "stop", record_and_stop)
        yield
    assert missing(seen) == [], "add them to CALLS of sandbox/strict/table.py, and run `make docs`"


class Sandbox:
    """An emulator and an engine in their own folder."""

    def __init__(self, directory: Path) -> None:
        self.layout = Layout(directory)
        self.layout.make()
        self.emulator = Emulator(self.layout)
        self.cli = toolchain.pulumi_cli(print)
        toolchain.aws_plugin(self.cli, print)
        self.emulator.start(toolchain.emulator_python(print))
        self.engine = Engine(self.layout, self.emulator, self.cli)
        self.accounts = Accounts(self.layout, self.emulator, "us-east-1")

    def deploy(self) -> None:
        """Deploy both stacks."""
        for stack in ("production", "development"):
            self.engine.prepare(stack, print)
            self.engine.up(stack, print)

    def write_profiles(self) -> None:
        """Create the sandbox's own people, and write all profiles."""
        stacks = known_stacks(self.layout, [self.engine.project])
        engines = {self.engine.project.name: self.engine}
        with ThreadPoolExecutor() as pool:
            update_profiles(Running(self.layout, self.emulator, self.accounts, engines, pool), stacks, outputs={})

    def left_over_probes(self) -> list[str]:
        """Return the names of a proof's leftovers in the accounts."""
        found = []
        for account_id in ("999999999999", "111111111111", "222222222222"):
            administrator = self.accounts.administrator(account_id)
            found += [user["UserName"] for user in administrator.iam.list_users()["Users"]]
            found += [role["RoleName"] for role in administrator.iam.list_roles()["Roles"]]
            found += [policy["PolicyName"] for policy in administrator.iam.list_policies(Scope="Local")["Policies"]]
            for bucket in administrator.s3.list_buckets()["Buckets"]:
                found.append(bucket["Name"])
                listed = administrator.s3.list_object_versions(Bucket=bucket["Name"])
                found += [version["Key"] for version in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]]
        return [name for name in found if "access-probe" in name]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """Yield a sandbox without deployed stacks."""
    made = Sandbox(tmp_path)
    yield made
    made.emulator.stop()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the sandbox of ``accounts``."""
    return tmp_path_factory.mktemp("accounts")


@pytest.fixture(scope="module")
def layout(folder: Path) -> Iterator[Layout]:
    """Yield the files of an emulator that runs during a module's tests."""
    made = Layout(folder)
    emulator = Emulator(made)
    emulator.start(toolchain.emulator_python(print))
    yield made
    emulator.stop()


@pytest.fixture(scope="module")
def accounts(layout: Layout) -> Accounts:
    """Return the accounts of ``layout``."""
    return Accounts(layout, Emulator(layout), "us-east-1")


@pytest.fixture(scope="module")
def iam(accounts: Accounts) -> "IAMClient":
    """Return the IAM client of Development's root."""
    return accounts.administrator(DEVELOPMENT).iam


@pytest.fixture(scope="module")
def sign_in(accounts: Accounts) -> Iterator[SignIn]:
    """Yield a function that signs a user in, and creates the user without rights if it does not exist."""
    sessions: dict[str, Session] = {}
    with ExitStack() as stack:

        def signed_in(name: str, account_id: str = DEVELOPMENT) -> Session:
            if name not in sessions:
                user = User(name, account_id, power_user=False)
                accounts.make(user)
                sessions[name] = stack.enter_context(accounts.signed_in(user))
            return sessions[name]

        yield signed_in


@pytest.fixture(scope="session")
def read_only(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Yield a sandbox with both stacks deployed, shared by tests that do not change it."""
    made = Sandbox(tmp_path_factory.mktemp("read-only"))
    made.deploy()
    yield made
    made.emulator.stop()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a stopped sandbox with both stacks deployed, for :func:`copy_of`."""
    made = Sandbox(tmp_path_factory.mktemp("template"))
    made.deploy()
    made.emulator.stop()
    return made.layout.directory


def copy_of(template: Path, directory: Path) -> Sandbox:
    """Copy a stopped sandbox into a folder and start it, in a tenth of the time of a deployment."""
    shutil.copytree(template, directory, dirs_exist_ok=True)
    return Sandbox(directory)


@pytest.fixture
def deployed(template: Path, tmp_path: Path) -> Iterator[Sandbox]:
    """Return a sandbox with both stacks deployed, which the test may change."""
    made = copy_of(template, tmp_path)
    yield made
    made.emulator.stop()


@pytest.fixture(scope="module")
def person_keys(read_only: Sandbox) -> Iterator[dict[User, Credentials]]:
    """Create two users with an access key each; remove both afterwards."""
    made = {}
    for user in (DEVELOPER, TESTER):
        read_only.accounts.make(user)
        made[user] = read_only.accounts.new_key(user)
    yield made
    iam = read_only.accounts.administrator(DEVELOPMENT).iam
    for user in (DEVELOPER, TESTER):
        iam.delete_access_key(UserName=user.name, AccessKeyId=made[user].access_key_id)
        for group in user.groups:
            iam.remove_user_from_group(UserName=user.name, GroupName=group)
        for policy in iam.list_attached_user_policies(UserName=user.name)["AttachedPolicies"]:
            iam.detach_user_policy(UserName=user.name, PolicyArn=policy["PolicyArn"])
        iam.delete_user(UserName=user.name)


@pytest.fixture(scope="module")
def person_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the cache of a module's tests, so that each session begins once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def developer(read_only: Sandbox, person_keys: dict[User, Credentials], tmp_path: Path, person_cache: Path) -> Person:
    """Return a member of Developers with a home."""
    return person(read_only, person_keys[DEVELOPER], tmp_path, person_cache)


@pytest.fixture
def tester(read_only: Sandbox, person_keys: dict[User, Credentials], tmp_path: Path, person_cache: Path) -> Person:
    """Return a member of Testers with a home."""
    return person(read_only, person_keys[TESTER], tmp_path, person_cache)
