"""Test the command ``access bypass`` with example accounts: its output, and its exit code."""

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
from tests.support.bypass_accounts import MFA, ON_UPDATE_APP, OUTPUTS, TRUST, UPDATE_APP, report, tutorial
from tests.support.iam_accounts import HERE, PRODUCTION, AccountDetails, Document, FakeIam, allow, arn, trusts

ACCOUNT = (
    tutorial()
    .role("Deployer", TRUST, inline={"deploy": ON_UPDATE_APP})
    .role("Guarded", trusts(arn("user", "Theresa"), Condition=MFA), inline={"deploy": ON_UPDATE_APP})
    .role("Janitor", TRUST, inline={"clean": allow("iam:DeleteGroupPolicy")})
)
NOT_CHECKED = """\
not checked
  service control policies, resource control policies and session policies
  paths through roles of other accounts
  code that runs with a role (iam:PassRole, lambda:UpdateFunctionCode and the like), and stored credentials
  changes of tags that a condition reads (iam:TagUser, iam:TagRole, sts:TagSession)
  attaching AWS managed policies other than AdministratorAccess, IAMFullAccess and PowerUserAccess
  new users and roles whose names or paths a policy prescribes; quotas, such as two access keys for each user
  paths with more than 2 changes of policies or memberships
"""
TEXT = f"""\
5 found, 4 of them certain; 1 role, the principals of {HERE}, {PRODUCTION}

UpdateApp of {PRODUCTION} ({UPDATE_APP})
  around a Deny
    Theresa (Testers: deny) -> role Deployer -> UpdateApp
    Theresa (Testers: deny) -> role Janitor -> Theresa, by iam:DeleteGroupPolicy on group Testers -> UpdateApp
    Theresa (Testers: deny) -> role Guarded -> UpdateApp (only under conditions: aws:MultiFactorAuthPresent)
  unintended access
    2 roles -> UpdateApp: role Deployer, role Guarded: statement 1 of deploy (inline in each) allows it; statement 1 of\
 the trust policy admits account {HERE}

the calls, and the pages that document them
  iam:DeleteGroupPolicy: IAM API Reference, "DeleteGroupPolicy"

{NOT_CHECKED}"""
NOTHING = f"nothing found; 1 role, the principals of {HERE}, {PRODUCTION}\n\n"


class DeniedIam(FakeIam):
    """An IAM client that may not read the account."""

    def paginate(self, **filtered: list[str]) -> Any:  # noqa: ANN401
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetAccountAuthorizationDetails")


@dataclass(frozen=True)
class FakeAccount:
    """An account with its IAM and one role."""

    account_id: str
    details: AccountDetails = field(default_factory=AccountDetails)
    trust: Document = field(default_factory=lambda: TRUST)
    profile: str = "admin"
    is_denied: bool = False
    """Deny reading its users, groups and roles."""

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
    """Return a function that runs the command on the Production and Development accounts."""

    def run(
        *arguments: str,
        account: AccountDetails = ACCOUNT,
        outputs: StackOutputs = OUTPUTS,
        production: StackOutputs = PRODUCTION_OUTPUTS,
        production_id: str = PRODUCTION,
        denied: str = "",
    ) -> int:
        stacks = {"production": production, "development": outputs}
        accounts = {
            "production": FakeAccount(production_id, is_denied=denied == "production"),
            "development": FakeAccount(HERE, account, is_denied=denied == "development"),
        }
        monkeypatch.setattr("access.stack_outputs.read_stack_outputs", stacks.__getitem__)
        monkeypatch.setattr("access.accounts.Account", accounts.__getitem__)
        return main(["bypass", "production", "development", *arguments])

    return run


