"""Recover the resources that a killed engine was creating: they are recorded before, and a refresh looks them up."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_Resource = dict[str, Any]


def with_created(resources: Sequence[_Resource], created: Sequence[_Resource]) -> list[_Resource]:
    """Return the resources, including those that were being created, each after its dependencies.

    A resource that was being created takes the place of the one that it replaces. The old one is marked for deletion if
    it still exists. It does not if both have the same id, because the name was freed and used again, or if the engine
    marks it as deleted: it keeps a resource that it has deleted for a replacement, perhaps under a former name, until
    the new one exists.
    """
    present = [item for item in resources if not (item.get("pendingReplacement") or item.get("delete"))]
    known = {(item["urn"], item.get("id")) for item in present}
    added = [item for item in created if (item["urn"], item.get("id")) not in known]
    by_identity = {_identity(item): item for item in added if item.get("id")}
    by_urn = {urn: item for item in added for urn in (*item.get("aliases", ()), item["urn"])}
    kept: list[_Resource] = []
    renamed: dict[str, str] = {}
    for resource in resources:
        replacing = by_identity.get(_identity(resource))
        if not replacing and resource.get("pendingReplacement"):
            replacing = by_urn.get(resource["urn"])
        if replacing:
            renamed[resource["urn"]] = replacing["urn"]
        elif by_urn.get(resource["urn"], {}).get("urn") == resource["urn"]:
            kept.append({**resource, "delete": True})
        else:
            kept.append(resource)
    found = [*kept, *added]
    existing = {item["urn"] for item in found}
    return _in_order([_with_present_urns(item, renamed, existing) for item in found])


def as_if_created(resource: Mapping[str, Any], account_id: str) -> _Resource:
    """Return the state of a resource that was being created, as if AWS's answer had been recorded.

    The refresh reads the resource, or drops it if it was not created. A resource whose id only AWS knows has none.
    """
    if not resource.get("custom"):
        return dict(resource)
    inputs = resource.get("inputs", {})
    resource_id = resource.get("id") or _import_id(resource["type"], inputs, account_id)
    return {**resource, "id": resource_id, "outputs": inputs}


def _identity(resource: Mapping[str, Any]) -> tuple[object, ...]:
    """Return a key that is unique in AWS: two resources with the same key are the same thing."""
    return resource.get("type"), resource.get("id"), resource.get("provider")


def _with_present_urns(resource: _Resource, renamed: Mapping[str, str], existing: set[str]) -> _Resource:
    """Return a resource with dependencies only on existing resources, under their present names."""

    def present(urns: Sequence[str]) -> list[str]:
        now = dict.fromkeys(urn if urn in existing else renamed.get(urn, urn) for urn in urns)
        return [urn for urn in now if urn in existing]

    changed = {**resource}
    for name in ("parent", "deletedWith"):
        if name in changed:
            changed[name] = next(iter(present([changed[name]])), "")
    if "dependencies" in changed:
        changed["dependencies"] = present(changed["dependencies"])
    if "propertyDependencies" in changed:
        changed["propertyDependencies"] = {
            key: present(urns or ()) for key, urns in changed["propertyDependencies"].items()
        }
    return changed


def _in_order(resources: Sequence[_Resource]) -> list[_Resource]:
    """Return the resources, each after those that it needs; the engine requires this order."""
    by_urn: dict[str, list[_Resource]] = {}
    for resource in resources:
        by_urn.setdefault(resource["urn"], []).append(resource)
    found: dict[int, _Resource] = {}
    begun: set[int] = set()
    waiting = [*reversed(resources)]
    while waiting:
        resource = waiting[-1]
        if id(resource) in begun:
            found.setdefault(id(resource), resource)
            waiting.pop()
        else:
            begun.add(id(resource))
            waiting += [item for item in _needed(resource, by_urn) if id(item) not in begun]
    return [*found.values()]


def _needed(resource: _Resource, by_urn: Mapping[str, Sequence[_Resource]]) -> Iterator[_Resource]:
    provider = resource.get("provider", "").rpartition("::")[0]
    from_properties = [urn for urns in resource.get("propertyDependencies", {}).values() for urn in urns]
    single = [provider, resource.get("parent"), resource.get("deletedWith")]
    for urn in [*single, *resource.get("dependencies", ()), *from_properties]:
        yield from by_urn.get(urn, ())


def _import_id(resource_type: str, inputs: Mapping[str, Any], account: str) -> str | None:
    """Return the id with which ``pulumi import`` finds a resource. Source: the registry's page of each type."""
    if resource_type == "aws:iam/policy:Policy":
        return f"arn:aws:iam::{account}:policy{inputs.get('path', '/')}{inputs['name']}"
    if resource_type == "aws:iam/rolePolicyAttachment:RolePolicyAttachment":
        return f"{inputs['role']}/{inputs['policyArn']}"
    if resource_type == "aws:iam/groupPolicy:GroupPolicy":
        return f"{inputs['group']}:{inputs['name']}"
    if resource_type == "aws:iam/userGroupMembership:UserGroupMembership":
        return "/".join([inputs["user"], *inputs["groups"]])
    if resource_type.startswith("aws:"):
        return str(inputs.get("bucket") or inputs["name"])
    return None
