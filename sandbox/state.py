"""The engine's state of a stack, read without the engine."""

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
"""The type of the AWS provider, which is among the resources."""


@dataclass(frozen=True)
class Deployed:
    """A stack that has resources, and where they are."""

    account_id: str | None
    """``None``: the state does not say, as the program chose a provider of its own."""
    region: str | None
    endpoint: str | None
    """The address of AWS at the last deployment."""


def state_file(backend: Path, project: str, stack: str) -> Path:
    """Return the file in which the engine keeps a stack's state."""
    return backend / ".pulumi" / "stacks" / project / f"{stack}.json"


def creations_file(state: Path) -> Path:
    """Return the file in which a run records what it makes, until the engine has saved a stack's state."""
    return state.with_name(f"{state.name}.begun")


def keep(state: Path) -> None:
    """Keep a copy of a state that was just saved, for when it gets lost; the engine keeps the one before."""
    backup = _backup(state)
    with suppress(FileNotFoundError):  # somebody deletes the sandbox meanwhile
        written = shutil.copyfile(state, backup.with_name(f"{backup.name}.new"))
        written.replace(backup)


def deployed_stacks(backend: Path) -> dict[str, Deployed]:
    """Return the stacks that have resources, by their full names: project/stack.

    Raises:
        SandboxError: a state file can't be loaded.
    """
    files = sorted((backend / ".pulumi" / "stacks").glob("*/*.json"))
    found = {f"{path.parent.name}/{path.name.removesuffix('.json')}": read_deployed(path) for path in files}
    return {name: deployed for name, deployed in found.items() if deployed}


def read_deployed(path: Path) -> Deployed | None:
    """Return where a stack's resources are, or nothing for a stack that has none.

    Raises:
        SandboxError: the file can't be loaded, as when the disk was full while it was written.
    """
    resources = [*_resources(path), *read_creations(creations_file(path))] if path.exists() else []
    if all(str(resource.get("type")).startswith("pulumi:") for resource in resources):
        return None
    providers = [resource.get("inputs", {}) for resource in resources if resource.get("type") == PROVIDER]
    provider = providers[0] if providers else {}
    account_ids, endpoints = (parsed_list(provider.get(name)) for name in ("allowedAccountIds", "endpoints"))
    endpoint = endpoints[0].get("iam") if endpoints and isinstance(endpoints[0], dict) else None
    return Deployed(account_ids[0] if account_ids else None, provider.get("region"), endpoint)


def check_loads(path: Path) -> None:
    """Check that the engine can load a state file.

    Raises:
        SandboxError: it can't.
    """
    if path.exists():
        _load(path)


def lead_to(provider: Mapping[str, Any], endpoint: str) -> None:
    """Change a provider's state so that AWS is at an address, where it names one."""
    for properties in (provider.get("inputs", {}), provider.get("outputs", {})):
        endpoints = parsed_list(properties.get("endpoints"))
        if endpoints and isinstance(endpoints[0], dict):
            properties["endpoints"] = json.dumps([dict.fromkeys(endpoints[0], endpoint)])


def check_there(path: Path) -> None:
    """Check that the state file of a stack that was deployed, and not touched since, is there.

    Raises:
        SandboxError: it is gone; a stack without it would be made a second time.
    """
    if not path.exists():
        raise _lost(path, "is gone")


def principals_of(path: Path) -> list[str]:
    """Return the ARNs of the users and roles that a stack has made."""
    made = ("aws:iam/role:Role", "aws:iam/user:User")
    found = (resource.get("outputs", {}).get("arn") for resource in _resources(path) if resource.get("type") in made)
    return [arn for arn in found if isinstance(arn, str)]


def _resources(path: Path) -> Iterator[Mapping[str, Any]]:
    latest = _load(path).get("latest") or {}
    yield from latest.get("resources") or ()


def _load(path: Path) -> dict[str, Any]:
    checkpoint = _checkpoint(path)
    if checkpoint is None:
        raise _lost(path, "can't be loaded; perhaps the disk was full while it was written")
    return checkpoint


def _lost(path: Path, why: str) -> SandboxError:
    """Return the error of a lost state, with the way back to the copy that is kept of it."""
    backup = _backup(path)
    offer = f"the state before it is beside it: mv '{backup}' '{path}'; or " if _checkpoint(backup) else ""
    return SandboxError(f"{shown(path)} {why}: {offer}begin anew with `python -m sandbox down --wipe`")


def _backup(path: Path) -> Path:
    return path.with_name(f"{path.name}.bak")


def _checkpoint(path: Path) -> dict[str, Any] | None:
    try:
        checkpoint = json.loads(path.read_text(encoding="utf-8"))["checkpoint"]
    except (FileNotFoundError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return checkpoint if isinstance(checkpoint, dict) else None


def read_parents(path: Path) -> dict[str, str]:
    """Return the URN of each resource's parent, by the resource's own."""
    checkpoint = _checkpoint(path) or {}
    resources = (checkpoint.get("latest") or {}).get("resources") or ()
    return {str(resource["urn"]): str(resource.get("parent", "")) for resource in resources}
