"""Example proofs for reports: the tutorial's, correct and wrong, and those that Hypothesis draws."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from access.known_principals import KnownPrincipal
from access.prove.matrix import ASSUME, ASSUME_ID, Cell, Expected, Origin, Principal, Proof, ProvedRole, Result
from access.reading.values import Finding, Kind, Reading, Review

ROLE = "arn:aws:iam::999999999999:role/UpdateApp"
BUCKET = "productionapp"
STARTED = datetime(2026, 11, 24, 9, 0, 0, tzinfo=UTC)
NOT_TRIED = (
    "that a right MFA code admits: nobody here has a device",
    "how long a session lasts: that would take an hour",
)

PRINCIPALS = (
    Principal("member of Developers", "111111111111", ("Developers",)),
    Principal("member of Developers, power user", "111111111111", ("Developers",)),
    Principal("member of Testers", "111111111111", ("Testers",)),
    Principal("member of Testers, power user", "111111111111", ("Testers",)),
    Principal("member of Developers and Testers, power user", "111111111111", ("Developers", "Testers")),
    Principal("user of 111111111111 in no group", "111111111111"),
    Principal("power user of 111111111111 in no group", "111111111111"),
    Principal("administrator of 111111111111", "111111111111"),
    Principal("administrator of 222222222222, another account", "222222222222"),
)
"""The tutorial's principals, and some more."""

_ASSUME: dict[str, tuple[Expected, str]] = {
    "member of Developers": ("ALLOW", "Developers: allow"),
    "member of Developers, power user": ("ALLOW", "Developers: allow"),
    "member of Testers": ("DENY", "Testers: deny"),
    "member of Testers, power user": ("DENY", "Testers: deny"),
    "member of Developers and Testers, power user": ("DENY", "Testers: deny"),
    "user of 111111111111 in no group": ("DENY", "nothing allows it"),
    "power user of 111111111111 in no group": (
        "ALLOW",
        "PowerUserAccess allows it, and the role trusts 111111111111",
    ),
    "administrator of 111111111111": (
        "ALLOW",
        "AdministratorAccess allows it, and the role trusts 111111111111",
    ),
    "administrator of 222222222222, another account": ("DENY", "the role does not trust 222222222222"),
}

BY_A_DENY = (
    "AccessDenied (AssumeRole): User: arn:aws:iam::111111111111:user/access-probe/access-probe-0 is not authorized to"
    f" perform: sts:AssumeRole on resource: {ROLE} with an explicit deny in an identity-based policy"
)
NEIGHBOUR_ROLE = "assume a role whose name begins the same"
_GRANTED, _NOT_GRANTED, _OTHER = "access: readWrite", "the role does not grant it", "it is another bucket"
_NEIGHBOUR = f"a bucket whose name begins with {BUCKET}"
_IN_THE_ROLE: tuple[tuple[str, str, Expected, str], ...] = (
    ("list the names of all buckets of 999999999999", "s3:ListAllMyBuckets", "ALLOW", "listAllBuckets: true"),
    (f"find out in which region {BUCKET} is", "s3:GetBucketLocation", "ALLOW", "the role grants it"),
    (f"list {BUCKET}", "s3:ListBucket", "ALLOW", _GRANTED),
    (f"list the versions of {BUCKET}", "s3:ListBucketVersions", "DENY", "objectVersions: false"),
    (f"read the bucket policy of {BUCKET}", "s3:GetBucketPolicy", "DENY", _NOT_GRANTED),
    (f"read an object of {BUCKET}", "s3:GetObject", "ALLOW", _GRANTED),
    (f"write an object of {BUCKET}", "s3:PutObject", "ALLOW", _GRANTED),
    (f"delete an object of {BUCKET}", "s3:DeleteObject", "ALLOW", _GRANTED),
    (f"delete a version of an object of {BUCKET} for good", "s3:DeleteObjectVersion", "DENY", _NOT_GRANTED),
    (f"replace the bucket policy of {BUCKET}", "s3:PutBucketPolicy", "DENY", _NOT_GRANTED),
    (f"list {_NEIGHBOUR}", "s3:ListBucket", "DENY", _OTHER),
    (f"read an object of {_NEIGHBOUR}", "s3:GetObject", "DENY", _OTHER),
    (f"write an object of {_NEIGHBOUR}", "s3:PutObject", "DENY", _OTHER),
    ("list the users of 999999999999", "iam:ListUsers", "DENY", _NOT_GRANTED),
    ("change who may assume UpdateApp", "iam:UpdateAssumeRolePolicy", "DENY", _NOT_GRANTED),
    (
        "list a bucket of 111111111111",
        "s3:ListBucket",
        "DENY",
        "the role's session has the role's rights only",
    ),
)


