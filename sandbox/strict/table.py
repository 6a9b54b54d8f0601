"""The page docs/strictness.md: the errors that AWS documents, and what the sandbox does about each.

The errors of IAM and STS are those that their API References list for each call, as botocore's models have them.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.loaders import Loader

from sandbox.layout import REPOSITORY

PAGE = REPOSITORY / "docs" / "strictness.md"

_IAM = """
    AddRoleToInstanceProfile AddUserToGroup AttachGroupPolicy AttachRolePolicy AttachUserPolicy CreateAccessKey
    CreateGroup CreateInstanceProfile CreateLoginProfile CreatePolicy CreatePolicyVersion CreateRole CreateUser
    CreateVirtualMFADevice DeactivateMFADevice DeleteAccessKey DeleteGroup DeleteGroupPolicy DeleteLoginProfile
    DeletePolicy DeletePolicyVersion DeleteRole DeleteRolePermissionsBoundary DeleteRolePolicy DeleteUser
    DeleteUserPermissionsBoundary DeleteUserPolicy DetachGroupPolicy DetachRolePolicy DetachUserPolicy EnableMFADevice
    GetAccountAuthorizationDetails GetGroup GetGroupPolicy GetPolicy GetPolicyVersion GetRole GetRolePolicy GetUser
    ListAccessKeys ListAttachedGroupPolicies ListAttachedRolePolicies ListAttachedUserPolicies ListGroupPolicies
    ListGroups ListGroupsForUser ListMFADevices ListOpenIDConnectProviders ListPolicies ListPolicyTags
    ListPolicyVersions ListRolePolicies ListRoleTags ListRoles ListSAMLProviders ListUserPolicies ListUserTags ListUsers
    PutGroupPolicy PutRolePermissionsBoundary PutRolePolicy PutUserPermissionsBoundary PutUserPolicy
    RemoveRoleFromInstanceProfile RemoveUserFromGroup TagPolicy TagRole TagUser UntagPolicy UntagRole
    UpdateAssumeRolePolicy UpdateGroup UpdateRole
