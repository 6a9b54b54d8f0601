"""A role that other accounts may assume to read and write buckets, and nothing else."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import pulumi
import pulumi_aws as aws

from . import policies, rules, validation
from .args import ReadWriteBucketRoleArgs
from .bucket_access import PRESETS, identity_statements, resource_policy_statements
from .partition import Partition, partition_of
from .policies import Condition, PolicyDocument, statement
from .rules import each
from .trust import trust_policy, trusted_accounts
from .validation import InvalidValue, has_pending, is_pending

_TUTORIALS_ROLE, _TUTORIALS_POLICY = "UpdateApp", "read-write-app-bucket"

_MOST_POLICY_CHARACTERS = 6144
_DEFAULT_TRUST_CHARACTERS, _MOST_TRUST_CHARACTERS = 2048, 8192
"""The quota "Role trust policy length", and the most to which AWS raises it on request.

Source: IAM User Guide, "IAM and AWS STS quotas", and Service Quotas.
"""

_NOT_BY_ROLES = "people of IAM Identity Center arrive as a role, which has no MFA and no user name here"
"""Sources: IAM User Guide, "Secure API access with MFA" (federated users) and "IAM policy elements: Variables and tags"
(aws:username is not present in a role's session)."""

_RULES: Mapping[str, rules.Rule] = {
    "name": rules.role_name,
    "policy_name": rules.policy_name,
    "path": rules.path,
    "description": rules.description,
    "tags": rules.tags,
    "max_session_duration": rules.seconds(3600, 43200),
    "permissions_boundary": rules.policy_arn,
    "revoke_sessions_issued_before": rules.moment,
    "trusted_account_id": rules.account_id,
    "trusted_account_ids": each(rules.account_id),
    "trusted_principal_arns": each(rules.principal_pattern),
    "denied_principal_arns": each(rules.principal_pattern),
    "trusted_permission_sets": each(rules.permission_set_name),
    "denied_permission_sets": each(rules.permission_set_name),
    "mfa_max_age": rules.seconds(900, 129600),
    "external_id": rules.external_id,
    "organization_id": rules.organization_id,
    "source_ip_ranges": rules.public_ranges,
    "session_tags": rules.session_tags,
    "expires_at": rules.moment,
    "bucket": rules.bucket_name,
    "buckets": each(rules.bucket_name),
    "access": rules.one_of(*PRESETS),
    "prefixes": each(rules.prefix),
    "kms_key_arns": each(rules.key_arn),
}


def default_policy_name(role_name: str) -> str:
    """Return the default name of a role's managed policy. No two roles of an account share it."""
    return _TUTORIALS_POLICY if role_name == _TUTORIALS_ROLE else f"{_TUTORIALS_POLICY}-{role_name}"


def checked_role_args(args: Mapping[str, object], partition: str | None = None) -> ReadWriteBucketRoleArgs:
    """Return the given arguments, checked as far as possible without AWS. Outputs are not checked.

    Args:
        args: the arguments.
        partition: the role's partition, if it is known.

    Raises:
        InvalidValue: an argument is missing or not allowed.
    """
    given = validation.checked(args, ReadWriteBucketRoleArgs, _RULES)
    validation.check_exactly_one(given, "trusted_account_id", "trusted_account_ids")
    validation.check_exactly_one(given, "bucket", "buckets")
    if given.get("generate_external_id") and "external_id" in given:
        raise InvalidValue("generate_external_id", True, "external_id is given; remove one of the two")
    for key in ("require_mfa", "mfa_max_age", "require_source_identity"):
        if given.get(key) and given.get("trusted_permission_sets"):
            raise InvalidValue(key, given[key], f"{_NOT_BY_ROLES}; remove it, or trusted_permission_sets")
    if "mfa_max_age" in given and not given.get("require_mfa"):
        raise InvalidValue("mfa_max_age", given["mfa_max_age"], "it needs require_mfa: true")
    for key, access, does in (("object_versions", "write", "reads"), ("multipart_uploads", "read", "writes")):
        if given.get(key) and given.get("access") == access:
            raise InvalidValue(key, True, f"access is {access}, so the role {does} nothing; remove one of the two")
    _check_accounts(given)
    if partition:
        for key in ("trusted_principal_arns", "denied_principal_arns", "kms_key_arns", "permissions_boundary"):
            rules.check_partition(key, given.get(key), partition)
    return cast(ReadWriteBucketRoleArgs, given)


def _check_accounts(given: Mapping[str, Any]) -> None:
    """Check that principals belong to trusted accounts: a mistyped account would trust, or deny, nobody."""
    accounts = trusted_accounts(cast(ReadWriteBucketRoleArgs, given))
    for key in ("trusted_principal_arns", "denied_principal_arns"):
        for index, pattern in enumerate(given.get(key, ())):
            if isinstance(pattern, str) and pattern.split(":")[4] not in ("*", *accounts):
                rule = f"the role does not trust its account; it trusts {', '.join(accounts)}"
                raise InvalidValue(f"{key}[{index}]", pattern, rule)


@dataclass(frozen=True)
class _Known:
    """The values for the documents. Not a mapping, because the SDK would look into it at each use."""

    partition: Partition
    args: ReadWriteBucketRoleArgs
    """Resolved and checked, except for an external id that is an output."""


class ReadWriteBucketRole(pulumi.ComponentResource):
    """A role, its trust in other accounts, and a managed policy for buckets, attached.

    It is step 1 of the IAM User Guide's "IAM tutorial: Delegate access across AWS accounts using IAM roles".
    """

    arn: pulumi.Output[str]
    """The role's ARN, which others need to assume it."""
    external_id: pulumi.Output[str]
    """The id that callers have to pass; empty where they need none."""
    resource_policy_statements: pulumi.Output[Mapping[str, str]]
    """The statements, as JSON, that buckets and keys of other accounts need in their policies, by ARN."""

    def __init__(self, name: str, args: ReadWriteBucketRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the role, its managed policy and the attachment.

        Raises:
            InvalidValue: AWS would refuse one of the values.
        """
        args = checked_role_args(args)
        super().__init__("cross-account-access:index:ReadWriteBucketRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        known = _known(partition_of(self), args)

        policy = aws.iam.Policy(
            f"{name}-policy",
            name=args.get("policy_name", default_policy_name(args["name"])),
            path=args.get("path"),
            tags=args.get("tags"),
            policy=known.apply(_rendered_identity_policy),
            opts=child,
        )
        external_id = policy.policy_id if args.get("generate_external_id") else args.get("external_id")
        role = aws.iam.Role(
            f"{name}-role",
            name=args["name"],
            path=args.get("path"),
            description=args.get("description"),
            tags=args.get("tags"),
            max_session_duration=args.get("max_session_duration"),
            permissions_boundary=args.get("permissions_boundary"),
            assume_role_policy=_trust(known, external_id),
            # Policies from elsewhere, e.g. from the console's "Revoke active sessions", would block its removal.
            force_detach_policies=True,
            opts=child,
        )
        aws.iam.RolePolicyAttachment(f"{name}-policy-attachment", role=role.name, policy_arn=policy.arn, opts=child)

        self.arn = role.arn
        self.external_id = pulumi.Output.from_input(external_id or "")
        self.resource_policy_statements = known.apply(lambda own: role.arn.apply(partial(_rendered_statements, own)))
        self.register_outputs(
            {
                "arn": self.arn,
                "external_id": self.external_id,
                "resource_policy_statements": self.resource_policy_statements,
            }
        )


def _known(partition: pulumi.Output[Partition], args: ReadWriteBucketRoleArgs) -> pulumi.Output[_Known]:
    """Return the arguments once all are known.

    An external id that is an output is left out: if it is secret, it would make every document secret.
    """
    pending = {key: value for key, value in args.items() if has_pending(value) and key != "external_id"}
    plain = {key: value for key, value in args.items() if key not in pending and not is_pending(value)}
    if not pending:
        return partition.apply(lambda own: _Known(own, checked_role_args(plain, own.name)))
    return pulumi.Output.all(partition, pending).apply(
        lambda both: _Known(both[0], checked_role_args({**plain, **both[1]}, both[0].name))
    )


def _trust(known: pulumi.Output[_Known], external_id: pulumi.Input[str] | None) -> pulumi.Output[str]:
    if not is_pending(external_id):
        return known.apply(_rendered_trust)
    return pulumi.Output.all(known, external_id).apply(lambda both: _rendered_trust(*both))


def _rendered_trust(known: _Known, external_id: str | None = None) -> str:
    args = known.args
    if external_id is not None:
        rules.external_id("external_id", external_id)
        args = {**args, "external_id": external_id}
    document = trust_policy(known.partition.name, args)
    policies.check_size(f"trust policy of role {args['name']}", document, _MOST_TRUST_CHARACTERS)
    text = policies.render(document)
    size = policies.characters(text)
    if size > _DEFAULT_TRUST_CHARACTERS:
        pulumi.log.warn(
            f"role {args['name']}: its trust policy has {size} characters, and IAM allows {_DEFAULT_TRUST_CHARACTERS}"
            " unless the account's quota for the role trust policy length has been raised"
        )
    return text


def _rendered_identity_policy(known: _Known) -> str:
    document = identity_policy(known.partition, known.args)
    policies.check_size(f"identity policy of role {known.args['name']}", document, _MOST_POLICY_CHARACTERS)
    return policies.render(document)


def identity_policy(partition: Partition, args: ReadWriteBucketRoleArgs) -> PolicyDocument:
    """Return the role's identity policy, from resolved arguments."""
    statements = identity_statements(partition, args)
    if "revoke_sessions_issued_before" in args:
        # As the console's "Revoke active sessions" does (IAM User Guide, "Revoke IAM role temporary credentials").
        older: Condition = {"DateLessThan": {"aws:TokenIssueTime": args["revoke_sessions_issued_before"]}}
        statements.append(statement("RevokeOlderSessions", "Deny", ["*"], ["*"], condition=older))
    return policies.document(*statements)


def _rendered_statements(known: _Known, role_arn: str) -> dict[str, str]:
    statements = resource_policy_statements(known.partition, role_arn, known.args)
    return {arn: json.dumps(own) for arn, own in statements.items()}
