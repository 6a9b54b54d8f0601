"""The provider's gRPC service, which implements Pulumi's protocol with the resource types.

Source: Pulumi's "Provider protocol" (``proto/pulumi/provider.proto``).
"""

import functools
import importlib.metadata
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import grpc
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from sandbox.provider import lifecycle
from sandbox.provider.configuration import KEYS, SECRET_KEYS, Aws, Configuration, ProviderError
from sandbox.provider.creations import Creations
from sandbox.provider.functions import FUNCTIONS
from sandbox.provider.iam import IAM_TYPES
from sandbox.provider.iam_groups import GROUP_TYPES
from sandbox.provider.resource import (
    ResourceType,
    changes,
    checked_inputs,
    deletes_first,
    planned_outputs,
    refreshed_inputs,
)
from sandbox.provider.s3 import S3_TYPES
from sandbox.provider.values import UNKNOWN, Properties, from_struct, secret, to_struct

PLUGIN_VERSION = importlib.metadata.version("pulumi_aws")
"""The version of the official plugin that this one replaces, which is the version of the program's SDK."""

RESOURCE_TYPES = {kind.token: kind for kind in (*IAM_TYPES, *GROUP_TYPES, *S3_TYPES)}
"""The supported resource types, by token."""

_REGION_OF_IMPORT = re.compile(r"(.+)@([a-z]{2}(?:-[a-z]+)+-\d{1,2})")
"""An import id that ends in the resource's region (AWS provider, "Enhanced Region Support")."""

_DiffResponse = provider_pb2.DiffResponse
_Answer = TypeVar("_Answer")
_Method = TypeVar("_Method", bound=Callable[..., Any])


