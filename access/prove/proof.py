"""Prove access with real calls: test every cell of the matrix of principals, roles and actions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from ..accounts import Account, Session
from ..credentials import Credentials
from ..errors import AccessError
from ..participants import Participant
from .actions import Action, actions_in
from .expectations import (
    Role,
    is_denied_explicitly,
    may_assume,
    may_assume_neighbour,
    trust_refusal,
    useless_grant,
)
from .fixture import SESSION_SECONDS, Caller, Fixture, LiveBuckets, Progress, fixture_of, with_probes
from .matrix import ASSUME, ASSUME_ID, Cell, Expected, Proof, ProvedRole
from .origin import origin_of
from .polling import Answer, Clock, Deadline, SystemClock, answer, poll_until_stable
from .workers import workers

_T = TypeVar("_T")


@dataclass(frozen=True)
class Settings:
    """The settings of a proof."""

    create_probes: bool = False
    """Create users, buckets, objects and roles, and remove them again. Otherwise AWS is only read."""
    wait_seconds: float = 90.0
    """The time in which answers may still change to the expected ones, once everything is created."""
    concurrency: int = 8
    """The number of concurrent calls."""
    live_buckets: LiveBuckets | None = None
    """The treatment of buckets whose writes have effects elsewhere. By default, such a bucket is an error."""
    clock: Clock = field(default_factory=SystemClock)
    """The clock for waiting."""


def prove(
    participants: Sequence[Participant],
    settings: Settings,
    profiles: Sequence[Account] = (),
    progress: Progress = lambda text: None,
) -> Proof:
    """Test who can assume the participants' roles, and what they can do in them; return the proof.

    Args:
        participants: the accounts.
        settings: the settings of the proof.
        profiles: users or roles that test with their own profiles.
        progress: called with the current step.

    Raises:
        AccessError: there is no role or no principal, or a profile belongs to another account than its stack's.
        botocore.exceptions.ClientError: an administrator lacks a right that the proof needs.
    """
    started = datetime.now(UTC)
    fixture = fixture_of(participants, profiles)
    deadline = Deadline(settings.wait_seconds, settings.clock)
    probes: AbstractContextManager[None] = nullcontext()
    if settings.create_probes:
        probes = with_probes(fixture, participants, deadline, settings.concurrency, settings.live_buckets, progress)
        if all(participant.outputs for participant in participants):
            fixture.not_tried.append("principals of an account outside the stacks: use --outsider PROFILE")
    elif profiles:
        fixture.not_tried.append(
            "writing, similarly named buckets and roles, and other principals: use --create-probes"
        )
    else:
        raise AccessError("no principal to test with: pass --create-probes, or --as with the profile of a user or role")
    with probes, workers(settings.concurrency, deadline) as pool:
        entries, cells = _run_checks(fixture, deadline, pool, progress)
    left_out, failing = _untested(entries, datetime.now(UTC))
    return Proof(
        started=started,
        ended=datetime.now(UTC),
        principals=tuple(caller.candidate.principal for caller in fixture.callers),
        roles=tuple(ProvedRole(role.arn, role.buckets) for role, _ in fixture.roles),
        cells=tuple(cells),
        not_tried=tuple(dict.fromkeys((*fixture.not_tried, *left_out))),
        unproved=tuple(failing),
        origin=origin_of(participants),
    )


def nothing_tried(participants: Sequence[Participant]) -> Proof:
    """Return a proof without cells.

    Raises:
        AccessError: a profile belongs to another account than its stack's, or there is no role.
    """
    now = datetime.now(UTC)
    fixture = fixture_of(participants, ())
    not_tried = (*fixture.not_tried, "real calls to AWS: use --create-probes")
    roles = tuple(ProvedRole(role.arn, role.buckets) for role, _ in fixture.roles)
    return Proof(now, now, (), roles, (), not_tried, origin=origin_of(participants))


@dataclass(frozen=True)
class _Entry:
    """The outcome of assuming a role."""

    role: Role
    caller: Caller
    cells: list[Cell]
    session: Session | None
    """The session in the role, if it was expected and created."""
    is_expected: bool
    excuse: str = ""
    """The role's options that the proof can't satisfy, if they may be the reason for a refusal."""

    @property
    def home(self) -> str:
        """The principal's account."""
        return self.caller.candidate.principal.account_id


