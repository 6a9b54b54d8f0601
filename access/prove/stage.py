"""All that there is before anything is tried: who tries, which roles, and what there is to try on."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from botocore.exceptions import ClientError

from ..accounts import Account, Session
from ..arn import permission_set_of
from ..aws_errors import describe, error_code
from ..credentials import Credentials
from ..errors import AccessError
from ..interruption import Interruption
from ..participants import Participant, check_account
from ..stack_outputs import StackOutputs
from .actions import Available, ProbedBucket
from .expectations import MOST_GROUPS, Candidate, Role, candidates_of, outsider_of, roles_of
from .inventory import PATH, Run
from .matrix import Principal
from .permission_sets import Entrance, entrances
from .probes import Probes, trust_policy, why_live
from .removal import left_over, remove
from .settling import Patience, answer, settled

Progress = Callable[[str], None]
"""Is called with what is going on, a short text at a time."""

LiveBuckets = Literal["write", "skip"]
"""What to do with a bucket in which a write would be noticed elsewhere, or could not be undone."""

SESSION_SECONDS, _GRANTEE_SECONDS = 900, 3600
"""How long sessions last: the least that AWS gives, and of a grantee role, from which all others begin."""


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
    is_known: bool = False
    """Whether the proof made it, and found out first what :attr:`unready` says."""
    unready: Mapping[str, str] = field(default_factory=dict)
    """Why a refusal of a service proves nothing: it did not get to know the principal's rights in time.

    The service is ``s3``, ``iam``, or ``sts`` and the account of the role.
    """


@dataclass
class Stage:
    """Who tries, which roles, and what there is to try on."""

    roles: list[tuple[Role, Account]]
    """With the account that each belongs to."""
    trying: list[Trying] = field(default_factory=list)
    available: Available = field(default_factory=Available)
    neighbours: dict[str, str] = field(default_factory=dict)
    """The ARN of a role whose name begins the same, by the ARN of the role."""
    not_tried: list[str] = field(default_factory=list)
    """What there is none of, in words."""

    @property
    def owners(self) -> dict[str, tuple[Role, Account]]:
        """A role of each bucket, and the role's account."""
        return {bucket: (role, account) for role, account in self.roles for bucket in role.buckets}


def stage_of(participants: Sequence[Participant], people: Sequence[Account]) -> Stage:
    """The participants' roles, and people who try to assume them.

    Raises:
        AccessError: a profile leads to another account than its stack's, or there is no role.
    """
    roles = [(role, participant.account) for participant in participants for role in _roles(participant)]
    if not roles:
        raise AccessError("none of the stacks exports a role: there is nothing to prove; name the stack that does")
    keys = [f"the keys of {role.name} (kmsKeyArns)" for role, _ in roles if role.options.get("kmsKeyArns")]
    return Stage(roles, [_person(account, participants) for account in people], not_tried=keys)


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
    stage: Stage,
    participants: Sequence[Participant],
    patience: Patience,
    at_once: int,
    live_buckets: LiveBuckets | None,
    progress: Progress,
) -> Iterator[None]:
    """Put the proof's own users, buckets, objects and roles on the stage as long as the context lasts.

    A signal at any moment removes them too, or says what is left.

    Raises:
        AccessError: a bucket is live, or something was not removed.
        KeyboardInterrupt: a signal ended the proof; everything was removed.
        botocore.exceptions.ClientError: an administrator may not make them.
    """
    skipped = _live_buckets(stage, live_buckets)
    making = Probes(Run(), stage.roles[0][0].arn.split(":")[1])
    with Interruption() as interruption:
        try:
            try:
                progress(f"making users, buckets and objects, all of them named {making.run.name}")
                with workers(at_once, patience) as pool:
                    users = _make(stage, participants, making, skipped, pool)
                    # Everything is made: what is refused from here on is refused for lack of knowledge, or for good.
                    patience.begin_anew()
                    progress("waiting until AWS knows the users")
                    arrivals = [pool.submit(_arrive, user, stage, making, patience) for user in users]
                    for arrived in [arrival.result() for arrival in arrivals]:
                        if isinstance(arrived, Trying):
                            stage.trying.append(arrived)
                        else:
                            stage.not_tried.append(arrived)
                patience.begin_anew()
                yield
            finally:
                interruption.begin_removal()
        finally:
            progress("removing what was made for the proof")
            with workers(at_once) as pool:
                removal = remove(making.things, pool, interruption, progress)
            if removal.left:
                raise AccessError(f"{left_over(removal.left)}; to remove the rest: access prove … --clean")


