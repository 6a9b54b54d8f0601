"""Finds out what a killed engine had made.

The engine would write its whole state before and after each resource, which takes time that grows with the square of
their number. In the sandbox it writes it once, at its end, and what it begins is in its log of events. A refresh then
asks AWS what became of it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sandbox.engine_output import read_events

_Resource = dict[str, Any]

_CREATES = ("create", "create-replacement")
_FIELDS = ("urn", "custom", "id", "type", "inputs", "outputs", "parent", "provider", "protect")
"""What events say of a resource, in the words of the state."""


def is_unfinished(events: Path) -> bool:
    """Return ``True`` if an engine was changing something and did not come to its end, which is the last event."""
    changing = (event for event in read_events(events, '"resourcePreEvent"') if not _is_planned(event))
    return next(changing, None) is not None and next(read_events(events, '"cancelEvent"'), None) is None


def add_begun(resources: list[_Resource], events: Path, account_id: str) -> int:
    """Add the resources that an engine began to create and did not write down.

    Args:
        resources: those of the stack's state.
        events: the engine's log of events.
        account_id: where the stack is.

    Returns:
        How many there are.
    """
    begun: dict[str, _Resource] = {}
    for event in read_events(events, '"op":"create'):
        said = event.get("resourcePreEvent") or event.get("resOutputsEvent")
        if said and said["metadata"]["op"] in _CREATES and not _is_planned(event):
            new = said["metadata"]["new"]
            begun[new["urn"]] = {field: new[field] for field in _FIELDS if new.get(field)}
    made = [it if it.get("id") or not it.get("custom") else as_if_made(it, account_id) for it in begun.values()]
    known = {(it["urn"], it.get("id")) for it in resources}
    added = [it for it in made if not (it.get("custom") and not it["id"]) and (it["urn"], it.get("id")) not in known]
    for resource in added:
        replaced = [at for at, it in enumerate(resources) if it["urn"] == resource["urn"]]
        resources.insert(replaced[0] if replaced else len(resources), resource)
        for at in replaced:
            resources[at + 1]["delete"] = True
    return len(added)


def with_made(resources: Sequence[dict[str, Any]], made: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the resources with those that were being made, and without those that these replace.

    The engine keeps what it has deleted for a replacement until that is there, perhaps under a name from before.
    """
    replaced = {urn for resource in made for urn in (resource["urn"], *resource.get("aliases", ()))}
    return [*(it for it in resources if not (it.get("pendingReplacement") and it["urn"] in replaced)), *made]


def as_if_made(resource: Mapping[str, Any], account_id: str) -> _Resource:
    """Return the state of a resource that was being made, as it would be recorded had the answer come.

    The refresh reads it, or drops it where it was not made. One whose id only AWS knows has none.
    """
    inputs = resource.get("inputs", {})
    return {**resource, "id": _import_id(resource["type"], inputs, account_id), "outputs": inputs}


def _is_planned(event: Mapping[str, Any]) -> bool:
    """Return ``True`` for an event of a preview."""
    return bool((event.get("resourcePreEvent") or event.get("resOutputsEvent") or {}).get("planning"))


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
