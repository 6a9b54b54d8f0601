"""Correct the fields in MiniStack's IAM listings: no tags, but permissions boundaries."""

import re
from collections.abc import Callable, Mapping

from ministack.services import iam

Handler = Callable[[Mapping[str, list[str]]], tuple[int, dict[str, str], bytes]]

LISTINGS = ("ListInstanceProfiles", "ListPolicies", "ListRoles", "ListUsers")

DETAILS = "GetAccountAuthorizationDetails"

_ENTITY = re.compile(rb"<(User|Role)Name>([^<]+)</\1Name>(?:(?!</member>).)*?(?=<\1PolicyList>)", re.DOTALL)
_TAGS = re.compile(rb"<Tags>.*?</Tags>", re.DOTALL)


def without_tags(handler: Handler) -> Handler:
    """Return a handler that removes the tags from the answers.

    Source: IAM API Reference, "ListUsers" and the other three: "This operation does not return the following
    attributes, even though they are an attribute of the returned object".
    """

    def handle(parameters: Mapping[str, list[str]]) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = handler(parameters)
        return status, headers, _TAGS.sub(b"", body)

    return handle


def with_boundaries(handler: Handler) -> Handler:
    """Return a handler that adds the permissions boundaries of users and roles to the answer.

    Source: IAM API Reference, "GetAccountAuthorizationDetails": UserDetail and RoleDetail.
    """

    def handle(parameters: Mapping[str, list[str]]) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = handler(parameters)
        return status, headers, _ENTITY.sub(_with_boundary, body)

    return handle


def _with_boundary(found: re.Match[bytes]) -> bytes:
    store = iam._users if found[1] == b"User" else iam._roles
    arn = store[found[2].decode()].get("PermissionsBoundary")
    kind = "<PermissionsBoundaryType>PermissionsBoundaryPolicy</PermissionsBoundaryType>"
    element = f"<PermissionsBoundary>{kind}<PermissionsBoundaryArn>{arn}</PermissionsBoundaryArn></PermissionsBoundary>"
    return found[0] + (element.encode() if arn else b"")
