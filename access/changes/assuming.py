"""Find who may assume a role in one state of the repository but not in another."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ..iam.search import EVERYTHING, NOTHING, All, Difference, Not, Policies, Rule, Undecided, first_difference
from . import circumstances
from .rendered import Document, Grantee, GranteeKind, Rendered, Role, have_same_texts, label
from .rules import Parts, about, content, is_like, may_assume, naming_principals
from .values import Change, Kind, Open

Result = Change | Open

KINDS: dict[GranteeKind, Kind] = {"group": "group", "role": "role", "permissionSet": "permission set"}
"""The kinds of grantees, as changes name them."""
_NO_STATEMENTS: Parts = ((), (), ())


@dataclass(frozen=True)
class Question:
    """The question whether somebody may assume a role, before and after."""

    kind: Kind
    who: str
    role: str
    """The role's name for people."""
    trust: tuple[Parts, Parts]
    identity: tuple[Parts, Parts] | None
    """The identity policies; ``None`` if unknown policies give the right."""
    given: Rule
    content: object
    """The content of the given rule, so that equal questions are asked once."""
    within_account: bool = False

    @property
    def what(self) -> str:
        """The access in words."""
        return f"assume {self.role}"


class Assuming:
    """The search for principals that may assume roles after but not before."""

    def __init__(self, before: Rendered, after: Rendered, backwards: bool) -> None:
        """Prepare the questions about two states.

        Args:
            before: the first state.
            after: the second state.
            backwards: whether ``before`` is really the later state, to find losses.
        """
        self._before, self._after, self._backwards = before, after, backwards
        self._known: dict[object, tuple[Difference | Undecided | None, bool]] = {}
        self._keys = [*after.grantees, *(key for key in before.grantees if key not in after.grantees)]
        self._changed = [
            key for key in self._keys if not _same_policies(before.grantees.get(key), after.grantees.get(key))
        ]
        self._moved = [*_moved(before, after, backwards)]
        self._names = {arn: label(role, before, after) for arn, role in after.roles.items()}
        self._grantees = {
            key: label(grantee, before, after) for key, grantee in (*before.grantees.items(), *after.grantees.items())
        }

    def results(self) -> Iterator[Result]:
        """Yield the gains, role by role."""
        for role in self._after.roles.values():
            yield from self.role_results(role)

    def role_results(self, role: Role) -> Iterator[Result]:
        """Yield the gains of one role of the second state."""
        was = self._before.roles.get(role.arn)
        trust = about((was.trust,), role.arn) if was else _NO_STATEMENTS, about((role.trust,), role.arn)
        same = bool(was) and content(trust[0]) == content(trust[1])
        yield from self._for_grantees(role, trust, same)
        yield from self._for_users(role, trust)
        if not same:
            yield from self._for_others(role, trust)

    def _for_grantees(self, role: Role, trust: tuple[Parts, Parts], same: bool) -> Iterator[Result]:
        for key in self._changed if same else self._keys:
            was, now = self._before.grantees.get(key), self._after.grantees.get(key)
            policies = was.policies if was else (), now.policies if now else ()
            grantee = now or was
            assert grantee  # noqa: S101 (one of the states has the key)
            identity = about(policies[0], role.arn), about(policies[1], role.arn)
            if same and content(identity[0]) == content(identity[1]):
                continue
            patterns = grantee_patterns(grantee)
            name = self._grantees[key]
            who = name if grantee.kind == "group" else f"{KINDS[grantee.kind]} {name}"
            question = Question(
                KINDS[grantee.kind],
                who,
                self._names[role.arn],
                trust,
                identity,
                is_like(patterns),
                patterns,
                bool(role.account) and grantee.account == role.account,
            )
            yield from self._answer(question) or self._lifted(question, f"power users in {who}")

    def _for_users(self, role: Role, trust: tuple[Parts, Parts]) -> Iterator[Result]:
        """Yield the gains of users whose groups have changed, where the stacks manage the members."""
        for user, were, groups in self._moved:
            current = were if self._backwards else groups
            identity = about(_policies(were), role.arn), about(_policies(groups), role.arn)
            account = (groups or were)[0].account or "*"
            patterns = tuple(f"arn:*:iam::{account}:user/{path}{user}" for path in ("", "*/"))
            question = Question(
                "user",
                f"{user} (now in {' and '.join(group.name for group in current) or 'no group'})",
                self._names[role.arn],
                trust,
                identity,
                is_like(patterns),
                patterns,
            )
            yield from self._answer(question) or self._lifted(question, f"{user}, where other policies allow it,")

    def _for_others(self, role: Role, trust: tuple[Parts, Parts]) -> Iterator[Result]:
        """Yield the gains in each known or trusted account, then of everybody else."""
        text = role.trust.text + (self._before.roles[role.arn].trust.text if role.arn in self._before.roles else "")
        known = sorted(self._before.accounts | self._after.accounts)
        accounts = [*known, *sorted(set(re.findall(r"(?<!\d)\d{12}(?!\d)", text)) - set(known))]
        granted = {grantee.account for grantee in self._after.grantees.values()}
        for account in accounts:
            patterns: tuple[str, ...] = (f"arn:*:iam::{account}:*",)
            who = f"anybody {'else ' if account in granted else ''}in account {account} with the right there"
            question = Question("account", who, self._names[role.arn], trust, None, is_like(patterns), patterns)
            results = self._answer(question)
            if not results and account == role.account:
                # In the role's own account, a trust that names a principal is enough ("Policy evaluation logic").
                named = naming_principals(trust[0]), naming_principals(trust[1])
                who = f"principals of account {account} that it names"
                results = self._answer(replace(question, who=who, trust=named))
            yield from results
        patterns = tuple(f"arn:*:iam::{account}:*" for account in accounts)
        given = Not(is_like(patterns)) if patterns else EVERYTHING
        who = "principals of other accounts"
        yield from self._answer(Question("others", who, self._names[role.arn], trust, None, given, ("not", *patterns)))

    def _answer(self, question: Question) -> list[Result]:
        difference, is_more = self._difference(question)
        return as_results(question.kind, question.who, question.what, difference, is_more)

    def _difference(self, question: Question) -> tuple[Difference | Undecided | None, bool]:
        """Return a difference, and whether anybody could assume the role before."""
        identity = question.identity
        parts = (*question.trust, *(identity or ()))
        key = (*map(content, parts), question.content, question.within_account)
        if key not in self._known:
            before, after = (
                may_assume(trust, own, question.within_account)
                for trust, own in zip(question.trust, identity or (None, None), strict=True)
            )
            difference = first_difference(before, after, question.given)
            is_more = isinstance(difference, Difference) and is_ever(before, question.given)
            self._known[key] = difference, is_more
        return self._known[key]

    def _lifted(self, question: Question, who: str) -> list[Result]:
        """Return the gains of a removed Deny, where other policies allow the access."""
        assert question.identity  # noqa: S101 (only called for grantees)
        before, after = (own[0] for own in question.identity)
        denies = tuple(statement.name for statement in before if statement.effect == "Deny")
        if not denies:
            return []
        given = All((question.given, may_assume(question.trust[1], None)))
        left = Not(Policies("", before).denials), Not(Policies("", after).denials)
        difference = first_difference(*left, given)
        results = as_results(question.kind, who, question.what, difference, is_more=is_ever(left[0], given))
        return no_longer_denied(results, denies[0])


