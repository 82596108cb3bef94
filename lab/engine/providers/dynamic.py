"""Dynamic providers: ``pulumi.dynamic``'s own ResourceProvider server, run as the CLI runs it.

The server unpickles the provider that a resource carries in ``__provider``. It takes no secrets (``acceptSecrets`` is
false), so values go to it in the clear over loopback, and what it gives back is sealed again where the inputs were.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from core.errors import EngineError
from lab.engine import wire
from lab.engine.program import environment
from lab.engine.providers import Found, ProviderError
from lab.engine.wire import Properties

PACKAGE = "pulumi-python"
PROVIDER_KEY = "__provider"
_LAUNCHER = Path(__file__).resolve().parent.parent / "dynamic_launcher.py"
_SECONDS = 120.0
_END_SECONDS = 5.0
_LOST = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED)


@dataclass(frozen=True)
class DynamicShape:
    """What a provider says of one resource, asked with its old and its new inputs."""

    replaced_by: frozenset[str] = frozenset()
    identity: tuple[str, ...] = ()
    volatile: frozenset[str] = frozenset()


class DynamicProvider:
    """Implements :class:`lab.engine.providers.Provider` for every dynamic resource of a program."""

    def __init__(self, folder: Path, told: Mapping[str, str]) -> None:
        """``folder`` is the project's; ``told`` goes into the server's environment, which has no AWS of ours."""
        self._folder = folder
        self._told = told
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._stub: Any = None

    def shape(self, type_: str) -> DynamicShape:
        del type_
        return DynamicShape()

    def shape_between(self, id_: str, olds: Properties, news: Properties) -> DynamicShape:
        """As :meth:`shape`, of a resource that is there: the provider's own ``diff`` says what replaces it."""
        request = provider_pb2.DiffRequest(id=id_, olds=wire.to_struct(olds), news=wire.to_struct(news))
        return DynamicShape(frozenset(self._ask("Diff", request).replaces))

    def secret_outputs(self, type_: str) -> frozenset[str]:
        del type_
        return frozenset({PROVIDER_KEY})

    def create(self, type_: str, inputs: Properties) -> Found:
        del type_
        properties = self._checked({}, inputs)
        made = self._ask("Create", provider_pb2.CreateRequest(properties=wire.to_struct(properties)))
        return Found(made.id, inputs, wire.from_struct(made.properties))

    def read(self, type_: str, id_: str, known: Properties) -> Found | None:
        del type_
        request = provider_pb2.ReadRequest(id=id_, properties=wire.to_struct(known))
        found = self._ask("Read", request)
        if not found.id:
            return None
        outputs = wire.from_struct(found.properties)
        return Found(found.id, {key: outputs[key] for key in outputs if key in known}, outputs)

    def lookup(self, type_: str, import_id: str, known: Properties) -> Found | None:
        del known
        raise EngineError(f"a dynamic resource ({type_}) cannot be looked up by {import_id}")

    def find(self, type_: str, inputs: Properties) -> Found | None:
        """Nothing: what a run that was cut off made, its provider's ``create`` has to know again."""
        del type_, inputs
        return None

    def update(self, type_: str, id_: str, known: Properties, inputs: Properties) -> Found:
        del type_
        news = wire.to_struct(self._checked(known, inputs))
        made = self._ask("Update", provider_pb2.UpdateRequest(id=id_, olds=wire.to_struct(known), news=news))
        return Found(id_, inputs, wire.from_struct(made.properties))

    def delete(self, type_: str, id_: str, known: Properties) -> None:
        del type_
        self._ask("Delete", provider_pb2.DeleteRequest(id=id_, properties=wire.to_struct(known)))

    def close(self) -> None:
        """End the server, if one was started."""
        with self._lock:
            process, self._process, self._stub = self._process, None, None
        if process is None:
            return
        process.kill()
        process.wait(_END_SECONDS)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def _checked(self, olds: Properties, news: Properties) -> Properties:
        request = provider_pb2.CheckRequest(olds=wire.to_struct(olds), news=wire.to_struct(news))
        answer = self._ask("Check", request)
        if answer.failures:
            raise EngineError("; ".join(f"{failure.property}: {failure.reason}" for failure in answer.failures))
        return wire.from_struct(answer.inputs)

    def _ask(self, method: str, request: Any) -> Any:
        try:
            call: Callable[..., Any] = getattr(self._served(), method)
            return call(request, timeout=_SECONDS)
        except grpc.RpcError as error:
            raise ProviderError(_reason(error), uncertain=error.code() in _LOST) from None

    def _served(self) -> Any:
        with self._lock:
            if self._stub is None:
                self._stub = provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(self._start()))
            return self._stub

    def _start(self) -> str:
        outside = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_LAUNCHER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=self._folder,
            env={**environment(outside), **self._told},
            start_new_session=True,
        )
        port = self._process.stdout.readline().strip() if self._process.stdout else ""
        if not port.isdecimal():
            raise EngineError("the server of Pulumi's dynamic providers did not start")
        return f"127.0.0.1:{port}"


def _reason(error: Any) -> str:
    """The last line of the traceback that the server answers with: what the provider raised."""
    if error.code() in _LOST:
        return f"the server of Pulumi's dynamic providers did not answer ({error.code().name})"
    lines = [line for line in str(error.details()).splitlines() if line.strip()]
    return lines[-1].strip().removeprefix("RuntimeError: ") if lines else "the dynamic provider failed"
