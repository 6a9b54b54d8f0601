"""Everybody else: principals that get to the stacks' roles, buckets and keys though no stack declares it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from access.arn import account_of
from access.changes import circumstances
from access.changes.assuming import grantee_patterns
from access.changes.rendered import Document, Rendered
from access.changes.rules import about, content, is_like, may_assume, statements_of
from access.iam.checks import ActionCheck, ResourceCheck
from access.iam.documents import Statement
from access.iam.patterns import Value, match
from access.iam.search import NOTHING, All, Difference, Holds, Not, Policies, Rule, Undecided, first_difference
from access.iam.verdicts import NO
from access.reading.deployed import Account, Principal
from access.reading.uses import Target

_OF_PRINCIPALS = re.compile(r'"aws:(principal|user)|\$\{|:(user|role|assumed-role)/', re.IGNORECASE)
"""What may make a policy say different things of different principals of an account."""


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


class Others:
    """Asks what everybody may do whom no stack declares, in the accounts that were read."""

    def __init__(self, deployed: Rendered, accounts: Mapping[str, Account]) -> None:
        """Look at what is deployed.

        Args:
            deployed: what is deployed of what the stacks declare.
            accounts: the accounts that were read, by id.
        """
        self._deployed, self._accounts = deployed, accounts
        self._known: dict[object, Difference | Undecided | None] = {}

    def entering(self, role_arn: str, account: Account) -> Iterator[Access]:
        """Yield the principals of an account that may assume a role, or may not, beside what their grantees say."""
        role = self._deployed.roles.get(role_arn)
        if not role:
            return
        trust = about((role.trust,), role_arn)
        within = role.account == account.account_id
        for principal in account.everybody():
            if principal.arn == role_arn:
                continue
            granted = self._granted(principal, account)
            documents = self._all_policies(principal, account)
            everything = about(documents, role_arn)
            of_grantee = about(granted, role_arn)
            boundary = about((principal.boundary,), role_arn) if principal.boundary else None
            if content(everything) == content(of_grantee) and boundary is None:
                continue
            if not any(it.effect == "Allow" for part in everything[:1] for it in part):
                continue
            before = may_assume(trust, of_grantee, within)
            after = may_assume(trust, everything, within, boundary)
            subject = _subject(principal, (*documents, principal.boundary, role.trust))
            key = (documents, granted, principal.boundary, role_arn, subject)
            given = _is(principal)
            yield from self._compared(principal, f"assume {role.name}", before, after, given, key)
            if granted:
                yield from self._compared(principal, f"assume {role.name}", after, before, given, (key,), is_less=True)

    def trusting(self, account: Account) -> Iterator[Access]:
        """Yield the roles of an account that other accounts may assume and no stack declares."""
        others = sorted(self._deployed.accounts - {account.account_id})
        for principal in account.principals.values():
            if not principal.trust or principal.arn in self._deployed.roles or principal.is_of_service:
                continue
            admits = Policies("", about((principal.trust,), principal.arn)[0])
            questions = [(f"account {it}", is_like((f"arn:*:iam::{it}:*",))) for it in others]
            known = tuple(f"arn:*:iam::{it}:*" for it in (*others, account.account_id))
            anybody = Policies("", tuple(it for it in admits.statements if "*" in it.principals or it.effect == "Deny"))
            for who, rule, given in [
                *((who, admits, given) for who, given in questions),
                ("every other account", anybody, Not(is_like(known))),
            ]:
                key = (principal.trust, who)
                what = f"let {who} in"
                yield from self._compared(principal, what, NOTHING, rule, given, key)

    def using(self, target: Target, account: Account) -> Iterator[Access]:
        """Yield the principals of an account that may use something by their own policies."""
        forbidden: Rule = Policies("", statements_of((target.policy,))).denials if target.policy else NOTHING
        for principal in account.everybody():
            if principal.arn in self._deployed.roles:
                continue
            documents = self._all_policies(principal, account)
            statements = _on_service(statements_of(documents), target.service)
            if not any(it.effect == "Allow" for it in statements):
                continue
            limits: list[Rule] = [Policies("", statements), Not(forbidden)]
            if principal.boundary:
                limits.append(Policies("", _on_service(statements_of((principal.boundary,)), target.service)))
            subject = _subject(principal, (*documents, principal.boundary, target.policy))
            found: list[Access] = []
            for verb, actions in target.uses.items():
                given = All((_is(principal), _is_action(actions), _is_resource(target.arns)))
                key = (documents, principal.boundary, target.name, verb, subject)
                found += self._compared(principal, verb, NOTHING, All(tuple(limits)), given, key)
            yield from _joined(found, target.name)

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
            telling = circumstances.telling(difference)
            witness = {thing: value for thing, value in telling.items() if thing != "principal"}
            allowed = (f"is allowed by {it}" for it in difference.allowed_by)
            denied = (f"is denied by {it}" for it in difference.denied_by)
            because = tuple(dict.fromkeys(denied if is_less else allowed))
            yield Access(principal.arn, what, is_less, True, because, witness)
        elif isinstance(difference, Undecided):
            text = f"{what}: {difference.key} with {difference.operator} can't be decided"
            yield Access(principal.arn, text, is_less, is_certain=False)

    def _all_policies(self, principal: Principal, account: Account) -> tuple[Document, ...]:
        groups = [document for name in principal.groups for document in account.groups.get(name, ())]
        return (*principal.policies, *groups)

    def _granted(self, principal: Principal, account: Account) -> tuple[Document, ...]:
        """The policies that the stacks declare a principal to have: of its groups, or as the grantee that it is."""
        found: list[Document] = []
        for grantee in self._deployed.grantees.values():
            if grantee.account != account.account_id:
                continue
            if grantee.kind == "group":
                found += grantee.policies if grantee.name in principal.groups else ()
            elif any(match(pattern, principal.arn, {}) != NO for pattern in grantee_patterns(grantee)):
                found += grantee.policies
        return tuple(found)


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


def _subject(principal: Principal, documents: Iterable[Document | None]) -> str:
    """Return what of a principal the answers hang on: they are found once for all principals of the same subject."""
    texts = [document.text for document in documents if document]
    return principal.arn if any(map(_OF_PRINCIPALS.search, texts)) else account_of(principal.arn)
