"""The stacks that a workflow goes through, in order, and those that have to wait for another one."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..changes.repository import find_repository
from ..errors import AccessError
from ..project.files import Project, Stack, read_project
from ..render.running import Ran, run
from .documents import digest, reviewed


@dataclass(frozen=True)
class Row:
    """A stack, as a workflow is to go about it."""

    stack: Stack
    documents: str
    """The hash of its policy documents."""
    waits: tuple[str, ...] = ()
    """The roles of other stacks, as ``stack/role``, that are only made by the change that grants them."""


def rows(project: Project, base: str | None = None) -> list[Row]:
    """Return the stacks of a project, each after those that it refers to.

    Args:
        project: the project.
        base: the revision that is deployed; a grant of a role that it lacks has to wait.

    Raises:
        AccessError: the files or the program are wrong.
    """
    found = run(project)
    after = _roles(found)
    before = _roles_of_revision(project, base) if base else after
    return [Row(ran.stack, digest(reviewed(ran)), _waits(ran.stack, before, after)) for ran in found]


def outputs(found: Sequence[Row]) -> str:
    """Return what a job tells the others: the names of all stacks, and a matrix of those that need not wait."""
    matrix = [{"stack": row.stack.name, "documents": row.documents} for row in found if not row.waits]
    names = " ".join(row.stack.name for row in found)
    return f"names={names}\nmatrix={json.dumps({'include': matrix})}\n"


def summary(found: Sequence[Row]) -> str:
    """Return the stacks as Markdown, for people who approve."""
    lines = ["| stack | account | SHA-256 of its policy documents | |", "|---|---|---|---|"]
    for row in found:
        waits = f"waits for {', '.join(row.waits)} of the same change" if row.waits else ""
        lines.append(f"| {row.stack.name} | {row.stack.account_id} | `{row.documents}` | {waits} |")
    return "\n".join(lines) + "\n"


_Roles = Mapping[str, frozenset[str]]
"""The names of the roles that stacks export, by stack."""


def _waits(stack: Stack, before: _Roles, after: _Roles) -> tuple[str, ...]:
    named = {(it.stack, it.role) for it in stack.references() if it.project == stack.project and it.stack != stack.name}
    return tuple(
        f"{other}/{role}"
        for other, role in sorted(named)
        if role in after.get(other, ()) and role not in before.get(other, ())
    )


def _roles(found: Sequence[Ran]) -> _Roles:
    return {ran.stack.name: frozenset(ran.outputs.get("roleArns") or ()) for ran in found}


def _roles_of_revision(project: Project, revision: str) -> _Roles:
    repository = find_repository(project.folder)
    commit = repository.commit(revision)
    with tempfile.TemporaryDirectory(prefix="access-pipeline-") as temporary:
        folder = Path(temporary).resolve()
        repository.write(commit, folder)
        if not (folder / repository.project / "Pulumi.yaml").is_file():
            return {}
        try:
            return _roles(run(read_project(folder / repository.project)))
        except AccessError as error:
            raise AccessError(str(error).replace(f"{folder}/", f"{revision}: ")) from None
