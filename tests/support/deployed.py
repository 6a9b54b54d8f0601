"""Accounts in memory, deployed as the stacks declare, for tests to change manually."""

import copy
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from access.accounts import Session
from access.known_principals import KnownPrincipal
from access.reading.accounts import read
from access.reading.review import review
from access.reading.values import Finding, Review
from tests.support.rendered import DEVELOPMENT, PRODUCTION, State, parsed, state

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
Document = Mapping[str, Any]


def document(*statements: Mapping[str, Any]) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> Document:  # noqa: ANN401
    return document({"Sid": "X", "Effect": "Allow", "Action": action, "Resource": resource, **more})


def deny(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> Document:  # noqa: ANN401
    return document({"Sid": "X", "Effect": "Deny", "Action": action, "Resource": resource, **more})


def trusts(*principals: str, **more: Any) -> Document:  # noqa: ANN401
    principal = {"AWS": list(principals)}
    return document({"Sid": "T", "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more})


def root(account: str) -> str:
    return f"arn:aws:iam::{account}:root"


AWS_POLICIES = {
    "AdministratorAccess": allow("*"),
    "PowerUserAccess": document(
        {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"}
    ),
    "AmazonS3ReadOnlyAccess": allow(["s3:Get*", "s3:List*", "s3:Describe*"]),
    "AmazonEC2FullAccess": allow(["ec2:*", "cloudwatch:*"]),
    "SecurityAudit": allow(["s3:GetBucketPolicy", "s3:ListAllMyBuckets", "iam:GetRole", "iam:ListRoles"]),
}
"""Some AWS managed policies."""


class Account:
    """One account, as IAM and S3 describe it."""

    def __init__(self, account_id: str) -> None:
        self.id = account_id
        self.users: dict[str, dict[str, Any]] = {}
        self.groups: dict[str, dict[str, Any]] = {}
        self.roles: dict[str, dict[str, Any]] = {}
        self.policies: dict[str, dict[str, Any]] = {}
        self.buckets: dict[str, dict[str, Any]] = {}
        self.saml: list[str] = []
        self.unreadable: set[str] = set()
        """The refused calls."""

    def arn(self, kind: str, name: str) -> str:
        return f"arn:aws:iam::{self.id}:{kind}/{name}"

    def user(self, name: str, *groups: str, path: str = "") -> dict[str, Any]:
        made = {"UserName": name, "UserId": f"AIDA{name}", "Arn": self.arn("user", path + name), "GroupList": [*groups]}
        return self.users.setdefault(name, {**made, "UserPolicyList": [], "AttachedManagedPolicies": []})

    def group(self, name: str) -> dict[str, Any]:
        made = {"GroupName": name, "GroupId": f"AGPA{name}", "Arn": self.arn("group", name)}
        return self.groups.setdefault(name, {**made, "GroupPolicyList": [], "AttachedManagedPolicies": []})

    def role(self, name: str, trust: Document | None = None, path: str = "") -> dict[str, Any]:
        made = {"RoleName": name, "RoleId": f"AROA{name}", "Arn": self.arn("role", path + name), "RolePolicyList": []}
        more: dict[str, Any] = {
            "AttachedManagedPolicies": [],
            "AssumeRolePolicyDocument": trust,
            "MaxSessionDuration": 3600,
        }
        return self.roles.setdefault(name, {**made, **more})

    def policy(self, name: str, content: Document) -> str:
        """Make a managed policy, or another version of it, which is in force."""
        arn = self.arn("policy", name)
        made = self.policies.setdefault(name, {"PolicyName": name, "Arn": arn, "PolicyVersionList": []})
        for version in made["PolicyVersionList"]:
            version["IsDefaultVersion"] = False
        number = len(made["PolicyVersionList"]) + 1
        made["PolicyVersionList"].append({"VersionId": f"v{number}", "IsDefaultVersion": True, "Document": content})
        return arn

    def put(self, holder: dict[str, Any], name: str, content: Document) -> None:
        """Put an inline policy."""
        inline = next(holder[key] for key in ("UserPolicyList", "GroupPolicyList", "RolePolicyList") if key in holder)
        inline[:] = [it for it in inline if it["PolicyName"] != name]
        inline.append({"PolicyName": name, "PolicyDocument": content})

    def attach(self, holder: dict[str, Any], arn: str) -> None:
        """Attach a managed policy, by its ARN or the name of an AWS managed policy."""
        arn = arn if arn.startswith("arn:") else f"arn:aws:iam::aws:policy/{arn}"
        holder["AttachedManagedPolicies"].append({"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn})

    def bound(self, holder: dict[str, Any], arn: str) -> None:
        """Put a permissions boundary."""
        holder["PermissionsBoundary"] = {"PermissionsBoundaryArn": arn}

    def session(self) -> Session:
        """Return a session that reads the account."""
        return Session(lambda service: _Client(self))


class _Client:
    """IAM and S3, as far as a reading asks."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def get_paginator(self, call: str) -> Any:  # noqa: ANN401
        account = self._account
        if call in account.unreadable:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, call)
        page = {
            "UserDetailList": [*account.users.values()],
            "GroupDetailList": [*account.groups.values()],
            "RoleDetailList": [*account.roles.values()],
            "Policies": [*account.policies.values()],
        }
        return SimpleNamespace(paginate=lambda **_: [page])

    def get_policy(self, PolicyArn: str) -> Any:  # noqa: ANN401, N803
        return {"Policy": {"DefaultVersionId": "v1", "Arn": PolicyArn}}

    def get_policy_version(self, PolicyArn: str, VersionId: str) -> Any:  # noqa: ANN401, N803
        return {"PolicyVersion": {"Document": AWS_POLICIES[PolicyArn.rpartition("/")[2]]}}

    def get_role(self, RoleName: str) -> Any:  # noqa: ANN401, N803
        if RoleName not in self._account.roles:
            raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": "no such role"}}, "GetRole")
        return {"Role": self._account.roles[RoleName]}

    def list_saml_providers(self) -> Any:  # noqa: ANN401
        return {"SAMLProviderList": [{"Arn": arn} for arn in self._account.saml]}

    def list_open_id_connect_providers(self) -> Any:  # noqa: ANN401
        return {"OpenIDConnectProviderList": []}

    def _of_bucket(self, name: str, key: str, missing: str) -> Any:  # noqa: ANN401
        bucket = self._account.buckets.get(name)
        if not bucket or key not in bucket:
            code = missing if bucket else "NoSuchBucket"
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetBucket")
        return bucket[key]

    def get_bucket_policy(self, Bucket: str) -> Any:  # noqa: ANN401, N803
        if "get_bucket_policy" in self._account.unreadable:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetBucketPolicy")
        return {"Policy": json.dumps(self._of_bucket(Bucket, "policy", "NoSuchBucketPolicy"))}

    def get_bucket_acl(self, Bucket: str) -> Any:  # noqa: ANN401, N803
        return {"Owner": {"ID": "owner"}, "Grants": self._of_bucket(Bucket, "grants", "")}

    def get_public_access_block(self, Bucket: str) -> Any:  # noqa: ANN401, N803
        block = self._of_bucket(Bucket, "block", "NoSuchPublicAccessBlockConfiguration")
        return {"PublicAccessBlockConfiguration": block}

    def get_bucket_ownership_controls(self, Bucket: str) -> Any:  # noqa: ANN401, N803
        ownership = self._of_bucket(Bucket, "ownership", "OwnershipControlsNotFoundError")
        return {"OwnershipControls": {"Rules": [{"ObjectOwnership": ownership}]}}


class Aws:
    """Both accounts of the tutorial, or of other stacks."""

    def __init__(self, declared: State | None = None) -> None:
        self.declared = copy.deepcopy(declared or tutorial())
        self.accounts = {id: Account(id) for id in (PRODUCTION, DEVELOPMENT)}
        for stack in copy.deepcopy(self.declared)["stacks"].values():
            _deploy(self.accounts[stack["account"]], stack)
        self.production, self.development = self.accounts[PRODUCTION], self.accounts[DEVELOPMENT]
        self.update_app = self.production.roles.get("UpdateApp", {})
        self.bucket = self.production.buckets.get("productionapp", {})
        for user, group in (("David", "Developers"), ("Theresa", "Testers")):
            self.development.user(user, *([group] if group in self.development.groups else ()))

    def review(self, *known: KnownPrincipal) -> Review:
        """Read both accounts, and compare."""
        declared = parsed(self.declared)
        roles = [role.name for role in declared.roles.values()]
        buckets = [bucket.name for bucket in declared.buckets.values()]
        accounts = {
            id: read(account.session(), id, roles if id == PRODUCTION else (), buckets if id == PRODUCTION else ())
            for id, account in self.accounts.items()
        }
        return review(declared, accounts, NOW, known)


def tutorial() -> State:
    """Return the tutorial's stacks, with the bucket's policy and guards."""
    made = state()
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    arns = ["arn:aws:s3:::productionapp", "arn:aws:s3:::productionapp/*"]
    tls = {"Sid": "Tls", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": arns, "Condition": insecure}
    guards = [
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
        "BucketOwnerEnforced",
    ]
    made["stacks"]["production"]["buckets"] = [{"name": "productionapp", "policy": document(tls), "guards": guards}]
    return made


def _deploy(account: Account, stack: Mapping[str, Any]) -> None:
    for role in stack["roles"]:
        made = account.role(role["name"], role["trust"], role["path"].strip("/") + "/" if role["path"] != "/" else "")
        made["MaxSessionDuration"] = role["maxSessionDuration"]
        for policy in role["policies"]:
            account.attach(made, account.policy(policy["name"], policy["document"]))
        if role["permissionsBoundary"]:
            account.bound(made, role["permissionsBoundary"])
    for grantee in stack["grantees"]:
        if grantee["kind"] == "group":
            holder = account.group(grantee["name"])
            for user in grantee["members"] or ():
                account.user(user, grantee["name"])
        elif grantee["kind"] == "role":
            holder = account.role(grantee["name"], trusts(root(account.id)))
        else:
            for policy in grantee["policies"]:
                account.policy(policy["name"], policy["document"])
            continue
        for policy in grantee["policies"]:
            account.put(holder, policy["name"], policy["document"])
    for bucket in stack["buckets"]:
        owner = {"Grantee": {"Type": "CanonicalUser", "ID": "owner"}, "Permission": "FULL_CONTROL"}
        block = {name[0].upper() + name[1:]: True for name in bucket.get("guards", ()) if name != "BucketOwnerEnforced"}
        made = {"grants": [owner], "ownership": "BucketOwnerEnforced", "block": block}
        account.buckets[bucket["name"]] = {**made, **({"policy": bucket["policy"]} if bucket["policy"] else {})}


def findings_of(aws: Aws, *known: KnownPrincipal) -> list[Finding]:
    return [finding for reading in aws.review(*known).readings for finding in reading.findings]
