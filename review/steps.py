"""A preview's steps, with what a review needs of each and no more."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from core.errors import ReviewError
from core.resources import STACK, Resource, closed_properties, name_in, type_in

SAME, CREATE, UPDATE, DELETE, REPLACE = "same", "create", "update", "delete", "replace"

# `display/json.go` and `apitype.OpType` of the CLI. What only reads, or gives a resource up, changes nothing that runs.
_MEANS: Final[Mapping[str, str]] = {
    "same": SAME,
    "create": CREATE,
    "update": UPDATE,
    "delete": DELETE,
    "replace": REPLACE,
    "create-replacement": REPLACE,
    "delete-replaced": REPLACE,
    "import": CREATE,
    "import-replacement": REPLACE,
    "read": SAME,
    "read-replacement": SAME,
    "read-discard": SAME,
    "refresh": SAME,
    "discard": SAME,
    "discard-replaced": SAME,
    "remove-pending-replace": SAME,
}
_HALVES: Final = ("create-replacement", "delete-replaced")


@dataclass(frozen=True)
class Step:
    """What becomes of one resource. ``op`` is one of same, create, update, delete and replace.

    ``paths`` are the property paths of Pulumi's ``detailedDiff`` with its kinds, ``forces`` the properties that force a
    replacement. ``order`` says whether a replaced resource goes before the new one comes: None where nobody says.
    """

    op: str
    urn: str
    before: Resource | None = None
    after: Resource | None = None
    paths: Mapping[str, str] = field(default_factory=dict)
    forces: tuple[str, ...] = ()
    deleted_first: bool | None = None

    @property
    def subject(self) -> Resource:
        """The resource: as it will be, or as it was."""
        found = self.after or self.before
        return found if found is not None else Resource(type_in(self.urn), name_in(self.urn), self.urn)


def step_of(entry: Any, *, old: str = "oldState", new: str = "newState", kind: str = "kind") -> tuple[str, Step]:
    """A step of a preview's JSON, with its ``op`` as it stands there.

    ``old``, ``new`` and ``kind`` are the keys' names, which engine events have otherwise. Raises
    :class:`core.errors.ReviewError` for what is no step.
    """
    if not isinstance(entry, dict) or not isinstance(entry.get("op"), str) or not isinstance(entry.get("urn"), str):
        raise ReviewError("a step has no op or no urn")
    op, urn = entry["op"], sys.intern(entry["urn"])
    if op not in _MEANS:
        raise ReviewError(f"the operation {op!r} is not known here: it is from a newer Pulumi")
    paths = _paths(entry.get("detailedDiff"), kind)
    drifted = {_top(path) for path, from_inputs in paths.items() if not from_inputs[1]}
    forces = entry.get("replaceReasons", entry.get("keys"))
    return op, Step(
        op=_MEANS[op],
        urn=urn,
        before=_resource(entry.get(old), urn, drifted),
        after=_resource(entry.get(new), urn, set()),
        paths={path: found for path, (found, _) in paths.items()},
        forces=tuple(one for one in forces if isinstance(one, str)) if isinstance(forces, list) else (),
    )


def joined(steps: Iterable[tuple[str, Step]]) -> list[Step]:
    """One step a resource: the halves of a replacement, which a CLI may show, tell its order and are no steps."""
    found: dict[str, Step] = {}
    halves: dict[str, list[str]] = {}
    for op, step in steps:
        if op in _HALVES:
            halves.setdefault(step.urn, []).append(op)
        known = found.get(step.urn)
        found[step.urn] = step if known is None or op not in _HALVES else _merged(known, step)
    for urn, seen in halves.items():
        if len(seen) == len(_HALVES):
            found[urn] = _ordered(found[urn], seen[0] == "delete-replaced")
    return list(found.values())


def _merged(one: Step, other: Step) -> Step:
    return Step(
        op=REPLACE,
        urn=one.urn,
        before=one.before or other.before,
        after=one.after or other.after,
        paths=one.paths or other.paths,
        forces=one.forces or other.forces,
    )


def _ordered(step: Step, deleted_first: bool) -> Step:
    return Step(step.op, step.urn, step.before, step.after, step.paths, step.forces, deleted_first)


def _paths(found: Any, kind: str) -> dict[str, tuple[str, bool]]:
    """Path → the kind, and whether inputs were compared with inputs."""
    paths = found.items() if isinstance(found, dict) else ()
    return {
        path: (str(said.get(kind) or "update"), bool(said.get("inputDiff", True)))
        for path, said in paths
        if isinstance(said, dict)
    }


def _top(path: str) -> str:
    return path.split(".", 1)[0].split("[", 1)[0]


def _resource(state: Any, urn: str, drifted: set[str]) -> Resource | None:
    """A state's inputs. Where the CLI compared what is really there (``drifted``), that."""
    if not isinstance(state, dict):
        return None
    inputs, outputs = state.get("inputs"), state.get("outputs")
    type_ = sys.intern(str(state.get("type") or type_in(urn)))
    sides = (outputs, inputs) if type_ == STACK else (inputs, outputs)
    properties = dict(next((side for side in sides if isinstance(side, dict)), {}))
    for key in drifted:
        if isinstance(outputs, dict) and key in outputs:
            properties[key] = outputs[key]
    secret, sources = state.get("additionalSecretOutputs"), state.get("propertyDependencies")
    zones = sources.get("zoneId") if isinstance(sources, dict) else None
    return Resource(
        type_,
        name_in(urn),
        urn,
        closed_properties(type_, properties, secret if isinstance(secret, list) else ()),
        str(state.get("id") or ""),
        str(zones[0]) if isinstance(zones, list) and zones else "",
        state.get("custom") is not False,
    )
