"""Manual changes of the accounts in memory."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.support.deployed import Aws, document

THIRD = "333333333333"
BUCKET = "arn:aws:s3:::productionapp"
Edit = Callable[[Aws], Any]


def inline(content: Any) -> Edit:  # noqa: ANN401
    """Add an inline policy to the role."""
    return lambda aws: aws.production.put(aws.update_app, "Y", content)


def attached(content: Any) -> Edit:  # noqa: ANN401
    """Attach another managed policy to the role."""
    return lambda aws: aws.production.attach(aws.update_app, aws.production.policy("More", content))


def own(content: Any) -> Edit:  # noqa: ANN401
    """Add another version of the role's own policy."""
    return lambda aws: aws.production.policy("read-write-app-bucket", content)


def trust(content: Any) -> Edit:  # noqa: ANN401
    """Replace the trust policy."""
    return lambda aws: aws.update_app.update(AssumeRolePolicyDocument=content)


def bucket_policy(*statements: Mapping[str, Any]) -> Edit:
    """Add statements to the bucket's policy."""
    return lambda aws: aws.bucket["policy"]["Statement"].extend(statements)


def of_group(name: str, content: Any) -> Edit:  # noqa: ANN401
    """Add a policy to a group."""
    return lambda aws: aws.development.put(aws.development.group(name), "Y", content)


def another_role(account: str, trusted: Any, content: Any = None) -> Edit:  # noqa: ANN401
    """Add another role."""

    def edit(aws: Aws) -> None:
        made = aws.accounts[account].role("Other", trusted)
        if content:
            aws.accounts[account].put(made, "Y", content)

    return edit


def user(account: str, content: Any = None, *groups: str, attach: str = "") -> Edit:  # noqa: ANN401
    """Add another user."""

    def edit(aws: Aws) -> None:
        made = aws.accounts[account].user("Norman", *groups)
        if content:
            aws.accounts[account].put(made, "Y", content)
        if attach:
            aws.accounts[account].attach(made, attach)

    return edit


def statement(who: Any, action: str | list[str], resource: str | list[str], **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a statement of a bucket's policy."""
    return {"Sid": "B", "Effect": "Allow", "Principal": who, "Action": action, "Resource": resource, **more}


def grants(*objects: str, list_resource: str = BUCKET, **condition: Any) -> Any:  # noqa: ANN401
    """Return the role's own policy, with other objects or another condition on listing."""
    listing: dict[str, Any] = {"Sid": "L", "Effect": "Allow", "Action": ["s3:GetBucketLocation", "s3:ListBucket"]}
    listing |= {"Resource": list_resource, **condition}
    return document(
        {"Sid": "A", "Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"},
        listing,
        {
            "Sid": "O",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            "Resource": [*objects],
        },
    )


def all_of(*edits: Edit) -> Edit:
    return lambda aws: [edit(aws) for edit in edits]


MFA = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
