"""`access changes` between revisions: the program that renders, its input, and clean-up."""

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from access.__main__ import main
from access.project.files import Project
from access.render.documents import Rendering, render
from tests.support.markdown import PAGES
from tests.support.repositories import commit, git, make_repository

TESTERS_IN = {"Pulumi.development.yaml": ("      deny: [production", "      allow: [production")}
"""A file's text before and after an edit."""

SILENT = "import pulumi\npulumi.export('contractVersion', 1)\n"

Edits = Mapping[str, tuple[str, str]]

_rendered: dict[object, Rendering] = {}


def rendered_once(project: Project, python: Path) -> Rendering:
    """Render a project, unless another test has rendered the very same files with the same interpreter."""
    program = project.program if project.program.is_dir() else project.program.parent
    place = str(program).encode()
    files = frozenset(
        (top == program, str(path.relative_to(top)), path.read_bytes().replace(place, b"."))
        for top in {project.folder, program}
        for path in top.rglob("*")
        if path.is_file() and not {".git", "__pycache__"} & {*path.parts}
    )
    key = (python, files)
    if key not in _rendered:
        _rendered[key] = render(project, python=python)
    return _rendered[key]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository with this repository's program, the current folder."""
    there = tmp_path / "clone"
    make_repository(there)
    monkeypatch.chdir(there)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setattr("access.changes.revisions.render", rendered_once)
    return there


