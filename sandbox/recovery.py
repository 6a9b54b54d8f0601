"""Finds out what a killed engine had made: what it begins is recorded, and a refresh asks AWS what became of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_Resource = dict[str, Any]


def with_made(resources: Sequence[_Resource], made: Sequence[_Resource]) -> list[_Resource]:
    """Return the resources with those that were being made, each after what it depends on.

    One that was being made takes the place of the one that it replaces. If that is still there, it is to be deleted. It
    is not where both have one id, which a name that was given back and taken again has, or where the engine says so: it
    keeps what it has deleted for a replacement until that is there, perhaps under a name from before.
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


def as_if_made(resource: Mapping[str, Any], account_id: str) -> _Resource:
    """Return the state of a resource that was being made, as it would be recorded had the answer come.

    The refresh reads it, or drops it where it was not made. One whose id only AWS knows has none.
    """
    if not resource.get("custom"):
        return dict(resource)
    inputs = resource.get("inputs", {})
    made_as = resource.get("id") or _import_id(resource["type"], inputs, account_id)
    return {**resource, "id": made_as, "outputs": inputs}


def _identity(resource: Mapping[str, Any]) -> tuple[object, ...]:
    """Return what no two things in AWS share: what is made and what it replaces are one where this is the same."""
    return resource.get("type"), resource.get("id"), resource.get("provider")


def _led(resource: _Resource, renamed: Mapping[str, str], there: set[str]) -> _Resource:
    """Return a resource that depends on what is there alone, under its present name."""

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
    """Return the resources, each after those that it needs; the engine loads no others."""
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
    """Return the id with which ``pulumi import`` finds a resource; the registry's page of each type has its form."""
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
