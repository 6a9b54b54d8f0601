"""Generate the project files that the sandbox deploys. The project's own files are only read."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from access.project.files import Project
from access.project.yaml_file import Key, read_yaml
from sandbox.errors import SandboxError
from sandbox.project import local_config


def write_project_files(folder: Path, project: Project, stack: str, endpoint: str) -> list[tuple[Key, ...]]:
    """Write ``Pulumi.yaml`` and the stack's file. If the stack has no file any more, the last generated one is used.

    Args:
        folder: the target folder.
        project: the project.
        stack: the stack's name.
        endpoint: the address of AWS.

    Returns:
        The paths below ``config`` that need a secret of the sandbox: only the backend that a secret was encrypted for
        can read it.

    Raises:
        SandboxError: the stack has no file and never had one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # The program is served from the sandbox's process, so `main` is dropped.
    content = {key: value for key, value in project.content.items() if key != "main"}
    (folder / "Pulumi.yaml").write_text(_text(content))
    source, target = project.stack(stack), folder / f"Pulumi.{stack}.yaml"
    generated = read_yaml(target).content if target.exists() else {}
    config = local_config(source) if source else generated.get("config")
    if config is None:
        raise SandboxError(f"{stack} has no file Pulumi.{stack}.yaml")
    missing = []
    for path in source.secrets() if source else ():
        holder, kept = _at(config, path[:-1]), _at(generated.get("config"), path)
        holder[path[-1]] = kept
        if kept is None:
            del holder[path[-1]]
            missing.append(path)
    config |= {
        "aws:endpoints": [{"iam": endpoint, "s3": endpoint, "sts": endpoint}],
        "aws:maxRetries": "5",
        "aws:s3UsePathStyle": "true",
        "aws:skipMetadataApiCheck": "true",
    }
    # The engine keeps the salt of the stack's passphrase in this file.
    salt = {key: value for key, value in generated.items() if key == "encryptionsalt"}
    target.write_text(_text({"config": config, **salt}))
    return missing


class _Dumper(yaml.SafeDumper):
    """A dumper that quotes all text: the engine would read an unquoted 012345678901 as a number and drop the zero."""


_Dumper.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="'"))


def _text(content: Mapping[str, Any]) -> str:
    text: str = yaml.dump(dict(content), Dumper=_Dumper, sort_keys=False)
    return text


def _at(value: Any, path: Sequence[Key]) -> Any:  # noqa: ANN401 (YAML)
    """Return the value at a path, or nothing."""
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value
