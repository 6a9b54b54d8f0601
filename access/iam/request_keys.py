"""The condition keys of a request to IAM or STS, as far as they are known before it is made.

Sources: IAM User Guide, "AWS global condition context keys", "IAM and AWS STS condition context keys" and "Controlling
access to and for IAM users and roles using tags"; Service Authorization Reference, "Actions, resources, and condition
keys" for IAM and for STS.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from ..arn import account_of
from .documents import Statement
from .patterns import Context, Value, match
from .principals import NEW, Principal
from .verdicts import YES

_PRINCIPAL_TAG, _REQUEST_TAG = "aws:principaltag/", "aws:requesttag/"
_RESOURCE_TAGS = ("aws:resourcetag/", "iam:resourcetag/")

_TAGGING = ("iam:CreateRole", "iam:CreateUser", "sts:AssumeRole")
"""The calls to which the caller may add tags; of all others the keys about them are missing."""

_BY_A_SERVICE = frozenset(
    {
        *("aws:principalservicename", "aws:principalservicenameslist", "aws:sourceaccount", "aws:sourcearn"),
        *("aws:sourceorgid", "aws:sourceorgpaths"),
    }
)
"""Keys that a request has only where an AWS service makes it itself."""
_OF_SESSIONS = frozenset(
    {
        *("aws:assumedroot", "aws:chatbotsourcearn", "aws:ec2instancesourceprivateipv4", "aws:ec2instancesourcevpc"),
        *("aws:federatedprovider", "aws:sourceidentity"),
    }
)
"""Keys that a session of a role may have, and a user never has."""
_SERVICES_OF_SESSIONS = ("codebuild", "ec2", "glue", "identitystore", "lambda", "saml", "ssm")
"""Services that leave keys of their own in sessions of roles, by what the keys begin with."""

_OF_THE_BOUNDARY = frozenset(
    f"iam:{call}{kind}{what}"
    for kind in ("Role", "User")
    for call, what in (
        *(("Attach", "Policy"), ("Delete", "PermissionsBoundary"), ("Delete", "Policy"), ("Detach", "Policy")),
        ("Put", "Policy"),
    )
)
"""The calls that have ``iam:PermissionsBoundary``: the boundary of the user or role that they change."""
_MAKING = frozenset({"iam:CreateRole", "iam:CreateUser"})
_CALLS_WITH: Mapping[str, frozenset[str]] = {
    "iam:permissionsboundary": _OF_THE_BOUNDARY
    | _MAKING
    | {"iam:PutRolePermissionsBoundary", "iam:PutUserPermissionsBoundary"},
    "iam:policyarn": frozenset(
        f"iam:{call}{it}Policy" for call in ("Attach", "Detach") for it in ("Group", "Role", "User")
    ),
}
"""The calls that have a key of IAM's own; no other call of these modules has one, but for tags of what it is about."""


@dataclass(frozen=True)
class RequestContext(Mapping[str, tuple[Value, ...]]):
    """The values that keys may have in a request. A key that it certainly lacks has the one value none."""

    principal: Principal
    action: str
    resource: str
    target: Principal | None
    """The user or role that the request is about, if it is about one that is known."""
    known: Context

    def __getitem__(self, key: str) -> tuple[Value, ...]:
        """Return the values of a key, in lower case; it raises ``KeyError`` where nothing is known."""
        found = self.known.get(key)
        if found is not None:
            return found
        if key.startswith(_PRINCIPAL_TAG):
            return _tag(self.principal, key) if _has_its_own_tags(self.principal) else self._unknown(key)
        if key.startswith(_RESOURCE_TAGS):
            return self._tag_of_resource(key)
        if self._is_missing(key):
            return (None,)
        return self._unknown(key)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys with a value that is known whatever is asked for."""
        return iter(self.known)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.known)

    def _tag_of_resource(self, key: str) -> tuple[Value, ...]:
        is_new = self.resource.endswith(f"/{NEW}")
        if ":group/" in self.resource or (is_new and self.action in _MAKING):
            return (None,)
        return _tag(self.target, key) if self.target and not is_new else self._unknown(key)

    def _is_missing(self, key: str) -> bool:
        service, user = key.rpartition(":")[0], self.principal.is_user
        if service == "aws":
            if key.startswith(_REQUEST_TAG) or key == "aws:tagkeys":
                return self.action not in _TAGGING
            return key in _BY_A_SERVICE or (user and key in _OF_SESSIONS)
        if service == "sts":
            return not self.action.startswith("sts:")
        if service == "iam":
            return self.action not in _CALLS_WITH.get(key, ())
        # The keys of a provider of identities begin with its address.
        return bool(service) and (user or not ("." in service or service in _SERVICES_OF_SESSIONS))

    def _unknown(self, key: str) -> tuple[Value, ...]:
        raise KeyError(key)


def keys_of(
    principal: Principal, action: str, resource: str, now: datetime, target: Principal | None, more: Context
) -> Context:
    """Return what is known of the keys of a request.

    Args:
        principal: the caller.
        action: the call.
        resource: the ARN that it is about.
        now: the time.
        target: the user or role that it is about, if it is about one.
        more: further keys with their values.
    """
    known = {**_of_every_request(principal, now), **more}
    if resource.startswith("arn:"):
        known["aws:resourceaccount"] = (account_of(resource),)
    if target and action in _OF_THE_BOUNDARY:
        known["iam:permissionsboundary"] = (target.boundary.arn if target.boundary else None,)
    return RequestContext(principal, action, resource, target, known)


@lru_cache(maxsize=4096)
def _of_every_request(principal: Principal, now: datetime) -> Context:
    """Return what is known of every request of a principal.

    A role's session knows nothing of MFA ("Secure API access with MFA"); a user may or may not have signed in with it,
    or have temporary credentials. IAM and STS answer over TLS alone (AWS General Reference, "Service endpoints").
    """
    user = principal.is_user
    context: dict[str, tuple[str | None, ...]] = {
        "aws:principalarn": (principal.arn,),
        "aws:principalaccount": (principal.account_id,),
        "aws:principaltype": ("User" if user else "AssumedRole",),
        "aws:principalisawsservice": ("false",),
        "aws:viaawsservice": ("false",),
        "aws:username": (principal.name if user else None,),
        "aws:multifactorauthpresent": (None, "false", "true") if user else (None, "false"),
        "aws:securetransport": ("true",),
        "aws:currenttime": (now.isoformat(),),
        "aws:epochtime": (str(int(now.timestamp())),),
        "aws:tokenissuetime": (None, now.isoformat()) if user else (now.isoformat(),),
    }
    if user and principal.unique_id:
        context["aws:userid"] = (principal.unique_id,)
    return context if user else {**context, "aws:multifactorauthage": (None,)}


def _tag(principal: Principal, key: str) -> tuple[Value, ...]:
    """Return the value of the tag that a key is about. Tags' keys are the same in capitals and small letters."""
    wanted = key.partition("/")[2]
    return (next((value for name, value in principal.tags.items() if name.lower() == wanted), None),)


@lru_cache(maxsize=4096)
def _has_its_own_tags(principal: Principal) -> bool:
    """Return ``False`` where a session may bring other tags than the role's, or a new principal may get some.

    Source: IAM User Guide, "Pass session tags in AWS STS".
    """
    return principal.name != NEW and not any(_lets_tag(it) for it in principal.trust if it.effect == "Allow")


def _lets_tag(statement: Statement) -> bool:
    named = any(match(text, "sts:TagSession", {}, ignore_case=True) == YES for text in statement.actions)
    return named is not statement.all_actions_but
