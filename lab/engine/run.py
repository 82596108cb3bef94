"""What all operations of one run share: its snapshot and providers, its end, and what is said of its steps."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from core.errors import EngineError
from lab.engine import wire
from lab.engine.diff import diff
from lab.engine.model import Event, Op, Progress, Resource
from lab.engine.plan import NoProvider, Shape, Step
from lab.engine.providers import Judging, Provider, Served
from lab.engine.snapshot import Snapshot
from lab.engine.urn import package_of
from lab.engine.wire import Properties

DRAIN_SECONDS = 60.0


class StoppedError(EngineError):
    """The run is over: nothing new is begun."""


class Run:
    """One run over one stack, used from many threads. With ``dry_run`` nothing is done outside of this process.

    The first failure ends it: what is under way is finished and written down, nothing new is begun.
    """

    def __init__(
        self,
        *,
        snapshot: Snapshot,
        provider_for: Callable[[str, Properties], Provider],
        progress: Progress,
        parallel: int,
        dry_run: bool = False,
    ) -> None:
        """``provider_for`` gives the provider of a package, from the inputs of the provider's resource."""
        self.snapshot = snapshot
        self.parallel = parallel
        self.dry_run = dry_run
        self.slots = threading.BoundedSemaphore(parallel)
        self.known: dict[str, Resource] = {}
        """What the program has asked for so far, by URN."""
        self.steps: list[Step] = []
        self.failure: Exception | None = None
        self.ended = threading.Event()
        self._provider_for = provider_for
        self._progress = progress
        self._providers: dict[str, Provider] = {}
        self._active = 0
        self._stopped = False
        self._condition = threading.Condition()

    # --- the end ---

    def fail(self, error: Exception) -> None:
        """Note the first failure; nothing new is begun after it."""
        with self._condition:
            if self.failure is None and not isinstance(error, StoppedError):
                self.failure = error
            self._stopped = True
        self.ended.set()

    def stop(self) -> None:
        """Begin nothing new and wait for what is under way, so that its outcome is written down."""
        with self._condition:
            self._stopped = True
            self._condition.wait_for(lambda: self._active == 0, DRAIN_SECONDS)
        for provider in list(self._providers.values()):
            if isinstance(provider, Served):
                provider.close()

    def check(self) -> None:
        """Raise what ended the run early, if anything did."""
        if self.failure is not None:
            raise self.failure

    @contextmanager
    def activity(self, what: str, source: str = "") -> Iterator[None]:
        """Count what is under way, begin nothing after the end, and let any failure end the run.

        ``source`` is the file and line of the program that asked.
        """
        with self._condition:
            if self._stopped:
                raise StoppedError(f"the run ended before {what}")
            self._active += 1
        try:
            yield
        except EngineError as error:
            placed = EngineError(f"{source}: {error}") if source and not isinstance(error, StoppedError) else error
            self.fail(placed)
            raise placed from error
        except Exception as error:
            self.fail(error)
            raise
        finally:
            with self._condition:
                self._active -= 1
                self._condition.notify_all()

    # --- providers ---

    def provider_of(self, resource: Resource) -> Provider:
        """The provider that a resource names."""
        urn = resource.provider.rsplit("::", 1)[0]
        if urn not in self._providers:
            declared = self.known.get(urn) or self.snapshot.find(urn)
            inputs = wire.reveal(declared.inputs) if declared is not None else {}
            self._providers[urn] = self._provider_for(package_of(resource.type), inputs)
        return self._providers[urn]

    def shape_of(self, resource: Resource, old: Resource | None = None) -> Shape:
        """What is known of a resource's type, and of its change from ``old`` where the provider judges each."""
        if not resource.custom or resource.is_provider:
            return NoProvider()
        provider = self.provider_of(resource)
        if isinstance(provider, Judging) and old is not None and diff(old.inputs, resource.inputs):
            return provider.shape_between(old.id, wire.reveal(old.outputs), wire.reveal(resource.inputs))
        return provider.shape(resource.type)

    def closed(self, resource: Resource, properties: Properties) -> Properties:
        """``properties`` with a secret wherever the inputs have one, and wherever the program or the type wants one."""
        secret = set(resource.additional_secret_outputs)
        if resource.custom and not resource.is_provider:
            secret |= self.provider_of(resource).secret_outputs(resource.type)
        closed = {key: wire.close_like(value, resource.inputs.get(key)) for key, value in properties.items()}
        return {key: wire.secret(value) if key in secret else value for key, value in closed.items()}

    # --- what is said ---

    def log(self, severity: str, message: str, urn: str = "") -> None:
        """Pass on a message of the program or a warning of the engine."""
        self._emit(Event(kind="log", urn=urn, severity=severity, message=message))

    @contextmanager
    def telling(self, op: Op, resource: Resource) -> Iterator[None]:
        """Tell of a step, and name the resource in what goes wrong with it."""
        started = time.monotonic()
        self.tell(op, resource, "started")
        try:
            yield
        except StoppedError:
            raise
        except EngineError as error:
            self.tell(op, resource, "failed", time.monotonic() - started)
            short = resource.type.rsplit(":", 1)[-1]
            raise EngineError(f"{short} {resource.name}: {op} failed: {error}") from error
        self.tell(op, resource, "planned" if self.dry_run else "done", time.monotonic() - started)

    def tell(self, op: Op, resource: Resource, status: str, seconds: float = 0.0) -> None:
        """Tell how a step stands. Pulumi never shows default providers."""
        if resource.is_default_provider:
            return
        name = {"urn": resource.urn, "type": resource.type, "name": resource.name}
        self._emit(Event(kind="resource", op=op, status=status, seconds=seconds, **name))

    def note(self, step: Step) -> None:
        """Count a step among those of the run."""
        if not step.subject.is_default_provider:
            with self._condition:
                self.steps.append(step)

    def note_again(self, before: Resource, after: Resource) -> None:
        """The resource of a step has changed since the step was noted: it has its outputs now."""
        with self._condition:
            self.steps = [replace(step, new=after) if step.new is before else step for step in self.steps]

    def _emit(self, event: Event) -> None:
        with self._condition:
            self._progress(event)
