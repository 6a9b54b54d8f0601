"""Accounts as they are, in the terms of the readings."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from access.accounts import Session
from access.changes.rendered import Document
from access.iam import principals as iam
from access.iam.account_reader import AccountState, BucketState, read_account
from access.reading.deployed import Account, DeployedBucket, Principal

_NO_ACLS = "BucketOwnerEnforced"
_GUARDS = {
    "BlockPublicAcls": "blockPublicAcls",
    "BlockPublicPolicy": "blockPublicPolicy",
    "IgnorePublicAcls": "ignorePublicAcls",
    "RestrictPublicBuckets": "restrictPublicBuckets",
}


def read(session: Session, account_id: str, roles: Collection[str], buckets: Collection[str]) -> Account:
    """Return what is deployed in an account.

    Args:
        session: of somebody who may read.
        account_id: the account.
        roles: the names of the stacks' roles there.
        buckets: the names of the stacks' buckets there.

    Raises:
        botocore.exceptions.BotoCoreError: AWS can't be reached.
    """
    state = read_account(session, account_id, roles, buckets)
    directory = state.directory
    if not directory:
        return Account(account_id, unread=state.unread)
    return Account(
        account_id,
        {it.arn: _principal(it, state) for it in directory.principals},
        {group.name: tuple(map(_document, group.policies)) for group in directory.groups},
        {name_of(arn): _managed(arn, versions) for arn, versions in directory.versions.items()},
        {bucket.name: _bucket(bucket) for bucket in state.buckets.values()},
        (*(state.saml_providers or ()), *(state.oidc_providers or ())),
        state.unread,
    )
