"""Lint policy documents with parliament, which knows AWS's actions with their resources and condition keys.

It is made for identity policies. A trust policy has no ``Resource`` and a key's policy has ``*``: both mean what the
document stands on, so parliament is shown that ARN in the place.
"""

import json
import re
import warnings
from functools import cache

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it finds its files by pkg_resources, which warns that it will be gone
    import parliament  # type: ignore[import-untyped]

ROLE_ARN = "arn:aws:iam::999999999999:role/UpdateApp"
"""A resource for trust policies. The linter accepts any role."""

_FALSE_FINDINGS = re.compile(
    # Its pattern of an IPv6 address has six groups of decimal digits and no ::
    r"MISMATCHED_TYPE Type mismatch: aws:SourceIp requires a value of type Ip but given .*::"
)


@cache
def findings(text: str, stands_on: str = "") -> tuple[str, ...]:
    """Return the kind and detail of each finding in a document.

    Args:
        text: the document.
        stands_on: the ARN of the role or key that the document stands on.
    """
    document = json.loads(text)
    for statement in document["Statement"]:
        if stands_on and statement.get("Resource", "*") == "*":
            statement["Resource"] = stands_on
        resources = statement.get("Resource", [])
        arns = [resources] if isinstance(resources, str) else resources
        if arns:
            statement["Resource"] = [_without_colon(arn) for arn in arns]
    policy = parliament.analyze_policy_string(json.dumps(document), ignore_private_auditors=True)
    texts = (f"{finding.issue} {finding.detail}" for finding in policy.findings)
    return tuple(finding for finding in texts if not _FALSE_FINDINGS.match(finding))


def _without_colon(arn: str) -> str:
    """Replace colons in an object's key, which S3 allows and parliament does not."""
    bucket, slash, key = arn.partition("/")
    return bucket + slash + (key.replace(":", ".") if ":s3:" in bucket else key)
