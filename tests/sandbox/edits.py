"""Edits of the stack files, and their expected results, which ``tests/sandbox/test_edits.py`` tests."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from tests.sandbox.project_folder import ProjectFolder

PRODUCTION, DEVELOPMENT, THIRD = "999999999999", "111111111111", "333333333333"
KEY = f"arn:aws:kms:eu-west-1:{PRODUCTION}:key/1234abcd-12ab-34cd-56ef-1234567890ab"

Stacks = dict[str, dict[str, Any]]
"""The configuration of each stack, for an edit to change."""
Change = Callable[[Stacks], object]

UPDATE: dict[str, Any] = {"name": "UpdateApp", "bucket": "productionapp", "trustedAccountId": DEVELOPMENT}
AUDIT: dict[str, Any] = {**UPDATE, "name": "AuditApp", "access": "read"}
DEVELOPERS: dict[str, Any] = {"name": "Developers", "allow": ["production/UpdateApp", "production/AuditApp"]}
TESTERS: dict[str, Any] = {"name": "Testers", "deny": ["production/UpdateApp"]}


def project(roles: list[dict[str, Any]], groups: list[dict[str, Any]]) -> Stacks:
    """Return the tutorial's two stacks with these roles and groups."""
    return {
        "production": {"aws:allowedAccountIds": [PRODUCTION], "acme:roles": roles},
        "development": {"aws:allowedAccountIds": [DEVELOPMENT], "acme:groups": groups},
    }


TUTORIAL = project([UPDATE, AUDIT], [DEVELOPERS, TESTERS])
ONE_ROLE = project([UPDATE], [{**DEVELOPERS, "allow": ["production/UpdateApp"]}, TESTERS])

PERMISSION_SET = project([UPDATE, AUDIT], [DEVELOPERS, TESTERS])
PERMISSION_SET["development"]["acme:permissionSets"] = [{"name": "Night", "allow": ["production/UpdateApp"]}]


@dataclass(frozen=True)
class Edit:
    """An edit of the files, and its reversal."""

    name: str
    change: Change
    before: Stacks | None = None
    """The files before; by default :data:`TUTORIAL`."""
    by_hand: Callable[[ProjectFolder], object] = lambda folder: None
    """A manual change before the edit."""
    goes_with_it: bool = False
    """``True`` if the edit reverts the manual change."""
    refused: str = ""
    """A pattern of ``up``'s refusal; empty if ``up`` deploys the edit."""
    half: bool = False
    """``True`` if ``up`` refuses only after it has changed another stack, or the sandbox's own people."""
    commands: tuple[str, ...] = ()
    """The beginnings of the commands in the refusal, after which ``up`` deploys the edit."""
    red: str = ""
    """A pattern in the proof, if the files declare access that can't exist."""
    check: Callable[[ProjectFolder], object] = lambda folder: None
    """A check after the edit."""
    back: Change = lambda stacks: None
    """A change to the original files for the reversal."""
    back_refused: str = ""
    back_commands: tuple[str, ...] = ()
    """The beginnings of the commands that ``up`` names in the reversal, refused or not."""

    @property
    def base(self) -> Stacks:
        """The files before."""
        return self.before or TUTORIAL

    def files(self, change: Change) -> Stacks:
        """Return the files before with a change."""
        stacks = deepcopy(self.base)
        change(stacks)
        return stacks


def role(index: int, **options: object) -> Change:
    """Set a role's options; ``None`` removes one."""
    return lambda stacks: _set(stacks["production"]["acme:roles"][index], options)


def group(index: int, **options: object) -> Change:
    """Set a group's options; ``None`` removes one."""
    return lambda stacks: _set(stacks["development"]["acme:groups"][index], options)


def all_of(*changes: Change) -> Change:
    """Make several changes."""
    return lambda stacks: [change(stacks) for change in changes]


def _set(entry: dict[str, Any], options: dict[str, object]) -> None:
    entry.update(options)
    for key in [key for key, value in options.items() if value is None]:
        del entry[key]


def _roles(*entries: dict[str, Any]) -> Change:
    return lambda stacks: stacks["production"].update({"acme:roles": list(entries)})


def _groups(*entries: dict[str, Any]) -> Change:
    return lambda stacks: stacks["development"].update({"acme:groups": list(entries)})


def _in_renamed_role(stacks: Stacks) -> None:
    text = json.dumps(stacks).replace("UpdateApp", "DeployApp")
    stacks.update(json.loads(text))


