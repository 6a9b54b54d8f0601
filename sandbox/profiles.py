"""Write the sandbox's AWS profiles: an administrator of each account, and the sandbox's own people."""

import configparser
import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from access.credentials import Credentials
from sandbox.emulator import Emulator
from sandbox.errors import SandboxError
from sandbox.layout import Layout
from sandbox.people import Person
from sandbox.users import Accounts, User

OUTSIDER = "outsider"
"""The profile of the administrator of an account that no role trusts."""
OUTSIDERS_ACCOUNT = "222222222222"
"""The outsider's account, unless a stack is in it or trusts it."""

_MARK = "made_by"
"""A setting that AWS tools ignore: it marks the profiles that the sandbox may remove again."""


@dataclass(frozen=True)
class Administrator:
    """The profile of an account's administrator."""

    profile: str
    account_id: str
    region: str


def outsiders_account(taken: Collection[str]) -> str:
    """Return an account that is not among these."""
    candidates = (f"{int(OUTSIDERS_ACCOUNT) + step}" for step in range(len(taken) + 1))
    return next(account_id for account_id in candidates if account_id not in taken)


def write_profiles(
    layout: Layout,
    emulator: Emulator,
    accounts: Accounts,
    administrators: Sequence[Administrator],
    people: Mapping[Person, Administrator],
) -> None:
    """Write the profiles, and keep the user's own additions to the file.

    Args:
        layout: the sandbox's layout, with the file's path.
        emulator: the emulator.
        accounts: creates administrators, and keys for users that have none.
        administrators: the administrators of the stacks' accounts and of other participants.
        people: the sandbox's people, with the administrators of their stacks.

    Raises:
        SandboxError: the present file can't be parsed.
    """
    profiles = configparser.RawConfigParser()
    try:
        profiles.read(layout.aws_config)
    except configparser.Error as error:
        raise SandboxError(f"{layout.aws_config} can't be read: {' '.join(str(error).split())}") from None
    users = {
        administrator.profile: (accounts.make_administrator(administrator.account_id), administrator.region)
        for administrator in administrators
    }
    names = person_profiles(people, users)
    for person, administrator in people.items():
        users[names[person]] = User(person.name, person.account_id), administrator.region
    wanted: dict[str, dict[str, str]] = {}
    keys: dict[User, Credentials] = {}
    for profile, (user, region) in users.items():
        section = f"profile {profile}"
        kept = dict(profiles[section]) if profiles.has_section(section) else {}
        key = Credentials(kept.get("aws_access_key_id", ""), kept.get("aws_secret_access_key", ""))
        if user in keys:
            key = keys[user]
        elif not key.access_key_id or key.access_key_id not in _key_ids(accounts, user):
            key, kept = accounts.new_key(user), {}
        keys[user] = key
        wanted[section] = kept | _settings(layout, emulator, region, key)
    for section in profiles.sections():
        if section not in wanted and profiles.has_option(section, _MARK):
            profiles.remove_section(section)
    for section, settings in wanted.items():
        profiles[section] = settings
    with open(os.open(layout.aws_config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode=0o600), "w") as file:  # noqa: PTH123
        profiles.write(file)


def person_profiles(people: Mapping[Person, Administrator], taken: Iterable[str]) -> dict[Person, str]:
    """Return the people's profiles: their names, prefixed with the stack's name where the name is taken."""
    counts = Counter([*(person.name for person in people), *taken])
    return {
        person: person.name if counts[person.name] == 1 else f"{administrator.profile}-{person.name}"
        for person, administrator in people.items()
    }


def _key_ids(accounts: Accounts, user: User) -> list[str]:
    iam = accounts.administrator(user.account_id).iam
    return [key["AccessKeyId"] for key in iam.list_access_keys(UserName=user.name)["AccessKeyMetadata"]]


def _settings(layout: Layout, emulator: Emulator, region: str, key: Credentials) -> dict[str, str]:
    return {
        "endpoint_url": emulator.endpoint,
        "ca_bundle": str(layout.ca_bundle),
        "region": region,
        "aws_access_key_id": key.access_key_id,
        "aws_secret_access_key": key.secret_access_key,
        _MARK: "sandbox",
    }