@pytest.fixture
def changes(folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Return a function that runs the command, checks that it leaves no trace, and returns its code and output."""

    def changes(*arguments: str) -> tuple[int, str]:
        before = git(folder, "status", "--porcelain"), git(folder, "worktree", "list"), git(folder, "branch", "-a")
        code = main(["changes", *arguments])
        assert (git(folder, "status", "--porcelain"), git(folder, "worktree", "list"), git(folder, "branch", "-a")) == (
            before
        )
        assert not list((tmp_path / "temporary").iterdir())
        output = capsys.readouterr()
        return code, output.out + output.err

    return changes


ChangesOf = Callable[..., tuple[int, str]]


def edit(folder: Path, edits: Edits) -> None:
    for name, (old, new) in edits.items():
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))


def test_the_working_tree_is_compared_by_default(folder: Path, changes: ChangesOf) -> None:
    assert changes("HEAD")[1].startswith("No access changes\n")
    edit(folder, TESTERS_IN)
    code, output = changes("main")
    assert (code, output.splitlines()[0]) == (1, "Wider: Testers may now assume UpdateApp")
    for page in ("README.md", "docs/pull-requests.md"):
        _, *shown = PAGES[page].blocks("console")[0].splitlines()
        assert shown == output.splitlines()[: len(shown)], page


def test_two_revisions_are_compared_whatever_is_checked_out(folder: Path, changes: ChangesOf) -> None:
    edit(folder, TESTERS_IN)
    head = commit(folder)
    edit(folder, {"__main__.py": ("import pulumi", "raise SystemExit")})
    code, output = changes("HEAD^", head)
    assert (code, output.splitlines()[0]) == (1, "Wider: Testers may now assume UpdateApp")
    code, output = changes(head, "main^")
    assert (code, output.splitlines()[0]) == (0, "Narrower: Testers may no longer assume UpdateApp")


def test_a_role_and_its_grant_may_come_at_once(folder: Path, changes: ChangesOf) -> None:
    production, development = folder / "Pulumi.production.yaml", folder / "Pulumi.development.yaml"
    new = '    - name: Added\n      bucket: addedapp\n      trustedAccountId: "111111111111"\n'
    production.write_text(production.read_text() + new)
    edit(folder, {development.name: ("allow: [", "allow: [production/Added, ")})
    code, output = changes("HEAD")
    assert (code, output.splitlines()[0].startswith("Wider: Developers may now assume Added")) == (1, True)
    assert "warning" not in output


def test_it_warns_of_a_role_that_another_stack_still_names(folder: Path, changes: ChangesOf) -> None:
    edit(folder, {"Pulumi.production.yaml": ("name: UpdateApp", "name: Other")})
    assert "'production/UpdateApp': production has no such role" in changes("HEAD")[1]


@pytest.mark.parametrize("name", ["README.md", "LICENSE", "Pulumi.development.yaml"])
def test_documentation_is_not_code(folder: Path, changes: ChangesOf, name: str) -> None:
    with (folder / name).open("a") as file:
        file.write("# a word more\n")
    assert changes("HEAD")[1].startswith("No access changes\n")


def test_a_change_can_not_silence_the_program(folder: Path, changes: ChangesOf) -> None:
    (folder / "__main__.py").write_text(SILENT)
    (folder / ".gitattributes").write_text("Pulumi.development.yaml export-ignore\n")
    edit(folder, TESTERS_IN)
    code, output = changes("HEAD^", commit(folder))
    assert (code, output.splitlines()[0]) == (1, "Wider: Testers may now assume UpdateApp; the program itself changed")
    assert "code: .gitattributes, __main__.py" in output
    assert "the base's program and the changed one register different documents" in output


def test_a_program_that_widens_is_seen(folder: Path, changes: ChangesOf) -> None:
    attachment = (
        "import pulumi_aws\npulumi_aws.iam.RolePolicyAttachment("
        "'x', role='UpdateApp', policy_arn='arn:aws:iam::aws:policy/AdministratorAccess')\n"
    )
    with (folder / "__main__.py").open("a") as file:
        file.write(attachment)
    code, output = changes("HEAD")
    assert (code, output.splitlines()[0].startswith("Wider: role UpdateApp may now")) == (1, True)
    assert output.splitlines()[0].endswith("; the program itself changed")


def test_code_that_registers_the_same_documents_changes_nothing(folder: Path, changes: ChangesOf) -> None:
    (folder / "unused.py").write_text("")
    assert changes("HEAD")[1].startswith("No access changes; the program itself changed\n")


def test_a_file_that_the_bases_program_refuses_is_undecided(folder: Path, changes: ChangesOf, tmp_path: Path) -> None:
    edit(folder, {"Pulumi.development.yaml": ("- name: Testers", "- name: Testers\n      fancy: true")})
    code, output = changes("HEAD")
    assert (code, output.startswith("access: development can't be rendered: Pulumi.development.yaml:")) == (1, True)
    assert "groups[1].fancy: there is no such key" in output
    entries = "    allow: NotRequired[list[object]]\n"
    edit(folder, {"stack/entries.py": (entries, f"    fancy: NotRequired[bool]\n    {entries.strip()}\n")})
    report = tmp_path / "report.json"
    code, output = changes("HEAD", "--json", str(report))
    assert code == 3
    assert output.startswith("Undecided: the base's program can't render the changed stack files: ")
    assert json.loads(report.read_text())["code"] == ["stack/entries.py"]


def test_a_link_is_not_followed(folder: Path, changes: ChangesOf, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("config: {password: hunter2}\n")
    (folder / "Pulumi.development.yaml").unlink()
    (folder / "Pulumi.development.yaml").symlink_to(secret)
    code, output = changes("HEAD^", commit(folder))
    assert (code, "hunter2" in output) == (1, False)
    assert "write a mapping, key: value; it is str" in output


def test_an_interpreter_from_a_change_is_not_run(folder: Path, changes: ChangesOf) -> None:
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho \'{"opaque": {}, "error": "run", "stack": "it was"}\'\n')
    python.chmod(0o755)
    code, output = changes("HEAD")  # git does not track it: it was created here
    assert (code, output) == (1, "access: it was can't be rendered: run\n")
    code, output = changes("HEAD^", commit(folder))
    assert (code, output.splitlines()[0]) == (0, "No access changes; the program itself changed")


def test_a_project_may_come_and_go(folder: Path, changes: ChangesOf) -> None:
    git(folder, "mv", "Pulumi.yaml", "Pulumi.old")
    head = commit(folder)
    code, output = changes("HEAD^", head)
    assert (code, output.splitlines()[0].startswith("Narrower: ")) == (0, True)
    code, output = changes(head, "HEAD^")
    assert (code, output.splitlines()[0].startswith("Wider: ")) == (1, True)
    assert "undecided\n  the base's program can't render the changed stack files: there is no such project" in output


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        (["nowhere"], "there is no revision 'nowhere'"),
        (["HEAD:__main__.py"], "there is no revision 'HEAD:__main__.py'"),
        ([""], "'' is not allowed as a revision"),
        (["HEAD", ""], "'' is not allowed as a revision"),
        (["--", "--output=stolen"], "'--output=stolen' is not allowed as a revision"),
        (["HEAD", "$(touch stolen)"], "there is no revision '$(touch stolen)'"),
        (["HEAD", "head.json"], "a rendered file and a revision can't be compared"),
        (["base.json"], "a rendered file and a revision can't be compared"),
        (["HEAD", "--project", "/"], "/ is not in a git repository"),
        (["HEAD", "--project", "stack"], "stack has no Pulumi.yaml with a Pulumi.<stack>.yaml beside it"),
        (["HEAD", "--project", "nowhere"], "there is no folder nowhere"),
    ],
)
def test_an_invalid_revision_is_refused(folder: Path, changes: ChangesOf, arguments: list[str], output: str) -> None:
    code, message = changes(*arguments)
    assert (code, message.startswith(f"access: {output}"), message.count("\n")) == (1, True, 1)
    assert not (folder / "stolen").exists()


def test_a_file_is_not_taken_for_a_branch_of_its_name(folder: Path, changes: ChangesOf) -> None:
    (folder / "main").write_text('{"version": 1, "stacks": {}}')
    assert changes("main")[1].startswith("No access changes")


def test_rendered_files_are_compared(folder: Path, changes: ChangesOf, capsys: pytest.CaptureFixture[str]) -> None:
    for name, edits in (("base.json", {}), ("head.json", TESTERS_IN)):
        edit(folder, edits)
        main(["render"])
        (folder / name).write_text(capsys.readouterr().out)
    code, output = changes("base.json", "head.json")
    assert (code, output.splitlines()[0]) == (1, "Wider: Testers may now assume UpdateApp")
