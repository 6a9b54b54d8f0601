"""Deploys stacks one after the other, and looks after what they need beside them: people, and what exists already."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from access.project.files import Stack
from access.switch.published import write_published
from access.switch.publishing import publish
from sandbox.errors import SandboxError
from sandbox.existing import make_existing
from sandbox.identity_center import provision, sets_named, withdraw
from sandbox.people import Person, leave_groups, named_groups, people_of, settle
from sandbox.profiles import OUTSIDER, Administrator, outsiders_account, write_profiles
from sandbox.proof import unrepresented
from sandbox.running import Running
from sandbox.stacks import KnownStack
from sandbox.toolchain import Say


@dataclass
class Deployment:
    """The result of a deployment."""

    changed: bool = False
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Of all stacks that are deployed now, by their labels, secret ones too."""
    failures: list[str] = field(default_factory=list)
    """Why stacks could not be deployed, a line each."""
    strangers: list[str] = field(default_factory=list)
    """The profiles of accounts that have no stack here and try to get in."""


def deploy(sandbox: Running, stacks: Sequence[KnownStack], chosen: Sequence[KnownStack], say: Say) -> Deployment:
    """Deploy the chosen stacks. Those that refer to one that failed are left out, the others go on.

    Args:
        sandbox: where they are deployed.
        stacks: all stacks, each after those that it refers to.
        chosen: the ones to deploy, in the same order.
        say: prints how it goes.
    """
    files = [stack.file for stack in stacks if stack.file]
    _leave_groups(sandbox, stacks, files)
    _withdraw(sandbox, stacks, files)
    done = Deployment()
    outputs = {stack.label: _outputs(sandbox, stack) for stack in stacks if stack.deployed and stack not in chosen}
    left_out: set[str] = set()
    for stack in chosen:
        needed = [it.full_name for it in (stack.file.references() if stack.file else ()) if it.full_name in left_out]
        if needed:
            left_out.add(stack.full_name)
            say(f"\n{stack.label}: left out, as it refers to {needed[0].rpartition('/')[2]}")
            continue
        try:
            done.changed |= _deploy(sandbox, stack, files, say)
        except SandboxError as error:
            left_out.add(stack.full_name)
            done.failures.append(str(error))
        if stack.full_name not in left_out or stack.deployed:
            outputs[stack.label] = _outputs(sandbox, stack)
    done.outputs = {stack.label: outputs[stack.label].result() for stack in stacks if stack.label in outputs}
    accounts = {stack.label: stack.account_id for stack in stacks if stack.account_id}
    write_published(sandbox.layout.published_roles, publish(done.outputs, accounts))
    try:
        done.strangers = settle_profiles(sandbox, stacks, done.outputs)
    except Exception:
        if not done.failures:  # what failed first says why, e.g. that a session is over
            raise
    return done


def _deploy(sandbox: Running, stack: KnownStack, files: Sequence[Stack], say: Say) -> bool:
    """Deploy a stack and return whether anything was changed."""
    if stack.file:
        say(f"\n{stack.label} (account {stack.file.account_id})")
        for words in make_existing(sandbox.accounts, stack.file, files):
            say(f"made for the sandbox, as the file says that it exists: {words}")
    changed = sandbox.engine(stack).up(stack.name, say).changed
    if stack.file:
        provision(sandbox.accounts, stack.file)
    return changed


def _outputs(sandbox: Running, stack: KnownStack) -> Future[dict[str, Any]]:
    return sandbox.pool.submit(sandbox.engine(stack).outputs, stack.name, secrets=True)


def _leave_groups(sandbox: Running, stacks: Sequence[KnownStack], files: Sequence[Stack]) -> None:
    """Take the sandbox's people out of groups that no file has any more: nothing could delete these otherwise."""
    named = named_groups(files)
    accounts = {stack.deployed.account_id for stack in stacks if stack.deployed} - {None}
    list(sandbox.pool.map(lambda it: leave_groups(sandbox.accounts, it, named), accounts))


def _withdraw(sandbox: Running, stacks: Sequence[KnownStack], files: Sequence[Stack]) -> None:
    """Do what Identity Center does first: AWS deletes no policy that a permission set's role has."""
    for account_id in {stack.deployed.account_id for stack in stacks if stack.deployed}:
        if account_id:
            withdraw(sandbox.accounts, account_id, sets_named(files, account_id))


def settle_profiles(
    sandbox: Running, stacks: Sequence[KnownStack], outputs: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Settle the people, write all profiles and return those of accounts without a stack."""
    administrators = {
        stack.full_name: Administrator(stack.label, stack.account_id, stack.region)
        for stack in stacks
        if stack.account_id
    }
    taken = {it.account_id for it in administrators.values()}
    strange = sorted(unrepresented((stack.account_id, outputs.get(stack.label, {})) for stack in stacks))
    region = next((it.region for it in administrators.values()), "us-east-1")
    others = [
        *(Administrator(f"account-{account_id}", account_id, region) for account_id in strange),
        Administrator(OUTSIDER, outsiders_account({*taken, *strange}), region),
    ]
    wanted: dict[str, list[Person]] = {account_id: [] for account_id in taken}
    for person in people_of(stack.file for stack in stacks if stack.file):
        wanted[person.account_id].append(person)
    settled = sandbox.pool.map(lambda it: settle(sandbox.accounts, *it), wanted.items())
    people = {person: administrators[person.stack] for found in settled for person in found}
    write_profiles(sandbox.layout, sandbox.emulator, sandbox.accounts, [*administrators.values(), *others], people)
    return [it.profile for it in others]