def _live_buckets(stage: Stage, live_buckets: LiveBuckets | None) -> set[str]:
    """Return the buckets that are not to be written to.

    Raises:
        AccessError: a bucket is live, and it was not said what to do then.
    """
    skipped = set()
    for bucket, (role, account) in stage.owners.items():
        if live_buckets == "write":
            continue
        try:
            reason = why_live(account, bucket)
        except ClientError as error:
            if error_code(error) == "AccessDenied" and role.bucket_may_be_elsewhere:
                continue
            raise
        if reason and live_buckets is None:
            raise AccessError(
                f"bucket {bucket}: {reason}, so objects of the proof would not go unnoticed; pass --live-buckets write"
                " to try all the same, or --live-buckets skip to leave its objects out"
            )
        if reason:
            skipped.add(bucket)
            stage.not_tried.append(f"objects of {bucket}: {reason} (--live-buckets skip)")
    return skipped


def _roles(participant: Participant) -> list[Role]:
    roles, account = roles_of(participant.outputs) if participant.outputs else [], participant.account
    for role in roles:
        check_account(account, role.arn)
    return roles


@dataclass(frozen=True)
class _User:
    """A candidate that needs a name of the proof's, and in most cases a user."""

    participant: Participant
    candidate: Candidate
    number: int
    entrance: Entrance | None
    """The role of its permission set."""


def _make(
    stage: Stage, participants: Sequence[Participant], making: Probes, skipped: Collection[str], pool: Executor
) -> list[_User]:
    """Make everything, and return the users, who can do nothing yet."""
    sending = [participant for participant in participants if _sends(participant)]
    roles = [role for role, _ in stage.roles]
    owners = {role.account_id: account for role, account in stage.roles}
    senders = [participant.account.account_id for participant in sending]
    # Roles first: boundaries name them.
    controls = [pool.submit(making.make_control_role, account, senders) for account in owners.values()]
    neighbours = [pool.submit(making.make_neighbour_role, account, role) for role, account in stage.roles]
    homes = [pool.submit(making.make_home_bucket, participant.account) for participant in sending]
    trust_policies = {role.arn: pool.submit(trust_policy, account, role) for role, account in stage.roles}
    wanted = {bucket: owner for bucket, owner in stage.owners.items() if bucket not in skipped}
    probed = pool.map(partial(_probed_bucket, making), wanted, wanted.values())

    reached = [
        *(role.arn for role in roles),
        *(making.neighbour_arn(role) for role in roles),
        *(making.control_role_arn(owner) for owner in owners),
    ]
    users: list[_User] = []
    made = []
    for participant in sending:
        found = _users_of(participant, stage, first=len(users))
        sets = [user.entrance.arn for user in found if user.entrance]
        boundary = making.make_boundary(participant.account, [*reached, *sets])
        made += [
            pool.submit(making.make_user, participant.account, user.number, user.candidate, boundary)
            for user in found
            if not user.candidate.role
        ]
        users += found

    for one in (*controls, *neighbours, *homes, *made):
        one.result()
    stage.neighbours = {role.arn: making.neighbour_arn(role) for role in roles}
    buckets = dict(zip(wanted, probed, strict=True))
    for bucket, probe in buckets.items():
        if isinstance(probe, str):
            stage.not_tried.append(f"objects of {bucket}: {probe}")
    stage.available = Available(
        buckets={bucket: probe for bucket, probe in buckets.items() if isinstance(probe, ProbedBucket)},
        home_buckets={it.account.account_id: making.home_bucket(it.account) for it in sending},
        trust_policies={arn: read.result() for arn, read in trust_policies.items()},
    )
    return users


