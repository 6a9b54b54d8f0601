"""Run a project's program in a process of its own, without an engine, and return its resources and outputs."""

import functools
import hashlib
import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore.loaders

from ..errors import AccessError
from ..escaping import visible
from ..project.files import Project, Reference, Stack, in_order, path_text

_PROGRAM = Path(__file__).with_name("program.py")
_SECONDS = 300
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT")
"""The variables that the program sees: no credentials, and nothing that would change its results elsewhere."""

_NOBODYS_ACCOUNT = "000000000000"


@dataclass(frozen=True)
class Resource:
    """A resource that a program registers."""

    type: str
    name: str
    """The logical name."""
    inputs: Mapping[str, Any]


@dataclass(frozen=True)
class Ran:
    """A stack, with the results of its program."""

    stack: Stack
    partition: str
    resources: tuple[Resource, ...]
    outputs: Mapping[str, Any]
    unresolved: tuple[Reference, ...]
    """The roles that no stack exports."""
    warnings: tuple[str, ...]


@dataclass
class _Opaque:
    """Placeholders for values that are unknown while the program runs.

    Each begins with the same random text, so that no file can contain one. No file can contain their replacements
    either: the program refuses ``<``.
    """

    prefix: str = field(default_factory=lambda: f"x{secrets.token_hex(8)}")
    meanings: dict[str, str] = field(default_factory=dict)

    def placeholder(self, meaning: str) -> str:
        """Return a placeholder for a meaning."""
        text = f"{self.prefix}P{len(self.meanings)}Z"
        self.meanings[text] = meaning
        return text

    def replaced(self, text: str, made: Mapping[str, str]) -> str:
        """Return JSON with the meanings in place of placeholders."""
        known = {**self.meanings, **made}
        return re.sub(
            self.prefix + "[A-Z][0-9]+Z", lambda match: json.dumps(f"<{known.get(match[0], '?')}>")[1:-1], text
        )


def run(project: Project, names: Sequence[str] = (), python: Path | None = None) -> list[Ran]:
    """Run the program of some stacks, by default of all, in the order of their references.

    Args:
        project: the project.
        names: the stacks' names.
        python: the interpreter; by default the project's.

    Returns:
        These stacks, and the stacks that they refer to.

    Raises:
        AccessError: there is no such stack, or its program fails.
    """
    stacks = in_order(_needed(project, names))
    opaque = _Opaque()
    named = {stack.name: stack.references() for stack in stacks}
    request = {
        "folder": str(project.folder),
        "program": str(project.program),
        "project": project.name,
        "opaque": opaque.prefix,
        "stacks": [_request(project, stack, named[stack.name], opaque) for stack in stacks],
    }
    answer = _answer(python or interpreter(project.content, project.folder), request, opaque)
    if "error" in answer:
        raise AccessError(f"{answer['stack']} can't be rendered: {visible(answer['error'])}")
    return [
        Ran(
            stack,
            partition_of_region(stack.region),
            tuple(Resource(**each) for each in result["resources"]),
            result["outputs"],
            tuple(named[stack.name][index] for index in sorted(set(result["unresolved"]))),
            tuple(map(visible, result["warnings"])),
        )
        for stack in stacks
        for result in (answer["stacks"][stack.name],)
    ]


def interpreter(content: Mapping[str, Any], folder: Path) -> Path:
    """Return the interpreter of the virtual environment in ``Pulumi.yaml``, or else this one.

    Args:
        content: the content of ``Pulumi.yaml``.
        folder: the project's folder.
    """
    runtime = content.get("runtime")
    options = runtime.get("options") if isinstance(runtime, dict) else None
    environment = options.get("virtualenv") if isinstance(options, dict) else None
    for script in ("bin/python", "Scripts/python.exe"):
        if environment and (folder / str(environment) / script).exists():
            return folder / str(environment) / script
    return Path(sys.executable)


def _needed(project: Project, names: Sequence[str]) -> list[Stack]:
    """Return the stacks with these names, by default all, with the stacks that they refer to."""
    by_name = {stack.full_name: stack for stack in project.stacks}
    waiting = [f"{project.name}/{name}" for name in names] or list(by_name)
    needed: set[str] = set()
    for name in names:
        if not project.stack(name):
            known = ", ".join(stack.name for stack in project.stacks)
            raise AccessError(f"there is no stack {name!r}; there are: {known}")
    while waiting:
        stack = by_name.get(waiting.pop())
        if stack and stack.full_name not in needed:
            needed.add(stack.full_name)
            waiting += [reference.full_name for reference in stack.references()]
    return [stack for stack in project.stacks if stack.full_name in needed]


