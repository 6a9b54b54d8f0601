"""A project as the sandbox runs it: files made from people's own, which are only read."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from access.project.files import Project
from access.project.yaml_file import Key, read_yaml
from sandbox.errors import SandboxError
from sandbox.project import config_here


def write_generated(folder: Path, project: Project, stack: str, endpoint: str) -> list[tuple[Key, ...]]:
    """Write ``Pulumi.yaml`` and the stack's file. The file that was made last is used where people have removed theirs.

    Args:
        folder: where they are written.
        project: what people have.
        stack: the stack's name.
        endpoint: where AWS is.

    Returns:
        The places below ``config`` that want a secret of the sandbox's own: what people have encrypted can be read by
        the backend alone that it was encrypted for.

    Raises:
        SandboxError: the stack has no file and never had one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # The program is served from the sandbox's process, wherever `main` says that it is.
    content = {key: value for key, value in project.content.items() if key != "main"}
    (folder / "Pulumi.yaml").write_text(_text(content))
    source, target = project.stack(stack), folder / f"Pulumi.{stack}.yaml"
    generated = read_yaml(target).content if target.exists() else {}
    config = config_here(source) if source else generated.get("config")
    if config is None:
        raise SandboxError(f"{stack} has no file Pulumi.{stack}.yaml")
    wanted = []
    for path in source.secrets() if source else ():
        holder, kept = _at(config, path[:-1]), _at(generated.get("config"), path)
        holder[path[-1]] = kept
        if kept is None:
            del holder[path[-1]]
            wanted.append(path)
    config |= {
        "aws:endpoints": [{"iam": endpoint, "s3": endpoint, "sts": endpoint}],
        "aws:maxRetries": "5",
        "aws:s3UsePathStyle": "true",
        "aws:skipMetadataApiCheck": "true",
    }
    # The engine keeps the salt of the stack's passphrase in this file.
    salt = {key: value for key, value in generated.items() if key == "encryptionsalt"}
    target.write_text(_text({"config": config, **salt}))
    return wanted


class _Dumper(yaml.SafeDumper):
    """Writes all text in quotes: to PyYAML 012345678901 is text, to the engine a number, which loses its zero."""


_Dumper.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="'"))


def _text(content: Mapping[str, Any]) -> str:
    text: str = yaml.dump(dict(content), Dumper=_Dumper, sort_keys=False)
    return text


def _at(value: Any, path: Sequence[Key]) -> Any:  # noqa: ANN401 (YAML)
    """Return what stands at a place, or nothing."""
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value
