"""The page docs/commands.md, made from the parsers: each command with its options."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from access.__main__ import parser as access_parser
from access.command_line import COMMAND
from benchmarks.__main__ import parser as benchmarks_parser
from sandbox.command_line import parser as sandbox_parser

PAGE = Path(__file__).parents[1] / "commands.md"

_TOP = """\
# Commands and options

All commands with their options. `make docs` makes this page from the texts of `--help`.

`access` is the installed command; in the repository it is `.venv/bin/python -m access`. [Switching](switching.md),
[proving](proving.md), [pull requests](pull-requests.md) and [the sandbox](sandbox.md) say what they are for.
"""


def parsers() -> tuple[argparse.ArgumentParser, ...]:
    """Return the parsers of all programs, by the names under which the pages show them."""
    return access_parser("access"), sandbox_parser(), benchmarks_parser()


def commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Return a parser and those of its commands, without those that `--help` does not list."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            listed = [choice.dest for choice in action._choices_actions]
            for name in listed:
                yield from commands(action.choices[name])


def page() -> str:
    """Return the page."""
    parts = [_TOP]
    for program in parsers():
        parts += [_section(command, depth=2 if command is program else 3) for command in commands(program)]
    return "\n".join(parts)


def _section(command: argparse.ArgumentParser, depth: int) -> str:
    lines = [f"{'#' * depth} `{command.prog}`", "", *_paragraphs(command.description)]
    rows = [
        (_written(command, action), " ".join(_help(action).split()))
        for action in command._actions
        if not isinstance(action, argparse._SubParsersAction | argparse._HelpAction)
        and action.help != argparse.SUPPRESS
    ]
    if rows:
        lines += ["| argument or option | meaning |", "|---|---|"]
        lines += [f"| `{written}` | {_escaped(text)} |" for written, text in rows] + [""]
    lines += _paragraphs(command.epilog)
    return "\n".join(lines)


def _paragraphs(text: str | None) -> list[str]:
    paragraphs = re.split(r"\n\s*\n", (text or "").strip())
    return [line for it in paragraphs if it for line in (_escaped(" ".join(it.split())), "")]


def _escaped(text: str) -> str:
    """Return text that Markdown shows as it is, in a table too; `access` has its name when it is installed."""
    return re.sub(r"([<|*])", r"\\\1", text.replace(f"{COMMAND} ", "access "))


def _written(command: argparse.ArgumentParser, action: argparse.Action) -> str:
    takes = command._get_formatter()._format_args(action, _name(action)) if action.nargs != 0 else ""
    return _escaped(" ".join([", ".join(action.option_strings), takes]).strip())


def _name(action: argparse.Action) -> str:
    if action.choices is not None:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return action.dest.upper() if action.option_strings else action.dest


def _help(action: argparse.Action) -> str:
    return (action.help or "") % vars(action)
