"""Example accounts in IAM's format, and a builder of more."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from access.iam.authorization_details import read_directory
from access.iam.principals import Directory, Principal

HERE, PRODUCTION = "111111111111", "999999999999"

Document = Mapping[str, Any]


def statement(effect: str, action: str | list[str], resource: str | list[str] = "*", **elements: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"Effect": effect, "Action": action, "Resource": resource, **elements}


def document(*statements: Mapping[str, Any], version: str = "2012-10-17") -> dict[str, Any]:
    return {"Version": version, "Statement": list(statements)}


def allow(action: str | list[str], resource: str | list[str] = "*", **elements: Any) -> dict[str, Any]:  # noqa: ANN401
    return document(statement("Allow", action, resource, **elements))


def deny(action: str | list[str], resource: str | list[str] = "*", **elements: Any) -> dict[str, Any]:  # noqa: ANN401
    return document(statement("Deny", action, resource, **elements))


def trusts(*principals: str, effect: str = "Allow", **elements: Any) -> dict[str, Any]:  # noqa: ANN401
    return document({"Effect": effect, "Principal": {"AWS": list(principals)}, "Action": "sts:AssumeRole", **elements})


def root(account_id: str = HERE) -> str:
    return f"arn:aws:iam::{account_id}:root"


def arn(kind: str, name: str, account_id: str = HERE) -> str:
    return f"arn:aws:iam::{account_id}:{kind}/{name}"


# As published by AWS, without the parts that do not matter here.
AWS_MANAGED = {
    "AdministratorAccess": allow("*"),
    "PowerUserAccess": document(
        {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"},
        statement("Allow", ["account:GetAccountInformation", "iam:CreateServiceLinkedRole", "iam:ListRoles"]),
    ),
}


@dataclass
class AccountDetails:
    """A builder of accounts."""

    account_id: str = HERE
    pages: list[dict[str, list[dict[str, Any]]]] = field(default_factory=list)
    """Pages of GetAccountAuthorizationDetails, one for each principal, group or policy."""

    def user(self, name: str, *groups: str, **policies: Any) -> "AccountDetails":  # noqa: ANN401 (see _with_policies)
        user = {
            "UserName": name.rpartition("/")[2],
            "Arn": arn("user", name, self.account_id),
            "GroupList": [*groups],
        }
        return self._add("UserDetailList", "UserPolicyList", user, **policies)

    def group(self, name: str, **policies: Any) -> "AccountDetails":  # noqa: ANN401
        detail = {"GroupName": name, "Arn": arn("group", name, self.account_id)}
        return self._add("GroupDetailList", "GroupPolicyList", detail, **policies)

    def role(self, name: str, trust: Document, **policies: Any) -> "AccountDetails":  # noqa: ANN401
        detail = {
            "RoleName": name.rpartition("/")[2],
            "Arn": arn("role", name, self.account_id),
            "AssumeRolePolicyDocument": trust,
        }
        return self._add("RoleDetailList", "RolePolicyList", detail, **policies)

    def policy(self, name: str, content: Document, older: Document | None = None) -> "AccountDetails":
        versions = [{"VersionId": "v2", "IsDefaultVersion": True, "Document": content}]
        if older:
            versions.insert(0, {"VersionId": "v1", "IsDefaultVersion": False, "Document": older})
        detail = {"PolicyName": name, "Arn": arn("policy", name, self.account_id), "PolicyVersionList": versions}
        self.pages.append({"Policies": [detail]})
        return self

    def _add(
        self,
        details: str,
        inline_list: str,
        detail: dict[str, Any],
        inline: Mapping[str, Document] | None = None,
        attached: Sequence[str] = (),
        boundary: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> "AccountDetails":
        detail["Tags"] = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
        detail[inline_list] = [{"PolicyName": name, "PolicyDocument": each} for name, each in (inline or {}).items()]
        detail["AttachedManagedPolicies"] = [
            {"PolicyName": it, "PolicyArn": arn("policy", it, "aws" if it in AWS_MANAGED else self.account_id)}
            for it in attached
        ]
        if boundary:
            account_id = "aws" if boundary in AWS_MANAGED else self.account_id
            detail["PermissionsBoundary"] = {"PermissionsBoundaryArn": arn("policy", boundary, account_id)}
        self.pages.append({details: [detail]})
        return self

    def directory(self) -> Directory:
        """Return the account as read."""
        return read_directory(FakeIam(self.pages), self.account_id)  # type: ignore[arg-type]

    def principal(self, name: str) -> Principal:
        return next(each for each in self.directory().principals if each.name == name)


@dataclass(frozen=True)
class FakeIam:
    """The needed methods of an IAM client."""

    pages: list[dict[str, list[dict[str, Any]]]]

    def get_paginator(self, operation: str) -> "FakeIam":
        assert operation == "get_account_authorization_details"
        return self

    def paginate(self, **filtered: list[str]) -> Iterator[dict[str, list[dict[str, Any]]]]:
        assert filtered == {"Filter": ["User", "Role", "Group", "LocalManagedPolicy"]}
        return iter(self.pages)

    def get_policy(self, **wanted: str) -> dict[str, Any]:
        assert wanted["PolicyArn"].startswith("arn:aws:iam::aws:policy/")
        return {"Policy": {"DefaultVersionId": "v7"}}

    def get_policy_version(self, **wanted: str) -> dict[str, Any]:
        assert wanted["VersionId"] == "v7"
        return {"PolicyVersion": {"Document": AWS_MANAGED[wanted["PolicyArn"].rpartition("/")[2]]}}

    def list_saml_providers(self) -> dict[str, Any]:
        return {"SAMLProviderList": []}

    def list_open_id_connect_providers(self) -> dict[str, Any]:
        return {"OpenIDConnectProviderList": []}
