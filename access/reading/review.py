"""The reading half of a proof: what is deployed in some accounts, compared with what the stacks declare."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

from ..arn import account_of, name_of, partition_of, resource_of
from ..changes.rendered import Rendered
from ..iam.documents import Statement
from ..iam.principals import label
from ..known_principals import KnownPrincipal
from ..participants import Participant
from . import uses
from .accounts import read
from .declared_parts import Parts, reading
from .deployed import Account, Principal, as_declared
from .others import Access, Others
from .uses import Target
from .values import Finding, Reading, Review

_MOST_NAMES = 5
"""Of principals of which the same is said; the others are counted."""

# Access points need no line: their policies grant only what the bucket's own policy, which is read, allows too. Source:
# Amazon S3 User Guide, "Configuring IAM policies for using access points".
_NOT_READ = (
    "service and resource control policies, session policies, and the accounts' root users",
    "key policies, object ACLs, and who reads the settings of a bucket",
    "service-linked roles, which only AWS uses; ways over several principals: access bypass",
)


def read_and_review(
    declared: Rendered, participants: Iterable[Participant], known: Sequence[KnownPrincipal] = ()
) -> Review:
    """Read the accounts of some stacks, and compare them with what these declare.

    Args:
        declared: what the stacks declare.
        participants: the accounts.
        known: exceptions beside those of the stacks' files.

    Raises:
        botocore.exceptions.BotoCoreError: AWS can't be reached.
    """
    administrators = {it.account.account_id: it.account.administrator for it in participants if it.outputs}
    roles = [role for role in declared.roles.values() if role.account in administrators]
    with ThreadPoolExecutor(max(len(administrators), 1)) as pool:
        accounts = pool.map(
            lambda it: read(
                it[1],
                it[0],
                [role.name for role in roles if role.account == it[0]],
                [bucket.name for bucket in declared.buckets.values() if bucket.account == it[0]],
            ),
            administrators.items(),
        )
        return review(declared, {it.account_id: it for it in accounts}, datetime.now(UTC), known)


def readers(participants: Iterable[Participant]) -> list[KnownPrincipal]:
    """Return those whose profiles lead to the accounts: whoever named a profile knows its rights."""
    found = []
    for it in participants:
        arn = it.account.arn
        kind, _, name = resource_of(arn).partition("/")
        reason = f"profile {it.account.profile} reads the account"
        if kind == "assumed-role":
            start = f"arn:{partition_of(arn)}:iam::{account_of(arn)}:role/"
            role = name.partition("/")[0]
            found += [KnownPrincipal(f"{start}{path}{role}", reason) for path in ("", "*/")]
        elif kind == "user":
            found.append(KnownPrincipal(arn, reason))
    return found


def review(
    declared: Rendered, accounts: Mapping[str, Account], now: datetime, known: Sequence[KnownPrincipal] = ()
) -> Review:
    """Compare what is deployed with what the stacks declare, for every request.

    Args:
        declared: what the stacks declare.
        accounts: what is there, by the account's id.
        now: the moment at which exceptions have to be in force, in UTC.
        known: exceptions beside those of the stacks' files.
    """
    everything, accounts = accounts, {account_id: it for account_id, it in accounts.items() if it.is_read}
    deployed = as_declared(declared, accounts)
    exceptions = _Exceptions((*declared.known, *known), accounts, now)
    readings = [
        *Parts(declared, deployed, accounts).readings(),
        *_of_others(Others(deployed, accounts), deployed, accounts, exceptions),
        *_unread(everything),
    ]
    return Review(tuple(readings), exceptions.matched(declared.known), (*_NOT_READ, *_elsewhere(declared, accounts)))


class _Exceptions:
    """Takes out of what is found what principals do that the stacks' files name."""

    def __init__(self, known: Sequence[KnownPrincipal], accounts: Mapping[str, Account], now: datetime) -> None:
        self._known, self._accounts, self._now = known, accounts, now
        self._matched: dict[KnownPrincipal, set[str]] = {it: set() for it in known}

    def without(self, found: Iterable[Access]) -> Iterator[Access]:
        """Yield what the other principals do."""
        for access in found:
            if access.is_less or not self._is_known(access.principal):
                yield access

    def _is_known(self, arn: str) -> bool:
        """Return whether a principal is an exception; of a group, whether it has members and all of them are."""
        if ":group/" in arn:
            account, name = self._accounts[account_of(arn)], name_of(arn)
            members = [it.arn for it in account.principals.values() if name in it.groups]
            return bool(members) and all([self._is_known(member) for member in members])
        exceptions = [it for it in self._known if it.is_about(arn, self._now)]
        for it in exceptions:
            self._matched[it].add(arn)
        return bool(exceptions)

    def matched(self, always: Collection[KnownPrincipal]) -> tuple[KnownPrincipal, ...]:
        """Return the exceptions that were needed, with the principals that each was needed for, and some always."""
        found = (replace(it, matched=tuple(sorted(arns))) for it, arns in self._matched.items() if arns or it in always)
        return tuple(found)


