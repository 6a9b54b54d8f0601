"""A project's files, ``Pulumi.yaml`` and one for each stack, read and checked before anything is started."""

import functools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import botocore.loaders

from ..errors import AccessError
from .yaml_file import Key, YamlFile, parsed_list, read_yaml, shown

_STACK_FILE = re.compile(r"Pulumi\.(.+)\.yaml")
_STACK_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")  # "Stacks", Pulumi's documentation
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_GRANTEES = ("groups", "granteeRoles", "permissionSets")
_EXAMPLE = 'e.g. ["111111111111"]'


@dataclass(frozen=True)
class Reference:
    """A role of another stack under ``allow`` or ``deny``."""

    project: str
    stack: str
    text: str
    where: str
    """The file and line."""
    keys: tuple[Key, ...]
    """The place below ``config``."""

    @property
    def full_name(self) -> str:
        """The other stack, as project/stack."""
        return f"{self.project}/{self.stack}"

    @property
    def role(self) -> str:
        """The role's name."""
        return self.text.rpartition("/")[2]


@dataclass(frozen=True)
class Stack:
    """A stack, as its file describes it."""

    project: str
    name: str
    file: YamlFile
    account_id: str
    region: str

    @property
    def config(self) -> dict[str, Any]:
        """The configuration, i.e. everything under ``config``."""
        config: dict[str, Any] = self.file.content["config"]
        return config

    @property
    def full_name(self) -> str:
        """The stack's unique name: project/stack."""
        return f"{self.project}/{self.name}"

    def entries(self, name: str) -> Iterator[tuple[tuple[Key, ...], dict[str, Any]]]:
        """Return the entries of a configured list, each with its place below ``config``.

        An entry that is not a mapping is left out: the program reports it.
        """
        for key in (f"{self.project}:{name}", name):
            value = self.config.get(key)
            for index, entry in enumerate(parsed_list(value) or ()):
                if isinstance(entry, dict):
                    yield (key, index), entry

    def references(self) -> list[Reference]:
        """Return the roles of other stacks under groups, grantee roles and permission sets."""
        references = []
        for name in _GRANTEES:
            for keys, entry in self.entries(name):
                for effect in ("allow", "deny"):
                    listed = entry.get(effect)
                    for index, item in enumerate(listed if isinstance(listed, list) else ()):
                        deeper = ("role",) if isinstance(item, dict) else ()
                        text = item.get("role") if isinstance(item, dict) else item
                        references += self._reference(text, (*keys, effect, index, *deeper))
        return references

    def secrets(self) -> list[tuple[Key, ...]]:
        """Return the places of encrypted values below ``config``."""
        return list(_secrets(self.config))

    def _reference(self, text: object, keys: tuple[Key, ...]) -> list[Reference]:
        parts = text.split("/") if isinstance(text, str) and not text.startswith("arn:") else []
        if not 2 <= len(parts) <= 4 or not all(parts):
            return []  # an ARN, or something that the program refuses
        project, stack = [self.project, *parts][-3:-1]
        return [Reference(project, stack, str(text), self.file.where("config", *keys), keys)]


@dataclass(frozen=True)
class Project:
    """A project's folder, read."""

    name: str
    folder: Path
    program: Path
    """The program: a folder with ``__main__.py``, or a file."""
    content: Mapping[str, Any]
    """The content of ``Pulumi.yaml``."""
    stacks: tuple[Stack, ...]
    """The stacks, sorted by name."""

    def stack(self, name: str) -> Stack | None:
        """Return the stack with this name; ``None`` if it has no file."""
        return next((stack for stack in self.stacks if stack.name == name), None)


def read_project(folder: Path) -> Project:
    """Read and check a project's files.

    Raises:
        AccessError: a file is missing or wrong; the message names the file, the line, the key and what is allowed.
    """
    folder = folder.absolute()
    file = folder / "Pulumi.yaml"
    if not file.is_file():
        raise AccessError(f"{shown(folder)} has no Pulumi.yaml; name the folder of a project, --project DIR")
    content = read_yaml(file).content
    name = content.get("name")
    if not isinstance(name, str) or not _STACK_NAME.fullmatch(name):
        raise AccessError(f"{shown(file)}: name: {name!r} is not allowed; write letters, digits, - _ and .")
    runtime = content.get("runtime")
    language = runtime.get("name") if isinstance(runtime, dict) else runtime
    if language != "python":
        raise AccessError(f"{shown(file)}: runtime: {language!r} is not allowed; only python programs can be run here")
    program = _program(folder, file, content.get("main", "."))
    declared = content.get("config")
    keys = [str(key).rpartition(":")[2] for key in declared] if isinstance(declared, dict) else []
    names = sorted(match[1] for path in folder.glob("Pulumi.*.yaml") if (match := _STACK_FILE.fullmatch(path.name)))
    if not names:
        raise AccessError(f"{shown(folder)} has no stack; write a file Pulumi.<stack>.yaml")
    stacks = tuple(_read_stack(name, stack, folder / f"Pulumi.{stack}.yaml", keys) for stack in names)
    return Project(name, folder, program, content, stacks)


