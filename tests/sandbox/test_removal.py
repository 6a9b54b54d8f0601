"""Tests of the removal after a proof: it removes everything of the proof, and nothing else, whatever its name."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.httpsession
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from access.accounts import Account, Session
from access.credentials import Credentials
from access.errors import AccessError
from access.iam.account_reader import read_account
from access.interruption import Interruption
from access.participants import Participant
from access.prove.fixture import workers
from access.prove.inventory import Run
from access.prove.leftovers import Leftovers, find_leftovers
from access.prove.proof import Settings, prove
from access.prove.removal import Removal, describe_left, remove
from access.prove.rights import rights
from access.stack_outputs import parse_stack_outputs
from sandbox.profiles import OUTSIDER, OUTSIDERS_ACCOUNT
from tests.sandbox.conftest import Sandbox, copy_of

PRODUCTION, DEVELOPMENT = "999999999999", "111111111111"
ACCOUNTS = (PRODUCTION, DEVELOPMENT, OUTSIDERS_ACCOUNT)
PROVE = Settings(create_probes=True, wait_seconds=0)


@pytest.fixture(scope="module")
def ready(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Yield a sandbox with both stacks deployed and its profiles written."""
    made = copy_of(template, tmp_path_factory.mktemp("removal"))
    try:
        made.write_profiles()
        yield made
    finally:
        made.emulator.stop()


@pytest.fixture(scope="module")
def participants(ready: Sandbox) -> list[Participant]:
    config = ready.layout.aws_config
    outputs = {stack: ready.engine.outputs(stack) for stack in ("production", "development")}
    return [
        *(Participant(Account(stack, config), parse_stack_outputs(stack, it)) for stack, it in outputs.items()),
        Participant(Account(OUTSIDER, config)),
    ]


def clean(participants: Sequence[Participant]) -> tuple[Leftovers, Removal]:
    found = find_leftovers(participants)
    with Interruption() as interruption, workers(8) as pool:
        return found, remove(found.resources, pool, interruption)


def inventory_of(sandbox: Sandbox) -> dict[str, Any]:
    """Return everything in the three accounts, including each version of each object."""
    found: dict[str, Any] = {}
    for account_id in ACCOUNTS:
        session = sandbox.accounts.administrator(account_id)
        details: Any = session.iam.get_account_authorization_details()
        details.pop("ResponseMetadata")
        found[account_id] = json.loads(json.dumps(details, default=str))
        for bucket in session.s3.list_buckets()["Buckets"]:
            listed: Any = session.s3.list_object_versions(Bucket=bucket["Name"])
            versions = [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]
            names = [(version["Key"], version["VersionId"]) for version in versions]
            found[f"{account_id} {bucket['Name']}"] = sorted(names)
    return found


# Names of foreign resources that resemble a proof's, more and more.
LOOKALIKES = (
    "access-probe-20261125",
    "nightly-access-probe-20261125-runner",
    "web-access-probe-20261125",
    "access-probe-monitoring",
    "access-probe-1a2b3c4d-0",
    "x-access-probe-1a2b3c4d",
)
KEYS = (
    "access-probe-results/2026.csv",
    "access-probe-notes.txt",
    "access-probe-1a2b3c4d/object",
    "access-probe-1a2b3c4d/deleted",
    "access-probe-1a2b3c4d/notes.txt",
    "reports/access-probe-20261125/written",
)


def make_lookalikes(session: Session, account_id: str) -> None:
    """Create foreign resources in an account, some of them with tags."""
    trust = {"Effect": "Allow", "Principal": {"AWS": account_id}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    policy = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    own: Any = [{"Key": "access-probe", "Value": "ours"}]
    for index, name in enumerate(LOOKALIKES):
        tags: Any = {"Tags": own} if index % 2 else {}
        session.iam.create_user(UserName=name, Path="/access-probe/", **tags)
        session.iam.create_access_key(UserName=name)
        session.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, **tags)
        session.iam.create_policy(
            PolicyName=name,
            Path="/access-probe/",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [policy]}),
            **tags,
        )
        bucket = f"{account_id}-{name}"
        session.s3.create_bucket(Bucket=bucket)
        session.s3.put_object(Bucket=bucket, Key="ours", Body=b"ours")


