"""Set up a proof: the callers, the roles, and the resources that it tests with."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from botocore.exceptions import ClientError

from ..accounts import Account, Session
from ..arn import name_of, partition_of, permission_set_of, resource_of
from ..aws_errors import describe, error_code
from ..credentials import Credentials
from ..errors import AccessError
from ..interruption import Interruption
from ..participants import Participant, check_account
from ..stack_outputs import StackOutputs
from .actions import Available, ProbedBucket
from .expectations import MAX_GROUPS, Candidate, Role, candidates_of, outsider_of, roles_of
from .inventory import PATH, Run
from .matrix import Principal
from .permission_sets import PermissionSetRole, permission_set_roles
from .polling import Deadline, answer, poll_until_stable
from .probes import Probes, trust_policy, why_live
from .removal import describe_left, remove

Progress = Callable[[str], None]
"""A function that is called with the current step."""

LiveBuckets = Literal["write", "skip"]
"""The treatment of buckets whose writes have effects elsewhere, or can't be undone."""

SESSION_SECONDS, _GRANTEE_SECONDS = 900, 3600
"""The length of sessions: AWS's minimum, and that of a grantee role's session, which begins the others."""


@dataclass(frozen=True)
class Caller:
    """A principal that makes the calls."""

    candidate: Candidate
    account: Account
    session: Session
    """The caller's session in its account."""
    arn: str
    """The caller's ARN, or its role's for a session."""
    session_name: str
    """The name of its sessions in a role."""
    outputs: StackOutputs | None
    """The outputs of its account's stack."""
    has_other_rights: bool = False
    """``True`` if it may have rights unknown to the proof."""
    is_known: bool = False
    """``True`` if the proof created it and determined :attr:`unready`."""
    unready: Mapping[str, str] = field(default_factory=dict)
    """Why a refusal by a service proves nothing: the service did not learn the principal's rights in time.

    The key is ``s3``, ``iam``, or ``sts`` with the role's account.
    """


@dataclass
class Fixture:
    """The callers, roles and resources of a proof."""

    roles: list[tuple[Role, Account]]
    """Each role with its account."""
    callers: list[Caller] = field(default_factory=list)
    available: Available = field(default_factory=Available)
    neighbours: dict[str, str] = field(default_factory=dict)
    """The ARN of a role with the same name prefix, by the ARN of the role."""
    not_tried: list[str] = field(default_factory=list)
    """One line for each part that is not tested."""

    @property
    def owners(self) -> dict[str, tuple[Role, Account]]:
        """One role of each bucket, with the role's account."""
        return {bucket: (role, account) for role, account in self.roles for bucket in role.buckets}


def fixture_of(participants: Sequence[Participant], profiles: Sequence[Account]) -> Fixture:
    """Return the participants' roles, with the callers of the given profiles.

    Raises:
        AccessError: a profile belongs to another account than its stack's, or there is no role.
    """
    roles = [(role, participant.account) for participant in participants for role in _roles(participant)]
    if not roles:
        raise AccessError("none of the stacks exports a role to test; name the stack that does")
    keys = [f"the keys of {role.name} (kmsKeyArns)" for role, _ in roles if role.options.get("kmsKeyArns")]
    return Fixture(roles, [_profile_caller(account, participants) for account in profiles], not_tried=keys)


