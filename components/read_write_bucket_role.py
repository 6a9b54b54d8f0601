"""A role that other accounts may assume to read and write buckets, and nothing else."""

import json
from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict, cast

import pulumi
import pulumi_aws as aws

from . import policies, validation
from .bucket_access import PRESETS, BucketAccessArgs, identity_statements, resource_policy_statements
from .policies import PolicyDocument, Statement
from .trust import TrustArgs, trust_policy, trusted_accounts
from .validation import InvalidValue

_TUTORIALS_ROLE, _TUTORIALS_POLICY = "UpdateApp", "read-write-app-bucket"

_MOST_POLICY_CHARACTERS = 6144
_MOST_TRUST_CHARACTERS = 2048  # the default; AWS raises it to 4096 on request


class SessionArgs(TypedDict):
    """The role itself and its sessions."""

    name: str
    """The role's name, unique in its account: 1 to 64 letters, digits or ``+=,.@-_``."""
    policy_name: NotRequired[str]
    """The managed policy's name, unique in its account. By default, one with the name of the role."""
    path: NotRequired[str]
    """The path of the role and of its policy, e.g. ``/delegated/``. ``/`` by default."""
    description: NotRequired[str]
    """What the role is for, in at most 1000 characters."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """The tags of the role and of its policy."""
    max_session_duration: NotRequired[int]
    """How long a session may last at most, in seconds: 3600, the default, to 43200."""
    permissions_boundary: NotRequired[pulumi.Input[str]]
    """The ARN of a managed policy that bounds what the role can do."""
    revoke_sessions_issued_before: NotRequired[str]
    """Sessions that began before this moment lose all rights, e.g. ``2026-11-24T09:30:00Z``."""


class ReadWriteBucketRoleArgs(SessionArgs, TrustArgs, BucketAccessArgs):
    """What a :class:`ReadWriteBucketRole` needs: a name, an account to trust, a bucket; the rest is optional."""


_CHECKS = {
    "name": validation.check_role_name,
    "policy_name": validation.check_policy_name,
    "path": validation.check_path,
    "description": validation.check_description,
    "tags": validation.check_tags,
    "max_session_duration": validation.check_range(3600, 43200),
    "permissions_boundary": validation.check_policy_arn,
    "revoke_sessions_issued_before": validation.check_date,
    "trusted_account_id": validation.check_account_id,
    "trusted_account_ids": validation.each(validation.check_account_id),
    "trusted_principal_arns": validation.each(validation.check_principal_pattern),
    "denied_principal_arns": validation.each(validation.check_principal_pattern),
    "mfa_max_age": validation.check_range(900, 129600),
    "external_id": validation.check_external_id,
    "organization_id": validation.check_organization_id,
    "source_ip_ranges": validation.each(validation.check_cidr),
    "session_tags": validation.check_session_tags,
    "expires_at": validation.check_date,
    "bucket": validation.check_bucket_name,
    "buckets": validation.each(validation.check_bucket_name),
    "access": validation.check_one_of(*PRESETS),
    "prefixes": validation.each(validation.check_prefix),
    "kms_key_arns": validation.each(validation.check_key_arn),
}


def default_policy_name(role_name: str) -> str:
    """Return the name of a role's managed policy where none is given. No two roles of an account share it."""
    return _TUTORIALS_POLICY if role_name == _TUTORIALS_ROLE else f"{_TUTORIALS_POLICY}-{role_name}"


def check_role_args(args: Mapping[str, object]) -> None:
    """Check :class:`ReadWriteBucketRoleArgs` as far as can be without AWS. Values not known yet are left out.

    Raises:
        InvalidValue: with the key, the value and what is allowed.
    """
    declared = ReadWriteBucketRoleArgs
    validation.check_keys(args, declared.__required_keys__, declared.__annotations__)
    validation.check_args(args, _CHECKS)
    validation.check_exactly_one(args, "trusted_account_id", "trusted_account_ids")
    validation.check_exactly_one(args, "bucket", "buckets")
    if args.get("generate_external_id") and "external_id" in args:
        raise InvalidValue("generate_external_id", True, "external_id is given; remove one of the two")
    if "mfa_max_age" in args and not args.get("require_mfa"):
        raise InvalidValue("mfa_max_age", args["mfa_max_age"], "it needs require_mfa: true")
    _check_accounts(args)


