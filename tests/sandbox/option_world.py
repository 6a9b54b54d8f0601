"""The accounts of tests/sandbox/test_options.py, with all entries deployed, and attempts to assume roles there."""

import json
import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import yaml
from botocore.exceptions import ClientError

from access.accounts import Session
from access.credentials import Credentials
from sandbox import toolchain
from sandbox.engine import Finished
from sandbox.users import POWER_USER
from tests.sandbox.conftest import Sandbox
from tests.sandbox.mfa_device import MfaDevice
from tests.sandbox.option_entries import (
    BOUNDARIES,
    DEVELOPMENT,
    DEVELOPMENT_ROLES,
    ELSEWHERE,
    GRANTEE_ROLES,
    GROUPS,
    ORGANIZATION,
    PERMISSION_SETS,
    PRODUCTION,
    ROLES,
    USERS,
    WITH_MFA,
)

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_s3 import S3Client

Decision = Literal["allowed", "denied"]
OWN_NAME = "the name of who switches"
GENERATED_ID = "what the output externalIds tells of GeneratedId"


@dataclass(frozen=True)
class Act:
    """An attempt to assume a role or, if ``do`` is given, to use it."""

    call: dict[str, Any] = field(default_factory=dict)
    """The arguments of AssumeRole."""
    do: "Callable[[S3Client], object] | None" = None


def policy(action: str | list[str], resource: str = "*", **condition: object) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def statements(document: Any) -> dict[str, Any]:  # noqa: ANN401 (JSON)
    return {statement["Sid"]: statement for statement in document["Statement"]}