@contextmanager
def workers(concurrency: int, deadline: Deadline | None = None) -> Iterator[Executor]:
    """Yield a thread pool. An exception cancels its queue and ends all waiting."""
    pool = ThreadPoolExecutor(concurrency)
    try:
        yield pool
    except BaseException:
        if deadline:
            deadline.cancel()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def with_probes(
    fixture: Fixture,
    participants: Sequence[Participant],
    deadline: Deadline,
    concurrency: int,
    live_buckets: LiveBuckets | None,
    progress: Progress,
) -> Iterator[None]:
    """Create the proof's own users, buckets, objects and roles, and remove them on exit.

    A signal at any moment removes them too, or reports the rest.

    Raises:
        AccessError: a bucket is live, or something was not removed.
        KeyboardInterrupt: a signal ended the proof; everything was removed.
        botocore.exceptions.ClientError: an administrator lacks a right to create them.
    """
    skipped = _skipped_buckets(fixture, live_buckets)
    probes = Probes(Run(), partition_of(fixture.roles[0][0].arn))
    with Interruption() as interruption:
        try:
            try:
                progress(f"creating users, buckets and objects, all named {probes.run.name}")
                with workers(concurrency, deadline) as pool:
                    users = _create_probes(fixture, participants, probes, skipped, pool)
                    # Everything exists: from here on, a refusal is final, or AWS has not learned the rights yet.
                    deadline.restart()
                    progress("waiting until AWS knows the users")
                    pending = [pool.submit(_ready_caller, user, fixture, probes, deadline) for user in users]
                    for caller in [each.result() for each in pending]:
                        if isinstance(caller, Caller):
                            fixture.callers.append(caller)
                        else:
                            fixture.not_tried.append(caller)
                deadline.restart()
                yield
            finally:
                interruption.begin_removal()
        finally:
            progress("removing the test resources")
            with workers(concurrency) as pool:
                removal = remove(probes.resources, pool, interruption, progress)
            if removal.left:
                raise AccessError(f"{describe_left(removal.left)}; to remove the rest: access prove … --clean")


def _skipped_buckets(fixture: Fixture, live_buckets: LiveBuckets | None) -> set[str]:
    """Return the buckets to leave out of the proof.

    Raises:
        AccessError: a bucket is live, and ``live_buckets`` is not set.
    """
    skipped = set()
    for bucket, (role, account) in fixture.owners.items():
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
                f"bucket {bucket}: {reason}, so test objects would have effects elsewhere; pass --live-buckets write to"
                " test it anyway, or --live-buckets skip to leave its objects out"
            )
        if reason:
            skipped.add(bucket)
            fixture.not_tried.append(f"objects of {bucket}: {reason} (--live-buckets skip)")
    return skipped


def _roles(participant: Participant) -> list[Role]:
    roles, account = roles_of(participant.outputs) if participant.outputs else [], participant.account
    for role in roles:
        check_account(account, role.arn)
    return roles


@dataclass(frozen=True)
class _User:
    """A candidate with a number for its name and, in most cases, its user."""

    participant: Participant
    candidate: Candidate
    number: int
    set_role: PermissionSetRole | None
    """The role of its permission set, if any."""


def _create_probes(
    fixture: Fixture, participants: Sequence[Participant], probes: Probes, skipped: Collection[str], pool: Executor
) -> list[_User]:
    """Create all resources, and return the users, which have no rights yet."""
    calling = [participant for participant in participants if _has_callers(participant)]
    roles = [role for role, _ in fixture.roles]
    owners = {role.account_id: account for role, account in fixture.roles}
    trusted = [participant.account.account_id for participant in calling]
    # Roles come first, as boundaries name them.
    controls = [pool.submit(probes.create_control_role, account, trusted) for account in owners.values()]
    neighbours = [pool.submit(probes.create_neighbour_role, account, role) for role, account in fixture.roles]
    homes = [pool.submit(probes.create_home_bucket, participant.account) for participant in calling]
    trust_policies = {role.arn: pool.submit(trust_policy, account, role) for role, account in fixture.roles}
    probed_buckets = {bucket: owner for bucket, owner in fixture.owners.items() if bucket not in skipped}
    probed = pool.map(partial(_probed_bucket, probes), probed_buckets, probed_buckets.values())

    role_arns = [
        *(role.arn for role in roles),
        *(probes.neighbour_arn(role) for role in roles),
        *(probes.control_role_arn(owner) for owner in owners),
    ]
    users: list[_User] = []
    creating = []
    for participant in calling:
        own = _users_of(participant, fixture, first=len(users))
        set_roles = [user.set_role.arn for user in own if user.set_role]
        boundary = probes.create_boundary(participant.account, [*role_arns, *set_roles])
        creating += [
            pool.submit(probes.create_user, participant.account, user.number, user.candidate, boundary)
            for user in own
            if not user.candidate.role
        ]
        users += own

    for future in (*controls, *neighbours, *homes, *creating):
        future.result()
    fixture.neighbours = {role.arn: probes.neighbour_arn(role) for role in roles}
    buckets = dict(zip(probed_buckets, probed, strict=True))
    for bucket, probe in buckets.items():
        if isinstance(probe, str):
            fixture.not_tried.append(f"objects of {bucket}: {probe}")
    fixture.available = Available(
        buckets={bucket: probe for bucket, probe in buckets.items() if isinstance(probe, ProbedBucket)},
        home_buckets={each.account.account_id: probes.home_bucket(each.account) for each in calling},
        trust_policies={arn: future.result() for arn, future in trust_policies.items()},
    )
    return users


