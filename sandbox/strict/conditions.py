"""Make MiniStack's evaluator read conditions and resources as AWS does.

Sources: IAM User Guide, "IAM policy elements: Variables and tags" and "AWS global condition context keys".
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import iam, s3

from sandbox.strict.variables import compiled, fill_in, fill_in_conditions, without_variables

_Keys = dict[str, Any]
_S3_PREFIX = "arn:aws:s3:::"


def install() -> None:
    """Replace MiniStack's functions with the completed ones."""
    iam_evaluator._fnmatch_compile = compiled
    iam_evaluator._resolve_condition_key = _completed(iam_evaluator._resolve_condition_key)
    iam_evaluator._conditions_met = _with_variables(iam_evaluator._conditions_met)
    iam_evaluator._first_match = _with_variables_in_resources(iam_evaluator._first_match)
    iam_evaluator.parse_policy_document = _by_version(iam_evaluator.parse_policy_document)


def role_of(session_arn: str) -> Mapping[str, Any] | None:
    """Return a session's role, if it is a role's session and the role exists."""
    _, _, service, _, account_id, resource = session_arn.split(":", 5)
    kind, _, rest = resource.partition("/")
    if (service, kind) != ("sts", "assumed-role"):
        return None
    role: Mapping[str, Any] | None = iam._roles.get_scoped(account_id, None, rest.partition("/")[0])
    return role


def principal_arn(caller_arn: str) -> str:
    """Return a caller's ``aws:PrincipalArn``: for a role's session, the role's ARN."""
    role = role_of(caller_arn) if caller_arn.startswith("arn:") else None
    return str(role["Arn"]) if role else caller_arn


def _completed(resolve: Callable[..., object]) -> Callable[..., object]:
    """Resolve ``aws:PrincipalArn``, ``aws:PrincipalType`` and ``aws:ResourceAccount`` as AWS does."""

    def resolve_condition_key(key: str, context: Any) -> object:  # noqa: ANN401 (MiniStack's context)
        name = key.lower()
        if name == "aws:principalarn":
            return principal_arn(context.principal_arn)
        if name == "aws:principaltype" and context.principal_type == "Root":
            return "Account"
        if name in ("aws:resourceaccount", "s3:resourceaccount") and context.resource_arn.startswith(_S3_PREFIX):
            bucket = context.resource_arn.removeprefix(_S3_PREFIX).partition("/")[0]
            return s3._bucket_owner_account(bucket) or context.principal_account
        return resolve(key, context)

    return resolve_condition_key


def _with_variables(conditions_met: Callable[..., bool]) -> Callable[..., bool]:
    def met(conditions: _Keys, context: object) -> bool:
        return conditions_met(fill_in_conditions(conditions or {}, _values(context)), context)

    return met


def _with_variables_in_resources(first_match: Callable[..., object]) -> Callable[..., object]:
    def match(context: object, statements: list[Any], effect: str) -> object:
        return first_match(context, [_filled(statement, context) for statement in statements], effect)

    return match


def _filled(statement: Any, context: object) -> object:  # noqa: ANN401 (MiniStack's statement)
    resources = [*statement.resources, *statement.not_resources]
    if not any("${" in resource for resource in resources):
        return statement

    def filled(patterns: list[str]) -> list[str]:
        return [fill_in(text, _values(context), pattern=True) for text in patterns]

    return replace(statement, resources=filled(statement.resources), not_resources=filled(statement.not_resources))


def _values(context: object) -> Callable[[str], object]:
    return lambda key: iam_evaluator._resolve_condition_key(key, context)


def _by_version(parse: Callable[..., list[object]]) -> Callable[..., list[object]]:
    """Parse a document so that variables are filled in only if its version has them."""

    def parse_policy_document(document: str | _Keys) -> list[object]:
        try:
            read = json.loads(document) if isinstance(document, str) else document
        except ValueError:
            read = None
        return parse(without_variables(read)) if isinstance(read, dict) else []

    return parse_policy_document