def _check_accounts(args: Mapping[str, object]) -> None:
    """A mistyped account would trust nobody, or deny nobody, without a word."""
    accounts = trusted_accounts(cast(TrustArgs, args))
    for key in ("trusted_principal_arns", "denied_principal_arns"):
        patterns = args.get(key)
        for index, pattern in enumerate(patterns if isinstance(patterns, Sequence) else ()):
            if isinstance(pattern, str) and pattern.split(":")[4] not in ("*", *accounts):
                rule = f"its account is not one that the role trusts; those are {', '.join(accounts)}"
                raise InvalidValue(f"{key}[{index}]", pattern, rule)


class ReadWriteBucketRole(pulumi.ComponentResource):
    """A role, its trust in other accounts, and a managed policy for buckets, attached.

    It is step 1 of the IAM User Guide's "IAM tutorial: Delegate access across AWS accounts using IAM roles".
    """

    arn: pulumi.Output[str]
    """The role's ARN, which others need to assume it."""
    external_id: pulumi.Output[str]
    """The id that callers have to pass; empty where they need none."""
    resource_policy_statements: pulumi.Output[Mapping[str, str]]
    """The statements, as JSON, for the policies of the buckets and keys, by ARN, where another account owns them."""

    def __init__(self, name: str, args: ReadWriteBucketRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the role, its managed policy and the attachment.

        Raises:
            InvalidValue: AWS would refuse one of the values.
        """
        check_role_args(args)
        super().__init__("cross-account-access:index:ReadWriteBucketRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        partition = aws.get_partition_output(opts=pulumi.InvokeOptions(parent=self)).partition
        # Arguments may be outputs of other resources, so they are resolved before a document is made of them. One that
        # is secret makes the whole document secret: the external id goes into the trust policy alone.
        access = pulumi.Output.all(partition, {key: value for key, value in args.items() if key != "external_id"})

        policy = aws.iam.Policy(
            f"{name}-policy",
            name=args.get("policy_name", default_policy_name(args["name"])),
            path=args.get("path"),
            tags=args.get("tags"),
            policy=access.apply(lambda known: _rendered_identity_policy(*known)),
            opts=child,
        )
        trust = {**args, "external_id": policy.policy_id} if args.get("generate_external_id") else args
        role = aws.iam.Role(
            f"{name}-role",
            name=args["name"],
            path=args.get("path"),
            description=args.get("description"),
            tags=args.get("tags"),
            max_session_duration=args.get("max_session_duration"),
            permissions_boundary=args.get("permissions_boundary"),
            assume_role_policy=pulumi.Output.all(partition, trust).apply(lambda known: _rendered_trust(*known)),
            # Policies that others attached would hinder its removal, e.g. the console's "Revoke active sessions".
            force_detach_policies=True,
            opts=child,
        )
        aws.iam.RolePolicyAttachment(f"{name}-policy-attachment", role=role.name, policy_arn=policy.arn, opts=child)

        self.arn = role.arn
        self.external_id = pulumi.Output.from_input(trust.get("external_id", ""))
        self.resource_policy_statements = pulumi.Output.all(role.arn, access).apply(
            lambda known: _rendered_statements(known[0], *known[1])
        )
        self.register_outputs(
            {
                "arn": self.arn,
                "external_id": self.external_id,
                "resource_policy_statements": self.resource_policy_statements,
            }
        )


def _rendered_trust(partition: str, args: ReadWriteBucketRoleArgs) -> str:
    validation.check_args(args, _CHECKS)
    _check_accounts(args)
    document = trust_policy(partition, args)
    validation.check_size("trust policy", document, _MOST_TRUST_CHARACTERS)
    return policies.render(document)


def _rendered_identity_policy(partition: str, args: ReadWriteBucketRoleArgs) -> str:
    validation.check_args(args, _CHECKS)
    document = _identity_policy(partition, args)
    validation.check_size("identity policy", document, _MOST_POLICY_CHARACTERS)
    return policies.render(document)


def _identity_policy(partition: str, args: ReadWriteBucketRoleArgs) -> PolicyDocument:
    statements = identity_statements(partition, args)
    if "revoke_sessions_issued_before" in args:
        # What the console's "Revoke active sessions" does (IAM User Guide, "Revoke IAM role temporary credentials").
        revoked: Statement = {
            "Sid": "RevokeOlderSessions",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"DateLessThan": {"aws:TokenIssueTime": args["revoke_sessions_issued_before"]}},
        }
        statements.append(revoked)
    return policies.document(*statements)


def _rendered_statements(role_arn: str, partition: str, args: ReadWriteBucketRoleArgs) -> dict[str, str]:
    return {arn: json.dumps(own) for arn, own in resource_policy_statements(partition, role_arn, args).items()}
