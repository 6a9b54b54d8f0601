"""Read an account's IAM and some of its buckets, for all commands that compare or search.

Nothing is changed. A missing right is reported by name.
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
from .unread import unread_line

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
    """A role requested by name. The directory holds its policies."""

    arn: str
    trust: tuple[Statement, ...]
    trust_document: Mapping[str, Any]
    """Ready for JSON."""
    max_session: int
    """In seconds; an hour by default."""
    boundary_arn: str | None
    """The ARN of its permissions boundary, if any."""


@dataclass(frozen=True)
class AclGrant:
    """One grant in a bucket's ACL."""

    grantee: str
    """A canonical user id, the URI of an S3 group, or an email address."""
    permission: str
    """E.g. ``READ`` or ``FULL_CONTROL``."""


@dataclass(frozen=True)
class BucketState:
    """A bucket. A part that is ``None`` or empty is not set, unless :attr:`unread` lists it.

    The account's public access block is not read: it belongs to another service (``s3control``), for which the session
    has no client. It can only restrict access further.
    """

    name: str
    policy: tuple[Statement, ...] = ()
    policy_document: Mapping[str, Any] | None = None
    """Ready for JSON."""
    owner_id: str | None = None
    """The owner's canonical user id, as in the grants."""
    grants: tuple[AclGrant, ...] = ()
    """The ACL's grants, the owner's included."""
    public_access_block: Mapping[str, bool] | None = None
    """E.g. ``BlockPublicAcls``."""
    object_ownership: str | None = None
    """E.g. ``BucketOwnerEnforced``, which disables ACLs."""
    unread: frozenset[BucketPart] = frozenset()
    """The parts that could not be read."""
    exists: bool = True


@dataclass(frozen=True)
class AccountState:
    """The deployed state of an account."""

    account_id: str
    directory: Directory | None
    """Its users, groups and roles; ``None`` if they could not be read."""
    roles: Mapping[str, RoleState]
    """The requested roles by name, without those that do not exist or could not be read."""
    saml_providers: tuple[str, ...] | None
    """ARNs, sorted; ``None`` if they could not be read."""
    oidc_providers: tuple[str, ...] | None
    """ARNs, sorted; ``None`` if they could not be read."""
    buckets: Mapping[str, BucketState]
    """The requested buckets by name."""
    unread: tuple[str, ...] = ()
    """One line for each part that could not be read, with the missing right."""


def read_account(
    session: "Session", account_id: str, roles: Collection[str] = (), buckets: Collection[str] = ()
) -> AccountState:
    """Return the deployed state of an account. A part that may not be read is a line in ``unread``, not an error.

    Sources: IAM API Reference, "GetAccountAuthorizationDetails", "GetRole", "ListSAMLProviders" and
    "ListOpenIDConnectProviders"; Amazon S3 API Reference, "GetBucketPolicy", "GetBucketAcl", "GetPublicAccessBlock"
    and "GetBucketOwnershipControls".

    Args:
        session: a session that may read IAM and S3.
        account_id: the id of the account.
        roles: the names of roles to read with their maximum session, which the account's details leave out.
        buckets: the names of buckets to read.

    Raises:
        botocore.exceptions.BotoCoreError: AWS can't be reached, or its answer can't be read.
        botocore.exceptions.ClientError: AWS fails for a reason other than a missing right.
    """
    iam, unread = session.iam, list[str]()

    def read(part: str, right: str, call: Callable[[], _T]) -> _T | None:
        try:
            return call()
        except ClientError as error:
            unread.append(unread_line(f"{part} of {account_id}", error, right))
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


def _role(iam: Any, name: str) -> RoleState:  # noqa: ANN401 (the stubs type documents as strings)
    role = iam.get_role(RoleName=name)["Role"]
    document = role["AssumeRolePolicyDocument"]
    boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return RoleState(role["Arn"], parse(document), document, role.get("MaxSessionDuration", 3600), boundary)


def _saml_providers(iam: "IAMClient") -> tuple[str, ...]:
    return tuple(sorted(provider["Arn"] for provider in iam.list_saml_providers()["SAMLProviderList"]))


def _oidc_providers(iam: "IAMClient") -> tuple[str, ...]:
    return tuple(
        sorted(provider["Arn"] for provider in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"])
    )


def _bucket(s3: Any, name: str, unread: list[str]) -> BucketState:  # noqa: ANN401
    state = BucketState(name)
    for part, read in _bucket_parts(s3, name):
        try:
            state = replace(state, **read())
        except ClientError as error:
            if error_code(error) == "NoSuchBucket":
                return BucketState(name, exists=False)
            if error_code(error) not in _NOT_SET:
                unread.append(unread_line(f"the {part} of bucket {name}", error, _BUCKET_RIGHTS[part]))
                state = replace(state, unread=state.unread | {part})
    return state


def _bucket_parts(s3: Any, name: str) -> Iterator[tuple[BucketPart, Callable[[], dict[str, Any]]]]:  # noqa: ANN401
    def policy() -> dict[str, Any]:
        document = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])
        return {"policy": parse(document), "policy_document": document}

    def acl() -> dict[str, Any]:
        answer = s3.get_bucket_acl(Bucket=name)
        return {"owner_id": answer["Owner"]["ID"], "grants": tuple(map(_grant, answer["Grants"]))}

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
    name = grantee.get("ID") or grantee.get("URI") or grantee.get("EmailAddress", "")
    return AclGrant(name, grant["Permission"])
