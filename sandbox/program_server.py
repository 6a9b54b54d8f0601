"""Serve the program to the engine from this process, instead of the CLI's Python language host.

The program's libraries are then imported only once for all stacks. The Automation API does the same for inline
programs; but here an update is one CLI command rather than the four of ``Stack.up``, and the program's own errors are
reported once and without a traceback.

Source: Pulumi's "Language runtime protocol" (``proto/pulumi/language.proto``).
"""

import asyncio
import contextvars
import platform
import sys
import traceback
from collections.abc import Callable, Coroutine, Iterator
from concurrent import futures
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import grpc
import pulumi
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime import reset_options, run_in_stack, set_all_config
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2, resource_pb2
from pulumi.runtime.settings import SETTINGS, _get_rpc_manager

from sandbox.provider.creations import Creations

Program = Callable[[], None]


@contextmanager
def serving(program: Program, engine: str | None = None, creations: Creations | None = None) -> Iterator[str]:
    """Serve the program within the context, and yield the address for the CLI's ``--client``.

    Args:
        program: the program.
        engine: the engine's address. By default it is the argument of each run, as for ``--client``.
        creations: the record that receives each resource declared by the program.
    """
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(_LanguageRuntime(program, engine, creations), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(grace=None).wait()


class _LanguageRuntime(language_pb2_grpc.LanguageRuntimeServicer):
    def __init__(self, program: Program, engine: str | None, creations: Creations | None) -> None:
        self._program = program
        self._engine = engine
        self._creations = creations

    def Handshake(  # noqa: N802
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802
        return plugin_pb2.PluginInfo()

    def About(self, request: language_pb2.AboutRequest, context: grpc.ServicerContext) -> language_pb2.AboutResponse:  # noqa: N802
        return language_pb2.AboutResponse(executable=sys.executable, version=platform.python_version())

    def GetRequiredPlugins(  # noqa: N802
        self, request: language_pb2.GetRequiredPluginsRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPluginsResponse:
        return language_pb2.GetRequiredPluginsResponse()

    def GetRequiredPackages(  # noqa: N802
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        return language_pb2.GetRequiredPackagesResponse()

    def Run(self, request: language_pb2.RunRequest, context: grpc.ServicerContext) -> language_pb2.RunResponse:  # noqa: N802
        # Pulumi keeps a run's options in context variables, so each run gets its own context.
        engine = self._engine or request.args[0]
        return contextvars.copy_context().run(_run, self._program, request, engine, self._creations, context)


def _run(
    program: Program,
    request: language_pb2.RunRequest,
    engine: str,
    creations: Creations | None,
    context: grpc.ServicerContext,
) -> language_pb2.RunResponse:
    reset_options(
        project=request.project,
        stack=request.stack,
        organization=request.organization,
        root_directory=request.info.root_directory,  # the folder of the stack files
        parallel=request.parallel,
        preview=request.dryRun,
        monitor_address=request.monitor_address,
        engine_address=engine,
    )
    if creations:
        _show_declarations(partial(creations.register, stack=f"urn:pulumi:{request.stack}::{request.project}"))
    set_all_config(dict(request.config), list(request.configSecretKeys))
    with asyncio.Runner() as runner:
        runner.get_loop().set_exception_handler(lambda loop, context: None)  # errors are reported below, once
        try:
            runner.run(_run_until_cancelled(run_in_stack(partial(_run_to_end, program)), context))
        except pulumi.RunError as error:
            pulumi.log.error(str(error))
        except (grpc.RpcError, asyncio.CancelledError):
            pass  # the engine refused a resource, and reports it itself
        except Exception:
            pulumi.log.error(traceback.format_exc())
        else:
            return language_pb2.RunResponse()
    return language_pb2.RunResponse(bail=True)


def _show_declarations(show: Callable[[resource_pb2.RegisterResourceRequest], None]) -> None:
    """Call a function with each resource that the program declares, before the engine registers it."""
    monitor: Any = SETTINGS.monitor
    register = monitor.RegisterResource

    def shown(request: resource_pb2.RegisterResourceRequest) -> object:
        show(request)
        return register(request)

    monitor.RegisterResource = shown


async def _run_to_end(program: Program) -> None:
    """Run the program, and wait for all of its tasks, or for the first failure.

    The SDK itself checks all outstanding tasks whenever one of them ends, so twice the resources would take four times
    as long. After this function it finds no outstanding tasks, or the failed one.
    """
    program()
    rpcs = _get_rpc_manager().rpcs
    while True:
        with SETTINGS.lock:
            tasks = [task for task in (*SETTINGS.outputs, *rpcs) if isinstance(task, asyncio.Future)]
            outstanding = [task for task in tasks if not task.done()]
        if not outstanding:
            return
        ended, _ = await asyncio.wait(outstanding, return_when=asyncio.FIRST_EXCEPTION)
        if any(task.cancelled() or task.exception() for task in ended):
            return


async def _run_until_cancelled(running: Coroutine[object, object, None], context: grpc.ServicerContext) -> None:
    """Run the program until it ends or the engine disconnects, because it would wait for the engine forever."""
    task, loop = asyncio.ensure_future(running), asyncio.get_running_loop()

    def end() -> None:
        with suppress(RuntimeError):  # the loop is closed: the program has ended
            loop.call_soon_threadsafe(task.cancel)

    if not context.add_callback(end):
        end()
    await task