def test_foreign_resources_survive_proofs(
    ready: Sandbox, participants: Sequence[Participant], monkeypatch: pytest.MonkeyPatch
) -> None:
    for account_id in ACCOUNTS:
        make_lookalikes(ready.accounts.administrator(account_id), account_id)
    s3 = ready.accounts.administrator(PRODUCTION).s3
    for key in KEYS:
        for _ in range(2):
            s3.put_object(Bucket="productionapp", Key=key, Body=b"ours", Metadata={"access-probe": "ours"})
    s3.delete_object(Bucket="productionapp", Key="access-probe-1a2b3c4d/deleted")
    s3.delete_object(Bucket="productionapp", Key="access-probe-00000000/deleted")  # leaves only a delete marker
    before = inventory_of(ready)

    assert prove(participants, PROVE).holds
    assert inventory_of(ready) == before
    with monkeypatch.context() as killed:
        killed.setattr("access.prove.fixture.remove", lambda *_: Removal((), {}))
        prove(participants, PROVE)
    assert inventory_of(ready) != before
    found, removal = clean(participants)
    assert len(removal.removed) == len(found.resources) > 15
    assert not removal.left
    assert inventory_of(ready) == before

    found, removal = clean(participants)
    assert (found.resources, found.unchecked, removal.removed) == ([], [], ())
    assert {resource.kind for resource in found.foreign} == {"user", "role", "policy", "bucket", "object"}
    assert {resource.name for resource in found.foreign if resource.kind == "object"} == {
        "access-probe-1a2b3c4d/object",
        "access-probe-1a2b3c4d/deleted",
        "access-probe-00000000/deleted",
    }


def test_the_mark_of_another_run_is_not_enough(ready: Sandbox, participants: Sequence[Participant]) -> None:
    run, other = Run("access-probe-11111111"), Run("access-probe-22222222")
    session = ready.accounts.administrator(DEVELOPMENT)
    session.iam.create_user(UserName=f"{run.name}-0", Path="/access-probe/", Tags=other.tags)
    try:
        found = find_leftovers(participants)
        assert f"{run.name}-0" not in [resource.name for resource in found.resources]
        assert f"{run.name}-0" in [resource.name for resource in found.foreign]
    finally:
        session.iam.delete_user(UserName=f"{run.name}-0")


Send = Callable[[botocore.httpsession.URLLib3Session, Any], Any]


def failing(monkeypatch: pytest.MonkeyPatch, operation: str, fault: Callable[[Send, Any, Any], Any]) -> list[str]:
    """Inject a fault into the calls of an operation, and return the list that collects their bodies."""
    met: list[str] = []
    send: Send = botocore.httpsession.URLLib3Session.send

    def faulty(self: Any, request: Any) -> Any:  # noqa: ANN401 (botocore's own)
        body = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
        if f"Action={operation}&" not in f"{body}&":
            return send(self, request)
        met.append(body)
        return fault(send, self, request)

    monkeypatch.setattr(botocore.httpsession.URLLib3Session, "send", faulty)
    return met


def answer_lost(send: Send, session: Any, request: Any) -> Any:  # noqa: ANN401
    send(session, request)
    raise ConnectionClosedError(endpoint_url=request.url)


def never_reached(send: Send, session: Any, request: Any) -> Any:  # noqa: ANN401
    raise ConnectionClosedError(endpoint_url=request.url)


