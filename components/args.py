"""Arguments of the components. `make docs` makes the tables in docs/configuration.md from these docstrings."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi


class ApplicationBucketArgs(TypedDict):
    """Arguments of :class:`ApplicationBucket`."""

    name: str
    """The bucket's name. No two buckets of a partition can share it."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """The KMS key that encrypts objects by default. Default: Amazon S3's own key."""


class GroupMembersArgs(TypedDict):
    """Arguments of :class:`GroupMembers`."""

    group: pulumi.Input[str]
    """The group's name. The group exists already, or the same program makes it."""
    members: Sequence[pulumi.Input[str]]
    """The user names of all members. An empty list means nobody."""


class GroupAssumePolicyArgs(TypedDict):
    """Arguments of :class:`GroupAssumePolicy`."""

    group: NotRequired[pulumi.Input[str]]
    """The group's name. The group exists already, or the same program makes it."""
    role: NotRequired[pulumi.Input[str]]
    """The name of a role, in place of ``group``, for people who arrive as a role rather than as a user."""
    permission_set: NotRequired[str]
    """The name of an IAM Identity Center permission set, in place of ``group``. The permission set has to reference the
    policy by name.
    """
    effect: str
    """``Allow``: the grantee may assume the roles. ``Deny``: it may not, whatever else allows it."""
    role_arns: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """The ARNs of the roles. Give at least one role, here or in ``role_arns_until``."""
    role_arns_until: NotRequired[Mapping[str, pulumi.Input[Sequence[pulumi.Input[str]]]]]
    """The ARNs of roles with an end, by the moment at which access ends, e.g. ``2027-01-31T18:00:00Z``."""
    policy_name: str
    """The policy's name, unique in the group or role; for a permission set, unique in the account."""
    bind_session_name: NotRequired[bool]
    """A session has to be named after the IAM user who begins it. Default: false."""
    source_identity: NotRequired[bool]
    """A session may carry a source identity: the IAM user's name and no other. Default: false."""
    session_tags: NotRequired[bool]
    """A session may carry tags. The role decides which ones. Default: false."""


