"""How roles of other stacks are written in a stack's file."""

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
