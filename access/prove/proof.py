"""Settles the matrix: who can assume which role, and what can be done there."""

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
    allowed_in_vain,
    is_denied_explicitly,
    may_assume,
    may_assume_neighbour,
    trust_refusal,
)
from .matrix import ASSUME, ASSUME_ID, Cell, Expected, Proof, ProvedRole
from .origin import origin_of
from .settling import Answer, Clock, Patience, SystemClock, answer, settled
from .stage import SESSION_SECONDS, LiveBuckets, Progress, Stage, Trying, stage_of, with_probes, workers

_T = TypeVar("_T")


@dataclass(frozen=True)
class Settings:
    """How a proof is made."""

    create_probes: bool = False
    """Whether users, buckets, objects and roles may be made, and removed again. Otherwise AWS is only read."""
    patience: float = 90.0
    """For how many seconds answers that are not the expected ones may still change, once all is made."""
    at_once: int = 8
    """How many things are tried at once."""
    live_buckets: LiveBuckets | None = None
    """What to do with a bucket in which a write would be noticed elsewhere. By default the proof is not made."""
    clock: Clock = field(default_factory=SystemClock)
    """What waiting goes by."""


def prove(
    participants: Sequence[Participant],
    settings: Settings,
    people: Sequence[Account] = (),
    progress: Progress = lambda text: None,
) -> Proof:
    """Try who can assume the participants' roles, and what they can do there.

    Args:
        participants: the accounts.
        settings: how it is done.
        people: whoever else is to try, as their own profiles reach them.
        progress: is told what is going on.

    Raises:
        AccessError: there is no role or nobody to try, or a profile leads to another account than its stack's.
        botocore.exceptions.ClientError: an administrator may not do what the proof needs.
    """
    started = datetime.now(UTC)
    stage = stage_of(participants, people)
    patience = Patience(settings.patience, settings.clock)
    made: AbstractContextManager[None] = nullcontext()
    if settings.create_probes:
        made = with_probes(stage, participants, patience, settings.at_once, settings.live_buckets, progress)
        if all(participant.outputs for participant in participants):
            stage.not_tried.append("anybody of an account that takes no part: --outsider PROFILE tries")
    elif people:
        stage.not_tried.append("writing, neighbouring buckets and roles, and anybody else: --create-probes tries them")
    else:
        raise AccessError("nobody is there to try: pass --create-probes, or --as with the profile of a user or role")
    with made, workers(settings.at_once, patience) as pool:
        entries, cells = _settled(stage, patience, pool, progress)
    left_out, failing = _not_entered(entries, datetime.now(UTC))
    return Proof(
        started=started,
        ended=datetime.now(UTC),
        principals=tuple(trying.candidate.principal for trying in stage.trying),
        roles=tuple(ProvedRole(role.arn, role.buckets) for role, _ in stage.roles),
        cells=tuple(cells),
        not_tried=tuple(dict.fromkeys((*stage.not_tried, *left_out))),
        unproved=tuple(failing),
        origin=origin_of(participants),
    )


def nothing_tried(participants: Sequence[Participant]) -> Proof:
    """Return a proof in which nothing was tried.

    Raises:
        AccessError: a profile leads to another account than its stack's, or there is no role.
    """
    now = datetime.now(UTC)
    stage = stage_of(participants, ())
    not_tried = (*stage.not_tried, "whether AWS does what its policies say: --create-probes tries that")
    roles = tuple(ProvedRole(role.arn, role.buckets) for role, _ in stage.roles)
    return Proof(now, now, (), roles, (), not_tried, origin=origin_of(participants))


@dataclass(frozen=True)
class _Entry:
    """How it went to assume a role."""

    role: Role
    trying: Trying
    cells: list[Cell]
    session: Session | None
    """In the role, for who is to be in it and got in."""
    is_expected: bool
    excuse: str = ""
    """The options of the role that may have kept out who is to be in it: they ask for what the proof can't show."""

    @property
    def home(self) -> str:
        """The account that the principal comes from."""
        return self.trying.candidate.principal.account_id


