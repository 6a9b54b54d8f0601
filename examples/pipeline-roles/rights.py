"""The policy documents of the workflows' roles, as functions of names.

Sources: the official provider's code for the actions of each resource type; Service Authorization Reference, "Actions,
resources, and condition keys for AWS Identity and Access Management" and "... for Amazon S3", for their resources and
conditions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Document: TypeAlias = Mapping[str, object]
Statement: TypeAlias = dict[str, object]
Conditions: TypeAlias = Mapping[str, Mapping[str, object]]

PATH = "/pipeline/"
"""The path of the roles and their boundary, where a workflow deploys nothing."""
READ, DEPLOY, BOUNDARY = "access-read", "access-deploy", "access-boundary"
PROJECT = "cross-account-access"
"""The project that the workflows deploy."""
ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
BRANCH = "refs/heads/main"
"""The branch that is deployed."""

_READ_IAM = (
    *("iam:GetGroup", "iam:GetGroupPolicy", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRole"),
    *("iam:GetRolePolicy", "iam:ListAttachedGroupPolicies", "iam:ListAttachedRolePolicies", "iam:ListGroupPolicies"),
    *("iam:ListInstanceProfilesForRole", "iam:ListPolicyVersions", "iam:ListRolePolicies", "iam:ListRoles"),
    "iam:ListUsers",
)
_READ_ACCOUNT = ("iam:GetAccountAuthorizationDetails",)
"""The right to read all users, groups, roles and policies, which the reading proof and `access bypass` need."""
_READ_BUCKET = (
    *("s3:GetAccelerateConfiguration", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLocation"),
    *("s3:GetBucketLogging", "s3:GetBucketObjectLockConfiguration", "s3:GetBucketOwnershipControls"),
    *("s3:GetBucketPolicy", "s3:GetBucketPolicyStatus", "s3:GetBucketPublicAccessBlock", "s3:GetBucketRequestPayment"),
    *("s3:GetBucketTagging", "s3:GetBucketVersioning", "s3:GetBucketWebsite", "s3:GetEncryptionConfiguration"),
    *("s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration", "s3:ListBucket"),
)
_BOUNDED = ("iam:CreateRole", "iam:PutRolePermissionsBoundary")
"""The actions that are allowed with the boundary only, as the Deny statements ensure."""
_ROLE = (
    *("iam:DeleteRole", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole"),
    *("iam:DeleteRolePolicy", "iam:DetachRolePolicy"),
)
_ATTACH = ("iam:AttachRolePolicy",)
_POLICY = (
    *("iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion"),
    *("iam:TagPolicy", "iam:UntagPolicy"),
)
_GROUP = (
    *("iam:AddUserToGroup", "iam:CreateGroup", "iam:DeleteGroup", "iam:DeleteGroupPolicy", "iam:PutGroupPolicy"),
    *("iam:RemoveUserFromGroup", "iam:UpdateGroup"),
)
_BUCKET = (
    *("s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutBucketOwnershipControls"),
    *("s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging", "s3:PutBucketVersioning"),
    "s3:PutEncryptionConfiguration",
)
_READ_STATE, _WRITE_STATE = ("s3:GetObject",), ("s3:DeleteObject", "s3:PutObject")
_USE_KEY = ("kms:Decrypt", "kms:Encrypt")


@dataclass(frozen=True)
class Names:
    """The names that a stack's roles are limited to."""

    partition: str
    account: str
    stack: str
    state_bucket: str
    state_key_arn: str = ""
    roles: Sequence[str] = ()
    policies: Sequence[str] = ()
    buckets: Sequence[str] = ()
    key_arns: Sequence[str] = ()
    groups: Sequence[str] = ()

    @property
    def boundary_arn(self) -> str:
        """The ARN of the boundary of every role that a workflow creates."""
        return self.iam("policy", f"{PATH[1:]}{BOUNDARY}")

    @property
    def provider_arn(self) -> str:
        """The ARN of GitHub as an identity provider of the account."""
        return self.iam("oidc-provider", ISSUER)

    def iam(self, kind: str, *names: str) -> str:
        """Return the ARN of an IAM resource."""
        return f"arn:{self.partition}:iam::{self.account}:{'/'.join((kind, *names))}"

    def s3(self, name: str) -> str:
        """Return the ARN of a bucket, or of objects in it."""
        return f"arn:{self.partition}:s3:::{name}"


@dataclass(frozen=True)
class Repository:
    """A repository on GitHub."""

    owner: str
    name: str
    owner_id: str
    repository_id: str

    def subjects(self, *ends: str) -> list[str]:
        """Return the ``sub`` claims that a token of the repository may have, in both forms.

        Repositories created or renamed since 15 July 2026 send the form with numbers. Source: GitHub Docs, "OpenID
        Connect reference", "Immutable subject claims".
        """
        forms = (f"{self.owner}/{self.name}", f"{self.owner}@{self.owner_id}/{self.name}@{self.repository_id}")
        return [f"repo:{form}:{end}" for form in forms for end in ends]


def read_trust(names: Names, repository: Repository) -> Document:
    """Return the trust policy for reading: jobs approved in the environment ``preview``, and jobs of the branch."""
    return _document(_trust(names, repository, "ReadTrust", ["environment:preview", f"ref:{BRANCH}"], {}))


def deploy_trust(names: Names, repository: Repository) -> Document:
    """Return the trust policy for deploying: jobs of the branch in the environment with the stack's name.

    Source for the claims: IAM User Guide, "IAM and AWS STS condition context keys", "Available keys for AWS OIDC
    federation".
    """
    only = {f"{ISSUER}:ref": BRANCH}
    return _document(_trust(names, repository, "DeployTrust", [f"environment:{names.stack}"], only))


