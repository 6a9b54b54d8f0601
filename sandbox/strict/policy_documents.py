"""Refuse invalid policy documents, with AWS's messages.

Sources: IAM User Guide, "Grammar of the IAM JSON policy language" and "IAM JSON policy elements: Condition operators";
IAM API Reference, MalformedPolicyDocument; Amazon S3 User Guide, "Bucket policies": their size, without white space.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ministack.core.iam_evaluator import _CONDITION_OPS

from sandbox.strict.accounts import Accounts

_SYNTAX = "Syntax errors in policy."
_LARGEST_BUCKET_POLICY = 20480
_VERSIONS = ("2008-10-17", "2012-10-17")
_ELEMENTS = {"Version", "Id", "Statement"}
_OF_STATEMENTS = {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource"}
_KINDS = {"AWS", "Service", "Federated", "CanonicalUser"}
_TRUST_ACTIONS = re.compile(r"sts:(assumerole\w*|tagsession|setsourceidentity|setcontext|\*)|\*", re.IGNORECASE)

_Statement = Mapping[str, Any]


class _PolicyError(Exception):
    """An error in a document."""


def identity_policy_error(document: str) -> str | None:
    """Return the error in a managed policy, or an inline policy of a user, group or role."""
    return _first_error(lambda: _check_identity_policy(document))


def trust_policy_error(document: str, accounts: Accounts) -> str | None:
    """Return the error in a role's trust policy."""
    return _first_error(lambda: _check_trust_policy(document, accounts))


def bucket_policy_error(document: str, bucket: str, accounts: Accounts) -> str | None:
    """Return the error in a bucket's policy."""
    if not document.startswith("{") or _read(document) is None:
        return "Policies must be valid JSON and the first byte must be '{'"
    if len(json.dumps(_read(document), separators=(",", ":"))) > _LARGEST_BUCKET_POLICY:
        return f"Normalized policy document exceeds the maximum allowed size of {_LARGEST_BUCKET_POLICY} bytes"
    return _first_error(lambda: _check_bucket_policy(document, bucket, accounts))


def _first_error(check: Callable[[], None]) -> str | None:
    try:
        check()
    except _PolicyError as error:
        return str(error)
    return None


def _check_identity_policy(document: str) -> None:
    for statement in _statements(document):
        if {"Principal", "NotPrincipal"} & statement.keys():
            raise _PolicyError("Policy document should not specify a principal.")
        if not {"Resource", "NotResource"} & statement.keys():
            raise _PolicyError("Policy statement must contain resources.")
        for resource in [*_list(statement, "Resource"), *_list(statement, "NotResource")]:
            if resource != "*" and not (resource.startswith("arn:") and resource.count(":") >= 5):
                raise _PolicyError(f'Resource {resource} must be in ARN format or "*".')


def _check_trust_policy(document: str, accounts: Accounts) -> None:
    for statement in _statements(document):
        for element in ("Resource", "NotResource"):
            if element in statement:
                raise _PolicyError(f"Has prohibited field {element}")
        if not {"Principal", "NotPrincipal"} & statement.keys():
            raise _PolicyError("Missing required field Principal")
        if not all(_TRUST_ACTIONS.fullmatch(action) for action in _list(statement, "Action")):
            raise _PolicyError("AssumeRole policy may only specify STS AssumeRole actions.")
        for kind, name in _principals(statement):
            if kind == "AWS" and not accounts.has_principal(name):
                raise _PolicyError(f'Invalid principal in policy: "AWS":"{name}"')


def _check_bucket_policy(document: str, bucket: str, accounts: Accounts) -> None:
    arn = f"arn:aws:s3:::{bucket}"
    for statement in _statements(document):
        if not {"Principal", "NotPrincipal"} & statement.keys():
            raise _PolicyError("Missing required field Principal")
        if not all(kind != "AWS" or accounts.has_principal(name) for kind, name in _principals(statement)):
            raise _PolicyError("Invalid principal in policy")
        resources = [*_list(statement, "Resource"), *_list(statement, "NotResource")]
        if not resources:
            raise _PolicyError("Missing required field Resource")
        if not all(resource.partition("/")[0] == arn or resource in (f"{arn}*", f"{arn}/*") for resource in resources):
            raise _PolicyError("Policy has invalid resource")


def _read(document: str) -> dict[str, Any] | None:
    try:
        read = json.loads(document)
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


def _statements(document: str) -> list[_Statement]:
    """Return the statements of a document, and check each against the grammar."""
    read = _read(document)
    if read is None or read.keys() - _ELEMENTS or read.get("Version", _VERSIONS[0]) not in _VERSIONS:
        raise _PolicyError(_SYNTAX)
    listed = read.get("Statement")
    statements = [listed] if isinstance(listed, dict) else listed
    if not isinstance(statements, list) or not statements:
        raise _PolicyError(_SYNTAX)
    for statement in statements:
        _check_statement(statement)
    sids = Counter(statement["Sid"] for statement in statements if statement.get("Sid"))
    if any(count > 1 for count in sids.values()):
        raise _PolicyError("Statement IDs (SID) in a single policy must be unique.")
    return statements


def _check_statement(statement: object) -> None:
    if not isinstance(statement, dict) or statement.keys() - _OF_STATEMENTS - {"Condition"}:
        raise _PolicyError(_SYNTAX)
    both = any({element, f"Not{element}"} <= statement.keys() for element in ("Action", "Principal", "Resource"))
    if statement.get("Effect") not in ("Allow", "Deny") or both or not isinstance(statement.get("Sid", ""), str):
        raise _PolicyError(_SYNTAX)
    if not _list(statement, "Action") and not _list(statement, "NotAction"):
        raise _PolicyError("Policy statement must contain actions.")
    for action in [*_list(statement, "Action"), *_list(statement, "NotAction")]:
        if action != "*" and not re.fullmatch(r"[\w-]+:[\w*?]+", action):
            raise _PolicyError("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    _check_conditions(statement.get("Condition", {}))


def _check_conditions(conditions: object) -> None:
    if not isinstance(conditions, dict):
        raise _PolicyError(_SYNTAX)
    for operator, keys in conditions.items():
        name = operator.lower().removesuffix("ifexists")
        name = name.removeprefix("forallvalues:").removeprefix("foranyvalue:")
        if (name != "null" and name not in _CONDITION_OPS) or not isinstance(keys, dict):
            raise _PolicyError(_SYNTAX)
        for value in keys.values():
            values = value if isinstance(value, list) else [value]
            if not all(isinstance(item, str | bool | int | float) for item in values):
                raise _PolicyError(_SYNTAX)


def _list(statement: _Statement, element: str) -> list[str]:
    value = statement.get(element, [])
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in values):
        raise _PolicyError(_SYNTAX)
    return values


def _principals(statement: _Statement) -> Iterator[tuple[str, str]]:
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    if principal == "*":
        return
    if not isinstance(principal, dict) or not principal or principal.keys() - _KINDS:
        raise _PolicyError("Invalid principal in policy")
    for kind in principal:
        for name in _list(principal, kind):
            yield kind, name
