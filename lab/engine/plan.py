"""What has to be done to one resource: its old state and the program's goal in, one step out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

from core.errors import EngineError
from lab.engine import diff
from lab.engine.model import Goal, Op, Resource
from lab.engine.wire import UNKNOWN_STRING, Properties, has_unknown


class Shape(Protocol):
    """What a provider says of a type."""

    @property
    def replaced_by(self) -> frozenset[str]:
        """Inputs that cannot change on a resource that exists: another one takes its place."""

    @property
    def identity(self) -> tuple[str, ...]:
        """Inputs that no two resources of the provider can share: the old one has to go before the new one comes."""

    @property
    def volatile(self) -> frozenset[str]:
        """Outputs that every update changes."""


@dataclass(frozen=True)
class NoProvider:
    """The shape of components and providers, which nothing outside of the engine has to make."""

    replaced_by: frozenset[str] = frozenset()
    identity: tuple[str, ...] = ()
    volatile: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Step:
    """One operation. ``changes`` holds the property paths with Pulumi's kinds (``update``, ``add-replace``, …)."""

    op: Op
    old: Resource | None
    new: Resource | None
    changes: dict[str, str] = field(default_factory=dict)
    delete_first: bool = False

    @property
    def subject(self) -> Resource:
        """The resource that the step is about: the new one where there is one."""
        found = self.new or self.old
        if found is None:
            raise ValueError("a step has neither an old nor a new state")
        return found

    @property
    def keys(self) -> list[str]:
        """The top-level properties that changed."""
        return sorted({str(diff.parse(path)[0]) for path in self.changes})

    @property
    def replace_keys(self) -> list[str]:
        """Those of :attr:`keys` that force a replacement."""
        return sorted({str(diff.parse(path)[0]) for path, kind in self.changes.items() if kind.endswith("-replace")})


def plan(goal: Goal, old: Resource | None, shape: Shape) -> Step:
    """The step that brings ``old`` to ``goal``. Raises :class:`EngineError` where that must not or cannot be done."""
    new = goal.resource
    if old is None:
        return Step(op=Op.IMPORT if goal.import_id else Op.CREATE, old=None, new=new)
    if old.custom != new.custom:
        kinds = ("a component", "a resource of a provider")
        raise EngineError(f"{new.urn} was {kinds[old.custom]} and is now {kinds[new.custom]}: give it another name")
    inputs = diff.keep(new.inputs, old.inputs, _paths(goal.ignore_changes, new.urn))
    new = replace(new, inputs=inputs, id=old.id, created=old.created, modified=old.modified)
    changes = _changes(goal, old, inputs, shape)
    if any(kind.endswith("-replace") for kind in changes.values()):
        if old.protect:
            raise protected([old], "replaced")
        return Step(
            op=Op.REPLACE,
            old=old,
            new=replace(new, id="", created="", modified=""),
            changes=changes,
            delete_first=_deletes_first(goal, old, inputs, shape),
        )
    return Step(op=Op.UPDATE if changes else Op.SAME, old=old, new=new, changes=changes)


def protected(resources: Iterable[Resource], what: str) -> EngineError:
    """The refusal to touch what the program protects."""
    urns = ", ".join(resource.urn for resource in resources)
    return EngineError(f"protected and therefore not {what}: {urns}; set protect=False and run `up` first")


def preview_outputs(step: Step, shape: Shape) -> Properties:
    """What a step's resource can be said to have before it is applied: whatever is missing is unknown yet."""
    if step.new is None:
        return {}
    if step.old is None or step.op is Op.REPLACE:
        return dict(step.new.inputs)
    if step.op is Op.SAME:
        return dict(step.old.outputs)
    stable = {key: value for key, value in step.old.outputs.items() if key not in shape.volatile}
    return {**stable, **step.new.inputs}


def dependents_to_replace(
    gone: Resource, resources: Iterable[Resource], shape_of: Callable[[Resource], Shape]
) -> list[Resource]:
    """Resources that cannot outlive ``gone``: an input of theirs that cannot change comes from it, or from one of them.

    They stand in the order of ``resources``, so each after what it depends on.
    """
    lost = {gone.urn}
    found = []
    for resource in resources:
        sources = {urn for key in shape_of(resource).replaced_by for urn in resource.property_dependencies.get(key, ())}
        if resource.urn not in lost and sources & lost:
            lost.add(resource.urn)
            found.append(resource)
    return found


def _changes(goal: Goal, old: Resource, inputs: Properties, shape: Shape) -> dict[str, str]:
    forced = [(key,) for key in sorted(shape.replaced_by)] + _paths(goal.replace_on_changes, old.urn)
    changes = {
        diff.show(path): f"{kind}-replace" if any(diff.covers(pattern, path) for pattern in forced) else str(kind)
        for path, kind in diff.diff(old.inputs, inputs).items()
    }
    if _moved(old.provider, goal.resource.provider):
        changes["provider"] = "update-replace"
    return changes


def _moved(old: str, new: str) -> bool:
    """Whether a resource went to another provider; one default provider is as good as another."""
    if not old or not new or old == new:
        return False
    both_default = all(reference.rsplit("::", 2)[1].startswith("default") for reference in (old, new))
    unknown_id = new.endswith(f"::{UNKNOWN_STRING}")
    same_urn = old.rsplit("::", 1)[0] == new.rsplit("::", 1)[0]
    return not both_default and not (unknown_id and same_urn)


def _deletes_first(goal: Goal, old: Resource, inputs: Properties, shape: Shape) -> bool:
    if goal.delete_before_replace is not None:
        return goal.delete_before_replace
    was = {key: old.inputs[key] for key in shape.identity if key in old.inputs}
    is_now = {key: inputs[key] for key in shape.identity if key in inputs}
    return bool(was) and not has_unknown(is_now) and not diff.diff(was, is_now)


def _paths(texts: Iterable[str], urn: str) -> list[diff.Path]:
    try:
        return [diff.parse(text) for text in texts]
    except ValueError as error:
        raise EngineError(f"{urn}: {error}") from None
