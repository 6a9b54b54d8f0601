"""Refusals of the engine and of AWS, each in one line: what is wrong, and the commands that do it safely."""

import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sandbox.engine_output import EngineError

_DETAILS = re.compile(r" \(status code \d+, request id [^)]*\)")
_DOING = re.compile(r"^(creating|updating|deleting|reading) urn:\S+: (operation \w+: )?")
_ELSEWHERE = {"bucket": "createBucket: false", "group": "createGroup: false"}
"""The option for something that exists and is looked after elsewhere."""


@dataclass(frozen=True)
class Failure:
    """A command of the engine's that failed."""

    stack: str
    errors: Sequence[EngineError]
    """At least one."""
    parents: Mapping[str, str]
    """The URN of each resource's parent, by the resource's own."""
    log: str
    """The file with all that the engine printed."""

    @property
    def command(self) -> str:
        """The beginning of a command of the CLI on this stack."""
        return f"python -m sandbox pulumi {self.stack} --"


_Words = Callable[[Failure, EngineError, re.Match[str]], str]
"""Takes the failure, the first error of a kind, and the match of the kind's pattern in it."""


def in_words(failure: Failure) -> str:
    """Return the reason for a failure in one line."""
    for pattern, words in _KINDS:
        for error in failure.errors:
            match = pattern.search(error.message)
            if match:
                return words(failure, error, match)
    first, *others = failure.errors
    lines = first.message.splitlines()
    if lines[0].startswith("Traceback "):
        return f"the program raised {lines[-1]}; the traceback is in {failure.log}"
    more = f"; {len(others)} more in {failure.log}" if others else ""
    return f"{_reported(first)}{more}"


def _unknown_stack(failure: Failure, error: EngineError, match: re.Match[str]) -> str:
    other = match[1].rpartition("/")[2]
    return f"it reads the outputs of {other}, which is not deployed; run `python -m sandbox up {other}` first"


def _protected(failure: Failure, error: EngineError, match: re.Match[str]) -> str:
    urn = error.urn or match[1]
    component = urn if _kind(urn) == "ApplicationBucket" else failure.parents.get(urn, "")
    if _kind(component) != "ApplicationBucket":
        return (
            f"{_name(urn)} would be deleted, and it is protected: put it back; or let the next run delete it:"
            f" {failure.command} state unprotect {shlex.quote(urn)}"
        )
    return (
        f"bucket {_logical(component)} would be deleted, and it is protected: put it back into the file; or hand it"
        f" over, with createBucket: false where a role keeps using it: {failure.command} state delete --force"
        f" --target-dependents {shlex.quote(component)}; or let the next run delete it: {failure.command} state"
        " unprotect --all"
    )


def _delete_conflict(failure: Failure, error: EngineError, match: re.Match[str]) -> str:
    name = _logical(error.urn)
    if _kind(error.urn) == "group":
        return (
            f"group {name} can't be deleted, as people or policies that are not the sandbox's are in it: take them out"
            f" (aws iam remove-user-from-group --group-name {shlex.quote(name)} --user-name …); or keep it in the file,"
            f" under a new name with renamedFrom: {name}"
        )
    return f"{_name(error.urn)} can't be deleted, as something that is not this stack's hangs on it; {_said(error)}"


def _not_empty(failure: Failure, error: EngineError, match: re.Match[str]) -> str:
    return (
        f"{_name(error.urn)} is not empty, so AWS keeps it: put it back into the file; or delete its objects, with all"
        " their versions, and run again"
    )


def _exists(failure: Failure, error: EngineError, match: re.Match[str]) -> str:
    kind = _kind(error.urn)
    ways = ["give it another name", "delete what there is"]
    if kind in _ELSEWHERE:
        ways.insert(0, f"say {_ELSEWHERE[kind]}, if it is looked after elsewhere")
    parents, _, token = error.urn.split("::")[2].rpartition("$")
    parent = _parent(error.urn, failure.parents)
    named = re.search(r"with name (\S+) already exists", error.message)
    identity = named[1] if named else _logical(parent) if parent and match[1] == "BucketAlreadyOwnedByYou" else None
    if identity and (parent or not parents):
        arguments = [token, _logical(error.urn), identity, "--protect=false"]
        arguments += ["--parent", f"parent={parent}"] if parent else []
        # The engine imports nothing that it knows already, be it only as something to read.
        forget = (
            f"{failure.command} state delete {shlex.quote(error.urn)}; then " if error.urn in failure.parents else ""
        )
        ways.append(f"take it over: {forget}{failure.command} import {shlex.join(arguments)}")
    return (
        f"{_name(error.urn)} can't be made, as something of its name exists that this stack did not make:"
        f" {'; or '.join(ways)}"
    )


def _missing(failure: Failure, error: EngineError, match: re.Match[str]) -> str:
    return f"{_reported(error)}; if it was deleted by hand, bring the state up to date: {failure.command} refresh"


