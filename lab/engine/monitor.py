"""Pulumi's ResourceMonitor and Engine services, as a program's SDK calls them (``pulumi/resource.proto``)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2, resource_pb2, resource_pb2_grpc

from core.errors import EngineError
from lab.engine import wire
from lab.engine.deployment import Deployment
from lab.engine.model import Goal, Resource
from lab.engine.urn import build

# What this engine can do beside the basics. Without alias specs the SDK works every alias out to a URN, those of
# parents included; without output values or resource references it sends plain values and ids.
FEATURES = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
)
_LEGACY_NAMES = {"secrets", "deletedWith"}
_SEVERITIES = {0: "debug", 1: "info", 2: "warning", 3: "error"}


class Monitor(resource_pb2_grpc.ResourceMonitorServicer, engine_pb2_grpc.EngineServicer):
    """Answers the program's calls with a :class:`Deployment`."""

    def __init__(self, deployment: Deployment, root: Path) -> None:
        """``root`` is the project's folder: places in the program are told relative to it."""
        self._deployment = deployment
        self._run = deployment.run
        self._root = root
        self.errors: list[str] = []
        """What the program logged as errors: it does not end by these, and yet the run has failed."""

    # --- ResourceMonitor ---

    def GetDeploymentInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Tell the SDK what it can ask for; its first call."""
        del request, context
        deployment = self._deployment
        return resource_pb2.DeploymentInfo(
            project=deployment.project, stack=deployment.stack, dryRun=self._run.dry_run, supportedFeatures=FEATURES
        )

    def SupportsFeature(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The same for SDKs before ``GetDeploymentInfo``."""
        del context
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _LEGACY_NAMES)

    def RegisterResource(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Bring a resource to its goal; the call returns when it is there."""
        with self._failures(context):
            made = self._deployment.register(self._goal(request))
            # A program that follows its own secrets gets them as such; the rest of the state stays here.
            return resource_pb2.RegisterResourceResponse(
                urn=made.urn, id=made.id, object=wire.to_struct(made.outputs), result=resource_pb2.SUCCESS
            )

    def RegisterResourceOutputs(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Note the outputs of a component or of the stack."""
        with self._failures(context):
            self._deployment.set_outputs(request.urn, wire.without_nulls(wire.from_struct(request.outputs)))
            return empty_pb2.Empty()

    def ReadResource(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Look up a resource that this stack does not own."""
        with self._failures(context):
            resource = self._resource(request, wire.from_struct(request.properties))
            made = self._deployment.read(
                Goal(
                    resource=resource,
                    import_id=request.id,
                    version=request.version,
                    source=self._place(request),
                )
            )
            return resource_pb2.ReadResourceResponse(
                urn=made.urn, id=made.id, properties=wire.to_struct(made.outputs), result=resource_pb2.SUCCESS
            )

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Refuse a provider's function: an empty answer would drop what depends on it, silently."""
        del context
        message = f"the lab's engine does not have the function {request.tok}: pass the value in by configuration"
        self._run.fail(EngineError(self._with_place(request, message)))
        return resource_pb2.ResourceInvokeResponse(failures=[provider_pb2.CheckFailure(reason=message)])

    def Call(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Refuse a method of a resource."""
        self._refuse(request, context, f"the method {request.tok}")

    def RegisterPackage(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Refuse a parameterized package."""
        self._refuse(request, context, f"the parameterized package {request.name}")

    def RegisterStackTransform(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Refuse a transform of the stack."""
        self._refuse(request, context, "transforms")

    def SignalAndWaitForShutdown(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Let the program end: this engine calls none of its hooks afterwards."""
        del request, context
        return empty_pb2.Empty()

    # --- Engine ---

    def Log(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Pass on what the program logs."""
        del context
        severity, message = _SEVERITIES.get(request.severity, "info"), request.message.rstrip()
        if severity == "error":
            self.errors.append(message)
        # The SDK's debug messages tell of its own calls, several a resource.
        if severity != "debug":
            self._run.log(severity, message, request.urn)
        return empty_pb2.Empty()

    # --- from the wire ---

    def _goal(self, request: Any) -> Goal:
        if request.remote:
            raise EngineError(self._with_place(request, f"remote components ({request.type}) are not supported"))
        resource = self._resource(request, wire.from_struct(request.object))
        resource.custom = request.custom
        resource.protect = request.protect
        resource.retain_on_delete = request.retainOnDelete
        resource.deleted_with = request.deletedWith
        resource.property_dependencies = {
            key: sorted(value.urns) for key, value in sorted(request.propertyDependencies.items()) if value.urns
        }
        return Goal(
            resource=resource,
            ignore_changes=list(request.ignoreChanges),
            replace_on_changes=list(request.replaceOnChanges),
            delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
            aliases=list(request.aliasURNs),
            import_id=request.importId,
            version=request.version,
            source=self._place(request),
        )

    def _resource(self, request: Any, inputs: wire.Properties) -> Resource:
        owner = self._deployment
        return Resource(
            urn=build(owner.stack, owner.project, request.parent, request.type, request.name),
            type=request.type,
            inputs=wire.without_nulls(inputs),
            parent=request.parent,
            provider=request.provider,
            dependencies=sorted(request.dependencies),
            additional_secret_outputs=sorted(request.additionalSecretOutputs),
        )

    # --- when it goes wrong ---

    @contextmanager
    def _failures(self, context: grpc.ServicerContext) -> Iterator[None]:
        """End the call with the error's sentence, and the run with the error."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - the run's main thread raises it again
            self._run.fail(error)
            context.abort(grpc.StatusCode.ABORTED, str(error))

    def _refuse(self, request: Any, context: grpc.ServicerContext, what: str) -> NoReturn:
        message = self._with_place(request, f"the lab's engine does not have {what}")
        self._run.fail(EngineError(message))
        context.abort(grpc.StatusCode.UNIMPLEMENTED, message)
        raise AssertionError("abort() raises")

    def _with_place(self, request: Any, message: str) -> str:
        place = self._place(request)
        return f"{place}: {message}" if place else message

    def _place(self, request: Any) -> str:
        position = getattr(request, "sourcePosition", None)
        if position is None or not position.uri:
            return ""
        path = Path(unquote(urlsplit(position.uri).path))
        shown = path.relative_to(self._root) if path.is_relative_to(self._root) else path
        return f"{shown}:{position.line}"


@contextmanager
def serve(monitor: Monitor, parallel: int) -> Iterator[str]:
    """Serve both services on a free port of 127.0.0.1 and yield the address."""
    # More threads than steps at once: calls that need no provider must not wait behind those that do.
    pool = ThreadPoolExecutor(parallel + 8, thread_name_prefix="monitor")
    server = grpc.server(pool, options=[("grpc.max_receive_message_length", -1), ("grpc.so_reuseport", 0)])
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(monitor, server)
    engine_pb2_grpc.add_EngineServicer_to_server(monitor, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(grace=0.2).wait()
        pool.shutdown(wait=False, cancel_futures=True)
