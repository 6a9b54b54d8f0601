"""A stack whose grants name a role of another stack."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from components.validation import InvalidValue
from tests.unit.conftest import Ran, Run

PROJECT = "cross-account-access"
HERE, THERE = "111111111111", "999999999999"
ARN = f"arn:aws:iam::{THERE}:role/UpdateApp"
PRODUCTION = f"organization/{PROJECT}/production"
ROLE = "production/UpdateApp"
LONG_AGO, FAR_AWAY = "2020-01-31T00:00:00Z", "2099-01-31T00:00:00Z"


def outputs(arn: str = ARN, *, is_open: bool = False, **options: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the outputs of a stack with one role."""
    name = arn.rpartition("/")[2]
    output = {"bucket": "productionapp", "trustedAccountId": HERE, **options}
    return {"roleArns": {name: arn}, "roleOptions": {name: output}, "openRoles": [name] if is_open else []}


def deploy(
    run: Run,
    exported: Mapping[str, Any],
    groups: Sequence[Mapping[str, Any]] = ({"name": "Developers", "allow": [ROLE]},),
    grantee_roles: Sequence[Mapping[str, Any]] = (),
    **config: Any,  # noqa: ANN401
) -> Ran:
    lists = {"groups": groups, "granteeRoles": grantee_roles, **config}
    return run(
        stack="development",
        config={
            "aws:region": "us-east-1",
            "aws:allowedAccountIds": [HERE],
            **{f"{PROJECT}:{key}": it for key, it in lists.items() if it},
        },
        stacks={PRODUCTION: exported},
        principals=[f"arn:aws:iam::{HERE}:user/David", f"arn:aws:iam::{HERE}:role/team/deploy"],
    )


def named(*names: str) -> list[str]:
    return [f"arn:aws:iam::{HERE}:{name}" for name in names]


def refusal(run: Run, *arguments: Any, **config: Any) -> str:  # noqa: ANN401
    with pytest.raises(InvalidValue) as refused:
        deploy(run, *arguments, **config)
    return str(refused.value).removeprefix(f"{PROJECT}:")


def policy_of(ran: Ran) -> Any:  # noqa: ANN401
    return next(ran.document(name) for name in ran.registrations if name.endswith("-policy"))
