"""The tutorial's step 3 in the sandbox: who can switch to which role, and what can be done there."""

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Any

from access.accounts import Account
from access.changes.rendered import combine
from access.interruption import Interruption
from access.known_principals import KnownPrincipal
from access.participants import Participant, by_account
from access.prove.leftovers import find_leftovers
from access.prove.matrix import Proof
from access.prove.proof import Settings, prove
from access.prove.removal import remove
from access.prove.reports import text_report
from access.prove.stage import workers
from access.reading.declaration import declared_by
from access.reading.review import read_and_review
from access.render.documents import render
from access.stack_outputs import parse_stack_outputs
from access.terminal import Progress, in_colour
from sandbox.layout import Layout
from sandbox.stacks import KnownStack
from sandbox.state import principals_of, state_file
from sandbox.users import ADMINISTRATORS_PATH

_ADMINISTRATORS = KnownPrincipal(f"arn:*:iam::*:user{ADMINISTRATORS_PATH}*", "the sandbox's own administrators")


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


def _has_contract(outputs: Mapping[str, Any]) -> bool:
    """Return ``True`` for a stack that exports its roles and groups as this project's stacks do."""
    return "contractVersion" in outputs


def rendered(stacks: Iterable[KnownStack], pool: Executor) -> dict[str, Future[str]]:
    """Begin to render what stacks declare, project by project, while they are deployed.

    Returns:
        What `access render` writes of each project, by its name.
    """
    names: dict[str, list[str]] = {}
    projects = {stack.project.name: stack.project for stack in stacks}
    for stack in stacks:
        names.setdefault(stack.project.name, []).append(stack.name)
    return {
        name: pool.submit(lambda project, own: render(project, own).json, project, names[name])
        for name, project in projects.items()
    }


def proved(
    layout: Layout,
    outputs: Mapping[str, Mapping[str, Any]],
    strangers: Sequence[str],
    chosen: Sequence[KnownStack],
    renderings: Mapping[str, Future[str]],
) -> bool:
    """Prove access to the stacks' roles, print the proof, and return whether it holds.

    Args:
        layout: the sandbox.
        outputs: the outputs of all stacks, by the stacks' profiles.
        strangers: the profiles of accounts without a stack that try too.
        chosen: the stacks that were deployed just now: of these it is read whether all is as they declare.
        renderings: what `access render` writes of their projects, by name.

    Raises:
        access.errors.AccessError: the proof can't be made.
    """
    stacks = {stack: parse_stack_outputs(stack, said) for stack, said in outputs.items() if _has_contract(said)}
    if not any(said.role_arns for said in stacks.values()):
        print("\nstep 3: no stack gives a role, so there is nothing to prove")
        return True
    print("\nstep 3: who can switch to the role, and what can be done in it", flush=True)
    participants = (
        *(Participant(Account(stack, layout.aws_config), said) for stack, said in stacks.items()),
        *(Participant(Account(stranger, layout.aws_config)) for stranger in strangers),
    )
    deployed = [stack for stack in chosen if stack.label in stacks]
    read = by_account(Participant(Account(it.label, layout.aws_config), stacks[it.label]) for it in deployed)
    projects = dict.fromkeys(stack.project.name for stack in deployed)
    declared = combine(declared_by(renderings[name].result(), name, read) for name in projects)
    review = read_and_review(declared, read, [_ADMINISTRATORS, *_of_other_projects(layout, chosen, stacks)])
    proof = replace(_prove(by_account(participants)), review=review)
    print(text_report.render(proof, colour=in_colour(sys.stdout)))
    return proof.holds


def _of_other_projects(
    layout: Layout, chosen: Iterable[KnownStack], stacks: Collection[str]
) -> Iterator[KnownPrincipal]:
    """Yield the principals that stacks of other projects make, such as those that read the outputs of these."""
    for stack in chosen:
        if stack.label not in stacks:
            for arn in principals_of(state_file(layout.backend, stack.project.name, stack.name)):
                yield KnownPrincipal(arn, f"made by stack {stack.label} of project {stack.project.name}")


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
