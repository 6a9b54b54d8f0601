"""IAM's UpdateGroup, which MiniStack lacks."""

from collections.abc import Mapping
from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import iam


def update_group(parameters: Mapping[str, list[str]]) -> Any:  # noqa: ANN401 (as MiniStack's handlers do)
    """Change a group's name or path; it keeps its id, members and policies.

    Source: IAM API Reference, "UpdateGroup"; IAM User Guide, "Rename an IAM user group".
    """
    name = iam._p(parameters, "GroupName")
    group = iam._groups.get(name)
    if not group:
        return iam._error(404, "NoSuchEntity", f"The group with name {name} cannot be found.")
    new_name = iam._p(parameters, "NewGroupName") or name
    path = iam._p(parameters, "NewPath") or group["Path"]
    for store in (iam._groups, iam._group_inline_policies):
        if name in store:
            store[new_name] = store.pop(name)
    group |= {"GroupName": new_name, "Path": path, "Arn": f"arn:aws:iam::{get_account_id()}:group{path}{new_name}"}
    return iam._xml(200, "UpdateGroupResponse", "")
