"""Manual changes in every form of a policy, and the findings of a review after one."""

import copy
from collections.abc import Callable
from typing import Any

from access.reading.values import Finding
from tests.support.deployed import Aws, Document, document, root
from tests.support.edits import BUCKET, Edit, statement, trust
from tests.support.rendered import DEVELOPMENT, PRODUCTION, State

BOTH = [BUCKET, f"{BUCKET}/*"]
TRUST: dict[str, Any] = {
    "Sid": "T",
    "Effect": "Allow",
    "Principal": {"AWS": root(DEVELOPMENT)},
    "Action": "sts:AssumeRole",
}
OIDC = {
    "Effect": "Allow",
    "Principal": {"Federated": f"arn:aws:iam::{PRODUCTION}:oidc-provider/token.actions.githubusercontent.com"},
    "Action": "sts:AssumeRoleWithWebIdentity",
}
INSECURE = {"Bool": {"aws:SecureTransport": "false"}}


def when(operator: str, key: str, value: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a condition."""
    return {"Condition": {operator: {key: value}}}


def denied(who: Any, action: str | list[str], resource: str | list[str], **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a Deny statement of a bucket's policy."""
    return {**statement(who, action, resource, **more), "Effect": "Deny"}


def tls(**more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the bucket's own statement with changes."""
    made = {"Sid": "Tls", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": BOTH, "Condition": INSECURE}
    return {**made, **more}


def service(name: str) -> dict[str, Any]:
    """Return a statement that trusts a service."""
    return {"Effect": "Allow", "Principal": {"Service": name}, "Action": "sts:AssumeRole"}


def trust_of(*statements: dict[str, Any]) -> Edit:
    """Replace the trust policy by these statements."""
    return trust(document(*statements))


def also_trusts(*statements: dict[str, Any]) -> Edit:
    """Add statements to the trust policy."""
    return lambda aws: aws.update_app["AssumeRolePolicyDocument"]["Statement"].extend(statements)


def changed_own(change: Callable[[Any], Any]) -> Edit:
    """Change the role's own policy."""

    def edit(aws: Aws) -> None:
        made = copy.deepcopy(aws.production.policies["read-write-app-bucket"]["PolicyVersionList"][-1]["Document"])
        change(made)
        aws.production.policy("read-write-app-bucket", made)

    return edit


def policy_of_bucket(content: Document) -> Edit:
    """Replace the bucket's policy."""
    return lambda aws: aws.bucket.update(policy=content)


def other_role(
    name: str, trusted: Document, content: Document | None = None, path: str = "", account: str = PRODUCTION
) -> Edit:
    """Add another role."""

    def edit(aws: Aws) -> None:
        made = aws.accounts[account].role(name, trusted, path)
        if content:
            aws.accounts[account].put(made, "Y", content)

    return edit


def another_user(name: str, *groups: str, content: Document | None = None, account: str = DEVELOPMENT) -> Edit:
    """Add another user."""

    def edit(aws: Aws) -> None:
        made = aws.accounts[account].user(name, *groups)
        if content:
            aws.accounts[account].put(made, "Y", content)

    return edit


def of_david(content: Document) -> Edit:
    """Add an inline policy to a Developer."""
    return lambda aws: aws.development.put(aws.development.users["David"], "Y", content)


def findings_of(edit: Edit, declared: State | None = None) -> list[Finding]:
    aws = Aws(declared)
    edit(aws)
    return [finding for reading in aws.review().readings for finding in reading.findings]


def assert_only(found: list[Finding], kind: str, text: str) -> None:
    texts = [(each.kind, each.text) for each in found]
    assert bool([each for each in found if text in each.text]) is bool(kind), texts
    assert {each.kind for each in found} == ({kind} if kind else set()), texts
