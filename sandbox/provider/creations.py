"""Record the resources that a run creates, from before the call to AWS until the engine has saved its state.

The engine can save its whole state before and after each step, which takes time that grows with the square of the
number of steps. With this record it saves once, at its end. The resources that a killed engine was creating are in the
record, in the state's format, and a refresh looks them up.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2, resource_pb2

from sandbox.provider.configuration import ProviderError
from sandbox.provider.values import SECRET_IN_STATE, in_state

Resource = dict[str, Any]

_SERVER_ERROR = 500


class RecordError(ProviderError):
    """The record can't be written."""


class Creations:
    """The resources that one run begins to create, each a line of a file.

    A later line of a resource adds to its first one: its id, or that AWS refused it. A resource that is only updated or
    deleted has only its URN: the file then shows that the state is out of date.
    """

    def __init__(self, path: Path | None) -> None:
        """Store the path of the file, which is created with its first line; ``None``: the engine saves each step."""
        self._path = path
        self._lock = threading.Lock()
        self._registered: dict[str, Resource] = {}
        self._written: set[str] = set()
        self._pending: set[str] = set()

    def register(self, request: resource_pb2.RegisterResourceRequest, stack: str) -> None:
        """Store the program's declaration of a resource.

        Args:
            request: the declaration.
            stack: the prefix of the URNs of the stack's resources: ``urn:pulumi:stack::project``.
        """
        declared: Resource = {"type": request.type, "custom": request.custom}
        declared |= {"parent": request.parent} if request.parent else {}
        declared |= {"dependencies": sorted(request.dependencies)} if request.dependencies else {}
        declared |= {"protect": True} if request.protect else {}
        declared |= {"retainOnDelete": True} if request.retainOnDelete else {}
        if request.custom:
            of_properties = request.propertyDependencies.items()
            declared["propertyDependencies"] = {name: sorted(needed.urns) for name, needed in of_properties}
        self._registered[_urn(request, stack)] = declared

    def begin(self, urn: str, inputs: Struct, provider: provider_pb2.ConfigureRequest) -> None:
        """Record that a resource is about to be created, after its parents and its provider.

        Raises:
            RecordError: the record can't be written, so the resource must not be created.
        """
        if not self._path:
            return
        settings = {key: value for key, value in in_state(provider.args).items() if value != SECRET_IN_STATE}
        provider_state = {**self._declared(provider.urn), "id": provider.id, "inputs": settings}
        created = {**self._declared(urn), "inputs": in_state(inputs), "provider": f"{provider.urn}::{provider.id}"}
        with self._lock:
            needed = [*self._parents(provider.urn), provider_state, *self._parents(urn)]
            self._write([*(item for item in needed if item["urn"] not in self._written), created])
            self._pending.add(urn)

    @contextmanager
    def changing(self, urn: str) -> Iterator[None]:
        """Record that a resource is about to be updated or deleted.

        If the answer gets lost, the state may be wrong for good: the record stays, so that the next command refreshes.

        Raises:
            RecordError: the record can't be written, so the resource must not be changed.
        """
        with self._lock:
            self._write([{"urn": urn}])
            self._pending.add(urn)
        try:
            yield
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < _SERVER_ERROR:
                self._pending.discard(urn)
            raise
        self._pending.discard(urn)

    def end(self, urn: str, resource_id: str | None) -> None:
        """Record the id of a created resource; ``None``: AWS refused it."""
        with self._lock, suppress(RecordError):  # without the id, a refresh looks the resource up
            if urn in self._pending:
                self._pending.remove(urn)
                self._write([{"urn": urn, "id": resource_id} if resource_id else {"urn": urn, "refused": True}])

    def forget(self) -> None:
        """Delete the record, because the state has everything, unless calls are still pending."""
        with self._lock:
            if self._path and not self._pending:
                self._path.unlink(missing_ok=True)

    def _declared(self, urn: str) -> Resource:
        token = urn.split("::")[2].rpartition("$")[2]
        return {"urn": urn, "custom": True, "type": token, **self._registered.get(urn, {})}

    def _parents(self, urn: str) -> list[Resource]:
        """Return the components around a resource, the outermost first."""
        parent = self._registered.get(urn, {}).get("parent")
        if parent not in self._registered:
            return []
        return [*self._parents(parent), self._declared(parent)]

    def _write(self, resources: list[Resource]) -> None:
        if not self._path:
            return
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write("".join(f"{json.dumps(resource)}\n" for resource in resources))
        except OSError as error:
            raise RecordError(f"{self._path}: {error.strerror}") from error
        self._written |= {resource["urn"] for resource in resources}


def read_creations(path: Path) -> list[Resource]:
    """Return the resources that a run had begun to create, in the state's format; one with an id was created."""
    found: dict[str, Resource] = {}
    with suppress(FileNotFoundError):
        for line in path.read_text(encoding="utf-8").splitlines():
            with suppress(ValueError):  # the last line of a process that was killed while writing
                entry = json.loads(line)
                found.setdefault(entry["urn"], {}).update(entry)
    return [resource for resource in found.values() if "type" in resource and not resource.get("refused")]


def _urn(request: resource_pb2.RegisterResourceRequest, stack: str) -> str:
    """Return a resource's URN, built as the engine does. Source: Pulumi, "Resource names", section "URNs"."""
    parents = request.parent.split("::")[2] if request.parent else ""
    within = "" if parents in ("", "pulumi:pulumi:Stack") else f"{parents}$"
    return f"{stack}::{within}{request.type}::{request.name}"
