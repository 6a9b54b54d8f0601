"""Build rendered states of the repository from the components' own documents."""

import copy
import json
from collections.abc import Mapping
from typing import Any

from access.changes.rendered import Rendered, read
from components import GroupAssumePolicyArgs, ReadWriteBucketRoleArgs
from components.group_assume_policy import assume_role_policy
from components.partition import Partition
from components.read_write_bucket_role import identity_policy
from components.trust import trust_policy

State = dict[str, Any]
"""JSON."""

PRODUCTION, DEVELOPMENT = "999999999999", "111111111111"
ROLE = f"arn:aws:iam::{PRODUCTION}:role/UpdateApp"
AWS = Partition("aws", "amazonaws.com")


def role(name: str = "UpdateApp", **options: Any) -> State:  # noqa: ANN401 (as the components have it)
    """Return a role, with options of the component."""
    args: Any = {"name": name, "trusted_account_id": DEVELOPMENT, "bucket": "productionapp", **options}
    checked: ReadWriteBucketRoleArgs = args
    return {
        "name": name,
        "arn": f"arn:aws:iam::{PRODUCTION}:role/{name}",
        "path": "/",
        "trust": trust_policy("aws", checked),
        "policies": [{"name": "read-write-app-bucket", "document": identity_policy(AWS, checked)}],
        "permissionsBoundary": options.get("permissions_boundary"),
        "maxSessionDuration": options.get("max_session_duration", 3600),
    }


def group(name: str, *, members: list[str] | None = None, kind: str = "group", **options: Any) -> State:  # noqa: ANN401
    """Return a grantee: ``allow`` and ``deny`` are the ARNs of roles."""
    policies = []
    for key, effect in (("allow", "Allow"), ("deny", "Deny")):
        if key in options:
            args: Any = {"effect": effect, "role_arns": options[key], **options.get("with_options", {})}
            checked: GroupAssumePolicyArgs = args
            policies.append({"name": f"{key}-assume", "document": assume_role_policy(checked)})
    return {"kind": kind, "name": name, "members": members, "policies": policies}


def bucket(name: str = "productionapp", *statements: Mapping[str, Any]) -> State:
    """Return a bucket, with a policy of these statements."""
    policy = {"Version": "2012-10-17", "Statement": list(statements)} if statements else None
    return {"name": name, "policy": policy}


def state(
    roles: list[State] | None = None, grantees: list[State] | None = None, buckets: list[State] | None = None
) -> State:
    """Return the tutorial's two stacks, with other roles, grantees and buckets."""
    tutorial = [group("Developers", allow=[ROLE]), group("Testers", deny=[ROLE])]
    empty = {"project": "cross-account-access", "region": "us-east-1", "partition": "aws", "unresolved": []}
    production = {"roles": [role()] if roles is None else roles, "grantees": [], "buckets": buckets or [bucket()]}
    development = {"roles": [], "grantees": tutorial if grantees is None else grantees, "buckets": []}
    made = {
        "version": 1,
        "stacks": {
            "production": {**empty, "account": PRODUCTION, **production},
            "development": {**empty, "account": DEVELOPMENT, **development},
        },
    }
    return copy.deepcopy(made)


def parsed(made: State) -> Rendered:
    """Return a state as parsed by the product."""
    return read(json.dumps(made), "a file")