def _cells() -> Iterator[Cell]:
    for cell in _cells_without_ids():
        # The bucket's neighbour is another bucket.
        target = BUCKET if cell.action.endswith((f" {BUCKET}", f" {BUCKET} for good", f" {BUCKET} is")) else None
        last = ASSUME_ID if cell.action == ASSUME else f"{cell.operation} in {cell.action}"
        identity = f"999999999999/UpdateApp|{cell.principal}|{last}"
        yield replace(cell, id=identity, target=None if _NEIGHBOUR in cell.action else target)


def _cells_without_ids() -> Iterator[Cell]:
    for principal in PRINCIPALS:
        expected, because = _ASSUME[principal.name]
        said = BY_A_DENY if because == "Testers: deny" else ""
        yield Cell(principal.name, ROLE, ASSUME, "sts:AssumeRole", expected, because, expected, said)
        # It trusts the same account without a Deny, so power users may assume it.
        any_role = principal.account_id == "111111111111" and ("power user" in principal.name or expected == "ALLOW")
        beside: Expected = "ALLOW" if any_role and principal.name != "member of Developers" else "DENY"
        because = "a policy allows every role" if beside == "ALLOW" else "nothing allows it"
        yield Cell(principal.name, ROLE, NEIGHBOUR_ROLE, "sts:AssumeRole", beside, because, beside)
        if expected == "ALLOW":
            for action, operation, in_role, why in _IN_THE_ROLE:
                yield Cell(principal.name, ROLE, action, operation, in_role, why, in_role)


def sample() -> Proof:
    """Return the tutorial's matrix with all results as expected."""
    return Proof(
        started=STARTED,
        ended=STARTED + timedelta(seconds=41.5),
        principals=PRINCIPALS,
        roles=(ProvedRole(ROLE, (BUCKET,)),),
        cells=tuple(_cells()),
        not_tried=NOT_TRIED,
    )


def with_result(proof: Proof, principal: str, action: str, result: Result, detail: str = "", role: str = ROLE) -> Proof:
    """Return the proof with another result in one cell."""

    def changed(cell: Cell) -> Cell:
        wanted = (cell.principal, cell.role, cell.action) == (principal, role, action)
        return replace(cell, result=result, detail=detail) if wanted else cell

    cells = tuple(changed(cell) for cell in proof.cells)
    assert cells != proof.cells, f"{principal}: {action} is not in the proof, or comes to {result} there"
    return replace(proof, cells=cells)


def red() -> Proof:
    """Return the tutorial's matrix with a wrong ALLOW, a wrong DENY, and two inconclusive cells."""
    proof = with_result(sample(), "member of Testers, power user", ASSUME, "ALLOW", "it was allowed")
    proof = with_result(
        proof,
        "member of Developers",
        f"delete an object of {BUCKET}",
        "DENY",
        "AccessDenied: User: arn:aws:sts::999999999999:assumed-role/UpdateApp/access-probe-0 is not authorized to"
        f' perform: s3:DeleteObject on resource: "arn:aws:s3:::{BUCKET}/access-probe" because no identity-based'
        " policy allows the s3:DeleteObject action",
    )
    for principal, action in (
        ("administrator of 222222222222, another account", ASSUME),
        ("member of Developers, power user", f"list {_NEIGHBOUR}"),
    ):
        proof = with_result(proof, principal, action, "INCONCLUSIVE", "SlowDown: Please reduce your request rate.")
    return proof


