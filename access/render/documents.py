"""The rendered form, version 1: the policy documents that a project's stacks register, as JSON."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import AccessError
from ..project.files import Project
from .running import Ran, Resource, missing, run

VERSION = 1
"""The version of the rendered form."""

Document = Mapping[str, Any]

PUBLIC_ACCESS_BLOCK = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
"""The settings of a bucket's public access block."""

NO_ACLS = "BucketOwnerEnforced"
"""The object ownership that turns ACLs off. Source: Amazon S3 User Guide, "Controlling ownership of objects"."""

_SHORTEST_SESSION = 3600
"""The default for a role's longest session. Source: IAM API Reference, "CreateRole"."""

_PERMISSION_SET_POLICY = re.compile(r"(?:allow|deny)-assume-roles-(.+)")
"""The managed policies that permission sets of IAM Identity Center reference by name."""


@dataclass(frozen=True)
class Rendering:
    """The rendered stacks of a project."""

    stacks: Mapping[str, Mapping[str, Any]]
    """The rendered form of each stack, by name."""
    warnings: tuple[str, ...] = ()

    @property
    def json(self) -> str:
        """The rendered form as JSON."""
        return json.dumps({"version": VERSION, "stacks": self.stacks}, indent=2, sort_keys=True) + "\n"


def render(project: Project, names: Sequence[str] = (), python: Path | None = None) -> Rendering:
    """Return the rendered form of some stacks of a project, by default of all.

    Args:
        project: the project.
        names: the stacks' names.
        python: the interpreter that runs the program; by default the project's.

    Raises:
        AccessError: a program fails, or registers a document that is not JSON.
    """
    ran = [each for each in run(project, names, python) if not names or each.stack.name in names]
    warnings: list[str] = []
    stacks = {}
    for each in ran:
        documents = _Documents(each)
        stacks[each.stack.name] = documents.form()
        own = [*each.warnings, *missing(project, each), *documents.left_out]
        warnings += [f"{each.stack.name}: {warning}" for warning in own]
    return Rendering(stacks, tuple(warnings))


