"""Compare the deployed state of the accounts with what the stacks declare."""

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
from .others import Access, Undeclared
from .uses import Target
from .values import Finding, Reading, Review

_MAX_NAMES = 5
"""The maximum number of principals named in one finding; the others are counted."""

# Access points need no line: their policies grant only what the bucket's own policy, which is read, allows too. Source:
# Amazon S3 User Guide, "Configuring IAM policies for using access points".
_NOT_READ = (
    "service and resource control policies, session policies, and the accounts' root users",
    "key policies, object ACLs, and reading the settings of a bucket",
    "service-linked roles, which only AWS uses; paths through several principals: see access bypass",
)


def read_and_review(
    declared: Rendered, participants: Iterable[Participant], known: Sequence[KnownPrincipal] = ()
) -> Review:
    """Read the accounts of the stacks, and compare them with what the stacks declare.

    Args:
        declared: what the stacks declare.
        participants: the accounts.
        known: exceptions besides those of the stacks' files.

    Raises:
        botocore.exceptions.BotoCoreError: AWS can't be reached.
    """
    administrators = {each.account.account_id: each.account.administrator for each in participants if each.outputs}

    def read_one(account_id: str) -> Account:
        roles = [role.name for role in declared.roles.values() if role.account == account_id]
        buckets = [bucket.name for bucket in declared.buckets.values() if bucket.account == account_id]
        return read(administrators[account_id], account_id, roles, buckets)

    with ThreadPoolExecutor(max(len(administrators), 1)) as pool:
        accounts = {account.account_id: account for account in pool.map(read_one, administrators)}
    return review(declared, accounts, datetime.now(UTC), known)


def readers(participants: Iterable[Participant]) -> list[KnownPrincipal]:
    """Return the callers whose profiles read the accounts, as known principals."""
    found = []
    for participant in participants:
        arn = participant.account.arn
        kind, _, name = resource_of(arn).partition("/")
        reason = f"profile {participant.account.profile} reads the account"
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
    """Compare the deployed state with what the stacks declare, for every request; return the review.

    Args:
        declared: what the stacks declare.
        accounts: the deployed state by account id.
        now: the current time in UTC; exceptions must be in force then.
        known: exceptions besides those of the stacks' files.
    """
    unread = [*_unread(accounts)]
    accounts = {account_id: account for account_id, account in accounts.items() if account.is_read}
    deployed = as_declared(declared, accounts)
    exceptions = _Exceptions((*declared.known, *known), accounts, now)
    readings = [
        *Parts(declared, deployed, accounts).readings(),
        *_undeclared_readings(Undeclared(deployed, accounts), deployed, accounts, exceptions),
        *unread,
    ]
    return Review(tuple(readings), exceptions.matched(declared.known), (*_NOT_READ, *_elsewhere(declared, accounts)))


class _Exceptions:
    """The known principals, and those for which each was needed."""

    def __init__(self, known: Sequence[KnownPrincipal], accounts: Mapping[str, Account], now: datetime) -> None:
        self._known, self._accounts, self._now = known, accounts, now
        self._matched: dict[KnownPrincipal, set[str]] = {each: set() for each in known}

    def remove_known(self, found: Iterable[Access]) -> Iterator[Access]:
        """Yield the access of principals that are not known, and every lack."""
        for access in found:
            if access.is_less or not self._is_known(access.principal):
                yield access

    def _is_known(self, arn: str) -> bool:
        """Return whether a principal is known. A group is if it has members and all of them are."""
        if ":group/" in arn:
            account, name = self._accounts[account_of(arn)], name_of(arn)
            members = [each.arn for each in account.principals.values() if name in each.groups]
            return bool(members) and all([self._is_known(member) for member in members])
        exceptions = [each for each in self._known if each.is_about(arn, self._now)]
        for exception in exceptions:
            self._matched[exception].add(arn)
        return bool(exceptions)

    def matched(self, always: Collection[KnownPrincipal]) -> tuple[KnownPrincipal, ...]:
        """Return the exceptions that were needed, or are in ``always``, with the principals each was needed for."""
        needed = [(each, arns) for each, arns in self._matched.items() if arns or each in always]
        return tuple(replace(each, matched=tuple(sorted(arns))) for each, arns in needed)


