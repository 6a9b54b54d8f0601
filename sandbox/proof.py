"""The tutorial's step 3 in the sandbox: who can switch to which role, and what can be done there."""

import functools
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from access.accounts import Account
from access.participants import Participant
from access.prove.interruption import Interruption
from access.prove.leftovers import find_leftovers
from access.prove.matrix import Proof
from access.prove.proof import Settings, prove
from access.prove.removal import remove
from access.prove.reports import text_report
from access.prove.stage import workers
from access.stack_outputs import parse_stack_outputs
from access.terminal import Progress, in_colour
from sandbox.layout import Layout


def unrepresented(outputs: Iterable[tuple[str | None, Mapping[str, Any]]]) -> set[str]:
    """Return the accounts that roles trust and in which nobody is there to try.

    Args:
        outputs: of the stacks, with the account of each.
    """
    trusted, there = set(), set()
    for account_id, exported in outputs:
        if any(exported.get(grants) for grants in ("assumableRoles", "granteeRoles", "permissionSets")):
            there.add(account_id)
        for options in exported.get("roleOptions", {}).values():
            trusted |= {options.get("trustedAccountId"), *options.get("trustedAccountIds", ())} - {None}
    return trusted - there


def has_contract(outputs: Mapping[str, Any]) -> bool:
    """Return ``True`` for a stack that exports its roles and groups as this project's stacks do."""
    return "contractVersion" in outputs


def proved(layout: Layout, accounts: Mapping[str, Mapping[str, Mapping[str, Any]]], strangers: Sequence[str]) -> bool:
    """Prove access to the stacks' roles, print the proof, and return whether it holds.

    Args:
        layout: the sandbox.
        accounts: the outputs of the stacks of each account, by the stacks' profiles.
        strangers: the profiles of accounts without a stack that try too.

    Raises:
        access.errors.AccessError: the proof can't be made.
    """
    if not any(exported.get("roleArns") for stacks in accounts.values() for exported in stacks.values()):
        print("\nstep 3: no stack gives a role, so there is nothing to prove")
        return True
    print("\nstep 3: who can switch to the role, and what can be done in it", flush=True)
    participants = [
        *(_participant(layout, stacks) for stacks in accounts.values()),
        *(Participant(Account(stranger, layout.aws_config)) for stranger in strangers),
    ]
    proof = _prove(participants)
    print(text_report.render(proof, colour=in_colour(sys.stdout)))
    return proof.holds


def _participant(layout: Layout, stacks: Mapping[str, Mapping[str, Any]]) -> Participant:
    """Return an account with all that its stacks say: a group's rights are what they say together."""
    profile, exported = next(iter(stacks)), functools.reduce(_merged, stacks.values())
    return Participant(Account(profile, layout.aws_config), parse_stack_outputs("+".join(stacks), exported))


def _merged(one: Any, other: Any) -> Any:  # noqa: ANN401 (JSON)
    if isinstance(one, dict) and isinstance(other, dict):
        return one | {key: _merged(one[key], value) if key in one else value for key, value in other.items()}
    if isinstance(one, list) and isinstance(other, list):
        return [*one, *(item for item in other if item not in one)]
    return one


def _prove(participants: Sequence[Participant]) -> Proof:
    progress = Progress()
    try:
        _remove_leftovers(participants)
        # The emulator does at once what it confirms: there is nothing to wait for.
        return prove(participants, Settings(create_probes=True, patience=0), progress=progress.show)
    finally:
        progress.end()


def _remove_leftovers(participants: Sequence[Participant]) -> None:
    """Remove what the proof of an interrupted ``up`` left in the accounts."""
    leftovers = find_leftovers(participants).things
    if leftovers:
        with Interruption() as interruption, workers(at_once=8) as pool:
            remove(leftovers, pool, interruption)
