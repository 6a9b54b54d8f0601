"""The account, region and partition of the running stack, from its file."""

import difflib

import pulumi_aws as aws

from components import rules
from components.validation import MISSING, InvalidValue
from stack.entries import config_value

_REGIONS = [str(region.value) for region in aws.Region]
_PARTITIONS = {
    "cn-": "aws-cn",
    "eusc-": "aws-eusc",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
    "eu-isoe-": "aws-iso-e",
}
"""Partitions by the prefix of their regions; other regions are in ``aws``. Source: botocore, data/partitions.json."""


def own_accounts() -> list[str]:
    """Return the accounts that this stack may change.

    Raises:
        InvalidValue: the file does not list any, so credentials of a wrong account would change that account.
    """
    key = "aws:allowedAccountIds"
    accounts = config_value("aws", "allowedAccountIds")
    if not isinstance(accounts, list) or not accounts:
        raise InvalidValue(
            key, MISSING if accounts is None else accounts, 'list the account of this stack, e.g. ["111111111111"]'
        )
    for index, account in enumerate(accounts):
        rules.account_id(f"{key}[{index}]", account)
    return accounts


def own_region() -> str | None:
    """Return the stack's region; ``None`` if neither the file nor the environment names it, only a profile.

    Raises:
        InvalidValue: there is no such region.
    """
    region: str | None = aws.config.region  # from the file or the environment
    if region and region not in _REGIONS and config_value("aws", "skipRegionValidation") is not True:
        similar = difflib.get_close_matches(region, _REGIONS)
        hint = f"did you mean {' or '.join(similar)}?" if similar else "write one like us-east-1."
        rule = f"there is no such region; {hint} For a newer region, set aws:skipRegionValidation to true"
        raise InvalidValue("aws:region", region, rule)
    return region


def own_partition() -> str | None:
    """Return the partition of the stack's region; ``None`` if the region is not known."""
    region = own_region()
    if not region:
        return None
    return next((name for start, name in _PARTITIONS.items() if region.startswith(start)), "aws")
