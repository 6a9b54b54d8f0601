"""Find the stacks of a sandbox, which have a file or are deployed, and check that they can be deployed."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from access.project.files import Project, Stack, path_text
from sandbox.deployed_record import DeployedRecord
from sandbox.errors import SandboxError
from sandbox.layout import Layout
from sandbox.profiles import OUTSIDER
from sandbox.project import deployment_order
from sandbox.state import Deployed, check_exists, deployed_stacks, state_file

_MAY_BE_SECRET = "externalId"  # noqa: S105 (a key's name)


@dataclass(frozen=True)
class KnownStack:
    """A stack that has a file, or is deployed, or both."""

    project: Project
    name: str
    label: str
    """The stack's unique name in the sandbox: prefixed with the project's name where two stacks share a name."""
    file: Stack | None
    """``None``: its file is missing."""
    deployed: Deployed | None

    @property
    def full_name(self) -> str:
        """The name as other stacks refer to it: project/stack."""
        return f"{self.project.name}/{self.name}"

    @property
    def account_id(self) -> str | None:
        """The stack's account; ``None`` if only its program knows."""
        place = self.file or self.deployed
        return place.account_id if place else None

    @property
    def region(self) -> str:
        """The stack's region."""
        place = self.file or self.deployed
        return place.region if place and place.region else "us-east-1"


def known_stacks(layout: Layout, projects: Sequence[Project]) -> list[KnownStack]:
    """Return all stacks: those with a file in the order of their references, then those without.

    Args:
        layout: the sandbox.
        projects: each project before those that read its outputs; the sandbox's own last.

    Raises:
        SandboxError: the references can't be resolved, two projects share a name, or a state is missing or can't be
            loaded.
    """
    by_name = {project.name: project for project in projects}
    if len(by_name) < len(projects):
        shared = next(name for name, count in Counter(project.name for project in projects).items() if count > 1)
        raise SandboxError(f"two of the folders are the project {shared}; rename one of them in Pulumi.yaml")
    for full_name in DeployedRecord(layout.deployed_record).names():
        check_exists(state_file(layout.backend, *full_name.split("/")))
    everything = deployed_stacks(layout.backend)
    files = {stack.full_name: stack for stack in deployment_order(projects, everything)}
    deployed = {name: found for name, found in everything.items() if name.rpartition("/")[0] in by_name}
    full_names = list(dict.fromkeys([*files, *deployed]))
    counts = Counter([OUTSIDER, *(name.rpartition("/")[2] for name in full_names)])
    found = []
    for full_name in full_names:
        project, _, name = full_name.rpartition("/")
        label = name if counts[name] == 1 else f"{project}-{name}"
        found.append(KnownStack(by_name[project], name, label, files.get(full_name), deployed.get(full_name)))
    return found


def find_stack(stacks: Sequence[KnownStack], name: str) -> KnownStack:
    """Return the stack with this label, name or full name, project/stack.

    Raises:
        SandboxError: no stack matches, or several do.
    """
    found = [stack for stack in stacks if name in (stack.label, stack.name, stack.full_name)]
    if len(found) == 1:
        return found[0]
    labels = ", ".join(stack.label for stack in found or stacks)
    raise SandboxError(
        f"there are several stacks {name!r}; name one of: {labels}"
        if found
        else f"there is no stack {name!r}; known stacks: {labels}"
    )


def check_stacks(stacks: Iterable[KnownStack]) -> None:
    """Check that the stack files can be deployed over the present deployment.

    Raises:
        SandboxError: a stack was moved or renamed, or has a secret that the sandbox can't read.
    """
    known = list(stacks)
    for stack in known:
        if stack.file:
            _check_secrets(stack.file)
            check_place(stack)
    without_file = [stack for stack in known if not stack.file]
    for stack in known:
        if stack.file and not stack.deployed:
            _check_rename(stack, stack.file, without_file)


def check_place(stack: KnownStack) -> None:
    """Check that a deployed stack stays in its account and region.

    Raises:
        SandboxError: its file names another account or region.
    """
    if not stack.file or not stack.deployed:
        return
    for key, was, now in (
        ("aws:allowedAccountIds", stack.deployed.account_id, stack.file.account_id),
        ("aws:region", stack.deployed.region, stack.file.region),
    ):
        if was not in (None, now):
            raise SandboxError(
                f"{stack.file.file.where('config', key)}: {key} is {now}, but {stack.label} is deployed in {was}, and a"
                f" deployed stack can't be moved; write {was} again, or delete everything that is deployed:"
                " python -m sandbox down --wipe"
            )


def missing_file_message(stack: KnownStack) -> str:
    """Return the advice for a deployed stack whose file is missing."""
    return (
        f"{stack.label} is deployed, but its file Pulumi.{stack.name}.yaml is missing: put the file back, or destroy"
        f" the stack: python -m sandbox pulumi {stack.label} -- destroy"
    )


def _check_rename(new: KnownStack, file: Stack, without_file: Iterable[KnownStack]) -> None:
    """Check that no stack without a file is deployed in a new stack's account: it may be the same one, renamed."""
    for old in without_file:
        if old.project is new.project and old.deployed and old.deployed.account_id == file.account_id:
            raise SandboxError(
                f"{new.label} is new, and {old.label}, whose file is missing, is deployed in the same account"
                f" {file.account_id}; if you renamed the stack: python -m sandbox pulumi {old.label} -- stack rename"
                f" {new.name}; if not, destroy {old.label} first: python -m sandbox pulumi {old.label} -- destroy"
            )


def _check_secrets(stack: Stack) -> None:
    for path in stack.secrets():
        if path[-1] != _MAY_BE_SECRET:
            raise SandboxError(
                f"{stack.file.where('config', *path)}: {path_text(path)} is encrypted for your own backend, so the"
                f" sandbox can't read it; write it unencrypted: only {_MAY_BE_SECRET} may be encrypted"
            )