def _undeclared_readings(
    undeclared: Undeclared, deployed: Rendered, accounts: Mapping[str, Account], exceptions: _Exceptions
) -> Iterator[Reading]:
    for account_id, account in accounts.items():
        subject = "principals"
        known_removed = exceptions.remove_known(undeclared.administering(account))
        administrators = {access.principal: access for access in known_removed}
        rights: dict[str, list[str]] = {arn: [] for arn in administrators}
        named = set(administrators)

        def findings(
            found: Iterable[Access], rights: Mapping[str, list[str]] = rights, named: set[str] = named
        ) -> Iterator[Finding]:
            listed = []
            for access in exceptions.remove_known(found):
                if access.principal in rights and not access.is_less:
                    rights[access.principal].append(access.right)
                else:
                    listed.append(access)
            named.update(access.principal for access in listed)
            yield from _folded(listed)

        readings = []
        for role in deployed.roles.values():
            found = findings(undeclared.assuming(role.arn, account))
            part = f"principals/role/{account_of(role.arn)}/{role.name}"
            readings.append(reading(account_id, part, subject, f"who else may assume {role.name}", found))
        trusted = findings(undeclared.trusting(account))
        readings.append(reading(account_id, "roles", "other roles", "which accounts they trust", trusted))
        for target in _targets(deployed, account):
            found = findings(undeclared.using(target, account))
            question = f"who else {'may change' if target.service == 'iam' else 'may use'} {target.name}"
            readings.append(reading(account_id, f"principals/{target.name}", subject, question, found))
        found = findings(undeclared.extending(account, exclude=frozenset(named)))
        readings.append(reading(account_id, "principals/own rights", subject, "who may extend their own rights", found))
        anything = _folded(_with_rights(access, rights[arn]) for arn, access in administrators.items())
        yield reading(account_id, "principals/administrators", subject, "who may do anything", anything)
        yield from readings


def _with_rights(administrator: Access, rights: Sequence[str]) -> Access:
    """Return an administrator's access, with the rights to the stacks' resources that it includes."""
    more = f"; {len(rights) - _MAX_NAMES} more" if len(rights) > _MAX_NAMES else ""
    suffix = f": {'; '.join(rights[:_MAX_NAMES])}{more}" if rights else ""
    return replace(administrator, right=administrator.right + suffix)


def _targets(deployed: Rendered, account: Account) -> Iterator[Target]:
    """Yield the targets in an account: its principals can use them by their own policies alone."""
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
        elif grantee.kind == "role" and (found := account.role(grantee.name)):
            yield uses.role(found.arn, grantee.name)
            yield from _policies_of(found, account_id)
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
    """Yield one finding for all principals with the same access for the same reasons."""
    alike: dict[tuple[object, ...], list[Access]] = {}
    for access in found:
        alike.setdefault((access.right, access.is_less, access.is_certain, access.because), []).append(access)
    for accesses in alike.values():
        names = [label(access.principal) for access in accesses]
        more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
        principals, first = f"{', '.join(names[:_MAX_NAMES])}{more}", accesses[0]
        if not first.is_certain:
            yield Finding("undecided", f"whether {principals} may {first.right}")
        elif first.is_less:
            text = f"{principals} may not {first.right}, though that is declared"
            yield Finding("lack", text, first.because, first.witness)
        else:
            yield Finding("excess", f"{principals} may also {first.right}", first.because, first.witness)


def _unread(accounts: Mapping[str, Account]) -> Iterator[Reading]:
    for account_id, account in accounts.items():
        if account.unread:
            found = [Finding("undecided", line) for line in account.unread]
            yield reading(account_id, "unread", "all", "what could not be read", found)


def _elsewhere(declared: Rendered, accounts: Mapping[str, Account]) -> Iterator[str]:
    """Yield one line for each part that belongs to an account that was not read."""
    for role in declared.roles.values():
        trusted = {account for statement in role.trust.statements() for account in _accounts(statement)}
        for account_id in sorted(trusted - accounts.keys()):
            yield f"principals of account {account_id}, which {role.name} trusts: its stack was not named"
    own = {bucket.name for bucket in declared.buckets.values()}
    for name in sorted(_buckets(declared) - own):
        yield f"who else may use bucket {name}, which is managed elsewhere"
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
    return next(map(partition_of, declared.roles), "aws")
