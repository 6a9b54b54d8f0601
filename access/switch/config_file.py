"""The files in which AWS tools keep profiles: read as they read them, and changed without disturbing the rest.

Source: AWS SDKs and Tools Reference Guide, "Using shared config and credentials files to globally configure AWS SDKs
and tools".
"""

import configparser
import os
import re
import shlex
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from access.errors import AccessError

Profiles = Mapping[str, Mapping[str, str]]
"""What each profile says, by its name."""

_HEADER = re.compile(r"\[(?P<header>.+)\]")  # as configparser, with which botocore reads the files
_CONTRARY = {"source_profile": "credential_source", "credential_source": "source_profile"}


def config_path() -> Path:
    """Where the profiles are."""
    return _path("AWS_CONFIG_FILE", "~/.aws/config")


def credentials_path() -> Path:
    """Where the long-term keys of profiles are."""
    return _path("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")


def active_profile() -> str:
    """The profile that AWS tools take where none is named."""
    return os.environ.get("AWS_DEFAULT_PROFILE") or os.environ.get("AWS_PROFILE") or "default"


def read_profiles() -> Profiles:
    """The profiles of ``~/.aws/config``.

    Raises:
        AccessError: the file can't be understood.
    """
    sections = _parse(config_path(), _read(config_path()))
    named = {_profile_name(header): values for header, values in sections.items()}
    return {name: values for name, values in named.items() if name is not None}


def read_keys(profile: str) -> Mapping[str, str]:
    """What ``~/.aws/credentials`` says of a profile.

    Raises:
        AccessError: the file can't be understood.
    """
    return _parse(credentials_path(), _read(credentials_path())).get(profile, {})


def render(name: str, settings: Mapping[str, str]) -> str:
    """A profile as it stands in the file."""
    lines = [f"{key} = {value}" for key, value in settings.items()]
    return "\n".join([f"[{_header(name)}]", *lines, ""])


def write_profile(name: str, settings: Mapping[str, str]) -> None:
    """Put a profile into ``~/.aws/config``; all else in the file stays as it is.

    Of a profile that is there already, what is not named here stays too.

    Raises:
        AccessError: the file can't be understood, or the profile is there and is about another role.
    """
    path = Path(os.path.realpath(config_path()))  # a link stays a link
    text = _read(path)
    sections = _parse(path, text)
    there = [header for header in sections if _profile_name(header) == name]
    if there and sections[there[0]].get("role_arn") != settings["role_arn"]:
        raise AccessError(f"{path} has a profile {name!r} that is something else; choose another name with --name")
    changed = merged(text, name, settings)
    _check_undisturbed(path, name, settings, text, changed)
    if changed != text:
        _replace(path, changed)


def merged(text: str, name: str, settings: Mapping[str, str]) -> str:
    """The file's text with the profile in it."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)  # not splitlines, which also splits where no AWS tool does
    start = next((number for number, line in enumerate(lines) if _is_header_of(line, name)), None)
    if start is None:
        before = text if not text or text.endswith("\n") else text + newline
        gap = newline if before and not before.endswith(newline * 2) else ""
        return before + gap + render(name, settings).replace("\n", newline)
    end = next((number for number in range(start + 1, len(lines)) if _is_header(lines[number])), len(lines))
    body = _merged_body(lines[start + 1 : end], settings, newline)
    head = lines[start] if lines[start].endswith("\n") else lines[start] + newline
    return "".join([*lines[:start], head, *body, *lines[end:]])


def _merged_body(body: list[str], settings: Mapping[str, str], newline: str) -> list[str]:
    remaining = dict(settings)
    dropped = {_CONTRARY[key] for key in settings if key in _CONTRARY}
    result: list[str] = []
    replaced = False  # whether the setting whose further lines may follow is written anew, or dropped
    for line in body:
        text = line.strip()
        if text and not text.startswith(("#", ";")) and not line[0].isspace():
            key = re.split("[=:]", text, maxsplit=1)[0].strip().lower()
            replaced = key in settings or key in dropped
            if key in remaining:
                result.append(f"{key} = {remaining.pop(key)}{newline}")
            if replaced:
                continue
        elif text and line[0].isspace() and replaced and not text.startswith(("#", ";")):
            continue
        result.append(line)
    # What is new goes before the blank lines and comments that belong to the next profile.
    last = max((number for number, line in enumerate(result) if _says_something(line)), default=-1)
    if result and last >= 0 and not result[last].endswith("\n"):
        result[last] += newline
    return [
        *result[: last + 1],
        *(f"{key} = {value}{newline}" for key, value in remaining.items()),
        *result[last + 1 :],
    ]


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.strip().startswith(("#", ";"))


def _check_undisturbed(path: Path, name: str, settings: Mapping[str, str], before: str, after: str) -> None:
    """Read both texts as AWS tools would: nobody's set-up may break over a file that is written in an unusual way."""
    old = _parse(path, before)
    with suppress(AccessError):
        new = _parse(path, after)
        ours = [header for header in new if _profile_name(header) == name]
        others = {header: values for header, values in new.items() if header not in ours}
        others_before = {header: values for header, values in old.items() if header not in ours}
        if len(ours) == 1 and others == others_before and settings.items() <= new[ours[0]].items():
            return
    raise AccessError(f"{path} is written in a way that can't be changed safely; add the profile by hand")


def _replace(path: Path, text: str) -> None:
    """Write the file in one step, with the mode it has; a new one is the user's alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o7777 if path.exists() else 0o600
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            os.fchmod(descriptor, mode)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise AccessError(f"{path} can't be written: {error.strerror}") from None


def _path(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or default).expanduser()


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise AccessError(f"{path} can't be read: {error.strerror}") from None


def _parse(path: Path, text: str) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser(default_section="")
    try:
        parser.read_string(text)
    except configparser.Error as error:
        # The error's own text would show the line, which may hold a key.
        number = getattr(error, "lineno", None) or next((line for line, _ in getattr(error, "errors", ())), "?")
        raise AccessError(f"{path} can't be understood: line {number} ({type(error).__name__})") from None
    return {header: dict(parser.items(header)) for header in parser.sections()}


def _profile_name(header: str) -> str | None:
    if header == "default":
        return header
    try:
        words = shlex.split(header) if header.startswith("profile") else []
    except ValueError:  # a quote that is not closed
        return None
    return words[1] if len(words) == 2 and words[0] == "profile" else None


def _header(name: str) -> str:
    return name if name == "default" else f"profile {shlex.quote(name)}"


def _is_header(line: str) -> bool:
    return _HEADER.match(line) is not None


def _is_header_of(line: str, name: str) -> bool:
    found = _HEADER.match(line)
    return found is not None and _profile_name(found["header"]) == name
