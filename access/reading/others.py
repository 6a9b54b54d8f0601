"""Everybody else: principals that get to the stacks' roles, buckets and keys though no stack declares it."""

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
from ..iam.evaluation import is_about
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

_OF_PRINCIPALS = re.compile(r'"aws:(principal|user)|\$\{', re.IGNORECASE)
_PRINCIPAL = re.compile(r":(user|role|assumed-role)/")
"""What may make a policy say different things of different principals of an account: keys, and principals by name."""
_PATTERN = re.compile(r"[*?$]")


@dataclass(frozen=True)
class Access:
    """Something that a principal may do, or may not, other than the stacks declare."""

    principal: str
    """The ARN."""
    what: str
    """E.g. ``may also assume UpdateApp``."""
    is_less: bool = False
    is_certain: bool = True
    because: tuple[str, ...] = ()
    witness: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class _Holder:
    """A principal with all of its policies, and those that the stacks declare it to have."""

    principal: Principal
    documents: tuple[Document, ...]
    granted: tuple[Document, ...]


class Others:
    """Asks what everybody may do whom no stack declares, in the accounts that were read."""

    def __init__(self, deployed: Rendered, accounts: Mapping[str, Account]) -> None:
        """Look at what is deployed.

        Args:
            deployed: what is deployed of what the stacks declare.
            accounts: the accounts that were read, by id.
        """
        self._deployed = deployed
        self._known: dict[object, Difference | Undecided | None] = {}
        self._holders = {account_id: [*_holders(account, deployed)] for account_id, account in accounts.items()}
        self._assuming = {account_id: _Assuming(holders) for account_id, holders in self._holders.items()}
        self._with_service: dict[tuple[str, str], list[tuple[_Holder, tuple[Statement, ...]]]] = {}

    def administering(self, account: Account) -> Iterator[Access]:
        """Yield the principals of an account that may do anything there."""
        for holder, statements in self._of_service(account.account_id, "iam"):
            allowing = [it for it in statements if it.effect == "Allow"]
            if holder.principal.boundary or not any("*" in it.actions and "*" in it.resources for it in allowing):
                continue
            allowed = Policies("", statements_of(holder.documents))
            if first_difference(allowed, EVERYTHING, _is(holder.principal)) is None:
                what = f"do anything in account {account.account_id}"
                yield from self._compared(holder.principal, what, NOTHING, allowed, _is(holder.principal), allowed)

    def entering(self, role_arn: str, account: Account) -> Iterator[Access]:
        """Yield the principals of an account that may assume a role, or may not, beside what their grantees say."""
        role = self._deployed.roles.get(role_arn)
        if not role:
            return
        trust = about((role.trust,), role_arn)
        within = role.account == account.account_id
        for holder in self._assuming[account.account_id].of(role_arn):
            principal, what = holder.principal, f"assume {role.name}"
            everything, of_grantee = about(holder.documents, role_arn), about(holder.granted, role_arn)
            boundary = about((principal.boundary,), role_arn) if principal.boundary else None
            if content(everything) == content(of_grantee) and boundary is None:
                continue
            before = may_assume(trust, of_grantee, within)
            after = may_assume(trust, everything, within, boundary)
            key = (holder.documents, holder.granted, principal.boundary, role_arn, _subject(holder, role.trust))
            given = _is(principal)
            yield from self._compared(principal, what, before, after, given, key)
            if holder.granted:
                yield from self._compared(principal, what, after, before, given, (key,), is_less=True)

    def trusting(self, account: Account) -> Iterator[Access]:
        """Yield the roles of an account that other accounts may assume and no stack declares.

        Accounts without a stack count where the account has roles of a stack, and for its grantees.
        """
        others = sorted(self._deployed.accounts - {account.account_id})
        has_roles = any(role.account == account.account_id for role in self._deployed.roles.values())
        grantees = {it.principal.arn for it in self._holders[account.account_id] if it.granted}
        for principal in account.principals.values():
            if not principal.trust or principal.arn in self._deployed.roles or principal.is_of_service:
                continue
            admits = Policies("", about((principal.trust,), principal.arn)[0])
            named = set(re.findall(r"(?<!\d)\d{12}(?!\d)", principal.trust.text)) - {account.account_id, *others}
            outside = sorted(named) if has_roles or principal.arn in grantees else []
            questions = [(f"account {it}", is_like((f"arn:*:iam::{it}:*",))) for it in (*others, *outside)]
            known = tuple(f"arn:*:iam::{it}:*" for it in (*others, *outside, account.account_id))
            anybody = Policies("", tuple(it for it in admits.statements if "*" in it.principals or it.effect == "Deny"))
            for who, rule, given in [
                *((who, admits, given) for who, given in questions),
                ("every other account", anybody, Not(is_like(known))),
            ]:
                key = (principal.trust, who)
                yield from self._compared(principal, f"let {who} in", NOTHING, rule, given, key)

    def using(self, target: Target, account: Account) -> Iterator[Access]:
        """Yield the principals of an account that may use something by their own policies."""
        forbidden: Rule = Policies("", statements_of((target.policy,))).denials if target.policy else NOTHING
        for holder, statements in self._of_service(account.account_id, target.service):
            principal = holder.principal
            limits: list[Rule] = [Policies("", statements), Not(forbidden)]
            if principal.boundary:
                limits.append(Policies("", _on_service(statements_of((principal.boundary,)), target.service)))
            subject = _subject(holder, target.policy)
            found: list[Access] = []
            for verb, actions in target.uses.items():
                given = All((_is(principal), _is_action(actions), _is_resource(target.arns)))
                key = (holder.documents, principal.boundary, target.name, verb, subject)
                found += self._compared(principal, verb, NOTHING, All(tuple(limits)), given, key)
            yield from _joined(found, target.name)

    def extending(self, account: Account, but: Set[str]) -> Iterator[Access]:
        """Yield the principals of an account that may give themselves whatever they like.

        Args:
            account: the account.
            but: the ARNs of principals of which it goes without saying, as more is known of them.
        """
        for holder, statements in self._of_service(account.account_id, "iam"):
            principal = holder.principal
            found = [*uses.own_rights(principal)] if principal.arn not in but else []
            actions = [action for several, _ in found for action in several]
            allowing = [it for it in statements if it.effect == "Allow"]
            if not any(is_about(it, action) for it in allowing for action in actions):
                continue
            ways = Some(tuple(All((_is_action(it), _is_resource(arns))) for it, arns in found))
            limits: list[Rule] = [Policies("", statements)]
            if principal.boundary:
                limits.append(Policies("", _on_service(statements_of((principal.boundary,)), "iam")))
            given = All((_is(principal), ways))
            key = (principal.arn, "own rights")
            yield from self._compared(principal, "extend their own rights", NOTHING, All(tuple(limits)), given, key)

    def _of_service(self, account_id: str, service: str) -> list[tuple[_Holder, tuple[Statement, ...]]]:
        """Return the holders, but for the stacks' roles, that may be allowed something of a service."""
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
        what: str,
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
            telling = circumstances.relevant_values(difference)
            witness = {thing: value for thing, value in telling.items() if thing != "principal"}
            allowed = (f"is allowed by {it}" for it in difference.allowed_by)
            denied = (f"is denied by {it}" for it in difference.denied_by)
            because = tuple(dict.fromkeys(denied if is_less else allowed))
            if is_less and principal.boundary_arn:
                because = (*because, f"is bounded by {principal.boundary_arn}")
            yield Access(principal.arn, what, is_less, True, because, witness)
        elif isinstance(difference, Undecided):
            text = f"{what}: {undecided(difference.key, difference.operator)}"
            yield Access(principal.arn, text, is_less, is_certain=False)