def _unreachable(failure: Failure, error: EngineError, match: re.Match[str]) -> str:
    return "the emulator stopped answering; run `python -m sandbox up`, which goes on where it was"


def _nested(failure: Failure, error: EngineError, match: re.Match[str]) -> str:
    return (
        "a value is nested too deeply, in the configuration or in what a stack exports that this one reads; the"
        f" traceback is in {failure.log}"
    )


def _killed(failure: Failure, error: EngineError, match: re.Match[str]) -> str:
    return f"the engine was ended by signal {match[1]}; run `python -m sandbox up`, which goes on where it was"


def _unwritable(failure: Failure, error: EngineError, match: re.Match[str]) -> str:
    cures = {"no space left on device": "make room", "file name too long": "move the folder to a shorter path"}
    cure = cures.get(match[2].lower(), "make it and its folder writable")
    return f"{match[1]} can't be written ({match[2]}); {cure}, and run it again: it goes on where it was"


def _again(cure: str) -> _Words:
    """Return the words for what the next run makes up for, once something is done."""

    def words(failure: Failure, error: EngineError, match: re.Match[str]) -> str:
        others = len(failure.errors) - 1
        more = f" ({others} more in {failure.log})" if others else ""
        return f"{_reported(error)}{more}; {cure}run it again and it goes on where it was"

    return words


_KINDS: Sequence[tuple[re.Pattern[str], _Words]] = (
    (re.compile(r'unknown stack "([^"]+)"'), _unknown_stack),
    (re.compile(r'resource "([^"]+)" cannot be deleted\s+because it is protected'), _protected),
    (re.compile(r"\bDeleteConflict\b"), _delete_conflict),
    (re.compile(r"\bBucketNotEmpty\b"), _not_empty),
    (re.compile(r"\b(EntityAlreadyExists|BucketAlreadyExists|BucketAlreadyOwnedByYou)\b"), _exists),
    (re.compile(r"\bNoSuch(Entity|Bucket)\b"), _missing),
    (
        re.compile(
            r"Could not connect to the endpoint|Connection was closed|connection refused|Read timeout on endpoint"
        ),
        _unreachable,
    ),
    (re.compile(r"^Traceback [\s\S]*\nRecursionError: "), _nested),
    (re.compile(r"^exit code -(\d+)$"), _killed),
    (
        re.compile(
            r"(/[^\s:]*/\.pulumi/[^\s:]*): (no space left on device|permission denied|operation not permitted"
            r"|read-only file system|disk quota exceeded|file name too long)",
            re.IGNORECASE,
        ),
        _unwritable,
    ),
    (re.compile(r"\bExpiredToken(Exception)?\b"), _again("sign in again, then ")),
    (re.compile(r"\bAccessDenied(Exception)?\b|operation \w+: 403: "), _again("get the right to do it, then ")),
    (re.compile(r"\b(Throttling(Exception)?|SlowDown|RequestLimitExceeded)\b"), _again("wait a little, then ")),
    (re.compile(r"\b(ServiceFailure|InternalError|InternalFailure|ServiceUnavailable)\b"), _again("")),
    (
        re.compile(
            r"the answer (did not come from AWS|can't be read)|asked again as the engine|operation \w+: [45]\d\d: "
        ),
        _again(""),
    ),
)
"""The refusals that edits of the files and faults meet, the ones that explain others first."""


def _parent(urn: str, known: Iterable[str]) -> str | None:
    """Return the component that a resource belongs to: of the right type, and the resource's name begins with its own.

    A resource that could not be made is not among the known ones, but the component is.
    """
    beginning, name = urn.rpartition("$")[0], _logical(urn)
    found = [it for it in known if it.rpartition("::")[0] == beginning and name.startswith(f"{_logical(it)}-")]
    return max(found, key=len, default=None)


def _reported(error: EngineError) -> str:
    """Return an error in one line, with the resource that it is about."""
    about = f"{_name(error.urn)}: " if _kind(error.urn) not in ("", "Stack", "StackReference") else ""
    return about + _said(error)


def _said(error: EngineError) -> str:
    text = " ".join(error.message.split())
    return _DOING.sub("", _DETAILS.sub("", text))


def _name(urn: str) -> str:
    """Return what a resource is, in words, e.g. ``role UpdateApp-role``."""
    return f"{_kind(urn)} {_logical(urn)}"


def _kind(urn: str) -> str:
    """Return the last part of a type: of AWS's as in ``aws:iam/role:Role`` its module, of components their class."""
    if urn.count("::") < 3:
        return ""
    token = urn.split("::")[2].rpartition("$")[2]
    module = token.split(":")[1] if token.count(":") == 2 else ""
    return module.rpartition("/")[2] if "/" in module else token.rpartition(":")[2]


def _logical(urn: str) -> str:
    """Return the name that the program gave a resource."""
    return urn.split("::", 3)[-1]