class _CallError(Exception):
    """A call that ends with an error."""

    def __init__(self, code: grpc.StatusCode, message: str, status: bytes | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        """The error's details for the engine: a ``google.rpc.Status``."""


def _call(method: _Method) -> _Method:
    """Wrap a method that the engine calls, so that every error is one line and never a traceback."""

    @functools.wraps(method)
    def call(provider: "AwsProvider", request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401
        try:
            return method(provider, request, context)
        except _CallError as error:
            ended = error
        except RecursionError:
            what = f"{method.__name__} {getattr(request, 'urn', '')}".strip()
            ended = _CallError(grpc.StatusCode.INVALID_ARGUMENT, f"{what}: a value is nested too deeply")
        except Exception as error:
            what = f"{method.__name__} {getattr(request, 'urn', '')}".strip()
            ended = _CallError(
                grpc.StatusCode.INTERNAL,
                f"{what}: a defect of the sandbox's stand-in provider: {type(error).__name__}: {_one_line(error)}",
            )
        if ended.status:
            context.set_trailing_metadata((("grpc-status-details-bin", ended.status),))
        context.abort(ended.code, str(ended))

    return cast(_Method, call)


class AwsProvider(provider_pb2_grpc.ResourceProviderServicer):
    """The provider service. Each connection of the engine configures its own provider in this process."""

    def __init__(self, defaults: Mapping[str, str], creations: Creations | None = None) -> None:
        """Create a provider that is not configured yet.

        Args:
            defaults: configuration, by names without ``aws:``, for keys that the engine does not send.
            creations: the record of created resources, if the engine saves its state only once.
        """
        self._defaults = defaults
        self._creations = creations or Creations(None)
        self._accounts: dict[str, Aws] = {}
        self._configured: dict[str, provider_pb2.ConfigureRequest] = {}

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> Empty:  # noqa: N802
        """Accept an engine that did not start this provider."""
        return Empty()

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802
        """Return the version that the engine records."""
        return plugin_pb2.PluginInfo(version=PLUGIN_VERSION)

    def Handshake(  # noqa: N802
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Return the provider's features, as in the answer to Configure."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, supports_autonaming_configuration=True)

    @_call
    def CheckConfig(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Refuse unknown keys, and mark the secret ones."""
        inputs = from_struct(request.news)
        failures = [
            provider_pb2.CheckFailure(
                property=key,
                reason=f"aws:{key} is not supported by the sandbox's stand-in provider; supported: {', '.join(KEYS)}",
            )
            for key in inputs
            if key not in KEYS
        ]
        marked = {
            key: secret(value) if key in SECRET_KEYS and isinstance(value, str) else value
            for key, value in inputs.items()
        }
        return provider_pb2.CheckResponse(inputs=to_struct(marked), failures=failures)

    @_call
    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> _DiffResponse:  # noqa: N802
        """Return the changed keys, and replace nothing: a new region replaces the regional resources one by one.

        Source: pulumi-aws#5656, on why version 7 replaces no provider.
        """
        olds, news = from_struct(request.olds), from_struct(request.news)
        changed = sorted(key for key in olds.keys() | news.keys() if olds.get(key) != news.get(key))
        return _DiffResponse(changes=_DiffResponse.DIFF_SOME if changed else _DiffResponse.DIFF_NONE, diffs=changed)

    @_call
    def Configure(  # noqa: N802
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Connect to the account, if it is an allowed one."""
        values = {key.removeprefix("aws:config:"): value for key, value in request.variables.items()}

        def connect() -> Aws:
            aws = Aws(Configuration.parse({**self._defaults, **values}))
            aws.check_account()
            return aws

        self._accounts[context.peer()] = _call_aws("configuring the provider", connect)
        self._configured[context.peer()] = request
        # Without acceptSecrets, the engine marks only outputs with the names of secret inputs, so not `tagsAll`.
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    @_call
    def Invoke(self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:  # noqa: N802
        """Call a function for the program."""
        if request.tok not in FUNCTIONS:
            raise _CallError(
                grpc.StatusCode.UNIMPLEMENTED,
                f"function {request.tok} is not supported by the sandbox's stand-in provider; supported:"
                f" {', '.join(FUNCTIONS)}",
            )
        function, arguments = FUNCTIONS[request.tok], from_struct(request.args)
        if arguments.keys() != {*function.arguments}:
            raise _CallError(
                grpc.StatusCode.UNIMPLEMENTED,
                f"function {request.tok}: {', '.join(arguments) or 'no arguments'}: the sandbox's stand-in provider"
                f" expects {', '.join(function.arguments) or 'no arguments'}",
            )
        aws = self._account(context)
        answer = _call_aws(f"calling {request.tok}", lambda: function.call(aws, arguments))
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(to_struct(answer))  # a keyword of Python's is the field's name
        return response

    @_call
    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:  # noqa: N802
        """Fill in names and default tags, and report errors before anything is done."""
        kind, aws, news = _resource_type(request.urn), self._account(context), from_struct(request.news)
        if kind.regional and news.get("region") is None:
            news["region"] = aws.region
        inputs, failures = checked_inputs(
            kind,
            request.urn.rpartition("::")[2],
            news,
            from_struct(request.olds),
            request.randomSeed,
            dict(aws.configuration.default_tags),
            request.autonaming if request.HasField("autonaming") else None,
        )
        return provider_pb2.CheckResponse(
            inputs=to_struct(inputs, request.news),
            failures=[provider_pb2.CheckFailure(reason=reason) for _, reason in failures],
        )

    @_call
    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> _DiffResponse:  # noqa: N802
        """Return the changes, and which of them replace the resource."""
        kind, news = _resource_type(request.urn), from_struct(request.news)
        found = changes(kind, from_struct(request.olds), from_struct(request.old_inputs), news)
        found = [change for change in found if change.name not in request.ignoreChanges]
        replaces = [change.name for change in found if change.replace]
        kinds = provider_pb2.PropertyDiff
        return _DiffResponse(
            changes=_DiffResponse.DIFF_SOME if found else _DiffResponse.DIFF_NONE,
            diffs=[change.name for change in found],
            replaces=replaces,
            deleteBeforeReplace=bool(replaces) and deletes_first(kind, news),
            hasDetailedDiff=True,
            detailedDiff={
                change.name: kinds(kind=kinds.Kind.Value(change.kind + ("_REPLACE" if change.replace else "")))
                for change in found
            },
        )

    @_call
    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:  # noqa: N802
        """Create the resource; in a preview, return its planned outputs."""
        kind, inputs = _resource_type(request.urn), from_struct(request.properties)
        if request.preview:
            planned = to_struct(planned_outputs(kind, inputs), request.properties)
            return provider_pb2.CreateResponse(properties=planned)
        aws, what = lifecycle.in_own_region(self._account(context), kind, inputs), f"creating {request.urn}"
        provider = _for_connection(self._configured, context)

        def begin() -> None:
            self._creations.begin(request.urn, request.properties, provider)

        try:
            resource_id = _call_aws(what, lambda: lifecycle.create(aws, kind, inputs, begin))
        except _CallError:
            self._creations.end(request.urn, None)
            raise
        except lifecycle.UncertainError as error:
            self._creations.end(request.urn, error.resource_id)
            reason = f"{_one_line(cast(Exception, error.__cause__))}; AWS may still have created it: run again"
            raise _incomplete(kind, error.resource_id, request.properties, f"{what}: {reason}") from error
        self._creations.end(request.urn, resource_id)
        reason = "AWS does not show it yet; run again"
        try:
            kind.complete(aws, resource_id, inputs)
            outputs = lifecycle.read(aws, kind, resource_id, inputs)
        except Exception as error:
            outputs, reason = None, _one_line(error)
        if outputs is None:
            # It exists, so the engine must record it, or it is lost.
            raise _incomplete(kind, resource_id, request.properties, f"{what}: {reason}")
        return provider_pb2.CreateResponse(id=resource_id, properties=to_struct(outputs, request.properties))

    @_call
    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:  # noqa: N802
        """Return the present resource, for a refresh or an import; no id if it does not exist."""
        kind, resource_id, olds = _resource_type(request.urn), request.id, from_struct(request.properties)
        elsewhere = _REGION_OF_IMPORT.fullmatch(resource_id) if kind.regional and not olds else None
        if elsewhere:
            resource_id, olds["region"] = elsewhere.groups()
        aws = lifecycle.in_own_region(self._account(context), kind, olds)
        outputs = _call_aws(f"reading {request.urn}", lambda: lifecycle.read(aws, kind, resource_id, olds))
        if outputs is None:
            return provider_pb2.ReadResponse()
        inputs = refreshed_inputs(kind, from_struct(request.inputs), outputs)
        return provider_pb2.ReadResponse(
            id=resource_id,
            properties=to_struct(outputs, request.properties),
            inputs=to_struct(inputs, request.inputs),
        )

    @_call
    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:  # noqa: N802
        """Update the resource in place; in a preview, return its planned outputs."""
        kind, news, olds = _resource_type(request.urn), from_struct(request.news), from_struct(request.olds)
        if request.preview:
            planned = to_struct(planned_outputs(kind, news, olds), request.news)
            return provider_pb2.UpdateResponse(properties=planned)

        aws = lifecycle.in_own_region(self._account(context), kind, olds)

        def update() -> Properties | None:
            with self._creations.changing(request.urn):
                lifecycle.update(aws, kind, request.id, olds, news)
            return lifecycle.read(aws, kind, request.id, {**olds, **news})

        outputs = _call_aws(f"updating {request.urn}", update)
        if outputs is None:
            message = f"updating {request.urn}: it does not exist any more; run `pulumi refresh`"
            raise _CallError(grpc.StatusCode.NOT_FOUND, message)
        return provider_pb2.UpdateResponse(properties=to_struct(outputs, request.news))

    @_call
    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> Empty:  # noqa: N802
        """Delete the resource."""
        kind, olds = _resource_type(request.urn), from_struct(request.properties)
        aws = lifecycle.in_own_region(self._account(context), kind, olds)

        def delete() -> None:
            with self._creations.changing(request.urn):
                kind.delete(aws, request.id, olds)

        _call_aws(f"deleting {request.urn}", delete)
        return Empty()

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:  # noqa: N802
        """End the pending calls of this connection: do not retry calls that AWS did not answer."""
        if context.peer() in self._accounts:
            self._accounts[context.peer()].cancel()
        return Empty()

    def _account(self, context: grpc.ServicerContext) -> Aws:
        return _for_connection(self._accounts, context)


def _for_connection(values: dict[str, _Answer], context: grpc.ServicerContext) -> _Answer:
    """Return a connection's configured value, or the latest one for a new connection."""
    return values.get(context.peer()) or next(reversed(values.values()))


def _resource_type(urn: str) -> ResourceType:
    token = urn.split("::")[2].rpartition("$")[2]
    if token not in RESOURCE_TYPES:
        raise _CallError(
            grpc.StatusCode.UNIMPLEMENTED,
            f"resource type {token} is not supported by the sandbox's stand-in provider; supported:"
            f" {', '.join(RESOURCE_TYPES)}",
        )
    return RESOURCE_TYPES[token]


def _call_aws(what: str, ask: Callable[[], _Answer]) -> _Answer:
    """Return the answer of AWS; an error of AWS ends the call, with AWS's own message."""
    try:
        return ask()
    except (BotoCoreError, ClientError, ProviderError, ResponseParserError) as error:
        raise _CallError(grpc.StatusCode.UNKNOWN, f"{what}: {_one_line(error)}") from error


def _one_line(error: Exception) -> str:
    if isinstance(error, ResponseParserError):  # its text is the raw answer, secrets and all
        return "the answer can't be read: it was cut short, or did not come from AWS"
    if not isinstance(error, ClientError):
        return " ".join(str(error).split())
    details, metadata = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    message = " ".join(str(details.get("Message")).split())
    return (
        f"operation {error.operation_name}: {details.get('Code')}: {message}"
        f" (status code {metadata.get('HTTPStatusCode')}, request id {metadata.get('RequestId')})"
    )


def _incomplete(kind: ResourceType, resource_id: str, sent: Struct, reason: str) -> _CallError:
    """Return the error that makes the engine record a resource that exists but is not complete."""
    # With the defaults: without them the next run would see changes, and replace the resource.
    planned = {**planned_outputs(kind, from_struct(sent)), "id": resource_id}
    known = {name: value for name, value in planned.items() if value != UNKNOWN}
    detail = provider_pb2.ErrorResourceInitFailed(
        id=resource_id, properties=to_struct(known, sent), inputs=sent, reasons=[reason]
    )
    status: Any = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=reason)
    status.details.add().Pack(detail)
    return _CallError(grpc.StatusCode.UNKNOWN, reason, status.SerializeToString())
