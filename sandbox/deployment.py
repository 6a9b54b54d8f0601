"""Deploy stacks one after another, with the users and resources that they need around them."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from access.project.files import Stack
from access.switch.published import write_published
from access.switch.publishing import publish
from sandbox.errors import SandboxError
from sandbox.existing import create_existing
from sandbox.identity_center import permission_sets_in, provision, withdraw
from sandbox.people import Person, leave_groups, named_groups, people_of, update_people
from sandbox.profiles import OUTSIDER, Administrator, outsiders_account, write_profiles
from sandbox.proof import accounts_without_caller
from sandbox.running import Running
from sandbox.stacks import KnownStack
from sandbox.toolchain import Say


@dataclass
class Deployment:
    """The result of a deployment."""

    changed: bool = False
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The outputs of all deployed stacks, by label, secrets included."""
    failures: list[str] = field(default_factory=list)
    """One line for each stack that could not be deployed: the reason."""
    strangers: list[str] = field(default_factory=list)
    """The profiles of accounts without a stack here, which the proof uses to try to get in."""


def deploy(sandbox: Running, stacks: Sequence[KnownStack], chosen: Sequence[KnownStack], say: Say) -> Deployment:
    """Deploy the chosen stacks; return the outputs and the failures. A stack that refers to a failed one is skipped.

    Args:
        sandbox: the running sandbox.
        stacks: all stacks, each after those that it refers to.
        chosen: the stacks to deploy, in the same order.
        say: prints progress.
    """
    files = [stack.file for stack in stacks if stack.file]
    _leave_groups(sandbox, stacks, files)
    _withdraw(sandbox, stacks, files)
    result = Deployment()
    outputs = {stack.label: _outputs(sandbox, stack) for stack in stacks if stack.deployed and stack not in chosen}
    skipped: set[str] = set()
    for stack in chosen:
        references = [reference.full_name for reference in (stack.file.references() if stack.file else ())]
        failed = next((name for name in references if name in skipped), None)
        if failed:
            skipped.add(stack.full_name)
            say(f"\n{stack.label}: skipped, because it refers to {failed.rpartition('/')[2]}")
            continue
        try:
            result.changed |= _deploy(sandbox, stack, files, say)
        except SandboxError as error:
            skipped.add(stack.full_name)
            result.failures.append(str(error))
        if stack.full_name not in skipped or stack.deployed:
            outputs[stack.label] = _outputs(sandbox, stack)
    result.outputs = {stack.label: outputs[stack.label].result() for stack in stacks if stack.label in outputs}
    accounts = {stack.label: stack.account_id for stack in stacks if stack.account_id}
    write_published(sandbox.layout.published_roles, publish(result.outputs, accounts))
    try:
        result.strangers = update_profiles(sandbox, stacks, result.outputs)
    except Exception:
        if not result.failures:  # the first failure names the cause, e.g. an expired session
            raise
    return result


def _deploy(sandbox: Running, stack: KnownStack, files: Sequence[Stack], say: Say) -> bool:
    """Deploy a stack and return whether anything was changed."""
    if stack.file:
        say(f"\n{stack.label} (account {stack.file.account_id})")
        for name in create_existing(sandbox.accounts, stack.file, files):
            say(f"created for the sandbox, because the file says that it exists: {name}")
    changed = sandbox.engine(stack).up(stack.name, say).changed
    if stack.file:
        provision(sandbox.accounts, stack.file)
    return changed


def _outputs(sandbox: Running, stack: KnownStack) -> Future[dict[str, Any]]:
    return sandbox.pool.submit(sandbox.engine(stack).outputs, stack.name, secrets=True)


def _leave_groups(sandbox: Running, stacks: Sequence[KnownStack], files: Sequence[Stack]) -> None:
    """Remove the sandbox's people from groups that are in no file any more, so that these can be deleted."""
    named = named_groups(files)
    accounts = {stack.deployed.account_id for stack in stacks if stack.deployed} - {None}
    list(sandbox.pool.map(lambda account_id: leave_groups(sandbox.accounts, account_id, named), accounts))


def _withdraw(sandbox: Running, stacks: Sequence[KnownStack], files: Sequence[Stack]) -> None:
    """Act as Identity Center before a deployment: AWS does not delete a policy that a permission set's role has."""
    for account_id in {stack.deployed.account_id for stack in stacks if stack.deployed}:
        if account_id:
            withdraw(sandbox.accounts, account_id, permission_sets_in(files, account_id))


def update_profiles(
    sandbox: Running, stacks: Sequence[KnownStack], outputs: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Update the sandbox's people, write all profiles and return those of accounts without a stack."""
    administrators = {
        stack.full_name: Administrator(stack.label, stack.account_id, stack.region)
        for stack in stacks
        if stack.account_id
    }
    taken = {administrator.account_id for administrator in administrators.values()}
    strange = sorted(accounts_without_caller((stack.account_id, outputs.get(stack.label, {})) for stack in stacks))
    region = next((administrator.region for administrator in administrators.values()), "us-east-1")
    others = [
        *(Administrator(f"account-{account_id}", account_id, region) for account_id in strange),
        Administrator(OUTSIDER, outsiders_account({*taken, *strange}), region),
    ]
    wanted: dict[str, list[Person]] = {account_id: [] for account_id in taken}
    for person in people_of(stack.file for stack in stacks if stack.file):
        wanted[person.account_id].append(person)
    settled = sandbox.pool.map(lambda item: update_people(sandbox.accounts, *item), wanted.items())
    people = {person: administrators[person.stack] for found in settled for person in found}
    write_profiles(sandbox.layout, sandbox.emulator, sandbox.accounts, [*administrators.values(), *others], people)
    return [administrator.profile for administrator in others]
