"""Roles of other stacks: their ARNs as those stacks export them, and warnings of grants that don't do what they say."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pulumi

from components.validation import InvalidValue
from stack.here import own_accounts
from stack.references import RoleArn, RoleReference, check_foreign_role
from stack.settings import Grant, Grantee
from stack.usability import why_useless

Named = tuple[Grantee, Grant, RoleReference]
"""A grant, and one of its roles."""


@dataclass(frozen=True)
class _Exports:
    """The roles that a stack exports. An object, as the SDK would look into a mapping at each use."""

    role_arns: Mapping[str, object] = field(default_factory=dict)


class OtherStacks:
    """What other stacks export about their roles. Each stack is read once, however many grants name its roles."""

    def __init__(self, accounts: Mapping[str, str]) -> None:
        """Read no stack yet.

        Args:
            accounts: the accounts that stacks are pinned to, by the stack's name, short or long.
        """
        self._accounts = accounts
        self._stacks: dict[str, pulumi.StackReference] = {}
        self._exports: dict[str, pulumi.Output[_Exports]] = {}
        self._named: list[Named] = []

    def role_arns(self, grantee: Grantee, grant: Grant) -> pulumi.Input[Sequence[str]]:
        """Return the ARNs of the roles that a grant is about.

        Raises (when the output is computed):
            pulumi.RunError: a stack does not export a role, or exports one of an account that it may not be of.
        """
        references = [role for role in grant.roles if isinstance(role, RoleReference)]
        arns = [role.arn for role in grant.roles if isinstance(role, RoleArn)]
        self._named += [(grantee, grant, reference) for reference in references]
        if not references:
            return arns
        # All roles of a grant that are references are of one stack.
        exports = self._exports_of(references[0])
        return exports.apply(lambda known: [*arns, *(self._arn(reference, known) for reference in references)])

    def warn(self) -> None:
        """Warn of grants that don't do what they say, once for each reason.

        Nobody can use them, a Deny can be got around, or a role names principals of this account that don't exist.
        """
        by_stack: dict[str, list[Named]] = {}
        for named in self._named:
            by_stack.setdefault(named[2].stack_name, []).append(named)
        for stack_name, named_roles in by_stack.items():
            stack = self._stacks[stack_name]
            known = pulumi.Output.all(stack.get_output("roleOptions"), stack.get_output("openRoles"))
            warn: Callable[[Sequence[Any]], Awaitable[None]] = partial(_warn, named_roles)
            _: pulumi.Output[None] = known.apply(warn)

    def _exports_of(self, reference: RoleReference) -> pulumi.Output[_Exports]:
        name = reference.stack_name
        if name not in self._exports:
            self._stacks[name] = pulumi.StackReference(name)
            self._exports[name] = (
                self._stacks[name]
                .get_output("roleArns")
                .apply(lambda role_arns: _Exports(role_arns if isinstance(role_arns, dict) else {}))
            )
        return self._exports[name]

    def _arn(self, reference: RoleReference, exports: _Exports) -> str:
        arn = exports.role_arns.get(reference.role)
        if not isinstance(arn, str):
            names = ", ".join(sorted(exports.role_arns)) or "none"
            raise pulumi.RunError(
                f"role {reference.role!r}: stack {reference.stack_name} does not export it; it exports: {names}."
                f" Correct the name, or add the role there and run `pulumi up --stack {reference.stack}` first"
            )
        try:
            check_foreign_role(f"{reference}, as its stack exports it", arn)
        except InvalidValue as error:
            raise pulumi.RunError(str(error)) from None
        account, pinned = arn.split(":")[4], self._pinned(reference)
        if pinned not in (None, account):
            raise pulumi.RunError(
                f"{reference}: its stack exports a role of account {account}, and accounts pins the stack to {pinned};"
                " find out which one is right"
            )
        return arn

    def _pinned(self, reference: RoleReference) -> str | None:
        names = (reference.stack_name, f"{reference.project}/{reference.stack}", reference.stack)
        return next((self._accounts[name] for name in names if name in self._accounts), None)


async def _warn(named: Sequence[Named], known: Sequence[Any]) -> None:
    role_options, open_roles = ({} if value is None else value for value in known)
    _warn_of_useless_grants(named, role_options)
    _warn_of_bypass(named, open_roles)
    for reference in dict.fromkeys(reference for _, _, reference in named):
        await _warn_of_missing(reference, role_options.get(reference.role, {}))


def _warn_of_useless_grants(named: Iterable[Named], role_options: Mapping[str, Any]) -> None:
    now, account = datetime.now(UTC), own_accounts()[0]
    useless: dict[tuple[RoleReference, str], list[str]] = {}
    for grantee, grant, reference in named:
        options = role_options.get(reference.role)
        if grant.effect == "Allow" and options is not None:
            reason = why_useless(grantee, grant, account, options, now)
            if reason:
                useless.setdefault((reference, reason), []).append(grantee.name)
    for (reference, reason), names in useless.items():
        pulumi.log.warn(f"{_listed(names)} can't use {reference.stack}/{reference.role}, which is allowed: {reason}")


def _warn_of_bypass(named: Sequence[Named], open_roles: Sequence[str]) -> None:
    """Warn of groups that are denied a role which a role of this file may assume.

    A Deny binds the group's users, not a role that they switch to first.
    """
    for reference in dict.fromkeys(reference for _, _, reference in named):
        grants = [(grantee, grant.effect) for grantee, grant, of in named if of == reference]
        denied = [grantee.name for grantee, effect in grants if grantee.kind == "group" and effect == "Deny"]
        through = [grantee.name for grantee, effect in grants if grantee.kind == "role" and effect == "Allow"]
        if denied and through and reference.role in open_roles:
            pulumi.log.warn(
                f"{_listed(denied)}: the Deny on {reference.stack}/{reference.role} does not bind {_listed(through)},"
                " which members may be able to switch to first; name it under the role's deniedPrincipalArns, or see"
                " what `access bypass` finds"
            )


async def _warn_of_missing(reference: RoleReference, options: Mapping[str, object]) -> None:
    try:
        missing = await missing_principals(options, own_accounts())
    except Exception as error:
        reason = " ".join(str(error).split())
        pulumi.log.info(
            f"{reference.stack}/{reference.role}: cannot check that the principals it names exist: {reason}"
        )
        return
    for arn in missing:
        pulumi.log.warn(f"{reference.stack}/{reference.role} names {arn}, which does not exist; correct it there")


async def missing_principals(options: Mapping[str, object], account_ids: Sequence[str]) -> list[str]:
    """Return the principals of this account that a role names and that do not exist.

    A mistyped one would trust nobody, or deny nobody, without a word: AWS does not check principals in conditions.

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


def _listed(names: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(names))
    return " and ".join([", ".join(distinct[:-1]), distinct[-1]]) if len(distinct) > 1 else distinct[0]
