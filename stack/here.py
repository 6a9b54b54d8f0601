"""The account of the stack that is running, as its file says it."""

import pulumi

from components import rules
from components.validation import MISSING, InvalidValue

_PARTITIONS = {
    "cn-": "aws-cn",
    "eusc-": "aws-eusc",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
    "eu-isoe-": "aws-iso-e",
}
"""Partitions by how their regions' names begin; others are of ``aws``. Source: botocore, data/partitions.json."""


def own_accounts() -> list[str]:
    """Return the accounts that this stack may change.

    Raises:
        InvalidValue: the file does not say so, and credentials of a wrong account would change that account.
    """
    key = "aws:allowedAccountIds"
    accounts = pulumi.Config("aws").get_object("allowedAccountIds")
    if not isinstance(accounts, list) or not accounts:
        raise InvalidValue(
            key, MISSING if accounts is None else accounts, 'list the account of this stack, e.g. ["111111111111"]'
        )
    for index, account in enumerate(accounts):
        rules.account_id(f"{key}[{index}]", account)
    return accounts


def own_partition() -> str | None:
    """Return the partition that the stack's region is in; nothing where the file names no region."""
    region = pulumi.Config("aws").get("region")
    if not region:
        return None
    return next((name for start, name in _PARTITIONS.items() if region.startswith(start)), "aws")
