"""Revoke a role's sessions: all that began before a given time lose their rights; new ones work.

Source: IAM User Guide, "Revoke IAM role temporary security credentials".
"""

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import ClientError

from ..arn import account_of, name_of
from ..aws_errors import error_code
from ..errors import AccessError
from .callers import Source
from .failures import is_denied, one_line_errors

POLICY = "AWSRevokeOlderSessions"
"""The inline policy's name, the same as the console's, so that each replaces the other's."""

_PROPAGATION = timedelta(seconds=30)
"""How long AWS may take to apply the policy everywhere. The console's policy too denies sessions that begin about 30
seconds after it was written, or one renewed meanwhile would keep its rights. Source: the page above."""


def revoke(source: Source, role_arn: str) -> str:
    """Revoke all current sessions of a role; return the time before which sessions are revoked, for the stack's file.

    Args:
        source: the credentials of an administrator of the role's account.
        role_arn: the role.

    Raises:
        AccessError: the credentials are of another account or lack the right, or the role does not exist.
        botocore.exceptions.ClientError: AWS refuses for another reason.
    """
    with one_line_errors(source.name, source.profile):
        answer: Any = source.sts.get_caller_identity()
    caller, owner, name = answer["Arn"], account_of(role_arn), name_of(role_arn)
    if account_of(caller) != owner:
        raise AccessError(
            f"the credentials are of account {account_of(caller)} ({source.name}), but role {name} is in {owner}; name"
            " the profile of its administrator: --profile"
        )
    cutoff = f"{_now(answer) + _PROPAGATION:%Y-%m-%dT%H:%M:%SZ}"
    try:
        source.client("iam").put_role_policy(RoleName=name, PolicyName=POLICY, PolicyDocument=_document(cutoff))
    except ClientError as error:
        if is_denied(error):
            reason = f"{caller} may not revoke sessions of {role_arn}; that requires iam:PutRolePolicy on the role"
        elif error_code(error) == "NoSuchEntity":
            reason = f"there is no role {role_arn}"
        elif error_code(error) == "UnmodifiableEntity":
            reason = f"only AWS can change {role_arn}; revoke its sessions in Identity Center"
        else:
            raise
        raise AccessError(reason) from None
    return cutoff


def _document(cutoff: str) -> str:
    older = {"DateLessThan": {"aws:TokenIssueTime": cutoff}}
    statement = {"Effect": "Deny", "Action": ["*"], "Resource": ["*"], "Condition": older}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _now(answer: Any) -> datetime:  # noqa: ANN401 (botocore has no type for it)
    """Return the time by AWS's clock, which also dates sessions."""
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        return parsedate_to_datetime(headers["date"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError):
        return datetime.now(UTC)