TRUST = Reading("999999999999/role/UpdateApp/trust", "999999999999", "role UpdateApp", "who may assume it")
RIGHTS = Reading("999999999999/role/UpdateApp/rights", "999999999999", "role UpdateApp", "what it allows")
EXCESS = Finding(
    "excess",
    "UpdateApp may also do iam:PutRolePolicy on *",
    ("allowed by statement X of inline policy Y",),
    {"action": "iam:PutRolePolicy", "resource": ("arn:aws:iam::999999999999:role/UpdateApp",), "aws:SourceIp": None},
)
KNOWN = KnownPrincipal(
    "arn:aws:iam::999999999999:role/Administrator",
    "the platform team",
    "2027-01-01T00:00:00Z",
    ("arn:aws:iam::999999999999:role/Administrator",),
)
NOT_READ = "service control policies"


def reviewed(*findings: Finding) -> Proof:
    """Return the tutorial's matrix, with a review that has a finding about the role's rights."""
    return replace(sample(), review=Review((TRUST, replace(RIGHTS, findings=findings)), (KNOWN,), (NOT_READ,)))


def twins() -> Proof:
    """Return a proof with two roles of the same name in two accounts, one of them without a bucket."""
    proof = sample()
    other = ProvedRole(ROLE.replace("999999999999", "888888888888"), ())
    cells = tuple(
        replace(cell, role=other.arn, id=cell.id.replace("999999999999/", "888888888888/"), target=None)
        for cell in proof.cells
    )
    return replace(proof, roles=(*proof.roles, other), cells=(*proof.cells, *cells))


def large(principals: int = 50, actions: int = 20) -> Proof:
    """Return a matrix of many principals with very long names, and some wrong cells."""
    accounts = [f"{100000000000 + number}" for number in range(4)]
    who = tuple(
        Principal(
            f"member of Platform-Engineering-And-Release-Management-{number:02}, power user",
            accounts[number % len(accounts)],
            (f"Platform-Engineering-And-Release-Management-{number:02}",),
        )
        for number in range(principals)
    )
    bucket = "a-rather-long-bucket-name-of-sixty-three-characters-as-s3-allows"[:63]
    cells = []
    for index, principal in enumerate(who):
        may: Expected = "DENY" if index % 3 == 2 else "ALLOW"
        cells.append(Cell(principal.name, ROLE, ASSUME, "sts:AssumeRole", may, f"{principal.groups[0]}: {may}", may))
        for number in range(actions - 1 if may == "ALLOW" else 0):
            in_role: Expected = "DENY" if number % 2 else "ALLOW"
            came: Result = in_role if (index + number) % 67 else "INCONCLUSIVE"
            cells.append(
                Cell(
                    principal.name,
                    ROLE,
                    f"do the thing with number {number} to an object of {bucket}",
                    "s3:PutObject",
                    in_role,
                    "access: readWrite",
                    came,
                )
            )
    return Proof(STARTED, STARTED + timedelta(days=1), who, (ProvedRole(ROLE, (bucket,)),), tuple(cells), ())


ORIGIN = Origin((("production", "999999999999"), ("development", "111111111111"), ("", "222222222222")), "4f1c" * 10)
ORIGIN_TEXT = (
    "stacks production (999999999999), development (111111111111); account without a stack 222222222222;"
    f" commit {ORIGIN.commit}"
)


def many(roles: int = 20, actions: int = 20) -> Proof:
    """Return a matrix of many principals and many roles, like a platform team's."""
    one = large(actions=actions)
    arns = [f"{ROLE}ForTheDataPlatform{number:02}" for number in range(roles)]
    cells = tuple(
        replace(cell, role=arn, result="ALLOW" if cell.action == ASSUME and index == 3 else cell.result)
        for index, arn in enumerate(arns)
        for cell in one.cells
    )
    proved = tuple(ProvedRole(arn, one.roles[0].buckets) for arn in arns)
    return replace(one, roles=proved, cells=cells, not_tried=NOT_TRIED, origin=ORIGIN)