def _not_entered(entries: Sequence[_Entry], now: datetime) -> tuple[list[str], list[str]]:
    """Return what was not tried in roles that people did not get into: what is left out, and what makes the proof fail.

    It is left out where the role's own options keep them out, e.g. ``requireMfa``.
    """
    left_out: list[str] = []
    failing: list[str] = []
    roles = {entry.role.arn: entry.role for entry in entries}
    for role in roles.values():
        at_role = [entry for entry in entries if entry.role.arn == role.arn]
        outside = [entry for entry in at_role if entry.is_expected and not entry.session]
        in_vain = [allowed_in_vain(entry.trying.candidate, role, entry.trying.outputs) for entry in at_role]
        failing += dict.fromkeys(filter(None, in_vain))
        excuses = dict.fromkeys(entry.excuse for entry in outside if entry.excuse)
        left_out += [f"who gets into {role.name}, and what it grants then: {excuse}" for excuse in excuses]
        echoes = [entry.trying.candidate.principal.name for entry in outside if not entry.excuse]
        if echoes:
            left_out.append(f"what {role.name} grants to who is not in it: {', '.join(echoes)}")
        if any(in_vain) or excuses or any(entry.session for entry in at_role):
            continue
        trusted = [it for it in at_role if it.home in role.trusted_accounts]
        refusals = [trust_refusal(it.trying.candidate, it.trying.arn, role, now) for it in trusted]
        if trusted and all(refusals):
            reasons = "; ".join(dict.fromkeys(filter(None, refusals)))
            left_out.append(f"what {role.name} grants: nobody here gets into it ({reasons})")
        else:
            failing.append(
                f"nobody got into {role.name}, so what it grants was not tried; somebody of"
                f" {' or '.join(role.trusted_accounts)} who may assume it has to take part"
            )
    return left_out, failing


def _settled(stage: Stage, patience: Patience, pool: Executor, progress: Progress) -> tuple[list[_Entry], list[Cell]]:
    entering = [
        pool.submit(_enter, stage, role, trying, patience) for role, _ in stage.roles for trying in stage.trying
    ]
    entries = list(_awaited(entering, "switching into roles", progress))
    entries = _with_notes(entries)
    # In a role that somebody did not get into there is nothing to try: the cell about assuming it says so.
    inside = [
        _Inside(entry, entry.session, tuple(actions_in(entry.role, entry.home, stage.available)))
        for entry in entries
        if entry.session
    ]
    what = "trying what can be done there"
    allowed = list(_awaited([pool.submit(_find_control, it, patience) for it in inside], what, progress))
    doing = [
        pool.submit(_do, it, action, control, patience)
        for it, control in zip(inside, allowed, strict=True)
        for action in it.actions
        if action.id not in control.cells
    ]
    done = _awaited(doing, what, progress)
    cells = [cell for entry in entries for cell in entry.cells]
    for it, control in zip(inside, allowed, strict=True):
        cells += [control.cells.get(action.id) or next(done) for action in it.actions]
    return entries, cells


def _awaited(futures: Sequence[Future[_T]], what: str, progress: Progress) -> Iterator[_T]:
    for number, future in enumerate(futures, start=1):
        yield future.result()
        progress(f"{what}: {number} of {len(futures)}")


def _enter(stage: Stage, role: Role, trying: Trying, patience: Patience) -> _Entry:
    expected, because = may_assume(trying.candidate, trying.arn, role, trying.outputs, datetime.now(UTC))
    demanded = _demanded(role, trying)
    sessions: list[Session] = []

    def assume(arn: str, **call: Any) -> None:  # noqa: ANN401 (what AssumeRole takes)
        given = trying.session.sts.assume_role(
            RoleArn=arn, RoleSessionName=trying.session_name, DurationSeconds=SESSION_SECONDS, **call
        )["Credentials"]
        if arn == role.arn:
            credentials = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
            sessions.append(trying.account.session(credentials))

    unready = trying.unready.get(f"sts {role.account_id}")
    by_deny = is_denied_explicitly(trying.candidate, trying.arn, role, trying.outputs)

    def cell(action: str, expected: Expected, because: str, attempt: Callable[[], object], about: str = "") -> Cell:
        def ask() -> Answer:
            found = answer(attempt)
            if found.result == "DENY" and unready:
                return Answer("INCONCLUSIVE", unready)
            if found.result == "DENY" and action == ASSUME and by_deny and found.names_lack_of_allow:
                return Answer("INCONCLUSIVE", f"not refused by the Deny: {found.detail}")
            return found

        found = settled(ask, expected, patience)
        identity = f"{ASSUME_ID}{about}"
        return _cell(trying, role, identity, action, "sts:AssumeRole", expected, because, found)

    everything = {name: value for call in demanded.values() for name, value in call.items()}
    entered = cell(ASSUME, expected, because, lambda: assume(role.arn, **everything))
    if expected == "ALLOW" and entered.result == "DENY" and role.circumstances:
        return _Entry(
            role, trying, [], None, is_expected=True, excuse=f"{', '.join(role.circumstances)}: not from here"
        )
    cells = [entered]
    session = sessions[-1] if entered.matches and sessions else None
    if session:
        for what, call in demanded.items():
            others = {name: value for name, value in everything.items() if name not in call}
            attempt = partial(assume, role.arn, **others)
            without = f" without {what}"
            cells.append(cell(f"{ASSUME}{without}", "DENY", f"the role demands {what}", attempt, without))
    neighbour = stage.neighbours.get(role.arn)
    if neighbour and not trying.has_other_rights:
        wanted, why = may_assume_neighbour(trying.candidate, role)
        attempt = partial(assume, neighbour)
        cells.append(cell("assume a role whose name begins the same", wanted, why, attempt, " on its neighbour"))
    return _Entry(role, trying, cells, session, is_expected=expected == "ALLOW")


