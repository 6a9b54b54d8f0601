"""Find principals that can reach the stacks' roles, buckets and keys though no stack declares it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from ..arn import account_of
from ..changes import circumstances
from ..changes.assuming import grantee_patterns
from ..changes.rendered import Document, Rendered
from ..changes.rules import ASSUME, about, content, is_like, may_assume, statements_of
from ..changes.values import undecided
from ..iam.checks import ActionCheck, ResourceCheck
from ..iam.documents import Statement
from ..iam.evaluation import covers_action
from ..iam.patterns import Value, match
from ..iam.search import (
    EVERYTHING,
    NOTHING,
    All,
    Difference,
    Holds,
    Not,
    Policies,
    Rule,
    Some,
    Undecided,
    first_difference,
)
from ..iam.verdicts import NO
from . import uses
from .deployed import Account, Principal
from .uses import Target

_PRINCIPAL_KEYS = re.compile(r'"aws:(principal|user)|\$\{', re.IGNORECASE)
_PRINCIPAL = re.compile(r":(user|role|assumed-role)/")
"""Keys and names that may give principals of one account different answers."""
_PATTERN = re.compile(r"[*?$]")


@dataclass(frozen=True)
class Access:
    """A right that a principal has, or lacks, unlike what the stacks declare."""

    principal: str
    """The principal's ARN."""
    right: str
    """E.g. ``assume UpdateApp``."""
    is_less: bool = False
    is_certain: bool = True
    because: tuple[str, ...] = ()
    witness: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class _Holder:
    """A principal with all of its policies, and those that the stacks declare."""

    principal: Principal
    documents: tuple[Document, ...]
    granted: tuple[Document, ...]


