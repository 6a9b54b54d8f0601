"""Finds out what a killed engine had made: it records what it begins, and a refresh asks AWS what became of it."""

from collections.abc import Mapping, Sequence
from typing import Any

_Resource = dict[str, Any]


def with_made(resources: Sequence[_Resource], made: Sequence[_Resource]) -> list[_Resource]:
    """Return the resources with those that were being made, in the place of those that they replace.

    The engine keeps what it has deleted for a replacement until that is there, perhaps under a name from before. Others
    may depend on it, and a resource has to stand before those that depend on it.
    """
    found: list[_Resource] = []
    waiting = {id(resource): resource for resource in made}
    for resource in resources:
        replacing = [it for it in made if resource["urn"] in (it["urn"], *it.get("aliases", ()))]
        if replacing and resource.get("pendingReplacement"):
            found += [it for it in replacing if waiting.pop(id(it), None)]
        else:
            found.append(resource)
    return [*found, *waiting.values()]


def as_if_made(resource: Mapping[str, Any], account_id: str) -> _Resource:
    """Return the state of a resource that was being made, as it would be recorded had the answer come.

    The refresh reads it, or drops it where it was not made. One whose id only AWS knows has none.
    """
    inputs = resource.get("inputs", {})
    return {**resource, "id": _import_id(resource["type"], inputs, account_id), "outputs": inputs}


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
