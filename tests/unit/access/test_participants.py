"""Stacks of one account count as one account, because AWS evaluates all policies of a principal together."""

from dataclasses import dataclass, replace

from access.participants import Participant, by_account
from access.stack_outputs import StackOutputs

UPDATE, READ = (f"arn:aws:iam::999999999999:role/{name}" for name in ("Update", "Read"))
CLERKS = StackOutputs("clerks", groups={"Clerks": {"allow": [UPDATE], "deny": []}}, external_ids={"A": "1"})
AUDITORS = StackOutputs(
    "auditors", groups={"Clerks": {"allow": (UPDATE, READ), "deny": (READ,)}, "Auditors": {"allow": [READ], "deny": []}}
)


@dataclass(frozen=True)
class FakeAccount:
    """An account with an id only."""

    profile: str
    account_id: str


def participant(profile: str, account_id: str, outputs: StackOutputs | None) -> Participant:
    return Participant(FakeAccount(profile, account_id), outputs)  # type: ignore[arg-type]


def test_two_stacks_of_an_account_are_one_participant_with_the_outputs_of_both() -> None:
    first, other = participant("clerks", "1", CLERKS), participant("books", "2", StackOutputs("books"))
    together, apart = by_account([first, other, participant("auditors", "1", AUDITORS)])
    assert apart is other
    assert together.account is first.account
    assert together.outputs == replace(
        CLERKS,
        stack="clerks+auditors",
        groups={
            "Clerks": {"allow": (UPDATE, READ), "deny": (READ,)},
            "Auditors": {"allow": [READ], "deny": []},
        },
    )


def test_an_account_without_a_stack_adds_nothing() -> None:
    stranger = participant("stranger", "1", None)
    assert by_account([stranger, stranger]) == [stranger]
    assert by_account([stranger, participant("clerks", "1", CLERKS)]) == [participant("stranger", "1", CLERKS)]
