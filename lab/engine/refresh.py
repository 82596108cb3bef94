"""Refreshing: the state follows what the API has, so that the next preview tells of the drift."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lab.engine import diff, wire
from lab.engine.model import Op, Resource
from lab.engine.plan import Step
from lab.engine.providers import Found
from lab.engine.run import Run
from lab.engine.wire import Properties


def refresh(run: Run, resource: Resource) -> None:
    """Read one resource and bring its state to what is there; one that is gone leaves the state."""
    if not resource.custom or resource.is_provider or resource.delete:
        return
    with run.activity(f"{resource.urn} was refreshed"), run.telling(Op.REFRESH, resource), run.slots:
        known = wire.reveal({**resource.inputs, **resource.outputs})
        found = run.provider_of(resource).read(resource.type, resource.id, known)
        if found is None:
            run.snapshot.remove(resource)
            step = Step(op=Op.DELETE, old=resource, new=None)
        else:
            step = _drift(run, resource, found)
            if step.new is not None:
                run.snapshot.put(resource, step.new)
    if step.op is not Op.SAME:
        run.tell(step.op, resource, "done")
    run.note(step)


def _drift(run: Run, resource: Resource, found: Found) -> Step:
    inputs = wire.reveal(resource.inputs)
    moved = drifted(inputs, wire.reveal(resource.outputs), found.inputs)
    inputs = {key: wire.close_like(value, resource.inputs.get(key)) for key, value in moved.items()}
    changes = {diff.show(path): str(kind) for path, kind in diff.diff(resource.inputs, inputs).items()}
    outputs = run.closed(resource, found.outputs)
    new = replace(resource, inputs=inputs if changes else resource.inputs, outputs=outputs)
    return Step(op=Op.UPDATE if changes else Op.SAME, old=resource, new=new, changes=changes)


def drifted(inputs: Properties, before: Properties, after: Properties) -> Properties:
    """``inputs`` changed where the API now says something else than it said after the last run.

    What the API merely writes in its own way (``before`` differs from ``inputs`` and still stands) is no drift, nor is
    a property that the program leaves to the API.
    """
    return {key: _follow(value, before.get(key), after[key]) for key, value in inputs.items() if key in after} | {
        key: value for key, value in inputs.items() if key not in after and key not in before
    }


def _follow(wanted: Any, before: Any, after: Any) -> Any:
    if isinstance(wanted, Mapping) and isinstance(before, Mapping) and isinstance(after, Mapping):
        return drifted(dict(wanted), dict(before), dict(after))
    if isinstance(wanted, list) and isinstance(before, list) and isinstance(after, list):
        if len(wanted) == len(before) == len(after):
            return [_follow(*items) for items in zip(wanted, before, after, strict=True)]
        return after
    return wanted if not diff.diff(before, after) else after
