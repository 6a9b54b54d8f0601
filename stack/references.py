"""References to roles of other accounts in a stack's file: ``stack/role``, or an ARN if no stack exports the role."""

from dataclasses import dataclass

import pulumi

from components import rules
from components.validation import InvalidValue
from stack.here import own_accounts, own_partition


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

    @property
    def stack_names(self) -> tuple[str, str, str]:
        """The names under which the stack may be pinned, the longest first."""
        return self.stack_name, f"{self.project}/{self.stack}", self.stack

    @property
    def place(self) -> str:
        """The stack's own name."""
        return self.stack

    @property
    def short(self) -> str:
        """The shortest form: stack/role."""
        return f"{self.stack}/{self.role}"

    def __str__(self) -> str:
        """Return the longest form: organization/project/stack/role."""
        return f"{self.stack_name}/{self.role}"


@dataclass(frozen=True)
class RoleArn:
    """A role that no stack of this organization exports."""

    arn: str

    @property
    def place(self) -> str:
        """The role's account."""
        return self.arn.split(":")[4]

    @property
    def short(self) -> str:
        """The ARN."""
        return self.arn

    def __str__(self) -> str:
        return self.arn


Reference = RoleReference | RoleArn


def parse_reference(key: str, text: str) -> Reference:
    """Return the role that a text names.

    The text is ``stack/role``, ``project/stack/role``, ``organization/project/stack/role`` or an ARN. The defaults are
    this program's organization and project.

    Raises:
        InvalidValue: the text has another form, or names a role of this stack or account.
    """
    if text.startswith("arn:"):
        check_foreign_role(key, text)
        return RoleArn(text)
    parts = text.split("/")
    if not 2 <= len(parts) <= 4 or not all(parts):
        raise InvalidValue(key, text, "write stack/role, project/stack/role, organization/project/stack/role or an ARN")
    here = [pulumi.get_organization(), pulumi.get_project()]
    organization, project, stack, role = here[: 4 - len(parts)] + parts
    rules.role_name(key, role)
    reference = RoleReference(organization, project, stack, role)
    this_stack = RoleReference(pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack(), role)
    if reference == this_stack:
        raise InvalidValue(key, text, "name a role of another stack: a group and its roles belong to two accounts")
    return reference


def check_foreign_role(key: str, arn: str) -> None:
    """Check that an ARN names a role of another account in this partition.

    Raises:
        InvalidValue: it does not.
    """
    rules.role_arn(key, arn)
    _, partition, _, _, account, _ = arn.split(":", 5)
    if account in own_accounts():
        raise InvalidValue(key, arn, "it is a role of this account; a group and its roles belong to two accounts")
    if partition != (own_partition() or partition):
        raise InvalidValue(key, arn, f"it is in another partition; here ARNs begin with arn:{own_partition()}:")
