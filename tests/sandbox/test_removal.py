"""Removal after a proof: nothing of the proof stays, and nothing of people's own goes, whatever it is called."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
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
from access.prove.inventory import Run
from access.prove.leftovers import Leftovers, find_leftovers
from access.prove.proof import Settings, prove
from access.prove.removal import Removal, left_over, remove
from access.prove.rights import rights
from access.prove.stage import workers
from access.stack_outputs import parse_stack_outputs
from sandbox.profiles import OUTSIDER, OUTSIDERS_ACCOUNT
from tests.sandbox.conftest import Sandbox

PRODUCTION, DEVELOPMENT = "999999999999", "111111111111"
ACCOUNTS = (PRODUCTION, DEVELOPMENT, OUTSIDERS_ACCOUNT)
PROVE = Settings(create_probes=True, patience=0)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox with both stacks deployed and its profiles written."""
    made = Sandbox(tmp_path_factory.mktemp("removal"))
    try:
        made.deploy()
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
        return found, remove(found.things, pool, interruption)


def inventory_of(sandbox: Sandbox) -> dict[str, Any]:
    """Everything in the three accounts, down to each version of each object."""
    found: dict[str, Any] = {}
    for account_id in ACCOUNTS:
        session = sandbox.accounts.administrator(account_id)
        details: Any = session.iam.get_account_authorization_details()
        details.pop("ResponseMetadata")
        found[account_id] = json.loads(json.dumps(details, default=str))
        for bucket in session.s3.list_buckets()["Buckets"]:
            listed: Any = session.s3.list_object_versions(Bucket=bucket["Name"])
            versions = [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]
            found[f"{account_id} {bucket['Name']}"] = sorted((it["Key"], it["VersionId"]) for it in versions)
    return found


# Names of people's own things, each the more like a proof's.
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
    """Make things of people's own in an account, tagged as people tag."""
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


def test_things_of_peoples_own_stay_whatever_happens_to_proofs(
    ready: Sandbox, participants: Sequence[Participant], monkeypatch: pytest.MonkeyPatch
) -> None:
    for account_id in ACCOUNTS:
        make_lookalikes(ready.accounts.administrator(account_id), account_id)
    s3 = ready.accounts.administrator(PRODUCTION).s3
    for key in KEYS:
        for _ in range(2):
            s3.put_object(Bucket="productionapp", Key=key, Body=b"ours", Metadata={"access-probe": "ours"})
    s3.delete_object(Bucket="productionapp", Key="access-probe-1a2b3c4d/deleted")
    s3.delete_object(Bucket="productionapp", Key="access-probe-00000000/deleted")  # nothing but a delete marker
    before = inventory_of(ready)

    assert prove(participants, PROVE).holds
    assert inventory_of(ready) == before
    with monkeypatch.context() as killed:
        killed.setattr("access.prove.stage.remove", lambda *_: Removal((), {}))
        prove(participants, PROVE)
    assert inventory_of(ready) != before
    found, removal = clean(participants)
    assert len(removal.removed) == len(found.things) > 15
    assert not removal.left
    assert inventory_of(ready) == before

    found, removal = clean(participants)
    assert (found.things, found.unseen, removal.removed) == ([], [], ())
    assert {thing.kind for thing in found.not_ours} == {"user", "role", "policy", "bucket", "object"}
    assert {thing.name for thing in found.not_ours if thing.kind == "object"} == {
        "access-probe-1a2b3c4d/object",
        "access-probe-1a2b3c4d/deleted",
        "access-probe-00000000/deleted",
    }


def test_a_mark_of_another_run_is_not_enough(ready: Sandbox, participants: Sequence[Participant]) -> None:
    run, other = Run("access-probe-11111111"), Run("access-probe-22222222")
    session = ready.accounts.administrator(DEVELOPMENT)
    session.iam.create_user(UserName=f"{run.name}-0", Path="/access-probe/", Tags=other.tags)
    try:
        found = find_leftovers(participants)
        assert f"{run.name}-0" not in [thing.name for thing in found.things]
        assert f"{run.name}-0" in [thing.name for thing in found.not_ours]
    finally:
        session.iam.delete_user(UserName=f"{run.name}-0")


Send = Callable[[botocore.httpsession.URLLib3Session, Any], Any]