class _Assuming:
    """The holders of an account that may be allowed to assume roles, by the roles' ARNs."""

    def __init__(self, holders: Sequence[_Holder]) -> None:
        self._by_arn: dict[str, list[int]] = {}
        self._by_pattern: list[int] = []
        self._holders = holders
        for place, holder in enumerate(holders):
            statements = [it for it in statements_of(holder.documents) if it.effect == "Allow" and is_about(it, ASSUME)]
            texts = {text for it in statements for text in it.resources}
            if any(it.all_resources_but for it in statements) or any(map(_PATTERN.search, texts)):
                self._by_pattern.append(place)
            else:
                for text in texts:
                    self._by_arn.setdefault(text, []).append(place)

    def of(self, role_arn: str) -> Iterator[_Holder]:
        """Yield those that may be allowed to assume a role, but for the role itself."""
        places = sorted({*self._by_arn.get(role_arn, ()), *self._by_pattern})
        yield from (self._holders[it] for it in places if self._holders[it].principal.arn != role_arn)


def _holders(account: Account, deployed: Rendered) -> Iterator[_Holder]:
    own = [grantee for grantee in deployed.grantees.values() if grantee.account == account.account_id]
    of_groups = {grantee.name: grantee.policies for grantee in own if grantee.kind == "group"}
    of_roles = [(grantee_patterns(grantee), grantee.policies) for grantee in own if grantee.kind != "group"]
    for principal in account.everybody():
        documents = [*principal.policies]
        granted: list[Document] = []
        for name in principal.groups:
            documents += account.groups.get(name, ())
            granted += of_groups.get(name, ())
        for patterns, policies in of_roles if ":role/" in principal.arn else ():
            if any(match(pattern, principal.arn, {}) != NO for pattern in patterns):
                granted += policies
        yield _Holder(principal, tuple(documents), tuple(granted))


