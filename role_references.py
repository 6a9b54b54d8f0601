"""Roles of other stacks: how they are written in configuration, and their ARNs as those stacks export them."""

from dataclasses import dataclass

import pulumi

from components.validation import InvalidValue, check_role_name


@dataclass(frozen=True)
class RoleReference:
    """A role that another stack exports."""

    organization: str
    project: str
    stack: str
    role: str

    @property
    def stack_name(self) -> str:
        """The stack's full name, as a StackReference takes it: organization/project/stack."""
        return f"{self.organization}/{self.project}/{self.stack}"

    def __str__(self) -> str:
        """The longest form: organization/project/stack/role."""
        return f"{self.stack_name}/{self.role}"


def parse_role_reference(key: str, text: str) -> RoleReference:
    """The role that ``stack/role``, ``project/stack/role`` or ``organization/project/stack/role`` names.

    What is left out is this program's own organization and project.

    Raises:
        InvalidValue: the text has another form, or names a role of this very stack.
    """
    parts = text.split("/")
    if not 2 <= len(parts) <= 4 or not all(parts):
        raise InvalidValue(key, text, "write stack/role, project/stack/role or organization/project/stack/role")
    here = [pulumi.get_organization(), pulumi.get_project()]
    organization, project, stack, role = here[: 4 - len(parts)] + parts
    check_role_name(key, role)
    reference = RoleReference(organization, project, stack, role)
    this_stack = RoleReference(pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack(), role)
    if reference == this_stack:
        raise InvalidValue(key, text, "name a role of another stack: a group and its roles belong to two accounts")
    return reference


class RoleArns:
    """The ARNs of other stacks' roles. Each stack is read once."""

    def __init__(self) -> None:
        """Start with no stack read."""
        self._stacks: dict[str, pulumi.StackReference] = {}

    def of(self, reference: RoleReference) -> pulumi.Output[str]:
        """The role's ARN, out of its stack's ``roleArns``.

        Raises (when the output is computed):
            pulumi.RunError: the stack does not export that role.
        """
        stack = self._stacks.get(reference.stack_name)
        if stack is None:
            stack = self._stacks[reference.stack_name] = pulumi.StackReference(reference.stack_name)
        return stack.get_output("roleArns").apply(lambda role_arns: _arn_of(reference, role_arns))


def _arn_of(reference: RoleReference, role_arns: object) -> str:
    exported = role_arns if isinstance(role_arns, dict) else {}
    arn = exported.get(reference.role)
    if not isinstance(arn, str):
        names = ", ".join(sorted(exported)) or "none"
        raise pulumi.RunError(
            f"role {reference.role!r}: stack {reference.stack_name} does not export it; it exports: {names}."
            f" Correct the name, or add the role there and run `pulumi up --stack {reference.stack}` first"
        )
    return arn
