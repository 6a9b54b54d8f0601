"""The words that may follow on the command line."""

import argparse
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..errors import AccessError
from ..switch.config_file import read_profiles
from ..switch.published import read_published

_STACK_FILE = re.compile(r"Pulumi\.(.+)\.yaml")


def next_words(parser: argparse.ArgumentParser, words: Sequence[str]) -> list[str]:
    """Return the completions of the last word; none if it may be a file, or anything.

    Args:
        parser: the parser of all commands.
        words: the words after the command's name; the last one may be empty.
    """
    *before, begun = words
    commands = _commands(parser)
    if not before:
        return _completions(begun, [*_options(parser), *(action.dest for action in commands._choices_actions)])
    command = commands.choices.get(before[0])
    return _completions(begun, _candidates(command, before[1:], begun)) if command else []


def _candidates(command: argparse.ArgumentParser, before: Sequence[str], begun: str) -> Iterable[str]:
    options = {name: action for action in command._actions for name in action.option_strings}
    waiting: argparse.Action | None = None  # an option whose value comes next
    count = 0
    for word in before:
        if waiting:
            waiting = None
        elif word.startswith("-"):
            waiting = options[word] if word in options and options[word].nargs != 0 else None
        else:
            count += 1
    if waiting:
        return _values(waiting)
    if begun.startswith("-"):
        return _options(command)
    positional = [action for action in command._actions if not action.option_strings]
    if not positional:
        return []
    if count < len(positional):
        return _values(positional[count])
    return _values(positional[-1]) if positional[-1].nargs in ("*", "+") else []


def _values(action: argparse.Action) -> Iterable[str]:
    """Return the known values of an option or argument."""
    if action.choices is not None:
        return [str(choice) for choice in action.choices]
    if action.metavar == "ROLE":
        return _roles()
    if action.metavar == "STACK":
        return [match[1] for file in Path.cwd().glob("Pulumi.*.yaml") if (match := _STACK_FILE.fullmatch(file.name))]
    if action.dest == "profile" and action.metavar == "NAME":
        return _profiles()
    return []


def _roles() -> list[str]:
    try:
        published = [role.name for role in read_published().roles]
    except AccessError:
        published = []
    return [*published, *_profiles(with_role=True)]


def _profiles(with_role: bool = False) -> list[str]:
    try:
        profiles = read_profiles()
    except AccessError:
        return []
    return [name for name, settings in profiles.items() if "role_arn" in settings or not with_role]


def _options(parser: argparse.ArgumentParser) -> list[str]:
    return [name for action in parser._actions for name in action.option_strings if name.startswith("--")]


def _commands(parser: argparse.ArgumentParser) -> "argparse._SubParsersAction[argparse.ArgumentParser]":
    return next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))


def _completions(begun: str, words: Iterable[str]) -> list[str]:
    """Return the words that begin with a text, sorted, without those that a terminal can't show."""
    return sorted({word for word in words if word.startswith(begun) and word.isprintable()})