def no_longer_denied(results: Iterable[Result], statement: str) -> list[Result]:
    """Return the results of a removed Deny with the reasons: other policies allow what the statement denied."""
    return [
        replace(each, allowed_by=("other policies",), denied_by=(statement,)) if isinstance(each, Change) else each
        for each in results
    ]


def as_results(
    kind: Kind, who: str, what: str, difference: Difference | Undecided | None, is_more: bool
) -> list[Result]:
    """Return a difference as a list of results, empty if there is none."""
    if difference is None:
        return []
    if isinstance(difference, Undecided):
        return [Open(kind, who, what, difference.key, difference.operator)]
    return [
        Change(
            kind,
            who,
            what,
            circumstances.describe(difference) if is_more else "",
            circumstances.relevant_values(difference),
            tuple(map(str, difference.allowed_by)),
            tuple(map(str, difference.denied_by)),
        )
    ]


def is_ever(rule: Rule, given: Rule) -> bool:
    """Return whether a rule certainly allows something."""
    return isinstance(first_difference(NOTHING, rule, given), Difference)


def _same_policies(one: Grantee | None, other: Grantee | None) -> bool:
    return have_same_texts(one.policies if one else (), other.policies if other else ())


def grantee_patterns(grantee: Grantee) -> tuple[str, ...]:
    """Return the ARNs of the principals to which a grantee's policies apply."""
    start = f"arn:{grantee.partition}:iam::{grantee.account or '*'}"
    if grantee.kind == "group":
        return (f"{start}:user/*",)
    if grantee.kind == "role":
        return (f"{start}:role/{grantee.name}", f"{start}:role/*/{grantee.name}")
    # IAM Identity Center User Guide, "Referencing permission sets in resource policies": in us-east-1 without a region.
    role = f"AWSReservedSSO_{grantee.name}_{'?' * 16}"
    return tuple(f"{start}:role/aws-reserved/sso.amazonaws.com/{path}{role}" for path in ("", "*/"))


def _moved(
    before: Rendered, after: Rendered, backwards: bool
) -> Iterator[tuple[str, tuple[Grantee, ...], tuple[Grantee, ...]]]:
    """Yield the users whose groups have changed, with both sets of groups, as far as the stacks manage the members."""
    # A group whose members are unmanaged later loses nobody; a user who is listed later may have been a member before.
    later = before if backwards else after
    unmanaged = {key for key, group in (*after.grantees.items(), *later.grantees.items()) if group.members is None}
    were, now = (
        _memberships(group for key, group in state.grantees.items() if key not in unmanaged)
        for state in (before, after)
    )
    for key in sorted(were.keys() | now.keys()):
        groups = were.get(key, ()), now.get(key, ())
        if [group.name for group in groups[0]] != [group.name for group in groups[1]]:
            yield key[1], *groups


def _memberships(groups: Iterable[Grantee]) -> dict[tuple[str, str], tuple[Grantee, ...]]:
    by_user: dict[tuple[str, str], list[Grantee]] = {}
    for group in groups:
        for user in group.members or ():
            by_user.setdefault((group.stack, user), []).append(group)
    return {key: tuple(several) for key, several in by_user.items()}


def _policies(groups: Sequence[Grantee]) -> tuple[Document, ...]:
    return tuple(policy for group in groups for policy in group.policies)
