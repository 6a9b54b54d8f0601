"""A role's trust policy: the principals that may assume the role, and the conditions."""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_network

from .args import ReadWriteBucketRoleArgs
from .policies import Condition, PolicyDocument, document, one_or_more, statement
from .principals import is_any_admitted, permission_set_patterns


def trusted_accounts(args: ReadWriteBucketRoleArgs) -> list[str]:
    """Return the accounts that the role trusts, sorted."""
    one = args.get("trusted_account_id")
    return sorted({*args.get("trusted_account_ids", ()), *([one] if one else ())})


def is_open_to_any_role(args: ReadWriteBucketRoleArgs) -> bool:
    """Return whether roles that are not named may assume the role, if their own account lets them.

    Users who are denied the role as members of a group could then reach it through such a role. A role's session never
    counts as signed in with MFA and has no user name (IAM User Guide, "Secure API access with MFA" and "IAM policy
    elements: Variables and tags"). A trusted permission set counts as named.
    """
    trusted = [str(pattern) for pattern in args.get("trusted_principal_arns", ())]
    only_sets = bool(args.get("trusted_permission_sets")) and not trusted
    if only_sets or args.get("require_mfa") or args.get("require_source_identity"):
        return False
    denied = denied_principals("aws", args)  # any partition will do: all ARNs of one role share one
    return any(
        is_any_admitted("role", account, trusted, denied, only_unnamed=True) for account in trusted_accounts(args)
    )


def trusted_principals(partition: str, args: ReadWriteBucketRoleArgs) -> list[str]:
    """Return the patterns of trusted principals; none if the accounts' principals are all trusted."""
    sets = permission_set_patterns(partition, trusted_accounts(args), args.get("trusted_permission_sets", ()))
    return [*map(str, args.get("trusted_principal_arns", ())), *sets]


def denied_principals(partition: str, args: ReadWriteBucketRoleArgs) -> list[str]:
    """Return the patterns of denied principals."""
    sets = permission_set_patterns(partition, trusted_accounts(args), args.get("denied_permission_sets", ()))
    return [*map(str, args.get("denied_principal_arns", ())), *sets]


def trust_policy(partition: str, args: ReadWriteBucketRoleArgs) -> PolicyDocument:
    """Return the trust policy: principals of the accounts may assume the role, if their own account lets them.

    The policy trusts the accounts and names principals in a condition. In the ``Principal`` element a principal cannot
    be a pattern, and turns into its unique id when it is deleted (IAM User Guide, "AWS JSON policy elements:
    Principal").

    Args:
        partition: ``aws``, ``aws-us-gov``, ``aws-cn``, …
        args: the resolved arguments.
    """
    principal = {"AWS": one_or_more(f"arn:{partition}:iam::{account}:root" for account in trusted_accounts(args))}
    statements = []
    denied = denied_principals(partition, args)
    if denied:
        named: Condition = {"ArnLike": {"aws:PrincipalArn": one_or_more(denied)}}
        statements.append(
            statement("DenyPrincipals", "Deny", ["sts:AssumeRole"], principal={"AWS": "*"}, condition=named)
        )
    statements.append(
        statement(
            "TrustAccount", "Allow", ["sts:AssumeRole"], principal=principal, condition=_conditions(partition, args)
        )
    )
    # The session attributes that the conditions demand need an Allow of their own, which alone grants no access.
    if args.get("require_source_identity"):
        own_name = _source_identity()
        statements.append(
            statement("SetSourceIdentity", "Allow", ["sts:SetSourceIdentity"], principal=principal, condition=own_name)
        )
    if args.get("session_tags"):
        tagged = _session_tags(args["session_tags"])
        statements.append(statement("TagSession", "Allow", ["sts:TagSession"], principal=principal, condition=tagged))
    return document(*statements)


def _conditions(partition: str, args: ReadWriteBucketRoleArgs) -> Condition:
    """Return the conditions of all fields that narrow the trust.

    Source: IAM User Guide, "AWS global condition context keys".
    """
    conditions: list[Condition] = []
    trusted = trusted_principals(partition, args)
    if trusted:
        conditions.append({"ArnLike": {"aws:PrincipalArn": one_or_more(trusted)}})
    if args.get("require_mfa"):
        # Not BoolIfExists: calls with long-term keys have no such condition key, and would pass.
        conditions.append({"Bool": {"aws:MultiFactorAuthPresent": "true"}})
    if "mfa_max_age" in args:
        conditions.append({"NumericLessThanEquals": {"aws:MultiFactorAuthAge": str(args["mfa_max_age"])}})
    if "external_id" in args:
        conditions.append({"StringEquals": {"sts:ExternalId": str(args["external_id"])}})
    if "organization_id" in args:
        conditions.append({"StringEquals": {"aws:PrincipalOrgID": args["organization_id"]}})
    if args.get("source_ip_ranges"):
        # Always with a mask: implementations disagree about an address without one.
        ranges = one_or_more(str(ip_network(text)) for text in args["source_ip_ranges"])
        conditions.append({"IpAddress": {"aws:SourceIp": ranges}})
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
    """Return one condition that holds when all of these do."""
    joined: Condition = {}
    for condition in conditions:
        for operator, values in condition.items():
            joined.setdefault(operator, {}).update(values)
    return joined
