"""The stacks on a command line, and their accounts."""

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
    """The account, through its administrator's profile."""
    outputs: "StackOutputs | None" = None
    """The outputs of its stack; ``None`` for an account that should only be refused."""


def add_stacks(command: argparse.ArgumentParser) -> None:
    """Declare a command's stacks and their profiles."""
    command.add_argument("stacks", nargs="+", metavar="STACK", help="a stack, e.g. production, with roles or groups")
    for option, text in (
        ("--stack-profile", "the AWS profile of an administrator of a stack's account; by default the stack's name"),
        ("--profile", argparse.SUPPRESS),  # the old name; in other commands it names the profile to switch from
    ):
        command.add_argument(
            option,
            action="append",
            default=[],
            dest="stack_profiles",
            type=_stack_and_profile,
            metavar="STACK=PROFILE",
            help=text,
        )


def by_account(participants: Iterable[Participant]) -> list[Participant]:
    """Return one participant for each account, with the outputs of all its stacks and the first profile."""
    from .stack_outputs import combine

    accounts: dict[str, Participant] = {}
    for other in participants:
        first = accounts.setdefault(other.account.account_id, other)
        if first is not other:
            both = combine(first.outputs, other.outputs) if first.outputs and other.outputs else None
            outputs = both or first.outputs or other.outputs
            accounts[other.account.account_id] = Participant(first.account, outputs)
    return list(accounts.values())


def named_stacks(options: argparse.Namespace) -> list[Participant]:
    """Return the accounts of the stacks on the command line.

    Raises:
        AccessError: there is no such stack or profile, or a profile is given for another stack.
    """
    from .accounts import Account
    from .stack_outputs import read_stack_outputs

    profiles = dict(options.stack_profiles)
    for stack in profiles.keys() - set(options.stacks):
        raise AccessError(f"--stack-profile {stack}={profiles[stack]}: {stack!r} is not one of the stacks given")
    return by_account(
        Participant(Account(profiles.get(stack, stack)), read_stack_outputs(stack)) for stack in options.stacks
    )


def check_account(account: "Account", role_arn: str) -> None:
    """Check that a role belongs to an account.

    Raises:
        AccessError: it belongs to another account.
    """
    owner, name = account_of(role_arn), name_of(role_arn)
    if owner != account.account_id:
        raise AccessError(
            f"profile {account.profile!r} leads to account {account.account_id}, but role {name} is in {owner};"
            " name the profile of that account's administrator"
        )


def _stack_and_profile(text: str) -> tuple[str, str]:
    stack, equals, profile = text.partition("=")
    if not (stack and equals and profile):
        raise argparse.ArgumentTypeError(f"{text!r} is not STACK=PROFILE, e.g. production=production-admin")
    return stack, profile
