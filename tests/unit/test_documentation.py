"""The pages name every option and output, their links lead somewhere, and what they tell people to type exists."""

import argparse
import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from inspect import get_annotations

import pytest
import yaml

from access.__main__ import parser as access_parser
from access.switch.commands import split_command
from benchmarks.__main__ import parser as benchmarks_parser
from docs.generate import commands, configuration
from docs.generate.docstrings import field_docstrings
from sandbox.command_line import parse as parse_sandbox
from stack.entries import camel_case
from tests.support import typed_commands
from tests.support.markdown import PAGES, Page
from tests.unit.conftest import REPOSITORY

_FILE = re.compile(r"(access|components|docs|examples|sandbox|stack|tests|tools|\.github)/[\w./-]+")
DOCS = {name: page for name, page in PAGES.items() if name.startswith("docs/")}


@pytest.fixture(params=[*PAGES.values()], ids=[*PAGES])
def page(request: pytest.FixtureRequest) -> Page:
    found: Page = request.param
    return found


# The pages as a whole.


def test_the_readme_is_short() -> None:
    assert len(PAGES["README.md"].text.splitlines()) < 120


@pytest.mark.parametrize("name", DOCS)
def test_a_page_says_first_what_it_is_for(name: str) -> None:
    title, empty, purpose, *_ = DOCS[name].text.splitlines()
    assert title.startswith("# ")
    assert not empty
    assert re.match(r"[A-Z`].*\w", purpose), purpose


def test_the_readme_leads_to_every_page() -> None:
    linked = {link.partition("#")[0] for link in PAGES["README.md"].links}
    assert {*PAGES} - {"README.md"} - linked == set()


def test_links_lead_somewhere(page: Page) -> None:
    for link in page.links:
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.path.parent / path).resolve() if path else page.path
        assert target.exists(), link
        if anchor:
            assert anchor in PAGES[str(target.relative_to(REPOSITORY))].anchors, link


def test_files_that_are_named_exist(page: Page) -> None:
    for name in page.code:
        if name != "stack/role" and _FILE.fullmatch(name):
            assert (REPOSITORY / name).exists(), name


# What is made from the code.


@pytest.mark.parametrize("name", ["docs/configuration.md", "docs/commands.md"])
def test_what_is_made_from_the_code_is_fresh(name: str) -> None:
    made = {"docs/configuration.md": configuration.page(DOCS[name].text), "docs/commands.md": commands.page()}
    assert DOCS[name].text == made[name], "run `make docs`"


@pytest.mark.parametrize("name", configuration.LISTS)
def test_every_option_is_in_a_table_and_declared(name: str) -> None:
    entry_type = configuration.LISTS[name]
    wanted = {camel_case(field) for field in get_annotations(entry_type)}
    table = DOCS["docs/configuration.md"].text.split(f"<!-- table: {name} -->")[1].split("<!-- end of table -->")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == wanted
    declared = yaml.safe_load((REPOSITORY / "Pulumi.yaml").read_text())["config"][name]["description"]
    assert wanted <= set(re.findall(r"\w+", declared))


@pytest.mark.parametrize("name", configuration.LISTS)
def test_a_default_is_named_once_and_last(name: str) -> None:
    for text in field_docstrings(configuration.LISTS[name]).values():
        assert re.search(r"^(?:(?!Default:).)+( Default: .+\.)?$", text), text
        assert re.search(r"[.)]$", text), text


def test_every_option_of_every_command_is_in_a_page() -> None:
    listed = set(re.findall(r"^\| `(--[a-z-]+)", DOCS["docs/commands.md"].text, re.MULTILINE))
    for command in (command for parser in commands.parsers() for command in commands.commands(parser)):
        for action in command._actions:
            if action.help != argparse.SUPPRESS and not isinstance(action, argparse._HelpAction):
                assert set(action.option_strings) <= listed, (command.prog, action)


def test_every_output_is_in_the_contract() -> None:
    exported = set(re.findall(r'pulumi\.export\("(\w+)"', (REPOSITORY / "stack" / "outputs.py").read_text()))
    assert set(re.findall(r"^\| `(\w+)`", DOCS["docs/outputs.md"].text, re.MULTILINE)) == exported


# What people are to type.

TARGETS = dict(re.findall(r"^([a-z-]+):[^#\n]*## (.+)$", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))


def words(line: str) -> list[str]:
    """Return the words of a command, without redirections and pipes."""
    evaluated = re.fullmatch(r'eval "\$\((.*)\)"', line)
    return shlex.split(re.split(r" [|>] ", evaluated[1] if evaluated else line)[0])


