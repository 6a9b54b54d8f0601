"""Evaluate resource policies: find the statements that name a principal, in any account.

Sources: IAM User Guide, "AWS JSON policy elements: Principal", "Cross-account policy evaluation logic" and
"How IAM roles differ from resource-based policies".
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import iam, s3

from sandbox.strict.conditions import role_of

_ACCOUNT = re.compile(r"\d{12}|arn:aws[a-z-]*:iam::\d{12}:root")
_BUCKET = "arn:aws:s3:::"
_Policy = tuple[str, str]  # the document and the resource's account


def install() -> None:
    """Replace MiniStack's functions with the completed ones."""
    iam_evaluator.evaluate_resource_policy = _evaluate
    s3.bucket_policy_for_arn = _bucket_policy


def _evaluate(
    document: str | Mapping[str, Any] | None,
    context: Any,  # noqa: ANN401 (MiniStack's context)
    service: object = None,
    named_only: bool = False,
    direct_only: bool = False,
) -> Any:  # noqa: ANN401 (MiniStack's result)
    """Evaluate the statements of a resource's policy that name the caller.

    Args:
        document: the policy.
        context: the request.
        service: MiniStack's name for a calling service. No service calls here.
        named_only: ignore statements that name only the caller's account.
        direct_only: ignore statements that do not name the user or the session itself.
    """
    read = json.loads(document or "{}") if not isinstance(document, Mapping) else document
    listed = read.get("Statement", [])
    applicable = [
        statement
        for statement in (listed if isinstance(listed, list) else [listed])
        if _is_about(statement, context.principal_arn, named_only=named_only, direct_only=direct_only)
    ]
    return iam_evaluator.evaluate(context, [iam_evaluator.parse_policy_document({**read, "Statement": applicable})])


def _is_about(statement: Mapping[str, Any], caller: str, *, named_only: bool, direct_only: bool) -> bool:
    if "NotPrincipal" in statement:
        return not (named_only or direct_only or _named(statement["NotPrincipal"]) & set(_names(caller)))
    principals = _named(statement.get("Principal", {}))
    names = set(_names(caller))
    if direct_only:
        return caller in principals and not _ACCOUNT.fullmatch(caller)
    if named_only:
        return bool({name for name in principals & names if not _ACCOUNT.fullmatch(name)})
    return bool(principals & names)


def _named(principal: object) -> set[str]:
    if isinstance(principal, dict):
        principal = principal.get("AWS", [])
    return set(principal if isinstance(principal, list) else [principal])


def _names(caller: str) -> Iterator[str]:
    """Yield all names by which a policy may name a caller."""
    yield "*"
    if not caller.startswith("arn:"):
        return
    _, partition, _, _, account_id, resource = caller.split(":", 5)
    yield account_id
    yield f"arn:{partition}:iam::{account_id}:root"
    yield caller
    role = role_of(caller)
    user = iam._users.get_scoped(account_id, None, resource.rpartition("/")[2]) if ":user/" in caller else None
    if role:
        yield role["Arn"]
        yield role["RoleId"]
    elif user:
        yield user["UserId"]


def _bucket_policy(arn: str) -> _Policy | None:
    """Return a bucket's policy and owner for a caller of any account.

    If a bucket's ACLs are enabled, MiniStack decides on other accounts, which the ACLs may let in.
    """
    bucket = arn.removeprefix(_BUCKET).partition("/")[0]
    owner = s3._bucket_owner_account(bucket) if arn.startswith(_BUCKET) else None
    if owner is None:
        return None
    document = s3._bucket_policies.get_scoped(owner, None, bucket) or ""
    return document, owner
