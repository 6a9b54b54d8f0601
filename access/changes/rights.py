"""Find new rights: of a role, of principals in a bucket's policy, and of a grantee beyond assuming roles."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from ..iam.checks import is_account
from ..iam.documents import Statement
from ..iam.search import EVERYTHING, All, Difference, Not, Policies, Rule, Some, applies, first_difference
from .assuming import KINDS, Result, as_results, is_ever, no_longer_denied
from .rendered import Bucket, Document, Rendered, Role, label
from .rules import is_like, statements_of
from .values import Change, Kind, Open


def results(before: Rendered, after: Rendered) -> Iterator[Result]:
    """Yield the rights that exist after but not before."""
    known = before.roles.keys() | after.roles.keys()
    for key in [*after.grantees, *(key for key in before.grantees if key not in after.grantees)]:
        was, now = before.grantees.get(key), after.grantees.get(key)
        grantee = now or was
        policies = was.policies if was else (), now.policies if now else ()
        if grantee and policies[0] != policies[1]:
            who = label(grantee, before, after)
            yield from newly_done(KINDS[grantee.kind], who, _rule(policies[0]), policies[1], known)
            yield from no_longer_forbidden(KINDS[grantee.kind], who, *policies, known)
    for arn, role in after.roles.items():
        had = before.roles.get(arn)
        policies, who = (had.policies if had else (), role.policies), label(role, before, after)
        if policies[0] != policies[1]:
            yield from newly_done("rights", who, _rule(policies[0]), policies[1])
        if had and had.boundary != role.boundary:
            yield from _boundary(who, had.boundary, role.boundary)
    for name in [*after.buckets, *(name for name in before.buckets if name not in after.buckets)]:
        yield from bucket_results(before.buckets.get(name), after.buckets.get(name))


def newly_done(
    kind: Kind,
    who: str,
    before: Rule,
    after: Sequence[Document],
    known: Collection[str] = (),
    given: Rule = EVERYTHING,
) -> Iterator[Result]:
    """Yield the rights that identity policies newly allow.

    Args:
        kind: the kind of the policies' holder.
        who: the holder's name.
        before: the rule that was in force.
        after: the policies.
        known: the roles that the search for assuming roles covers.
        given: a rule that all requests keep, such as a permissions boundary.
    """
    statements = statements_of(tuple(after))
    for statement in statements:
        if statement.effect == "Allow":
            yield from _statement_results(kind, who, statement, before, Policies("", statements), known, given)


def no_longer_forbidden(
    kind: Kind, who: str, before: Sequence[Document], after: Sequence[Document], known: Collection[str]
) -> Iterator[Result]:
    """Yield the rights that a grantee's removed Deny denied, except assuming known roles."""
    statements = statements_of(tuple(before)), statements_of(tuple(after))
    was, now = (Policies("", each) for each in statements)
    for statement in statements[0]:
        if statement.effect == "Deny":
            who_else = f"{who}, where other policies allow it,"
            parts = _statement_results(kind, who_else, statement, Not(was.denials), now, known)
            yield from no_longer_denied(parts, statement.name)


def _rule(policies: Sequence[Document]) -> Rule:
    return Policies("", statements_of(tuple(policies))).rule


def _statement_results(
    kind: Kind,
    who: str,
    statement: Statement,
    before: Rule,
    after: Policies,
    known: Collection[str],
    given: Rule = EVERYTHING,
) -> Iterator[Result]:
    """Yield the actions and resources that one statement newly allows."""
    unlimited = All((Not(after.denials), given))
    if first_difference(before, All((applies(statement), unlimited))) is None:
        return
    groups: dict[tuple[str, tuple[str, ...]], list[tuple[str, Change]]] = {}
    by_resource: dict[str, dict[str, list[tuple[str, Change]]]] = {}
    for resource, action, one in _parts(statement, known):
        difference = first_difference(before, All((applies(one), unlimited)))
        otherwise = applies(replace(one, conditions=()))
        is_more = isinstance(difference, Difference) and is_ever(before, otherwise)
        for each in as_results(kind, who, f"do {action} on {resource}", difference, is_more):
            if isinstance(each, Open):
                yield each
            else:
                each = replace(each, allowed_by=each.allowed_by or (statement.name,))
                by_resource.setdefault(resource, {}).setdefault(each.circumstances, []).append((action, each))
    for resource, in_circumstances in by_resource.items():
        for circumstances, several in in_circumstances.items():
            actions = tuple(dict.fromkeys(action for action, _ in several))
            groups.setdefault((circumstances, actions), []).append((resource, several[0][1]))
    for (_, actions), changes in groups.items():
        resources = [*dict.fromkeys(resource for resource, _ in changes)]
        yield replace(changes[0][1], what=f"do {_joined(actions)} on {_joined(resources)}")


