"""Roles of other stacks: the ARNs that those stacks export, and warnings about grants that do not work as written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, TypedDict

import pulumi

from components.validation import InvalidValue
from stack import clock
from stack.grants import Grant, Grantee
from stack.here import own_accounts
from stack.locations import located
from stack.references import Reference, RoleArn, RoleReference, check_foreign_role
from stack.usability import why_useless

GranteeGrant = tuple[Grantee, Grant]
"""A grantee and one of its grants."""


class GrantedRoles(TypedDict, total=False):
    """The roles of a grant, as component arguments."""

    role_arns: pulumi.Input[Sequence[str]]
    role_arns_until: Mapping[str, pulumi.Input[Sequence[str]]]


@dataclass(frozen=True)
class _Exports:
    """A stack's outputs about its roles. Not a mapping, because the SDK would look into it at each use."""

    role_arns: Mapping[str, str]
    role_options: Mapping[str, Mapping[str, Any]]
    open_roles: Sequence[str]


_READ = ("roleArns", "roleOptions", "openRoles")


class OtherStacks:
    """The outputs of other stacks about their roles. Each stack is read once, however many grants name its roles."""

    def __init__(self, accounts: Mapping[str, str]) -> None:
        """Keep the accounts; no stack is read yet.

        Args:
            accounts: the accounts to which stacks are pinned, by short or long stack name.
        """
        self._accounts = accounts
        self._exports: dict[str, pulumi.Output[_Exports]] = {}
        self._grants: dict[RoleReference, list[GranteeGrant]] = {}

    def roles(self, grantee: Grantee, grant: Grant) -> GrantedRoles:
        """Return the ARNs of a grant's roles, separately for those with an end.

        Raises (when an output is computed):
            InvalidValue: a stack does not export a role, or exports one of the wrong account.
        """
        always = {role: key for role, key in grant.roles.items() if role not in grant.until}
        args: GrantedRoles = {"role_arns": self._role_arns(always)}
        by_moment = {
            moment: {role: key for role, key in grant.roles.items() if grant.until.get(role) == moment}
            for moment in grant.until.values()
        }
        if by_moment:
            args["role_arns_until"] = {moment: self._role_arns(roles) for moment, roles in by_moment.items()}
        for role in grant.roles:
            if isinstance(role, RoleReference):
                self._grants.setdefault(role, []).append((grantee, grant))
        return args

    def _role_arns(self, roles: Mapping[Reference, str]) -> pulumi.Input[Sequence[str]]:
        arns = [role.arn for role in roles if isinstance(role, RoleArn)]
        by_stack: dict[str, dict[RoleReference, str]] = {}
        for role, key in roles.items():
            if isinstance(role, RoleReference):
                by_stack.setdefault(role.stack_name, {})[role] = key
        lists = [self._exports_of(name).apply(partial(self._arns, own)) for name, own in by_stack.items()]
        if not lists:
            return arns
        if len(lists) == 1 and not arns:
            return lists[0]
        return pulumi.Output.all(*lists).apply(lambda known: [*arns, *chain(*known)])

    def warn(self) -> None:
        """Warn about grants that do not work as written, once for each reason.

        Nobody can use them, a Deny can be bypassed, or a role names principals of this account that do not exist.
        """
        for stack_name, exports in self._exports.items():
            by_role = {role: grants for role, grants in self._grants.items() if role.stack_name == stack_name}
            _: pulumi.Output[None] = exports.apply(partial(_warn, by_role))

    def _exports_of(self, stack_name: str) -> pulumi.Output[_Exports]:
        if stack_name not in self._exports:
            self._exports[stack_name] = _read(pulumi.StackReference(stack_name))
        return self._exports[stack_name]

    def _arns(self, roles: Mapping[RoleReference, str], exports: _Exports) -> list[str]:
        return [self._arn(role, key, exports) for role, key in roles.items()]

    def _arn(self, role: RoleReference, key: str, exports: _Exports) -> str:
        shown = f"{role.stack}/{role.role}"
        arn = exports.role_arns.get(role.role)
        with located():
            if not isinstance(arn, str):
                names = ", ".join(sorted(exports.role_arns)) or "none"
                rule = f"stack {role.stack_name} does not export it; it exports: {names}. Correct the name, or add the"
                raise InvalidValue(key, shown, f"{rule} role there and run `pulumi up --stack {role.stack}` first")
            check_foreign_role(key, arn)
            account = arn.split(":")[4]
            pinned = next((self._accounts[name] for name in role.stack_names if name in self._accounts), account)
            if account != pinned:
                rule = f"its stack exports a role of account {account}, but accounts pins the stack to {pinned}"
                raise InvalidValue(key, shown, f"{rule}; find out which one is right")
        return arn