def failing(monkeypatch: pytest.MonkeyPatch, operation: str, fault: Callable[[Send, Any, Any], Any]) -> list[str]:
    """Put a fault on the wire at calls of an operation, and return the bodies of those calls as they are made."""
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


def test_a_failed_removal_does_not_stop_the_others_and_is_said(
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
    assert {thing.kind for thing in clean(participants)[0].things} == {"role"}


def test_a_leftover_that_can_not_be_removed_is_named_and_the_others_go(
    ready: Sandbox, participants: Sequence[Participant], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr("access.prove.stage.remove", lambda *_: Removal((), {}))
        prove(participants, PROVE)
    iam = ready.accounts.administrator(PRODUCTION).iam
    names = [thing.name for thing in find_leftovers(participants).things if thing.kind == "role"]
    (name,) = (name for name in names if name.startswith("UpdateApp-"))
    own = {"RoleName": name, "PolicyName": "somebody-elses"}
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    iam.put_role_policy(**own, PolicyDocument=json.dumps(deny))
    found, removal = clean(participants)
    assert [(thing.kind, thing.name) for thing in removal.left] == [("role", name)]
    assert left_over(removal.left).startswith(
        f"not removed: 1 in account {PRODUCTION}: role {name} of {PRODUCTION} (DeleteConflict (DeleteRole): "
    )
    assert len(removal.removed) == len(found.things) - 1
    iam.delete_role_policy(**own)
    assert clean(participants)[1].left == {}


def test_users_can_do_nothing_but_assume_the_roles_that_are_tried(
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
    monkeypatch.setattr("access.prove.proof._settled", try_more)
    monkeypatch.setattr("access.prove.proof._not_entered", lambda *_: ([], []))
    prove(participants, PROVE)
    assert len(signed_in) == 8


def test_nothing_of_a_proof_works_after_an_hour(
    participants: Sequence[Participant], monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = Run("access-probe-0000aaaa", Run().since.replace(year=2020))
    monkeypatch.setattr("access.prove.stage.Run", lambda: long_ago)
    proof = prove(participants, PROVE)
    assert not proof.holds
    assert {cell.result for cell in proof.cells if cell.operation == "sts:AssumeRole"} <= {"DENY", "INCONCLUSIVE"}
    # A refusal is not taken for the Deny of a group, as nothing of the user's rights works.
    assert {
        cell.result for cell in proof.cells if cell.principal.startswith("member of development/Testers, power user")
    } == {"INCONCLUSIVE"}


def test_the_rights_are_enough_and_each_is_needed(
    ready: Sandbox, participants: Sequence[Participant], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("access.prove.proof._settled", lambda *_: ([], []))
    monkeypatch.setattr("access.prove.proof._not_entered", lambda *_: ([], []))
    production = participants[0]
    assert production.outputs
    iam: Any = production.account.administrator.iam
    prover = {"UserName": "prover"}
    iam.create_group(GroupName="Team")
    iam.create_user(**prover)
    iam.create_group(GroupName="Provers")  # whose policies may be longer than a user's
    iam.add_user_to_group(**prover, GroupName="Provers")
    key = iam.create_access_key(**prover)["AccessKey"]
    account = Account("production", ready.layout.aws_config)
    account.administrator = account.session(Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
    # All rights are needed in an account that has both roles and groups.
    outputs = replace(production.outputs, groups={"Team": {"allow": [], "deny": []}})
    both, as_root = Participant(account, outputs), replace(production, outputs=outputs)

    def works_without(left_out: str) -> bool:
        document = rights()
        for statement in document["Statement"]:
            statement["Action"] = [action for action in statement["Action"] if action != left_out]
        document["Statement"] = [statement for statement in document["Statement"] if statement["Action"]]
        iam.put_group_policy(GroupName="Provers", PolicyName="rights", PolicyDocument=json.dumps(document))
        try:
            with monkeypatch.context() as killed:
                killed.setattr("access.prove.stage.remove", lambda *_: Removal((), {}))
                prove([both], PROVE)
            found, removal = clean([both])
            state = read_account(account.administrator, account.account_id, ["UpdateApp"], ["productionapp"])
            return bool(removal.removed) and not (found.unseen or removal.left or state.unread)
        except (ClientError, AccessError):
            return False
        finally:
            clean([as_root])

    assert works_without("nothing")
    actions = [action for statement in rights()["Statement"] for action in statement["Action"]]
    assert [action for action in actions if works_without(action)] == []
