"""Roles of other stacks: their ARNs as those stacks export them, and warnings where a grant can't do what it says."""

from collections.abc import Iterable, Mapping
from functools import partial

import pulumi

from stack.references import RoleReference
from stack.settings import Grant


class OtherStacks:
    """What other stacks tell about their roles. Each stack is read once."""

    def __init__(self) -> None:
        """Start with no stack read."""
        self._stacks: dict[str, pulumi.StackReference] = {}
        self._checked: set[RoleReference] = set()

    def role_arns(self, grantee: str, grant: Grant) -> list[pulumi.Output[str]]:
        """Return the ARNs of the roles that a grant is about, and warn of those with which it does not do what it says.

        Raises (when the outputs are computed):
            pulumi.RunError: a stack does not export a role.
        """
        self._warn_of_missing_principals(grant.roles)
        if grant.effect == "Deny":
            self._warn_of_bypass(grantee, grant.roles)
        return [self._output(role, "roleArns").apply(partial(_arn_of, role)) for role in grant.roles]

    def _warn_of_bypass(self, group: str, references: Iterable[RoleReference]) -> None:
        """Warn if the roles trust the whole account, so that a Deny on one of its groups can be got around.

        A Deny binds the group's users, not another principal of the account that they may become.
        """
        for reference in references:
            self._output(reference, "openRoles").apply(partial(_warn_if_open, group, reference))

    def _warn_of_missing_principals(self, references: Iterable[RoleReference]) -> None:
        """Warn if the roles name users or roles of this account that do not exist."""
        for reference in references:
            if reference not in self._checked:
                self._checked.add(reference)
                missing: pulumi.Output[list[str]] = self._output(reference, "roleOptions").apply(
                    partial(_missing_principals, reference)
                )
                missing.apply(partial(_warn_of_missing, reference))

    def _output(self, reference: RoleReference, name: str) -> pulumi.Output[object]:
        stack = self._stacks.get(reference.stack_name)
        if stack is None:
            stack = self._stacks[reference.stack_name] = pulumi.StackReference(reference.stack_name)
        return stack.get_output(name)


def _warn_if_open(group: str, reference: RoleReference, open_roles: object) -> None:
    if isinstance(open_roles, list) and reference.role in open_roles:
        pulumi.log.warn(
            f"{group}: the Deny on {reference.stack}/{reference.role} binds the group's users, not a role that they may"
            " switch to first; close that with trustedPrincipalArns or deniedPrincipalArns of the role"
        )


async def _missing_principals(reference: RoleReference, role_options: object) -> list[str]:
    options = role_options.get(reference.role, {}) if isinstance(role_options, dict) else {}
    account_ids = pulumi.Config("aws").require_object("allowedAccountIds")
    try:
        return await missing_principals(options, account_ids)
    except Exception as error:
        reason = " ".join(str(error).split())
        pulumi.log.info(f"{reference.stack}/{reference.role}: whether whom it names exists can't be checked: {reason}")
        return []


def _warn_of_missing(reference: RoleReference, missing: Iterable[str]) -> None:
    for arn in missing:
        pulumi.log.warn(f"{reference.stack}/{reference.role} names {arn}, which does not exist; correct it there")


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


async def missing_principals(options: Mapping[str, object], account_ids: list[str]) -> list[str]:
    """The principals of this account that a role names and that do not exist.

    A mistyped one would trust nobody, or deny nobody, without a word: AWS does not check what stands in a condition.

    Args:
        options: what another stack's file says of the role, in its words.
        account_ids: this account.

    Returns:
        Their ARNs. Patterns are left out: they may be meant for principals to come.

    Raises:
        Exception: AWS can't be asked; these credentials may not list users and roles.
    """
    named = [arn for key in ("trustedPrincipalArns", "deniedPrincipalArns") for arn in _texts(options.get(key))]
    exact = [arn for arn in named if not set("*?") & set(arn) and arn.split(":")[4] in account_ids]
    if not exact:
        return []
    kinds = ("aws:iam/getUsers:getUsers", "aws:iam/getRoles:getRoles")
    listed = [await pulumi.runtime.invoke_async(kind, {}) for kind in kinds]
    existing = {arn for answer in listed for arn in answer["arns"]}
    return [arn for arn in dict.fromkeys(exact) if arn not in existing]


def _texts(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
