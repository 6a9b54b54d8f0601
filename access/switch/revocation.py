"""Revocation of a role's sessions: all that began before a moment lose their rights, and new ones can be begun.

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
from .failures import in_words, is_denied

POLICY = "AWSRevokeOlderSessions"
"""The inline policy, named as the console names it, so that each takes the place of the other's."""

_PROPAGATION = timedelta(seconds=30)
"""How long AWS may take to apply the policy everywhere. The console's policy too denies sessions that begin about 30
seconds after it was written, or one renewed meanwhile would keep its rights. Source: the page above."""


def revoke(source: Source, role_arn: str) -> str:
    """Revoke all sessions of a role that began so far; return the moment, as the stack's file takes it.

    Args:
        source: the credentials of an administrator of the role's account.
        role_arn: the role.

    Raises:
        AccessError: they are of another account or may not do it, or there is no such role.
        botocore.exceptions.ClientError: AWS refuses it for another reason.
    """
    with in_words(source.name, source.profile):
        answer: Any = source.sts.get_caller_identity()
    caller, owner, name = answer["Arn"], account_of(role_arn), name_of(role_arn)
    if account_of(caller) != owner:
        raise AccessError(
            f"the credentials are of account {account_of(caller)} ({source.name}), but role {name} is in {owner}; name"
            " the profile of its administrator: --profile"
        )
    moment = f"{_now(answer) + _PROPAGATION:%Y-%m-%dT%H:%M:%SZ}"
    try:
        source.client("iam").put_role_policy(RoleName=name, PolicyName=POLICY, PolicyDocument=_document(moment))
    except ClientError as error:
        if is_denied(error):
            reason = f"{caller} may not revoke sessions of {role_arn}; it takes iam:PutRolePolicy on that role"
        elif error_code(error) == "NoSuchEntity":
            reason = f"there is no role {role_arn}"
        elif error_code(error) == "UnmodifiableEntity":
            reason = f"{role_arn} is AWS's own, which only AWS can change; revoke its sessions in Identity Center"
        else:
            raise
        raise AccessError(reason) from None
    return moment


def _document(moment: str) -> str:
    older = {"DateLessThan": {"aws:TokenIssueTime": moment}}
    statement = {"Effect": "Deny", "Action": ["*"], "Resource": ["*"], "Condition": older}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _now(answer: Any) -> datetime:  # noqa: ANN401 (botocore has no type for it)
    """Return the time by the clock of AWS, which is the one that sessions go by."""
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        return parsedate_to_datetime(headers["date"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError):
        return datetime.now(UTC)