def _third_stack(stacks: Stacks) -> None:
    support = {"name": "Support", "deny": ["production/UpdateApp"]}
    stacks["support"] = {"aws:allowedAccountIds": [THIRD], "acme:groups": [support]}


def _permission_set(effect: str, role_name: str) -> Change:
    entry = {"name": "Night", effect: [role_name]}
    return lambda stacks: stacks["development"].update({"acme:permissionSets": [entry]})


def _grantee_role(stacks: Stacks) -> None:
    stacks["development"]["acme:granteeRoles"] = [{"name": "Deployer", "allow": ["production/UpdateApp"]}]


def _make_deployer(folder: ProjectFolder) -> None:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": DEVELOPMENT}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    folder.administrator(DEVELOPMENT).iam.create_role(RoleName="Deployer", AssumeRolePolicyDocument=document)


def _stranger(group_name: str) -> Callable[[ProjectFolder], None]:
    """Return a manual change that adds a user to a group."""

    def add(folder: ProjectFolder) -> None:
        iam = folder.administrator(DEVELOPMENT).iam
        iam.create_user(UserName="mallory")
        iam.add_user_to_group(GroupName=group_name, UserName="mallory")

    return add


def _revoke_sessions(folder: ProjectFolder) -> None:
    """Attach the policy of the console's "Revoke active sessions"."""
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
    iam = folder.administrator(PRODUCTION).iam
    iam.put_role_policy(RoleName="AuditApp", PolicyName="AWSRevokeOlderSessions", PolicyDocument=document)


def _has_members(group_name: str, *expected: str) -> Callable[[ProjectFolder], None]:
    """Return the check that a group has exactly these members."""

    def check(folder: ProjectFolder) -> None:
        users = folder.administrator(DEVELOPMENT).iam.get_group(GroupName=group_name)["Users"]
        assert {user["UserName"] for user in users} == set(expected)

    return check


_PROTECTED = "bucket productionapp is protected and would be deleted: .*state delete --force"

