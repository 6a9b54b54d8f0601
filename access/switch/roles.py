"""Find the role that a person names: by ARN, as stack/role, or by an AWS profile."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import AccessError
from .config_file import Profiles, config_path

_ROLE_ARN = re.compile(r"arn:[a-z-]+:iam::\d{12}:role/[\w+=,.@/-]+", re.ASCII)
_SESSION_ARN = re.compile(r"arn:([a-z-]+):sts::(\d{12}):assumed-role/([^/]+)/.+")


@dataclass(frozen=True)
class Role:
    """A role, and how it must be assumed."""

    arn: str
    name: str
    """The name of its AWS profile, existing or proposed."""
    profile: str | None = None
    """The profile that names it, if any."""
    external_id: str | None = field(default=None, repr=False)
    requires_mfa: bool = False
    requires_source_identity: bool = False
    session_tags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The required session tags, with their allowed values."""
    source_profile: str | None = None
    credential_source: str | None = None
    mfa_serial: str | None = None
    session_name: str | None = None
    duration: int | None = None
    lacks_external_id: bool = False
    """``True`` if it requires an external id that is unknown here."""


def find_role(text: str, profiles: Profiles) -> Role:
    """Return the role for a text.

    Text that starts with ``arn:`` is an ARN. Other text is a profile, if it exists; with a slash otherwise
    ``stack/role``, from the team's list or the stack's outputs.

    Raises:
        AccessError: no role, stack or profile has that name.
    """
    if text.startswith("arn:"):
        return Role(text, _check_arn(text).rpartition("/")[2])
    if "/" not in text or "role_arn" in profiles.get(text, {}):
        return _from_profile(text, profiles)
    return _from_published(text) or _from_stack(*text.rsplit("/", 1))


def _from_published(text: str) -> Role | None:
    from .published import read_published

    role = read_published().role(text)
    if not role:
        return None
    return Role(
        role.arn,
        text.replace("/", "-"),
        requires_mfa=role.requires_mfa,
        requires_source_identity=role.requires_source_identity,
        session_tags=role.session_tags,
        lacks_external_id=role.requires_external_id,
    )


def _from_stack(stack: str, name: str) -> Role:
    from ..stack_outputs import read_stack_outputs

    _check_folder(stack, name)
    outputs = read_stack_outputs(stack)
    if name not in outputs.role_arns:
        names = ", ".join(outputs.role_arns) or "no roles"
        raise AccessError(f"stack {stack!r} has no role {name!r}; it has {names}")
    options = outputs.role_options.get(name, {})
    return Role(
        outputs.role_arns[name],
        f"{stack.rpartition('/')[2]}-{name}",
        external_id=outputs.external_ids.get(name),
        requires_mfa=bool(options.get("requireMfa")),
        requires_source_identity=bool(options.get("requireSourceIdentity")),
        session_tags=options.get("sessionTags", {}),
    )


def _check_folder(stack: str, name: str) -> None:
    """Check that a stack's name without a project is used in the project's folder.

    Source: Pulumi, "Stacks", under "Stack names".

    Raises:
        AccessError: this is not a Pulumi project's folder.
    """
    here = Path.cwd()
    if "/" in stack or any((folder / "Pulumi.yaml").is_file() for folder in (here, *here.parents)):
        return
    raise AccessError(
        f"{stack}/{name} is not in a list of roles, and this is not a Pulumi project; link to your team's list (access"
        f" roles --from FILE), name the role by its ARN or as organization/project/{stack}/{name}, or go to the"
        " project's folder"
    )


def _from_profile(name: str, profiles: Profiles) -> Role:
    if name not in profiles:
        raise AccessError(
            f"{config_path()} has no profile {name!r}; name a role by its ARN, as stack/role, or by a profile"
        )
    settings = profiles[name]
    if "role_arn" not in settings or "web_identity_token_file" in settings:
        raise AccessError(f"profile {name!r} has no role to assume from other credentials; use it directly")
    duration = settings.get("duration_seconds")
    if duration is not None and not duration.isdecimal():
        raise AccessError(f"profile {name!r}: duration_seconds is {duration!r}; write a number of seconds")
    return Role(
        _check_arn(settings["role_arn"]),
        name,
        profile=name,
        external_id=settings.get("external_id"),
        source_profile=settings.get("source_profile"),
        credential_source=settings.get("credential_source"),
        mfa_serial=settings.get("mfa_serial"),
        session_name=settings.get("role_session_name"),
        duration=int(duration) if duration else None,
    )


def _check_arn(arn: str) -> str:
    session = _SESSION_ARN.fullmatch(arn)
    if session:
        partition, account, name = session.groups()
        raise AccessError(f"{arn} is a session; the role may be arn:{partition}:iam::{account}:role/{name}")
    if not _ROLE_ARN.fullmatch(arn):
        raise AccessError(f"{arn!r} is not a role's ARN; one looks like arn:aws:iam::999999999999:role/UpdateApp")
    return arn