def test_findings_are_printed_and_fail(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 1
    assert capsys.readouterr().out == TEXT


def test_no_findings_succeed(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(account=tutorial()) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{NOTHING}{NOT_CHECKED}"
    assert printed.err == (
        f"reading the users, groups and roles of {PRODUCTION}\nreading the users, groups and roles of {HERE}\n"
        "searching for paths\n"
    )


def test_an_account_with_roles_only_may_be_read_in_part(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(denied="production") == 1
    line = (
        f"the users, groups and roles of {PRODUCTION} could not be read: iam:GetAccountAuthorizationDetails is missing"
    )
    expected = f"{TEXT}  {line}\n"
    assert capsys.readouterr().out == expected.replace(f"principals of {HERE}, {PRODUCTION}", f"principals of {HERE}")


def test_a_known_administrator_is_named_once_and_is_not_a_finding(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(account=tutorial().user("Norman", attached=["AdministratorAccess"])) == 0
    text = capsys.readouterr().out
    assert text.startswith(
        f"{NOTHING}known administrators, whose profiles were used, may assume the roles too\n  Norman of {HERE}\n\nnot"
    )
    assert text.count("Norman") == 1


def test_an_account_may_have_grantee_roles_only(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    outputs = StackOutputs("development", grantee_roles={"Deployer": {"allow": [UPDATE_APP], "deny": []}})
    assert run(account=AccountDetails().role("Deployer", TRUST, inline={"a": allow("*")}), outputs=outputs) == 0
    assert "nothing found" in capsys.readouterr().out


def test_json_is_written_besides_or_in_place_of_the_text(
    run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "found.json"
    assert run("--json", str(file)) == 1
    assert capsys.readouterr().out == TEXT
    assert run("--json", "-") == 1
    assert (
        capsys.readouterr().out
        == file.read_text()
        == json_report.render(report(ACCOUNT, TRUST, AccountDetails(PRODUCTION)))
    )


def test_json_contains_every_field_of_a_finding() -> None:
    document = json.loads(json_report.render(report(ACCOUNT, TRUST, AccountDetails(PRODUCTION))))
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


def test_the_order_of_aws_answers_does_not_matter() -> None:
    reordered = AccountDetails(pages=ACCOUNT.pages[::-1])
    assert text_report.render(report(reordered, TRUST, AccountDetails(PRODUCTION))) == TEXT


def test_control_characters_are_escaped() -> None:
    account = tutorial().user("Norman", inline={"\x1b[31mred": allow("*")})
    assert "\x1b" not in text_report.render(report(account))


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (
            {"production": StackOutputs("production")},
            "access: none of the stacks exports a role to analyze; name the stack that does\n",
        ),
        (
            {"outputs": StackOutputs("development")},
            "access: none of the stacks has groups, granteeRoles or permissionSets, so the intended access is unknown;"
            " name the stacks of the accounts that the roles trust\n",
        ),
        (
            {"production_id": "222222222222"},
            f"access: profile 'admin' leads to account 222222222222, but role UpdateApp is in {PRODUCTION}; name the"
            " profile of that account's administrator\n",
        ),
        (
            {"production": StackOutputs("production", role_arns={"Gone": arn("role", "Gone", PRODUCTION)})},
            f"access: role Gone of {PRODUCTION} could not be read: it does not exist\n",
        ),
        (
            {"denied": "development"},
            f"access: the users, groups and roles of {HERE} could not be read: iam:GetAccountAuthorizationDetails is"
            " missing\n",
        ),
    ],
)
def test_errors_are_reported_in_one_line(
    run: Run, capsys: pytest.CaptureFixture[str], case: dict[str, Any], message: str
) -> None:
    assert run(**case) == 1
    printed = capsys.readouterr()
    *reading, last = printed.err.splitlines(keepends=True)
    assert (printed.out, last) == ("", message)
    assert not [line for line in reading if not line.startswith("reading the users, groups and roles of ")]


def test_an_unwritable_file_is_reported(run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run("--json", str(tmp_path / "missing" / "found.json")) == 1
    assert capsys.readouterr().err.endswith("found.json can't be written: No such file or directory\n")


def test_a_profile_for_an_unknown_stack_is_rejected(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--stack-profile", "staging=x") == 1
    assert capsys.readouterr().err == ("access: --stack-profile staging=x: 'staging' is not one of the stacks given\n")


@pytest.mark.parametrize(
    "arguments", [[], ["production", "--stack-profile", "production"], ["production", "--html", "x"]]
)
def test_invalid_arguments_exit_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["bypass", *arguments])
    assert exited.value.code == 2


def test_a_participant_without_outputs_is_skipped() -> None:
    from access.bypass.reading import analyze

    accounts: Any = FakeAccount(PRODUCTION), FakeAccount(HERE, ACCOUNT), FakeAccount("222222222222")
    participants = [Participant(accounts[0], PRODUCTION_OUTPUTS), Participant(accounts[1], OUTPUTS)]
    assert analyze([*participants, Participant(accounts[2])]) == analyze(participants)
