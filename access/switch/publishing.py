"""Make a team's list of roles from the stacks' outputs: the roles, their conditions, and who may assume them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import AccessError
from ..stack_outputs import CONTRACT_VERSION, read_public_outputs, without_secrets
from .published import Grantee, Kind, Published, PublishedRole

_GRANTEES: dict[str, Kind] = {"assumableRoles": "group", "granteeRoles": "role", "permissionSets": "permission set"}
"""The kinds of grantees, by the outputs that list them."""


def read_stacks(stacks: Sequence[str]) -> Published:
    """Return the list of deployed stacks.

    Args:
        stacks: their names; none for all that have a file in this folder.

    Raises:
        AccessError: a stack can't be read, or no stack has roles.
    """
    accounts = _accounts() if (Path.cwd() / "Pulumi.yaml").is_file() else {}
    if not stacks and not accounts:
        raise AccessError("there is no Pulumi.yaml here; go to the project's folder, or name stacks with their project")
    outputs = {stack: read_public_outputs(stack) for stack in stacks or list(accounts)}
    for stack, values in outputs.items():
        version = values.get("contractVersion")
        if version != CONTRACT_VERSION:
            raise AccessError(f"stack {stack!r} has contractVersion {version}, not {CONTRACT_VERSION}; is it deployed?")
    published = publish(outputs, accounts)
    if not published.roles:
        raise AccessError("these stacks have no role to publish; name one that has, e.g. production")
    return published


def publish(outputs: Mapping[str, Mapping[str, Any]], accounts: Mapping[str, str]) -> Published:
    """Return the list for stacks' outputs.

    Args:
        outputs: the outputs, by stack.
        accounts: the known accounts, by stack.
    """
    return Published(
        [role for stack, values in outputs.items() for role in _roles(stack.rpartition("/")[2], values)],
        [grantee for stack, values in outputs.items() for grantee in _grantees(accounts.get(stack), values)],
    )


def _accounts() -> dict[str, str]:
    """Return the account of each stack of the project in this folder, by the stack's name."""
    from ..project.files import read_project

    return {stack.name: stack.account_id for stack in read_project(Path.cwd()).stacks}


def _roles(stack: str, outputs: Mapping[str, Any]) -> Iterator[PublishedRole]:
    arns, options = (without_secrets(outputs.get(name)) or {} for name in ("roleArns", "roleOptions"))
    ids = outputs.get("externalIds")
    with_external_id = ids if isinstance(ids, dict) else {}
    for name, arn in arns.items():
        role = options.get(name, {})
        account = role.get("trustedAccountId")
        yield PublishedRole(
            f"{stack}/{name}",
            arn,
            trusts=tuple(dict.fromkeys([*([account] if account else ()), *role.get("trustedAccountIds", ())])),
            requires_mfa=bool(role.get("requireMfa")),
            requires_source_identity=bool(role.get("requireSourceIdentity")),
            requires_external_id=name in with_external_id or bool(role.get("generateExternalId")),
            session_tags=role.get("sessionTags", {}),
            expires_at=role.get("expiresAt"),
        )


def _grantees(account: str | None, outputs: Mapping[str, Any]) -> Iterator[Grantee]:
    for output, kind in _GRANTEES.items():
        for name, grants in (without_secrets(outputs.get(output)) or {}).items():
            yield Grantee(kind, name, account, grants.get("allow", ()), grants.get("deny", ()))
