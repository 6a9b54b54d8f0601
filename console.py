"""Links into the AWS Management Console."""

from urllib.parse import urlencode

# Source: IAM User Guide, "Switch to a role (console)"; the other partitions' sign-in hosts are in "AWS GovCloud (US)
# sign-in" and "Sign in to Amazon Web Services in China".
_SIGN_IN_HOSTS = {
    "aws": "signin.aws.amazon.com",
    "aws-us-gov": "signin.amazonaws-us-gov.com",
    "aws-cn": "signin.amazonaws.cn",
}


def switch_role_url(role_arn: str) -> str | None:
    """The link with which a person who is signed in to the console switches to the role.

    Args:
        role_arn: e.g. ``arn:aws:iam::999999999999:role/UpdateApp``; a path stays part of the role's name.

    Returns:
        The link, or nothing for a partition whose console is not known here.
    """
    _, partition, _, _, account_id, resource = role_arn.split(":", 5)
    host = _SIGN_IN_HOSTS.get(partition)
    role_name = resource.removeprefix("role/")
    query = urlencode({"account": account_id, "roleName": role_name, "displayName": role_name})
    return f"https://{host}/switchrole?{query}" if host else None