def _demanded(role: Role, trying: Trying) -> dict[str, dict[str, Any]]:
    """What has to be passed to AssumeRole, by what it is."""
    demanded: dict[str, dict[str, Any]] = {}
    if role.external_id:
        demanded["the external id"] = {"ExternalId": role.external_id}
    if role.options.get("requireSourceIdentity"):
        demanded["a source identity"] = {"SourceIdentity": trying.session_name}
    tags = role.options.get("sessionTags", {})
    if tags:
        demanded["the session tags"] = {"Tags": [{"Key": name, "Value": values[0]} for name, values in tags.items()]}
    return demanded


def _with_notes(entries: Sequence[_Entry]) -> list[_Entry]:
    """Say of each refusal by STS that it has no control, where nothing shows that STS knows the principal's rights.

    The proof's own users were let into a control role before. Others count as known once they got into any role, or
    where STS names a Deny.
    """
    got_in = {entry.trying.arn for entry in entries if any(cell.result == "ALLOW" for cell in entry.cells)}

    def noted(cell: Cell, trying: Trying) -> Cell:
        has_control = trying.is_known or trying.arn in got_in or Answer(cell.result, cell.detail).names_explicit_deny
        if cell.result != "DENY" or has_control:
            return cell
        return replace(cell, detail=f"{cell.detail}; no control: STS let this principal into no role")

    return [replace(entry, cells=[noted(cell, entry.trying) for cell in entry.cells]) for entry in entries]


@dataclass(frozen=True)
class _Inside:
    """Somebody who got into a role, and what is tried there."""

    entry: _Entry
    session: Session
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class _Control:
    """What S3 allowed a session first, so that its refusals prove something."""

    cells: Mapping[str, Cell]
    """What was tried to find out, by the action's id."""
    why_none: str = ""


def _find_control(inside: _Inside, patience: Patience) -> _Control:
    """Try what S3 has to allow, up to the first thing that it does allow."""
    cells: dict[str, Cell] = {}
    for action in inside.actions:
        if action.operation.startswith("s3:") and action.expected == "ALLOW":
            cells[action.id] = _cell_of(inside, action, _ask(inside, action, patience))
            if cells[action.id].result == "ALLOW":
                return _Control(cells)
    return _Control(cells, "S3 allowed this session nothing, so its refusal proves nothing" if cells else "")


def _do(inside: _Inside, action: Action, control: _Control, patience: Patience) -> Cell:
    found = _ask(inside, action, patience)
    if found.result == action.expected == "DENY":
        service = action.operation.partition(":")[0]
        why_none = inside.entry.trying.unready.get(service) or (control.why_none if service == "s3" else "")
        if why_none:
            found = Answer("INCONCLUSIVE", f"{why_none}: {found.detail}")
        elif service != "s3" or not control.cells:
            found = Answer("DENY", f"{found.detail}; no control: the role may call nothing of {service.upper()}")
    return _cell_of(inside, action, found)


def _ask(inside: _Inside, action: Action, patience: Patience) -> Answer:
    return settled(
        partial(answer, partial(action.attempt, inside.session), action.proves_allow), action.expected, patience
    )


def _cell_of(inside: _Inside, action: Action, found: Answer) -> Cell:
    return _cell(
        inside.entry.trying,
        inside.entry.role,
        action.id,
        action.name,
        action.operation,
        action.expected,
        action.because,
        found,
        action.target,
    )


def _cell(
    trying: Trying,
    role: Role,
    identity: str,
    action: str,
    operation: str,
    expected: Expected,
    because: str,
    found: Answer,
    target: str | None = None,
) -> Cell:
    return Cell(
        trying.candidate.principal.name,
        role.arn,
        action,
        operation,
        expected,
        because,
        found.result,
        detail="" if found.result == expected == "ALLOW" else found.detail,
        id=f"{role.account_id}/{role.name}|{trying.candidate.id}|{identity}",
        target=target,
    )
