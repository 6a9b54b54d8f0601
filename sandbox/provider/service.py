"""The provider's gRPC service: Pulumi's protocol on one side, resource types on the other.

Source: Pulumi's "Provider protocol" (``proto/pulumi/provider.proto``).
"""

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import grpc
from botocore.exceptions import BotoCoreError, ClientError
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from sandbox.provider.configuration import KEYS, SECRET_KEYS, Aws, Configuration, ConfigurationError
from sandbox.provider.iam import IAM_TYPES
from sandbox.provider.resource import (
    ResourceType,
    changes,
    checked_inputs,
    planned_outputs,
    refreshed_inputs,
)
from sandbox.provider.s3 import S3_TYPES
from sandbox.provider.values import UNKNOWN, Properties, from_struct, secret, to_struct

PLUGIN_VERSION = "7.51.1"
"""The version of the official plugin whose place is taken."""

RESOURCE_TYPES = {kind.token: kind for kind in (*IAM_TYPES, *S3_TYPES)}
"""The resource types that are served, by token."""

_DiffResponse = provider_pb2.DiffResponse
_Answer = TypeVar("_Answer")


class AwsProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Serves the engine. One instance serves one configured account."""

    _aws: Aws

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802
        """The version that the engine records."""
        return plugin_pb2.PluginInfo(version=PLUGIN_VERSION)

    def CheckConfig(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Refuse keys that are not known; mark the secret ones."""
        inputs = from_struct(request.news)
        failures = [
            provider_pb2.CheckFailure(
                property=key, reason=f"aws:{key} is not known to the sandbox's stand-in provider: {', '.join(KEYS)}"
            )
            for key in inputs
            if key not in KEYS
        ]
        marked = {
            key: secret(value) if key in SECRET_KEYS and isinstance(value, str) else value
            for key, value in inputs.items()
        }
        return provider_pb2.CheckResponse(inputs=to_struct(marked), failures=failures)

    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> _DiffResponse:  # noqa: N802
        """Another region is another provider; other changes only change how the account is reached."""
        olds, news = from_struct(request.olds), from_struct(request.news)
        changed = sorted(key for key in olds.keys() | news.keys() if olds.get(key) != news.get(key))
        return _DiffResponse(
            changes=_DiffResponse.DIFF_SOME if changed else _DiffResponse.DIFF_NONE,
            diffs=changed,
            replaces=[key for key in changed if key == "region"],
        )

    def Configure(  # noqa: N802
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Connect to the account, unless it is not one that may be changed."""
        values = {key.removeprefix("aws:config:"): value for key, value in request.variables.items()}

        def connect() -> Aws:
            aws = Aws(Configuration.parse(values))
            aws.check_account()
            return aws

        self._aws = _asked(context, "configuring the provider", connect)
        # Secrets and resource references are the engine's business: it sends plain values and marks what is returned.
        return provider_pb2.ConfigureResponse(supportsPreview=True, supports_autonaming_configuration=True)

    def Invoke(self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:  # noqa: N802
        """The two functions that the program calls."""
        functions: dict[str, Callable[[], Properties]] = {
            "aws:index/getCallerIdentity:getCallerIdentity": self._caller_identity,
            "aws:index/getPartition:getPartition": self._partition,
        }
        if request.tok not in functions:
            _abort(
                context,
                grpc.StatusCode.UNIMPLEMENTED,
                f"function {request.tok} is not served by the sandbox's stand-in provider; it serves:"
                f" {', '.join(functions)}",
            )
        answer = _asked(context, f"calling {request.tok}", functions[request.tok])
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(to_struct(answer))  # a keyword of Python's is the field's name
        return response

    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:  # noqa: N802
        """Fill in names and default tags; say what is wrong before anything is done."""
        kind = _served(request.urn, context)
        inputs, failures = checked_inputs(
            kind,
            request.urn.rpartition("::")[2],
            from_struct(request.news),
            from_struct(request.olds),
            request.randomSeed,
            dict(self._aws.configuration.default_tags),
        )
        return provider_pb2.CheckResponse(
            inputs=to_struct(inputs),
            failures=[provider_pb2.CheckFailure(reason=reason) for _, reason in failures],
        )

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> _DiffResponse:  # noqa: N802
        """What has to change, and whether in place."""
        found = changes(
            _served(request.urn, context),
            from_struct(request.olds),
            from_struct(request.old_inputs),
            from_struct(request.news),
        )
        found = [change for change in found if change.name not in request.ignoreChanges]
        kinds = provider_pb2.PropertyDiff
        return _DiffResponse(
            changes=_DiffResponse.DIFF_SOME if found else _DiffResponse.DIFF_NONE,
            diffs=[change.name for change in found],
            replaces=[change.name for change in found if change.replace],
            deleteBeforeReplace=any(change.delete_first for change in found),
            hasDetailedDiff=True,
            detailedDiff={
                change.name: kinds(kind=kinds.Kind.Value(change.kind + ("_REPLACE" if change.replace else "")))
                for change in found
            },
        )

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:  # noqa: N802
        """Make the resource; in a preview, tell what it will be like."""
        kind, inputs = _served(request.urn, context), from_struct(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=to_struct(planned_outputs(kind, inputs)))
        what = f"creating {request.urn}"
        resource_id = _asked(context, what, lambda: kind.create(self._aws, inputs))
        try:
            outputs = self._read(kind, resource_id, inputs)
        except (ClientError, BotoCoreError) as error:
            # It exists: the engine must remember it, or nobody will.
            _abort_initialized(context, kind, resource_id, inputs, f"{what}: {_one_line(error)}")
        if outputs is None:
            _abort_initialized(context, kind, resource_id, inputs, f"{what}: AWS does not show it yet; run again")
        return provider_pb2.CreateResponse(id=resource_id, properties=to_struct(outputs))

    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:  # noqa: N802
        """The resource as it is now, for a refresh or an import; no id where it is gone."""
        kind, olds = _served(request.urn, context), from_struct(request.properties)
        outputs = _asked(context, f"reading {request.urn}", lambda: self._read(kind, request.id, olds))
        if outputs is None:
            return provider_pb2.ReadResponse()
        inputs = refreshed_inputs(kind, from_struct(request.inputs), outputs)
        return provider_pb2.ReadResponse(id=request.id, properties=to_struct(outputs), inputs=to_struct(inputs))

    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:  # noqa: N802
        """Change the resource in place; in a preview, tell what it will be like."""
        kind, news, olds = _served(request.urn, context), from_struct(request.news), from_struct(request.olds)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=to_struct(planned_outputs(kind, news, olds)))

        def update() -> Properties | None:
            kind.update(self._aws, request.id, olds, news)
            return self._read(kind, request.id, {**olds, **news})

        outputs = _asked(context, f"updating {request.urn}", update)
        if outputs is None:
            _abort(context, grpc.StatusCode.NOT_FOUND, f"updating {request.urn}: it is gone; run `pulumi refresh`")
        return provider_pb2.UpdateResponse(properties=to_struct(outputs))

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> Empty:  # noqa: N802
        """Remove the resource."""
        kind, olds = _served(request.urn, context), from_struct(request.properties)
        _asked(context, f"deleting {request.urn}", lambda: kind.delete(self._aws, request.id, olds))
        return Empty()

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:  # noqa: N802
        """Calls under way are short: they end by themselves."""
        return Empty()

    def _read(self, kind: ResourceType, resource_id: str, olds: Properties) -> Properties | None:
        outputs = kind.read(self._aws, resource_id, olds)
        if outputs is None:
            return None
        if kind.taggable:
            everything, own = outputs["tagsAll"], olds.get("tags")
            defaults = self._aws.configuration.default_tags
            if isinstance(everything, dict):
                outputs["tags"] = {
                    key: value
                    for key, value in everything.items()
                    if defaults.get(key) != value or (isinstance(own, dict) and key in own)
                } or None
        return {"id": resource_id, **outputs}

    def _caller_identity(self) -> Properties:
        identity = self._aws.sts.get_caller_identity()
        account_id = identity["Account"]
        return {"accountId": account_id, "arn": identity["Arn"], "id": account_id, "userId": identity["UserId"]}

    def _partition(self) -> Properties:
        suffix = "amazonaws.com.cn" if self._aws.partition == "aws-cn" else "amazonaws.com"
        return {
            "dnsSuffix": suffix,
            "id": self._aws.partition,
            "partition": self._aws.partition,
            "reverseDnsPrefix": ".".join(reversed(suffix.split("."))),
        }


def _served(urn: str, context: grpc.ServicerContext) -> ResourceType:
    token = urn.split("::")[2].rpartition("$")[2]
    if token not in RESOURCE_TYPES:
        _abort(
            context,
            grpc.StatusCode.UNIMPLEMENTED,
            f"resource type {token} is not served by the sandbox's stand-in provider; it serves:"
            f" {', '.join(RESOURCE_TYPES)}",
        )
    return RESOURCE_TYPES[token]


def _asked(context: grpc.ServicerContext, what: str, ask: Callable[[], _Answer]) -> _Answer:
    """What asking AWS gives; what AWS has against it ends the call, in AWS's own words."""
    try:
        return ask()
    except (ClientError, BotoCoreError, ConfigurationError) as error:
        _abort(context, grpc.StatusCode.UNKNOWN, f"{what}: {_one_line(error)}")


def _one_line(error: Exception) -> str:
    if not isinstance(error, ClientError):
        return " ".join(str(error).split())
    details, metadata = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    message = " ".join(str(details.get("Message")).split())
    return (
        f"operation {error.operation_name}: {details.get('Code')}: {message}"
        f" (status code {metadata.get('HTTPStatusCode')}, request id {metadata.get('RequestId')})"
    )


def _abort(context: grpc.ServicerContext, code: grpc.StatusCode, message: str) -> NoReturn:
    context.abort(code, message)
    raise AssertionError("abort raises")


def _abort_initialized(
    context: grpc.ServicerContext, kind: ResourceType, resource_id: str, inputs: Properties, reason: str
) -> NoReturn:
    """End the call with the error that makes the engine record a resource that exists but is not complete."""
    # With the defaults: without them the next run would take the resource for another one, and replace it.
    planned = {**planned_outputs(kind, inputs), "id": resource_id}
    known = {name: value for name, value in planned.items() if value != UNKNOWN}
    detail = provider_pb2.ErrorResourceInitFailed(
        id=resource_id, properties=to_struct(known), inputs=to_struct(inputs), reasons=[reason]
    )
    status: Any = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=reason)
    status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    _abort(context, grpc.StatusCode.UNKNOWN, reason)