def _parts(statement: Statement, known: Collection[str]) -> Iterator[tuple[str, str, Statement]]:
    """Yield a statement's resources and actions one by one, in words, each with a statement about that pair alone."""
    resources: list[tuple[str, Statement]] = [
        (text, replace(statement, resources=(text,))) for text in statement.resources
    ]
    if statement.not_resource:
        resources = [(f"everything but {_joined(statement.resources)}", statement)]
    for resource, part in resources:
        if statement.not_action:
            yield resource, f"everything but {_joined(statement.actions)}", part
            continue
        for action in statement.actions:
            if resource not in known or not action.lower().startswith("sts:"):
                yield resource, action, replace(part, actions=(action,))


def _boundary(who: str, before: str | None, after: str | None) -> Iterator[Result]:
    """Yield a boundary's change. Its document is not rendered, so that a replaced boundary can't be judged."""
    if before and after:
        yield Open("rights", who, "do more", "the permissions boundary", f"{before} replaced by {after}")
    elif before:
        yield Change("rights", who, f"do what its permissions boundary {before} forbade")


def bucket_results(before: Bucket | None, after: Bucket | None, roles: Collection[Role] = ()) -> Iterator[Result]:
    """Yield the rights that a bucket's policy newly allows by itself, then those that it no longer denies.

    Args:
        before: the bucket as it was.
        after: the bucket as it is.
        roles: roles of its account, whose own policies may allow the same.
    """
    policies = tuple((bucket.policy,) if bucket and bucket.policy else () for bucket in (before, after))
    if policies[0] == policies[1] or not after:
        return
    statements = tuple(statements_of(each) for each in policies)
    was, now = (Policies("", each) for each in statements)
    yield from allowed_by_bucket(before, after, roles)
    if not before:
        return
    for statement in statements[0]:
        if statement.effect == "Deny":
            who = "anybody with the right elsewhere"
            parts = _statement_results("bucket", who, statement, Not(was.denials), now, ())
            yield from no_longer_denied(parts, statement.name)


def allowed_by_bucket(before: Bucket | None, after: Bucket, roles: Collection[Role] = ()) -> Iterator[Result]:
    """Yield the rights that a bucket's policy newly allows by itself.

    Args:
        before: the bucket as it was.
        after: the bucket as it is.
        roles: roles of its account, whose own policies may allow the same.
    """
    policies = [(bucket.policy,) if bucket and bucket.policy else () for bucket in (before, after)]
    was, now = (Policies("", statements_of(each)) for each in policies)
    for each in now.statements:
        statement = _without_account(each, after.account)
        if statement.effect == "Allow" and (statement.principals or statement.other_principals):
            own = [
                All((is_like((role.arn,)), Policies("", statements_of(role.policies))))
                for role in roles
                if role.arn in statement.principals and not role.boundary
            ]
            who = f"{_principals(statement)}, by the policy of bucket {after.name},"
            yield from _statement_results("bucket", who, statement, Some((was.rule, *own)), now, ())


def _without_account(statement: Statement, account: str | None) -> Statement:
    """Return an Allow without the bucket's own account, whose policies decide with or without the statement.

    Source: IAM User Guide, "AWS JSON policy elements: Principal", "AWS account principals".
    """
    if not account or statement.effect == "Deny" or statement.not_principal:
        return statement
    others = tuple(text for text in statement.principals if not (is_account(text) and account in text))
    return replace(statement, principals=others)


def _principals(statement: Statement) -> str:
    named = [
        f"account {text.split(':')[4]}" if text.endswith(":root") else "anybody" if text == "*" else text
        for text in (*statement.principals, *statement.other_principals)
    ]
    return f"everybody but {_joined(named)}" if statement.not_principal else _joined(named)


def _joined(texts: Sequence[str]) -> str:
    *before, last = texts or ("nothing",)
    return f"{', '.join(before)} and {last}" if before else last
