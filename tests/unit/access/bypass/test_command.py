"""``access bypass`` as people call it, with accounts that are made up: what it says, and its exit code."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from access.__main__ import main
from access.bypass import json_report, text_report
from access.participants import Participant
from access.stack_outputs import StackOutputs
from tests.unit.access.bypass.test_findings import MFA, ON_UPDATE_APP, OUTPUTS, TRUST, UPDATE_APP, report, tutorial
from tests.unit.access.iam.test_accounts import HERE, PRODUCTION, AccountDetails, Document, FakeIam, allow, arn, trusts

MADE = (
    tutorial()
    .role("Deployer", TRUST, inline={"deploy": ON_UPDATE_APP})
    .role("Guarded", trusts(arn("user", "Theresa"), Condition=MFA), inline={"deploy": ON_UPDATE_APP})
    .role("Janitor", TRUST, inline={"clean": allow("iam:DeleteGroupPolicy")})
)
NOT_SEEN = """\
not seen
  service control policies, resource control policies and session policies
  roles on the way that belong to other accounts than those looked at
  what runs with a role (iam:PassRole, lambda:UpdateFunctionCode and the like), and whatever holds credentials of\
 somebody else
  changes of the tags that a condition asks for (iam:TagUser, iam:TagRole, sts:TagSession)
  policies of AWS that could be attached, but for AdministratorAccess, IAMFullAccess and PowerUserAccess
  new users and roles whose names or paths a policy prescribes; quotas, such as two access keys for each user
  ways on which more than 2 policies or memberships are changed
"""
TEXT = f"""\
5 found, 4 of them certain; 1 role, the principals of {HERE}, {PRODUCTION}

UpdateApp of {PRODUCTION} ({UPDATE_APP})
  around a Deny
    Theresa (Testers: deny) -> role Deployer -> UpdateApp
    Theresa (Testers: deny) -> role Janitor -> Theresa, by iam:DeleteGroupPolicy on group Testers -> UpdateApp
    Theresa (Testers: deny) -> role Guarded -> UpdateApp (only under conditions: aws:MultiFactorAuthPresent)
  opened without anyone having meant it
    2 roles -> UpdateApp: role Deployer, role Guarded: statement 1 of deploy (inline in each) allows it; statement 1 of\
 the trust policy admits account {HERE}

the calls, and the pages that describe them
  iam:DeleteGroupPolicy: IAM API Reference, "DeleteGroupPolicy"

{NOT_SEEN}"""
NOTHING = f"nothing found; 1 role, the principals of {HERE}, {PRODUCTION}\n\n"


class DeniedIam(FakeIam):
    """IAM for somebody who may read little."""

    def paginate(self, **filtered: list[str]) -> Any:  # noqa: ANN401
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetAccountAuthorizationDetails")


@dataclass(frozen=True)
class FakeAccount:
    """As much of an account as is needed: its IAM, and one role."""

    account_id: str
    details: AccountDetails = field(default_factory=AccountDetails)
    trust: Document = field(default_factory=lambda: TRUST)
    profile: str = "admin"
    is_denied: bool = False
    """Whether its users, groups and roles may not be read."""

    @property
    def arn(self) -> str:
        return arn("user", "Norman", self.account_id)

    @property
    def administrator(self) -> "FakeAccount":
        return self

    @property
    def iam(self) -> Any:  # noqa: ANN401
        methods = {"get_role": self._get_role}
        return type("Iam", (DeniedIam if self.is_denied else FakeIam,), methods)(self.details.pages)

    def _get_role(self, **wanted: str) -> dict[str, Any]:
        if wanted != {"RoleName": "UpdateApp"}:
            raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": "no such\nrole"}}, "GetRole")
        return {"Role": {"Arn": UPDATE_APP, "AssumeRolePolicyDocument": self.trust}}


PRODUCTION_OUTPUTS = StackOutputs("production", role_arns={"UpdateApp": UPDATE_APP})
Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command on an account of production and another."""

    def run(
        *arguments: str,
        made: AccountDetails = MADE,
        outputs: StackOutputs = OUTPUTS,
        production: StackOutputs = PRODUCTION_OUTPUTS,
        production_id: str = PRODUCTION,
        denied: str = "",
    ) -> int:
        told = {"production": production, "development": outputs}
        accounts = {
            "production": FakeAccount(production_id, is_denied=denied == "production"),
            "development": FakeAccount(HERE, made, is_denied=denied == "development"),
        }
        monkeypatch.setattr("access.stack_outputs.read_stack_outputs", told.__getitem__)
        monkeypatch.setattr("access.accounts.Account", accounts.__getitem__)
        return main(["bypass", "production", "development", *arguments])

    return run


