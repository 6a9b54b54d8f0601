"""All that there is before anything is tried: who tries, which roles, and what there is to try on."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError

from access.accounts import Account, Session
from access.credentials import Credentials
from access.errors import AccessError
from access.participants import Participant, check_account
from access.prove import probes
from access.prove.actions import ProbedBucket, Probes
from access.prove.expectations import Candidate, Role, candidates_of, outsider_of, roles_of
from access.prove.matrix import Principal
from access.prove.settling import Patience, answer, settled
from access.stack_outputs import StackOutputs

Progress = Callable[[str], None]
"""Told of what is going on, a short text at a time."""


@dataclass(frozen=True)
class Trying:
    """A principal that tries."""

    candidate: Candidate
    account: Account
    session: Session
    """Its own, in that account."""
    arn: str
    """Its ARN; of a role's session, the role's."""
    session_name: str
    """The name that its sessions in a role have to have: its own."""
    outputs: StackOutputs | None
    """What its account's stack tells."""
    has_other_rights: bool = False
    """Whether it may have rights that the proof knows nothing of."""


@dataclass
class Stage:
    """Who tries, which roles, and what there is to try on."""

    roles: list[tuple[Role, Account]]
    """With the account that each belongs to."""
    trying: list[Trying] = field(default_factory=list)
    probes: Probes = field(default_factory=Probes)
    neighbours: dict[str, str] = field(default_factory=dict)
    """The ARN of a role whose name begins the same, by the ARN of the role."""
    not_tried: list[str] = field(default_factory=list)
    """What there is none of, in words."""


def stage_of(participants: Sequence[Participant], people: Sequence[Account]) -> Stage:
    """The participants' roles, and people who try to assume them.

    Raises:
        AccessError: a profile leads to another account than its stack's, or there is no role.
    """
    roles = [(role, participant.account) for participant in participants for role in _roles(participant)]
    if not roles:
        raise AccessError("none of the stacks exports a role: there is nothing to prove; name the stack that does")
    return Stage(roles, [_person(account, participants) for account in people])


@contextmanager
def workers(at_once: int, patience: Patience | None = None) -> Iterator[Executor]:
    """What does several things at once. An interruption begins nothing more, and nobody waits patiently any longer."""
    pool = ThreadPoolExecutor(at_once)
    try:
        yield pool
    except BaseException:
        if patience:
            patience.end()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def with_probes(
    stage: Stage, participants: Sequence[Participant], patience: Patience, at_once: int, progress: Progress
) -> Iterator[None]:
    """Put the proof's own users, buckets, objects and roles on the stage as long as the context lasts.

    Raises:
        botocore.exceptions.ClientError: an administrator may not make them.
    """
    run = probes.new_run()
    users: dict[str, list[str]] = {}
    try:
        progress(f"making users, buckets and objects, all of them named {run}")
        with workers(at_once, patience) as pool:
            _make(stage, participants, run, users, patience, pool)
        patience.begin_anew()
        yield
    finally:
        progress("removing what was made for the proof")
        try:
            with workers(at_once) as pool:
                for participant in participants:
                    made = users.get(participant.account.account_id, ())
                    probes.remove(participant.account, _roles(participant), pool, run, made)
        except (KeyboardInterrupt, BotoCoreError, ClientError) as error:
            told = str(error) or "interrupted"
            raise AccessError(f"what {run} made is not all removed ({told}); run it again with --clean") from error


def remove_all_probes(participants: Sequence[Participant], at_once: int) -> list[str]:
    """Remove what interrupted proofs left, and tell what that was."""
    with workers(at_once) as pool:
        return [
            f"{what}, account {participant.account.account_id}"
            for participant in participants
            for what in probes.remove(participant.account, _roles(participant), pool)
        ]


def _roles(participant: Participant) -> list[Role]:
    roles, account = roles_of(participant.outputs) if participant.outputs else [], participant.account
    for role in roles:
        check_account(account, role.arn)
    return roles


