"""Who may assume a role, and under which conditions: the role's trust policy."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi

from . import policies
from .policies import Condition, OneOrMore, PolicyDocument, Statement, one_or_more


class TrustArgs(TypedDict):
    """Who may assume a role. Each field beside the accounts narrows it further; all of them must hold."""

    trusted_account_id: NotRequired[str]
    """The account whose principals may assume the role, if that account lets them: twelve digits."""
    trusted_account_ids: NotRequired[Sequence[str]]
    """Several such accounts, in place of ``trusted_account_id``."""
    trusted_principal_arns: NotRequired[Sequence[pulumi.Input[str]]]
    """Only these users and roles of the accounts; ``*`` and ``?`` in an ARN stand for any characters."""
    denied_principal_arns: NotRequired[Sequence[pulumi.Input[str]]]
    """Never these users and roles, whatever else allows it; written as ``trusted_principal_arns``."""
    require_mfa: NotRequired[bool]
    """Only principals that signed in with multi-factor authentication. ``False`` by default."""
    mfa_max_age: NotRequired[int]
    """Only if that sign-in is no older than this, in seconds: 900 to 129600. Needs ``require_mfa``."""
    external_id: NotRequired[pulumi.Input[str]]
    """Only callers that pass this id: 2 to 1224 letters, digits or ``+=,.@:/-_``. Whoever may read the role sees it."""
    generate_external_id: NotRequired[bool]
    """Only callers that pass an id that AWS makes up: the unique id of the role's policy. ``False`` by default."""
    organization_id: NotRequired[str]
    """Only principals of this organization of AWS Organizations, e.g. ``o-a1b2c3d4e5``."""
    source_ip_ranges: NotRequired[Sequence[str]]
    """Only calls from these addresses, in CIDR notation."""
    require_source_identity: NotRequired[bool]
    """Only sessions whose source identity is the IAM user's name. ``False`` by default."""
    session_tags: NotRequired[Mapping[str, Sequence[str]]]
    """Only sessions with exactly these tags, each with one of its values."""
    expires_at: NotRequired[str]
    """Only before this moment, e.g. ``2027-01-31T00:00:00Z``. Sessions that began before it run to their end."""


def trusted_accounts(args: TrustArgs) -> list[str]:
    """The accounts that the role trusts, sorted."""
    one = args.get("trusted_account_id")
    return sorted({*args.get("trusted_account_ids", ()), *([one] if one else ())})


def is_open_to_any_role(args: TrustArgs) -> bool:
    """Whether roles of the accounts that nobody named may assume the role, if their own account lets them.

    Who is denied the role as a member of a group could then get to it by way of one of those. A role's session never
    counts as signed in with MFA and has no user name (IAM User Guide, "Secure API access with MFA" and "IAM policy
    elements: Variables and tags").
    """
    if args.get("require_mfa") or args.get("require_source_identity"):
        return False
    closed = {str(pattern).split(":")[4] for pattern in args.get("denied_principal_arns", ()) if _is_any_role(pattern)}
    if "*" in closed or closed.issuperset(trusted_accounts(args)):
        return False
    trusted = args.get("trusted_principal_arns")
    return not trusted or any(":role/" in str(pattern) and set("*?") & set(str(pattern)) for pattern in trusted)


def _is_any_role(pattern: object) -> bool:
    return str(pattern).endswith(":role/*")


def trust_policy(partition: str, args: TrustArgs) -> PolicyDocument:
    """The trust policy: principals of the accounts may assume the role, if their own account lets them.

    The accounts are trusted and the principals are named in a condition: a principal in the ``Principal`` element is
    turned into its unique id when it is deleted, and cannot be a pattern (IAM User Guide, "AWS JSON policy elements:
    Principal").

    Args:
        partition: ``aws``, ``aws-us-gov``, ``aws-cn``, …
        args: resolved values.
    """
    accounts = one_or_more(f"arn:{partition}:iam::{account}:root" for account in trusted_accounts(args))
    conditions = {"TrustAccount": _conditions(args)}
    # What the conditions above demand of a session has to be allowed by itself too, and gives nothing by itself.
    if args.get("require_source_identity"):
        conditions["SetSourceIdentity"] = _source_identity()
    if args.get("session_tags"):
        conditions["TagSession"] = _session_tags(args["session_tags"])
    return policies.document(*_denials(args), *(_allow(accounts, sid, held) for sid, held in conditions.items()))


_ACTIONS = {
    "TrustAccount": "sts:AssumeRole",
    "SetSourceIdentity": "sts:SetSourceIdentity",
    "TagSession": "sts:TagSession",
}


def _allow(accounts: OneOrMore, sid: str, condition: Condition) -> Statement:
    allow: Statement = {"Sid": sid, "Effect": "Allow", "Principal": {"AWS": accounts}, "Action": _ACTIONS[sid]}
    if condition:
        allow["Condition"] = condition
    return allow


def _conditions(args: TrustArgs) -> Condition:
    """One condition for each field that narrows. Source: IAM User Guide, "AWS global condition context keys"."""
    conditions: list[Condition] = []
    if args.get("trusted_principal_arns"):
        arns = one_or_more(str(arn) for arn in args["trusted_principal_arns"])
        conditions.append({"ArnLike": {"aws:PrincipalArn": arns}})
    if args.get("require_mfa"):
        # Not BoolIfExists: long-term keys carry no such key at all, and would pass.
        conditions.append({"Bool": {"aws:MultiFactorAuthPresent": "true"}})
    if "mfa_max_age" in args:
        conditions.append({"NumericLessThanEquals": {"aws:MultiFactorAuthAge": str(args["mfa_max_age"])}})
    if "external_id" in args:
        conditions.append({"StringEquals": {"sts:ExternalId": str(args["external_id"])}})
    if "organization_id" in args:
        conditions.append({"StringEquals": {"aws:PrincipalOrgID": args["organization_id"]}})
    if args.get("source_ip_ranges"):
        conditions.append({"IpAddress": {"aws:SourceIp": one_or_more(args["source_ip_ranges"])}})
    if args.get("require_source_identity"):
        conditions.append(_source_identity())
    if args.get("session_tags"):
        conditions.append(_session_tags(args["session_tags"]))
    if "expires_at" in args:
        conditions.append({"DateLessThan": {"aws:CurrentTime": args["expires_at"]}})
    return _all_of(conditions)


def _source_identity() -> Condition:
    return {"StringEquals": {"sts:SourceIdentity": "${aws:username}"}}


def _session_tags(tags: Mapping[str, Sequence[str]]) -> Condition:
    return {
        "StringEquals": {f"aws:RequestTag/{tag}": one_or_more(values) for tag, values in sorted(tags.items())},
        "ForAllValues:StringEquals": {"aws:TagKeys": one_or_more(tags)},
    }


def _all_of(conditions: Iterable[Condition]) -> Condition:
    """One condition that holds when all of these do."""
    joined: Condition = {}
    for condition in conditions:
        for operator, values in condition.items():
            joined.setdefault(operator, {}).update(values)
    return joined


def _denials(args: TrustArgs) -> list[Statement]:
    denied = args.get("denied_principal_arns")
    if not denied:
        return []
    return [
        {
            "Sid": "DenyPrincipals",
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "sts:AssumeRole",
            "Condition": {"ArnLike": {"aws:PrincipalArn": one_or_more(str(arn) for arn in denied)}},
        }
    ]
