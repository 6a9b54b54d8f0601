"""IAM's listings, which say less about each thing than MiniStack's do."""

import re
from collections.abc import Callable, Mapping

Handler = Callable[[Mapping[str, list[str]]], tuple[int, dict[str, str], bytes]]

LISTINGS = ("ListInstanceProfiles", "ListPolicies", "ListRoles", "ListUsers")

_TAGS = re.compile(rb"<Tags>.*?</Tags>", re.DOTALL)


def without_tags(handler: Handler) -> Handler:
    """Return a handler whose answers are without tags.

    Source: IAM API Reference, "ListUsers" and the other three: "This operation does not return the following
    attributes, even though they are an attribute of the returned object".
    """

    def handle(parameters: Mapping[str, list[str]]) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = handler(parameters)
        return status, headers, _TAGS.sub(b"", body)

    return handle