class World:
    """The accounts with all entries deployed, and all users signed in."""

    def __init__(self, sandbox: Sandbox, signed_in: ExitStack) -> None:
        self.sandbox = sandbox
        self.accounts = sandbox.accounts
        self.identity_center = sandbox.accounts.identity_center(DEVELOPMENT)
        self._sessions: dict[str, Session] = {}
        self._join_organization()
        self._create_resources_managed_elsewhere()
        for stack in ("production", "development"):
            sandbox.engine.prepare(stack, print)
        self.up("production", roles=ROLES)
        lists = {"groups": GROUPS, "granteeRoles": GRANTEE_ROLES, "permissionSets": PERMISSION_SETS}
        printed = "\n".join(self.up("development", **lists).lines)
        for name, effect in (("Night", "allow"), ("Guards", "deny"), ("Taggers", "allow")):
            policy_arn = f"arn:aws:iam::{DEVELOPMENT}:policy/{effect}-assume-roles-{name}"
            role_name = f"AWSReservedSSO_{name}_0123456789abcdef"
            self.identity_center.attach_role_policy(RoleName=role_name, PolicyArn=policy_arn)
        self.warned = set(
            re.findall(r"Testers\b.*: the Deny on production/(\w+) does not bind Deployer, which", printed)
        )
        self.useless = set(re.findall(r"warning: (.+) can't use production/(\w+), though allowed: (.+);", printed))
        self.missing = set(re.findall(r"production/\w+ names \S+, which does not exist", printed))
        outputs = sandbox.engine.outputs("production")
        self.role_arns: dict[str, str] = outputs["roleArns"]
        self._generated_id = outputs["externalIds"]["GeneratedId"]
        self.resource_policy_statements: dict[str, dict[str, str]] = outputs["resourcePolicyStatements"]
        self.put_bucket_policy("options-foreign", self.exported("Foreign", "options-foreign"))
        for key in ("kept", "reports/kept"):
            self.s3().put_object(Bucket="options", Key=key, Body=b"")
        for user in USERS:
            self.accounts.make(user)
            self._sessions[user.name] = signed_in.enter_context(self.accounts.signed_in(user))

    def _create_resources_managed_elsewhere(self) -> None:
        for name, actions in BOUNDARIES.items():
            self.iam().create_policy(PolicyName=name, PolicyDocument=policy(actions))
        self.s3().create_bucket(Bucket="options-existing")
        for bucket in ("options-foreign", "options-delegated"):
            self.s3(ELSEWHERE).create_bucket(Bucket=bucket)
        development = self.iam(DEVELOPMENT)
        development.create_group(GroupName="Kept")
        for name, power_user in DEVELOPMENT_ROLES.items():
            everybody = {"Sid": "All", "Effect": "Allow", "Principal": {"AWS": DEVELOPMENT}, "Action": "sts:AssumeRole"}
            trusting = json.dumps({"Version": "2012-10-17", "Statement": [everybody]})
            path, _, own_name = f"/{name}".rpartition("/")
            development.create_role(RoleName=own_name, Path=f"{path}/", AssumeRolePolicyDocument=trusting)
            if power_user:
                self.identity_center.attach_role_policy(RoleName=own_name, PolicyArn=POWER_USER)
        for user in USERS:
            if not user.groups:
                self.accounts.make(user)
        delegated = policy("sts:AssumeRole", f"arn:aws:iam::{PRODUCTION}:role/delegated/*")
        development.put_user_policy(UserName="Paul", PolicyName="delegated", PolicyDocument=delegated)

    def _join_organization(self) -> None:
        """Put Development into an organization in the emulator's state, because it does not serve Organizations."""
        organizations = {"__scoped__": True, "data": {f"{DEVELOPMENT}\0'self'": {"Id": ORGANIZATION}}}
        self.sandbox.emulator.stop()
        services = self.sandbox.layout.emulator_state / "services"
        services.mkdir(exist_ok=True)
        (services / "organizations.json").write_text(json.dumps({"orgs": organizations}))
        self.sandbox.emulator.start(toolchain.emulator_python(print))

    def up(self, stack: str, *arguments: str, **lists: list[dict[str, Any]]) -> Finished:
        """Replace these lists in the stack's file, and deploy it."""
        file = self.sandbox.engine.folder / f"Pulumi.{stack}.yaml"
        settings = yaml.safe_load(file.read_text())
        settings["config"] |= {f"cross-account-access:{name}": entries for name, entries in lists.items()}
        file.write_text(yaml.safe_dump(settings))
        finished = self.sandbox.engine.run(stack, "up", "--yes", "--skip-preview", *arguments)
        assert finished.exit_code == 0, finished.lines
        return finished

    def iam(self, account_id: str = PRODUCTION) -> "IAMClient":
        return self.accounts.administrator(account_id).iam

    def s3(self, account_id: str = PRODUCTION) -> "S3Client":
        return self.accounts.administrator(account_id).s3

    def role(self, name: str) -> Any:  # noqa: ANN401 (as boto3 gives it)
        return self.iam().get_role(RoleName=name)["Role"]

    def identity_policy(self, name: str) -> dict[str, Any]:
        arn = f"arn:aws:iam::{PRODUCTION}:policy/{name}"
        version = self.iam().get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        return statements(self.iam().get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])

    def inline_policies(self, kind: str, name: str) -> list[str]:
        """Return the names of the inline policies of a group or role of Development."""
        iam = self.iam(DEVELOPMENT)
        listed = iam.list_group_policies(GroupName=name) if kind == "group" else iam.list_role_policies(RoleName=name)
        return listed["PolicyNames"]

    def exported(self, role_name: str, bucket: str) -> list[dict[str, Any]]:
        """Return the statements that the stack exports for the bucket's policy."""
        text = self.resource_policy_statements[role_name][f"arn:aws:s3:::{bucket}"]
        exported: list[dict[str, Any]] = json.loads(text)
        return exported

    def put_bucket_policy(self, bucket: str, exported: list[dict[str, Any]], owner: str = ELSEWHERE) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": exported})
        self.s3(owner).put_bucket_policy(Bucket=bucket, Policy=document)

    def session(self, who: str) -> Session:
        """Return the cached session from a call without special arguments."""
        if who not in self._sessions:
            self._sessions[who] = self._sign_in_with_mfa() if who == WITH_MFA else self.assume(who)
        return self._sessions[who]

    def assume(self, who: str, **call: Any) -> Session:  # noqa: ANN401 (what AssumeRole takes)
        """Return a new session, by default named after the user."""
        behind, _, role_name = who.rpartition(" > ")
        account_id = DEVELOPMENT if role_name in DEVELOPMENT_ROLES else PRODUCTION
        call = {
            "RoleArn": self.role_arns.get(role_name, f"arn:aws:iam::{account_id}:role/{role_name}"),
            "RoleSessionName": who.split()[0],
            **call,
        }
        if call.get("ExternalId") == GENERATED_ID:
            call["ExternalId"] = self._generated_id
        if call.get("SourceIdentity") == OWN_NAME:
            call["SourceIdentity"] = who.split()[0]
        given = self.session(behind).sts.assume_role(**call)["Credentials"]
        return self.accounts.session(Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]))

    def _sign_in_with_mfa(self) -> Session:
        device = MfaDevice(self.iam(DEVELOPMENT), "David")
        sts = self.session("David").sts
        given = sts.get_session_token(SerialNumber=device.serial_number, TokenCode=device.next_code())["Credentials"]
        return self.accounts.session(Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]))

    def decide(self, act: Act, who: str) -> Decision:
        """Return the decision on an attempt, of which only the last step may be refused."""
        do = act.do
        if do is None:
            self.session(who.rpartition(" > ")[0])
            return decision(lambda: self.assume(who, **act.call))
        session = self.assume(who, **act.call) if act.call else self.session(who)
        return decision(lambda: do(session.s3))


def decision(do: Callable[[], object]) -> Decision:
    try:
        do()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "AccessDenied":
            raise
        return "denied"
    return "allowed"


def changed(finished: Finished) -> dict[str, int]:
    return {operation: count for operation, count in finished.changes.items() if operation != "same"}