class Undeclared:
    """The access of undeclared principals in the accounts that were read."""

    def __init__(self, deployed: Rendered, accounts: Mapping[str, Account]) -> None:
        """Collect the principals.

        Args:
            deployed: the deployed state of what the stacks declare.
            accounts: the accounts that were read, by id.
        """
        self._deployed = deployed
        self._known: dict[object, Difference | Undecided | None] = {}
        self._holders = {account_id: [*_holders(account, deployed)] for account_id, account in accounts.items()}
        self._assuming = {account_id: _Assuming(holders) for account_id, holders in self._holders.items()}
        self._with_service: dict[tuple[str, str], list[tuple[_Holder, tuple[Statement, ...]]]] = {}

    def assuming(self, role_arn: str, account: Account) -> Iterator[Access]:
        """Yield the principals of an account that may, or may not, assume a role unlike their grants."""
        role = self._deployed.roles.get(role_arn)
        if not role:
            return
        trust = about((role.trust,), role_arn)
        within = role.account == account.account_id
        for holder in self._assuming[account.account_id].of_role(role_arn):
            principal, right = holder.principal, f"assume {role.name}"
            everything, declared = about(holder.documents, role_arn), about(holder.granted, role_arn)
            boundary = about((principal.boundary,), role_arn) if principal.boundary else None
            if content(everything) == content(declared) and boundary is None:
                continue
            before = may_assume(trust, declared, within)
            after = may_assume(trust, everything, within, boundary)
            key = (holder.documents, holder.granted, principal.boundary, role_arn, _subject(holder, role.trust))
            given = _requests_of(principal)
            yield from self._compared(principal, right, before, after, given, key)
            if holder.granted:
                yield from self._compared(principal, right, after, before, given, (key,), is_less=True)

    def trusting(self, account: Account) -> Iterator[Access]:
        """Yield the undeclared roles of an account that other accounts may assume.

        Accounts without a stack are checked if the account has roles of a stack, and for its grantees.
        """
        others = sorted(self._deployed.accounts - {account.account_id})
        has_roles = any(role.account == account.account_id for role in self._deployed.roles.values())
        grantees = {holder.principal.arn for holder in self._holders[account.account_id] if holder.granted}
        for principal in account.principals.values():
            if not principal.trust or principal.arn in self._deployed.roles or principal.is_service_linked:
                continue
            admits = Policies("", about((principal.trust,), principal.arn)[0])
            named = set(re.findall(r"(?<!\d)\d{12}(?!\d)", principal.trust.text)) - {account.account_id, *others}
            further = sorted(named) if has_roles or principal.arn in grantees else []
            accounts = {f"account {each}": is_like((f"arn:*:iam::{each}:*",)) for each in (*others, *further)}
            known = tuple(f"arn:*:iam::{each}:*" for each in (*others, *further, account.account_id))
            for_all = [each for each in admits.statements if "*" in each.principals or each.effect == "Deny"]
            for trusted, rule, given in [
                *((trusted, admits, given) for trusted, given in accounts.items()),
                ("every other account", Policies("", tuple(for_all)), Not(is_like(known))),
            ]:
                key = (principal.trust, trusted)
                yield from self._compared(principal, f"let {trusted} in", NOTHING, rule, given, key)

    def using(self, target: Target, account: Account) -> Iterator[Access]:
        """Yield the principals of an account that may use a target by their own policies."""
        forbidden: Rule = Policies("", statements_of((target.policy,))).denials if target.policy else NOTHING
        for holder, statements in self._of_service(account.account_id, target.service):
            principal = holder.principal
            limits: list[Rule] = [Policies("", statements), Not(forbidden)]
            if principal.boundary:
                limits.append(Policies("", _on_service(statements_of((principal.boundary,)), target.service)))
            subject = _subject(holder, target.policy)
            found: list[Access] = []
            for verb, actions in target.uses.items():
                given = All((_requests_of(principal), _action_rule(actions), _resource_rule(target.arns)))
                key = (holder.documents, principal.boundary, target.name, verb, subject)
                found += self._compared(principal, verb, NOTHING, All(tuple(limits)), given, key)
            yield from _joined(found, target.name)

    def extending(self, account: Account, exclude: Set[str]) -> Iterator[Access]:
        """Yield the principals of an account that may extend their own rights.

        Args:
            account: the account.
            exclude: the ARNs of principals that are reported already.
        """
        for holder, statements in self._of_service(account.account_id, "iam"):
            principal = holder.principal
            found = [*uses.own_rights(principal)] if principal.arn not in exclude else []
            actions = [action for calls, _ in found for action in calls]
            allowing = [statement for statement in statements if statement.effect == "Allow"]
            if not any(covers_action(statement, action) for statement in allowing for action in actions):
                continue
            ways = Some(tuple(All((_action_rule(calls), _resource_rule(arns))) for calls, arns in found))
            limits: list[Rule] = [Policies("", statements)]
            if principal.boundary:
                limits.append(Policies("", _on_service(statements_of((principal.boundary,)), "iam")))
            given = All((_requests_of(principal), ways))
            key = (principal.arn, "own rights")
            yield from self._compared(principal, "extend their own rights", NOTHING, All(tuple(limits)), given, key)

    def administering(self, account: Account) -> Iterator[Access]:
        """Yield the principals of an account that may do anything in it."""
        for holder, statements in self._of_service(account.account_id, "iam"):
            allowing = [each for each in statements if each.effect == "Allow"]
            if holder.principal.boundary or not any("*" in each.actions and "*" in each.resources for each in allowing):
                continue
            allowed, given = Policies("", statements_of(holder.documents)), _requests_of(holder.principal)
            if first_difference(allowed, EVERYTHING, given) is None:
                right = f"do anything in account {account.account_id}"
                yield from self._compared(holder.principal, right, NOTHING, allowed, given, allowed)

    def _of_service(self, account_id: str, service: str) -> list[tuple[_Holder, tuple[Statement, ...]]]:
        """Return the holders that may have a right in a service, without the stacks' roles."""
        found = self._with_service.get((account_id, service))
        if found is None:
            found = self._with_service[account_id, service] = []
            for holder in self._holders[account_id]:
                statements = _on_service(statements_of(holder.documents), service)
                if holder.principal.arn not in self._deployed.roles and _allows(statements):
                    found.append((holder, statements))
        return found

    def _compared(
        self,
        principal: Principal,
        right: str,
        before: Rule,
        after: Rule,
        given: Rule,
        key: object,
        *,
        is_less: bool = False,
    ) -> Iterator[Access]:
        if key not in self._known:
            self._known[key] = first_difference(before, after, given)
        difference = self._known[key]
        if isinstance(difference, Difference):
            relevant = circumstances.relevant_values(difference)
            witness = {key: value for key, value in relevant.items() if key != "principal"}
            allowed = (f"is allowed by {each}" for each in difference.allowed_by)
            denied = (f"is denied by {each}" for each in difference.denied_by)
            because = tuple(dict.fromkeys(denied if is_less else allowed))
            if is_less and principal.boundary_arn:
                because = (*because, f"is bounded by {principal.boundary_arn}")
            yield Access(principal.arn, right, is_less, True, because, witness)
        elif isinstance(difference, Undecided):
            text = f"{right}: {undecided(difference.key, difference.operator)}"
            yield Access(principal.arn, text, is_less, is_certain=False)


