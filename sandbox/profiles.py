"""The sandbox's AWS profiles: an administrator of each account, and the sandbox's own people."""

import configparser
import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

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
        accounts: makes keys for people who have none.
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
    wanted: dict[str, dict[str, str]] = {}
    for administrator in administrators:
        secret = emulator.secret_of(administrator.account_id)
        wanted[f"profile {administrator.profile}"] = _settings(
            layout, emulator, administrator.region, administrator.account_id, secret
        )
    names = person_profiles(people, [administrator.profile for administrator in administrators])
    for person, administrator in people.items():
        section = f"profile {names[person]}"
        kept = dict(profiles[section]) if profiles.has_section(section) else {}
        key_id, secret = kept.get("aws_access_key_id", ""), kept.get("aws_secret_access_key", "")
        if key_id not in _key_ids(accounts, person):
            key = accounts.new_key(User(person.name, person.account_id))
            kept, key_id, secret = {}, key.access_key_id, key.secret_access_key
        wanted[section] = kept | _settings(layout, emulator, administrator.region, key_id, secret)
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


def _key_ids(accounts: Accounts, person: Person) -> list[str]:
    iam = accounts.administrator(person.account_id).iam
    return [key["AccessKeyId"] for key in iam.list_access_keys(UserName=person.name)["AccessKeyMetadata"]]


def _settings(layout: Layout, emulator: Emulator, region: str, key_id: str, secret: str) -> dict[str, str]:
    return {
        "endpoint_url": emulator.endpoint,
        "ca_bundle": str(layout.ca_bundle),
        "region": region,
        "aws_access_key_id": key_id,
        "aws_secret_access_key": secret,
        _MARK: "sandbox",
    }
