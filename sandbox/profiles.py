"""The sandbox's AWS profiles: an administrator of each account, and the sandbox's own people."""

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
"""The profile of the administrator of an account that nobody has trusted."""
OUTSIDERS_ACCOUNT = "222222222222"
"""That account, unless a stack is in it or trusts it."""

_MARK = "made_by"
"""A setting that AWS tools don't know: it marks the profiles that the sandbox may take away again."""


@dataclass(frozen=True)
class Administrator:
    """The profile of an account's administrator."""

    profile: str
    account_id: str
    region: str


def outsiders_account(taken: Collection[str]) -> str:
    """Return an account that is none of these."""
    return next(it for it in (f"{int(OUTSIDERS_ACCOUNT) + step}" for step in range(len(taken) + 1)) if it not in taken)


def write_profiles(
    layout: Layout,
    emulator: Emulator,
    accounts: Accounts,
    administrators: Sequence[Administrator],
    people: Mapping[Person, Administrator],
) -> None:
    """Write the profiles; what people have added to the file stays.

    Args:
        layout: where the file is.
        emulator: where AWS is.
        accounts: makes administrators, and keys for users that have none.
        administrators: of the stacks, and whoever else takes part.
        people: with the administrators of their stacks.

    Raises:
        SandboxError: what people have written into the file can't be read.
    """
    profiles = configparser.RawConfigParser()
    try:
        profiles.read(layout.aws_config)
    except configparser.Error as error:
        raise SandboxError(f"{layout.aws_config} can't be read: {' '.join(str(error).split())}") from None
    users = {it.profile: (accounts.make_administrator(it.account_id), it.region) for it in administrators}
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
    """Return the people's profiles: named as they are, with the stack's name before it where that is taken."""
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
