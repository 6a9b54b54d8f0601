"""The sandbox's AWS profiles: an administrator of each account, and the tutorial's people."""

import configparser
import os

from sandbox.emulator import Emulator
from sandbox.engine import STACKS, account_id, environment
from sandbox.layout import Layout
from sandbox.users import Accounts, User

OUTSIDER, OUTSIDERS_ACCOUNT = "outsider", "222222222222"
"""The profile of the administrator of an account that nobody has trusted."""


def write_profiles(layout: Layout, emulator: Emulator, accounts: Accounts) -> None:
    """Write the profiles: one for each stack, :data:`OUTSIDER`, and David and Theresa, who are made if need be.

    Both have a power user's rights, as in the tutorial.
    """
    development = account_id("development", layout.source)
    people = (User("David", development, ("Developers",)), User("Theresa", development, ("Testers",)))
    profiles = configparser.RawConfigParser()
    profiles.read(layout.aws_config)  # what people have added stays
    reached = {stack: environment(layout, emulator, stack) for stack in STACKS}
    common = {
        "endpoint_url": emulator.endpoint,
        "ca_bundle": str(layout.ca_bundle),
        "region": reached["development"]["AWS_REGION"],
    }
    administrators = {stack: variables["AWS_ACCESS_KEY_ID"] for stack, variables in reached.items()}
    for name, account in {**administrators, OUTSIDER: OUTSIDERS_ACCOUNT}.items():
        keys = {"aws_access_key_id": account, "aws_secret_access_key": emulator.secret_of(account)}
        profiles[f"profile {name}"] = {**common, **keys}
    for person in people:
        accounts.make(person)
        section = f"profile {person.name}"
        known = accounts.administrator(development).iam.list_access_keys(UserName=person.name)["AccessKeyMetadata"]
        kept = profiles[section] if profiles.has_section(section) else {}
        if kept.get("aws_access_key_id") in [key["AccessKeyId"] for key in known]:
            profiles[section] = {**kept, **common}
        else:
            key = accounts.new_key(person)
            keys = {"aws_access_key_id": key.access_key_id, "aws_secret_access_key": key.secret_access_key}
            profiles[section] = {**common, **keys}
    with open(os.open(layout.aws_config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode=0o600), "w") as file:  # noqa: PTH123
        profiles.write(file)