def check(line: str) -> None:
    """Check that a command can be typed: its parser takes it, or it is a target of the Makefile."""
    match words(line):
        case ["make", *targets]:
            assert {it for it in targets if "=" not in it} <= {*TARGETS}, line
        case [".venv/bin/python", "-m", "access", *arguments] | ["access", *arguments]:
            own, command = split_command(arguments)
            access_parser().parse_args(own, argparse.Namespace(command=command))
        case [".venv/bin/python" | "python", "-m", "sandbox", *arguments]:
            parse_sandbox(arguments)
        case [".venv/bin/python", "-m", "benchmarks", *arguments]:
            benchmarks_parser().parse_args(arguments)
        case [".venv/bin/python", "-m", "pytest", *arguments]:
            assert all((REPOSITORY / it).exists() for it in arguments if it.startswith("tests/")), line
        case _:
            assert line in dict(typed_commands.tests()), line


def test_every_command_can_be_typed(page: Page) -> None:
    for line in page.commands:
        check(line)


def begun(page: Page) -> Iterator[str]:
    """Yield the commands within sentences. Three dots stand for anything, so such a command need not be whole."""
    for line in page.code:
        if re.match(r"(\.venv/bin/python -m |python -m |access |make )[a-z]", line):
            yield line


def test_commands_within_sentences_exist(page: Page) -> None:
    for line in begun(page):
        typed = shlex.split(line.replace("…", " … "))
        if typed[0] == "make":
            assert typed[1] in TARGETS, line
            continue
        program = "python -m sandbox" if "sandbox" in typed[:3] else "access" if "access" in typed[:3] else ""
        if not program:
            continue
        known = {it.prog: it for parser in commands.parsers() for it in commands.commands(parser)}
        rest = typed[1:] if typed[0] == "access" else typed[3:]
        if not rest:
            continue
        assert f"{program} {rest[0]}" in known, line
        options = {it for action in known[f"{program} {rest[0]}"]._actions for it in action.option_strings}
        own = rest[: rest.index("--")] if "--" in rest else rest
        assert {it for it in own if it.startswith("--")} <= options, line


def test_every_command_is_run_by_a_test() -> None:
    typed = dict(typed_commands.tests())
    assert [line for line, test in typed.items() if not test] == []
    assert {*typed_commands.ELSEWHERE} <= {*typed}, "a command that no page has any longer"
    for place in typed.values():
        file, _, test = place.partition("::")
        assert f"def {test}(" in (REPOSITORY / file).read_text() if test else (REPOSITORY / file).exists(), place


def test_a_bare_make_shows_every_target() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    assert ".DEFAULT_GOAL := help" in makefile
    declared = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert declared
    assert set(declared[1].split()) == {*TARGETS}


# Messages when something fails.


SOURCES = ("access", "components", "sandbox", "stack")
SECTIONS = re.split(r"^## ", DOCS["docs/troubleshooting.md"].text, flags=re.MULTILINE)[1:]


@cache
def texts(*folders: str) -> list[str]:
    """All texts in some folders, with a gap where a value goes."""
    found = []
    for folder in folders:
        for file in (REPOSITORY / folder).rglob("*.py"):
            nodes = ast.walk(ast.parse(file.read_text()))
            found += [" ".join(_text(it).replace(r"\s+", " ").split()) for it in nodes]
    return [it for it in found if it]


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(it.value) if isinstance(it, ast.Constant) else "\0" for it in node.values)
    return ""


@pytest.mark.parametrize("section", SECTIONS, ids=[it.splitlines()[0] for it in SECTIONS])
def test_every_message_is_in_the_sources(section: str) -> None:
    """Those of AWS and of Pulumi are in a test that meets them."""
    messages = re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)
    assert messages
    is_of_others = section.startswith(("Deployment", "State"))
    for part in (part.strip() for message in messages for part in message.split("…")):
        known = any(part in text for text in texts(*SOURCES, *(("tests/sandbox",) if is_of_others else ())))
        assert known or not re.search(r"\w", part), part


def test_the_headings_of_reports_that_are_shown_are_in_the_sources() -> None:
    lines = [line.strip() for block in DOCS["docs/proving.md"].blocks("text") for line in block.splitlines()]
    headings = [line for line in lines if re.fullmatch(r"[a-z ]+|[a-z ]+ Deny", line)]
    assert len(headings) > 2
    for heading in headings:
        assert heading in texts(*SOURCES), heading


# Who reviews what.


def test_the_code_owners_are_those_that_the_pages_name() -> None:
    lines = [it for it in (REPOSITORY / ".github" / "CODEOWNERS").read_text().splitlines() if not it.startswith("#")]
    owned = [line.split()[0] for line in lines]
    assert {line.split()[1] for line in lines} == {"@your-org/platform"}
    sentence = re.search(r"with your team\. It covers (.*?)\.\n", DOCS["docs/pull-requests.md"].text, re.DOTALL)
    assert sentence
    assert sorted(re.findall(r"`(.*?)`", sentence[1])) == sorted(path.removeprefix("/") for path in owned)
    for path in owned:
        assert [*REPOSITORY.glob(path.removeprefix("/"))], path