EDITS = (
    # Roles.
    Edit("a role is renamed", _in_renamed_role),
    Edit(
        "a role is renamed in its own file alone",
        role(0, name="DeployApp"),
        refused=r"\[0\]: 'production/UpdateApp' is not allowed; .* it exports: AuditApp, DeployApp",
        half=True,
    ),
    Edit(
        "a role is renamed, and its policy keeps a name of its own",
        _in_renamed_role,
        before=project([{**UPDATE, "policyName": "update-app"}, AUDIT], [DEVELOPERS, TESTERS]),
        refused="DeployApp-policy can't be created: its name is taken",
        half=True,
    ),
    Edit("a policy is renamed", role(0, policyName="update-app")),
    Edit(
        "two policies swap names",
        all_of(role(0, policyName="b"), role(1, policyName="a")),
        before=project([{**UPDATE, "policyName": "a"}, {**AUDIT, "policyName": "b"}], [DEVELOPERS, TESTERS]),
    ),
    Edit("a role gets a path", role(0, path="/delegated/")),
    Edit("the roles change places", _roles(AUDIT, UPDATE)),
    Edit(
        "a role is taken out with its grants",
        all_of(_roles(UPDATE), group(0, allow=["production/UpdateApp"])),
        by_hand=_revoke_sessions,
        goes_with_it=True,
    ),
    Edit(
        "a role is added with a grant",
        all_of(_roles(UPDATE, AUDIT, {**AUDIT, "name": "CheckApp"}), group(1, allow=["production/CheckApp"])),
    ),
    Edit("another account is trusted", role(0, trustedAccountId=THIRD), red="which does not trust 111111111111"),
    Edit(
        "a role is narrowed in many ways",
        role(
            0,
            description="web",
            tags={"team": "web"},
            maxSessionDuration=7200,
            access="read",
            prefixes=["reports/"],
            objectVersions=True,
            listAllBuckets=False,
            trustedPrincipalArns=[f"arn:aws:iam::{DEVELOPMENT}:user/*"],
            deniedPrincipalArns=[f"arn:aws:iam::{DEVELOPMENT}:user/nobody"],
            externalId="agreed",
            expiresAt="2099-01-01T00:00:00Z",
            revokeSessionsIssuedBefore="2020-01-01T00:00:00Z",
        ),
    ),
    Edit("MFA is demanded", role(0, requireMfa=True, mfaMaxAge=3600)),
    Edit("an address is demanded", role(0, sourceIpRanges=["203.0.113.0/24"])),
    Edit("an organization is demanded", role(0, organizationId="o-exampleorgid")),
    Edit("a source identity is demanded", all_of(role(0, requireSourceIdentity=True), group(0, sourceIdentity=True))),
    Edit("session tags are demanded", all_of(role(0, sessionTags={"team": ["web"]}), group(0, sessionTags=True))),
    Edit("a session bears the user's name", group(0, bindSessionName=True)),
    Edit("an external id is generated", role(0, generateExternalId=True)),
    Edit("a key encrypts", all_of(role(0, kmsKeyArns=[KEY]), role(1, kmsKeyArns=[KEY]))),
    # Buckets.
    Edit("a bucket is renamed", role(0, bucket="productionap"), before=ONE_ROLE, refused=_PROTECTED),
    Edit(
        "a bucket is handed over",
        all_of(role(0, createBucket=False), role(1, createBucket=False)),
        refused=_PROTECTED,
        commands=("state delete",),
        back_refused="import it",
        back_commands=("import",),
    ),
    Edit(
        "a second bucket",
        role(0, bucket=None, buckets=["productionapp", "productionapp-assets"]),
        back_refused="bucket productionapp-assets is protected and would be deleted",
        back_commands=("state unprotect",),
    ),
    Edit("bucket becomes buckets", role(0, bucket=None, buckets=["productionapp"])),
    # Groups.
    Edit(
        "a group is renamed in place",
        group(0, name="Devs", renamedFrom="Developers"),
        by_hand=_stranger("Developers"),
        check=_has_members("Devs", "mallory", "Devs-member"),
        back=group(0, renamedFrom="Devs"),
    ),
    Edit("a group is renamed without renamedFrom", group(0, name="Devs")),
    Edit(
        "a group with a stranger in it is renamed without renamedFrom",
        group(0, name="Devs"),
        by_hand=_stranger("Developers"),
        refused="group Developers can't be deleted: it has members or policies",
        half=True,
    ),
    Edit("a group is taken out", _groups(DEVELOPERS)),
    Edit("all groups are taken out", _groups(), refused="to remove all: `pulumi destroy`", half=True),
    Edit("a grant is taken out", group(0, allow=["production/UpdateApp"])),
    Edit("a group loses all its grants", group(0, allow=None), refused="name at least one role under allow or deny"),
    Edit("an allowance becomes a denial", group(0, allow=["production/AuditApp"], deny=["production/UpdateApp"])),
    Edit(
        "a group is handed over",
        group(0, createGroup=False),
        by_hand=_stranger("Developers"),
        check=_has_members("Developers", "mallory", "David"),
        back_refused="import it: .*state delete .*; then .*import",
        back_commands=("state delete", "import"),
    ),
    Edit("members are listed", group(0, members=["alice", "bob"]), check=_has_members("Developers", "alice", "bob")),
    Edit(
        "nobody is a member",
        group(0, members=[]),
        before=project([UPDATE, AUDIT], [{**DEVELOPERS, "members": ["alice"]}, TESTERS]),
        check=_has_members("Developers"),
    ),
    Edit("policies of a group are named otherwise", group(0, allowPolicyPrefix="may-")),
    Edit("a grant ends one day", group(0, allow=[{"role": "production/UpdateApp", "until": "2099-01-31T18:00:00Z"}])),
    Edit("a permission set is named", _permission_set("allow", "production/AuditApp")),
    Edit(
        "a permission set is denied what it was allowed",
        _permission_set("deny", "production/UpdateApp"),
        before=PERMISSION_SET,
    ),
    Edit("a permission set is taken out", lambda stacks: stacks.update(deepcopy(TUTORIAL)), before=PERMISSION_SET),
    Edit("a role is granted something", _grantee_role, by_hand=_make_deployer),
    # Stacks.
    Edit("an account is added", _third_stack, back_commands=("destroy",)),
    Edit(
        "a stack is renamed",
        lambda stacks: stacks.update(people=stacks.pop("development")),
        refused="stack rename people",
        commands=("stack rename",),
        back_refused="stack rename development",
        back_commands=("stack rename",),
    ),
    Edit(
        "a stack moves to another account",
        lambda stacks: stacks["development"].update({"aws:allowedAccountIds": [THIRD]}),
        refused=f"is {THIRD}, but development is deployed in {DEVELOPMENT}",
    ),
    Edit(
        "a stack moves to another region",
        lambda stacks: stacks["production"].update({"aws:region": "eu-central-1"}),
        refused="is eu-central-1, but production is deployed in eu-west-1",
    ),
)