def _users_of(participant: Participant, fixture: Fixture, first: int) -> list[_User]:
    """Return the numbered callers of an account, and record the candidates that can't be tested."""
    account_id, outputs = participant.account.account_id, participant.outputs
    candidates = candidates_of(account_id, outputs) if outputs else [outsider_of(account_id)]
    if outputs and len(outputs.groups) > MAX_GROUPS:
        fixture.not_tried.append(f"a member of all groups of {outputs.stack}: IAM allows ten groups for each user")
    set_roles = permission_set_roles(participant.account, outputs.permission_sets if outputs else ())
    users: list[_User] = []
    for candidate in candidates:
        set_role = set_roles.get(candidate.permission_set or "")
        if set_role and set_role.unusable_because:
            fixture.not_tried.append(f"{candidate.principal.name}: {set_role.unusable_because}")
        else:
            users.append(_User(participant, candidate, first + len(users), set_role))
    return users


def _has_callers(participant: Participant) -> bool:
    """Return whether the account has callers: its stack grants roles, or it has no stack."""
    return participant.outputs is None or participant.outputs.has_grants


def _probed_bucket(probes: Probes, bucket: str, owner: tuple[Role, Account]) -> ProbedBucket | str:
    """Return the probed bucket, or why its objects can't be tested: it belongs to another account."""
    role, account = owner
    try:
        return probes.create_probes_in(account, role, bucket)
    except ClientError as error:
        if error_code(error) == "AccessDenied" and role.bucket_may_be_elsewhere:
            return f"the administrator of {role.account_id} can't write to it: {describe(error)}"
        raise


def _ready_caller(user: _User, fixture: Fixture, probes: Probes, deadline: Deadline) -> Caller | str:
    """Return the caller once it is ready, or why it is not."""
    participant, candidate, account = user.participant, user.candidate, user.participant.account
    name = probes.user_name(user.number)
    if candidate.role:
        return _in_grantee_role(participant, candidate, candidate.role, name)
    controls = {role.account_id: probes.control_role_arn(role.account_id) for role, _ in fixture.roles}
    needs_any_role = candidate.may_assume_any or user.set_role
    session = probes.activate_user(account, user.number, "*" if needs_any_role else sorted(controls.values()))
    if user.set_role:
        return _in_permission_set(user.set_role, session, participant, candidate, name, deadline)
    partition = partition_of(next(iter(controls.values())))
    arn = f"arn:{partition}:iam::{account.account_id}:user{PATH}{name}"
    unready = _unready_services(session, name, controls, probes.home_bucket(account), deadline)
    return Caller(candidate, account, session, arn, name, participant.outputs, is_known=True, unready=unready)


def _unready_services(
    session: Session, name: str, controls: Mapping[str, str], home_bucket: str, deadline: Deadline
) -> dict[str, str]:
    """Return the services whose refusals prove nothing, with the reason: they did not allow a control call in time.

    Services see changes one by one (IAM User Guide, "Changes that I make are not always immediately visible"), so each
    is tested separately. With a Deny on every role, STS refuses the control role too, and names the Deny.
    """

    def assume(arn: str) -> None:
        session.sts.assume_role(RoleArn=arn, RoleSessionName=name, DurationSeconds=SESSION_SECONDS)

    calls: dict[str, Callable[[], object]] = {
        "s3": lambda: session.s3.get_bucket_location(Bucket=home_bucket),
        "iam": lambda: session.iam.get_user(UserName=name),
        **{f"sts {account_id}": partial(assume, arn) for account_id, arn in controls.items()},
    }
    unready = {}
    for service, call in calls.items():
        outcome = poll_until_stable(partial(answer, call), "ALLOW", deadline)
        if outcome.result != "ALLOW" and not (outcome.result == "DENY" and outcome.names_explicit_deny):
            unready[service] = f"no control: {service} does not know this user's rights yet: {outcome.detail}"
    return unready


