"""Create the roles of permission sets, with their policies, as IAM Identity Center does. The emulator lacks it.

Each permission set in a stack's file gets a role in the stack's account, as if it were assigned there and referenced
the policies that the stack creates. Nobody can sign in, so the role trusts the users of a proof instead.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from access.arn import permission_set_of
from access.project.files import Stack
from access.prove.inventory import PATH as PATH_OF_PROBES
from sandbox.users import TAG, Accounts

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

_PATH = "/aws-reserved/sso.amazonaws.com/"


def permission_sets_in(stacks: Iterable[Stack], account_id: str) -> dict[str, set[str]]:
    """Return the permission sets in the files of an account's stacks, each with the policies that it references."""
    named: dict[str, set[str]] = {}
    for stack in stacks:
        for _, entry in stack.entries("permissionSets") if stack.account_id == account_id else ():
            name = str(entry.get("name"))
            policies = {f"{effect}-assume-roles-{name}" for effect in ("allow", "deny") if entry.get(effect)}
            named.setdefault(name, set()).update(policies)
    return named


def provision(accounts: Accounts, stack: Stack) -> None:
    """Create the roles of a deployed stack's permission sets, and attach their policies."""
    iam = accounts.identity_center(stack.account_id)
    wanted = permission_sets_in([stack], stack.account_id)
    roles = _roles(iam) if wanted else {}
    for name, policies in wanted.items():
        role = roles.get(name) or _create_role(iam, stack, name)
        attached = _attached(iam, role)
        for policy in policies - attached.keys():
            iam.attach_role_policy(RoleName=role, PolicyArn=f"arn:aws:iam::{stack.account_id}:policy/{policy}")


def withdraw(accounts: Accounts, account_id: str, named: Mapping[str, Collection[str]]) -> None:
    """Detach policies that are in no file any more, and delete the roles of removed permission sets."""
    iam = accounts.identity_center(account_id)
    for name, role in _roles(iam).items():
        for policy, arn in _attached(iam, role).items():
            if policy not in named.get(name, ()):
                iam.detach_role_policy(RoleName=role, PolicyArn=arn)
        if name not in named:
            iam.delete_role(RoleName=role)


def _create_role(iam: "IAMClient", stack: Stack, name: str) -> str:
    """Create a role like those of IAM Identity Center.

    Source: IAM Identity Center User Guide, "Referencing permission sets in resource policies".
    """
    suffix = hashlib.sha256(f"{stack.account_id}/{name}".encode()).hexdigest()[:16]
    role = f"AWSReservedSSO_{name}_{suffix}"
    probes = f"arn:aws:iam::{stack.account_id}:user{PATH_OF_PROBES}*"
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": stack.account_id},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnLike": {"aws:PrincipalArn": probes}},
    }
    iam.create_role(
        RoleName=role,
        Path=_PATH if stack.region == "us-east-1" else f"{_PATH}{stack.region}/",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        Tags=[TAG],
    )
    return role


def _roles(iam: "IAMClient") -> dict[str, str]:
    """Return the names of the sandbox's own roles under the path of IAM Identity Center, by permission set."""
    pages = iam.get_paginator("list_roles").paginate(PathPrefix=_PATH)
    found = {permission_set_of(role["Arn"]): role["RoleName"] for page in pages for role in page["Roles"]}
    return {name: role for name, role in found.items() if name and TAG in iam.list_role_tags(RoleName=role)["Tags"]}


def _attached(iam: "IAMClient", role: str) -> dict[str, str]:
    """Return the ARNs of a role's managed policies, by name."""
    listed = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    return {policy["PolicyName"]: policy["PolicyArn"] for policy in listed}
