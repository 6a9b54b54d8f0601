"""The environment variables that point AWS and Pulumi tools at a stack's account in the sandbox."""

import os

from access.project.yaml_file import parsed_list, read_yaml
from sandbox.emulator import Emulator
from sandbox.errors import SandboxError
from sandbox.layout import OFFICIAL_PULUMI_HOME, PULUMI_HOME, Layout
from sandbox.secret_key import derived_secret, read_key


def environment(layout: Layout, emulator: Emulator, project: str, stack: str, official: bool = False) -> dict[str, str]:
    """Return the variables.

    Args:
        layout: the sandbox.
        emulator: the emulator.
        project: the project's name.
        stack: the stack's name.
        official: use the official AWS plugin rather than the stand-in.

    Raises:
        SandboxError: the sandbox was never started, or does not know the stack.
    """
    key, file = read_key(layout.secret_key), layout.project(project) / f"Pulumi.{stack}.yaml"
    if not file.exists():
        raise SandboxError(f"{stack} is not in the sandbox yet; run `python -m sandbox up {stack}`")
    config = read_yaml(file).content["config"]
    account_id, region = (parsed_list(config["aws:allowedAccountIds"]) or [""])[0], config["aws:region"]
    roles = layout.published_roles
    return {
        "ACCESS_ROLES": str(roles) if roles.exists() else "",  # never the caller's own list
        "AWS_ACCESS_KEY_ID": account_id,  # the emulator accepts an account's id as its root's key
        "AWS_SECRET_ACCESS_KEY": emulator.secret_of(account_id),
        "AWS_CA_BUNDLE": str(layout.ca_bundle),
        "AWS_CONFIG_FILE": str(layout.aws_config),
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PULUMI_BACKEND_URL": layout.backend.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": derived_secret(key, "passphrase"),
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(OFFICIAL_PULUMI_HOME if official else PULUMI_HOME),
        "PULUMI_OPTION_CONFIG_FILE": str(file),
        "PULUMI_OPTION_STACK": stack,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
