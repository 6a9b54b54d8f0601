"""The accounts that exist in a sandbox: as on AWS, a policy can name no other."""

import json
import re
from collections.abc import Collection, Iterable
from typing import Any

from access.project.files import Project
from sandbox.layout import Layout
from sandbox.profiles import outsiders_account

_ID = re.compile(r"(?<![0-9A-Za-z-])[0-9]{12}(?![0-9A-Za-z-])")


def existing_accounts(projects: Iterable[Project]) -> set[str]:
    """Return the accounts of all stacks, and all accounts that their files name.

    A named account, such as one that a role trusts, may have no stack here. Only AWS knows if it exists, so here it
    does.
    """
    stacks = [stack for project in projects for stack in project.stacks]
    named = {found for stack in stacks for text in _texts(stack.config) for found in _ID.findall(text)}
    return named | {stack.account_id for stack in stacks}


def write_account_ids(layout: Layout, account_ids: Collection[str]) -> None:
    """Write the emulator's list of accounts: these, and the outsider's.

    The emulator adds the accounts that have resources already.
    """
    wanted = sorted({*account_ids, outsiders_account(account_ids)})
    unfinished = layout.account_ids.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(wanted) + "\n")
    unfinished.replace(layout.account_ids)


def _texts(value: Any) -> Iterable[str]:  # noqa: ANN401 (YAML)
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in (str(key), *_texts(item))]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [str(value)]
