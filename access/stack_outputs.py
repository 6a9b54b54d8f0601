"""A stack's outputs, as the Pulumi CLI tells them."""

import json
import shutil
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from .errors import AccessError

CONTRACT_VERSION = 1
"""The version of the outputs' contract that is understood."""

SECRET = "[secret]"  # noqa: S105
"""What the CLI prints in place of a secret."""

AssumableRoles = Mapping[str, Mapping[Literal["allow", "deny"], Sequence[str]]]
"""ARNs of roles, by grantee and by whether it may or may not assume them."""


@dataclass(frozen=True)
class StackOutputs:
    """What a stack tells about its roles, and about who of its account may assume roles of others."""

    stack: str
    """The stack's name."""
    role_arns: Mapping[str, str] = field(default_factory=dict)
    """The roles that other accounts may assume, by name."""
    role_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What the stack's file says of each of them, in its words."""
    external_ids: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What callers of a role have to pass, by the role's name."""
    on_existing_buckets: Collection[str] = ()
    """The roles whose buckets are looked after elsewhere, maybe in another account."""
    groups: AssumableRoles = field(default_factory=dict)
    """What the groups of this account may and may not assume."""
    grant_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The options of what groups, roles and permission sets of this account may assume, by their names."""
    grantee_roles: AssumableRoles = field(default_factory=dict)
    """What roles of this account may and may not assume."""
    permission_sets: AssumableRoles = field(default_factory=dict)
    """What people of permission sets of IAM Identity Center may and may not assume in this account."""

    @property
    def has_grants(self) -> bool:
        """``True`` where the stack says of somebody of its account which roles may be assumed."""
        return bool(self.groups or self.grantee_roles or self.permission_sets)

    def of_permission_set(self, name: str | None) -> AssumableRoles:
        """Return what is said of a permission set, by the name that :attr:`grant_options` has for it."""
        said = self.permission_sets.get(name) if name else None
        return {f"permission set {name}": said} if said else {}


def combine(one: StackOutputs, other: StackOutputs) -> StackOutputs:
    """Return what two stacks of one account say together, as AWS evaluates all policies of a principal together."""
    both: dict[str, Any] = {it.name: _combined(getattr(one, it.name), getattr(other, it.name)) for it in fields(one)}
    return StackOutputs(**{**both, "stack": f"{one.stack}+{other.stack}"})


def _combined(one: Any, other: Any) -> Any:  # noqa: ANN401 (JSON)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return {**one, **{key: _combined(one[key], value) if key in one else value for key, value in other.items()}}
    if isinstance(one, str) or not isinstance(one, Sequence) or not isinstance(other, Sequence):
        return one
    return (*one, *(item for item in other if item not in one))


def parse_stack_outputs(stack: str, outputs: Mapping[str, Any]) -> StackOutputs:
    """The outputs of a stack, out of what ``pulumi stack output --json`` prints.

    Raises:
        AccessError: the stack speaks another contract.
    """
    version = outputs.get("contractVersion")
    if version != CONTRACT_VERSION:
        raise AccessError(
            f"stack {stack!r} has contractVersion {version}, not {CONTRACT_VERSION}; is it up, and of this project?"
        )
    return StackOutputs(
        stack,
        role_arns=outputs.get("roleArns", {}),
        role_options=outputs.get("roleOptions", {}),
        external_ids=outputs.get("externalIds", {}),
        on_existing_buckets=tuple(outputs.get("resourcePolicyStatements", {})),
        groups=outputs.get("assumableRoles", {}),
        grant_options=outputs.get("grantOptions", {}),
        grantee_roles=outputs.get("granteeRoles", {}),
        permission_sets=outputs.get("permissionSets", {}),
    )


def read_stack_outputs(stack: str) -> StackOutputs:
    """The outputs of a stack that is up, secret ones too: an external id is of no use unread.

    Raises:
        AccessError: the CLI can't be run, does not know the stack, or the stack speaks another contract.
    """
    outputs = read_public_outputs(stack)
    if _has_secret(outputs):
        outputs = _run(stack, "--show-secrets")  # it takes the right to decrypt the state, which not everybody has
    return parse_stack_outputs(stack, outputs)


def read_public_outputs(stack: str) -> dict[str, Any]:
    """Return the outputs of a stack that is up, as the CLI prints them: in place of a secret it says ``[secret]``.

    Raises:
        AccessError: the CLI can't be run, or does not know the stack.
    """
    return _run(stack)


def without_secrets(value: Any) -> Any:  # noqa: ANN401 (JSON)
    """Return an output without what is secret in it; nothing where all of it is."""
    if isinstance(value, Mapping):
        return {key: without_secrets(item) for key, item in value.items() if item != SECRET}
    if isinstance(value, list):
        return [without_secrets(item) for item in value if item != SECRET]
    return None if value == SECRET else value


def _has_secret(value: Any) -> bool:  # noqa: ANN401 (JSON)
    if isinstance(value, Mapping):
        return any(map(_has_secret, value.values()))
    if isinstance(value, list):
        return any(map(_has_secret, value))
    return bool(value == SECRET)


def _run(stack: str, *options: str) -> dict[str, Any]:
    pulumi = shutil.which("pulumi")
    if not pulumi:
        raise AccessError("pulumi is not on PATH; install it (https://www.pulumi.com/docs/install/)")
    command = [pulumi, "stack", "output", "--json", "--stack", stack, *options, "--non-interactive"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        # Warnings may come first.
        told = [line for line in lines if line.startswith("error: ")] or lines or [f"exit code {done.returncode}"]
        raise AccessError(f"the outputs of stack {stack!r} can't be read: {told[0].removeprefix('error: ')}")
    try:
        outputs = json.loads(done.stdout)
    except ValueError:
        outputs = None
    if not isinstance(outputs, dict):
        reason = f"the outputs of stack {stack!r} are not JSON; does `pulumi stack output --json` work?"
        raise AccessError(reason)
    return outputs
