"""Test reviews with known principals, which are listed and are no finding."""

from dataclasses import replace

import pytest

from access.known_principals import KnownPrincipal
from tests.support.deployed import Aws, allow, findings_of
from tests.support.edits import inline
from tests.support.rendered import PRODUCTION, ROLE

ADMINISTRATOR = f"arn:aws:iam::{PRODUCTION}:user/Norman"
KNOWN = KnownPrincipal(f"arn:aws:iam::{PRODUCTION}:user/Nor*", "manages the account", "2027-01-31T00:00:00Z")


def administered() -> Aws:
    aws = Aws()
    aws.production.attach(aws.production.user("Norman"), "AdministratorAccess")
    return aws


def test_a_known_principal_is_listed_and_is_not_a_finding() -> None:
    aws = administered()
    assert len(findings_of(aws)) == 1
    review = aws.review(KNOWN)
    assert review.holds
    assert [each.matched for each in review.known] == [(ADMINISTRATOR,)]


def test_the_file_of_a_stack_names_known_principals() -> None:
    aws = administered()
    entry = {"principal": ADMINISTRATOR, "reason": "manages the account"}
    aws.declared["stacks"]["production"]["outputs"] = {"knownPrincipals": [entry]}
    review = aws.review()
    assert review.holds
    assert review.known == (KnownPrincipal(ADMINISTRATOR, "manages the account", None, (ADMINISTRATOR,)),)


@pytest.mark.parametrize(
    "known",
    [
        replace(KNOWN, until="2026-11-25T12:00:00Z"),
        replace(KNOWN, pattern=f"arn:aws:iam::{PRODUCTION}:user/nor*"),
        replace(KNOWN, pattern=f"arn:aws:iam::{PRODUCTION}:role/*"),
    ],
    ids=["it is over", "another name", "roles"],
)
def test_unmatched_principals_remain_findings(known: KnownPrincipal) -> None:
    review = administered().review(known)
    assert not review.holds
    assert review.known == ()


def test_a_role_of_a_stack_is_never_an_exception() -> None:
    aws = Aws()
    inline(allow("iam:*"))(aws)
    assert findings_of(aws, KnownPrincipal(ROLE, "no"))
