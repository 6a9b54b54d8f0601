"""The stacks that a command works on, and the accounts that they are: what several commands take the same way."""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .arn import account_of, name_of
from .errors import AccessError

if TYPE_CHECKING:
    from .accounts import Account
    from .stack_outputs import StackOutputs


@dataclass(frozen=True)
class Participant:
    """An account that takes part."""

    account: "Account"
    """As its administrator reaches it."""
    outputs: "StackOutputs | None" = None
    """What its stack tells; nothing of an account that is only to be refused."""


def add_stacks(command: argparse.ArgumentParser) -> None:
    """Declare the stacks of a command, and the profiles that lead to them."""
    command.add_argument("stacks", nargs="+", metavar="STACK", help="a stack, e.g. production, with roles or groups")
    for option, what in (
        ("--stack-profile", "the AWS profile of an administrator of a stack's account; by default named as the stack"),
        (
            "--profile",
            argparse.SUPPRESS,
        ),  # as it was called once; elsewhere it says where a switch starts from
    ):
        command.add_argument(
            option,
            action="append",
            default=[],
            dest="stack_profiles",
            type=_stack_and_profile,
            metavar="STACK=PROFILE",
            help=what,
        )


def by_account(participants: Iterable[Participant]) -> list[Participant]:
    """Return one participant for each account, with all that its stacks say; the first profile leads there."""
    from .stack_outputs import combine

    found: dict[str, Participant] = {}
    for it in participants:
        known = found.setdefault(it.account.account_id, it)
        if known is not it:
            outputs = (
                combine(known.outputs, it.outputs) if known.outputs and it.outputs else known.outputs or it.outputs
            )
            found[it.account.account_id] = Participant(known.account, outputs)
    return list(found.values())


def named_stacks(options: argparse.Namespace) -> list[Participant]:
    """Return the accounts of the stacks that were named on the command line.

    Raises:
        AccessError: there is no such stack or profile, or a profile is given for another stack.
    """
    from .accounts import Account
    from .stack_outputs import read_stack_outputs

    profiles = dict(options.stack_profiles)
    for stack in profiles.keys() - set(options.stacks):
        raise AccessError(f"--stack-profile {stack}={profiles[stack]}: {stack!r} is none of the stacks that are named")
    return by_account(
        Participant(Account(profiles.get(stack, stack)), read_stack_outputs(stack)) for stack in options.stacks
    )


def check_account(account: "Account", role_arn: str) -> None:
    """Check that an account is the one that a role belongs to.

    Raises:
        AccessError: it is another one.
    """
    owner, name = account_of(role_arn), name_of(role_arn)
    if owner != account.account_id:
        raise AccessError(
            f"profile {account.profile!r} leads to account {account.account_id}, but role {name} is in {owner};"
            " name the profile of its administrator"
        )


def _stack_and_profile(text: str) -> tuple[str, str]:
    stack, equals, profile = text.partition("=")
    if not (stack and equals and profile):
        raise argparse.ArgumentTypeError(f"{text!r} is not STACK=PROFILE, e.g. production=production-admin")
    return stack, profile
