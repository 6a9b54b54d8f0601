"""The commands about roles and their sessions: roles, publish, forget, revoke."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..command_line import Commands, check_unix
from ..errors import AccessError

if TYPE_CHECKING:
    from .config_file import Profiles
    from .listing import Listed
    from .membership import Membership

_ROLES = """\
Lists the roles that you may switch to, from your team's list and your AWS profiles. It asks AWS for your groups; if you
may not read them, it shows who may assume each role.
"""
_PUBLISH = """\
Writes the list of roles for your team: names, ARNs, conditions, and which groups may assume them; no external id and no
secret. Put it on a share or into git. Your team links to it with `access roles --from`, and needs no access to the
stacks' state.
"""
_REVOKE = """\
For administrators of the role's account: all current sessions lose their rights, by the inline policy
AWSRevokeOlderSessions, as with the console's "Revoke active sessions". This requires iam:PutRolePolicy on the role.
"""


def add_commands(commands: Commands) -> None:
    """Declare the commands."""
    roles = commands.add_parser("roles", help="list the roles that you may switch to", description=_ROLES)
    roles.add_argument("--profile", metavar="NAME", help="your profile; by default, the current credentials")
    roles.add_argument(
        "--from", dest="file", type=Path, metavar="FILE", help="link to your team's list of roles; once is enough"
    )
    roles.set_defaults(run=_roles)

    publish = commands.add_parser("publish", help="write the list of roles for your team", description=_PUBLISH)
    publish.add_argument("file", type=Path, metavar="FILE", help="the file to write, e.g. access-roles.json on a share")
    publish.add_argument(
        "stacks", nargs="*", metavar="STACK", help="by default, all stacks of the project in this folder"
    )
    publish.set_defaults(run=_publish)

    forget = commands.add_parser(
        "forget", help="drop kept sessions", description="Removes kept sessions from this machine. They stay valid."
    )
    forget.add_argument("role", nargs="?", metavar="ROLE", help="only the sessions of this role and on the way to it")
    forget.set_defaults(run=_forget)

    revoke = commands.add_parser("revoke", help="revoke all sessions of a role (administrators)", description=_REVOKE)
    revoke.add_argument("role", metavar="ROLE", help="an ARN; stack/role; or an AWS profile that has a role_arn")
    revoke.add_argument(
        "--profile",
        metavar="NAME",
        help="an administrator of the role's account; by default the profile named like the stack, or the current one",
    )
    revoke.set_defaults(run=_revoke)


def choose_role(profile: str | None, profiles: "Profiles") -> str:
    """Ask on the terminal for one of the person's roles; return its name.

    Raises:
        AccessError: there is no terminal, no role, or no valid choice.
    """
    from .listing import choose

    rows = _listed(profile, profiles)
    own = [row for row in rows if row.is_own]
    if rows and not own:
        raise AccessError(f"you may assume none of the known roles: {', '.join(row.name for row in rows)}")
    return choose(own)


def _roles(options: argparse.Namespace) -> int:
    from .config_file import read_profiles
    from .listing import no_roles_message, table
    from .published import link

    check_unix()
    if options.file:
        print(f"{link(options.file)} leads to {options.file.absolute()}", file=sys.stderr)
    rows = _listed(options.profile, read_profiles())
    own, others = [row for row in rows if row.is_own], [row for row in rows if not row.is_own]
    for line in table(own) if own else []:
        print(line)
    if others:
        names = ", ".join(f"{row.name} ({row.note})" if row.note else row.name for row in others)
        print(f"access: not for you: {names}", file=sys.stderr)
    if not rows:
        print(f"access: {no_roles_message()}", file=sys.stderr)
    return 0


def _listed(profile: str | None, profiles: "Profiles") -> "list[Listed]":
    from .listing import list_roles
    from .published import read_published

    published = read_published()
    return list_roles(published, profiles, _membership(profile, profiles) if published.grantees else None)


def _membership(profile: str | None, profiles: "Profiles") -> "Membership | None":
    """Return the person's membership; where AWS can't be asked, print why and return nothing."""
    from ..aws_errors import AWS_ERRORS
    from .callers import find_source, identify
    from .config_file import active_profile
    from .failures import one_line_errors
    from .membership import find_membership
    from .session_cache import chain_cache, private_cache

    try:
        with one_line_errors(f"profile {profile or active_profile()!r}", profile):
            source = find_source(profiles, profile, cache=chain_cache(profiles, profile))
        with one_line_errors(source.name, profile):
            return find_membership(source, identify(source, private_cache()))
    except (AccessError, *AWS_ERRORS) as error:
        print(f"access: your rights to these roles are unknown: {error}", file=sys.stderr)
        return None


def _publish(options: argparse.Namespace) -> int:
    from .published import write_published
    from .publishing import read_stacks

    published = read_stacks(options.stacks)
    write_published(options.file, published)
    print(f"{options.file} lists {_counted(len(published.roles), 'role')}; your team links to it with this line:")
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
    print(f"{_counted(forgotten, 'kept session')} dropped")
    return 0


def _revoke(options: argparse.Namespace) -> int:
    from ..arn import name_of
    from .callers import find_source
    from .config_file import read_profiles
    from .failures import one_line_errors
    from .revocation import POLICY, revoke
    from .roles import find_role
    from .session_cache import chain_cache, private_cache

    check_unix()
    profiles = read_profiles()
    role = find_role(options.role, profiles)
    stack = options.role.split("/")[-2] if "/" in options.role and not options.role.startswith("arn:") else ""
    profile = options.profile or (stack if stack in profiles else None)
    with one_line_errors(f"profile {profile!r}" if profile else "the current credentials", profile):
        source = find_source(profiles, profile, cache=chain_cache(profiles, profile))
    cutoff = revoke(source, role.arn)
    cache = private_cache()
    if cache:
        cache.forget(role.arn)  # revoked sessions are useless
    print(f"Sessions of {role.arn} that began before {cutoff} lose all rights, within seconds.")
    print(f"Later sessions work. That is half a minute from now, as AWS takes that long to apply {POLICY}.")
    print(
        f"To keep it so, add this line under {name_of(role.arn)} in {f'Pulumi.{stack}.yaml' if stack else 'its stack'};"
        " until then `access prove` reports a lack:"
    )
    print(f'    revokeSessionsIssuedBefore: "{cutoff}"')
    return 0


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _quoted(path: Path) -> str:
    import shlex

    return shlex.quote(str(path))
