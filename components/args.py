"""The arguments of the components, each as one flat list: what a program, and a stack's file, may say."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi


class ApplicationBucketArgs(TypedDict):
    """What an :class:`ApplicationBucket` needs."""

    name: str
    """The bucket's name, unique in its partition."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """The key with which objects are encrypted. By default, Amazon S3's own."""


class GroupMembersArgs(TypedDict):
    """What :class:`GroupMembers` need."""

    group: pulumi.Input[str]
    """The group's name. The group exists already, or is made by the same program."""
    members: Sequence[pulumi.Input[str]]
    """The names of the users who are to be its members. Empty for nobody."""


class GroupAssumePolicyArgs(TypedDict):
    """What a :class:`GroupAssumePolicy` needs."""

    group: NotRequired[pulumi.Input[str]]
    """The group's name. The group exists already, or is made by the same program."""
    role: NotRequired[pulumi.Input[str]]
    """In place of ``group``: the name of a role, for people who come in as a role rather than as a user."""
    permission_set: NotRequired[str]
    """In place of ``group``: the name of a permission set of IAM Identity Center. It references the policy by name."""
    effect: str
    """``Allow``: the grantee may assume the roles. ``Deny``: it may not, whatever else allows it."""
    role_arns: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """The ARNs of the roles. At least one, here or in ``role_arns_until``."""
    role_arns_until: NotRequired[Mapping[str, pulumi.Input[Sequence[pulumi.Input[str]]]]]
    """The ARNs of roles that may be assumed until a moment, by that moment, e.g. ``2027-01-31T18:00:00Z``."""
    policy_name: str
    """The policy's name, unique in the group or role, or in the account where it is for a permission set."""
    bind_session_name: NotRequired[bool]
    """Whether a session has to be named after the IAM user who begins it. ``False`` by default."""
    source_identity: NotRequired[bool]
    """Whether a session may carry a source identity: the IAM user's name, no other. ``False`` by default."""
    session_tags: NotRequired[bool]
    """Whether a session may carry tags; which ones, the role says. ``False`` by default."""


class ReadWriteBucketRoleArgs(TypedDict):
    """What a :class:`ReadWriteBucketRole` needs: a name, an account to trust, a bucket; the rest is optional."""

    # The role itself and its sessions.
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

    # Who may assume it. Each field beside the accounts narrows it further; all of them must hold.
    trusted_account_id: NotRequired[str]
    """The account whose principals may assume the role, if that account lets them: twelve digits."""
    trusted_account_ids: NotRequired[Sequence[str]]
    """Several such accounts, in place of ``trusted_account_id``."""
    trusted_principal_arns: NotRequired[Sequence[pulumi.Input[str]]]
    """Only these users and roles of the accounts; in an ARN ``*`` stands for any characters and ``?`` for one."""
    denied_principal_arns: NotRequired[Sequence[pulumi.Input[str]]]
    """Never these users and roles, whatever else allows it; written as ``trusted_principal_arns``."""
    trusted_permission_sets: NotRequired[Sequence[str]]
    """Only people of these permission sets of IAM Identity Center, and those of ``trusted_principal_arns``."""
    denied_permission_sets: NotRequired[Sequence[str]]
    """Never people of these permission sets, whatever else allows it."""
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
    """Only calls from these public addresses, in CIDR notation."""
    require_source_identity: NotRequired[bool]
    """Only sessions whose source identity is the IAM user's name. ``False`` by default."""
    session_tags: NotRequired[Mapping[str, Sequence[str]]]
    """Only sessions with exactly these tags, each with one of its values."""
    expires_at: NotRequired[str]
    """Only before this moment, e.g. ``2027-01-31T00:00:00Z``. Sessions that began before it run to their end."""

    # Which buckets, and what may be done there.
    bucket: NotRequired[pulumi.Input[str]]
    """The name of the bucket. It need not exist yet."""
    buckets: NotRequired[Sequence[pulumi.Input[str]]]
    """The names of several buckets, in place of ``bucket``."""
    access: NotRequired[str]
    """``read``: list and get objects; ``write``: put and delete them; ``readWrite``, the default: both."""
    prefixes: NotRequired[Sequence[str]]
    """Only objects whose keys begin with one of these, e.g. ``reports/``. All objects by default."""
    object_versions: NotRequired[bool]
    """Whether what may be read includes older versions. They cannot be deleted. ``False`` by default."""
    multipart_uploads: NotRequired[bool]
    """Whether what may be written includes seeing and aborting multipart uploads. ``False`` by default."""
    list_all_buckets: NotRequired[bool]
    """Whether the names of all of the account's buckets may be listed, which the console needs. ``True`` by default."""
    kms_key_arns: NotRequired[Sequence[pulumi.Input[str]]]
    """The keys with which the buckets' objects are encrypted, where those are keys of AWS KMS."""