def _read(stack: pulumi.StackReference) -> pulumi.Output[_Exports]:
    """Return a stack's outputs about its roles, secret only if the stack marks them so.

    ``get_output`` would do the same, but looks into every output of the stack at each call.
    """

    def read(secret_names: object) -> pulumi.Output[_Exports]:
        exports = stack.outputs.apply(_parsed)
        is_secret = not isinstance(secret_names, list) or not set(_READ).isdisjoint(secret_names)
        return exports if is_secret else pulumi.Output.unsecret(exports)

    return stack.secret_output_names.apply(read, run_with_unknowns=True)


def _parsed(outputs: Mapping[str, Any]) -> _Exports:
    arns, options, open_roles = (outputs.get(name) for name in _READ)
    return _Exports(
        arns if isinstance(arns, dict) else {},
        {role: own for role, own in options.items() if isinstance(own, dict)} if isinstance(options, dict) else {},
        open_roles if isinstance(open_roles, list) else [],
    )


async def _warn(by_role: Mapping[RoleReference, Sequence[GranteeGrant]], exports: _Exports) -> None:
    for role, grants in by_role.items():
        useful = _warn_of_useless_grants(role, grants, exports.role_options.get(role.role))
        if role.role in exports.open_roles:
            _warn_of_bypass(role, useful)
    await _warn_of_missing({role: exports.role_options.get(role.role, {}) for role in by_role})


def _warn_of_useless_grants(
    role: RoleReference, grants: Sequence[GranteeGrant], options: Mapping[str, Any] | None
) -> list[GranteeGrant]:
    """Warn about grantees that can't use a role they are allowed, and return the other grants.

    Grants that have ended are in neither: :func:`stack.outputs.warn_of_unusable` warns about them.
    """
    now, accounts = clock.now(), own_accounts()
    useful: list[GranteeGrant] = []
    useless: dict[str, list[str]] = {}
    for grantee, grant in grants:
        if grant.has_ended(role, now):
            continue
        is_checked = grant.effect == "Allow" and options is not None
        reason = why_useless(grantee, grant, accounts, options or {}, now) if is_checked else None
        if reason:
            useless.setdefault(reason, []).append(grantee.title)
        else:
            useful.append((grantee, grant))
    for reason, names in useless.items():
        pulumi.log.warn(f"{join_names(names)} can't use {role.stack}/{role.role}, though allowed: {reason}")
    return useful


def _warn_of_bypass(role: RoleReference, grants: Sequence[GranteeGrant]) -> None:
    """Warn about groups and permission sets that are denied a role which a role of this file may assume.

    A Deny binds the people who have it, not a role that they switch to first.
    """
    denied = [grantee.title for grantee, grant in grants if grantee.kind != "role" and grant.effect == "Deny"]
    through = [grantee.name for grantee, grant in grants if grantee.kind == "role" and grant.effect == "Allow"]
    if denied and through:
        pulumi.log.warn(
            f"{join_names(denied)}: the Deny on {role.stack}/{role.role} does not bind {join_names(through)}, which"
            " members may be able to switch to first; list it under the role's deniedPrincipalArns, or see what"
            " `access bypass` finds"
        )


async def _warn_of_missing(options_of: Mapping[RoleReference, Mapping[str, object]]) -> None:
    """Warn about principals of this account that roles name but that do not exist.

    A typo would silently trust, or deny, nobody: AWS does not check principals in conditions.
    """
    accounts = own_accounts()
    names = {role: named_principals(options, accounts) for role, options in options_of.items()}
    if not any(names.values()):
        return
    try:
        existing = await _existing_principals()
    except Exception as error:
        reason = " ".join(str(error).split())
        pulumi.log.info(f"cannot check that the principals named by roles of other stacks exist: {reason}")
        return
    for role, arns in names.items():
        for arn in arns:
            if arn not in existing:
                pulumi.log.warn(f"{role.stack}/{role.role} names {arn}, which does not exist; correct it there")


def named_principals(options: Mapping[str, object], accounts: Sequence[str]) -> list[str]:
    """Return the ARNs of principals of this account that a role names, each once.

    Patterns are left out: they may be meant for future principals.

    Args:
        options: the role's options, as another stack exports them.
        accounts: the accounts that may be this one.
    """
    listed = [options.get(key) for key in ("trustedPrincipalArns", "deniedPrincipalArns")]
    texts = [text for texts in listed if isinstance(texts, list) for text in texts if isinstance(text, str)]
    return list(dict.fromkeys(arn for arn in texts if not set("*?") & set(arn) and arn.split(":")[4] in accounts))


async def _existing_principals() -> set[str]:
    """Return the ARNs of this account's users and roles.

    Raises:
        Exception: AWS can't be reached, or these credentials may not list users and roles.
    """
    kinds = ("aws:iam/getUsers:getUsers", "aws:iam/getRoles:getRoles")
    answers = [await pulumi.runtime.invoke_async(kind, {}) for kind in kinds]
    return {arn for answer in answers for arn in answer["arns"]}


def join_names(names: Sequence[str]) -> str:
    """Return names joined for a sentence, each once."""
    distinct = list(dict.fromkeys(names))
    return " and ".join([", ".join(distinct[:-1]), distinct[-1]]) if len(distinct) > 1 else distinct[0]