def _make(
    stage: Stage,
    participants: Sequence[Participant],
    run: str,
    users: dict[str, list[str]],
    patience: Patience,
    pool: Executor,
) -> None:
    partition = stage.roles[0][0].arn.split(":")[1]
    sending = [participant for participant in participants if _sends(participant)]
    arrivals = []
    for participant in sending:
        account_id = participant.account.account_id
        candidates = (
            candidates_of(account_id, participant.outputs) if participant.outputs else [outsider_of(account_id)]
        )
        users[account_id] = [f"{run}-{number}" for number in range(len(candidates))]
        for candidate, name in zip(candidates, users[account_id], strict=True):
            arrivals.append(pool.submit(_arrive, participant, candidate, name, partition, patience))
    homes = {at.account.account_id: pool.submit(probes.make_home_bucket, at.account, run) for at in sending}
    trust_policies = {role.arn: pool.submit(probes.trust_policy, account, role) for role, account in stage.roles}
    neighbours = {
        role.arn: pool.submit(probes.make_neighbour_role, account, role, run) for role, account in stage.roles
    }
    owners = {bucket: (role, account) for role, account in stage.roles for bucket in role.buckets}
    probed = pool.map(partial(_probed_bucket, run=run), owners, owners.values())

    buckets = dict(zip(owners, probed, strict=True))
    for bucket, found in buckets.items():
        if isinstance(found, str):
            stage.not_tried.append(f"objects of {bucket}: {found}")
    stage.probes = Probes(
        buckets={bucket: found for bucket, found in buckets.items() if isinstance(found, ProbedBucket)},
        home_buckets={account_id: made.result() for account_id, made in homes.items()},
        trust_policies={arn: read.result() for arn, read in trust_policies.items()},
    )
    stage.neighbours = {arn: made.result() for arn, made in neighbours.items()}
    for arrived in [arrival.result() for arrival in arrivals]:
        if isinstance(arrived, Trying):
            stage.trying.append(arrived)
        else:
            stage.not_tried.append(arrived)


def _sends(participant: Participant) -> bool:
    """Whether somebody of the account tries: it has groups or roles that were told of, or it is a stranger."""
    outputs = participant.outputs
    return outputs is None or bool(outputs.groups or outputs.grantee_roles)


def _probed_bucket(bucket: str, owner: tuple[Role, Account], run: str) -> ProbedBucket | str:
    role, account = owner
    try:
        return probes.probe_bucket(account, role, bucket, run)
    except ClientError as error:
        return f"the administrator of {role.account_id} can't put any there: {error}"


def _arrive(
    participant: Participant, candidate: Candidate, user_name: str, partition: str, patience: Patience
) -> Trying | str:
    """The candidate, ready to try, or why it is not."""
    account = participant.account
    if candidate.role:
        return _in_role(participant, candidate, candidate.role, user_name)
    session = probes.make_user(account, user_name, candidate, partition)
    # A user that AWS does not know everywhere yet is refused what he may, and a refusal would prove nothing.
    settled(lambda: answer(session.sts.get_caller_identity), "ALLOW", patience)
    if candidate.managed_policy:
        settled(lambda: answer(session.s3.list_buckets), "ALLOW", patience)
    arn = f"arn:{partition}:iam::{account.account_id}:user{probes.USER_PATH}{user_name}"
    return Trying(candidate, account, session, arn, user_name, participant.outputs)


def _in_role(participant: Participant, candidate: Candidate, role_name: str, session_name: str) -> Trying | str:
    account = participant.account
    arn = account.administrator.iam.get_role(RoleName=role_name)["Role"]["Arn"]
    try:
        given = account.administrator.sts.assume_role(RoleArn=arn, RoleSessionName=session_name)["Credentials"]
    except ClientError as error:
        return f"{candidate.principal.name}: the administrator of {account.account_id} can't switch to it: {error}"
    session = account.session(Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]))
    return Trying(candidate, account, session, arn, session_name, participant.outputs, has_other_rights=True)


def _person(account: Account, participants: Sequence[Participant]) -> Trying:
    """A person whose own profile is at hand: a user with his groups, or somebody in a role of his account."""
    identity = account.administrator.sts.get_caller_identity()
    account_id, arn = identity["Account"], identity["Arn"]
    kind, _, path = arn.split(":")[5].partition("/")
    here = next((at for at in participants if at.outputs and at.account.account_id == account_id), None)
    outputs = here.outputs if here else None
    principal = Principal(f"profile {account.profile}", account_id)
    if kind == "assumed-role":
        role_name, session_name = path.split("/")[-2:]
        told = outputs is not None and role_name in outputs.grantee_roles
        candidate = Candidate(principal, role=role_name if told else None)
        arn = f"arn:{arn.split(':')[1]}:iam::{account_id}:role/{role_name}"
        return Trying(candidate, account, account.administrator, arn, session_name, outputs, has_other_rights=True)
    if kind != "user":
        raise AccessError(f"profile {account.profile!r} is {arn}; name one of a user or of a role")
    user_name = path.rpartition("/")[2]
    reader = here.account.administrator if here else account.administrator
    joined = [group["GroupName"] for group in reader.iam.list_groups_for_user(UserName=user_name)["Groups"]]
    groups = tuple(group for group in joined if outputs and group in outputs.groups)
    candidate = Candidate(replace(principal, groups=groups))
    return Trying(candidate, account, account.administrator, arn, user_name, outputs, has_other_rights=True)