def in_order(stacks: Iterable[Stack]) -> list[Stack]:
    """Return the stacks, each after the stacks that it refers to.

    Raises:
        AccessError: a stack refers to itself through others.
    """
    waiting = {stack.full_name: stack for stack in stacks}
    single = len({stack.project for stack in waiting.values()}) == 1
    needed = {
        name: {reference.full_name for reference in stack.references()} - {name} for name, stack in waiting.items()
    }
    ordered: list[Stack] = []
    while waiting:
        ready = next((name for name in waiting if not needed[name] & waiting.keys()), None)
        if ready is None:
            raise AccessError(_circle(waiting, single))
        ordered.append(waiting.pop(ready))
    return ordered


def path_text(keys: Sequence[Key]) -> str:
    """Return a place below ``config`` in the syntax of ``pulumi config --path``."""
    first, *others = keys
    return str(first) + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in others)


def _program(folder: Path, file: Path, main: object) -> Path:
    program = folder / str(main)
    if program.is_file() or (program / "__main__.py").is_file():
        return program.resolve()
    raise AccessError(f"{shown(file)}: main: {main!r} is not allowed; name a folder with a __main__.py")


def _read_stack(project: str, name: str, path: Path, declared: Collection[str]) -> Stack:
    if not _STACK_NAME.fullmatch(name):
        raise AccessError(f"{shown(path)}: a stack can't be called {name!r}; use letters, digits, - _ and .")
    file = read_yaml(path)
    for key in file.content:
        if ":" in str(key):
            raise AccessError(f"{file.where(key)}: {key} is outside of config; indent it below config:")
    config = file.content.get("config")
    if not isinstance(config, dict):
        place = file.where("config")
        raise AccessError(f"{place}: config: {config!r} is not allowed; write aws:region and the other keys below it")
    for key in config:
        _check_namespace(file, str(key), project, declared)
    return Stack(project, name, file, _account_id(file, config), _region(file, config))


def _check_namespace(file: YamlFile, key: str, project: str, declared: Collection[str]) -> None:
    """Refuse a key of this project under another project's name, because the program would not see it."""
    namespace, colon, name = key.rpartition(":")
    if not colon or namespace in (project, "aws", "pulumi"):
        return
    if name in declared or get_close_matches(namespace, [project], cutoff=0.75):
        raise AccessError(
            f"{file.where('config', key)}: {key} is not allowed; this project is {project}: write {project}:{name}"
        )


def _account_id(file: YamlFile, config: Mapping[str, Any]) -> str:
    key = "aws:allowedAccountIds"
    where = file.where("config", key)
    value = parsed_list(config.get(key))  # `pulumi new` writes a list as text
    if value is None and config.get(key) is None:
        raise AccessError(f"{where}: {key} is missing; list the account that this stack may change, {_EXAMPLE}")
    if not isinstance(value, list) or not value:
        raise AccessError(
            f"{where}: {key}: {config[key]!r} is not allowed; list the account that this stack may change, {_EXAMPLE}"
        )
    for index, account_id in enumerate(value):
        digits = str(account_id)
        unquoted = file.is_unquoted("config", key, index) and digits.isdecimal()
        if unquoted or not isinstance(account_id, str) or not _ACCOUNT_ID.fullmatch(digits):
            raise AccessError(
                f"{file.where('config', key, index)}: {key}[{index}]: {account_id!r} is not allowed; write the twelve"
                f" digits of the account id in quotes, {_EXAMPLE}"
            )
    return str(value[0])


def _region(file: YamlFile, config: Mapping[str, Any]) -> str:
    key = "aws:region"
    where = file.where("config", key)
    region = config.get(key)
    if region is None:
        raise AccessError(f"{where}: {key} is missing; write the region in which this stack works, e.g. us-east-1")
    if region not in _regions():
        close = get_close_matches(str(region), _regions())
        hint = f"did you mean {' or '.join(close)}?" if close else "write one of AWS's, e.g. us-east-1"
        raise AccessError(f"{where}: {key}: {region!r} is not allowed; there is no such region; {hint}")
    return str(region)


@functools.cache
def _regions() -> list[str]:
    partitions = botocore.loaders.Loader().load_data("partitions")["partitions"]
    return [region for partition in partitions for region in partition["regions"] if not region.endswith("-global")]


def _secrets(value: object, *keys: Key) -> Iterator[tuple[Key, ...]]:
    if isinstance(value, dict) and value.keys() == {"secure"}:
        yield keys
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _secrets(item, *keys, str(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _secrets(item, *keys, index)


def _circle(waiting: Mapping[str, Stack], single: bool) -> str:
    """Return the message about a circle in stacks that each refer to another one of them."""
    walked: list[Reference] = []
    names = [next(iter(waiting))]
    while names[-1] not in names[:-1]:
        stack = waiting[names[-1]]
        others = waiting.keys() - {names[-1]}
        reference = next(reference for reference in stack.references() if reference.full_name in others)
        walked.append(reference)
        names.append(reference.full_name)
    start = names.index(names[-1])
    circle = " -> ".join(name.rpartition("/")[2] if single else name for name in names[start:])
    places = "; ".join(f"{reference.where}: {reference.text}" for reference in walked[start:])
    return (
        f"{circle} is a circle: a stack reads the outputs of the stacks that it refers to, so none of these can be"
        f" deployed first; remove one of the references ({places})"
    )
