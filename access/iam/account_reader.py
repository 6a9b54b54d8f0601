"""What is deployed in an account: its IAM, and some of its buckets. One reader for all commands that compare or search.

It only reads, and needs no right but those that it names where one is missing.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from botocore.exceptions import ClientError

from ..aws_errors import error_code
from .authorization_details import read_directory
from .documents import Statement, parse
from .principals import Directory
from .unread import line_of

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

    from ..accounts import Session

_T = TypeVar("_T")

BucketPart = Literal["policy", "ACL", "public access block", "object ownership"]

_BUCKET_RIGHTS: Mapping[BucketPart, str] = {
    "policy": "s3:GetBucketPolicy",
    "ACL": "s3:GetBucketAcl",
    "public access block": "s3:GetBucketPublicAccessBlock",
    "object ownership": "s3:GetBucketOwnershipControls",
}
"""Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3"."""
_NOT_SET = ("NoSuchBucketPolicy", "NoSuchPublicAccessBlockConfiguration", "OwnershipControlsNotFoundError")


@dataclass(frozen=True)
class RoleState:
    """A role that was asked for by its name. Its policies are those of the principal in the directory."""

    arn: str
    trust: tuple[Statement, ...]
    trust_document: Mapping[str, Any]
    """Ready for JSON."""
    max_session: int
    """In seconds; an hour where it is not set."""
    boundary_arn: str | None
    """The ARN of its permissions boundary, if it has one."""


@dataclass(frozen=True)
class AclGrant:
    """A grant of a bucket's ACL."""

    grantee: str
    """A canonical user id, the URI of a group of S3's, or an email address."""
    permission: str
    """E.g. ``READ`` or ``FULL_CONTROL``."""


@dataclass(frozen=True)
class BucketState:
    """A bucket. A part that is none, or empty, is not set, unless it is in :attr:`unread`.

    The account's own block of public access is not read: it is set in another service (``s3control``), for which the
    session has no client. It can only close what these leave open.
    """

    name: str
    policy: tuple[Statement, ...] = ()
    policy_document: Mapping[str, Any] | None = None
    """Ready for JSON."""
    owner_id: str | None = None
    """The owner's canonical user id, as in the grants."""
    grants: tuple[AclGrant, ...] = ()
    """Of the ACL, the owner's own grant too."""
    public_access_block: Mapping[str, bool] | None = None
    """E.g. ``BlockPublicAcls``."""
    object_ownership: str | None = None
    """E.g. ``BucketOwnerEnforced``, with which ACLs count for nothing."""
    unread: frozenset[BucketPart] = frozenset()
    """The parts that could not be read."""
    exists: bool = True


@dataclass(frozen=True)
class AccountState:
    """An account as deployed."""

    account_id: str
    directory: Directory | None
    """Its users, groups and roles; none if they could not be read, which is not the same as an account without any."""
    roles: Mapping[str, RoleState]
    """The roles that were asked for, by name, without those that do not exist or could not be read."""
    saml_providers: tuple[str, ...] | None
    """ARNs, sorted; none if they could not be read."""
    oidc_providers: tuple[str, ...] | None
    """ARNs, sorted; none if they could not be read."""
    buckets: Mapping[str, BucketState]
    """The buckets that were asked for, by name."""
    unread: tuple[str, ...] = ()
    """What could not be read, a line each that names the right that is missing."""


def read_account(
    session: "Session", account_id: str, roles: Collection[str] = (), buckets: Collection[str] = ()
) -> AccountState:
    """Return what is deployed in an account. What may not be read is a line in its ``unread``, not an error.

    Sources: IAM API Reference, "GetAccountAuthorizationDetails", "GetRole", "ListSAMLProviders" and
    "ListOpenIDConnectProviders"; Amazon S3 API Reference, "GetBucketPolicy", "GetBucketAcl", "GetPublicAccessBlock"
    and "GetBucketOwnershipControls".

    Args:
        session: of somebody who may read.
        account_id: the account.
        roles: names of roles of which the maximum session is wanted too, which the account's details leave out.
        buckets: names of buckets.

    Raises:
        botocore.exceptions.BotoCoreError: AWS can't be reached, or answers with something that is not its own.
        botocore.exceptions.ClientError: AWS fails, for another reason than a right that is missing.
    """
    iam, unread = session.iam, list[str]()

    def read(what: str, right: str, ask: Callable[[], _T]) -> _T | None:
        try:
            return ask()
        except ClientError as error:
            unread.append(line_of(f"{what} of {account_id}", error, right))
            return None

    directory = read(
        "the users, groups and roles", "iam:GetAccountAuthorizationDetails", partial(read_directory, iam, account_id)
    )
    named = {name: read(f"role {name}", "iam:GetRole", partial(_role, iam, name)) for name in sorted(roles)}
    saml = read("the SAML providers", "iam:ListSAMLProviders", partial(_saml_providers, iam))
    oidc = read("the OIDC providers", "iam:ListOpenIDConnectProviders", partial(_oidc_providers, iam))
    return AccountState(
        account_id,
        directory,
        {name: role for name, role in named.items() if role},
        saml,
        oidc,
        {name: _bucket(session.s3, name, unread) for name in sorted(buckets)},
        (*(directory.unread if directory else ()), *unread),
    )


def _role(iam: Any, name: str) -> RoleState:  # noqa: ANN401 (the documents are typed as texts, and are not)
    role = iam.get_role(RoleName=name)["Role"]
    document = role["AssumeRolePolicyDocument"]
    boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return RoleState(role["Arn"], parse(document), document, role.get("MaxSessionDuration", 3600), boundary)


def _saml_providers(iam: "IAMClient") -> tuple[str, ...]:
    return tuple(sorted(it["Arn"] for it in iam.list_saml_providers()["SAMLProviderList"]))


def _oidc_providers(iam: "IAMClient") -> tuple[str, ...]:
    return tuple(sorted(it["Arn"] for it in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]))


def _bucket(s3: Any, name: str, unread: list[str]) -> BucketState:  # noqa: ANN401
    state = BucketState(name)
    for part, changes in _parts(s3, name):
        try:
            state = replace(state, **changes())
        except ClientError as error:
            if error_code(error) == "NoSuchBucket":
                return BucketState(name, exists=False)
            if error_code(error) not in _NOT_SET:
                unread.append(line_of(f"the {part} of bucket {name}", error, _BUCKET_RIGHTS[part]))
                state = replace(state, unread=state.unread | {part})
    return state


def _parts(s3: Any, name: str) -> Iterator[tuple[BucketPart, Callable[[], dict[str, Any]]]]:  # noqa: ANN401
    def policy() -> dict[str, Any]:
        document = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])
        return {"policy": parse(document), "policy_document": document}

    def acl() -> dict[str, Any]:
        found = s3.get_bucket_acl(Bucket=name)
        return {"owner_id": found["Owner"]["ID"], "grants": tuple(map(_grant, found["Grants"]))}

    def block() -> dict[str, Any]:
        return {"public_access_block": s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]}

    def ownership() -> dict[str, Any]:
        [rule] = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
        return {"object_ownership": rule["ObjectOwnership"]}

    yield "policy", policy
    yield "ACL", acl
    yield "public access block", block
    yield "object ownership", ownership


def _grant(grant: Mapping[str, Any]) -> AclGrant:
    grantee = grant["Grantee"]
    who = grantee.get("ID") or grantee.get("URI") or grantee.get("EmailAddress", "")
    return AclGrant(who, grant["Permission"])