HOSTILE = (
    "</td></table><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a|b `c` **d** _e_ [f](javascript:alert(1)) \\",
    "<!-- & &lt; &#60; ]]> --> ~~x~~ $x$ #1 @octocat",
    "\x1b[31mred\x1b[0m\r\nline two\x00\x07\x85\u2028\u202egnihton",
    "- item",
    "1. item",
    "# heading",
    "\ud800 \uffff",
)


def hostile() -> Proof:
    """Return a proof in which all external texts are hostile."""
    role = f"arn:aws:iam::999999999999:role/{HOSTILE[0]}"
    cells = [
        Cell(name, role, action, HOSTILE[2], "DENY", HOSTILE[3], result, HOSTILE[4])
        for name, result in zip(HOSTILE, (*get_args(Result), *["ALLOW"] * len(HOSTILE)), strict=False)
        for action in (ASSUME, *HOSTILE)
    ]
    principals = tuple(Principal(name, "111111111111", HOSTILE) for name in HOSTILE)
    return Proof(STARTED, STARTED, principals, (ProvedRole(role, HOSTILE),), tuple(cells), HOSTILE)


texts = (
    st.text(max_size=12)
    | st.text(alphabet="\x00\x1b\n <>&\"'|`*_[]#@\ud800-é漢", max_size=12)
    | st.sampled_from(HOSTILE)
)
accounts = st.from_regex("[0-9]{12}", fullmatch=True).filter(str.isascii)
moments = st.datetimes(timezones=st.just(UTC))


def tuples(of: "st.SearchStrategy[str]") -> "st.SearchStrategy[tuple[str, ...]]":
    return st.lists(of, max_size=2).map(tuple)


def reviews() -> "st.SearchStrategy[Review]":
    """Draw any review with unique ids."""
    finding = st.builds(
        Finding,
        kind=st.sampled_from(get_args(Kind)),
        text=texts,
        because=tuples(texts),
        witness=st.dictionaries(texts, st.none() | texts | tuples(texts), max_size=2),
    )
    reading = st.builds(
        Reading,
        id=texts,
        account_id=accounts,
        subject=texts,
        question=texts,
        findings=st.lists(finding, max_size=2).map(tuple),
    )
    return st.builds(
        Review,
        readings=st.lists(reading, unique_by=lambda it: it.id, max_size=3).map(tuple),
        known=st.lists(st.builds(KnownPrincipal, texts, texts, st.none() | texts, tuples(texts)), max_size=2).map(
            tuple
        ),
        not_read=tuples(texts),
    )


origins = st.builds(
    Origin,
    stacks=st.lists(st.tuples(texts, accounts), max_size=2).map(tuple),
    commit=texts,
    has_changes=st.booleans(),
)


@st.composite
def proofs(draw: DrawFn) -> Proof:
    """Draw any proof with unique names."""
    names = draw(st.lists(texts, unique=True, max_size=4))
    arns = draw(st.lists(st.builds("arn:aws:iam::{}:role/x{}".format, accounts, texts), unique=True, max_size=3))
    cells: list[Cell] = []
    if names and arns:
        cell = st.builds(
            Cell,
            principal=st.sampled_from(names),
            role=st.sampled_from(arns),
            action=st.just(ASSUME) | texts,
            operation=texts,
            expected=st.sampled_from(get_args(Expected)),
            because=texts,
            result=st.sampled_from(get_args(Result)),
            detail=texts,
            id=st.just("") | st.uuids().map(str),
            target=st.none() | texts,
        )
        cells = draw(
            st.lists(
                cell,
                unique_by=(lambda cell: (cell.principal, cell.role, cell.action), lambda cell: cell.id or object()),
                max_size=12,
            )
        )
    return Proof(
        started=draw(moments),
        ended=draw(moments),
        principals=tuple(Principal(name, draw(accounts), tuple(draw(st.lists(texts, max_size=3)))) for name in names),
        roles=tuple(ProvedRole(arn, tuple(draw(st.lists(texts, max_size=3)))) for arn in arns),
        cells=tuple(cells),
        not_tried=tuple(draw(st.lists(texts, max_size=3))),
        unproved=tuple(draw(st.lists(texts, max_size=2))),
        review=draw(st.none() | reviews()),
        origin=draw(st.none() | origins),
    )
