"""The commands about roles: which there are, which sessions of them are kept, and the end of all sessions."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..command_line import Commands, check_unix
from ..errors import AccessError

if TYPE_CHECKING:
    from .config_file import Profiles
    from .listing import Listed
    from .standing import Standing

_ROLES = """\
Lists the roles that you may switch to: those of your team's list, and those of your AWS profiles. AWS is asked which
groups you are in; where you may not ask that, the list says who may assume each role.
"""
_PUBLISH = """\
Writes the list of roles for your team: names, ARNs, which groups may assume them, and what they ask for; no external id
and no secret. Put it on a share or into git. Who links to it with `access roles --from` needs no right to the stacks'
state.
"""
_REVOKE = """\
For administrators of the role's account: all sessions that began before now lose their rights, by the inline policy
AWSRevokeOlderSessions, as with the console's "Revoke active sessions". It takes iam:PutRolePolicy on the role.
"""


def add_commands(commands: Commands) -> None:
    """Declare the commands."""
    roles = commands.add_parser("roles", help="the roles that you may switch to", description=_ROLES)
    roles.add_argument("--profile", metavar="NAME", help="who you are; by default, the credentials in force")
    roles.add_argument(
        "--from", dest="file", type=Path, metavar="FILE", help="link to your team's list of roles, once and for all"
    )
    roles.set_defaults(run=_roles)

    publish = commands.add_parser("publish", help="write the list of roles for your team", description=_PUBLISH)
    publish.add_argument("file", type=Path, metavar="FILE", help="where to, e.g. access-roles.json on a share")
    publish.add_argument("stacks", nargs="*", metavar="STACK", help="by default, all of the project in this folder")
    publish.set_defaults(run=_publish)

    forget = commands.add_parser(
        "forget", help="drop kept sessions", description="Removes kept sessions from this machine; they stay valid."
    )
    forget.add_argument(
        "role", nargs="?", metavar="ROLE", help="of this role, and those on the way to it; by default, of all"
    )
    forget.set_defaults(run=_forget)

    revoke = commands.add_parser("revoke", help="end all sessions of a role (administrators)", description=_REVOKE)
    revoke.add_argument("role", metavar="ROLE", help="an ARN; stack/role; or an AWS profile that has a role_arn")
    revoke.add_argument(
        "--profile",
        metavar="NAME",
        help="an administrator of the role's account; by default the profile named as the stack, or what is in force",
    )
    revoke.set_defaults(run=_revoke)


def choose_role(profile: str | None, profiles: "Profiles") -> str:
    """Let somebody choose one of the roles that they may switch to; return its name.

    Raises:
        AccessError: there is no terminal, nothing to choose from, or nothing was chosen.
    """
    from .listing import choose

    rows = _listed(profile, profiles)
    own = [row for row in rows if row.is_own]
    if rows and not own:
        raise AccessError(f"none of the roles that are known here is for you: {', '.join(row.name for row in rows)}")
    return choose(own)


def _roles(options: argparse.Namespace) -> int:
    from .config_file import read_profiles
    from .listing import none_found, table
    from .published import link

    check_unix()
    if options.file:
        print(f"{link(options.file)} leads to {options.file.absolute()}", file=sys.stderr)
    rows = _listed(options.profile, read_profiles())
    own, others = [row for row in rows if row.is_own], [row for row in rows if not row.is_own]
    for line in table(own) if own else []:
        print(line)
    if others:
        told = ", ".join(f"{row.name} ({row.note})" if row.note else row.name for row in others)
        print(f"access: not for you: {told}", file=sys.stderr)
    if not rows:
        print(f"access: {none_found()}", file=sys.stderr)
    return 0


def _listed(profile: str | None, profiles: "Profiles") -> "list[Listed]":
    from .listing import list_roles
    from .published import read_published

    published = read_published()
    return list_roles(published, profiles, _standing(profile, profiles) if published.grantees else None)


def _standing(profile: str | None, profiles: "Profiles") -> "Standing | None":
    """Return who somebody is; nothing, and a line that says why, where AWS can't be asked."""
    from ..aws_errors import AWS_ERRORS
    from .callers import find_source, identify
    from .config_file import active_profile
    from .failures import in_words
    from .session_cache import chain_cache, private_cache
    from .standing import find_standing

    try:
        with in_words(f"profile {profile or active_profile()!r}", profile):
            source = find_source(profiles, profile, cache=chain_cache(profiles, profile))
        with in_words(source.name, profile):
            return find_standing(source, identify(source, private_cache()))
    except (AccessError, *AWS_ERRORS) as error:
        print(f"access: which of these are for you is not known: {error}", file=sys.stderr)
        return None


def _publish(options: argparse.Namespace) -> int:
    from .published import write_published
    from .publishing import read_stacks

    published = read_stacks(options.stacks)
    write_published(options.file, published)
    print(f"{len(published.roles)} roles are in {options.file}; whoever is to switch links to it with this line:")
    print(f"access roles --from {_quoted(options.file.absolute())}")
    return 0


def _forget(options: argparse.Namespace) -> int:
    from .config_file import read_profiles
    from .roles import find_role
    from .session_cache import private_cache

    check_unix()
    arn = find_role(options.role, read_profiles()).arn if options.role else None
    cache = private_cache()
    forgotten = cache.forget(arn) if cache else 0
    print(f"{forgotten} kept session{'' if forgotten == 1 else 's'} dropped")
    return 0


def _revoke(options: argparse.Namespace) -> int:
    from ..arn import name_of
    from .callers import find_source
    from .config_file import read_profiles
    from .failures import in_words
    from .revocation import POLICY, revoke
    from .roles import find_role
    from .session_cache import chain_cache, private_cache

    check_unix()
    profiles = read_profiles()
    role = find_role(options.role, profiles)
    stack = options.role.split("/")[-2] if "/" in options.role and not options.role.startswith("arn:") else ""
    profile = options.profile or (stack if stack in profiles else None)
    with in_words(f"profile {profile!r}" if profile else "the credentials in force", profile):
        source = find_source(profiles, profile, cache=chain_cache(profiles, profile))
    moment = revoke(source, role.arn)
    cache = private_cache()
    if cache:
        cache.forget(role.arn)  # what is kept is of no use any more
    print(f"Sessions of {role.arn} that began before {moment} lose all rights, within seconds.")
    print(
        f"Those that begin from then on work. That is half a minute from now, as AWS needs that long to know {POLICY}."
    )
    print(
        f"To keep it so, put this line under {name_of(role.arn)} in {f'Pulumi.{stack}.yaml' if stack else 'its stack'};"
        " `access prove` calls it a lack until then:"
    )
    print(f'    revokeSessionsIssuedBefore: "{moment}"')
    return 0


def _quoted(path: Path) -> str:
    import shlex

    return shlex.quote(str(path))