"""
_STS = "AssumeRole GetCallerIdentity GetFederationToken GetSessionToken"
CALLS = [*(("iam", name) for name in _IAM.split()), *(("sts", name) for name in _STS.split())]
"""The calls of IAM and STS that came to the emulator while all tests ran."""

_CONDITIONS, _REFUSALS, _S3, _USE = (
    f"tests/sandbox/test_strict{part}.py::" for part in ("_conditions", "_refusals", "_s3", "")
)

_EVERYWHERE = {
    "ConcurrentModification": "not applicable: the emulator answers one call after the other",
    "EntityTemporarilyUnmodifiable": "not applicable: nothing is being made while it can be called",
    "ExpiredTokenException": "not applicable: no token of another provider is decoded",
    "PolicyNotAttachable": "not applicable: the policies of AWS that services alone may use are not in the emulator",
    "RegionDisabledException": "not applicable: the emulator has one region",
    "ServiceFailure": "not applicable: no caller causes it",
}
_BY_ERROR = {
    "DeleteConflict": f"{_USE}test_a_{{}}_in_use",
    "EntityAlreadyExists": f"{_USE}test_names_that_are_taken",
    "MalformedPolicyDocument": f"{_REFUSALS}test_what_is_no_policy",
    "NoSuchEntity": f"{_REFUSALS}test_what_does_not_exist",
    "UnmodifiableEntity": f"{_REFUSALS}test_roles_that_are_aws_own",
}
_BY_CALL = {
    ("AddUserToGroup", "LimitExceeded"): f"{_REFUSALS}test_a_user_has_two_keys_and_ten_groups",
    ("AttachGroupPolicy", "LimitExceeded"): f"{_REFUSALS}test_ten_policies_are_attached",
    ("AttachRolePolicy", "LimitExceeded"): f"{_REFUSALS}test_ten_policies_are_attached",
    ("AttachUserPolicy", "LimitExceeded"): f"{_REFUSALS}test_ten_policies_are_attached",
    ("CreateGroup", "NoSuchEntity"): "not applicable: the call names nothing that could be missing",
    ("CreateAccessKey", "LimitExceeded"): f"{_REFUSALS}test_a_user_has_two_keys_and_ten_groups",
    ("CreatePolicy", "LimitExceeded"): f"{_REFUSALS}test_sizes_and_versions_of_managed_policies",
    ("CreatePolicyVersion", "LimitExceeded"): f"{_REFUSALS}test_sizes_and_versions_of_managed_policies",
    ("CreateRole", "LimitExceeded"): f"{_REFUSALS}test_sizes_of_trust_policies",
    ("AssumeRole", "MalformedPolicyDocument"): f"{_REFUSALS}test_what_is_no_session_policy",
    ("GetFederationToken", "MalformedPolicyDocument"): f"{_REFUSALS}test_what_is_no_session_policy",
    ("CreateRole", "MalformedPolicyDocument"): f"{_REFUSALS}test_what_is_no_trust_policy",
    ("EnableMFADevice", "InvalidAuthenticationCode"): f"{_CONDITIONS}test_a_device_is_enabled_by_two_codes_in_a_row",
    ("PutGroupPolicy", "LimitExceeded"): f"{_REFUSALS}test_sizes_of_inline_policies_together",
    ("PutRolePolicy", "LimitExceeded"): f"{_REFUSALS}test_sizes_of_inline_policies_together",
    ("PutUserPolicy", "LimitExceeded"): f"{_REFUSALS}test_sizes_of_inline_policies_together",
    ("UpdateAssumeRolePolicy", "LimitExceeded"): f"{_REFUSALS}test_sizes_of_trust_policies",
    ("UpdateAssumeRolePolicy", "MalformedPolicyDocument"): f"{_REFUSALS}test_what_is_no_trust_policy",
    ("UpdateGroup", "EntityAlreadyExists"): f"{_USE}test_a_group_does_not_get_a_name_that_is_taken",
}
_IN_USE = {"DeleteGroup": "group", "DeletePolicy": "policy", "DeleteRole": "role", "DeleteUser": "user"}
_LESS = ("Deactivate", "Delete", "Detach", "Remove")
UNTRIED = "untried"

# Of errors that the references list for all calls, or for S3 on pages of their own.
_MORE = [
    ("iam", "all calls", "ValidationError", f"{_REFUSALS}test_parameters_of_what_is_created"),
    ("iam", "all calls", "AccessDenied", f"{_USE}test_rules_come_after_the_right_to_do_it"),
    ("iam", "all calls", "InvalidClientTokenId", f"{_REFUSALS}test_sessions_of_users_call_iam_with_mfa_alone"),
    ("sts", "AssumeRole", "AccessDenied: root", f"{_REFUSALS}test_root_assumes_no_role"),
    ("sts", "AssumeRole", "AccessDenied: no such role", f"{_REFUSALS}test_a_role_that_does_not_exist"),
    ("sts", "AssumeRole", "AccessDenied: MFA", f"{_CONDITIONS}test_a_right_code_is_good_once"),
    (
        "sts",
        "AssumeRole",
        "AccessDenied: TagSession, SetSourceIdentity",
        f"{_CONDITIONS}test_both_sides_have_to_let_a_session_carry_something",
    ),
    ("sts", "AssumeRole", "ValidationError: parameters", f"{_REFUSALS}test_parameters_of_a_session"),
    (
        "sts",
        "AssumeRole",
        "ValidationError: MaxSessionDuration",
        f"{_REFUSALS}test_no_session_is_longer_than_its_role_allows",
    ),
    (
        "sts",
        "AssumeRole",
        "ValidationError: role chaining",
        f"{_REFUSALS}test_no_session_out_of_a_session_is_longer_than_an_hour",
    ),
    ("sts", "GetSessionToken", "AccessDenied: MFA", f"{_CONDITIONS}test_a_device_of_another_user_is_no_good"),
    ("s3", "CreateBucket", "BucketAlreadyExists", f"{_USE}test_buckets_that_are_taken"),
    ("s3", "CreateBucket", "BucketAlreadyOwnedByYou", f"{_USE}test_buckets_that_are_taken"),
    ("s3", "CreateBucket", "InvalidBucketName", f"{_S3}test_names_that_are_reserved"),
    ("s3", "CreateBucket", "InvalidLocationConstraint", f"{_S3}test_a_bucket_is_made_where_it_is_said_to_be"),
    ("s3", "DeleteBucket", "BucketNotEmpty", f"{_USE}test_a_bucket_in_use"),
    ("s3", "PutBucketAcl", "AccessControlListNotSupported", f"{_S3}test_acls_are_disabled"),
    ("s3", "PutBucketPolicy", "AccessDenied: Block Public Access", f"{_S3}test_a_public_policy_is_blocked"),
    ("s3", "PutBucketPolicy", "MalformedPolicy", f"{_S3}test_what_is_no_bucket_policy"),
    ("s3", "PutBucketPolicy", "MalformedPolicy: size", f"{_S3}test_the_size_of_a_bucket_policy"),
    (
        "s3",
        "all calls",
        "AccessDenied: another account",
        f"{_CONDITIONS}test_a_bucket_policy_lets_in_a_principal_of_another_account",
    ),
    ("s3", "objects", "KMS.AccessDeniedException", UNTRIED),
]


@dataclass(frozen=True)
class Row:
    """An error that AWS documents for a call."""

    service: str
    call: str
    error: str
    state: str
    """The test by which it is enforced, or why it isn't."""


def missing(calls: AbstractSet[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return those of some calls, each a service and an action, that the table lacks."""
    return sorted(calls - {*CALLS})


def rows() -> list[Row]:
    """Return the table."""
    return [*(row for service, call in CALLS for row in _documented(service, call)), *(Row(*row) for row in _MORE)]


def page() -> str:
    """Return the table as a page."""
    lines = [
        "# Strictness",
        "",
        "Each error that AWS documents for the calls of this project, and what the sandbox does about it: enforced, by",
        "the test that is named; not applicable; or untried. `make docs` makes this page.",
        "",
        "| service | call | error | in the sandbox |",
        "|---|---|---|---|",
    ]
    lines += [f"| {row.service} | {row.call} | {row.error} | {_told(row.state)} |" for row in rows()]
    return "\n".join(lines) + "\n"


def _documented(service: str, call: str) -> Iterator[Row]:
    model = _model(service)
    for listed in model["operations"][call].get("errors", []):
        error = model["shapes"][listed["shape"]].get("error", {}).get("code", listed["shape"])
        yield Row(service, call, error, _state(call, error))


@cache
def _model(service: str) -> Any:  # noqa: ANN401 (JSON)
    return Loader().load_service_model(service, "service-2")


def _state(call: str, error: str) -> str:
    known = _EVERYWHERE.get(error) or _BY_CALL.get((call, error))
    if known:
        return known
    if error == "LimitExceeded" and call.startswith(_LESS):
        return "not applicable: nothing becomes more"
    if error == "DeleteConflict":
        return _BY_ERROR[error].format(_IN_USE[call]) if call in _IN_USE else UNTRIED
    if error == "EntityAlreadyExists" and call not in ("CreateGroup", "CreatePolicy", "CreateRole", "CreateUser"):
        return UNTRIED
    return _BY_ERROR.get(error, UNTRIED)


def _told(state: str) -> str:
    return f"enforced: `{state}`" if "::" in state else state