class _Assuming:
    """An index of the principals of an account that may be allowed to assume a role, by the role's ARN."""

    def __init__(self, holders: Sequence[_Holder]) -> None:
        self._by_arn: dict[str, list[int]] = {}
        self._by_pattern: list[int] = []
        self._holders = holders
        for place, holder in enumerate(holders):
            allowing = [each for each in statements_of(holder.documents) if each.effect == "Allow"]
            statements = [each for each in allowing if covers_action(each, ASSUME)]
            texts = {text for statement in statements for text in statement.resources}
            if any(statement.not_resource for statement in statements) or any(map(_PATTERN.search, texts)):
                self._by_pattern.append(place)
            else:
                for text in texts:
                    self._by_arn.setdefault(text, []).append(place)

    def of_role(self, role_arn: str) -> Iterator[_Holder]:
        """Yield the principals that may be allowed to assume a role, without the role itself."""
        places = sorted({*self._by_arn.get(role_arn, ()), *self._by_pattern})
        holders = (self._holders[place] for place in places)
        yield from (holder for holder in holders if holder.principal.arn != role_arn)


def _holders(account: Account, deployed: Rendered) -> Iterator[_Holder]:
    own = [grantee for grantee in deployed.grantees.values() if grantee.account == account.account_id]
    of_groups = {grantee.name: grantee.policies for grantee in own if grantee.kind == "group"}
    of_roles = [(grantee_patterns(grantee), grantee.policies) for grantee in own if grantee.kind != "group"]
    for principal in account.all_principals():
        documents = [*principal.policies]
        granted: list[Document] = []
        for name in principal.groups:
            documents += account.groups.get(name, ())
            granted += of_groups.get(name, ())
        for patterns, policies in of_roles if ":role/" in principal.arn else ():
            if any(match(pattern, principal.arn, {}) != NO for pattern in patterns):
                granted += policies
        yield _Holder(principal, tuple(documents), tuple(granted))


def _requests_of(principal: Principal) -> Rule:
    """Return the rule for a principal's requests; for a group, those of any user of its account."""
    account = account_of(principal.arn)
    return is_like((f"arn:*:iam::{account}:user/*",) if principal.is_group else (principal.arn,))


def _joined(found: Sequence[Access], target: str) -> Iterator[Access]:
    """Yield one access with all certain verbs, then the undecided ones."""
    certain = [access for access in found if access.is_certain]
    if certain:
        *before, last = (access.right for access in certain)
        right = f"{', '.join(before)} and {last} {target}" if before else f"{last} {target}"
        because = tuple(dict.fromkeys(reason for access in certain for reason in access.because))
        yield replace(certain[0], right=right, because=because)
    yield from (replace(access, right=f"use {target}: {access.right}") for access in found if not access.is_certain)


def _action_rule(patterns: Sequence[str]) -> Rule:
    return Holds(ActionCheck(tuple(patterns), inverted=False))


def _resource_rule(arns: Sequence[str]) -> Rule:
    return Holds(ResourceCheck(tuple(arns), inverted=False, variables=False))


def _on_service(statements: Sequence[Statement], service: str) -> tuple[Statement, ...]:
    """Return the statements with their actions that may be about a service."""
    found = []
    for statement in statements:
        actions = tuple(each for each in statement.actions if match(each.partition(":")[0].lower(), service, {}) != NO)
        if actions or statement.not_action:
            found.append(replace(statement, actions=actions))
    return tuple(found)


def _allows(statements: Iterable[Statement]) -> bool:
    return any(statement.effect == "Allow" for statement in statements)


def _subject(holder: _Holder, other: Document | None) -> str:
    """Return the principal, or only its account, that the answers depend on. Equal subjects share their answers.

    Args:
        holder: the principal, with its policies.
        other: the policy of the target, which may name principals.
    """
    principal = holder.principal
    own = [*holder.documents, *([principal.boundary] if principal.boundary else [])]
    is_named = bool(other and (_PRINCIPAL_KEYS.search(other.text) or _PRINCIPAL.search(other.text)))
    depends = is_named or any(_PRINCIPAL_KEYS.search(document.text) for document in own)
    return principal.arn if depends else account_of(principal.arn)