@dataclass
class _Documents:
    """The documents of one stack."""

    ran: Ran
    roles: dict[str, dict[str, Any]] = field(default_factory=dict)
    grantees: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    buckets: dict[str, dict[str, Any]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def form(self) -> dict[str, Any]:
        """Return the rendered form."""
        readers: Mapping[str, Callable[[Resource], object]] = {
            "aws:iam/role:Role": self._role,
            "aws:iam/policy:Policy": self._permission_set,
            "aws:iam/group:Group": lambda group: self._grantee("group", _name(group)),
            "aws:s3/bucket:Bucket": lambda bucket: self._bucket(_name(bucket)),
            "aws:s3/bucketV2:BucketV2": lambda bucket: self._bucket(_name(bucket)),
        }
        parts: Mapping[str, Callable[[Resource], object]] = {
            "aws:iam/rolePolicy:RolePolicy": self._role_policy,
            "aws:iam/groupPolicy:GroupPolicy": self._group_policy,
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment": self._attachment,
            "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": self._attachment,
            "aws:iam/groupMembership:GroupMembership": self._membership,
            "aws:s3/bucketPolicy:BucketPolicy": self._bucket_policy,
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": self._public_access_block,
            "aws:s3/bucketOwnershipControls:BucketOwnershipControls": self._ownership,
        }
        for known in (readers, parts):  # a resource before its parts
            for resource in self.ran.resources:
                if resource.type in known:
                    known[resource.type](resource)
        for resource in self.ran.resources:
            if resource.type not in {*readers, *parts} and _grants(resource):
                self.left_out.append(f"{resource.type} {resource.name} is not rendered; review it in the program")
        stack = self.ran.stack
        return {
            "project": stack.project,
            "account": stack.account_id,
            "region": stack.region,
            "partition": self.ran.partition,
            "roles": [_with_sorted_policies(self.roles[name]) for name in sorted(self.roles)],
            "grantees": [_with_sorted_policies(self.grantees[key]) for key in sorted(self.grantees)],
            "buckets": [self.buckets[name] for name in sorted(self.buckets)],
            "unresolved": sorted({f"{reference.full_name}/{reference.role}" for reference in self.ran.unresolved}),
            "outputs": self.ran.outputs,
        }

    def _role(self, resource: Resource) -> None:
        inputs, name = resource.inputs, _name(resource)
        path = inputs.get("path") or "/"
        self.roles[name] = {
            "name": name,
            "arn": f"arn:{self.ran.partition}:iam::{self.ran.stack.account_id}:role{path}{name}",
            "path": path,
            "trust": self._document(resource, "assumeRolePolicy"),
            "policies": [],
            "permissionsBoundary": inputs.get("permissionsBoundary"),
            "maxSessionDuration": int(inputs.get("maxSessionDuration") or _SHORTEST_SESSION),
        }
        for index, inline in enumerate(inputs.get("inlinePolicies") or ()):
            part = Resource(resource.type, f"{resource.name}.inlinePolicies[{index}]", inline)
            self._add(self.roles[name], _name(part), self._document(part, "policy"))
        for arn in inputs.get("managedPolicyArns") or ():
            self._attach(self.roles[name], arn)

    def _permission_set(self, resource: Resource) -> None:
        match = _PERMISSION_SET_POLICY.fullmatch(_name(resource))
        if match:
            grantee = self._grantee("permissionSet", match[1])
            self._add(grantee, _name(resource), self._document(resource, "policy"))

    def _role_policy(self, resource: Resource) -> None:
        role = str(resource.inputs["role"])
        self._add(self._role_or_grantee(role), _name(resource), self._document(resource, "policy"))

    def _group_policy(self, resource: Resource) -> None:
        group = self._grantee("group", str(resource.inputs["group"]))
        self._add(group, _name(resource), self._document(resource, "policy"))

    def _attachment(self, resource: Resource) -> None:
        inputs = resource.inputs
        holder = self._grantee("group", inputs["group"]) if "group" in inputs else self._role_or_grantee(inputs["role"])
        self._attach(holder, inputs["policyArn"])

    def _membership(self, resource: Resource) -> None:
        self._grantee("group", str(resource.inputs["group"]))["members"] = sorted(resource.inputs.get("users", ()))

    def _bucket_policy(self, resource: Resource) -> None:
        self._bucket(str(resource.inputs["bucket"]))["policy"] = self._document(resource, "policy")

    def _public_access_block(self, resource: Resource) -> None:
        guards = self._bucket(str(resource.inputs["bucket"]))["guards"]
        guards += [name for name in PUBLIC_ACCESS_BLOCK if resource.inputs.get(name)]

    def _ownership(self, resource: Resource) -> None:
        if resource.inputs.get("rule", {}).get("objectOwnership") == NO_ACLS:
            self._bucket(str(resource.inputs["bucket"]))["guards"].append(NO_ACLS)

    def _role_or_grantee(self, name: str) -> dict[str, Any]:
        return self.roles.get(name) or self._grantee("role", name)

    def _grantee(self, kind: str, name: str) -> dict[str, Any]:
        return self.grantees.setdefault((kind, name), {"kind": kind, "name": name, "members": None, "policies": []})

    def _bucket(self, name: str) -> dict[str, Any]:
        return self.buckets.setdefault(name, {"name": name, "policy": None, "guards": []})

    def _add(self, holder: dict[str, Any], name: str, document: Document) -> None:
        holder["policies"].append({"name": name, "document": document})

    def _attach(self, holder: dict[str, Any], arn: str) -> None:
        start = f"arn:{self.ran.partition}:iam::{self.ran.stack.account_id}:policy"
        for resource in self.ran.resources:
            path = resource.inputs.get("path") or "/"
            if resource.type == "aws:iam/policy:Policy" and arn == f"{start}{path}{_name(resource)}":
                return self._add(holder, _name(resource), self._document(resource, "policy"))
        return self._add(holder, arn, _anything(arn))

    def _document(self, resource: Resource, key: str) -> Document:
        value = resource.inputs.get(key)
        try:
            document = json.loads(value) if isinstance(value, str) else value
        except ValueError:
            document = None
        if not isinstance(document, dict) or "Statement" not in document:
            stack = self.ran.stack.name
            raise AccessError(f"{stack}: {resource.name}: {key} is not a policy document that is known without AWS")
        result: Document = ordered(document)
        return result


def _name(resource: Resource) -> str:
    """Return the name in AWS; the logical name if the provider generates one."""
    return str(resource.inputs.get("name") or resource.inputs.get("bucket") or resource.name)


def _grants(resource: Resource) -> bool:
    """Return whether a resource may grant access."""
    documents = (value for value in resource.inputs.values() if isinstance(value, str) and '"Statement"' in value)
    return resource.type.startswith("aws:iam/") or any(documents)


def _anything(arn: str) -> Document:
    """Return a document in place of a managed policy that the program does not create: it may allow anything.

    The condition's key does not exist in AWS; it distinguishes such policies.
    """
    mark = {"StringEquals": {"access:PolicyArn": arn}}
    statement = {"Sid": "NotRendered", "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": mark}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _with_sorted_policies(made: Mapping[str, Any]) -> dict[str, Any]:
    return {**made, "policies": sorted(made["policies"], key=lambda policy: str(policy["name"]))}


def ordered(value: Any) -> Any:  # noqa: ANN401 (JSON)
    """Return a document with its lists of texts sorted, because their order has no meaning."""
    if isinstance(value, dict):
        return {key: ordered(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted(value) if all(isinstance(item, str) for item in value) else [ordered(item) for item in value]
    return value
