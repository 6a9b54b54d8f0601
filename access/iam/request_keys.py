"""The condition keys of a request to IAM or STS that are known before the call.

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
"""The calls that accept tags. In all others, the keys about request tags are missing."""

_SERVICE_KEYS = frozenset(
    {
        *("aws:principalservicename", "aws:principalservicenameslist", "aws:sourceaccount", "aws:sourcearn"),
        *("aws:sourceorgid", "aws:sourceorgpaths"),
    }
)
"""Keys that are only present where an AWS service is the caller."""
_SESSION_KEYS = frozenset(
    {
        *("aws:assumedroot", "aws:chatbotsourcearn", "aws:ec2instancesourceprivateipv4", "aws:ec2instancesourcevpc"),
        *("aws:federatedprovider", "aws:sourceidentity"),
    }
)
"""Keys that only a role's session may have."""
_SESSION_SERVICES = ("codebuild", "ec2", "glue", "identitystore", "lambda", "saml", "ssm")
"""Prefixes of the keys that services add to role sessions."""

_BOUNDARY_CALLS = frozenset(
    f"iam:{call}{kind}{suffix}"
    for kind in ("Role", "User")
    for call, suffix in (
        *(("Attach", "Policy"), ("Delete", "PermissionsBoundary"), ("Delete", "Policy"), ("Detach", "Policy")),
        ("Put", "Policy"),
    )
)
"""The calls with ``iam:PermissionsBoundary``: the boundary of the user or role that they change."""
_CREATE_CALLS = frozenset({"iam:CreateRole", "iam:CreateUser"})
_CALLS_WITH: Mapping[str, frozenset[str]] = {
    "iam:permissionsboundary": _BOUNDARY_CALLS
    | _CREATE_CALLS
    | {"iam:PutRolePermissionsBoundary", "iam:PutUserPermissionsBoundary"},
    "iam:policyarn": frozenset(
        f"iam:{call}{kind}Policy" for call in ("Attach", "Detach") for kind in ("Group", "Role", "User")
    ),
}
"""The calls with an IAM key, tags apart. No other call of these modules has one."""


@dataclass(frozen=True)
class RequestContext(Mapping[str, tuple[Value, ...]]):
    """The possible values of a request's keys. A key that is certainly missing has the one value ``None``."""

    principal: Principal
    action: str
    resource: str
    target: Principal | None
    """The user or role that the request acts on, if known."""
    known: Context

    def __getitem__(self, key: str) -> tuple[Value, ...]:
        """Return the values of a key in lower case; raise ``KeyError`` if they are unknown."""
        values = self.known.get(key)
        if values is not None:
            return values
        if key.startswith(_PRINCIPAL_TAG):
            return _tag(self.principal, key) if _has_fixed_tags(self.principal) else self._unknown(key)
        if key.startswith(_RESOURCE_TAGS):
            return self._tag_of_resource(key)
        if self._is_missing(key):
            return (None,)
        return self._unknown(key)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys that are always known."""
        return iter(self.known)

    def __len__(self) -> int:
        """Return the number of keys that are always known."""
        return len(self.known)

    def _tag_of_resource(self, key: str) -> tuple[Value, ...]:
        is_new = self.resource.endswith(f"/{NEW}")
        if ":group/" in self.resource or (is_new and self.action in _CREATE_CALLS):
            return (None,)
        return _tag(self.target, key) if self.target and not is_new else self._unknown(key)

    def _is_missing(self, key: str) -> bool:
        service, user = key.rpartition(":")[0], self.principal.is_user
        if service == "aws":
            if key.startswith(_REQUEST_TAG) or key == "aws:tagkeys":
                return self.action not in _TAGGING
            return key in _SERVICE_KEYS or (user and key in _SESSION_KEYS)
        if service == "sts":
            return not self.action.startswith("sts:")
        if service == "iam":
            return self.action not in _CALLS_WITH.get(key, ())
        # An identity provider's keys begin with its address.
        return bool(service) and (user or not ("." in service or service in _SESSION_SERVICES))

    def _unknown(self, key: str) -> tuple[Value, ...]:
        raise KeyError(key)


def keys_of(
    principal: Principal, action: str, resource: str, now: datetime, target: Principal | None, more: Context
) -> Context:
    """Return the known keys of a request.

    Args:
        principal: the caller.
        action: the call.
        resource: the ARN it acts on.
        now: the time.
        target: the user or role it acts on, if any.
        more: further keys with their values.
    """
    known = {**_common_keys(principal, now), **more}
    if resource.startswith("arn:"):
        known["aws:resourceaccount"] = (account_of(resource),)
    if target and action in _BOUNDARY_CALLS:
        known["iam:permissionsboundary"] = (target.boundary.arn if target.boundary else None,)
    return RequestContext(principal, action, resource, target, known)


@lru_cache(maxsize=4096)
def _common_keys(principal: Principal, now: datetime) -> Context:
    """Return the keys that are known for every request of a principal.

    A role's session has no MFA keys ("Secure API access with MFA"). A user may have MFA or temporary credentials, or
    neither. IAM and STS answer over TLS only (AWS General Reference, "Service endpoints").
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
    """Return the value of the tag that a key names. Tag keys ignore case."""
    tag = key.partition("/")[2]
    return (next((value for name, value in principal.tags.items() if name.lower() == tag), None),)


@lru_cache(maxsize=4096)
def _has_fixed_tags(principal: Principal) -> bool:
    """Return ``False`` if a session may pass its own tags, or a new principal may get some.

    Source: IAM User Guide, "Pass session tags in AWS STS".
    """
    return principal.name != NEW and not any(
        _allows_tagging(each) for each in principal.trust if each.effect == "Allow"
    )


def _allows_tagging(statement: Statement) -> bool:
    named = any(match(text, "sts:TagSession", {}, ignore_case=True) == YES for text in statement.actions)
    return named is not statement.not_action
