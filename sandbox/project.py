"""The order in which the sandbox deploys stacks, and their configuration there."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from access.project.files import Project, Reference, Stack, in_order, path_text
from sandbox.errors import SandboxError

ORGANIZATION = "organization"
"""The one organization of a file backend (Pulumi's documentation, "Managing state & backends")."""


def deployment_order(projects: Sequence[Project], deployed: Collection[str]) -> list[Stack]:
    """Return all stacks of the projects, each after those that it refers to.

    Args:
        projects: the projects, each before those that read its outputs without naming it in a stack file.
        deployed: the full names of deployed stacks, which need no file to be referred to.

    Raises:
        SandboxError: a stack refers to a stack that does not exist.
        AccessError: the references form a circle.
    """
    stacks = [stack for project in projects for stack in project.stacks]
    known = {*deployed, *(stack.full_name for stack in stacks)}
    for stack in stacks:
        for reference in stack.references():
            if reference.full_name not in known:
                raise SandboxError(_unknown(reference, stack, projects))
    return in_order(stacks)


def local_config(stack: Stack) -> dict[str, Any]:
    """Return a copy of the stack's configuration for a file backend, which has one organization."""
    config: dict[str, Any] = json.loads(json.dumps(stack.config, default=str))
    for reference in stack.references():
        parts = reference.text.split("/")
        if len(parts) == 4 and isinstance(config.get(str(reference.keys[0])), list):
            *path, last = reference.keys
            holder: Any = config
            for key in path:
                holder = holder[key]
            holder[last] = "/".join([ORGANIZATION, *parts[1:]])
    return config


def _unknown(reference: Reference, stack: Stack, projects: Sequence[Project]) -> str:
    place = f"{reference.where}: {path_text(reference.keys)}: {reference.text!r}"
    project = next((project for project in projects if project.name == reference.project), None)
    if project is None:
        return (
            f"{place} names the project {reference.project}, which is not here; add its folder with --with DIR to"
            " deploy it first"
        )
    others = ", ".join(other.name for other in project.stacks if other is not stack) or "none"
    return (
        f"{place} names the stack {reference.stack}, which has no file Pulumi.{reference.stack}.yaml; known stacks:"
        f" {others}"
    )
