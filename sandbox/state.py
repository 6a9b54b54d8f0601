"""Read a stack's state from the engine's files, without the engine."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from access.project.yaml_file import parsed_list, shown
from sandbox.errors import SandboxError
from sandbox.provider.creations import read_creations

PROVIDER = "pulumi:providers:aws"
"""The AWS provider's resource type."""


@dataclass(frozen=True)
class Deployed:
    """The place of a deployed stack's resources."""

    account_id: str | None
    """``None``: unknown, because the program uses its own provider."""
    region: str | None
    endpoint: str | None
    """The address of AWS at the last deployment."""


def state_file(backend: Path, project: str, stack: str) -> Path:
    """Return the file with a stack's state."""
    return backend / ".pulumi" / "stacks" / project / f"{stack}.json"


def creations_file(state: Path) -> Path:
    """Return the file in which a run records the resources that it creates, until the engine has saved the state."""
    return state.with_name(f"{state.name}.begun")


def keep(state: Path) -> None:
    """Back up a state that was just saved. The engine's own backup is the state before."""
    backup = _backup(state)
    with suppress(FileNotFoundError):  # the sandbox was deleted meanwhile
        written = shutil.copyfile(state, backup.with_name(f"{backup.name}.new"))
        written.replace(backup)


def deployed_stacks(backend: Path) -> dict[str, Deployed]:
    """Return the stacks that have resources, by full name: project/stack.

    Raises:
        SandboxError: a state file can't be loaded.
    """
    files = sorted((backend / ".pulumi" / "stacks").glob("*/*.json"))
    found = {f"{path.parent.name}/{path.name.removesuffix('.json')}": read_deployed(path) for path in files}
    return {name: deployed for name, deployed in found.items() if deployed}


def read_deployed(path: Path) -> Deployed | None:
    """Return the place of a stack's resources, or nothing if it has none.

    Raises:
        SandboxError: the file can't be loaded, for example because the disk was full.
    """
    resources = [*_resources(path), *read_creations(creations_file(path))] if path.exists() else []
    if all(str(resource.get("type")).startswith("pulumi:") for resource in resources):
        return None
    providers = [resource.get("inputs", {}) for resource in resources if resource.get("type") == PROVIDER]
    provider = providers[0] if providers else {}
    account_ids, endpoints = (parsed_list(provider.get(name)) for name in ("allowedAccountIds", "endpoints"))
    endpoint = endpoints[0].get("iam") if endpoints and isinstance(endpoints[0], dict) else None
    return Deployed(account_ids[0] if account_ids else None, provider.get("region"), endpoint)


def check_readable(path: Path) -> None:
    """Check that the engine can load a state file.

    Raises:
        SandboxError: the file can't be loaded.
    """
    if path.exists():
        _load(path)


def set_endpoint(provider: Mapping[str, Any], endpoint: str) -> None:
    """Replace the address of AWS in a provider's state, if it has one."""
    for properties in (provider.get("inputs", {}), provider.get("outputs", {})):
        endpoints = parsed_list(properties.get("endpoints"))
        if endpoints and isinstance(endpoints[0], dict):
            properties["endpoints"] = json.dumps([dict.fromkeys(endpoints[0], endpoint)])


def check_exists(path: Path) -> None:
    """Check that the state file of a deployed stack exists.

    Raises:
        SandboxError: the file is missing; without it the stack would be created a second time.
    """
    if not path.exists():
        raise _lost(path, "is missing")


def created_principals(path: Path) -> list[str]:
    """Return the ARNs of the users and roles that a stack has created."""
    types = ("aws:iam/role:Role", "aws:iam/user:User")
    arns = (resource.get("outputs", {}).get("arn") for resource in _resources(path) if resource.get("type") in types)
    return [arn for arn in arns if isinstance(arn, str)]


def _resources(path: Path) -> Iterator[Mapping[str, Any]]:
    latest = _load(path).get("latest") or {}
    yield from latest.get("resources") or ()


def _load(path: Path) -> dict[str, Any]:
    checkpoint = _checkpoint(path)
    if checkpoint is None:
        raise _lost(path, "can't be loaded; perhaps the disk was full while it was written")
    return checkpoint


def _lost(path: Path, why: str) -> SandboxError:
    """Return the error of a lost state, with the command that restores the copy of it if there is one."""
    backup = _backup(path)
    offer = f"restore the last copy: mv '{backup}' '{path}'; or " if _checkpoint(backup) else ""
    return SandboxError(f"{shown(path)} {why}: {offer}start over with `python -m sandbox down --wipe`")


def _backup(path: Path) -> Path:
    return path.with_name(f"{path.name}.bak")


def _checkpoint(path: Path) -> dict[str, Any] | None:
    try:
        checkpoint = json.loads(path.read_text(encoding="utf-8"))["checkpoint"]
    except (FileNotFoundError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return checkpoint if isinstance(checkpoint, dict) else None


def read_parents(path: Path) -> dict[str, str]:
    """Return the URNs of the resources' parents, by the resources' own URNs."""
    checkpoint = _checkpoint(path) or {}
    resources = (checkpoint.get("latest") or {}).get("resources") or ()
    return {str(resource["urn"]): str(resource.get("parent", "")) for resource in resources}
