"""Replace a deleted user or role in policies with its unique id.

A later principal with the same name then gets no access.

Source: IAM User Guide, "AWS JSON policy elements: Principal".
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import iam, s3

Handler = Callable[[Mapping[str, list[str]]], tuple[int, dict[str, str], bytes]]

DELETIONS = {"DeleteRole": ("RoleName", "RoleId", iam._roles), "DeleteUser": ("UserName", "UserId", iam._users)}
"""The calls that delete principals: the parameter with the name, the field with the unique id, and the store."""


def replacing_with_unique_id(action: str, handler: Handler) -> Handler:
    """Return a handler that replaces the deleted principal in policies with its unique id."""
    parameter, field, store = DELETIONS[action]

    def handle(parameters: Mapping[str, list[str]]) -> tuple[int, dict[str, str], bytes]:
        principal = dict(store.get(iam._p(parameters, parameter)) or {})
        status, headers, body = handler(parameters)
        if status == 200:
            for role in iam._roles._data.values():
                trust = role["AssumeRolePolicyDocument"]
                role["AssumeRolePolicyDocument"] = _replaced(trust, principal["Arn"], principal[field])
            for key, document in s3._bucket_policies._data.items():
                s3._bucket_policies._data[key] = _replaced(document, principal["Arn"], principal[field])
        return status, headers, body

    return handle


def _replaced(document: str, arn: str, unique_id: str) -> str:
    if arn not in document:
        return document
    read = json.loads(document)
    listed = read["Statement"]
    for statement in listed if isinstance(listed, list) else [listed]:
        for element in {"Principal", "NotPrincipal"} & statement.keys():
            statement[element] = _renamed(statement[element], arn, unique_id)
    return json.dumps(read)


def _renamed(principal: Any, arn: str, unique_id: str) -> Any:  # noqa: ANN401 (JSON)
    if not isinstance(principal, dict) or "AWS" not in principal:
        return principal
    named = principal["AWS"]
    names = [unique_id if name == arn else name for name in (named if isinstance(named, list) else [named])]
    return {**principal, "AWS": names if isinstance(named, list) else names[0]}