def _is(principal: Principal) -> Rule:
    """Return the requests of a principal; of a group, those of any user of its account."""
    account = account_of(principal.arn)
    return is_like((f"arn:*:iam::{account}:user/*",) if principal.is_group else (principal.arn,))


def _joined(found: Sequence[Access], target: str) -> Iterator[Access]:
    """Yield one access to a target for all verbs that are certain, and those that are not."""
    certain = [access for access in found if access.is_certain]
    if certain:
        *before, last = (access.what for access in certain)
        what = f"{', '.join(before)} and {last} {target}" if before else f"{last} {target}"
        because = tuple(dict.fromkeys(reason for access in certain for reason in access.because))
        yield replace(certain[0], what=what, because=because)
    yield from (replace(access, what=f"use {target}: {access.what}") for access in found if not access.is_certain)


def _is_action(patterns: Sequence[str]) -> Rule:
    return Holds(ActionCheck(tuple(patterns), but=False))


def _is_resource(arns: Sequence[str]) -> Rule:
    return Holds(ResourceCheck(tuple(arns), but=False, variables=False))


def _on_service(statements: Sequence[Statement], service: str) -> tuple[Statement, ...]:
    """Return statements without the actions of other services, as far as these have names without wildcards."""
    found = []
    for statement in statements:
        actions = tuple(it for it in statement.actions if match(it.partition(":")[0].lower(), service, {}) != NO)
        if actions or statement.all_actions_but:
            found.append(replace(statement, actions=actions))
    return tuple(found)


def _allows(statements: Iterable[Statement]) -> bool:
    return any(statement.effect == "Allow" for statement in statements)


def _subject(holder: _Holder, other: Document | None) -> str:
    """Return what of a principal the answers hang on: they are found once for all principals of the same subject.

    Args:
        holder: the principal, with its policies.
        other: the policy of what it uses, which may name principals.
    """
    principal = holder.principal
    own = [*holder.documents, *([principal.boundary] if principal.boundary else [])]
    is_named = bool(other and (_OF_PRINCIPALS.search(other.text) or _PRINCIPAL.search(other.text)))
    depends = is_named or any(_OF_PRINCIPALS.search(document.text) for document in own)
    return principal.arn if depends else account_of(principal.arn)
