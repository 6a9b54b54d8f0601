"""Read deployed accounts in the form that reviews compare."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..accounts import Session
from ..arn import name_of
from ..changes.rendered import Document
from ..iam.account_reader import AccountState, BucketState, read_account
from ..iam.principals import Policy, PolicyVersion
from ..iam.principals import Principal as IamPrincipal
from ..render.documents import ordered
from .deployed import Account, DeployedBucket, Principal

_NO_ACLS = "BucketOwnerEnforced"
"""The object ownership that turns ACLs off. Source: Amazon S3 User Guide, "Controlling ownership of objects"."""
_GUARDS = {
    "BlockPublicAcls": "blockPublicAcls",
    "BlockPublicPolicy": "blockPublicPolicy",
    "IgnorePublicAcls": "ignorePublicAcls",
    "RestrictPublicBuckets": "restrictPublicBuckets",
}


def read(session: Session, account_id: str, roles: Collection[str], buckets: Collection[str]) -> Account:
    """Return the deployed state of an account.

    Args:
        session: a session that may read IAM and S3.
        account_id: the id of the account.
        roles: the names of the stacks' roles in it.
        buckets: the names of the stacks' buckets in it.

    Raises:
        botocore.exceptions.BotoCoreError: AWS can't be reached.
    """
    state = read_account(session, account_id, roles, buckets)
    directory = state.directory
    if not directory:
        return Account(account_id, unread=state.unread, is_read=False)
    return Account(
        account_id,
        {principal.arn: _principal(principal, state) for principal in directory.principals},
        {group.name: tuple(map(_document, group.policies)) for group in directory.groups},
        {name_of(arn): _managed(arn, versions) for arn, versions in directory.versions.items()},
        {bucket.name: _bucket(bucket) for bucket in state.buckets.values() if not bucket.unread},
        state.unread,
    )


def _principal(found: IamPrincipal, state: AccountState) -> Principal:
    role = state.roles.get(found.name) if not found.is_user else None
    own = [policy for policy in found.policies if policy.holder == found.arn]
    return Principal(
        found.arn,
        tuple(map(_document, own)),
        tuple(group.name for group in found.groups),
        tuple(policy.arn for policy in own if policy.arn),
        found.boundary.arn if found.boundary else None,
        _document(found.boundary) if found.boundary else None,
        _json("the trust policy", found.trust_document) if found.trust_document else None,
        role.max_session if role else None,
    )


def _document(policy: Policy) -> Document:
    kind = "managed policy" if policy.arn else "inline policy"
    return _json(f"{kind} {policy.name}", policy.document or _unknown_policy(policy.arn or policy.name))


def _managed(arn: str, versions: Sequence[PolicyVersion]) -> Document:
    document = next(version.document for version in versions if version.is_default)
    return _json(f"managed policy {name_of(arn)}", document)


def _unknown_policy(name: str) -> Mapping[str, Any]:
    """Return a document for an unreadable policy: it may allow anything, on a condition of its own."""
    condition = {"StringEquals": {"access:PolicyArn": name}}
    return {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}]}


def _json(name: str, document: Mapping[str, Any]) -> Document:
    return Document(name, json.dumps(ordered(document), sort_keys=True))


def _bucket(state: BucketState) -> DeployedBucket | None:
    if not state.exists:
        return None
    block = state.public_access_block or {}
    guards = {name for key, name in _GUARDS.items() if block.get(key)}
    has_acls = state.object_ownership != _NO_ACLS
    others = [grant for grant in state.grants if grant.grantee != state.owner_id]
    return DeployedBucket(
        _json(f"the policy of bucket {state.name}", state.policy_document) if state.policy_document else None,
        frozenset(guards if has_acls else {*guards, _NO_ACLS}),
        tuple(f"{grant.permission} to {name_of(grant.grantee)}" for grant in others) if has_acls else (),
    )
