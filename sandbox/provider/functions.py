"""The functions with which a program looks up an account, its users, roles and groups."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, cast

from sandbox.provider.configuration import Aws
from sandbox.provider.values import Properties, text


@dataclass(frozen=True)
class Function:
    """A function, with its arguments, which are all required."""

    call: Callable[[Aws, Properties], Properties]
    arguments: tuple[str, ...] = ()


def _caller_identity(aws: Aws, arguments: Properties) -> Properties:
    identity = aws.sts.get_caller_identity()
    account_id = identity["Account"]
    return {"accountId": account_id, "arn": identity["Arn"], "id": account_id, "userId": identity["UserId"]}


def _partition(aws: Aws, arguments: Properties) -> Properties:
    suffix = aws.dns_suffix
    return {
        "dnsSuffix": suffix,
        "id": aws.partition,
        "partition": aws.partition,
        "reverseDnsPrefix": ".".join(reversed(suffix.split("."))),
    }


def _group(aws: Aws, arguments: Properties) -> Properties:
    name = text(arguments["groupName"])
    pages = list(aws.iam.get_paginator("get_group").paginate(GroupName=name))
    group = pages[0]["Group"]
    return {
        "arn": group["Arn"],
        "groupId": group["GroupId"],
        "groupName": name,
        "id": group["GroupId"],
        "path": group["Path"],
        "users": [
            {"arn": user["Arn"], "path": user["Path"], "userId": user["UserId"], "userName": user["UserName"]}
            for page in pages
            for user in page["Users"]
        ],
    }


def _listed(operation: Literal["list_roles", "list_users"], kind: Literal["Role", "User"]) -> Function:
    def call(aws: Aws, arguments: Properties) -> Properties:
        pages = aws.iam.get_paginator(operation).paginate()
        found: list[Any] = [item for page in pages for item in cast(Any, page)[f"{kind}s"]]
        return {
            "arns": [item["Arn"] for item in found],
            "id": aws.region,
            "names": [item[f"{kind}Name"] for item in found],
        }

    return Function(call)


FUNCTIONS = {
    "aws:iam/getGroup:getGroup": Function(_group, ("groupName",)),
    "aws:iam/getRoles:getRoles": _listed("list_roles", "Role"),
    "aws:iam/getUsers:getUsers": _listed("list_users", "User"),
    "aws:index/getCallerIdentity:getCallerIdentity": Function(_caller_identity),
    "aws:index/getPartition:getPartition": Function(_partition),
}
"""The functions, by token."""
