"""Grants with an end."""

from datetime import UTC, datetime

import pytest

from stack import clock
from tests.support.other_stacks import ARN, FAR_AWAY, ROLE, deploy, outputs, refusal
from tests.unit.conftest import Run

NOW = datetime(2027, 1, 31, 18, tzinfo=UTC)


@pytest.fixture
def at_that_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.mark.parametrize(
    ("until", "ended"),
    [("2027-01-31T17:59:59Z", True), ("2027-01-31T18:00:00Z", True), ("2027-01-31T18:00:01Z", False)],
)
@pytest.mark.usefixtures("at_that_time")
def test_an_ended_grant_is_named_once(run: Run, until: str, ended: bool) -> None:
    dated = [{"role": ROLE, "until": until}, {"role": f"{ARN}2", "until": until}]
    ran = deploy(
        run,
        outputs(requireMfa=True),  # without an end, this would be the reason
        [{"name": "Guests", "allow": dated}],
        [{"name": "deploy", "allow": dated}],
        permissionSets=[{"name": "Guests", "allow": dated}],
    )
    over = f"though allowed: that ended at {until}; remove the entry, or set until to a future moment"
    who = "Guests, deploy and permission set Guests"
    reported = [f"{who} can't use {ROLE}, {over}", f"{who} can't use {ARN}2, {over}"]
    assert sorted(line for line in ran.warnings if "that ended" in line) == (sorted(reported) if ended else [])
    assert bool([line for line in ran.warnings if "requireMfa" in line]) != ended


@pytest.mark.usefixtures("at_that_time")
def test_roles_with_an_end_are_read_from_their_stack_separately(run: Run) -> None:
    moment = "2027-02-28T00:00:00Z"
    exported = outputs()
    exported["roleArns"] |= {"Other": f"{ARN}3"}
    allow = [{"role": "production/Other", "until": moment}, ROLE, {"role": f"{ARN}2", "until": moment}]
    ran = deploy(run, exported, [{"name": "Developers", "allow": allow}])
    documents = [ran.document(name) for name in ran.registrations if name.endswith("-policy")]
    before = {"DateLessThan": {"aws:CurrentTime": moment}}
    found = {it["Resource"]: it.get("Condition") for document in documents for it in document["Statement"]}
    assert found == {ARN: None, f"{ARN}3": before, f"{ARN}2": before}
    assert ran.exports["grantOptions"] == {"Developers": {"until": {f"{ARN}3": moment, f"{ARN}2": moment}}}


def test_a_role_with_an_end_that_its_stack_does_not_export_is_refused(run: Run) -> None:
    allow = [{"role": "production/Other", "until": FAR_AWAY}]
    assert refusal(run, outputs(), [{"name": "Developers", "allow": allow}]).startswith(
        "groups[0].allow[0]: 'production/Other' is not allowed; stack"
    )
