"""Whether the users and roles that other accounts' roles name exist: only this account can tell."""

from collections.abc import Mapping

import pulumi


async def missing_principals(options: Mapping[str, object], account_ids: list[str]) -> list[str]:
    """The principals of this account that a role names and that do not exist.

    A mistyped one would trust nobody, or deny nobody, without a word: AWS does not check what stands in a condition.

    Args:
        options: what another stack's file says of the role, in its words.
        account_ids: this account.

    Returns:
        Their ARNs. Patterns are left out: they may be meant for principals to come.

    Raises:
        Exception: AWS can't be asked; these credentials may not list users and roles.
    """
    named = [arn for key in ("trustedPrincipalArns", "deniedPrincipalArns") for arn in _texts(options.get(key))]
    exact = [arn for arn in named if not set("*?") & set(arn) and arn.split(":")[4] in account_ids]
    if not exact:
        return []
    kinds = ("aws:iam/getUsers:getUsers", "aws:iam/getRoles:getRoles")
    listed = [await pulumi.runtime.invoke_async(kind, {}) for kind in kinds]
    existing = {arn for answer in listed for arn in answer["arns"]}
    return [arn for arn in dict.fromkeys(exact) if arn not in existing]


def _texts(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