def _answer(python: Path, request: Mapping[str, Any], opaque: _Opaque) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if name in _KEPT}
    try:
        done = subprocess.run(  # noqa: S603
            [python, "-I", "-B", _PROGRAM],  # -B: leave no files in the folder
            input=json.dumps(request),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env=environment,
            check=False,
            timeout=_SECONDS,
        )
    except OSError as error:
        raise AccessError(f"{python} can't be run: {error.strerror}; it is the project's interpreter") from None
    except subprocess.TimeoutExpired:
        raise AccessError(f"the program did not end within {_SECONDS} seconds; does it wait for something?") from None
    try:
        made = json.loads(done.stdout)["opaque"]
    except (ValueError, KeyError, TypeError):
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise AccessError(f"{python} can't run the program: {reason}; are its packages installed there?") from None
    answer: dict[str, Any] = json.loads(opaque.replaced(done.stdout, made))
    return answer


def _request(project: Project, stack: Stack, named: Sequence[Reference], opaque: _Opaque) -> dict[str, Any]:
    partition, suffix = _place(stack.region)
    config = {**_defaults(project), **{_full(project, key): value for key, value in stack.config.items()}}
    return {
        "name": stack.name,
        "account": stack.account_id,
        "region": stack.region,
        "partition": partition,
        "dnsSuffix": suffix,
        "config": {key: _text(_decrypted(value, opaque)) for key, value in config.items()},
        "secret": [key for key, value in config.items() if list(_encrypted(value))],
        "named": [
            {
                "stack": reference.full_name,
                "role": reference.role,
                "arn": f"arn:{partition}:iam::{_account(project, stack, reference)}:role/"
                f"{opaque.placeholder(reference.full_name)}/{reference.role}",
            }
            for reference in named
        ],
    }


def _account(project: Project, stack: Stack, reference: Reference) -> str:
    """Return the account of a role: the one in ``accounts``, or its stack's, or else nobody's."""
    pinned = stack.config.get(f"{project.name}:accounts", stack.config.get("accounts"))
    for name in (reference.text.rpartition("/")[0], reference.full_name, reference.stack):
        if isinstance(pinned, dict) and isinstance(pinned.get(name), str):
            return str(pinned[name])
    other = project.stack(reference.stack) if reference.project == project.name else None
    return other.account_id if other else _NOBODYS_ACCOUNT


def _defaults(project: Project) -> dict[str, Any]:
    """Return the configuration that ``Pulumi.yaml`` has for all stacks.

    Source: Pulumi, "Pulumi project file reference", ``config``.
    """
    declared = project.content.get("config")
    defaults = {}
    for key, value in declared.items() if isinstance(declared, dict) else ():
        if not isinstance(value, dict):
            defaults[_full(project, str(key))] = value
        elif value.get("value", value.get("default")) is not None:
            defaults[_full(project, str(key))] = value.get("value", value.get("default"))
    return defaults


def _full(project: Project, key: str) -> str:
    return key if ":" in key else f"{project.name}:{key}"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _encrypted(value: object) -> Iterator[str]:
    if isinstance(value, dict) and value.keys() == {"secure"}:
        yield str(value["secure"])
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _encrypted(item)


def _decrypted(value: Any, opaque: _Opaque) -> Any:  # noqa: ANN401 (YAML)
    """Return a value with a placeholder for each encrypted part; encrypting it again gives another placeholder."""
    if isinstance(value, dict) and value.keys() == {"secure"}:
        digest = hashlib.sha256(str(value["secure"]).encode()).hexdigest()[:12]
        return opaque.placeholder(f"encrypted value {digest}")
    if isinstance(value, dict):
        return {key: _decrypted(item, opaque) for key, item in value.items()}
    return [_decrypted(item, opaque) for item in value] if isinstance(value, list) else value


@functools.cache
def _place(region: str) -> tuple[str, str]:
    """Return the partition of a region, and its DNS suffix. Source: botocore, data/partitions.json."""
    partitions = botocore.loaders.Loader().load_data("partitions")["partitions"]
    own = next(partition for partition in partitions if region in partition["regions"])
    return own["id"], own["outputs"]["dnsSuffix"]


def partition_of_region(region: str) -> str:
    """Return the partition of a region."""
    return _place(region)[0]


def missing(project: Project, ran: Ran) -> list[str]:
    """Return a warning for each role of this project that a stack names but no stack has."""
    warnings = []
    for reference in ran.unresolved:
        if reference.project == project.name:
            place = f"{reference.where}: {path_text(reference.keys)}: {reference.text!r}"
            other = project.stack(reference.stack)
            why = f"{reference.stack} has no such role" if other else f"there is no Pulumi.{reference.stack}.yaml"
            warnings.append(f"{place}: {why}; remove it here too, or `pulumi up --stack {ran.stack.name}` will fail")
    return warnings