def _users_of(participant: Participant, stage: Stage, first: int) -> list[_User]:
    """Return those of an account who try, numbered; note those who can't."""
    account_id, outputs = participant.account.account_id, participant.outputs
    candidates = candidates_of(account_id, outputs) if outputs else [outsider_of(account_id)]
    if outputs and len(outputs.groups) > MOST_GROUPS:
        stage.not_tried.append(f"a member of all groups of {outputs.stack}: IAM lets users join ten")
    sets = entrances(participant.account, outputs.permission_sets if outputs else ())
    users: list[_User] = []
    for candidate in candidates:
        entrance = sets.get(candidate.permission_set or "")
        if entrance and entrance.why_closed:
            stage.not_tried.append(f"{candidate.principal.name}: {entrance.why_closed}")
        else:
            users.append(_User(participant, candidate, first + len(users), entrance))
    return users


def _sends(participant: Participant) -> bool:
    """Return whether somebody of the account tries: its stack grants roles, or it is a stranger."""
    return participant.outputs is None or participant.outputs.has_grants


def _probed_bucket(making: Probes, bucket: str, owner: tuple[Role, Account]) -> ProbedBucket | str:
    """Return the probed bucket, or why objects of it can't be tried: it is another account's."""
    role, account = owner
    try:
        return making.probe_bucket(account, role, bucket)
    except ClientError as error:
        if error_code(error) == "AccessDenied" and role.bucket_may_be_elsewhere:
            return f"the administrator of {role.account_id} can't put any there: {describe(error)}"
        raise


def _arrive(user: _User, stage: Stage, making: Probes, patience: Patience) -> Trying | str:
    """Return the candidate, ready to try, or why it is not."""
    participant, candidate, account = user.participant, user.candidate, user.participant.account
    name = making.user_name(user.number)
    if candidate.role:
        return _as_grantee(participant, candidate, candidate.role, name)
    controls = {role.account_id: making.control_role_arn(role.account_id) for role, _ in stage.roles}
    goes_anywhere = candidate.may_assume_any or user.entrance
    session = making.admit(account, user.number, "*" if goes_anywhere else sorted(controls.values()))
    if user.entrance:
        return _through(user.entrance, session, participant, candidate, name, patience)
    partition = next(iter(controls.values())).split(":")[1]
    arn = f"arn:{partition}:iam::{account.account_id}:user{PATH}{name}"
    unready = _unready(session, name, controls, making.home_bucket(account), patience)
    return Trying(candidate, account, session, arn, name, participant.outputs, is_known=True, unready=unready)


def _unready(
    session: Session, name: str, controls: Mapping[str, str], home_bucket: str, patience: Patience
) -> dict[str, str]:
    """Return why which service's refusals prove nothing: it does not do what it has to do for the user, twice in a row.

    Services see changes one by one (IAM User Guide, "Changes that I make are not always immediately visible"), so each
    is asked for itself. Where a Deny is on every role, STS refuses the control role too, and says that it is a Deny.
    """

    def into(arn: str) -> None:
        session.sts.assume_role(RoleArn=arn, RoleSessionName=name, DurationSeconds=SESSION_SECONDS)

    calls: dict[str, Callable[[], object]] = {
        "s3": lambda: session.s3.get_bucket_location(Bucket=home_bucket),
        "iam": lambda: session.iam.get_user(UserName=name),
        **{f"sts {account_id}": partial(into, arn) for account_id, arn in controls.items()},
    }
    unready = {}
    for service, call in calls.items():
        found = settled(partial(answer, call), "ALLOW", patience)
        if found.result != "ALLOW" and not (found.result == "DENY" and found.names_explicit_deny):
            unready[service] = f"no control: {service} does not know this user's rights yet: {found.detail}"
    return unready


