"""Compare each declared role, grantee and bucket with its deployed state."""

import json
from collections.abc import Collection, Iterator, Mapping, Set
from dataclasses import dataclass, replace

from ..changes import rights
from ..changes.assuming import KINDS, Assuming
from ..changes.rendered import Bucket, Document, Grantee, Rendered, Role, have_same_texts
from ..changes.rules import ASSUME, is_like, statements_of
from ..iam.checks import ActionCheck, ResourceCheck
from ..iam.documents import Statement
from ..iam.evaluation import covers_action
from ..iam.patterns import match
from ..iam.search import EVERYTHING, All, Holds, Not, Policies, Rule
from ..iam.verdicts import NO
from .deployed import Account
from .differences import excesses, lacks
from .values import Finding, Reading


@dataclass(frozen=True)
class Parts:
    """The declared parts of all stacks, and their deployed state."""

    declared: Rendered
    deployed: Rendered
    accounts: Mapping[str, Account]

    def readings(self) -> Iterator[Reading]:
        """Yield one reading for each part of the accounts that were read."""
        gained = Assuming(self.declared, self.deployed, backwards=False)
        lost = Assuming(self.deployed, self.declared, backwards=True)
        for role in self.declared.roles.values():
            if role.account in self.accounts:
                yield from self._role(role, gained, lost)
        for key, grantee in self.declared.grantees.items():
            if grantee.account in self.accounts:
                yield self._grantee(grantee, self.deployed.grantees.get(key))
        for name, bucket in self.declared.buckets.items():
            account = self.accounts.get(bucket.account or "")
            if account and bucket.name in account.buckets:
                yield from self._bucket(bucket, self.deployed.buckets.get(name))

    def _role(self, role: Role, gained: Assuming, lost: Assuming) -> Iterator[Reading]:
        account, subject = role.account or "", f"role {role.name}"
        deployed = self.deployed.roles.get(role.arn)
        trust = (account, f"role/{role.name}/trust", subject, "who may assume it")
        if not deployed:
            yield reading(*trust, [Finding("lack", f"there is no {subject}, though it is declared")])
            return
        found = [
            *excesses(gained.role_results(deployed)),
            *lacks(lost.role_results(role)),
            *_others_in_trust(role, deployed),
        ]
        yield reading(*trust, found)
        yield reading(account, f"role/{role.name}/rights", subject, "what it may do", self._rights(role, deployed))
        yield reading(
            account, f"role/{role.name}/session", subject, "how long a session lasts", _session(role, deployed)
        )

    def _rights(self, role: Role, deployed: Role) -> Iterator[Finding]:
        actual = self.accounts[role.account or ""].principals[role.arn]
        kept = have_same_texts(_bucket_policies(self.declared, role), _bucket_policies(self.deployed, role))
        if kept and not actual.boundary and not role.boundary and have_same_texts(role.policies, deployed.policies):
            return
        boundary: Rule = EVERYTHING
        if actual.boundary:
            boundary = Policies("", statements_of((actual.boundary,)))
        declared = Policies("", statements_of(role.policies))
        given = All((boundary, is_like((role.arn,)), _ON_A_RESOURCE))
        yield from excesses(rights.newly_done("rights", role.name, declared, deployed.policies, given=given))
        in_force = All((Policies("", statements_of(deployed.policies)), boundary, _not_denied(self.deployed, role)))
        before = Not(_not_denied(self.declared, role).denials)
        as_declared = All((is_like((role.arn,)), _ON_A_RESOURCE, before))
        bounded = (f"is bounded by {actual.boundary_arn}",) if actual.boundary else ()
        for lack in lacks(rights.newly_done("rights", role.name, in_force, role.policies, given=as_declared)):
            yield replace(lack, because=(*lack.because, *bounded))
        if role.boundary and role.boundary != deployed.boundary:
            present = f"it has {deployed.boundary}" if deployed.boundary else "it has none"
            text = f"{role.name} is not bounded by {role.boundary}, though that is declared: {present}"
            yield Finding("excess", text)

    def _grantee(self, grantee: Grantee, deployed: Grantee | None) -> Reading:
        kind = KINDS[grantee.kind]
        subject = f"{kind} {grantee.name}"
        place = (
            grantee.account or "",
            f"{grantee.kind}/{grantee.name}",
            subject,
            "what else it may do in other accounts",
        )
        if not deployed:
            return reading(*place, [Finding("lack", f"there is no {subject}, though it is declared")])
        if have_same_texts(grantee.policies, deployed.policies):
            return reading(*place, ())
        declared = Policies("", statements_of(grantee.policies))
        elsewhere = tuple(
            narrowed
            for document in deployed.policies
            if (narrowed := _elsewhere(document, grantee.account or "", self.declared.accounts))
        )
        own = Holds(ResourceCheck((f"arn:*:*:*:{grantee.account}:*",), inverted=False, variables=False))
        found = rights.newly_done(kind, subject, declared, elsewhere, self.declared.roles, given=Not(own))
        return reading(*place, excesses(found))

    def _bucket(self, bucket: Bucket, deployed: Bucket | None) -> Iterator[Reading]:
        account, subject = bucket.account or "", f"bucket {bucket.name}"
        policy = (account, f"bucket/{bucket.name}/policy", subject, "its policy")
        if not deployed:
            yield reading(*policy, [Finding("lack", f"there is no {subject}, though it is declared")])
            return
        roles = [role for role in self.declared.roles.values() if role.account == account]
        found = [
            *excesses(rights.bucket_results(bucket, deployed, roles)),
            *lacks(rights.allowed_by_bucket(deployed, bucket)),
        ]
        yield reading(*policy, found)
        actual = self.accounts[account].buckets[bucket.name]
        missing = sorted(bucket.guards - deployed.guards)
        open_to = [f"{subject} is open by its ACL: {each}" for each in (actual.opened_by_acl if actual else ())]
        off = [f"{subject}: {_WITHOUT.get(each, f'its public access block lacks {each}')}" for each in missing]
        guards = [Finding("excess", text) for text in (*open_to, *off)]
        yield reading(account, f"bucket/{bucket.name}/guards", subject, "its ACL and public access block", guards)