def _of_others(
    others: Others, deployed: Rendered, accounts: Mapping[str, Account], exceptions: _Exceptions
) -> Iterator[Reading]:
    for account_id, account in accounts.items():
        everybody = "principals"
        administrators = {it.principal: it for it in exceptions.without(others.administering(account))}
        means: dict[str, list[str]] = {arn: [] for arn in administrators}
        named = set(administrators)

        def others_than_known(
            found: Iterable[Access], means: Mapping[str, list[str]] = means, named: set[str] = named
        ) -> Iterator[Finding]:
            listed = []
            for access in exceptions.without(found):
                if access.principal in means and not access.is_less:
                    means[access.principal].append(access.what)
                else:
                    listed.append(access)
            named.update(access.principal for access in listed)
            yield from _folded(listed)

        readings = []
        for role in deployed.roles.values():
            found = others_than_known(others.entering(role.arn, account))
            part = f"principals/role/{account_of(role.arn)}/{role.name}"
            readings.append(reading(account_id, part, everybody, f"who else may assume {role.name}", found))
        trusted = others_than_known(others.trusting(account))
        readings.append(reading(account_id, "roles", "other roles", "which accounts they trust", trusted))
        for target in _targets(deployed, account):
            found = others_than_known(others.using(target, account))
            what = f"who else {'may change' if target.service == 'iam' else 'may use'} {target.name}"
            readings.append(reading(account_id, f"principals/{target.name}", everybody, what, found))
        found = others_than_known(others.extending(account, but=frozenset(named)))
        readings.append(
            reading(account_id, "principals/own rights", everybody, "who may extend their own rights", found)
        )
        anything = _folded(_with_means(it, means[it.principal]) for it in administrators.values())
        yield reading(account_id, "principals/administrators", everybody, "who may do anything", anything)
        yield from readings


def _with_means(administrator: Access, means: Sequence[str]) -> Access:
    """Return what an administrator may do, with what that means for what the stacks made."""
    more = f"; {len(means) - _MOST_NAMES} more" if len(means) > _MOST_NAMES else ""
    consequences = f": {'; '.join(means[:_MOST_NAMES])}{more}" if means else ""
    return replace(administrator, what=administrator.what + consequences)


def _targets(deployed: Rendered, account: Account) -> Iterator[Target]:
    """Yield what principals of an account can use by their own policies alone: what belongs to the account."""
    account_id = account.account_id
    for bucket in deployed.buckets.values():
        if bucket.account == account_id:
            yield uses.bucket(bucket.name, _partition(deployed), bucket.policy)
    for key in _keys(deployed):
        if account_of(key) == account_id:
            yield uses.key(key)
    for role in deployed.roles.values():
        if role.account == account_id:
            yield uses.role(role.arn, role.name)
            yield from _policies_of(account.principals.get(role.arn), account_id)
    for grantee in deployed.grantees.values():
        if grantee.account != account_id:
            continue
        if grantee.kind == "group":
            yield uses.group(grantee.name, grantee.partition, account_id)
        elif grantee.kind == "role" and (there := account.role(grantee.name)):
            yield uses.role(there.arn, grantee.name)
            yield from _policies_of(there, account_id)
        elif grantee.kind == "permissionSet" and grantee.policies:
            start = f"arn:{grantee.partition}:iam::{account_id}:policy/"
            names = [name for name, document in account.managed.items() if document in grantee.policies]
            arns = [f"{start}{path}{name}" for name in names for path in ("", "*/")]
            yield uses.policies(arns, f"permission set {grantee.name}")


def _policies_of(role: Principal | None, account_id: str) -> Iterator[Target]:
    if not role:
        return
    own = [arn for arn in (*role.attached, role.boundary_arn or "") if arn and account_of(arn) == account_id]
    if own:
        yield uses.policies(own, f"role {role.name}")


def _folded(found: Iterable[Access]) -> Iterator[Finding]:
    """Yield one finding for all principals of which the same is said, for the same reasons."""
    alike: dict[tuple[object, ...], list[Access]] = {}
    for access in found:
        alike.setdefault((access.what, access.is_less, access.is_certain, access.because), []).append(access)
    for several in alike.values():
        names = [label(access.principal) for access in several]
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        who, one = f"{', '.join(names[:_MOST_NAMES])}{more}", several[0]
        if not one.is_certain:
            yield Finding("undecided", f"whether {who} may {one.what}")
        elif one.is_less:
            yield Finding("lack", f"{who} may not {one.what}, though that is declared", one.because, one.witness)
        else:
            yield Finding("excess", f"{who} may also {one.what}", one.because, one.witness)


def _unread(accounts: Mapping[str, Account]) -> Iterator[Reading]:
    for account_id, account in accounts.items():
        if account.unread:
            found = [Finding("undecided", line) for line in account.unread]
            yield reading(account_id, "unread", "all", "what could not be read", found)


def _elsewhere(declared: Rendered, accounts: Mapping[str, Account]) -> Iterator[str]:
    """Yield what belongs to accounts that were not read."""
    for role in declared.roles.values():
        trusted = {account for statement in role.trust.statements() for account in _accounts(statement)}
        for account_id in sorted(trusted - accounts.keys()):
            yield f"who of account {account_id}, which {role.name} trusts, may assume it: its stack was not named"
    made = {bucket.name for bucket in declared.buckets.values()}
    for name in sorted(_buckets(declared) - made):
        yield f"who else may use bucket {name}, which is looked after elsewhere"
    for key in _keys(declared):
        if account_of(key) not in accounts:
            yield f"who else may use {key}"


def _buckets(declared: Rendered) -> set[str]:
    """Return the buckets that the roles' policies name."""
    return {arn.split(":::")[1].partition("/")[0] for arn in _resources(declared) if ":s3:::" in arn}


def _keys(declared: Rendered) -> list[str]:
    """Return the ARNs of the keys that the roles' policies name."""
    return sorted({arn for arn in _resources(declared) if arn.split(":")[2:3] == ["kms"]})


def _resources(declared: Rendered) -> Iterator[str]:
    for role in declared.roles.values():
        for policy in role.policies:
            for statement in policy.statements():
                yield from statement.resources


def _accounts(statement: Statement) -> set[str]:
    """Return the accounts that a statement of a trust policy names."""
    named = (text if text.isdecimal() else account_of(text) for text in statement.principals if text != "*")
    return {account for account in named if account}


def _partition(declared: Rendered) -> str:
    return next((arn.split(":")[1] for arn in declared.roles), "aws")
