"""What of the outputs of stacks is published: the roles, what they ask for, and who may assume them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import AccessError
from ..stack_outputs import CONTRACT_VERSION, read_public_outputs, without_secrets
from .published import Grantee, Kind, Published, PublishedRole

_GRANTEES: dict[str, Kind] = {"assumableRoles": "group", "granteeRoles": "role", "permissionSets": "permission set"}
"""The kinds of grantees, by the outputs that list them."""


def read_stacks(stacks: Sequence[str]) -> Published:
    """Return what is published of stacks that are up.

    Args:
        stacks: their names; none for all that have a file in this folder.

    Raises:
        AccessError: a stack can't be read, or none of them has roles.
    """
    accounts = _accounts() if (Path.cwd() / "Pulumi.yaml").is_file() else {}
    if not stacks and not accounts:
        raise AccessError("there is no Pulumi.yaml here; go to the project's folder, or name stacks with their project")
    outputs = {stack: read_public_outputs(stack) for stack in stacks or list(accounts)}
    for stack, said in outputs.items():
        version = said.get("contractVersion")
        if version != CONTRACT_VERSION:
            raise AccessError(f"stack {stack!r} has contractVersion {version}, not {CONTRACT_VERSION}; is it up?")
    found = publish(outputs, accounts)
    if not found.roles:
        raise AccessError("none of these stacks has a role that may be published; name one that has, e.g. production")
    return found


def publish(outputs: Mapping[str, Mapping[str, Any]], accounts: Mapping[str, str]) -> Published:
    """Return what is published of the outputs of stacks.

    Args:
        outputs: by stack.
        accounts: the accounts of stacks, as far as they are known.
    """
    return Published(
        [role for stack, said in outputs.items() for role in _roles(stack.rpartition("/")[2], said)],
        [grantee for stack, said in outputs.items() for grantee in _grantees(accounts.get(stack), said)],
    )


def _accounts() -> dict[str, str]:
    """Return the account of each stack of the project in this folder, by the stack's name."""
    from ..project.files import read_project

    return {stack.name: stack.account_id for stack in read_project(Path.cwd()).stacks}


def _roles(stack: str, outputs: Mapping[str, Any]) -> Iterator[PublishedRole]:
    arns, options = (without_secrets(outputs.get(name)) or {} for name in ("roleArns", "roleOptions"))
    ids = outputs.get("externalIds")
    guarded = ids if isinstance(ids, dict) else {}
    for name, arn in arns.items():
        said = options.get(name, {})
        one = said.get("trustedAccountId")
        yield PublishedRole(
            f"{stack}/{name}",
            arn,
            trusts=tuple(dict.fromkeys([*([one] if one else ()), *said.get("trustedAccountIds", ())])),
            requires_mfa=bool(said.get("requireMfa")),
            requires_source_identity=bool(said.get("requireSourceIdentity")),
            requires_external_id=name in guarded or bool(said.get("generateExternalId")),
            session_tags=said.get("sessionTags", {}),
            expires_at=said.get("expiresAt"),
        )


def _grantees(account: str | None, outputs: Mapping[str, Any]) -> Iterator[Grantee]:
    for output, kind in _GRANTEES.items():
        for name, said in (without_secrets(outputs.get(output)) or {}).items():
            yield Grantee(kind, name, account, said.get("allow", ()), said.get("deny", ()))