class ReadWriteBucketRoleArgs(TypedDict):
    """Arguments of :class:`ReadWriteBucketRole`. A name, a trusted account and a bucket are required."""

    # The role itself and its sessions.
    name: str
    """The role's name, unique in its account: 1 to 64 letters, digits or ``+=,.@-_``."""
    policy_name: NotRequired[str]
    """The name of the role's managed policy, unique in its account. Default: ``read-write-app-bucket-`` and the role's
    name; for ``UpdateApp``, ``read-write-app-bucket``.
    """
    path: NotRequired[str]
    """The path of the role and of its policy, e.g. ``/delegated/``. To switch in the console, path and name together
    may have at most 64 characters. Default: ``/``.
    """
    description: NotRequired[str]
    """The role's description, at most 1000 characters."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Tags of the role and of its policy."""
    max_session_duration: NotRequired[int]
    """The longest session, in seconds: 3600 to 43200. Default: 3600."""
    permissions_boundary: NotRequired[pulumi.Input[str]]
    """The ARN of a managed policy that limits what the role can do."""
    revoke_sessions_issued_before: NotRequired[str]
    """Sessions that began before this moment (UTC, e.g. ``2026-11-24T09:30:00Z``) lose all rights soon after the next
    ``pulumi up``. Default: never.
    """

    # Who may assume it. Each field beside the accounts narrows it further; all of them must hold.
    trusted_account_id: NotRequired[str]
    """The account whose principals may assume the role, if that account lets them: twelve digits. Required, unless
    ``trusted_account_ids`` is given.
    """
    trusted_account_ids: NotRequired[Sequence[str]]
    """Several trusted accounts, in place of ``trusted_account_id``."""
    trusted_principal_arns: NotRequired[Sequence[pulumi.Input[str]]]
    """Only these users and roles of the trusted accounts. In an ARN ``*`` matches any characters and ``?`` one. The
    rule survives the deletion of a principal, because the policy trusts the account and ``aws:PrincipalArn`` is a
    condition. Default: all.
    """
    denied_principal_arns: NotRequired[Sequence[pulumi.Input[str]]]
    """Never these users and roles, whatever else allows it. Same syntax as ``trusted_principal_arns``. Default: none.
    """
    trusted_permission_sets: NotRequired[Sequence[str]]
    """Only people of these IAM Identity Center permission sets, and the principals in ``trusted_principal_arns``. It
    matches the roles that a permission set has in the trusted accounts, in any Identity Center region, also after the
    set is assigned again. Not with ``require_mfa``, ``mfa_max_age`` or ``require_source_identity``. Default: all.
    """
    denied_permission_sets: NotRequired[Sequence[str]]
    """Never people of these permission sets, whatever else allows it. Default: none."""
    require_mfa: NotRequired[bool]
    """Only after multi-factor authentication. A role cannot do that, only a user. Default: false."""
    mfa_max_age: NotRequired[int]
    """How long ago the MFA sign-in may be, in seconds: 900 to 129600. Needs ``require_mfa``. Default: any."""
    external_id: NotRequired[pulumi.Input[str]]
    """Only callers that pass this id: 2 to 1224 letters, digits or ``+=,.@:/-_``. The console can't pass one. It is not
    a secret: everybody who may read the role sees it. Default: none.
    """
    generate_external_id: NotRequired[bool]
    """Only callers that pass the unique id that AWS gives the role's managed policy. The id changes if the policy is
    replaced. The console can't pass one. Default: false.
    """
    organization_id: NotRequired[str]
    """Only principals of this organization in AWS Organizations, e.g. ``o-a1b2c3d4e5``. Default: any."""
    source_ip_ranges: NotRequired[Sequence[str]]
    """Only callers with these addresses, in CIDR notation, may assume the role; the session then works from anywhere.
    AWS sees public addresses only, and none for callers behind a VPC endpoint. Default: any.
    """
    require_source_identity: NotRequired[bool]
    """Only sessions whose source identity is the IAM user's name: no roles, and not from the console. Default: false.
    """
    session_tags: NotRequired[Mapping[str, Sequence[str]]]
    """Only sessions with exactly these tags, each with one of the values listed for it. The console can't pass tags.
    Default: none.
    """
    expires_at: NotRequired[str]
    """The role can be assumed only before this moment (UTC, e.g. ``2027-01-31T00:00:00Z``). Sessions that began before
    it run to their end. Default: never.
    """

    # Which buckets, and what may be done there.
    bucket: NotRequired[pulumi.Input[str]]
    """The bucket that the role may read and write. It need not exist yet. Required, unless ``buckets`` is given."""
    buckets: NotRequired[Sequence[pulumi.Input[str]]]
    """Several buckets, in place of ``bucket``."""
    access: NotRequired[str]
    """``read``: list and get objects. ``write``: put and delete them. ``readWrite``: both, as in the tutorial's policy.
    Default: ``readWrite``.
    """
    prefixes: NotRequired[Sequence[str]]
    """Only objects whose keys begin with one of these, e.g. ``reports/``. In the console, open the bucket at
    ``…?prefix=reports/``, because its root can't be listed. Default: all keys.
    """
    object_versions: NotRequired[bool]
    """Reading includes older versions of objects. They can't be deleted. Not with ``access: write``. Default: false."""
    multipart_uploads: NotRequired[bool]
    """Writing includes seeing and aborting multipart uploads (listing all of them only without ``prefixes``). Not with
    ``access: read``. Default: false.
    """
    list_all_buckets: NotRequired[bool]
    """The role may list the names of all buckets in the account, which the console and a bare ``aws s3 ls`` need.
    Default: true.
    """
    kms_key_arns: NotRequired[Sequence[pulumi.Input[str]]]
    """KMS keys that the role may use, through S3 only: to decrypt, and to encrypt if it may write. The key's policy has
    to leave access to IAM policies, as the default key policy does. If all roles of a bucket that is made here have the
    same one key, the bucket is encrypted with it by default. Default: none.
    """
