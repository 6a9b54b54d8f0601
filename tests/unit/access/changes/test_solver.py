"""New rights to assume a role, for random options of roles and groups, compared with a solver."""

from random import Random
from typing import Any

import pytest

from tests.support.changed_states import changes
from tests.support.rendered import DEVELOPMENT, ROLE, State, group, role, state
from tests.support.second_opinion import Sides, may_newly_assume

OTHER_ACCOUNT = "222222222222"
USER, SOME_ROLE = (f"arn:aws:iam::{DEVELOPMENT}:{kind}/" for kind in ("user", "role"))

Options = dict[str, Any]
VALUES: dict[str, list[Any]] = {
    "trusted_account_ids": [[DEVELOPMENT], [OTHER_ACCOUNT], [DEVELOPMENT, OTHER_ACCOUNT]],
    "trusted_principal_arns": [
        [f"{USER}alice"],
        [f"{USER}ali*"],
        [f"{USER}*"],
        [f"{SOME_ROLE}deploy-*", f"{USER}alice"],
    ],
    "denied_principal_arns": [[f"{USER}alice"], [f"{USER}a*"]],
    "require_mfa": [True],
    "mfa_max_age": [900, 3600],
    "external_id": ["ab", "abc"],
    "organization_id": ["o-aaaaaaaaaa", "o-bbbbbbbbbb"],
    "source_ip_ranges": [["203.0.113.0/24"], ["203.0.113.0/25"], ["203.0.113.128/25", "198.51.100.0/24"]],
    "require_source_identity": [True],
    "session_tags": [{"team": ["red"]}, {"team": ["red", "blue"]}, {"team": ["red"], "cost": ["x"]}],
    "expires_at": ["2027-01-01T00:00:00Z", "2027-06-01T00:00:00Z"],
}
GRANT_OPTIONS = ("bind_session_name", "source_identity", "session_tags")


def options(random: Random) -> Options:
    chosen = {key: random.choice(values) for key, values in VALUES.items() if random.random() < 0.25}
    return {"trusted_account_ids": random.choice(VALUES["trusted_account_ids"]), **chosen}


def changed(random: Random, before: Options) -> Options:
    key = random.choice(list(VALUES))
    other = {**before, key: random.choice(VALUES[key])}
    if key in before and key != "trusted_account_ids" and random.random() < 0.7:
        del other[key]
    return other


def grant(random: Random) -> State:
    if random.random() < 0.3:
        return group("Testers", deny=[ROLE])
    return group("Testers", allow=[ROLE], with_options={key: True for key in GRANT_OPTIONS if random.random() < 0.4})


def sides(made: State, with_identity: bool) -> Sides:
    (made_role,) = made["stacks"]["production"]["roles"]
    (testers,) = made["stacks"]["development"]["grantees"]
    return made_role["trust"], testers["policies"][0]["document"] if with_identity else None


@pytest.mark.parametrize("seed", range(12))
def test_a_solver_agrees(seed: int) -> None:
    random = Random(seed)  # noqa: S311
    first, granted = options(random), grant(random)
    before = state([role(**first)], [granted])
    after = state([role(**changed(random, first))], [grant(random) if random.random() < 0.4 else granted])
    found = changes(before, after)
    gained = {(each.kind, each.who.partition(" with")[0]) for each in found.gained if each.what == "assume UpdateApp"}
    for who, account, with_identity in (
        (("group", "Testers"), DEVELOPMENT, True),
        (("account", f"anybody else in account {DEVELOPMENT}"), DEVELOPMENT, False),
        (("account", f"anybody in account {OTHER_ACCOUNT}"), OTHER_ACCOUNT, False),
    ):
        evaluate = may_newly_assume(ROLE, sides(before, with_identity), sides(after, with_identity), account)
        assert evaluate is (who in gained), who
    assert not found.undecided
