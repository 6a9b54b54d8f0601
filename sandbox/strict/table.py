"""The page docs/strictness.md: the errors that AWS documents, and what the sandbox does about each.

The errors of IAM and STS are those that their API References list for each call, taken from botocore's models.
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
"""The IAM and STS calls that the emulator received while all tests ran."""

_CONDITIONS, _EVALUATION, _REFUSALS, _RESOURCES, _S3, _USE = (
    f"tests/sandbox/test_strict{part}.py::"
    for part in ("_conditions", "_evaluation", "_refusals", "_resources", "_s3", "")
)

_EVERYWHERE = {
    "ConcurrentModification": "not applicable: the emulator handles one call after the other",
    "EntityTemporarilyUnmodifiable": "not applicable: resources are created at once",
    "ExpiredTokenException": "not applicable: no identity provider's token is decoded",
    "PolicyNotAttachable": "not applicable: the emulator has no policies that only services may use",
    "RegionDisabledException": "not applicable: the emulator has one region",
    "ServiceFailure": "not applicable: no caller causes it",
}
_BY_ERROR = {
    "DeleteConflict": f"{_USE}test_a_{{}}_in_use_is_not_deleted",
    "EntityAlreadyExists": f"{_USE}test_taken_names_are_refused",
    "MalformedPolicyDocument": f"{_REFUSALS}test_invalid_policies_are_refused",
    "NoSuchEntity": f"{_RESOURCES}test_missing_resources_are_refused",
    "UnmodifiableEntity": f"{_RESOURCES}test_aws_own_roles_can_not_be_changed",
}
_BY_CALL = {
    ("AddUserToGroup", "LimitExceeded"): f"{_RESOURCES}test_a_user_has_at_most_two_keys_and_ten_groups",
    ("AttachGroupPolicy", "LimitExceeded"): f"{_RESOURCES}test_at_most_ten_policies_are_attached",
    ("AttachRolePolicy", "LimitExceeded"): f"{_RESOURCES}test_at_most_ten_policies_are_attached",
    ("AttachUserPolicy", "LimitExceeded"): f"{_RESOURCES}test_at_most_ten_policies_are_attached",
    ("CreateGroup", "NoSuchEntity"): "not applicable: the call names nothing that could be missing",
    ("CreateAccessKey", "LimitExceeded"): f"{_RESOURCES}test_a_user_has_at_most_two_keys_and_ten_groups",
    ("CreatePolicy", "LimitExceeded"): f"{_RESOURCES}test_the_size_and_versions_of_managed_policies_are_limited",
    ("CreatePolicyVersion", "LimitExceeded"): f"{_RESOURCES}test_the_size_and_versions_of_managed_policies_are_limited",
    ("CreateRole", "LimitExceeded"): f"{_RESOURCES}test_the_size_of_trust_policies_is_limited",
    ("AssumeRole", "MalformedPolicyDocument"): f"{_REFUSALS}test_invalid_session_policies_are_refused",
    ("GetFederationToken", "MalformedPolicyDocument"): f"{_REFUSALS}test_invalid_session_policies_are_refused",
    ("CreateRole", "MalformedPolicyDocument"): f"{_REFUSALS}test_invalid_trust_policies_are_refused",
    ("EnableMFADevice", "InvalidAuthenticationCode"): f"{_CONDITIONS}test_a_device_is_enabled_by_two_consecutive_codes",
    ("PutGroupPolicy", "LimitExceeded"): f"{_RESOURCES}test_the_total_size_of_inline_policies_is_limited",
    ("PutRolePolicy", "LimitExceeded"): f"{_RESOURCES}test_the_total_size_of_inline_policies_is_limited",
    ("PutUserPolicy", "LimitExceeded"): f"{_RESOURCES}test_the_total_size_of_inline_policies_is_limited",
    ("UpdateAssumeRolePolicy", "LimitExceeded"): f"{_RESOURCES}test_the_size_of_trust_policies_is_limited",
    ("UpdateAssumeRolePolicy", "MalformedPolicyDocument"): f"{_REFUSALS}test_invalid_trust_policies_are_refused",
    ("UpdateGroup", "EntityAlreadyExists"): f"{_USE}test_a_group_can_not_be_renamed_to_a_taken_name",
}
_IN_USE = {"DeleteGroup": "group", "DeletePolicy": "policy", "DeleteRole": "role", "DeleteUser": "user"}
_LESS = ("Deactivate", "Delete", "Detach", "Remove")
UNTRIED = "untried"

# Errors that the references list for all calls, and errors of S3, which have separate pages.
_MORE = [
    ("iam", "all calls", "ValidationError", f"{_RESOURCES}test_invalid_parameters_of_new_resources_are_refused"),
    ("iam", "all calls", "AccessDenied", f"{_USE}test_rules_run_after_authorization"),
    ("iam", "all calls", "InvalidClientTokenId", f"{_REFUSALS}test_user_sessions_call_iam_only_with_mfa"),
    ("sts", "AssumeRole", "AccessDenied: root", f"{_REFUSALS}test_root_can_not_assume_a_role"),
    ("sts", "AssumeRole", "AccessDenied: no such role", f"{_REFUSALS}test_a_missing_role_is_refused"),
    ("sts", "AssumeRole", "AccessDenied: MFA", f"{_CONDITIONS}test_a_valid_code_works_once"),
    (
        "sts",
        "AssumeRole",
        "AccessDenied: TagSession, SetSourceIdentity",
        f"{_CONDITIONS}test_both_sides_must_allow_session_tags_and_source_identity",
    ),
    (
        "sts",
        "AssumeRole",
        "ValidationError: parameters",
        f"{_REFUSALS}test_invalid_parameters_of_a_session_are_refused",
    ),
    (
        "sts",
        "AssumeRole",
        "ValidationError: MaxSessionDuration",
        f"{_REFUSALS}test_a_session_is_not_longer_than_its_role_allows",
    ),
    (
        "sts",
        "AssumeRole",
        "ValidationError: role chaining",
        f"{_REFUSALS}test_a_chained_session_is_not_longer_than_an_hour",
    ),
    ("sts", "GetSessionToken", "AccessDenied: MFA", f"{_CONDITIONS}test_another_users_device_is_refused"),
    ("s3", "CreateBucket", "BucketAlreadyExists", f"{_USE}test_taken_bucket_names_are_refused"),
    ("s3", "CreateBucket", "BucketAlreadyOwnedByYou", f"{_USE}test_taken_bucket_names_are_refused"),
    ("s3", "CreateBucket", "InvalidBucketName", f"{_S3}test_reserved_names_are_refused"),
    ("s3", "CreateBucket", "InvalidLocationConstraint", f"{_S3}test_a_bucket_is_created_in_its_location"),
    ("s3", "DeleteBucket", "BucketNotEmpty", f"{_USE}test_a_bucket_in_use_is_not_deleted"),
    ("s3", "PutBucketAcl", "AccessControlListNotSupported", f"{_S3}test_acls_are_disabled"),
    ("s3", "PutBucketPolicy", "AccessDenied: Block Public Access", f"{_S3}test_a_public_policy_is_blocked"),
    ("s3", "PutBucketPolicy", "MalformedPolicy", f"{_S3}test_invalid_bucket_policies_are_refused"),
    ("s3", "PutBucketPolicy", "MalformedPolicy: size", f"{_S3}test_the_size_of_a_bucket_policy_is_limited"),
    (
        "s3",
        "all calls",
        "AccessDenied: another account",
        f"{_EVALUATION}test_a_bucket_policy_lets_in_a_principal_of_another_account",
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
    """The test that shows it enforced, or the reason why it is not."""


def missing(calls: AbstractSet[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the calls, each a service and an action, that the table lacks."""
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
    lines += [f"| {row.service} | {row.call} | {row.error} | {_cell(row.state)} |" for row in rows()]
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
        return "not applicable: the call adds nothing"
    if error == "DeleteConflict":
        return _BY_ERROR[error].format(_IN_USE[call]) if call in _IN_USE else UNTRIED
    if error == "EntityAlreadyExists" and call not in ("CreateGroup", "CreatePolicy", "CreateRole", "CreateUser"):
        return UNTRIED
    return _BY_ERROR.get(error, UNTRIED)


def _cell(state: str) -> str:
    return f"enforced: `{state}`" if "::" in state else state
