"""Explain the errors of the engine and of AWS in one line each, with the commands that resolve them safely."""

import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sandbox.engine_output import EngineError

_DETAILS = re.compile(r" \(status code \d+, request id [^)]*\)")
_DOING = re.compile(r"^(creating|updating|deleting|reading) urn:\S+: (operation \w+: )?")
_ELSEWHERE = {"bucket": "createBucket: false", "group": "createGroup: false"}
"""The option for a resource that is managed elsewhere."""


@dataclass(frozen=True)
class Failure:
    """A failed engine command."""

    stack: str
    errors: Sequence[EngineError]
    """At least one."""
    parents: Mapping[str, str]
    """The URN of each resource's parent, by the resource's own."""
    log: str
    """The file with the engine's output."""

    @property
    def command(self) -> str:
        """The beginning of a Pulumi command on this stack."""
        return f"python -m sandbox pulumi {self.stack} --"


_Words = Callable[[Failure, EngineError, re.Match[str]], str]
"""Takes the failure, the first error of a kind, and the match of the kind's pattern. Returns the explanation."""


def one_line(failure: Failure) -> str:
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
    return f"the stack reads the outputs of {other}, which is not deployed; run `python -m sandbox up {other}` first"


def _protected(failure: Failure, error: EngineError, match: re.Match[str]) -> str:
    urn = error.urn or match[1]
    component = urn if _kind(urn) == "ApplicationBucket" else failure.parents.get(urn, "")
    if _kind(component) != "ApplicationBucket":
        return (
            f"{_name(urn)} is protected and would be deleted: put it back; or let the next run delete it:"
            f" {failure.command} state unprotect {shlex.quote(urn)}"
        )
    return (
        f"bucket {_logical(component)} is protected and would be deleted: put it back into the file; or stop managing"
        f" it, with createBucket: false for the roles that keep using it: {failure.command} state delete --force"
        f" --target-dependents {shlex.quote(component)}; or let the next run delete it: {failure.command} state"
        " unprotect --all"
    )


def _delete_conflict(failure: Failure, error: EngineError, match: re.Match[str]) -> str:
    name = _logical(error.urn)
    if _kind(error.urn) == "group":
        return (
            f"group {name} can't be deleted: it has members or policies that the sandbox did not make. Remove them"
            f" (aws iam remove-user-from-group --group-name {shlex.quote(name)} --user-name …); or keep the group in"
            f" the file, under a new name with renamedFrom: {name}"
        )
    return f"{_name(error.urn)} can't be deleted: something outside this stack uses it; {_message(error)}"


def _not_empty(failure: Failure, error: EngineError, match: re.Match[str]) -> str:
    return (
        f"{_name(error.urn)} is not empty, so AWS does not delete it: put it back into the file; or delete its objects,"
        " in all versions, and run again"
    )


def _exists(failure: Failure, error: EngineError, match: re.Match[str]) -> str:
    kind = _kind(error.urn)
    ways = ["give it another name", "delete the existing one"]
    if kind in _ELSEWHERE:
        ways.insert(0, f"write {_ELSEWHERE[kind]} if it is managed elsewhere")
    parents, _, token = error.urn.split("::")[2].rpartition("$")
    parent = _parent(error.urn, failure.parents)
    named = re.search(r"with name (\S+) already exists", error.message)
    identity = named[1] if named else _logical(parent) if parent and match[1] == "BucketAlreadyOwnedByYou" else None
    if identity and (parent or not parents):
        arguments = [token, _logical(error.urn), identity, "--protect=false"]
        arguments += ["--parent", f"parent={parent}"] if parent else []
        # The engine imports nothing that its state has already, even as a resource that is only read.
        forget = (
            f"{failure.command} state delete {shlex.quote(error.urn)}; then " if error.urn in failure.parents else ""
        )
        ways.append(f"import it: {forget}{failure.command} import {shlex.join(arguments)}")
    return (
        f"{_name(error.urn)} can't be created: its name is taken by one that this stack did not create:"
        f" {'; or '.join(ways)}"
    )


def _missing(failure: Failure, error: EngineError, match: re.Match[str]) -> str:
    return f"{_reported(error)}; if it was deleted by hand, update the state: {failure.command} refresh"


def _unreachable(failure: Failure, error: EngineError, match: re.Match[str]) -> str:
    return "the emulator stopped answering; run `python -m sandbox up` to continue"


def _nested(failure: Failure, error: EngineError, match: re.Match[str]) -> str:
    return (
        "a value is nested too deeply, in the configuration or in the outputs of a stack that this one reads; the"
        f" traceback is in {failure.log}"
    )


def _killed(failure: Failure, error: EngineError, match: re.Match[str]) -> str:
    return f"the engine was killed by signal {match[1]}; run `python -m sandbox up` to continue"


def _unwritable(failure: Failure, error: EngineError, match: re.Match[str]) -> str:
    cures = {"no space left on device": "free some space", "file name too long": "move the folder to a shorter path"}
    cure = cures.get(match[2].lower(), "make it and its folder writable")
    return f"{match[1]} can't be written ({match[2]}); {cure}, then run it again to continue"


def _again(cure: str) -> _Words:
    """Return the explanation of an error that the next run recovers from, after a step by the user."""

    def words(failure: Failure, error: EngineError, match: re.Match[str]) -> str:
        others = len(failure.errors) - 1
        more = f" ({others} more in {failure.log})" if others else ""
        return f"{_reported(error)}{more}; {cure}run it again to continue"

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
            r"the answer (did not come from AWS|can't be read)|not retried because the engine|operation \w+: [45]\d\d: "
        ),
        _again(""),
    ),
)
"""The errors that edits and faults cause. An error that causes others comes first."""


def _parent(urn: str, known: Iterable[str]) -> str | None:
    """Return the component that a resource belongs to, by its type and because the resource's name begins with its own.

    The component of a resource that could not be created is known; the resource itself is not.
    """
    beginning, name = urn.rpartition("$")[0], _logical(urn)
    of_type = [candidate for candidate in known if candidate.rpartition("::")[0] == beginning]
    parents = [candidate for candidate in of_type if name.startswith(f"{_logical(candidate)}-")]
    return max(parents, key=len, default=None)


def _reported(error: EngineError) -> str:
    """Return an error in one line, with the resource that it is about."""
    about = f"{_name(error.urn)}: " if _kind(error.urn) not in ("", "Stack", "StackReference") else ""
    return about + _message(error)


def _message(error: EngineError) -> str:
    text = " ".join(error.message.split())
    return _DOING.sub("", _DETAILS.sub("", text))


def _name(urn: str) -> str:
    """Return a resource's kind and name, e.g. ``role UpdateApp-role``."""
    return f"{_kind(urn)} {_logical(urn)}"


def _kind(urn: str) -> str:
    """Return the module of an AWS type, ``role`` for ``aws:iam/role:Role``, or the class of a component."""
    if urn.count("::") < 3:
        return ""
    token = urn.split("::")[2].rpartition("$")[2]
    module = token.split(":")[1] if token.count(":") == 2 else ""
    return module.rpartition("/")[2] if "/" in module else token.rpartition(":")[2]


def _logical(urn: str) -> str:
    """Return the name that the program gave a resource."""
    return urn.split("::", 3)[-1]
