"""The stacks of a workflow, in order, and the stacks that have to wait for another one."""

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
    """A stack of a workflow."""

    stack: Stack
    documents: str
    """The hash of its policy documents."""
    waits: tuple[str, ...] = ()
    """The roles of other stacks, as ``stack/role``, that the same change both adds and grants."""


def rows(project: Project, base: str | None = None) -> list[Row]:
    """Return the stacks of a project, each after the stacks that it refers to.

    Args:
        project: the project.
        base: the deployed revision; a grant of a role that it lacks has to wait.

    Raises:
        AccessError: the files or the program are wrong.
    """
    results = run(project)
    after = _roles(results)
    before = _roles_of_revision(project, base) if base else after
    return [Row(ran.stack, digest(reviewed(ran)), _waits(ran.stack, before, after)) for ran in results]


def outputs(rows: Sequence[Row]) -> str:
    """Return a job's outputs: the names of all stacks, and a matrix of the stacks that need not wait."""
    matrix = [{"stack": row.stack.name, "documents": row.documents} for row in rows if not row.waits]
    names = " ".join(row.stack.name for row in rows)
    return f"names={names}\nmatrix={json.dumps({'include': matrix})}\n"


def summary(rows: Sequence[Row]) -> str:
    """Return the stacks as Markdown for the people who approve."""
    lines = ["| stack | account | SHA-256 of its policy documents | |", "|---|---|---|---|"]
    for row in rows:
        waits = f"waits for {', '.join(row.waits)} of the same change" if row.waits else ""
        lines.append(f"| {row.stack.name} | {row.stack.account_id} | `{row.documents}` | {waits} |")
    return "\n".join(lines) + "\n"


_Roles = Mapping[str, frozenset[str]]
"""The names of the roles that stacks export, by stack."""


def _waits(stack: Stack, before: _Roles, after: _Roles) -> tuple[str, ...]:
    own = [reference for reference in stack.references() if reference.project == stack.project]
    references = {(reference.stack, reference.role) for reference in own if reference.stack != stack.name}
    return tuple(
        f"{other}/{role}"
        for other, role in sorted(references)
        if role in after.get(other, ()) and role not in before.get(other, ())
    )


def _roles(results: Sequence[Ran]) -> _Roles:
    return {ran.stack.name: frozenset(ran.outputs.get("roleArns") or ()) for ran in results}


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
