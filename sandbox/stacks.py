"""All stacks of a sandbox: those that have a file, and those that are deployed."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from access.project.files import Project, Stack, path_text
from sandbox.deployed_record import DeployedRecord
from sandbox.errors import SandboxError
from sandbox.layout import Layout
from sandbox.profiles import OUTSIDER
from sandbox.project import deployment_order
from sandbox.state import Deployed, check_there, deployed_stacks, state_file

_MAY_BE_SECRET = "externalId"  # noqa: S105 (a key's name)


@dataclass(frozen=True)
class KnownStack:
    """A stack that has a file, or is deployed, or both."""

    project: Project
    name: str
    label: str
    """The name that no other stack of the sandbox has: with the project's before it where two have the same."""
    file: Stack | None
    """``None``: its file is gone."""
    deployed: Deployed | None

    @property
    def full_name(self) -> str:
        """The name as other stacks refer to it: project/stack."""
        return f"{self.project.name}/{self.name}"

    @property
    def account_id(self) -> str | None:
        """The account that it is in, or is to be in; ``None`` where its program alone knows."""
        place = self.file or self.deployed
        return place.account_id if place else None

    @property
    def region(self) -> str:
        """The region that it works in."""
        place = self.file or self.deployed
        return place.region if place and place.region else "us-east-1"


def known_stacks(layout: Layout, projects: Sequence[Project]) -> list[KnownStack]:
    """Return all stacks: those with a file in the order of their references, then those without.

    Args:
        layout: the sandbox.
        projects: each before those that read it; the sandbox's own last.

    Raises:
        SandboxError: the references can't be followed, two projects have one name, or a state can't be loaded or is
            gone.
    """
    by_name = {project.name: project for project in projects}
    if len(by_name) < len(projects):
        twice = next(name for name, count in Counter(project.name for project in projects).items() if count > 1)
        raise SandboxError(f"two of the folders are the project {twice}; give each a name of its own in Pulumi.yaml")
    for full_name in DeployedRecord(layout.deployed_record).names():
        check_there(state_file(layout.backend, *full_name.split("/")))
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
    """Return the stack that somebody names: by its label, its own name or project/stack.

    Raises:
        SandboxError: there is none, or more than one.
    """
    found = [stack for stack in stacks if name in (stack.label, stack.name, stack.full_name)]
    if len(found) == 1:
        return found[0]
    labels = ", ".join(stack.label for stack in found or stacks)
    raise SandboxError(
        f"there are several stacks {name!r}; name one of: {labels}"
        if found
        else f"there is no stack {name!r}; there are: {labels}"
    )


def check_stacks(stacks: Iterable[KnownStack]) -> None:
    """Check that nothing stands in the files that can't be deployed from what is deployed.

    Raises:
        SandboxError: a stack was moved or renamed, or has a secret that the sandbox can't read.
    """
    known = list(stacks)
    for stack in known:
        if stack.file:
            _check_secrets(stack.file)
            check_place(stack)
    gone = [stack for stack in known if not stack.file]
    for stack in known:
        if stack.file and not stack.deployed:
            _check_rename(stack, stack.file, gone)


def check_place(stack: KnownStack) -> None:
    """Check that a deployed stack is to stay in its account and region.

    Raises:
        SandboxError: it is to move, which nothing can do.
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
                f" deployed stack does not move; write {was} again, or forget all that is deployed and begin anew:"
                " python -m sandbox down --wipe"
            )


def gone_in_words(stack: KnownStack) -> str:
    """Return what to do with a deployed stack whose file is gone."""
    return (
        f"{stack.label} is deployed, but it has no file Pulumi.{stack.name}.yaml any more: put the file back, or take"
        f" the stack down: python -m sandbox pulumi {stack.label} -- destroy"
    )


def _check_rename(new: KnownStack, file: Stack, gone: Iterable[KnownStack]) -> None:
    """Check that a new stack does not meet one in its account whose file is gone: it would find everything made."""
    for old in gone:
        if old.project is new.project and old.deployed and old.deployed.account_id == file.account_id:
            raise SandboxError(
                f"{new.label} is new and {old.label}, whose file is gone, is deployed in its account"
                f" {file.account_id}; if you renamed the stack: python -m sandbox pulumi {old.label} -- stack rename"
                f" {new.name}; if not, take {old.label} down first: python -m sandbox pulumi {old.label} -- destroy"
            )


def _check_secrets(stack: Stack) -> None:
    for path in stack.secrets():
        if path[-1] != _MAY_BE_SECRET:
            raise SandboxError(
                f"{stack.file.where('config', *path)}: {path_text(path)} is encrypted for a backend of your own, so the"
                f" sandbox can't read it; write it in the open, or encrypt {_MAY_BE_SECRET} alone"
            )
