"""Build the policy documents with the rights that a proof or review needs."""

from typing import Any

from .inventory import PATH

_USERS, _POLICIES = f"arn:*:iam::*:user{PATH}access-probe-*", f"arn:*:iam::*:policy{PATH}access-probe-*"
_ROLES, _BUCKETS = "arn:*:iam::*:role/*access-probe-*", "arn:*:s3:::*-access-probe-*"


_READ_IAM = (
    *("iam:GetAccountAuthorizationDetails", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRole"),
    *("iam:ListOpenIDConnectProviders", "iam:ListSAMLProviders"),
)
_READ_BUCKETS = (
    *("s3:GetBucketAcl", "s3:GetBucketOwnershipControls", "s3:GetBucketPolicy", "s3:GetBucketPublicAccessBlock"),
)


def rights_to_read() -> dict[str, Any]:
    """Return the policy document for a review, which only reads."""
    statements = [
        _allow("ReadAccount", [*_READ_IAM], "*"),
        _allow("ReadBuckets", [*_READ_BUCKETS], "arn:*:s3:::*"),
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def rights() -> dict[str, Any]:
    """Return the policy document for a proof with probes, limited to resources with the proof's names.

    Users can only be created with a permissions boundary of the proof's name. But these rights allow writing a wider
    one under that name, and putting any user into any group: ``AddUserToGroup`` can only be limited by group (Service
    Authorization Reference, "Actions, resources, and condition keys for AWS Identity and Access Management (IAM)").
    Replace the * by the groups and the roles' buckets to narrow it further.
    """
    bounded = {"ArnLike": {"iam:PermissionsBoundary": _POLICIES}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            _allow("MakeBoundary", ["iam:CreatePolicy", "iam:DeletePolicy", "iam:TagPolicy"], _POLICIES),
            _allow("MakeBoundedUsers", ["iam:CreateUser", "iam:PutUserPolicy"], _USERS, bounded),
            _allow(
                "UseAndRemoveUsers",
                [
                    "iam:CreateAccessKey",
                    "iam:DeleteAccessKey",
                    "iam:DeleteUser",
                    "iam:DeleteUserPolicy",
                    "iam:ListAccessKeys",
                    "iam:ListGroupsForUser",
                    "iam:TagUser",
                ],
                _USERS,
            ),
            _allow("JoinGroups", ["iam:AddUserToGroup", "iam:RemoveUserFromGroup"], "arn:*:iam::*:group/*"),
            _allow("MakeRoles", ["iam:CreateRole", "iam:DeleteRole", "iam:TagRole"], _ROLES),
            _allow("ReadAccount", [*_READ_IAM], "*"),
            _allow(
                "MakeBuckets",
                ["s3:CreateBucket", "s3:DeleteBucket", "s3:PutBucketTagging"],
                _BUCKETS,
            ),
            _allow(
                "ReadBuckets",
                [
                    *_READ_BUCKETS,
                    "s3:GetBucketNotification",
                    "s3:GetBucketObjectLockConfiguration",
                    "s3:GetBucketVersioning",
                    "s3:GetReplicationConfiguration",
                    "s3:ListBucketVersions",
                ],
                "arn:*:s3:::*",
            ),
            _allow(
                "MakeObjects",
                ["s3:DeleteObjectVersion", "s3:PutObject"],
                ["arn:*:s3:::*/*access-probe-*", f"{_BUCKETS}/*"],
            ),
            _allow(
                "FindLeftovers",
                [
                    "iam:ListPolicies",
                    "iam:ListPolicyTags",
                    "iam:ListRoleTags",
                    "iam:ListRoles",
                    "iam:ListUserTags",
                    "iam:ListUsers",
                    "s3:GetBucketTagging",
                    "s3:GetObjectVersion",
                    "s3:ListAllMyBuckets",
                ],
                "*",
            ),
        ],
    }


def _allow(
    sid: str, actions: list[str], resources: str | list[str], condition: dict[str, Any] | None = None
) -> dict[str, Any]:
    statement = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
    return statement | {"Condition": condition} if condition else statement
