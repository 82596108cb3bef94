"""What the program asks for: each resource is planned, done and written down."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from core.errors import EngineError
from lab.engine import diff, wire
from lab.engine.deletion import delete_before
from lab.engine.model import Goal, Op, Resource
from lab.engine.plan import NoProvider, Shape, Step, plan, preview_outputs
from lab.engine.providers import Found, PartlyDoneError, Provider, ProviderError
from lab.engine.run import Run
from lab.engine.snapshot import CREATING
from lab.engine.urn import PROVIDER_PREFIX, build, package_of
from lab.engine.wire import UNKNOWN_STRING, Properties

_PENDING = {Op.CREATE: CREATING, Op.REPLACE: CREATING, Op.IMPORT: "importing", Op.UPDATE: "updating"}


class Deployment:
    """The requests of one program, turned into steps of a :class:`Run`. Called from a thread for each request."""

    def __init__(self, run: Run, stack: str, project: str, provider_config: Mapping[str, Properties]) -> None:
        """``provider_config`` is the stack's configuration of packages: the inputs of their default providers."""
        self.run = run
        self.stack = stack
        self.project = project
        self._provider_config = provider_config
        self._claimed: set[str] = set()
        self._gone_first: dict[str, Resource] = {}
        self.imports: Mapping[str, str] | None = None
        """A URN → the id that it is to be taken over by; with it, whatever else is not in the state is refused."""
        self._lock = threading.Lock()
        self._default_lock = threading.Lock()

    def register(self, goal: Goal) -> Resource:
        """Bring a resource to the program's goal and return it. Raises :class:`EngineError` and ends the run."""
        with self.run.activity(f"{goal.resource.urn} was registered", goal.source):
            goal = self._with_provider(goal)
            urn = goal.resource.urn
            self._claim(urn)
            goal = self._with_import(goal)
            gone = self._gone_first.get(urn)
            old = gone or self._old(urn, goal.aliases)
            shape = self.run.shape_of(goal.resource, old)
            step = plan(goal, old, shape)
            if gone is not None:
                step = replace(step, op=Op.REPLACE, new=replace(step.subject, id=""))
            if wire.has_unknown(goal.resource.inputs) and not self.run.dry_run:
                raise EngineError(f"{urn} has an input that is not known although all before it is done")
            return self._perform(step, goal, shape)

    def read(self, goal: Goal) -> Resource:
        """Look up a resource that is not this stack's (``get``), by ``import_id``, and note it as external."""
        run = self.run
        with run.activity(f"{goal.resource.urn} was read", goal.source):
            resource = replace(self._with_provider(goal).resource, external=True)
            self._claim(resource.urn)
            old = run.snapshot.old([resource.urn])
            if goal.import_id == UNKNOWN_STRING or wire.has_unknown(resource.inputs):
                run.snapshot.settle(old, resource)
                return self._note(Step(op=Op.READ, old=old, new=resource))
            with run.telling(Op.READ, resource), run.slots:
                provider = run.provider_of(resource)
                found = provider.lookup(resource.type, goal.import_id, wire.reveal(resource.inputs))
                if found is None:
                    raise EngineError(f"there is no {resource.type} with the id {goal.import_id}")
            step = Step(op=Op.READ, old=old, new=resource)
            made = self._finished(step, found)
            # One that was this stack's own and is read now is given up, unless another one is read in its place.
            replaced = old is not None and not old.external and old.id != made.id
            run.snapshot.settle(old, made, keep_old=replaced)
            return self._note(replace(step, new=made))

    def set_outputs(self, urn: str, outputs: Properties) -> None:
        """The outputs of a component or of the stack."""
        run = self.run
        with run.activity(f"{urn} had its outputs"):
            resource = run.known[urn]
            made = replace(resource, outputs=outputs)
            run.known[urn] = made
            run.note_again(resource, made)
            run.snapshot.put(resource, made)

    # --- one resource ---

    def _perform(self, step: Step, goal: Goal, shape: Shape) -> Resource:
        run, new = self.run, step.subject
        if run.dry_run:
            return self._foresee(step, shape)
        if not new.custom or new.is_provider or step.op is Op.SAME:
            return self._settle_alone(step)
        with run.telling(step.op, new):
            if step.delete_first and step.old is not None and self._in_state(step.old):
                self._gone_first |= {resource.urn: resource for resource in delete_before(run, step.old)}
            made = self._apply(step, goal)
        return self._note(replace(step, new=made))

    def _foresee(self, step: Step, shape: Shape) -> Resource:
        new = step.subject
        outputs = preview_outputs(step, shape) if new.custom and not new.is_provider else dict(new.inputs)
        id_ = UNKNOWN_STRING if new.is_provider and not new.id else new.id
        made = replace(new, id=id_, outputs=self.run.closed(new, outputs))
        self.run.snapshot.settle(step.old, made, keep_old=step.op is Op.REPLACE)
        self.run.tell(step.op, made, "planned")
        return self._note(replace(step, new=made))

    def _settle_alone(self, step: Step) -> Resource:
        """What needs no provider: components, providers, and resources that are as they should be."""
        new = step.subject
        outputs = dict(new.inputs) if new.is_provider else step.old.outputs if step.old else {}
        made = replace(new, id=new.id or (str(uuid.uuid4()) if new.is_provider else ""))
        made = _stamped(replace(made, outputs=self.run.closed(made, outputs)), step)
        self.run.snapshot.settle(self._in_state(step.old), made)
        self.run.tell(step.op, made, "done")
        return self._note(replace(step, new=made))

    def _apply(self, step: Step, goal: Goal) -> Resource:
        snapshot, keep_old, old = self.run.snapshot, step.op is Op.REPLACE, self._in_state(step.old)
        pending = snapshot.begin(_PENDING[step.op], step.subject)
        try:
            with self.run.slots:
                found = self._call(step, goal)
        except PartlyDoneError as error:
            # Kept with the inputs that it has: the next run brings it to those that it should have.
            partly = replace(step.subject, inputs=self.run.closed(step.subject, error.found.inputs))
            made = self._finished(replace(step, new=partly), error.found)
            snapshot.settle(old, made, pending=pending, keep_old=keep_old)
            raise
        except BaseException as error:
            snapshot.end(pending, uncertain=error.uncertain if isinstance(error, ProviderError) else True)
            raise
        made = self._finished(step, found)
        snapshot.settle(old, made, pending=pending, keep_old=keep_old)
        return made

    def _call(self, step: Step, goal: Goal) -> Found:
        new, provider = step.subject, self.run.provider_of(step.subject)
        inputs = wire.reveal(new.inputs)
        if step.op is Op.IMPORT:
            return _imported(provider, new.type, goal.import_id, inputs, goal.ignore_changes)
        if step.op is Op.UPDATE and step.old is not None:
            return provider.update(new.type, new.id, wire.reveal(step.old.outputs), inputs)
        if new.urn in self.run.snapshot.interrupted and (found := provider.find(new.type, inputs)):
            message = f"{new.name}: an earlier run was cut off after it made this; it is taken over"
            self.run.log("warning", message, new.urn)
            return provider.update(new.type, found.id, found.outputs, inputs)
        return provider.create(new.type, inputs)

    def _finished(self, step: Step, found: Found) -> Resource:
        resource = step.subject
        inputs = resource.inputs or found.inputs
        made = replace(resource, id=found.id, inputs=inputs, outputs=self.run.closed(resource, found.outputs))
        return _stamped(made, step)

    def _with_import(self, goal: Goal) -> Goal:
        resource = goal.resource
        if self.imports is None or not resource.custom or resource.is_provider:
            return goal
        if self.run.snapshot.old([resource.urn]) is not None:
            return goal
        if resource.urn not in self.imports:
            raise EngineError(f"{resource.urn} is declared, and the import file has no id for it")
        return replace(goal, import_id=self.imports[resource.urn])

    def _old(self, urn: str, aliases: list[str]) -> Resource | None:
        """What the state has by one of these URNs; one that was only read gives way to one of this stack's own."""
        old = self.run.snapshot.old([urn, *aliases])
        if old is not None and old.external:
            self.run.snapshot.remove(old)
            return None
        return old

    def _in_state(self, old: Resource | None) -> Resource | None:
        """``old``, unless it was deleted before its replacement comes."""
        return None if old is not None and old.urn in self._gone_first else old

    def _note(self, step: Step) -> Resource:
        made = step.subject
        self.run.known[made.urn] = made
        self.run.note(step)
        return made

    def _with_provider(self, goal: Goal) -> Goal:
        resource = goal.resource
        if not resource.custom or resource.is_provider or resource.provider:
            return goal
        provider = self._default_provider(package_of(resource.type), goal.version)
        return replace(goal, resource=replace(resource, provider=f"{provider.urn}::{provider.id}"))

    def _default_provider(self, package: str, version: str) -> Resource:
        """The provider of a package that nobody declared; it stands in the state as Pulumi keeps it there."""
        name = "default" + (f"_{version.replace('.', '_')}" if version else "")
        type_ = PROVIDER_PREFIX + package
        urn = build(self.stack, self.project, "", type_, name)
        with self._default_lock:
            if urn not in self.run.known:
                config = dict(self._provider_config.get(package, {}))
                inputs = {**config, **({"version": version} if version else {})}
                goal = Goal(resource=Resource(urn=urn, type=type_, inputs=inputs))
                step = plan(goal, self.run.snapshot.old([urn]), NoProvider())
                self._perform(step, goal, NoProvider())
            return self.run.known[urn]

    def _claim(self, urn: str) -> None:
        with self._lock:
            if urn in self._claimed:
                raise EngineError(f"two resources have the URN {urn}: give one of them another name")
            self._claimed.add(urn)


def _imported(provider: Provider, type_: str, import_id: str, inputs: Properties, ignored: Sequence[str]) -> Found:
    found = provider.lookup(type_, import_id, inputs)
    if found is None:
        raise EngineError(f"there is no {type_} with the id {import_id}")
    compared = {key: value for key, value in inputs.items() if key not in ignored}
    if paths := _unlike(found.inputs, compared):
        raise EngineError(f"{import_id} differs from what is declared ({', '.join(paths)}): declare it as it is")
    return found


def _unlike(found: Properties, wanted: Properties) -> list[str]:
    """Paths that are declared and differ from what there is."""
    there = {key: found.get(key) for key in wanted}
    return [diff.show(path) for path, kind in diff.diff(there, wanted).items() if kind is not diff.Kind.DELETE]


def _stamped(resource: Resource, step: Step) -> Resource:
    if step.op is Op.SAME and step.old is not None:
        return replace(resource, created=step.old.created, modified=step.old.modified)
    return replace(resource, created=resource.created or _now(), modified=_now())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