def _in_role(participant: Participant, candidate: Candidate, arn: str, session_name: str, switching: Session) -> Caller:
    account = participant.account
    issued = switching.sts.assume_role(RoleArn=arn, RoleSessionName=session_name, DurationSeconds=_GRANTEE_SECONDS)[
        "Credentials"
    ]
    session = account.session(Credentials(issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"]))
    return Caller(candidate, account, session, arn, session_name, participant.outputs, has_other_rights=True)


def _in_grantee_role(participant: Participant, candidate: Candidate, role_name: str, session_name: str) -> Caller | str:
    administrator = participant.account.administrator
    arn = administrator.iam.get_role(RoleName=role_name)["Role"]["Arn"]
    try:
        return _in_role(participant, candidate, arn, session_name, administrator)
    except ClientError as error:
        if error_code(error) != "AccessDenied":
            raise
        return (
            f"{candidate.principal.name}: the administrator of {participant.account.account_id} can't assume it:"
            f" {describe(error)}"
        )


def _in_permission_set(
    set_role: PermissionSetRole,
    user: Session,
    participant: Participant,
    candidate: Candidate,
    name: str,
    deadline: Deadline,
) -> Caller | str:
    """Return the caller in the role of its permission set, or why it can't assume it."""
    callers: list[Caller] = []
    outcome = poll_until_stable(
        lambda: answer(lambda: callers.append(_in_role(participant, candidate, set_role.arn, name, user))),
        "ALLOW",
        deadline,
    )
    return callers[-1] if outcome.result == "ALLOW" else f"{candidate.principal.name}: {outcome.detail}"


def _role_arn(account: Account, role_name: str) -> str:
    """Return the ARN of a role with its path, which conditions may test and its sessions' ARNs lack."""
    try:
        return account.administrator.iam.get_role(RoleName=role_name)["Role"]["Arn"]
    except ClientError as error:
        raise AccessError(
            f"role {role_name} of --as can't be read with profile {account.profile!r} ({describe(error)}); name the"
            " stack of its account"
        ) from None


def _profile_caller(account: Account, participants: Sequence[Participant]) -> Caller:
    """Return the caller of a profile: a user, or a session of a role."""
    identity = account.administrator.sts.get_caller_identity()
    account_id, arn = identity["Account"], identity["Arn"]
    kind, _, path = resource_of(arn).partition("/")
    own = [each for each in participants if each.outputs and each.account.account_id == account_id]
    participant = own[0] if own else None
    outputs = participant.outputs if participant else None
    principal = Principal(f"profile {account.profile}", account_id)
    if kind == "assumed-role":
        role_name, session_name = path.split("/")[-2:]
        arn = _role_arn(participant.account if participant else account, role_name)
        candidate = Candidate(principal, id=f"profile/{account.profile}")
        if outputs and role_name in outputs.grantee_roles:
            candidate = replace(candidate, role=role_name)
        elif outputs and outputs.of_permission_set(permission_set_of(arn)):
            candidate = replace(candidate, permission_set=permission_set_of(arn))
        return Caller(candidate, account, account.administrator, arn, session_name, outputs, has_other_rights=True)
    if kind != "user":
        raise AccessError(f"profile {account.profile!r} is {arn}; name one of a user or of a role")
    user_name = name_of(arn)
    reader = participant.account.administrator if participant else account.administrator
    joined = [group["GroupName"] for group in reader.iam.list_groups_for_user(UserName=user_name)["Groups"]]
    groups = tuple(group for group in joined if outputs and group in outputs.groups)
    candidate = Candidate(replace(principal, groups=groups), id=f"profile/{account.profile}")
    return Caller(candidate, account, account.administrator, arn, user_name, outputs, has_other_rights=True)