def _in_role(participant: Participant, candidate: Candidate, arn: str, session_name: str, switching: Session) -> Trying:
    account = participant.account
    given = switching.sts.assume_role(RoleArn=arn, RoleSessionName=session_name, DurationSeconds=_GRANTEE_SECONDS)[
        "Credentials"
    ]
    session = account.session(Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]))
    return Trying(candidate, account, session, arn, session_name, participant.outputs, has_other_rights=True)


def _as_grantee(participant: Participant, candidate: Candidate, role_name: str, session_name: str) -> Trying | str:
    administrator = participant.account.administrator
    arn = administrator.iam.get_role(RoleName=role_name)["Role"]["Arn"]
    try:
        return _in_role(participant, candidate, arn, session_name, administrator)
    except ClientError as error:
        if error_code(error) != "AccessDenied":
            raise
        return (
            f"{candidate.principal.name}: the administrator of {participant.account.account_id} can't switch to it:"
            f" {describe(error)}"
        )


def _through(
    entrance: Entrance, user: Session, participant: Participant, candidate: Candidate, name: str, patience: Patience
) -> Trying | str:
    """Return the candidate in the role of its permission set, or why it is not: AWS needs a while to know the user."""
    entered: list[Trying] = []
    found = settled(
        lambda: answer(lambda: entered.append(_in_role(participant, candidate, entrance.arn, name, user))),
        "ALLOW",
        patience,
    )
    return entered[-1] if found.result == "ALLOW" else f"{candidate.principal.name}: {found.detail}"


def _role_arn(account: Account, role_name: str) -> str:
    """Return the ARN of a role with its path, which the ARN of its sessions lacks and conditions may ask for."""
    try:
        return account.administrator.iam.get_role(RoleName=role_name)["Role"]["Arn"]
    except ClientError as error:
        raise AccessError(
            f"role {role_name} of --as can't be read with profile {account.profile!r} ({describe(error)}); name the"
            " stack of its account"
        ) from None


def _person(account: Account, participants: Sequence[Participant]) -> Trying:
    """Return the user, or the role's session, of a profile."""
    identity = account.administrator.sts.get_caller_identity()
    account_id, arn = identity["Account"], identity["Arn"]
    kind, _, path = arn.split(":")[5].partition("/")
    here = next((at for at in participants if at.outputs and at.account.account_id == account_id), None)
    outputs = here.outputs if here else None
    principal = Principal(f"profile {account.profile}", account_id)
    if kind == "assumed-role":
        role_name, session_name = path.split("/")[-2:]
        arn = _role_arn(here.account if here else account, role_name)
        candidate = Candidate(principal, id=f"profile/{account.profile}")
        if outputs and role_name in outputs.grantee_roles:
            candidate = replace(candidate, role=role_name)
        elif outputs and outputs.of_permission_set(permission_set_of(arn)):
            candidate = replace(candidate, permission_set=permission_set_of(arn))
        return Trying(candidate, account, account.administrator, arn, session_name, outputs, has_other_rights=True)
    if kind != "user":
        raise AccessError(f"profile {account.profile!r} is {arn}; name one of a user or of a role")
    user_name = path.rpartition("/")[2]
    reader = here.account.administrator if here else account.administrator
    joined = [group["GroupName"] for group in reader.iam.list_groups_for_user(UserName=user_name)["Groups"]]
    groups = tuple(group for group in joined if outputs and group in outputs.groups)
    candidate = Candidate(replace(principal, groups=groups), id=f"profile/{account.profile}")
    return Trying(candidate, account, account.administrator, arn, user_name, outputs, has_other_rights=True)