def _untested(entries: Sequence[_Entry], now: datetime) -> tuple[list[str], list[str]]:
    """Return what was not tested in roles that nobody could assume: what is left out, and what makes the proof fail.

    It is left out where the role's own options refuse everybody, e.g. ``requireMfa``.
    """
    left_out: list[str] = []
    failing: list[str] = []
    roles = {entry.role.arn: entry.role for entry in entries}
    for role in roles.values():
        at_role = [entry for entry in entries if entry.role.arn == role.arn]
        refused = [entry for entry in at_role if entry.is_expected and not entry.session]
        useless = [useless_grant(entry.caller.candidate, role, entry.caller.outputs) for entry in at_role]
        failing += dict.fromkeys(filter(None, useless))
        excuses = dict.fromkeys(entry.excuse for entry in refused if entry.excuse)
        left_out += [f"assuming {role.name}, and its rights: {excuse}" for excuse in excuses]
        names = [entry.caller.candidate.principal.name for entry in refused if not entry.excuse]
        if names:
            left_out.append(f"the rights of {role.name} for principals that could not assume it: {', '.join(names)}")
        if any(useless) or excuses or any(entry.session for entry in at_role):
            continue
        trusted = [entry for entry in at_role if entry.home in role.trusted_accounts]
        refusals = [trust_refusal(entry.caller.candidate, entry.caller.arn, role, now) for entry in trusted]
        if trusted and all(refusals):
            reasons = "; ".join(dict.fromkeys(filter(None, refusals)))
            left_out.append(f"the rights of {role.name}: no tested principal may assume it ({reasons})")
        else:
            failing.append(
                f"nobody could assume {role.name}, so its rights were not tested; add a principal of"
                f" {' or '.join(role.trusted_accounts)} that may assume it"
            )
    return left_out, failing


def _run_checks(
    fixture: Fixture, deadline: Deadline, pool: Executor, progress: Progress
) -> tuple[list[_Entry], list[Cell]]:
    entering = [
        pool.submit(_test_assume_role, fixture, role, caller, deadline)
        for role, _ in fixture.roles
        for caller in fixture.callers
    ]
    entries = _note_missing_controls(list(_results(entering, "assuming roles", progress)))

    # A refused principal has no session to test with; its cell for assuming the role says so.
    role_sessions = [
        _RoleSession(entry, entry.session, tuple(actions_in(entry.role, entry.home, fixture.available)))
        for entry in entries
        if entry.session
    ]
    step = "testing the rights in the roles"
    controls = list(_results([pool.submit(_find_control, each, deadline) for each in role_sessions], step, progress))
    testing = [
        pool.submit(_test_action, inside, action, control, deadline)
        for inside, control in zip(role_sessions, controls, strict=True)
        for action in inside.actions
        if action.id not in control.cells
    ]
    tested = _results(testing, step, progress)
    cells = [cell for entry in entries for cell in entry.cells]
    for inside, control in zip(role_sessions, controls, strict=True):
        cells += [control.cells.get(action.id) or next(tested) for action in inside.actions]
    return entries, cells


def _results(futures: Sequence[Future[_T]], step: str, progress: Progress) -> Iterator[_T]:
    for number, future in enumerate(futures, start=1):
        yield future.result()
        progress(f"{step}: {number} of {len(futures)}")


