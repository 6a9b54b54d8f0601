"""The tutorial's step 3 in the sandbox: prove who can switch to which role, and what the role allows."""

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
from access.prove.fixture import workers
from access.prove.leftovers import find_leftovers
from access.prove.matrix import Proof
from access.prove.proof import Settings, prove
from access.prove.removal import remove
from access.prove.reports import text_report
from access.reading.declaration import declared_by
from access.reading.review import read_and_review
from access.render.documents import render
from access.stack_outputs import parse_stack_outputs
from access.terminal import Progress, in_colour
from sandbox.layout import Layout
from sandbox.stacks import KnownStack
from sandbox.state import created_principals, state_file
from sandbox.users import ADMINISTRATORS_PATH

_ADMINISTRATORS = KnownPrincipal(f"arn:*:iam::*:user{ADMINISTRATORS_PATH}*", "the sandbox's own administrators")


def accounts_without_caller(outputs: Iterable[tuple[str | None, Mapping[str, Any]]]) -> set[str]:
    """Return the accounts that roles trust and that have nobody to test the roles.

    Args:
        outputs: each stack's account and outputs.
    """
    trusted, with_caller = set(), set()
    for account_id, exported in outputs:
        if any(exported.get(grants) for grants in ("assumableRoles", "granteeRoles", "permissionSets")):
            with_caller.add(account_id)
        for options in exported.get("roleOptions", {}).values():
            trusted |= {options.get("trustedAccountId"), *options.get("trustedAccountIds", ())} - {None}
    return trusted - with_caller


def _has_contract(outputs: Mapping[str, Any]) -> bool:
    """Return ``True`` for the outputs of a stack that follows this project's contract."""
    return "contractVersion" in outputs


def start_rendering(stacks: Iterable[KnownStack], pool: Executor) -> dict[str, Future[str]]:
    """Start to render each project's stacks, in parallel with their deployment.

    Returns:
        The output of `access render`, by project name.
    """
    names: dict[str, list[str]] = {}
    projects = {stack.project.name: stack.project for stack in stacks}
    for stack in stacks:
        names.setdefault(stack.project.name, []).append(stack.name)
    return {
        name: pool.submit(lambda project, own: render(project, own).json, project, names[name])
        for name, project in projects.items()
    }


def prove_access(
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
        strangers: the profiles of accounts without a stack, which test the roles too.
        chosen: the stacks of this deployment; their deployed IAM is compared with what they declare.
        renderings: the output of `access render`, by project name.

    Raises:
        access.errors.AccessError: the access can't be tested.
    """
    stacks = {stack: parse_stack_outputs(stack, values) for stack, values in outputs.items() if _has_contract(values)}
    if not any(exported.role_arns for exported in stacks.values()):
        print("\nstep 3: no stack has a role, so there is nothing to prove")
        return True
    print("\nstep 3: who can switch to the role, and what the role allows", flush=True)
    participants = (
        *(Participant(Account(stack, layout.aws_config), exported) for stack, exported in stacks.items()),
        *(Participant(Account(stranger, layout.aws_config)) for stranger in strangers),
    )
    labels = [stack.label for stack in chosen if stack.label in stacks]
    read = by_account(Participant(Account(label, layout.aws_config), stacks[label]) for label in labels)
    projects = dict.fromkeys(stack.project.name for stack in chosen if stack.label in stacks)
    declared = combine(declared_by(renderings[name].result(), name, read) for name in projects)
    review = read_and_review(declared, read, [_ADMINISTRATORS, *_principals_of_others(layout, chosen, stacks)])
    proof = replace(_prove(by_account(participants)), review=review)
    print(text_report.render(proof, colour=in_colour(sys.stdout)))
    return proof.holds


def _principals_of_others(
    layout: Layout, chosen: Iterable[KnownStack], stacks: Collection[str]
) -> Iterator[KnownPrincipal]:
    """Yield the principals of stacks without the contract, such as those that read the outputs of these."""
    for stack in chosen:
        if stack.label not in stacks:
            for arn in created_principals(state_file(layout.backend, stack.project.name, stack.name)):
                yield KnownPrincipal(arn, f"made by stack {stack.label} of project {stack.project.name}")


def _prove(participants: Sequence[Participant]) -> Proof:
    progress = Progress()
    try:
        _remove_leftovers(participants)
        # In the emulator a change takes effect at once: there is nothing to wait for.
        return prove(participants, Settings(create_probes=True, wait_seconds=0), progress=progress.show)
    finally:
        progress.end()


def _remove_leftovers(participants: Sequence[Participant]) -> None:
    """Remove what the proof of an interrupted ``up`` has left in the accounts."""
    leftovers = find_leftovers(participants).resources
    if leftovers:
        with Interruption() as interruption, workers(concurrency=8) as pool:
            remove(leftovers, pool, interruption)