def test_what_is_found_is_told_and_fails(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 1
    assert capsys.readouterr().out == TEXT


def test_where_nothing_is_found_it_says_so_and_succeeds(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(made=tutorial()) == 0
    told = capsys.readouterr()
    assert told.out == f"{NOTHING}{NOT_SEEN}"
    assert told.err == (
        f"reading the users, groups and roles of {PRODUCTION}\nreading the users, groups and roles of {HERE}\n"
        "looking for ways\n"
    )


def test_an_account_with_roles_alone_may_be_read_in_part(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(denied="production") == 1
    line = (
        f"the users, groups and roles of {PRODUCTION} could not be read: iam:GetAccountAuthorizationDetails is missing"
    )
    expected = f"{TEXT}  {line}\n"
    assert capsys.readouterr().out == expected.replace(f"principals of {HERE}, {PRODUCTION}", f"principals of {HERE}")


def test_the_known_administrator_is_named_once_and_is_no_finding(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(made=tutorial().user("Norman", attached=["AdministratorAccess"])) == 0
    told = capsys.readouterr().out
    assert told.startswith(
        f"{NOTHING}may assume the roles too: administrators by whose profiles this was read\n  Norman of {HERE}\n\nnot"
    )
    assert told.count("Norman") == 1


def test_an_account_may_have_roles_alone_that_are_told_of(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    outputs = StackOutputs("development", grantee_roles={"Deployer": {"allow": [UPDATE_APP], "deny": []}})
    assert run(made=AccountDetails().role("Deployer", TRUST, inline={"a": allow("*")}), outputs=outputs) == 0
    assert "nothing found" in capsys.readouterr().out


def test_the_json_is_written_beside_or_in_place_of_the_text(
    run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "found.json"
    assert run("--json", str(file)) == 1
    assert capsys.readouterr().out == TEXT
    assert run("--json", "-") == 1
    assert (
        capsys.readouterr().out
        == file.read_text()
        == json_report.render(report(MADE, TRUST, AccountDetails(PRODUCTION)))
    )


def test_the_json_tells_all_of_a_finding() -> None:
    document = json.loads(json_report.render(report(MADE, TRUST, AccountDetails(PRODUCTION))))
    assert {name: value for name, value in document.items() if name not in ("findings", "notSeen")} == {
        "version": 1,
        "roles": [UPDATE_APP],
        "accountIds": [HERE, PRODUCTION],
        "administrators": [],
    }
    assert len(document["notSeen"]) == 7
    guarded, theresa = arn("role", "Guarded"), arn("user", "Theresa")
    assert document["findings"][2] == {
        "kind": "around a Deny",
        "principal": theresa,
        "role": UPDATE_APP,
        "deniedBy": ["Testers"],
        "certain": False,
        "conditions": ["aws:MultiFactorAuthPresent"],
        "path": "Theresa (Testers: deny) -> role Guarded -> UpdateApp",
        "steps": [
            {
                "actor": theresa,
                "then": guarded,
                "calls": [
                    {
                        "action": "sts:AssumeRole",
                        "resource": guarded,
                        "because": "statement 1 of the trust policy admits Theresa",
                        "conditions": ["aws:MultiFactorAuthPresent"],
                        "source": 'AWS STS API Reference, "AssumeRole"',
                    }
                ],
            },
            {
                "actor": guarded,
                "then": UPDATE_APP,
                "calls": [
                    {
                        "action": "sts:AssumeRole",
                        "resource": UPDATE_APP,
                        "because": "statement 1 of deploy (inline in role Guarded) allows it;"
                        f" statement 1 of the trust policy admits account {HERE}",
                        "conditions": [],
                        "source": 'AWS STS API Reference, "AssumeRole"',
                    }
                ],
            },
        ],
    }


def test_the_order_in_which_aws_tells_does_not_matter() -> None:
    turned = AccountDetails(pages=MADE.pages[::-1])
    assert text_report.render(report(turned, TRUST, AccountDetails(PRODUCTION))) == TEXT


def test_what_aws_tells_does_not_steer_the_terminal() -> None:
    made = tutorial().user("Norman", inline={"\x1b[31mred": allow("*")})
    assert "\x1b" not in text_report.render(report(made))


@pytest.mark.parametrize(
    ("case", "told"),
    [
        (
            {"production": StackOutputs("production")},
            "access: none of the stacks exports a role: there is nothing to get to; name the stack that does\n",
        ),
        (
            {"outputs": StackOutputs("development")},
            "access: none of the stacks has groups, granteeRoles or permissionSets: who is meant to assume the roles is"
            " not known; name the stacks of the accounts that they trust\n",
        ),
        (
            {"production_id": "222222222222"},
            f"access: profile 'admin' leads to account 222222222222, but role UpdateApp is in {PRODUCTION}; name the"
            " profile of that account's administrator\n",
        ),
        (
            {"production": StackOutputs("production", role_arns={"Gone": arn("role", "Gone", PRODUCTION)})},
            f"access: role Gone of {PRODUCTION} could not be read: there is no such thing\n",
        ),
        (
            {"denied": "development"},
            f"access: the users, groups and roles of {HERE} could not be read: iam:GetAccountAuthorizationDetails is"
            " missing\n",
        ),
    ],
)
def test_what_can_not_be_told_is_said_in_one_line(
    run: Run, capsys: pytest.CaptureFixture[str], case: dict[str, Any], told: str
) -> None:
    assert run(**case) == 1
    printed = capsys.readouterr()
    *reading, last = printed.err.splitlines(keepends=True)
    assert (printed.out, last) == ("", told)
    assert not [line for line in reading if not line.startswith("reading the users, groups and roles of ")]


def test_a_file_that_can_not_be_written_is_told(run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run("--json", str(tmp_path / "missing" / "found.json")) == 1
    assert capsys.readouterr().err.endswith("found.json can't be written: No such file or directory\n")


def test_a_profile_for_another_stack_is_told(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--stack-profile", "staging=x") == 1
    assert capsys.readouterr().err == ("access: --stack-profile staging=x: 'staging' is not one of the stacks given\n")


@pytest.mark.parametrize(
    "arguments", [[], ["production", "--stack-profile", "production"], ["production", "--html", "x"]]
)
def test_what_is_not_understood_is_told_with_code_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["bypass", *arguments])
    assert exited.value.code == 2


def test_a_participant_without_a_stack_is_passed_over() -> None:
    from access.bypass.reading import look

    accounts: Any = FakeAccount(PRODUCTION), FakeAccount(HERE, MADE), FakeAccount("222222222222")
    participants = [Participant(accounts[0], PRODUCTION_OUTPUTS), Participant(accounts[1], OUTPUTS)]
    assert look([*participants, Participant(accounts[2])]) == look(participants)