_WITHOUT = {"BucketOwnerEnforced": "its ACL is in force, as its object ownership is not BucketOwnerEnforced"}

_LISTS_BUCKETS = Holds(ActionCheck(("s3:ListAllMyBuckets",), inverted=False))
_ON_A_RESOURCE = Not(All((_LISTS_BUCKETS, Not(Holds(ResourceCheck(("${*}",), inverted=False, variables=True))))))
"""All requests but listing buckets on a resource: that call has none, so no statement about a bucket applies.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3".
"""


def reading(
    account: str, part: str, subject: str, question: str, findings: Collection[Finding] | Iterator[Finding]
) -> Reading:
    """Return a reading of a part of an account, with each finding once."""
    unique = {finding.text: finding for finding in findings}
    return Reading(f"{account}/{part}", account, subject, question, tuple(unique.values()))


def _not_denied(state: Rendered, role: Role) -> Policies:
    """Return the policies that allow everything but what the policies of a role's buckets deny."""
    denials = (each for each in statements_of(_bucket_policies(state, role)) if each.effect == "Deny")
    return Policies("", (Statement("everything", "Allow", ("*",)), *denials))


def _bucket_policies(state: Rendered, role: Role) -> tuple[Document, ...]:
    """Return the policies of the buckets that a role names."""
    resources = {text for statement in statements_of(role.policies) for text in statement.resources}
    named = {text.rpartition(":::")[2].partition("/")[0] for text in resources}
    return tuple(bucket.policy for bucket in state.buckets.values() if bucket.policy and bucket.name in named)


def _session(role: Role, deployed: Role) -> Iterator[Finding]:
    if role.max_session and deployed.max_session and role.max_session != deployed.max_session:
        kind = "excess" if deployed.max_session > role.max_session else "lack"
        text = f"a session of {role.name} may last {deployed.max_session} seconds; declared: {role.max_session}"
        yield Finding("excess" if kind == "excess" else "lack", text)


def _others_in_trust(role: Role, deployed: Role) -> Iterator[Finding]:
    """Yield the services and identity providers that may begin sessions though no statement declares it."""
    declared = {_content(statement) for statement in role.trust.statements()}
    for statement in statements_of((deployed.trust,)):
        if statement.effect == "Allow" and statement.other_principals and _content(statement) not in declared:
            principals = ", ".join(statement.other_principals)
            text = f"{principals} may also begin sessions of {role.name} ({', '.join(statement.actions)})"
            yield Finding("excess", text, (f"is allowed by {statement.name}",))


def _content(statement: Statement) -> tuple[object, ...]:
    return tuple(value for name, value in sorted(vars(statement).items()) if name != "name")


def _elsewhere(document: Document, own: str, accounts: Set[str]) -> Document | None:
    """Return a document's statements about other accounts: resources of the stacks' accounts, and roles of any account.

    Args:
        document: a grantee's policy.
        own: the grantee's account.
        accounts: the stacks' accounts.

    Returns:
        The document with these statements; ``None`` if none allows anything.
    """
    parsed = json.loads(document.text)
    listed = parsed["Statement"] if isinstance(parsed["Statement"], list) else [parsed["Statement"]]
    kept = []
    for number, (written, statement) in enumerate(zip(listed, document.statements(), strict=True), start=1):
        named = {"Sid": f"statement {number}", **written}
        if statement.effect == "Deny":
            kept.append(named)
            continue
        others = accounts - {own}
        texts = () if statement.not_resource else statement.resources
        named_there = [text for text in texts if any(account in text for account in others)]
        if named_there:
            kept.append({**named, "Resource": named_there})
        roles = [text for text in texts if text not in named_there and _may_be_role_elsewhere(text, own)]
        if covers_action(statement, ASSUME) and (roles or statement.not_resource):
            action = {key: value for key, value in named.items() if key not in ("NotAction", "Action")}
            kept.append({**action, "Action": ASSUME, **({"Resource": roles} if roles else {})})
    if not any(statement["Effect"] == "Allow" for statement in kept):
        return None
    return replace(document, text=json.dumps({**parsed, "Statement": kept}))


def _may_be_role_elsewhere(resource: str, own: str) -> bool:
    """Return whether a text with wildcards may match a role of another account."""
    service, _, account = (resource.split(":", 5) + ["*"] * 5)[2:5]
    return account != own and match(service, "iam", {}, variables=False) != NO