def _test_assume_role(fixture: Fixture, role: Role, caller: Caller, deadline: Deadline) -> _Entry:
    expected, because = may_assume(caller.candidate, caller.arn, role, caller.outputs, datetime.now(UTC))
    required = _required_arguments(role, caller)
    sessions: list[Session] = []

    def assume(arn: str, **arguments: Any) -> None:  # noqa: ANN401 (AssumeRole's)
        issued = caller.session.sts.assume_role(
            RoleArn=arn, RoleSessionName=caller.session_name, DurationSeconds=SESSION_SECONDS, **arguments
        )["Credentials"]
        if arn == role.arn:
            credentials = Credentials(issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"])
            sessions.append(caller.account.session(credentials))

    unready = caller.unready.get(f"sts {role.account_id}")
    is_denied = is_denied_explicitly(caller.candidate, caller.arn, role, caller.outputs)

    def cell(action: str, expected: Expected, because: str, attempt: Callable[[], object], suffix: str = "") -> Cell:
        def ask() -> Answer:
            result = answer(attempt)
            if result.result == "DENY" and unready:
                return Answer("INCONCLUSIVE", unready)
            if result.result == "DENY" and action == ASSUME and is_denied and result.names_lack_of_allow:
                return Answer("INCONCLUSIVE", f"not refused by the Deny: {result.detail}")
            return result

        outcome = poll_until_stable(ask, expected, deadline)
        identity = f"{ASSUME_ID}{suffix}"
        return _cell(caller, role, identity, action, "sts:AssumeRole", expected, because, outcome)

    all_arguments = {name: value for arguments in required.values() for name, value in arguments.items()}
    entered = cell(ASSUME, expected, because, lambda: assume(role.arn, **all_arguments))
    if expected == "ALLOW" and entered.result == "DENY" and role.circumstances:
        excuse = f"{', '.join(role.circumstances)}: not testable from here"
        return _Entry(role, caller, [], None, is_expected=True, excuse=excuse)
    cells = [entered]
    session = sessions[-1] if entered.matches and sessions else None
    if session:
        for argument, values in required.items():
            others = {name: value for name, value in all_arguments.items() if name not in values}
            attempt = partial(assume, role.arn, **others)
            without = f" without {argument}"
            cells.append(cell(f"{ASSUME}{without}", "DENY", f"the role requires {argument}", attempt, without))
    neighbour = fixture.neighbours.get(role.arn)
    if neighbour and not caller.has_other_rights:
        neighbour_expected, reason = may_assume_neighbour(caller.candidate, role)
        attempt = partial(assume, neighbour)
        name = "assume a role whose name begins the same"
        cells.append(cell(name, neighbour_expected, reason, attempt, " on its neighbour"))
    return _Entry(role, caller, cells, session, is_expected=expected == "ALLOW")


def _required_arguments(role: Role, caller: Caller) -> dict[str, dict[str, Any]]:
    """Return the arguments that the role requires of AssumeRole, by their description."""
    required: dict[str, dict[str, Any]] = {}
    if role.external_id:
        required["the external id"] = {"ExternalId": role.external_id}
    if role.options.get("requireSourceIdentity"):
        required["a source identity"] = {"SourceIdentity": caller.session_name}
    tags = role.options.get("sessionTags", {})
    if tags:
        required["the session tags"] = {"Tags": [{"Key": name, "Value": values[0]} for name, values in tags.items()]}
    return required


def _note_missing_controls(entries: Sequence[_Entry]) -> list[_Entry]:
    """Return the entries, with a note on each refusal by STS that has no control.

    Without a control, nothing shows that STS knows the principal's rights.

    The proof's own users assumed a control role before. Other principals are known once they assumed any role, or if
    STS names a Deny.
    """
    entered = {entry.caller.arn for entry in entries if any(cell.result == "ALLOW" for cell in entry.cells)}

    def noted(cell: Cell, caller: Caller) -> Cell:
        has_control = caller.is_known or caller.arn in entered or Answer(cell.result, cell.detail).names_explicit_deny
        if cell.result != "DENY" or has_control:
            return cell
        return replace(cell, detail=f"{cell.detail}; no control: this principal could assume no role")

    return [replace(entry, cells=[noted(cell, entry.caller) for cell in entry.cells]) for entry in entries]


@dataclass(frozen=True)
class _RoleSession:
    """A session in a role, and the actions to test in it."""

    entry: _Entry
    session: Session
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class _Control:
    """An action that S3 allowed a session, without which its refusals prove nothing."""

    cells: Mapping[str, Cell]
    """The cells tested to find one, by the action's id."""
    missing_because: str = ""


def _find_control(inside: _RoleSession, deadline: Deadline) -> _Control:
    """Test the expected actions of S3, up to the first one that it allows; return the cells of those tested."""
    cells: dict[str, Cell] = {}
    for action in inside.actions:
        if action.operation.startswith("s3:") and action.expected == "ALLOW":
            cells[action.id] = _cell_of(inside, action, _poll(inside, action, deadline))
            if cells[action.id].result == "ALLOW":
                return _Control(cells)
    return _Control(cells, "S3 allowed this session nothing, so its refusal proves nothing" if cells else "")


def _test_action(inside: _RoleSession, action: Action, control: _Control, deadline: Deadline) -> Cell:
    outcome = _poll(inside, action, deadline)
    if outcome.result == action.expected == "DENY":
        service = action.operation.partition(":")[0]
        reason = inside.entry.caller.unready.get(service) or (control.missing_because if service == "s3" else "")
        if reason:
            outcome = Answer("INCONCLUSIVE", f"{reason}: {outcome.detail}")
        elif service != "s3" or not control.cells:
            outcome = Answer("DENY", f"{outcome.detail}; no control: the role has no right in {service.upper()}")
    return _cell_of(inside, action, outcome)


def _poll(inside: _RoleSession, action: Action, deadline: Deadline) -> Answer:
    return poll_until_stable(
        partial(answer, partial(action.attempt, inside.session), action.proves_allow), action.expected, deadline
    )


def _cell_of(inside: _RoleSession, action: Action, outcome: Answer) -> Cell:
    return _cell(
        inside.entry.caller,
        inside.entry.role,
        action.id,
        action.name,
        action.operation,
        action.expected,
        action.because,
        outcome,
        action.target,
    )


def _cell(
    caller: Caller,
    role: Role,
    identity: str,
    action: str,
    operation: str,
    expected: Expected,
    because: str,
    outcome: Answer,
    target: str | None = None,
) -> Cell:
    return Cell(
        caller.candidate.principal.name,
        role.arn,
        action,
        operation,
        expected,
        because,
        outcome.result,
        detail="" if outcome.result == expected == "ALLOW" else outcome.detail,
        id=f"{role.account_id}/{role.name}|{caller.candidate.id}|{identity}",
        target=target,
    )
