"""Read profiles as AWS tools do, and write one without changing the rest of the file.

Source: AWS SDKs and Tools Reference Guide, "Using shared config and credentials files to globally configure AWS SDKs
and tools".
"""

import configparser
import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.configloader import load_config, raw_config_parse
from botocore.exceptions import ConfigNotFound, ConfigParseError

from ..errors import AccessError
from .safe_file import locked, replace

Profiles = Mapping[str, Mapping[str, str]]
"""The settings of each profile. Nested settings have names with dots: ``s3.use_arn_region``, and from the profile's
services section ``services.s3.endpoint_url``."""

_HEADER = re.compile(r"\[(?P<header>.+)\]")  # as configparser, with which botocore reads the files
_CONTRARY = {"source_profile": "credential_source", "credential_source": "source_profile"}


def config_path() -> Path:
    """Return the path of ``~/.aws/config``, or of AWS_CONFIG_FILE."""
    return Path(_path("AWS_CONFIG_FILE", "~/.aws/config"))


def active_profile() -> str:
    """Return the profile that AWS tools use if no option names one."""
    return named_profile() or "default"


def named_profile() -> str | None:
    """Return the profile that the environment names."""
    return os.environ.get("AWS_DEFAULT_PROFILE") or os.environ.get("AWS_PROFILE") or None


def source_chain(profiles: Profiles, name: str | None) -> list[str]:
    """Return a profile, its ``source_profile``, the next one, and so on."""
    chain: list[str] = []
    while name and name not in chain:
        chain.append(name)
        name = profiles.get(name, {}).get("source_profile")
    return chain


def read_profiles() -> Profiles:
    """Return the profiles of both files, merged as by botocore: the credentials file takes precedence.

    Raises:
        AccessError: a file can't be parsed.
    """
    config = _load(load_config, "AWS_CONFIG_FILE", "~/.aws/config")
    profiles: dict[str, dict[str, Any]] = config.get("profiles", {})
    for name, settings in _credentials().items():
        profiles.setdefault(name, {}).update(settings)
    return {name: dict(_flat(settings, config.get("services", {}))) for name, settings in profiles.items()}


def read_keys(profile: str) -> Mapping[str, str]:
    """Return the settings of the one file in which AWS tools look for a profile's keys.

    Raises:
        AccessError: a file can't be parsed.
    """
    in_credentials = _credentials().get(profile, {})
    if "aws_access_key_id" in in_credentials:
        return in_credentials
    keys: Mapping[str, str] = (
        _load(load_config, "AWS_CONFIG_FILE", "~/.aws/config").get("profiles", {}).get(profile, {})
    )
    return keys


def render(name: str, settings: Mapping[str, str]) -> str:
    """Return a profile as text for the file."""
    lines = [f"{key} = {value}" for key, value in settings.items()]
    return "\n".join([f"[{_header(name)}]", *lines, ""])


def write_profile(name: str, settings: Mapping[str, str]) -> bool:
    """Write a profile to ``~/.aws/config``, and change no other byte of the file.

    An existing profile keeps its other settings. Writers wait for each other.

    Returns:
        ``True`` if the file changed.

    Raises:
        AccessError: the file can't be parsed or written, or has a profile of that name for another role.
    """
    path = _writable_path()
    with locked(path):
        text = _read(path)
        sections = _parse(path, text)
        existing = [header for header in sections if _profile_name(header) == name]
        if existing and sections[existing[0]].get("role_arn") != settings["role_arn"]:
            raise AccessError(
                f"{path} already has a profile {name!r} for another role; choose another name with --name"
            )
        _check_credentials(name, settings)
        changed = merged(text, name, settings)
        _check_rest_unchanged(path, name, settings, text, changed)
        if changed != text:
            replace(path, changed)
    return changed != text


