"""ACCESS.md: one fact a line, so that its diff is the review, and never stale."""

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cmarkgfm  # type: ignore[import-untyped]
import pytest

from access.__main__ import main
from access.render.documents import Rendering
from access.render.markdown import render
from tests.unit.conftest import REPOSITORY

ARN = "arn:aws:iam::999999999999:role/UpdateApp"
PEOPLE = "arn:aws:iam::111111111111:root"


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **it} for it in statements]}


def grantee(name: str, *statements: dict[str, Any], members: list[str] | None = None) -> dict[str, Any]:
    policies = [{"name": "grant", "document": document(*({"Action": "sts:AssumeRole", **it} for it in statements))}]
    return {"kind": "group", "name": name, "members": members, "policies": policies}


def stack(
    *statements: dict[str, Any],
    known: tuple[dict[str, str], ...] = (),
    trust: dict[str, Any] | None = None,
    grantees: tuple[dict[str, Any], ...] = (),
    bucket_policy: dict[str, Any] | None = None,
    **role: Any,  # noqa: ANN401 (JSON)
) -> str:
    made = {
        "name": "UpdateApp",
        "arn": ARN,
        "trust": document({"Action": "sts:AssumeRole", "Principal": {"AWS": PEOPLE}, **(trust or {})}),
        "policies": [{"name": "p", "document": document(*statements)}],
        "permissionsBoundary": None,
        "maxSessionDuration": 3600,
        **role,
    }
    production = {
        "project": "acme",
        "account": "999999999999",
        "roles": [made],
        "grantees": [],
        "buckets": [{"name": "app", "policy": bucket_policy}],
        "outputs": {"knownPrincipals": known},
    }
    development: dict[str, Any] = {
        "project": "acme",
        "account": "111111111111",
        "roles": [],
        "grantees": grantees,
        "buckets": [],
    }
    development["outputs"] = {}
    return render(Rendering({"production": production, "development": development}))


def diff(old: str, new: str) -> list[str]:
    lines = difflib.ndiff(old.splitlines(), new.splitlines())
    return [line for line in lines if line.startswith(("+", "-"))]


READ = {"Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}
TESTERS = grantee("Testers", {"Resource": ARN, "Effect": "Deny"})
BOTH: dict[str, Any] = {"grantees": (grantee("Developers", {"Resource": ARN}), TESTERS)}


def test_a_policy_with_the_same_meaning_changes_nothing() -> None:
    get, listing = ({"Sid": f"S{it}", "Action": it, "Resource": ["*"]} for it in READ["Action"])
    assert stack(READ) == stack(listing, get)


@pytest.mark.parametrize(
    ("new", "changed"),
    [
        (
            lambda: stack(READ, grantees=tuple(grantee(name, {"Resource": ARN}) for name in ("Developers", "Testers"))),
            [
                "- - group Testers of development may never `sts:AssumeRole`",
                "+ - group Testers of development may `sts:AssumeRole`",
            ],
        ),
        (
            lambda: stack(READ, {"Action": "s3:PutObject", "Resource": "arn:aws:s3:::app/*"}, **BOTH),
            ["+ - In it, one may `s3:PutObject` on `arn:aws:s3:::app/*`"],
        ),
        (
            lambda: stack(READ, trust={"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}, **BOTH),
            [
                "- - Its trust: account 111111111111 may `sts:AssumeRole`",
                "+ - Its trust: account 111111111111 may `sts:AssumeRole`, if Bool `aws:MultiFactorAuthPresent` `true`",
            ],
        ),
        (
            lambda: stack(READ, trust={"Principal": {"AWS": [PEOPLE, "*"], "Service": "ec2.amazonaws.com"}}, **BOTH),
            [
                "+ - Its trust: Service: ec2.amazonaws.com may `sts:AssumeRole`",
                "+ - Its trust: everybody may `sts:AssumeRole`",
            ],
        ),
        (
            lambda: stack(READ, {"NotAction": ["iam:*", "sts:*"], "NotResource": "x"}, **BOTH),
            ["+ - In it, one may do anything but `iam:*`, `sts:*` on anything but x"],
        ),
        (
            lambda: stack(READ, maxSessionDuration=7200, permissionsBoundary="arn:aws:iam::aws:policy/X", **BOTH),
            [
                "- - Sessions last at most 3600 seconds.",
                "+ - Sessions last at most 7200 seconds.",
                "+ - Its permissions boundary is `arn:aws:iam::aws:policy/X`.",
            ],
        ),
        (
            lambda: stack(
                READ, grantees=(*BOTH["grantees"], grantee("New", {"Resource": "x/<o/p>/R"}, members=["Ann"]))
            ),
            [
                "+ ",
                "+ ## Roles that no stack here creates",
                "+ ",
                r"+ - group New of development may `sts:AssumeRole` x/\<o/p\>/R",
                "+ ",
                "+ ## Members of groups",
                "+ ",
                "+ - group New of development: Ann",
            ],
        ),
        (
            lambda: stack(READ, known=({"principal": "arn:x", "reason": "a *b*", "until": "2027"},), **BOTH),
            [
                "+ ",
                "+ ## Known principals, whose access is intended",
                "+ ",
                r"+ - `arn:x` of production, until 2027: a \*b\*",
            ],
        ),
        (
            lambda: stack(READ, bucket_policy=document({"Action": "s3:*", "Principal": "*", "Resource": "b"}), **BOTH),
            ["- - It has no policy.", "+ - Its policy: everybody may `s3:*` on `b`"],
        ),
    ],
)
def test_a_change_shows_only_its_own_lines(new: Callable[[], str], changed: list[str]) -> None:
    assert sorted(diff(stack(READ, **BOTH), new())) == sorted(changed)


def test_nothing_in_the_documents_becomes_markup() -> None:
    nasty = "x` <img src=y> @everyone [z](elsewhere)\n# heading"
    text = stack(
        {"Action": nasty, "Resource": nasty, "Condition": {nasty: {nasty: nasty}}},
        trust={"Principal": {"AWS": nasty, nasty: nasty}},
        grantees=(grantee(nasty, {"Resource": nasty}, members=[nasty]),),
    )
    html = cmarkgfm.github_flavored_markdown_to_html(text)
    assert not [tag for tag in ("<img", "<a ", "@everyone", "<h1>heading") if tag in html]


def test_the_file_of_this_repository_is_not_stale(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["render", "--project", str(REPOSITORY), "--markdown", str(REPOSITORY / "ACCESS.md"), "--check"])
    assert (code, capsys.readouterr().out) == (0, ""), "run `make access`, and commit ACCESS.md"


def test_a_stale_file_fails_with_the_difference_and_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "ACCESS.md"
    command = ["render", "--project", str(REPOSITORY), "--markdown", str(file)]
    assert main([*command, "--check"]) == 1
    assert not file.exists()
    assert main(command) == 0
    capsys.readouterr()
    wanted = file.read_text()
    file.write_text(wanted.replace("Testers of development may never", "Testers of development may"))
    assert main([*command, "--check"]) == 1
    output = capsys.readouterr()
    assert "+- group Testers of development may never `sts:AssumeRole`" in output.out.splitlines()
    assert output.err == (
        f"access: {file} is stale; write it again and commit it: python -m access render --markdown {file} --project"
        f" {REPOSITORY}\n"
    )
    assert wanted != file.read_text()
    assert main(["render", "--check"]) == 1
    assert "--check compares a file" in capsys.readouterr().err