@pytest.mark.parametrize("operation", ["DeleteAccessKey", "DeleteUserPolicy", "RemoveUserFromGroup", "DeleteRole"])
def test_a_lost_answer_does_not_stop_the_removal(
    ready: Sandbox, participants: Sequence[Participant], monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    first: set[str] = set()

    def lost_once(send: Send, session: Any, request: Any) -> Any:  # noqa: ANN401
        body = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
        if body in first:
            return send(session, request)
        first.add(body)
        return answer_lost(send, session, request)

    before = inventory_of(ready)
    with monkeypatch.context() as faults:
        met = failing(faults, operation, lost_once)
        assert prove(participants, PROVE).holds
    assert len(met) > len(first) > 0
    assert inventory_of(ready) == before


def test_a_failed_removal_is_reported_and_the_others_continue(
    ready: Sandbox, participants: Sequence[Participant], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as faults:
        failing(faults, "DeleteRole", never_reached)
        with pytest.raises(AccessError) as error:
            prove(participants, PROVE)
    message = str(error.value)
    assert message.startswith("not removed: 2 in account 999999999999: role ")
    assert message.endswith("to remove the rest: access prove … --clean")
    left = ready.left_over_probes()
    assert len([name for name in left if name not in LOOKALIKES and "ours" not in name]) >= 2
    assert {resource.kind for resource in clean(participants)[0].resources} == {"role"}


def test_a_leftover_that_can_not_be_removed_is_named_and_the_others_are_removed(
    ready: Sandbox, participants: Sequence[Participant], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr("access.prove.fixture.remove", lambda *_: Removal((), {}))
        prove(participants, PROVE)
    iam = ready.accounts.administrator(PRODUCTION).iam
    names = [resource.name for resource in find_leftovers(participants).resources if resource.kind == "role"]
    (name,) = (name for name in names if name.startswith("UpdateApp-"))
    own = {"RoleName": name, "PolicyName": "somebody-elses"}
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    iam.put_role_policy(**own, PolicyDocument=json.dumps(deny))
    found, removal = clean(participants)
    assert [(resource.kind, resource.name) for resource in removal.left] == [("role", name)]
    assert describe_left(removal.left).startswith(
        f"not removed: 1 in account {PRODUCTION}: role {name} of {PRODUCTION} (DeleteConflict (DeleteRole): "
    )
    assert len(removal.removed) == len(found.resources) - 1
    iam.delete_role_policy(**own)
    assert clean(participants)[1].left == {}


def test_probe_users_can_only_assume_the_tested_roles(
    participants: Sequence[Participant], monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in: list[Any] = []
    session_of = Account.session

    def session(account: Account, credentials: Credentials) -> Session:
        made = session_of(account, credentials)
        if not credentials.session_token:
            signed_in.append(made)
        return made

    def try_more(*_: object) -> tuple[list[None], list[None]]:
        for user in signed_in:
            me = user.sts.get_caller_identity()
            name, account_id = me["Arn"].rpartition("/")[2], me["Account"]
            other = f"arn:aws:iam::{account_id}:role/Other"
            for call, arguments in (
                (user.iam.list_users, {}),
                (user.s3.list_buckets, {}),
                (user.iam.create_access_key, {"UserName": name}),
                (user.iam.delete_user_permissions_boundary, {"UserName": name}),
                (user.sts.assume_role, {"RoleArn": other, "RoleSessionName": "other"}),
            ):
                with pytest.raises(ClientError, match="AccessDenied"):
                    call(**arguments)
        return [], []

    monkeypatch.setattr(Account, "session", session)
    monkeypatch.setattr("access.prove.proof._run_checks", try_more)
    monkeypatch.setattr("access.prove.proof._untested", lambda *_: ([], []))
    prove(participants, PROVE)
    assert len(signed_in) == 8


def test_probes_expire_after_an_hour(participants: Sequence[Participant], monkeypatch: pytest.MonkeyPatch) -> None:
    long_ago = Run("access-probe-0000aaaa", Run().since.replace(year=2020))
    monkeypatch.setattr("access.prove.fixture.Run", lambda: long_ago)
    proof = prove(participants, PROVE)
    assert not proof.holds
    assert {cell.result for cell in proof.cells if cell.operation == "sts:AssumeRole"} <= {"DENY", "INCONCLUSIVE"}
    # A refusal is not taken for the group's Deny, because none of the user's rights work.
    assert {
        cell.result for cell in proof.cells if cell.principal.startswith("member of development/Testers, power user")
    } == {"INCONCLUSIVE"}


ALL_RIGHTS = [action for statement in rights()["Statement"] for action in statement["Action"]]
ONE_OF_EACH_STATEMENT = [statement["Action"][0] for statement in rights()["Statement"]]


@pytest.mark.parametrize(
    "actions", [ONE_OF_EACH_STATEMENT, pytest.param(ALL_RIGHTS, marks=pytest.mark.every_right)], ids=["some", "all"]
)
def test_the_documented_rights_are_sufficient_and_each_is_needed(
    ready: Sandbox, participants: Sequence[Participant], monkeypatch: pytest.MonkeyPatch, actions: Sequence[str]
) -> None:
    monkeypatch.setattr("access.prove.proof._run_checks", lambda *_: ([], []))
    monkeypatch.setattr("access.prove.proof._untested", lambda *_: ([], []))
    production = participants[0]
    assert production.outputs
    iam: Any = production.account.administrator.iam
    prover = {"UserName": f"prover-{len(actions)}"}
    team, provers = f"Team-{len(actions)}", f"Provers-{len(actions)}"
    iam.create_group(GroupName=team)
    iam.create_user(**prover)
    iam.create_group(GroupName=provers)  # a group's policies may be longer than a user's
    iam.add_user_to_group(**prover, GroupName=provers)
    key = iam.create_access_key(**prover)["AccessKey"]
    account = Account("production", ready.layout.aws_config)
    account.administrator = account.session(Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
    # An account with both roles and groups needs all rights.
    outputs = replace(production.outputs, groups={team: {"allow": [], "deny": []}})
    both, as_root = Participant(account, outputs), replace(production, outputs=outputs)

    def works_without(left_out: str) -> bool:
        document = rights()
        for statement in document["Statement"]:
            statement["Action"] = [action for action in statement["Action"] if action != left_out]
        document["Statement"] = [statement for statement in document["Statement"] if statement["Action"]]
        iam.put_group_policy(GroupName=provers, PolicyName="rights", PolicyDocument=json.dumps(document))
        try:
            with monkeypatch.context() as killed:
                killed.setattr("access.prove.fixture.remove", lambda *_: Removal((), {}))
                prove([both], PROVE)
            found, removal = clean([both])
            state = read_account(account.administrator, account.account_id, ["UpdateApp"], ["productionapp"])
            return bool(removal.removed) and not (found.unchecked or removal.left or state.unread)
        except (ClientError, AccessError):
            return False
        finally:
            clean([as_root])

    assert works_without("nothing")
    assert [action for action in actions if works_without(action)] == []
