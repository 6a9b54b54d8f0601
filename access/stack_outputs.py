"""A stack's outputs, read with the Pulumi CLI."""

import json
import shutil
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from .errors import AccessError

CONTRACT_VERSION = 1
"""The supported version of the outputs' contract."""

SECRET = "[secret]"  # noqa: S105
"""The CLI's replacement for a secret."""

AssumableRoles = Mapping[str, Mapping[Literal["allow", "deny"], Sequence[str]]]
"""ARNs of roles, by grantee and effect."""


@dataclass(frozen=True)
class StackOutputs:
    """A stack's roles, and its grants of roles of other accounts."""

    stack: str
    """The stack's name."""
    role_arns: Mapping[str, str] = field(default_factory=dict)
    """The roles that other accounts may assume, by name."""
    role_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The roles' options by role name, under the keys of the stack's file."""
    external_ids: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The ids that callers of a role have to pass, by role name."""
    on_existing_buckets: Collection[str] = ()
    """The roles whose buckets are managed elsewhere, maybe in another account."""
    groups: AssumableRoles = field(default_factory=dict)
    """The grants of this account's groups."""
    grant_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The options of grants, by the name of the group, role or permission set."""
    grantee_roles: AssumableRoles = field(default_factory=dict)
    """The grants of this account's roles."""
    permission_sets: AssumableRoles = field(default_factory=dict)
    """The grants of IAM Identity Center permission sets in this account."""

    @property
    def has_grants(self) -> bool:
        """``True`` if the stack grants roles to anybody in its account."""
        return bool(self.groups or self.grantee_roles or self.permission_sets)

    def of_permission_set(self, name: str | None) -> AssumableRoles:
        """Return the grants of a permission set, by its name in :attr:`grant_options`."""
        grants = self.permission_sets.get(name) if name else None
        return {f"permission set {name}": grants} if grants else {}


def combine(one: StackOutputs, other: StackOutputs) -> StackOutputs:
    """Return the joint outputs of two stacks of one account, as AWS evaluates all policies of a principal together."""
    names = [attribute.name for attribute in fields(one)]
    both: dict[str, Any] = {name: _combined(getattr(one, name), getattr(other, name)) for name in names}
    return StackOutputs(**{**both, "stack": f"{one.stack}+{other.stack}"})


def _combined(one: Any, other: Any) -> Any:  # noqa: ANN401 (JSON)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return {**one, **{key: _combined(one[key], value) if key in one else value for key, value in other.items()}}
    if isinstance(one, str) or not isinstance(one, Sequence) or not isinstance(other, Sequence):
        return one
    return (*one, *(item for item in other if item not in one))


def parse_stack_outputs(stack: str, outputs: Mapping[str, Any]) -> StackOutputs:
    """Return the outputs of a stack from the output of ``pulumi stack output --json``.

    Raises:
        AccessError: the stack has another contract version.
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
    """Return the outputs of a deployed stack, including secret ones such as external ids.

    Raises:
        AccessError: the CLI can't be run, does not know the stack, or the stack has another contract version.
    """
    outputs = read_public_outputs(stack)
    if _has_secret(outputs):
        outputs = _run(stack, "--show-secrets")  # needs the right to decrypt the state, which not everybody has
    return parse_stack_outputs(stack, outputs)


def read_public_outputs(stack: str) -> dict[str, Any]:
    """Return the outputs of a deployed stack as the CLI prints them, with ``[secret]`` in place of a secret.

    Raises:
        AccessError: the CLI can't be run, or does not know the stack.
    """
    return _run(stack)


def without_secrets(value: Any) -> Any:  # noqa: ANN401 (JSON)
    """Return an output without its secret parts; ``None`` if all of it is secret."""
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
        errors = [line for line in lines if line.startswith("error: ")] or lines or [f"exit code {done.returncode}"]
        raise AccessError(f"the outputs of stack {stack!r} can't be read: {errors[0].removeprefix('error: ')}")
    try:
        outputs = json.loads(done.stdout)
    except ValueError:
        outputs = None
    if not isinstance(outputs, dict):
        reason = f"the outputs of stack {stack!r} are not JSON; does `pulumi stack output --json` work?"
        raise AccessError(reason)
    return outputs