def read_policy(names: Names) -> Document:
    """Return the rights of a preview, the reading proof and ``access bypass``, which change and read no object."""
    account = _statement("ReadIam", [*_READ_IAM, *_READ_ACCOUNT], ["*"])
    return _document(account, *_read_buckets(names), *_state(names, write=False))


def deploy_policy(names: Names) -> Document:
    """Return the rights of an update on resources with these names, and a Deny for everything else."""
    roles = [names.iam("role", name) for name in names.roles]
    policies = [names.iam("policy", name) for name in names.policies]
    groups = [names.iam("group", name) for name in names.groups]
    own: Conditions = {"ArnEquals": {"iam:PolicyARN": policies}}
    allowed = [
        _statement("ReadIam", _READ_IAM, ["*"]),
        *_read_buckets(names),
        *_state(names, write=True),
        *_if(roles, "ManageRoles", (*_BOUNDED, *_ROLE)),
        *(_if(roles, "AttachOwnPolicies", _ATTACH, own) if policies else ()),
        *_if(policies, "ManagePolicies", _POLICY),
        *_if(groups, "ManageGroups", _GROUP),
        *_if([names.s3(name) for name in names.buckets], "ManageBuckets", _BUCKET),
    ]
    return _document(*allowed, *_never(names, allowed))


def boundary(names: Names) -> Document:
    """Return the boundary of roles that a workflow creates: use of the buckets, and nothing in IAM or STS."""
    objects = ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:GetObjectVersion")
    uploads = ("s3:ListMultipartUploadParts", "s3:PutObject")
    listing = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions")
    through_s3: Conditions = {"StringLike": {"kms:ViaService": "s3.*"}}
    return _document(
        _statement("ListAllBuckets", ["s3:ListAllMyBuckets"], ["*"]),
        *_if([names.s3(name) for name in names.buckets], "Buckets", listing),
        *_if([names.s3(f"{name}/*") for name in names.buckets], "Objects", (*objects, *uploads)),
        *_if(names.key_arns, "Keys", ("kms:Decrypt", "kms:GenerateDataKey"), through_s3),
    )


def _never(names: Names, allowed: Sequence[Statement]) -> list[Statement]:
    """Return the Deny statements, which also limit other policies: a bucket's, or one attached by mistake."""
    actions = sorted({action for statement in allowed for action in _as_list(statement["Action"])})
    itself = [names.iam(kind, f"{PATH[1:]}*") for kind in ("role", "policy")] + [names.iam("oidc-provider", "*")]
    unbounded: Conditions = {"StringNotEquals": {"iam:PermissionsBoundary": names.boundary_arn}}
    denied: list[Statement] = [
        {"Sid": "NothingElse", "Effect": "Deny", "NotAction": actions, "Resource": "*"},
        {"Sid": "NeverThePipeline", "Effect": "Deny", "Action": "iam:*", "Resource": itself},
        {**_statement("NeverUnbounded", [*_BOUNDED, *_ATTACH], ["*"], unbounded), "Effect": "Deny"},
    ]
    objects = [names.s3(f"{name}/*") for name in names.buckets]
    if objects:
        denied.append({"Sid": "NeverObjects", "Effect": "Deny", "Action": "s3:*", "Resource": objects})
    return denied


def _read_buckets(names: Names) -> list[Statement]:
    return _if([names.s3(name) for name in names.buckets], "ReadBuckets", _READ_BUCKET)


def _state(names: Names, *, write: bool) -> list[Statement]:
    """Return the rights to a stack's state in an S3 bucket, and to read the states of the project's other stacks.

    The keys are those of Pulumi's backend for buckets (measured with the engine).
    """
    folder = f"{names.state_bucket}/.pulumi"
    stack = f"{PROJECT}/{names.stack}"
    inside: Conditions = {"StringLike": {"s3:prefix": [".pulumi/*"]}}
    statements = [
        _statement("ListState", ["s3:ListBucket"], [names.s3(names.state_bucket)], inside),
        _statement(
            "ReadState", _READ_STATE, [names.s3(f"{folder}/meta.yaml"), names.s3(f"{folder}/stacks/{PROJECT}/*")]
        ),
    ]
    if names.state_key_arn:
        statements.append(_statement("UseKey", _USE_KEY if write else _USE_KEY[:1], [names.state_key_arn]))
    if write:
        own = [f"stacks/{stack}.*", f"locks/organization/{stack}/*", f"history/{stack}/*", f"backups/{stack}/*"]
        places = [names.s3(f"{folder}/{place}") for place in own]
        statements.append(_statement("WriteState", [*_READ_STATE, *_WRITE_STATE], places))
    return statements


def _trust(
    names: Names, repository: Repository, sid: str, ends: Sequence[str], only: Mapping[str, object]
) -> Statement:
    """Return a statement that admits tokens of the repository. Each claim has to exist and to be equal."""
    claims = {
        f"{ISSUER}:aud": AUDIENCE,
        f"{ISSUER}:repository_id": repository.repository_id,
        f"{ISSUER}:sub": repository.subjects(*ends),
        **only,
    }
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Federated": names.provider_arn},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": claims},
    }


def _if(
    resources: Sequence[str],
    sid: str,
    actions: Sequence[str],
    condition: Conditions | None = None,
) -> list[Statement]:
    """Return a statement about some resources; none without resources, because IAM refuses an empty list."""
    return [_statement(sid, actions, resources, condition)] if resources else []


def _statement(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[str],
    condition: Conditions | None = None,
) -> Statement:
    statement: Statement = {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": [*resources]}
    return {**statement, "Condition": condition} if condition else statement


def _as_list(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _document(*statements: Statement) -> Document:
    return {"Version": "2012-10-17", "Statement": [*statements]}