def merged(text: str, name: str, settings: Mapping[str, str]) -> str:
    """Return the file's text with the profile added or changed."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = list(_lines(text))
    start = next(
        (number for number, line in enumerate(lines) if line.header and _profile_name(line.header) == name), None
    )
    if start is None:
        before = text if not text or text.endswith(("\n", "\r")) else text + newline
        gap = newline if before and not before.endswith((newline * 2, "\n\n")) else ""
        return before + gap + render(name, settings).replace("\n", newline)
    end = next((number for number in range(start + 1, len(lines)) if lines[number].header), len(lines))
    body = _merged_body(lines[start], lines[start + 1 : end], settings, newline)
    return "".join([*(line.text for line in lines[:start]), *body, *(line.text for line in lines[end:])])


@dataclass(frozen=True)
class _Line:
    """A line of a file, as parsed by configparser, which botocore uses."""

    text: str
    header: str | None = None
    key: str | None = None
    """The setting that starts or continues here."""

    @property
    def indent(self) -> str:
        return self.text[: len(self.text) - len(self.text.lstrip())]


def _lines(text: str) -> Iterator[_Line]:
    """Yield the lines. A line that is indented deeper than the setting before it continues that setting."""
    key, depth = None, 0
    for line in re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text):  # not splitlines, which also splits elsewhere
        value = line.strip()
        if not value or value.startswith(("#", ";")):
            yield _Line(line)
            continue
        own_depth = len(line) - len(line.lstrip())
        if key is not None and own_depth > depth:
            yield _Line(line, key=key)
            continue
        depth = own_depth
        header = _HEADER.match(value)
        key = None if header else re.split("[=:]", value, maxsplit=1)[0].strip().lower()
        yield _Line(line, header["header"] if header else None, key)


def _merged_body(head: _Line, body: list[_Line], settings: Mapping[str, str], newline: str) -> list[str]:
    """Return a section's lines with the settings, in the section's style."""
    section = _parse(Path(), head.text.lstrip() + "".join(line.text for line in body))
    (values,) = section.values()
    stale = {key for key, value in settings.items() if values.get(key) != value}
    dropped = {_CONTRARY[key] for key in settings if key in _CONTRARY}
    indent = next((line.indent for line in body if line.key), head.indent)
    result, last = [_with_newline(head.text, newline)], 0
    missing = dict(settings)
    for line in body:
        value = missing.pop(line.key or "", None)
        if line.key not in stale | dropped:
            result.append(line.text)
        elif value is not None:
            result.append(f"{line.indent}{line.key} = {value}{newline}")
        if line.key:
            last = len(result) - 1
    if not missing:
        return result
    # New settings go before the blank lines and comments that belong to the next profile.
    result[last] = _with_newline(result[last], newline)
    return [
        *result[: last + 1],
        *(f"{indent}{key} = {value}{newline}" for key, value in missing.items()),
        *result[last + 1 :],
    ]


def _with_newline(line: str, newline: str) -> str:
    return line if line.endswith(("\n", "\r")) else line + newline


def _check_credentials(name: str, settings: Mapping[str, str]) -> None:
    """Check that the credentials file, which takes precedence, does not contradict the profile.

    Raises:
        AccessError: it contradicts a setting.
    """
    for key, value in _credentials().get(name, {}).items():
        if value != settings.get(key, value) or _CONTRARY.get(key) in settings:
            path = _path("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")
            raise AccessError(
                f"{path} has a profile {name!r} too, whose {key} takes precedence; choose another name with --name"
            )


def _check_rest_unchanged(path: Path, name: str, settings: Mapping[str, str], before: str, after: str) -> None:
    """Check, by parsing both texts, that only the profile changed: the file may be written in an unusual way.

    Raises:
        AccessError: another profile changed, or this one is not as wanted.
    """
    old = _parse(path, before)
    with suppress(AccessError):
        new = _parse(path, after)
        own = [header for header in new if _profile_name(header) == name]
        others = {header: values for header, values in new.items() if header not in own}
        others_before = {header: values for header, values in old.items() if header not in own}
        if len(own) == 1 and others == others_before and settings.items() <= new[own[0]].items():
            return
    raise AccessError(f"{path} can't be changed safely, as its format is unusual; add the profile by hand")


def _writable_path() -> Path:
    """Return the file to write, which a link leads to: the link stays.

    Raises:
        AccessError: the path is unknown, or not a file.
    """
    path = config_path()
    if str(path).startswith("~") or "$" in str(path) or not os.environ.get("AWS_CONFIG_FILE", "~"):
        raise AccessError(
            f"the path of profiles is unknown: {str(path)!r} names no file; set HOME, or AWS_CONFIG_FILE to the file"
        )
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        raise AccessError(f"{path} is not a file; set AWS_CONFIG_FILE to one")
    return path


def _credentials() -> dict[str, dict[str, Any]]:
    return _load(raw_config_parse, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")


def _load(read: Callable[[str], Any], variable: str, default: str) -> dict[str, dict[str, Any]]:
    path = _path(variable, default)
    try:
        loaded: dict[str, dict[str, Any]] = read(path)
    except ConfigNotFound:
        return {}
    except ConfigParseError as error:
        raise _parse_error(Path(path), error.kwargs.get("error")) from None
    return loaded


def _flat(settings: Mapping[str, Any], services: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    nested = {**settings, "services": services.get(str(settings.get("services")), {})}
    yield from ((name, value) for name, value in settings.items() if isinstance(value, str))
    for name, values in _sections(nested):
        yield from ((f"{name}.{key}", value) for key, value in values.items() if isinstance(value, str))
    for name, values in _sections(nested["services"]):
        yield from ((f"services.{name}.{key}", value) for key, value in values.items())


def _sections(settings: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, str]]]:
    return ((name, value) for name, value in settings.items() if isinstance(value, Mapping))


def _path(variable: str, default: str) -> str:
    """Return a path as botocore reads it. An unknown variable or home stays as written."""
    return os.path.expanduser(os.path.expandvars(os.environ.get(variable, default)))  # noqa: PTH111 (Path's raises)


def _parse_error(path: Path, error: object) -> AccessError:
    # The error's own text shows the line, which may hold a key.
    number = getattr(error, "lineno", None) or next((line for line, _ in getattr(error, "errors", ())), None)
    where = f"line {number} ({type(error).__name__})" if number else type(error).__name__
    return AccessError(f"{path} can't be parsed: {where}")


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise AccessError(f"{path} can't be read: {error.strerror}") from None


def _parse(path: Path, text: str) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(re.sub("\r\n?", "\n", text))
    except configparser.Error as error:
        raise _parse_error(path, error) from None
    return {header: dict(parser.items(header)) for header in parser.sections()}


def _profile_name(header: str) -> str | None:
    if header == "default":
        return header
    try:
        words = shlex.split(header) if header.startswith("profile") else []
    except ValueError:  # an open quote
        return None
    return words[1] if len(words) == 2 and words[0] == "profile" else None


def _header(name: str) -> str:
    return name if name == "default" else f"profile {shlex.quote(name)}"
