"""Recover the resources that a killed engine was creating: they are recorded before, and a refresh looks them up."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_Resource = dict[str, Any]


def with_created(resources: Sequence[_Resource], made: Sequence[_Resource]) -> list[_Resource]:
    """Return the resources, including those that were being created, each after its dependencies.

    A resource that was being created takes the place of the one that it replaces. The old one is marked for deletion if
    it still exists. It does not if both have the same id, because the name was freed and used again, or if the engine
    marks it as deleted: it keeps a resource that it has deleted for a replacement, perhaps under a former name, until
    the new one exists.
    """
    lasting = [it for it in resources if not (it.get("pendingReplacement") or it.get("delete"))]
    known = {(it["urn"], it.get("id")) for it in lasting}
    added = [it for it in made if (it["urn"], it.get("id")) not in known]
    by_identity = {_identity(it): it for it in added if it.get("id")}
    by_urn = {urn: it for it in added for urn in (*it.get("aliases", ()), it["urn"])}
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
    there = {it["urn"] for it in found}
    return _in_order([_led(it, renamed, there) for it in found])


def as_if_created(resource: Mapping[str, Any], account_id: str) -> _Resource:
    """Return the state of a resource that was being created, as if AWS's answer had been recorded.

    The refresh reads the resource, or drops it if it was not created. A resource whose id only AWS knows has none.
    """
    if not resource.get("custom"):
        return dict(resource)
    inputs = resource.get("inputs", {})
    made_as = resource.get("id") or _import_id(resource["type"], inputs, account_id)
    return {**resource, "id": made_as, "outputs": inputs}


def _identity(resource: Mapping[str, Any]) -> tuple[object, ...]:
    """Return a key that is unique in AWS: two resources with the same key are the same thing."""
    return resource.get("type"), resource.get("id"), resource.get("provider")


def _led(resource: _Resource, renamed: Mapping[str, str], there: set[str]) -> _Resource:
    """Return a resource with dependencies only on existing resources, under their present names."""

    def present(urns: Sequence[str]) -> list[str]:
        now = dict.fromkeys(urn if urn in there else renamed.get(urn, urn) for urn in urns)
        return [urn for urn in now if urn in there]

    led = {**resource}
    for name in ("parent", "deletedWith"):
        if name in led:
            led[name] = next(iter(present([led[name]])), "")
    if "dependencies" in led:
        led["dependencies"] = present(led["dependencies"])
    if "propertyDependencies" in led:
        led["propertyDependencies"] = {key: present(urns or ()) for key, urns in led["propertyDependencies"].items()}
    return led


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
            waiting += [it for it in _needed(resource, by_urn) if id(it) not in begun]
    return [*found.values()]


def _needed(resource: _Resource, by_urn: Mapping[str, Sequence[_Resource]]) -> Iterator[_Resource]:
    provider = resource.get("provider", "").rpartition("::")[0]
    of_properties = [urn for urns in resource.get("propertyDependencies", {}).values() for urn in urns]
    one_each = [provider, resource.get("parent"), resource.get("deletedWith")]
    for urn in [*one_each, *resource.get("dependencies", ()), *of_properties]:
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
